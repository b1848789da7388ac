# bp_docs(): what the program says of itself, as files in <build>/docs: the manual page and the
# completions of shells, made by running it; and what `cmake --install` puts where.
function(bp_docs)
	include(GNUInstallDirs)
	set(dir "${PROJECT_BINARY_DIR}/docs")
	set(outputs "${dir}/blueplane.1" "${dir}/blueplane.bash" "${dir}/_blueplane"
		"${dir}/blueplane.fish")
	set(script "${PROJECT_SOURCE_DIR}/cmake/capture_script.cmake")
	set(program "$<TARGET_FILE:blueplane>")
	add_custom_command(OUTPUT ${outputs} DEPENDS blueplane "${script}"
		COMMAND "${CMAKE_COMMAND}" -E make_directory "${dir}"
		COMMAND "${CMAKE_COMMAND}" "-DOUT=${dir}/blueplane.1"
			"-DCOMMAND=${program}|help|--man" -P "${script}"
		COMMAND "${CMAKE_COMMAND}" "-DOUT=${dir}/blueplane.bash"
			"-DCOMMAND=${program}|completion|bash" -P "${script}"
		COMMAND "${CMAKE_COMMAND}" "-DOUT=${dir}/_blueplane"
			"-DCOMMAND=${program}|completion|zsh" -P "${script}"
		COMMAND "${CMAKE_COMMAND}" "-DOUT=${dir}/blueplane.fish"
			"-DCOMMAND=${program}|completion|fish" -P "${script}"
		COMMENT "Writing the manual page and completions" VERBATIM)
	add_custom_target(docs ALL DEPENDS ${outputs})

	install(TARGETS blueplane blueplaned RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
	install(PROGRAMS "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/blueplane-hook"
		DESTINATION "${CMAKE_INSTALL_BINDIR}")
	install(FILES "${dir}/blueplane.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
	install(FILES "${dir}/blueplane.bash" RENAME blueplane
		DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
	install(FILES "${dir}/_blueplane"
		DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
	install(FILES "${dir}/blueplane.fish"
		DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endfunction()
