# bp_embed_dictionary(<target>)
#
# schema/dictionary.txt as bytes in a generated C file of <target> that defines bp_dictionary_bytes[]
# and bp_dictionary_length of store/dictionary.h. Line ends are for the eye and are left out.
function(bp_embed_dictionary target)
	set(file "${PROJECT_SOURCE_DIR}/schema/dictionary.txt")
	set(out "${CMAKE_CURRENT_BINARY_DIR}/dictionary_gen.c")
	set(script "${PROJECT_SOURCE_DIR}/cmake/embed_dictionary_script.cmake")
	add_custom_command(OUTPUT "${out}" DEPENDS "${file}" "${script}"
		COMMAND "${CMAKE_COMMAND}" "-DOUT=${out}" "-DFILE=${file}" -P "${script}"
		COMMENT "Embedding the dictionary" VERBATIM)
	target_sources(${target} PRIVATE "${out}")
endfunction()
