# bp_test(<folder> <test_file> [LIBS <library>...])
#
# One unit test program from tests/unit/<folder>/<test_file>.c, ctest name "<folder>.<file>". It
# links the WHOLE archive of its folder and nothing but what that folder USES: an unlisted call is
# an undefined symbol here, even from a function that the test never reaches.
function(bp_test folder file)
	cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "LIBS")
	bp_test_program(unit_${folder}_${file} "unit/${folder}/${file}.c"
		"$<LINK_LIBRARY:WHOLE_ARCHIVE,bp_${folder}>" ${ARG_LIBS})
	string(REGEX REPLACE "^test_" "" short "${file}")
	bp_test_add("${folder}.${short}" unit_${folder}_${file} unit 60)
endfunction()

# bp_integration(<test_file> [USES <folder>...])
#
# A journey from tests/integration/<test_file>.c, ctest name "integration.<file>"; by default it may
# use every folder. It runs the built programs, which are in BP_TEST_BIN_DIR.
function(bp_integration file)
	cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "USES")
	get_property(programs GLOBAL PROPERTY BP_PROGRAMS)
	if(NOT ARG_USES)
		get_property(ARG_USES GLOBAL PROPERTY BP_MODULES)
	endif()
	list(TRANSFORM ARG_USES PREPEND bp_)
	bp_test_program(integration_${file} "integration/${file}.c" ${ARG_USES})
	if(programs)
		add_dependencies(integration_${file} ${programs})
	endif()
	string(REGEX REPLACE "^test_" "" short "${file}")
	bp_test_add("integration.${short}" integration_${file} integration 180)
	# Two cores: journeys with their own Redis do not share them.
	set_tests_properties("integration.${short}" PROPERTIES PROCESSORS 2)
endfunction()

function(bp_test_program target source)
	add_executable(${target} "${PROJECT_SOURCE_DIR}/tests/${source}")
	target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
	target_compile_definitions(${target} PRIVATE
		BP_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
		BP_TEST_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
	if(TARGET bp_test_support)
		target_link_libraries(${target} PRIVATE bp_test_support)
	endif()
	target_link_libraries(${target} PRIVATE ${ARGN} bp_flags PkgConfig::CHECK)
	set_target_properties(${target} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
endfunction()

function(bp_test_add name target label timeout)
	set(env "UBSAN_OPTIONS=print_stacktrace=1" "TSAN_OPTIONS=halt_on_error=1")
	if(BP_SANITIZE)
		# One process, one report; and threads do not survive a fork.
		list(APPEND env "CK_FORK=no")
		math(EXPR timeout "${timeout} * 3")
	else()
		# ctest's limit is the only one: check's own 4 s per test is for another machine.
		list(APPEND env "CK_DEFAULT_TIMEOUT=${timeout}")
	endif()
	add_test(NAME "${name}" COMMAND ${target})
	set_tests_properties("${name}" PROPERTIES LABELS ${label} TIMEOUT ${timeout}
		ENVIRONMENT "${env}")
endfunction()
