/* SPDX-License-Identifier: MIT */
/* Entries of the queue that anybody added ("name=value" lines, an empty line between two): each
 * becomes a row that reads back as its event, or a dead letter with a reason, or is known already;
 * counters add up; delivered again, none becomes a second row.
 * Seen to fail: a dead letter that is not counted; a quote let into a hash. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "fastpath/batch.h"
#include "store/checkpoint.h"
#include "store/store.h"
#include "support/event_compare.h"
#include "support/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ENTRIES_MAX = 16, FIELDS_MAX = 8, NOW_US = 5, RUNS_PER_CHECKPOINT = 512 };

static struct bp_sql *sql;
static struct bp_batch *batch;
static struct bp_codec *codec;
static struct bp_raw_reader *reader;
static struct bp_arena arena;
static struct bp_entry entries[ENTRIES_MAX];
static struct bp_field fields[ENTRIES_MAX][FIELDS_MAX];

static void set_up(void)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/t.db", fuzz_scratch());
	BP_ASSERT(bp_sql_open(path, BP_SQL_WRITE, 1 << 20, &sql, NULL) == BP_OK);
	BP_ASSERT(bp_store_migrate(sql, NULL) == BP_OK);
	BP_ASSERT(bp_batch_open(path, 1 << 20, &batch, NULL) == BP_OK);
	codec = bp_codec_new();
	BP_ASSERT(bp_codec_load(codec, sql, NULL) == BP_OK);
	BP_ASSERT(bp_raw_reader_new(sql, codec, &reader, NULL) == BP_OK);
}

static void clear(void)
{
	static unsigned runs;

	BP_ASSERT(bp_sql_exec(sql,
			      "DELETE FROM claude_row; DELETE FROM other_row; DELETE FROM "
			      "capture_checkpoint",
			      NULL) == BP_OK);
	if (++runs % RUNS_PER_CHECKPOINT == 0) {
		BP_ASSERT(bp_sql_exec(sql, "PRAGMA wal_checkpoint(TRUNCATE)", NULL) == BP_OK);
	}
	BP_ASSERT(bp_batch_reload(batch, NULL) == BP_OK);
	bp_arena_clear(&arena);
}

static struct bp_str next_line(struct bp_str *text)
{
	const char *end = memchr(text->ptr, '\n', text->len);
	size_t n = end ? (size_t)(end - text->ptr) : text->len;
	struct bp_str line = bp_str_make(text->ptr, n);

	n += end ? 1 : 0;
	*text = bp_str_make(text->ptr + n, text->len - n);
	return line;
}

static size_t read_entries(struct bp_str text)
{
	size_t n = 0;

	memset(entries, 0, sizeof(entries));
	while (text.len > 0) {
		struct bp_str line = next_line(&text);
		const char *equals = line.len ? memchr(line.ptr, '=', line.len) : NULL;

		if (line.len == 0) {
			if (n + 1 == ENTRIES_MAX) {
				break;
			}
			n++;
		} else if (equals && entries[n].n_fields < FIELDS_MAX) {
			struct bp_field *field = &fields[n][entries[n].n_fields++];
			size_t len = (size_t)(equals - line.ptr);
			field->name = bp_str_make(line.ptr, len);
			field->value = bp_str_make(equals + 1, line.len - len - 1);
		}
		entries[n].fields = fields[n];
	}
	return n + 1;
}

static int64_t ask(const char *text)
{
	struct bp_statement *statement = NULL;

	BP_ASSERT(bp_statement_new(sql, text, &statement, NULL) == BP_OK);
	BP_ASSERT(bp_statement_step(statement, NULL) == BP_OK);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return value;
}

static void check_row(const struct bp_entry *entry, const struct bp_outcome *outcome)
{
	static char space[65536];
	struct bp_event event;
	struct bp_raw_row row;
	const char *reason = NULL;
	size_t n = 0;

	BP_ASSERT(bp_event_decode(bp_entry_get(entry, "e"), space, sizeof(space), &event, &reason));
	BP_ASSERT(bp_raw_read(reader, outcome->table, outcome->sequence - 1, 1, &arena, &row, &n,
			      NULL) == BP_OK);
	BP_ASSERT(n == 1 && row.sequence == outcome->sequence);
	reason = event_compare(&event, &row.event);
	if (reason) {
		(void)fprintf(stderr, "%s\n", reason);
		abort();
	}
}

static void check_source(struct bp_str key)
{
	struct bp_checkpoint at;

	if (key.ptr && bp_checkpoint_load(sql, key, &at, NULL) == BP_OK) {
		BP_ASSERT(at.lines > 0 && at.lines == at.rows + at.duplicates + at.dead_letters +
							      at.oversize + at.purged);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_outcome first[ENTRIES_MAX], second[ENTRIES_MAX];
	struct bp_err err = {0};
	int64_t rows = 0;

	if (!sql) {
		set_up();
	}
	size_t n = read_entries(bp_str_make((const char *)data, size));
	BP_ASSERT(bp_batch_store(batch, entries, n, false, NOW_US, &arena, first, &err) == BP_OK);
	for (size_t i = 0; i < n; i++) {
		if (first[i].kind == BP_OUTCOME_ROW) {
			rows++;
			check_row(&entries[i], &first[i]);
		}
		BP_ASSERT(first[i].kind != BP_OUTCOME_DEAD || first[i].reason.len > 0);
		check_source(bp_entry_get(&entries[i], "ck"));
	}
	BP_ASSERT(ask("SELECT (SELECT count(*) FROM claude_row) + (SELECT count(*) FROM "
		      "other_row)") == rows);
	BP_ASSERT(bp_batch_store(batch, entries, n, true, NOW_US, &arena, second, &err) == BP_OK);
	for (size_t i = 0; i < n; i++) {
		/* What stood behind a gap may follow now. */
		BP_ASSERT(second[i].kind != BP_OUTCOME_ROW || first[i].kind == BP_OUTCOME_GAP);
		check_source(bp_entry_get(&entries[i], "ck"));
	}
	clear();
	return 0;
}
