/* SPDX-License-Identifier: MIT */
#include "daemon/dead_letters.h"

#include <string.h>

#include "base/mem.h"

enum { READ_AT_ONCE = 1000, LETTERS_MAX = 100000 };

enum bp_rc bp_dead_letters_read(struct bp_redis *redis, struct bp_dead_letters *out,
				struct bp_err *err)
{
	memset(out, 0, sizeof(*out));
	for (;;) {
		const char *after = out->n > 0 ? out->items[out->n - 1].id : NULL;
		struct bp_entry *entries = NULL;
		size_t n = 0;
		enum bp_rc rc = bp_stream_range(redis, BP_STREAM_DLQ, after, NULL, READ_AT_ONCE,
						&out->arena, &entries, &n, err);

		if (rc != BP_OK || n == 0) {
			return rc;
		}
		if (out->n + n > LETTERS_MAX) {
			return bp_err_set(err, BP_ELIMIT, "more than %d dead letters: drop some",
					  LETTERS_MAX);
		}
		out->items = bp_realloc(out->items, out->n + n, sizeof(*out->items));
		memcpy(out->items + out->n, entries, n * sizeof(*entries));
		out->n += n;
	}
}

void bp_dead_letters_done(struct bp_dead_letters *letters)
{
	free(letters->items);
	bp_arena_done(&letters->arena);
	memset(letters, 0, sizeof(*letters));
}

void bp_dead_letters_delete(struct bp_redis *redis, const struct bp_entry *letter)
{
	const struct bp_str words[] = {BP_STR("XDEL"), BP_STR(BP_STREAM_DLQ),
				       bp_str_from(letter->id)};

	bp_redis_command(redis, words, sizeof(words) / sizeof(words[0]));
}
