/* SPDX-License-Identifier: MIT */
#include "capture/tail.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

#include "support/run.h"
#include "support/tmpdir.h"

static struct bp_tail tail;
static struct bp_tail_space space;
static struct bp_hash_key key;
static struct bp_buf taken; /* what was given: text, or "(oversize)", each ended by '|' */
static int64_t line_max;
static int stop_after;  /* lines of one call */
static int64_t covered; /* where the last line ended: coverage is contiguous */
static int64_t generation;
static const char *rewrite; /* what somebody writes over the file once a line was taken */

static void replace(const char *text);

static void setup(void)
{
	const unsigned char salt[BP_SALT_BYTES] = {1};
	const struct bp_checkpoint_step none = {0};

	bp_test_tmpdir_make();
	bp_hash_key_init(&key, salt);
	bp_buf_init(&taken, 1 << 30);
	bp_tail_start(&tail, &none);
	line_max = BP_TAIL_LINE_MAX;
	stop_after = 1 << 30;
	covered = 0;
	generation = 0;
	rewrite = NULL;
}

static void teardown(void)
{
	bp_buf_done(&taken);
	bp_tail_space_done(&space);
	bp_test_tmpdir_remove();
}

static bool take(struct bp_tail_line *line, void *arg)
{
	int *left = arg;

	if (line->step.generation != generation) {
		ck_assert_int_gt(line->step.generation, generation);
		generation = line->step.generation;
		covered = 0;
	}
	ck_assert_int_eq(line->step.from_bytes, covered);
	ck_assert_int_gt(line->step.to_bytes, line->step.from_bytes);
	ck_assert_int_ge(line->offset_bytes, line->step.from_bytes);
	ck_assert_int_lt(line->offset_bytes, line->step.to_bytes);
	ck_assert_int_ge(line->step.size_bytes, line->step.to_bytes);
	ck_assert_int_le(line->step.head_bytes, line->step.to_bytes);
	covered = line->step.to_bytes;
	line->step.last_ts_us = 1000 + covered;
	if (line->oversize) {
		bp_buf_add_str(&taken, BP_STR("(oversize)"));
	} else {
		bp_buf_add_str(&taken, line->text);
	}
	bp_buf_add_char(&taken, '|');
	if (rewrite) {
		replace(rewrite);
		rewrite = NULL;
	}
	return --*left > 0;
}

static const char *path(void)
{
	return bp_test_tmpdir("a.jsonl");
}

static void write_at(const char *text, size_t n, int flags)
{
	int fd = open(path(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	ck_assert_int_eq(close(fd), 0);
}

static void append(const char *text)
{
	write_at(text, strlen(text), O_APPEND);
}

static void replace(const char *text)
{
	write_at(text, strlen(text), O_TRUNC);
}

/** Read until the end; what came, as text. */
static const char *read_all(void)
{
	struct bp_err err = {0};
	bool more = true;

	bp_buf_clear(&taken);
	while (more) {
		int left = stop_after;

		ck_assert_ok(bp_tail_read(&tail, path(), &key, line_max, &space, take, &left, &more,
					  &err),
			     err);
	}
	return bp_buf_str(&taken).ptr;
}

/** As after a restart: only the checkpoint is left. */
static void restart(void)
{
	struct bp_checkpoint_step at = tail.at;

	bp_tail_start(&tail, &at);
}

START_TEST(whole_lines_come_once_and_go_on_after_a_restart)
{
	append("{\"a\":1}\n{\"a\":2}\n");
	ck_assert_str_eq(read_all(), "{\"a\":1}|{\"a\":2}|");
	ck_assert_str_eq(read_all(), "");
	restart();
	ck_assert_str_eq(read_all(), "");
	append("{\"a\":3}\n");
	ck_assert_str_eq(read_all(), "{\"a\":3}|");
	ck_assert_int_eq(tail.at.to_bytes, 24);
	ck_assert_int_eq(tail.at.last_ts_us, 1024);
	ck_assert_int_eq(tail.at.generation, 0);
}
END_TEST

START_TEST(a_taker_that_has_enough_is_asked_again)
{
	append("1\n2\n3\n4\n5\n");
	stop_after = 2;
	ck_assert_str_eq(read_all(), "1|2|3|4|5|");
}
END_TEST

START_TEST(a_torn_line_waits_until_it_is_whole)
{
	append("{\"a\":1}\n{\"b\":");
	ck_assert_str_eq(read_all(), "{\"a\":1}|");
	append("[1,");
	ck_assert_str_eq(read_all(), "");
	restart();
	ck_assert_str_eq(read_all(), "");
	append("2]}");
	ck_assert_str_eq(read_all(), "{\"b\":[1,2]}|");
	append("\n{\"c\":1}\n");
	ck_assert_str_eq(read_all(), "{\"c\":1}|");
	ck_assert_int_eq(tail.at.to_bytes, 28);
}
END_TEST

START_TEST(an_unterminated_object_is_a_line_but_nothing_else_is)
{
	append("{\"a\":{}}");
	ck_assert_str_eq(read_all(), "{\"a\":{}}|");
	append("\n[{}]");
	ck_assert_str_eq(read_all(), "");
	append("\n12");
	ck_assert_str_eq(read_all(), "[{}]|");
	append("\n{\"a\":{}");
	ck_assert_str_eq(read_all(), "12|");
	append("}  ");
	ck_assert_str_eq(read_all(), "");
	append("\n");
	ck_assert_str_eq(read_all(), "{\"a\":{}}  |");
}
END_TEST

START_TEST(blank_lines_are_covered_by_the_next_one)
{
	append("\n \t\r\n\n1\n\n\n");
	ck_assert_str_eq(read_all(), "1|");
	ck_assert_int_eq(tail.at.from_bytes, 0);
	ck_assert_int_eq(tail.at.to_bytes, 8);
	append("2\n");
	restart();
	ck_assert_str_eq(read_all(), "2|");
	ck_assert_int_eq(tail.at.from_bytes, 8);
}
END_TEST

START_TEST(crlf_is_an_end_of_line_and_nul_is_text)
{
	static const char text[] = "a\0b\r\n{\"c\":1}\r\n";

	write_at(text, sizeof(text) - 1, O_APPEND);
	(void)read_all();
	ck_assert_uint_eq(taken.len, 12);
	ck_assert_int_eq(memcmp(taken.ptr, "a\0b|{\"c\":1}|", 12), 0);
}
END_TEST

START_TEST(a_file_that_shrank_is_read_again)
{
	append("{\"a\":1}\n{\"a\":2}\n");
	(void)read_all();
	replace("{\"a\":1}\n");
	ck_assert_str_eq(read_all(), "{\"a\":1}|");
	ck_assert_int_eq(tail.at.generation, 1);
	restart();
	ck_assert_str_eq(read_all(), "");
	ck_assert_int_eq(tail.at.generation, 1);
}
END_TEST

START_TEST(a_file_that_was_emptied_and_grew_again_is_read_again)
{
	append("{\"a\":1}\n");
	(void)read_all();
	replace("");
	ck_assert_str_eq(read_all(), "");
	ck_assert_int_eq(tail.at.generation, 1);
	append("{\"b\":1}\n{\"b\":2}\n");
	ck_assert_str_eq(read_all(), "{\"b\":1}|{\"b\":2}|");
	ck_assert_int_eq(tail.at.generation, 1);
}
END_TEST

START_TEST(another_inode_is_read_from_its_start)
{
	append("{\"a\":1}\n");
	(void)read_all();
	bp_test_tmpdir_write("b", "{\"a\":1}\n{\"a\":2}\n");
	ck_assert_int_eq(rename(bp_test_tmpdir("b"), path()), 0);
	ck_assert_str_eq(read_all(), "{\"a\":1}|{\"a\":2}|");
	ck_assert_int_eq(tail.at.generation, 1);
}
END_TEST

START_TEST(another_head_in_the_same_inode_is_read_again)
{
	append("{\"a\":1}\n{\"a\":2}\n");
	(void)read_all();
	restart();
	replace("{\"b\":1}\n{\"b\":2}\n{\"b\":3}\n");
	ck_assert_str_eq(read_all(), "{\"b\":1}|{\"b\":2}|{\"b\":3}|");
	ck_assert_int_eq(tail.at.generation, 1);
}
END_TEST

START_TEST(the_head_grows_to_its_limit_and_stays)
{
	char line[101];

	memset(line, 'x', 99);
	line[99] = '\n';
	line[100] = '\0';
	append(line);
	(void)read_all();
	ck_assert_int_eq(tail.at.head_bytes, 100);
	for (int i = 0; i < 60; i++) {
		append(line);
	}
	(void)read_all();
	ck_assert_int_eq(tail.at.head_bytes, BP_TAIL_HEAD_BYTES);
	struct bp_checkpoint_step before = tail.at;
	append(line);
	restart();
	(void)read_all();
	ck_assert_str_eq(tail.at.head_hash, before.head_hash);
	ck_assert_int_eq(tail.at.generation, 0);
	ck_assert_int_eq(tail.at.to_bytes, 6200);
}
END_TEST

START_TEST(a_torn_line_that_is_taken_back_changes_nothing)
{
	append("{\"a\":1}\n{\"torn");
	ck_assert_str_eq(read_all(), "{\"a\":1}|");
	replace("{\"a\":1}\n{\"b\":2}\n");
	ck_assert_str_eq(read_all(), "{\"b\":2}|");
	ck_assert_int_eq(tail.at.generation, 0);
	append("{\"longer torn line");
	ck_assert_str_eq(read_all(), "");
	replace("{\"a\":1}\n{\"b\":2}\n3\n");
	ck_assert_str_eq(read_all(), "3|");
	ck_assert_int_eq(tail.at.generation, 0);
}
END_TEST

START_TEST(a_vanished_file_keeps_its_place)
{
	struct bp_err err = {0};
	bool more = false;
	int left = 10;

	append("{\"a\":1}\n");
	(void)read_all();
	ck_assert_int_eq(rename(path(), bp_test_tmpdir("away")), 0);
	ck_assert_rc(bp_tail_read(&tail, path(), &key, line_max, &space, take, &left, &more, &err),
		     BP_ENOTFOUND);
	ck_assert(bp_tail_changed(&tail, path()));
	ck_assert_int_eq(rename(bp_test_tmpdir("away"), path()), 0);
	append("{\"a\":2}\n");
	ck_assert_str_eq(read_all(), "{\"a\":2}|");
	ck_assert_int_eq(tail.at.generation, 0);
}
END_TEST

START_TEST(a_folder_or_an_unreadable_file_is_an_error)
{
	struct bp_err err = {0};
	bool more = false;
	int left = 10;

	ck_assert_int_eq(mkdir(path(), 0700), 0);
	ck_assert_rc(bp_tail_read(&tail, path(), &key, line_max, &space, take, &left, &more, &err),
		     BP_EIO);
}
END_TEST

START_TEST(a_change_is_seen_by_a_stat)
{
	append("1\n");
	ck_assert(bp_tail_changed(&tail, path()));
	(void)read_all();
	ck_assert(!bp_tail_changed(&tail, path()));
	append("2\n");
	ck_assert(bp_tail_changed(&tail, path()));
}
END_TEST

START_TEST(lines_at_the_limit_come_and_longer_ones_are_oversize)
{
	line_max = 10;
	append("1234567890\n12345678901\n1234567890\r\n2\n");
	ck_assert_str_eq(read_all(), "1234567890|(oversize)|1234567890|2|");
	append("123456789012345");
	ck_assert_str_eq(read_all(), "");
	append("6789");
	ck_assert_str_eq(read_all(), "");
	append("0\n3\n");
	ck_assert_str_eq(read_all(), "(oversize)|3|");
}
END_TEST

/** A file of n bytes of 'x', sparse where it can be. */
static void append_many(char c, size_t n)
{
	char *text = bp_calloc(1, n + 1);

	memset(text, c, n);
	append(text);
	free(text);
}

START_TEST(a_line_of_several_pieces_is_whole)
{
	const size_t n = (size_t)5 * 1024 * 1024 + 17;

	append("1\n");
	append_many('x', n);
	append("\n2\n");
	const char *text = read_all();
	ck_assert_uint_eq(taken.len, n + 5);
	ck_assert_int_eq(memcmp(text, "1|xxx", 5), 0);
	ck_assert_str_eq(text + 2 + n, "|2|");
	ck_assert_uint_eq(space.cap, 0); /* given back */
}
END_TEST

START_TEST(an_oversize_line_of_many_pieces_is_not_kept)
{
	line_max = 100000;
	append("1\n");
	append_many('x', (size_t)12 * 1024 * 1024);
	ck_assert_str_eq(read_all(), "1|");
	ck_assert_uint_le(space.cap, (size_t)4 * 1024 * 1024);
	append_many('x', (size_t)3 * 1024 * 1024);
	append("\n2\n");
	ck_assert_str_eq(read_all(), "(oversize)|2|");
	ck_assert_uint_le(space.cap, (size_t)4 * 1024 * 1024);
}
END_TEST

START_TEST(a_long_torn_object_is_seen_when_it_is_complete)
{
	append("{\"a\":\"");
	append_many('x', (size_t)2 * 1024 * 1024);
	ck_assert_str_eq(read_all(), "");
	append("\"");
	ck_assert_str_eq(read_all(), "");
	append("}");
	(void)read_all();
	ck_assert_uint_eq(taken.len, (size_t)2 * 1024 * 1024 + 9);
}
END_TEST

START_TEST(a_short_file_that_is_written_over_while_it_is_read_is_read_again)
{
	append("{\"a\":1}\n{\"a\":2}\n");
	/* Longer than what was read, in the same inode: only the head tells. */
	rewrite = "{\"new\":1}\n{\"new\":2}\n{\"new\":3}\n";
	ck_assert_str_eq(read_all(), "{\"a\":1}|{\"new\":1}|{\"new\":2}|{\"new\":3}|");
	ck_assert_int_eq(tail.at.generation, 1);
	ck_assert_str_eq(read_all(), "");
}
END_TEST

BP_TEST_MAIN(setup, teardown, whole_lines_come_once_and_go_on_after_a_restart,
	     a_taker_that_has_enough_is_asked_again, a_torn_line_waits_until_it_is_whole,
	     an_unterminated_object_is_a_line_but_nothing_else_is,
	     blank_lines_are_covered_by_the_next_one, crlf_is_an_end_of_line_and_nul_is_text,
	     a_file_that_shrank_is_read_again, a_file_that_was_emptied_and_grew_again_is_read_again,
	     another_inode_is_read_from_its_start, another_head_in_the_same_inode_is_read_again,
	     the_head_grows_to_its_limit_and_stays, a_torn_line_that_is_taken_back_changes_nothing,
	     a_vanished_file_keeps_its_place, a_folder_or_an_unreadable_file_is_an_error,
	     a_change_is_seen_by_a_stat, lines_at_the_limit_come_and_longer_ones_are_oversize,
	     a_line_of_several_pieces_is_whole, an_oversize_line_of_many_pieces_is_not_kept,
	     a_long_torn_object_is_seen_when_it_is_complete,
	     a_short_file_that_is_written_over_while_it_is_read_is_read_again)
