/* SPDX-License-Identifier: MIT */
/**
 * tokens.h - token counts in the one form that every answer shows.
 */
#ifndef BP_QUERY_TOKENS_H
#define BP_QUERY_TOKENS_H

#include <stdint.h>

struct cJSON;

struct bp_tokens {
	int64_t input;  /* without cached ones */
	int64_t output; /* with reasoning */
	int64_t cache_write_5m, cache_write_1h, cache_read;
	int64_t reasoning; /* a part of output */
};

/** input + output + cache writes + cache read. */
int64_t bp_tokens_total(const struct bp_tokens *tokens);

/** {"input","output","cache_write_5m","cache_write_1h","cache_read","reasoning","total"}. Owns: the
 *  caller. */
struct cJSON *bp_tokens_json(const struct bp_tokens *tokens);

#endif
