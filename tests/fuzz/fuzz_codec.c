/* SPDX-License-Identifier: MIT */
/* event_data that somebody else compressed: refused, or a text that packs into a stream of which the
 * same text comes. Any bytes pack and come back. Both engines see the same text in a stream
 * that zlib takes.
 * Seen to fail: another dictionary named in the header. */
#include <stdint.h>

#include "store/codec.h"
#include "store/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_BYTES_MAX = 1 << 20 };

static void check_round(struct bp_codec *from, struct bp_codec *to, struct bp_str text)
{
	struct bp_buf packed, again;

	bp_buf_init(&packed, 2 * TEXT_BYTES_MAX);
	bp_buf_init(&again, TEXT_BYTES_MAX);
	bp_codec_pack(from, text, &packed);
	BP_ASSERT(bp_codec_unpack(to, bp_buf_str(&packed), &again, NULL) == BP_OK);
	BP_ASSERT(bp_str_eq(text, bp_buf_str(&again)));
	bp_buf_done(&packed);
	bp_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bp_codec *zlib, *other;
	struct bp_str bytes = bp_str_make((const char *)data, size);
	struct bp_buf text, same;

	if (!zlib) {
		zlib = bp_codec_new_with(&bp_deflate_zlib);
		other = bp_codec_new();
	}
	if (size > TEXT_BYTES_MAX) {
		return 0;
	}
	check_round(zlib, other, bytes);
	check_round(other, zlib, bytes);
	bp_buf_init(&text, TEXT_BYTES_MAX);
	bp_buf_init(&same, TEXT_BYTES_MAX);
	enum bp_rc rc = bp_codec_unpack(zlib, bytes, &text, NULL);
	enum bp_rc other_rc = bp_codec_unpack(other, bytes, &same, NULL);
	/* ISA-L takes codes that are incomplete and never needed; zlib does not. */
	BP_ASSERT(rc != BP_OK || other_rc == BP_OK);
	if (rc == BP_OK) {
		BP_ASSERT(bp_str_eq(bp_buf_str(&text), bp_buf_str(&same)));
		check_round(zlib, other, bp_buf_str(&text));
	}
	bp_buf_done(&text);
	bp_buf_done(&same);
	return 0;
}
