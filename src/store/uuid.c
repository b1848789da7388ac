/* SPDX-License-Identifier: MIT */
#include "store/uuid.h"

/* Where the dashes are. */
static bool is_dash(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool bp_uuid_pack(struct bp_str text, unsigned char out[BP_UUID_BYTES])
{
	size_t n = 0;

	if (text.len != BP_UUID_TEXT_BYTES) {
		return false;
	}
	for (size_t i = 0; i < BP_UUID_TEXT_BYTES; i++) {
		char c = text.ptr[i];
		unsigned digit;

		if (is_dash(i)) {
			if (c != '-') {
				return false;
			}
			continue;
		}
		if (c >= '0' && c <= '9') {
			digit = (unsigned)(c - '0');
		} else if (c >= 'a' && c <= 'f') {
			digit = (unsigned)(c - 'a') + 10;
		} else {
			return false;
		}
		out[n / 2] = (unsigned char)(n % 2 ? out[n / 2] | digit : digit << 4);
		n++;
	}
	return true;
}

void bp_uuid_text(const unsigned char bytes[BP_UUID_BYTES], char out[BP_UUID_TEXT_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < BP_UUID_TEXT_BYTES; i++) {
		if (is_dash(i)) {
			out[i] = '-';
		} else {
			unsigned byte = bytes[n / 2];

			out[i] = hex[n % 2 ? byte & 15 : byte >> 4];
			n++;
		}
	}
}
