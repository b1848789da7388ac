# bp_flags: the language, the warnings and the hardening, as one interface library that every
# target of ours links.
#
#   BP_WERROR    warnings are errors: ON for Debug builds and in every developer preset
#   BP_SANITIZE  "address,undefined" or "thread", see CMakePresets.json
#   BP_ANALYZE   gcc's -fanalyzer
#   BP_FUZZ      libFuzzer targets instead of corpus replay (clang)
#   BP_STRICT    a folder that is incomplete (a source, a used folder or its tests are missing) stops
#                the configure step instead of being warned about
#   BP_TESTS     build tests/; by default when the library check is there
include(CheckPIESupported)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(BP_PYTHON python3)
pkg_check_modules(CHECK IMPORTED_TARGET check)

string(COMPARE EQUAL "${CMAKE_BUILD_TYPE}" "Debug" is_debug)
option(BP_WERROR "warnings are errors" ${is_debug})
option(BP_ANALYZE "run gcc's analyzer" OFF)
option(BP_FUZZ "build libFuzzer targets" OFF)
option(BP_STRICT "incomplete folders are errors" ON)
option(BP_TESTS "build the tests" ${CHECK_FOUND})
set(BP_SANITIZE "" CACHE STRING "sanitizers to build with")

set(BP_INCOMPLETE WARNING)
if(BP_STRICT)
	set(BP_INCOMPLETE FATAL_ERROR)
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
check_pie_supported(LANGUAGES C)
set(CMAKE_C_FLAGS_DEBUG "-Og -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")

set(BP_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wundef
	-Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wswitch-enum -Wvla -Wnull-dereference)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	# No format-truncation: a message that is too long is cut on purpose (err.c).
	list(APPEND BP_WARNINGS -Wno-format-truncation -Wlogical-op -Wduplicated-cond -Wjump-misses-init)
endif()
if(BP_WERROR)
	list(APPEND BP_WARNINGS -Werror)
endif()

add_library(bp_flags INTERFACE)
target_compile_definitions(bp_flags INTERFACE _GNU_SOURCE)
target_compile_options(bp_flags INTERFACE ${BP_WARNINGS} -fstack-protector-strong
	# Leaks are AddressSanitizer's: gcc 12 sees one wherever uthash keeps a pointer.
	$<$<BOOL:${BP_ANALYZE}>:-fanalyzer$<SEMICOLON>-Wno-analyzer-malloc-leak>)
target_link_options(bp_flags INTERFACE -Wl,-z,relro,-z,now)
target_link_libraries(bp_flags INTERFACE Threads::Threads)
if(BP_SANITIZE)
	target_compile_options(bp_flags INTERFACE -fsanitize=${BP_SANITIZE}
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(bp_flags INTERFACE -fsanitize=${BP_SANITIZE})
else()
	# A sanitizer's own checks and FORTIFY's get in each other's way.
	target_compile_options(bp_flags INTERFACE
		$<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE$<SEMICOLON>-D_FORTIFY_SOURCE=2>)
endif()
if(BP_FUZZ)
	target_compile_options(bp_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
