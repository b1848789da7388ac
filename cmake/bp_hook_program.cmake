# bp_hook_program(<program> <folder> SOURCES main.c a.c... USES base event)
#
# The hook runs at every tool call and its start-up is its whole cost: it is linked static, with musl
# where musl-gcc is there (else with the ordinary compiler), from its own sources and those of
# src/event and nothing else. Without main.c the sources are a module as well, for the unit tests.
function(bp_hook_program program folder)
	cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "SOURCES;USES")
	set(own ${ARG_SOURCES})
	list(TRANSFORM own PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
	get_property(event GLOBAL PROPERTY BP_SOURCES_event)
	list(REMOVE_ITEM ARG_SOURCES main.c)
	if(ARG_SOURCES)
		bp_module(${folder} SOURCES ${ARG_SOURCES} USES ${ARG_USES})
	else()
		set_property(GLOBAL PROPERTY BP_USES_${folder} "${ARG_USES}")
		set_property(GLOBAL APPEND PROPERTY BP_MAINS "${folder}")
	endif()

	find_program(BP_MUSL_GCC musl-gcc)
	set(cc "$<IF:$<BOOL:${BP_MUSL_GCC}>,${BP_MUSL_GCC},${CMAKE_C_COMPILER}>")
	set(flags -std=c17 -O2 -g -D_GNU_SOURCE "-DBP_VERSION=\"${PROJECT_VERSION}\"" ${BP_WARNINGS}
		"-I${PROJECT_SOURCE_DIR}/src" -ffunction-sections -fdata-sections)
	foreach(source IN LISTS own event)
		file(RELATIVE_PATH object "${PROJECT_SOURCE_DIR}/src" "${source}")
		string(REPLACE "/" "_" object "${CMAKE_CURRENT_BINARY_DIR}/static_${object}.o")
		add_custom_command(OUTPUT "${object}" DEPENDS "${source}" DEPFILE "${object}.d"
			COMMAND "${cc}" ${flags} -MD -MF "${object}.d" -MT "${object}" -c "${source}"
				-o "${object}"
			COMMENT "Building ${object}" VERBATIM)
		list(APPEND objects "${object}")
	endforeach()
	set(out "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/${program}")
	add_custom_command(OUTPUT "${out}" DEPENDS ${objects}
		COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
		COMMAND "${cc}" -static -O2 -Wl,--gc-sections -Wl,-z,relro,-z,now -o "${out}" ${objects}
		COMMENT "Linking ${program} (static)" VERBATIM)
	add_custom_target(${program} ALL DEPENDS "${out}")
	set_property(GLOBAL APPEND PROPERTY BP_PROGRAMS "${program}")
endfunction()
