/* SPDX-License-Identifier: MIT */
#include "event/json_scan.h"

#include "event/json.h"
#include "event/json_bits.h"
#include "event/json_parts.h"

#define KERNEL_TARGET

static inline void classify(const char *bytes, struct bp_json_block *out)
{
	*out = (struct bp_json_block){0};
	for (int i = 0; i < 64; i++) {
		unsigned char c = (unsigned char)bytes[i];

		out->quote |= (uint64_t)(c == '"') << i;
		out->backslash |= (uint64_t)(c == '\\') << i;
		out->open |= (uint64_t)((c | 0x20) == '{') << i;
		out->close |= (uint64_t)((c | 0x20) == '}') << i;
		out->control |= (uint64_t)(c < 0x20) << i;
	}
}

#include "event/json_kernel.inc"

const struct bp_json_kernel bp_json_kernel_plain = {
	.check = check_container,
	.skip = skip_container,
	.quote = find_quote,
	.pick = pick,
};

#ifdef __SSE2__
const struct bp_json_kernel *bp_json_kernel = &bp_json_kernel_sse2;
#else
const struct bp_json_kernel *bp_json_kernel = &bp_json_kernel_plain;
#endif
