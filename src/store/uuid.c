/* SPDX-License-Identifier: MIT */
#include "store/uuid.h"

/* Where the dashes are. */
static bool is_dash(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

bool bp_uuid_pack(struct bp_str text, unsigned char out[BP_UUID_BYTES])
{
	unsigned bad = 0;
	unsigned byte = 0;
	size_t n = 0;

	if (text.len != BP_UUID_TEXT_BYTES) {
		return false;
	}
	/* Random digits mispredict every branch: there is none that depends on one. */
	for (size_t i = 0; i < BP_UUID_TEXT_BYTES; i++) {
		unsigned c = (unsigned char)text.ptr[i];

		if (is_dash(i)) {
			bad |= c ^ '-';
			continue;
		}
		bad |= (c - '0' > 9) & (c - 'a' > 5);
		byte = (byte << 4 | ((c & 15) + 9 * (c >> 6))) & 0xFF;
		out[n / 2] = (unsigned char)byte;
		n++;
	}
	return bad == 0;
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
