# bp_module(<folder> SOURCES a.c b.c [USES <folder>...] [LIBS <library>...])
#
# One folder of src/ is one static library, bp_<folder>. USES is the only place where a dependency
# between folders is written down; two checks read it:
#   - the linker: every unit test links the WHOLE of its folder plus USES, so a call to any other
#     folder is an undefined symbol (see bp_test.cmake);
#   - tools/lint.py: every #include "<folder>/..." must name a folder in USES.
# LIBS (sqlite3, hiredis, ...: the name after -l) are private: no other folder inherits them.
function(bp_module name)
	cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;USES;LIBS")
	foreach(source IN LISTS ARG_SOURCES)
		if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${source}")
			message(${BP_INCOMPLETE} "src/${name}/${source} is listed and not there")
			list(REMOVE_ITEM ARG_SOURCES "${source}")
		endif()
	endforeach()
	add_library(bp_${name} STATIC ${ARG_SOURCES})
	set_target_properties(bp_${name} PROPERTIES LINKER_LANGUAGE C)
	file(GLOB headers CONFIGURE_DEPENDS "*.h")
	target_sources(bp_${name} PUBLIC FILE_SET HEADERS
		BASE_DIRS "${PROJECT_SOURCE_DIR}/src" FILES ${headers})
	target_compile_definitions(bp_${name} PRIVATE BP_LOG_WHO="${name}"
		BP_VERSION="${PROJECT_VERSION}")
	target_link_libraries(bp_${name} PUBLIC bp_flags)
	foreach(lib IN LISTS ARG_LIBS)
		find_library(BP_LIB_${lib} ${lib})
		if(NOT BP_LIB_${lib})
			message(FATAL_ERROR "src/${name} needs lib${lib}: install the packages of "
				"packaging/build-deps.txt")
		endif()
		target_link_libraries(bp_${name} PRIVATE "${BP_LIB_${lib}}")
	endforeach()
	foreach(dep IN LISTS ARG_USES)
		if(TARGET bp_${dep})
			target_link_libraries(bp_${name} PUBLIC bp_${dep})
		else()
			message(${BP_INCOMPLETE} "src/${name} uses src/${dep}, which is not in the build yet")
		endif()
	endforeach()
	list(TRANSFORM ARG_SOURCES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" OUTPUT_VARIABLE paths)
	set_property(GLOBAL PROPERTY BP_SOURCES_${name} "${paths}")
	set_property(GLOBAL PROPERTY BP_USES_${name} "${ARG_USES}")
	set_property(GLOBAL APPEND PROPERTY BP_MODULES "${name}")
endfunction()

# bp_program(<program> <folder> SOURCES main.c a.c... [USES ...] [LIBS ...])
#
# A folder that ends in a program: main.c is the program, the rest is a module as above, so that it
# can be tested. The program is <build>/bin/<program>.
function(bp_program program folder)
	cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "SOURCES;USES;LIBS")
	list(REMOVE_ITEM ARG_SOURCES main.c)
	add_executable(${program} main.c)
	target_compile_definitions(${program} PRIVATE BP_LOG_WHO="${folder}"
		BP_VERSION="${PROJECT_VERSION}")
	if(ARG_SOURCES)
		bp_module(${folder} SOURCES ${ARG_SOURCES} USES ${ARG_USES} LIBS ${ARG_LIBS})
		target_link_libraries(${program} PRIVATE bp_${folder})
	else()
		set_property(GLOBAL PROPERTY BP_USES_${folder} "${ARG_USES}")
		set_property(GLOBAL APPEND PROPERTY BP_MAINS "${folder}")
		list(TRANSFORM ARG_USES PREPEND bp_)
		target_link_libraries(${program} PRIVATE bp_flags ${ARG_USES} ${ARG_LIBS})
	endif()
	set_property(GLOBAL APPEND PROPERTY BP_PROGRAMS "${program}")
endfunction()

# bp_write_layers(<file>): "folder: uses..." lines for tools/lint.py.
function(bp_write_layers path)
	get_property(modules GLOBAL PROPERTY BP_MODULES)
	get_property(mains GLOBAL PROPERTY BP_MAINS)
	foreach(name IN LISTS modules mains)
		get_property(uses GLOBAL PROPERTY BP_USES_${name})
		list(JOIN uses " " uses)
		string(APPEND text "${name}: ${uses}\n")
	endforeach()
	file(CONFIGURE OUTPUT "${path}" CONTENT "${text}")
endfunction()
include(bp_hook_program)
