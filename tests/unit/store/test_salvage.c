/* SPDX-License-Identifier: MIT */
/*
 * Pages of a log are made bad at random: every row on another page comes over, and no row that is on
 * one of them. Which row is on which page is read from the file, by the bytes of its id.
 */
#include "store/salvage.h"

#include <stdio.h>
#include <string.h>

#include "support/run.h"
#include "support/tmpdir.h"

enum { ROWS = 2000, ROUNDS = 6, PAGE_BYTES = 4096, LEAF = 0x0d, FILE_BYTES = 8 << 20 };

static struct bp_codec *codec;
static struct bp_writer_lock *lock;
static struct bp_err err;
static uint64_t random_state = 1;
static unsigned char original[FILE_BYTES], spoiled[FILE_BYTES];
static size_t n_bytes;
static bool on_bad_page[ROWS];

static uint64_t below(uint64_t limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (random_state >> 33) % limit;
}

static struct bp_sql *open_one(const char *name)
{
	struct bp_sql *sql = NULL;

	ck_assert_ok(bp_sql_open(bp_test_tmpdir(name), BP_SQL_WRITE, 1 << 20, &sql, &err), err);
	ck_assert_ok(bp_store_migrate(sql, &err), err);
	ck_assert_ok(bp_codec_store(codec, sql, &err), err);
	return sql;
}

static void make_id(unsigned k, uint8_t id[BP_EVENT_ID_BYTES])
{
	/* No other bytes of the file are like these. */
	for (unsigned i = 0; i < BP_EVENT_ID_BYTES; i++) {
		id[i] = (uint8_t)(k * 31 + i * 17 + (k >> 8) * 7 + 3);
	}
	id[0] = (uint8_t)(k >> 8);
	id[1] = (uint8_t)k;
}

static void fill(struct bp_sql *sql)
{
	struct bp_raw_writer *writer = NULL;

	ck_assert_ok(bp_raw_writer_new(sql, codec, &writer, &err), err);
	ck_assert_ok(bp_sql_begin(sql, &err), err);
	ck_assert_ok(bp_raw_writer_begin(writer, &err), err);
	for (unsigned k = 0; k < ROWS; k++) {
		struct bp_event event;
		char payload[600];
		enum bp_put put = BP_PUT_PURGED;
		int64_t sequence = 0;

		bp_event_init(&event);
		make_id(k, event.id);
		event.platform = BP_STR("claude_code");
		event.session_id = BP_STR("s");
		event.event_type = BP_STR("user_prompt");
		event.source = BP_STR("hook");
		event.ts_us = 1769817600000000 + k;
		(void)snprintf(payload, sizeof(payload), "{\"k\":%u,\"n\":\"%0*u\"}", k,
			       (int)below(400), k * 7919U);
		event.payload = bp_str_from(payload);
		ck_assert_ok(bp_raw_put(writer, &event, 1, &put, &sequence, &err), err);
		ck_assert_int_eq(put, BP_PUT_NEW);
	}
	ck_assert_ok(
		bp_sql_exec(sql,
			    "INSERT INTO tombstone VALUES ('session', 'aa', 7), ('all', '', 5);"
			    "INSERT INTO limit_status VALUES ('p', 'five_hour', 1, 2.5, NULL)",
			    &err),
		err);
	ck_assert_ok(bp_sql_commit(sql, &err), err);
	bp_raw_writer_free(writer);
}

static void setup(void)
{
	bp_test_tmpdir_make();
	err = (struct bp_err){0};
	codec = bp_codec_new();
	lock = bp_writer_lock_new();
	struct bp_sql *sql = open_one("old.db");
	fill(sql);
	bp_sql_close(sql);
	FILE *file = fopen(bp_test_tmpdir("old.db"), "re");
	ck_assert_ptr_nonnull(file);
	n_bytes = fread(original, 1, sizeof(original), file);
	ck_assert_uint_lt(n_bytes, sizeof(original));
	(void)fclose(file);
}

static void teardown(void)
{
	bp_codec_free(codec);
	bp_writer_lock_free(lock);
	bp_test_tmpdir_remove();
}

static bool page_has(size_t page, unsigned k)
{
	uint8_t id[BP_EVENT_ID_BYTES];

	make_id(k, id);
	return original[page * PAGE_BYTES] == LEAF &&
	       memmem(original + page * PAGE_BYTES, PAGE_BYTES, id, sizeof(id));
}

/** Spoil the page of row k: zeroes, ones, or garbage behind its first bytes. */
static void spoil_page_of(unsigned k)
{
	size_t page = 1;

	while (page < n_bytes / PAGE_BYTES && !page_has(page, k)) {
		page++;
	}
	ck_assert_uint_lt(page, n_bytes / PAGE_BYTES);
	uint64_t kind = below(3);
	unsigned char *bytes = spoiled + page * PAGE_BYTES;
	for (size_t i = 0; i < PAGE_BYTES; i++) {
		bytes[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (unsigned char)below(255);
	}
	for (unsigned i = 0; i < ROWS; i++) {
		on_bad_page[i] = on_bad_page[i] || page_has(page, i);
	}
}

static void write_spoiled(void)
{
	FILE *file = fopen(bp_test_tmpdir("old.db"), "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(spoiled, 1, n_bytes, file), n_bytes);
	ck_assert_int_eq(fclose(file), 0);
}

static bool has_row(struct bp_sql *sql, unsigned k)
{
	struct bp_statement *find = NULL;
	uint8_t id[BP_EVENT_ID_BYTES];

	make_id(k, id);
	ck_assert_ok(
		bp_statement_new(sql, "SELECT 1 FROM claude_row WHERE event_id = ?1", &find, &err),
		err);
	bp_bind_blob(find, 1, id, sizeof(id));
	bool found = bp_statement_step(find, &err) == BP_OK;
	bp_statement_free(find);
	return found;
}

static enum bp_rc salvage(struct bp_sql *into, struct bp_salvaged *out)
{
	const struct bp_archive archive = {
		.sql = into, .codec = codec, .lock = lock, .folder = bp_test_tmpdir("archive")};
	struct bp_sql *from = NULL;
	enum bp_rc rc = bp_sql_open(bp_test_tmpdir("old.db"), BP_SQL_READ, 1 << 20, &from, &err);

	if (rc == BP_OK) {
		rc = bp_salvage_rows(&archive, from, out, &err);
	}
	bp_sql_close(from);
	return rc;
}

/* Seen to fail: with "sequence > ?1" in raw_reader.c the first row behind each bad page is missing;
 * with a leap of 2 from the start as well. */
START_TEST(every_row_on_another_page_comes_over)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct bp_salvaged found = {0};
		char name[16];
		int64_t bad = 0;

		memcpy(spoiled, original, n_bytes);
		memset(on_bad_page, 0, sizeof(on_bad_page));
		for (uint64_t i = below(6) + 1; i > 0; i--) {
			spoil_page_of((unsigned)below(ROWS));
		}
		write_spoiled();
		(void)snprintf(name, sizeof(name), "new%d.db", round);
		struct bp_sql *into = open_one(name);
		ck_assert_ok(salvage(into, &found), err);
		for (unsigned k = 0; k < ROWS; k++) {
			ck_assert_msg(has_row(into, k) == !on_bad_page[k], "round %d, row %u: %s",
				      round, k, on_bad_page[k] ? "from a bad page" : "missing");
			bad += on_bad_page[k] ? 1 : 0;
		}
		ck_assert_int_eq(found.rows, ROWS - bad);
		ck_assert_int_ge(found.unreadable, bad);
		/* A second time brings nothing. */
		ck_assert_ok(salvage(into, &found), err);
		ck_assert_int_eq(found.rows, 0);
		ck_assert_int_eq(found.known, ROWS - bad);
		bp_sql_close(into);
	}
}
END_TEST

/* Seen to fail: with max() left out of PUT_PURGE an older purge undoes a newer one. */
START_TEST(what_was_purged_stays_purged)
{
	struct bp_sql *into = open_one("new.db");
	struct bp_statement *until = NULL;
	struct bp_sql *from = NULL;
	int64_t n = 0;

	ck_assert_ok(bp_sql_exec(into, "INSERT INTO tombstone VALUES ('all', '', 9)", &err), err);
	ck_assert_ok(bp_sql_open(bp_test_tmpdir("old.db"), BP_SQL_READ, 1 << 20, &from, &err), err);
	ck_assert_ok(bp_salvage_purges(from, into, &n, &err), err);
	ck_assert_int_eq(n, 2);
	ck_assert_ok(bp_statement_new(into, "SELECT sum(until_us) FROM tombstone", &until, &err),
		     err);
	ck_assert_ok(bp_statement_step(until, &err), err);
	ck_assert_int_eq(bp_column_int(until, 0), 7 + 9);
	bp_statement_free(until);
	bp_sql_close(from);
	/* And keeps its rows out. */
	struct bp_salvaged found = {0};
	ck_assert_ok(bp_sql_exec(into, "UPDATE tombstone SET until_us = 9000000000000000", &err),
		     err);
	ck_assert_ok(salvage(into, &found), err);
	ck_assert_int_eq(found.rows, 0);
	ck_assert_int_eq(found.known, ROWS);
	bp_sql_close(into);
}
END_TEST

START_TEST(limits_come_along)
{
	struct bp_sql *into = open_one("new.db");
	struct bp_statement *count = NULL;
	struct bp_salvaged found = {0};

	ck_assert_ok(salvage(into, &found), err);
	ck_assert_ok(bp_statement_new(into, "SELECT count(*) FROM limit_status", &count, &err),
		     err);
	ck_assert_ok(bp_statement_step(count, &err), err);
	ck_assert_int_eq(bp_column_int(count, 0), 1);
	bp_statement_free(count);
	bp_sql_close(into);
}
END_TEST

BP_TEST_MAIN(setup, teardown, every_row_on_another_page_comes_over, what_was_purged_stays_purged,
	     limits_come_along)
