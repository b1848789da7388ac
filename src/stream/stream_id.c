/* SPDX-License-Identifier: MIT */
#include "stream/stream.h"

/** "<ms>-<seq>", or "<ms>" alone (seq 0). What is no number counts as far as it is one. */
static void parse(const char *text, uint64_t *ms, uint64_t *seq)
{
	uint64_t *at = ms;

	*ms = 0;
	*seq = 0;
	for (; *text; text++) {
		if (*text == '-') {
			at = seq;
		} else if (*text >= '0' && *text <= '9') {
			*at = *at * 10 + (uint64_t)(*text - '0');
		}
	}
}

int bp_stream_id_cmp(const char *a, const char *b)
{
	uint64_t a_ms = 0;
	uint64_t a_seq = 0;
	uint64_t b_ms = 0;
	uint64_t b_seq = 0;

	parse(a, &a_ms, &a_seq);
	parse(b, &b_ms, &b_seq);
	if (a_ms != b_ms) {
		return a_ms < b_ms ? -1 : 1;
	}
	return (a_seq > b_seq) - (a_seq < b_seq);
}
