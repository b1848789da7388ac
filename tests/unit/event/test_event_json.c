/* SPDX-License-Identifier: MIT */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "support/event_compare.h"
#include "support/json_random.h"
#include "support/run.h"

enum { ROUNDS = 3000 };

#define HEAD                                                                                       \
	"{\"v\":1,\"id\":\"019a689cc89577e9100742dea086e53b\","                                    \
	"\"timestamp\":\"2025-11-09T12:34:56.789Z\",\"platform\":\"claude_code\","                 \
	"\"session_id\":\"s1\",\"event_type\":\"tool_use\""

static char space[16384];

static const char *refusal(const char *text)
{
	struct bp_event event;
	const char *reason = NULL;

	return bp_event_decode(bp_str_from(text), space, sizeof(space), &event, &reason)
		       ? "accepted"
		       : reason;
}

START_TEST(an_event_is_written_in_the_documented_order)
{
	struct bp_event event;
	char text[2048];
	struct bp_out out = bp_out_make(text, sizeof(text));

	bp_event_init(&event);
	ck_assert(bp_event_id_parse(BP_STR("019a689cc89577e9100742dea086e53b"), event.id));
	event.ts_us = INT64_C(1762691696789000);
	event.platform = BP_STR("claude_code");
	event.session_id = BP_STR("s1");
	event.event_type = BP_STR("tool_use");
	event.hook_type = BP_STR("PostToolUse");
	event.source = BP_STR("hook");
	event.projection_version = 1;
	event.ts_source = BP_TS_RECEIVED;
	event.model = BP_STR("m");
	event.project_hash = BP_STR("a1b2c3d4a1b2c3d4");
	event.is_sidechain = true;
	event.uuid = BP_STR("u");
	event.output_tokens = 0;
	event.payload = BP_STR("{\"chars\":3}");
	bp_event_encode(&event, &out);
	ck_assert(!out.full);
	text[out.len] = '\0';
	ck_assert_str_eq(text,
			 HEAD ",\"hook_type\":\"PostToolUse\",\"source\":\"hook\",\"pv\":1,"
			      "\"lvl\":\"strict\",\"ts_src\":\"received\",\"metadata\":{"
			      "\"project_hash\":\"a1b2c3d4a1b2c3d4\",\"model\":\"m\"},\"trace\":{"
			      "\"uuid\":\"u\",\"is_sidechain\":true,\"output_tokens\":0},"
			      "\"payload\":{\"chars\":3}}");
}
END_TEST

START_TEST(an_empty_event_needs_no_metadata_and_no_trace)
{
	struct bp_event event;
	char text[512];
	struct bp_out out = bp_out_make(text, sizeof(text));

	bp_event_init(&event);
	event.platform = BP_STR("app");
	bp_event_encode(&event, &out);
	text[out.len] = '\0';
	ck_assert_ptr_null(strstr(text, "metadata"));
	ck_assert_ptr_null(strstr(text, "trace"));
	ck_assert_ptr_nonnull(strstr(text, "\"payload\":{}}"));
}
END_TEST

START_TEST(what_an_outsider_leaves_out_has_a_default)
{
	struct bp_event event;
	const char *reason;
	struct bp_str text = BP_STR(HEAD ",\"metadata\":null,\"source\":null,\"more\":[1]}");

	ck_assert(bp_event_decode(text, space, sizeof(space), &event, &reason));
	ck_assert_int_eq(event.projection_version, 0);
	ck_assert_int_eq(event.level, BP_LEVEL_STRICT);
	ck_assert_int_eq(event.ts_source, BP_TS_OWN);
	ck_assert_int_eq(event.ts_us, INT64_C(1762691696789000));
	ck_assert(!event.source.ptr && !event.model.ptr && !event.uuid.ptr);
	ck_assert_int_eq(event.duration_ms, BP_ABSENT);
	ck_assert(bp_str_is(event.payload, "{}"));
}
END_TEST

START_TEST(of_a_repeated_member_the_last_counts)
{
	struct bp_event event;
	const char *reason;

	ck_assert(bp_event_decode(BP_STR(HEAD ",\"session_id\":\"s2\"}"), space, sizeof(space),
				  &event, &reason));
	ck_assert(bp_str_is(event.session_id, "s2"));
}
END_TEST

START_TEST(each_refusal_has_its_reason)
{
	static const char *const rows[][2] = {
		{"", "not_json"},
		{"[]", "not_json"},
		{HEAD, "not_json"},
		{HEAD "}x", "not_json"},
		{HEAD ",\"x\":\"\xFF\"}", "not_utf8"},
		{HEAD ",\"v\":2}", "bad_version"},
		{HEAD ",\"v\":\"1\"}", "bad_version"},
		{HEAD ",\"v\":null}", "bad_version"},
		{HEAD ",\"id\":\"019a\"}", "bad_id"},
		{HEAD ",\"id\":7}", "bad_id"},
		{HEAD ",\"id\":null}", "bad_id"},
		{HEAD ",\"timestamp\":\"yesterday\"}", "bad_timestamp"},
		{HEAD ",\"timestamp\":1762691696}", "bad_timestamp"},
		{HEAD ",\"platform\":\"Claude\"}", "bad_platform"},
		{HEAD ",\"platform\":\"\"}", "bad_platform"},
		{HEAD ",\"platform\":null}", "bad_platform"},
		{HEAD ",\"platform\":\"abcdefghijklmnopqrstuvwxyz0123456\"}", "bad_platform"},
		{HEAD ",\"session_id\":\"\"}", "bad_session_id"},
		{HEAD ",\"session_id\":7}", "bad_session_id"},
		{HEAD ",\"session_id\":null}", "bad_session_id"},
		{HEAD ",\"event_type\":\"\"}", "bad_event_type"},
		{HEAD ",\"event_type\":[]}", "bad_event_type"},
		{HEAD ",\"hook_type\":1}", "bad_field"},
		{HEAD ",\"lvl\":\"secret\"}", "bad_field"},
		{HEAD ",\"ts_src\":\"\"}", "bad_field"},
		{HEAD ",\"pv\":-1}", "bad_field"},
		{HEAD ",\"pv\":1.5}", "bad_field"},
		{HEAD ",\"pv\":4294967296}", "bad_field"},
		{HEAD ",\"metadata\":[]}", "bad_field"},
		{HEAD ",\"metadata\":{\"model\":7}}", "bad_field"},
		{HEAD ",\"trace\":\"x\"}", "bad_field"},
		{HEAD ",\"trace\":{\"is_meta\":1}}", "bad_field"},
		{HEAD ",\"trace\":{\"input_tokens\":\"7\"}}", "bad_field"},
		{HEAD ",\"trace\":{\"input_tokens\":1e3}}", "bad_field"},
		{HEAD ",\"payload\":[]}", "bad_payload"},
		{HEAD ",\"payload\":null}", "bad_payload"},
		{HEAD ",\"session_id\":\"a\\u0000b\"}", "nul_byte"},
		{HEAD ",\"trace\":{\"uuid\":\"\\u0000\"}}", "nul_byte"},
		{"{\"v\":1}", "bad_id"},
		{"{}", "bad_version"},
		{HEAD "}", "accepted"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = refusal(rows[i][0]);
		ck_assert_msg(got && strcmp(got, rows[i][1]) == 0, "row %zu: %s, want %s", i, got,
			      rows[i][1]);
	}
}
END_TEST

/** A member filled with n bytes, as they are or as escapes. */
static const char *refusal_of_length(const char *before, size_t n, bool escaped, const char *after)
{
	static char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s%s", HEAD, before);

	for (size_t i = 0; i < n; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
					escaped ? "\\u0061" : "a");
	}
	(void)snprintf(text + len, sizeof(text) - len, "%s", after);
	return refusal(text);
}

START_TEST(limits_are_those_of_the_decoded_text)
{
	static const struct {
		const char *before;
		size_t max;
		const char *after;
		const char *reason;
	} rows[] = {{",\"session_id\":\"", 128, "\"}", "bad_session_id"},
		    {",\"event_type\":\"", 128, "\"}", "bad_event_type"},
		    {",\"hook_type\":\"", 128, "\"}", "bad_field"},
		    {",\"metadata\":{\"project_name\":\"", 255, "\"}}", "bad_field"},
		    {",\"metadata\":{\"model\":\"", 128, "\"}}", "bad_field"},
		    {",\"trace\":{\"uuid\":\"", 128, "\"}}", "bad_field"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int escaped = 0; escaped < 2; escaped++) {
			ck_assert_str_eq(refusal_of_length(rows[i].before, rows[i].max, escaped,
							   rows[i].after),
					 "accepted");
			ck_assert_str_eq(refusal_of_length(rows[i].before, rows[i].max + 1, escaped,
							   rows[i].after),
					 rows[i].reason);
		}
	}
}
END_TEST

START_TEST(an_event_of_a_mebibyte_passes_and_a_byte_more_does_not)
{
	size_t head = strlen(HEAD), n = BP_EVENT_BYTES_MAX + 1;
	char *text = malloc(n);
	struct bp_event event;
	const char *reason = NULL;

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', n);
	memcpy(text, HEAD, head);
	text[head] = '}';
	ck_assert(bp_event_decode(bp_str_make(text, BP_EVENT_BYTES_MAX), space, sizeof(space),
				  &event, &reason));
	ck_assert(!bp_event_decode(bp_str_make(text, n), space, sizeof(space), &event, &reason));
	ck_assert_str_eq(reason, "too_large");
	free(text);
}
END_TEST

START_TEST(a_space_that_is_too_small_is_said)
{
	struct bp_event event = {.ts_us = 42};
	const char *reason = NULL;
	struct bp_str text = BP_STR(HEAD ",\"session_id\":\"s\\u00311\"}");

	ck_assert(!bp_event_decode(text, space, 2, &event, &reason));
	ck_assert_str_eq(reason, "no_space");
	ck_assert_int_eq(event.ts_us, 42);
	ck_assert(bp_event_decode(text, space, 3, &event, &reason));
	ck_assert(bp_str_is(event.session_id, "s11"));
}
END_TEST

/** 1..max bytes of text that is worth escaping, no NUL, valid UTF-8. */
static struct bp_str random_text(struct json_random *random, char *at, size_t max)
{
	static const char *const odd[] = {
		"\"", "\\", "\n", "\x01", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
		"/",  " ",  "{",  "}"};
	size_t n = 1 + (size_t)json_random_below(random, max), len = 0;

	while (len < n) {
		char letter[2] = {(char)('a' + json_random_below(random, 26)), 0};
		const char *piece =
			json_random_below(random, 4)
				? letter
				: odd[json_random_below(random, sizeof(odd) / sizeof(odd[0]))];
		if (len + strlen(piece) > max) {
			break;
		}
		memcpy(at + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return bp_str_make(at, len);
}

static void fill(struct json_random *random, struct bp_event *event, char *texts)
{
	static char document[4096];
	struct json_random inner = json_random_make(json_random_below(random, 1 << 30) + 1,
						    document, sizeof(document));

	bp_event_init(event);
	for (size_t i = 0; i < BP_EVENT_ID_BYTES; i++) {
		event->id[i] = (uint8_t)json_random_below(random, 256);
	}
	event->ts_us = (int64_t)json_random_below(random, UINT64_C(4000000000000000));
	event->ts_source = (enum bp_ts_source)json_random_below(random, 3);
	event->level = (enum bp_level)json_random_below(random, 3);
	event->projection_version = (int)json_random_below(random, 100);
	event->platform = BP_STR("claude_code");
	for (size_t i = 0; i < N_COMPARED_TEXTS; i++) {
		struct bp_str *text = event_text(event, i);
		size_t max = text == &event->project_name ? 255 : 128;
		bool required = text == &event->session_id || text == &event->event_type;
		if (text != &event->platform && (required || json_random_below(random, 3))) {
			*text = random_text(random, texts + i * 256, max);
		}
	}
	for (size_t i = 0; i < N_COMPARED_NUMBERS; i++) {
		if (json_random_below(random, 2)) {
			*event_number(event, i) = (int64_t)json_random_below(random, 1 << 20) *
						  (json_random_below(random, 9) ? 1 : -12345678901);
		}
	}
	event->is_meta = json_random_below(random, 2) == 1;
	event->is_sidechain = json_random_below(random, 2) == 1;
	do {
		json_random_document(&inner);
	} while (document[0] != '{' || inner.text[inner.len - 1] != '}');
	event->payload = bp_str_make(document, inner.len);
}

START_TEST(an_event_survives_the_wire)
{
	static char texts[N_COMPARED_TEXTS * 256], wire[65536];

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct json_random random = json_random_make(seed, wire, 0);
		struct bp_out out = bp_out_make(wire, sizeof(wire));
		struct bp_event event, back;
		const char *reason = "none";

		fill(&random, &event, texts);
		bp_event_encode(&event, &out);
		ck_assert(!out.full);
		char *copy = malloc(out.len);
		ck_assert_ptr_nonnull(copy);
		memcpy(copy, wire, out.len);
		bool ok = bp_event_decode(bp_str_make(copy, out.len), space, sizeof(space), &back,
					  &reason);
		ck_assert_msg(ok, "seed %llu: %s", (unsigned long long)seed, reason);
		const char *complaint = event_compare(&event, &back);
		ck_assert_msg(!complaint, "seed %llu: %s", (unsigned long long)seed, complaint);
		/* Deterministic: the same event is the same text. */
		static char again[65536];
		struct bp_out second = bp_out_make(again, sizeof(again));
		bp_event_encode(&back, &second);
		ck_assert(bp_str_eq(bp_out_str(&second), bp_str_make(copy, out.len)));
		free(copy);
	}
}
END_TEST

BP_TEST_MAIN(NULL, NULL, an_event_is_written_in_the_documented_order,
	     an_empty_event_needs_no_metadata_and_no_trace,
	     what_an_outsider_leaves_out_has_a_default, of_a_repeated_member_the_last_counts,
	     each_refusal_has_its_reason, limits_are_those_of_the_decoded_text,
	     an_event_of_a_mebibyte_passes_and_a_byte_more_does_not,
	     a_space_that_is_too_small_is_said, an_event_survives_the_wire)
