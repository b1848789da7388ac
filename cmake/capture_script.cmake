# Run at build time by bp_docs(): the output of COMMAND (its words joined by "|") as the file OUT.
string(REPLACE "|" ";" words "${COMMAND}")
execute_process(COMMAND ${words} OUTPUT_VARIABLE text RESULT_VARIABLE code)
if(NOT code EQUAL 0)
	message(FATAL_ERROR "${words}: ${code}")
endif()
file(WRITE "${OUT}" "${text}")
