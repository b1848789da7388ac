# Run at build time by bp_embed_dictionary(): FILE without its line ends to the C file OUT, as bytes.
file(READ "${FILE}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REPLACE "0x0a," "" bytes "${bytes}")
string(LENGTH "${bytes}" length)
math(EXPR length "${length} / 5")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUT}" "/* Generated from schema/dictionary.txt: do not edit. */
#include \"store/dictionary.h\"

const unsigned char bp_dictionary_bytes[] = {
${bytes}};
const size_t bp_dictionary_length = ${length};
")
