# bp_embed_sql(<target>)
#
# schema/NNNN_what.sql, in order, as bytes in a generated C file of <target> that defines
# bp_schema_migrations[] of store/schema.h: {version, name, sql} each, ended by version 0.
# Numbers start at 0001 and have no gap: checked here, so a forgotten file stops the configure step.
function(bp_embed_sql target)
	file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/schema/*.sql")
	set(version 0)
	foreach(file IN LISTS files)
		math(EXPR version "${version} + 1")
		string(LENGTH "000${version}" length)
		math(EXPR start "${length} - 4")
		string(SUBSTRING "000${version}" ${start} 4 number)
		get_filename_component(base "${file}" NAME)
		if(NOT base MATCHES "^${number}_[a-z0-9_]+\\.sql$")
			message(FATAL_ERROR "schema/${base}: expected ${number}_<what>.sql here; "
				"migrations are numbered from 0001 without a gap")
		endif()
	endforeach()
	set(out "${CMAKE_CURRENT_BINARY_DIR}/schema_gen.c")
	set(script "${PROJECT_SOURCE_DIR}/cmake/embed_sql_script.cmake")
	list(JOIN files "|" joined)
	add_custom_command(OUTPUT "${out}" DEPENDS ${files} "${script}"
		COMMAND "${CMAKE_COMMAND}" "-DOUT=${out}" "-DFILES=${joined}" -P "${script}"
		COMMENT "Embedding ${version} migrations" VERBATIM)
	target_sources(${target} PRIVATE "${out}")
endfunction()
