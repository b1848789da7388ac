/* SPDX-License-Identifier: MIT */
#include "query/export.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>

#include "base/tz.h"
#include "event/event.h"
#include "query/export_private.h"
#include "store/raw.h"
#include "unit/query/facts.h"
#include "unit/query/story.h"

enum { OUTPUT_MAX = 64 << 20, MANY = 5000 };

static struct bp_err err;
static struct bp_tz *utc;
static struct bp_filter filter;
static struct bp_period all;
static struct bp_buf output;
static struct bp_export_target target;
static struct bp_export_question question;
static int64_t rows;
static size_t limit_bytes; /* the sink refuses more; 0: never */

static enum bp_rc take(void *arg, const void *bytes, size_t n, struct bp_err *sink_err)
{
	(void)arg;
	bp_buf_add(&output, bytes, n);
	return limit_bytes && output.len > limit_bytes
		       ? bp_err_set(sink_err, BP_EIO, "the disk is full")
		       : BP_OK;
}

static void set_up(void)
{
	facts_open();
	facts_put(STORY);
	err = (struct bp_err){0};
	filter = (struct bp_filter){0};
	limit_bytes = 0;
	ck_assert_ok(bp_tz_load("UTC", &utc, &err), err);
	all = (struct bp_period){.from_us = BP_TIME_FIRST, .until_us = BP_TIME_LAST, .tz = utc};
	question = (struct bp_export_question){.database = facts_path,
					       .period = &all,
					       .filter = &filter,
					       .as_of_us = STORY_T + INT64_C(1100000000)};
	target = (struct bp_export_target){.format = BP_EXPORT_JSONL, .write = take};
	bp_buf_init(&output, OUTPUT_MAX);
}

static void tear_down(void)
{
	bp_buf_done(&output);
	bp_tz_free(utc);
	facts_close();
}

static void run(const char *what)
{
	bp_buf_clear(&output);
	question.dataset = bp_export_find(what);
	ck_assert_ptr_nonnull(question.dataset);
	ck_assert_ok(bp_export_run(&question, &target, &rows, &err), err);
	if (output.len == 0) {
		bp_buf_add_str(&output, BP_STR(""));
	}
}

static void has(const char *part)
{
	ck_assert_msg(strstr(output.ptr, part) != NULL, "\"%s\" is not in: %s", part, output.ptr);
}

static int64_t ask(const char *text)
{
	struct bp_statement *statement = NULL;

	ck_assert_ok(bp_statement_new(facts, text, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return value;
}

/* --- formats: one row of everything that can go wrong --- */

static const struct bp_export_column HOSTILE_COLUMNS[] = {
	{"text", BP_EXPORT_TEXT}, {"n", BP_EXPORT_INT},     {"real", BP_EXPORT_REAL},
	{"usd", BP_EXPORT_USD},   {"flag", BP_EXPORT_BOOL}, {"at", BP_EXPORT_TIME},
	{"json", BP_EXPORT_JSON}, {"none", BP_EXPORT_TEXT},
};

static const char *write_hostile(enum bp_export_format format, const char *text, bool safe)
{
	static const struct bp_export_dataset dataset = {.name = "hostile"};
	struct bp_export export = {.dataset = &dataset, .columns = HOSTILE_COLUMNS, .n_columns = 8};
	const struct bp_export_value values[] = {
		bp_export_text(bp_str_from(text)),
		bp_export_int(INT64_MAX),
		{.real = 0.1},
		bp_export_int(-1000000000001),
		bp_export_int(1),
		bp_export_int(INT64_C(1700000000123456)),
		bp_export_text(BP_STR("{\"a\":\n1}")),
		bp_export_text((struct bp_str){NULL, 0}),
	};

	target.format = format;
	target.safe_csv = safe;
	struct bp_export_text_form *form = bp_export_text_form_new(&export, &target);
	bp_buf_clear(&output);
	bp_export_text_row(form, values, &output);
	bp_export_text_form_free(form);
	return output.ptr;
}

START_TEST(json_escapes_texts_and_keeps_numbers_exact)
{
	ck_assert_str_eq(write_hostile(BP_EXPORT_JSONL, "a\"\\\n\033[31m\xFF|,", false),
			 "{\"text\":\"a\\\"\\\\\\n\\u001b[31m\xEF\xBF\xBD|,\","
			 "\"n\":9223372036854775807,\"real\":0.1,\"usd\":-1.000000000001,"
			 "\"flag\":true,\"at\":\"2023-11-14T22:13:20.123456Z\","
			 "\"json\":{\"a\": 1},\"none\":null}\n");
	ck_assert_int_eq(write_hostile(BP_EXPORT_AS_JSON, "x", false)[0], ',');
}
END_TEST

/* Each byte at each place of a word and behind it: as cJSON reads it, or replaced. */
START_TEST(every_byte_is_written_as_json_has_it)
{
	for (int c = 1; c < 256; c++) {
		for (size_t at = 0; at < 11; at++) {
			char text[] = "abcdefghijk";
			char want[64];

			text[at] = (char)c;
			const char *row = write_hostile(BP_EXPORT_JSONL, text, false);
			cJSON *read = cJSON_Parse(row);
			ck_assert_msg(read != NULL, "%d at %zu: %s", c, at, row);
			/* Alone, a byte from 0x80 on is no UTF-8. */
			(void)snprintf(want, sizeof(want), "%.*s%s%s", (int)at, text,
				       c < 0x80 ? (char[]){(char)c, '\0'} : "\xEF\xBF\xBD",
				       text + at + 1);
			ck_assert_str_eq(cJSON_GetObjectItem(read, "text")->valuestring, want);
			cJSON_Delete(read);
		}
	}
}
END_TEST

START_TEST(csv_quotes_what_divides_cells)
{
	ck_assert_str_eq(write_hostile(BP_EXPORT_CSV, "a\"b,c\r\nd", false),
			 "\"a\"\"b,c\r\nd\",9223372036854775807,0.1,-1.000000000001,true,"
			 "2023-11-14T22:13:20.123456Z,\"{\"\"a\"\":\n1}\",\r\n");
	/* Empty is a text, absent is nothing. */
	ck_assert_int_eq(strncmp(write_hostile(BP_EXPORT_CSV, "", false), "\"\",", 3), 0);
}
END_TEST

START_TEST(csv_is_safe_for_spreadsheets_when_asked)
{
	static const char *const formulas[] = {"=1+1", "+1", "-1", "@SUM(A1)", "\tx"};

	for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++) {
		const char *row = write_hostile(BP_EXPORT_CSV, formulas[i], true);
		ck_assert_msg(row[0] == '\'', "%s", row);
		row = write_hostile(BP_EXPORT_CSV, formulas[i], false);
		ck_assert_msg(row[0] == formulas[i][0], "%s", row);
	}
	/* A number is a number, also a negative one. */
	ck_assert_ptr_nonnull(strstr(write_hostile(BP_EXPORT_CSV, "x", true), ",-1.0000"));
}
END_TEST

START_TEST(markdown_keeps_its_columns)
{
	ck_assert_str_eq(
		write_hostile(BP_EXPORT_MARKDOWN, "a|b\n*c* <b>", false),
		"| a\\|b \\*c\\* \\<b\\> | 9223372036854775807 | 0.1 | "
		"-1.000000000001 | true | 2023-11-14T22:13:20.123456Z | {\"a\": 1} |  |\n");
}
END_TEST

static void shout(struct bp_buf *out, struct bp_str text)
{
	(void)text;
	bp_buf_add_str(out, BP_STR("CLEAN"));
}

START_TEST(a_terminal_gets_clean_texts)
{
	target.clean = shout;
	ck_assert_int_eq(strncmp(write_hostile(BP_EXPORT_CSV, "\033]0;x\a", false), "CLEAN,", 6),
			 0);
	ck_assert_ptr_null(strchr(output.ptr, '\033'));
}
END_TEST

/* --- data sets --- */

START_TEST(each_data_set_has_the_rows_that_sql_counts)
{
	run("sessions");
	ck_assert_int_eq(rows, ask("SELECT count(*) FROM conversations WHERE seen <> 0"));
	ck_assert_int_ge(rows, 2);
	run("turns");
	ck_assert_int_eq(rows, ask("SELECT count(*) FROM conversation_turns WHERE shadowed = 0"));
	ck_assert_int_ge(rows, 2);
	run("tool_calls");
	ck_assert_int_eq(rows, ask("SELECT count(*) FROM tool_calls"));
	ck_assert_int_ge(rows, 9);
	run("model_calls");
	ck_assert_int_eq(rows, ask("SELECT count(*) FROM model_calls"));
	ck_assert_int_ge(rows, 2);
	run("metrics");
	ck_assert_int_ge(rows, 1);
	has("\"platform\":\"claude_code\"");
}
END_TEST

START_TEST(a_period_and_a_filter_choose_rows)
{
	run("tool_calls");
	int64_t whole = rows;
	filter.tool = "Edit";
	run("tool_calls");
	ck_assert_int_eq(rows, ask("SELECT count(*) FROM tool_calls WHERE tool = 'Edit'"));
	ck_assert_int_lt(rows, whole);
	ck_assert_int_gt(rows, 0);
	filter.tool = NULL;
	all.until_us = ask("SELECT max(ts_us) FROM tool_calls");
	run("tool_calls");
	ck_assert_int_eq(rows, ask("SELECT count(*) FROM tool_calls WHERE ts_us < "
				   "(SELECT max(ts_us) FROM tool_calls)"));
	ck_assert_int_lt(rows, whole);
}
END_TEST

START_TEST(a_filter_that_means_nothing_is_known)
{
	char keys[BP_EXPORT_KEYS_BYTES];

	ck_assert(bp_export_may_filter(bp_export_find("tool_calls"), BP_STR("tool")));
	ck_assert(!bp_export_may_filter(bp_export_find("turns"), BP_STR("tool")));
	ck_assert(!bp_export_may_filter(bp_export_find("turns"), BP_STR("nonsense")));
	bp_export_filters(bp_export_find("turns"), keys);
	ck_assert_str_eq(keys, "platform, project, session, model");
}
END_TEST

START_TEST(json_is_one_object_also_without_rows)
{
	target.format = BP_EXPORT_AS_JSON;
	all.until_us = BP_TIME_FIRST + 1;
	run("turns");
	ck_assert_str_eq(output.ptr, "{\"schema_version\":1,\"what\":\"turns\",\"rows\":[]}\n");
	run("events");
	ck_assert_str_eq(output.ptr, "{\"schema_version\":1,\"what\":\"events\",\"rows\":[]}\n");
	all.until_us = BP_TIME_LAST;
	run("turns");
	has("\"rows\":[{\"session_id\":");
	has("},{\"session_id\":");
}
END_TEST

/* --- events --- */

static void put_events(void)
{
	struct bp_codec *codec = bp_codec_new();
	struct bp_raw_writer *writer = NULL;
	char payload[64];

	ck_assert_ok(bp_codec_store(codec, facts, &err), err);
	ck_assert_ok(bp_raw_writer_new(facts, codec, &writer, &err), err);
	ck_assert_ok(bp_sql_begin(facts, &err), err);
	for (int i = 0; i < MANY; i++) {
		struct bp_event event;
		enum bp_put put;
		int64_t sequence;

		bp_event_init(&event);
		memcpy(event.id, &i, sizeof(i));
		event.ts_us = STORY_T + i;
		event.platform = i % 10 ? BP_STR("claude_code") : BP_STR("app");
		event.session_id = i % 2 ? BP_STR("odd") : BP_STR("even");
		event.event_type = BP_STR("user");
		event.source = BP_STR("transcript");
		event.is_meta = i % 2 == 1;
		event.lines_added = i;
		(void)snprintf(payload, sizeof(payload), "{\"number\":%d}", i);
		event.payload = bp_str_from(payload);
		ck_assert_ok(bp_raw_put(writer, &event, STORY_T, &put, &sequence, &err), err);
		ck_assert_int_eq(put, BP_PUT_NEW);
	}
	ck_assert_ok(bp_sql_commit(facts, &err), err);
	bp_raw_writer_free(writer);
	bp_codec_free(codec);
}

/* The rows of one thread, as text: what two must give as well. */
static void read_alone(struct bp_buf *out)
{
	struct bp_export *export = NULL;
	const struct bp_export_value *values;

	question.dataset = bp_export_find("events");
	ck_assert_ok(bp_export_open(&question, &export, &err), err);
	struct bp_export_text_form *form = bp_export_text_form_new(export, &target);
	while (bp_export_next(export, &values, &err) == BP_OK) {
		bp_export_text_row(form, values, out);
	}
	bp_export_text_form_free(form);
	bp_export_close(export);
}

/* Seen to fail: with a piece written when the next one is ready. */
START_TEST(two_threads_give_what_one_gives_in_its_order)
{
	struct bp_buf alone;

	put_events();
	/* A hole as a purge leaves it, larger than a piece. */
	facts_put("DELETE FROM claude_row WHERE sequence BETWEEN 100 AND 2500");
	bp_buf_init(&alone, OUTPUT_MAX);
	read_alone(&alone);
	run("events");
	ck_assert_int_eq(rows, ask("SELECT (SELECT count(*) FROM claude_row) + "
				   "(SELECT count(*) FROM other_row)"));
	ck_assert_int_gt(rows, 2000);
	ck_assert_uint_eq(output.len, alone.len);
	ck_assert_int_eq(memcmp(output.ptr, alone.ptr, alone.len), 0);
	has("\"payload\":{\"number\":4999}}\n");
	/* Absent and false members are not there. */
	ck_assert_ptr_null(strstr(output.ptr, "false"));
	ck_assert_ptr_null(strstr(output.ptr, "null"));
	bp_buf_done(&alone);
}
END_TEST

START_TEST(events_are_filtered)
{
	put_events();
	question.session_id = "odd";
	filter.platform = "claude_code";
	run("events");
	ck_assert_int_eq(rows, MANY / 2);
	filter.platform = "app";
	run("events");
	ck_assert_int_eq(rows, 0);
	question.session_id = NULL;
	question.event_type = "no_such_type";
	filter.platform = NULL;
	run("events");
	ck_assert_int_eq(rows, 0);
}
END_TEST

START_TEST(the_shape_of_applications_has_six_members)
{
	put_events();
	all.until_us = STORY_T + 2;
	question.dataset = &bp_export_app;
	ck_assert_ok(bp_export_run(&question, &target, &rows, &err), err);
	ck_assert_int_eq(rows, 2);
	has("{\"event_type\":\"user\",\"timestamp\":\"");
	has("Z\",\"session_id\":\"odd\",\"user_id\":null,\"app_version\":null,\"payload\":"
	    "{\"number\":1}}\n");
}
END_TEST

START_TEST(a_sink_that_refuses_ends_the_export)
{
	put_events();
	limit_bytes = 1000;
	bp_buf_clear(&output);
	question.dataset = bp_export_find("events");
	ck_assert_rc(bp_export_run(&question, &target, &rows, &err), BP_EIO);
	ck_assert_str_eq(err.msg, "the disk is full");
	question.dataset = bp_export_find("tool_calls");
	ck_assert_rc(bp_export_run(&question, &target, &rows, &err), BP_EIO);
}
END_TEST

BP_TEST_MAIN(set_up, tear_down, every_byte_is_written_as_json_has_it,
	     json_escapes_texts_and_keeps_numbers_exact, csv_quotes_what_divides_cells,
	     csv_is_safe_for_spreadsheets_when_asked, markdown_keeps_its_columns,
	     a_terminal_gets_clean_texts, each_data_set_has_the_rows_that_sql_counts,
	     a_period_and_a_filter_choose_rows, a_filter_that_means_nothing_is_known,
	     json_is_one_object_also_without_rows, two_threads_give_what_one_gives_in_its_order,
	     events_are_filtered, the_shape_of_applications_has_six_members,
	     a_sink_that_refuses_ends_the_export)
