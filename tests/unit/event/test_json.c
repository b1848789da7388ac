/* SPDX-License-Identifier: MIT */
#include "event/json.h"

#include <check.h>
#include <string.h>

#include "event/json_scan.h"
#include "support/json_compare.h"
#include "support/json_random.h"
#include "support/run.h"

enum { TEXT_BYTES = 16384, ROUNDS = 3000 };

static bool opens(const char *text)
{
	struct bp_json value;
	char *copy = json_compare_copy(text, strlen(text));
	bool ok = bp_json_open(bp_str_make(copy, strlen(text)), &value);

	free(copy);
	return ok;
}

static struct bp_json open_ok(const char *text)
{
	struct bp_json value = {0};

	ck_assert_msg(bp_json_open(bp_str_from(text), &value), "refused: %s", text);
	return value;
}

static bool spans(struct bp_json value, const char *want)
{
	return bp_str_is(bp_str_make(value.ptr, value.len), want);
}

START_TEST(a_text_is_one_value_and_blanks)
{
	ck_assert(opens("{}"));
	ck_assert(opens(" \n\t\r[ ]\n"));
	ck_assert(opens("\"x\""));
	ck_assert(opens("-1.5e+3"));
	ck_assert(opens("null"));
	ck_assert(!opens(""));
	ck_assert(!opens("  "));
	ck_assert(!opens("{} {}"));
	ck_assert(!opens("{}x"));
	ck_assert(!opens("nul"));
	ck_assert(!opens("truex"));
	ck_assert(!opens("x"));
	ck_assert(!opens("\"a\" \"b\""));
}
END_TEST

START_TEST(brackets_must_match_and_close)
{
	ck_assert(!opens("{"));
	ck_assert(!opens("[[]"));
	ck_assert(!opens("[}"));
	ck_assert(!opens("{\"a\":[}]"));
	ck_assert(!opens("]"));
	ck_assert(!opens("{\"a\":\"}"));
	ck_assert(opens("{\"a\":\"}]\"}"));
}
END_TEST

START_TEST(strings_hold_no_control_bytes_and_backslashes_stand_in_strings_only)
{
	ck_assert(!opens("{\"a\":\"b\nc\"}"));
	ck_assert(!opens("{\"a\":\"\x01\"}"));
	ck_assert(!opens("\"a\nb\""));
	ck_assert(opens("{\"a\":\n\"b\"}"));
	ck_assert(!opens("{\"a\":\\\"b\"}"));
	ck_assert(!opens("[\\\"a\\\"]"));
	ck_assert(!opens("[1\\]"));
	ck_assert(opens("{\"a\":\"\x7f\xC3\xA9\"}"));
}
END_TEST

START_TEST(a_run_of_backslashes_escapes_the_quote_when_it_is_odd_wherever_it_lies)
{
	char text[256];

	for (size_t before = 0; before < 140; before++) {
		for (size_t run = 0; run < 8; run++) {
			struct bp_json value;
			memset(text, 'a', sizeof(text));
			memcpy(text, "{\"k\":\"", 6);
			memset(text + 6 + before, '\\', run);
			memcpy(text + 6 + before + run, "\"}", 2);
			char *copy = json_compare_copy(text, 8 + before + run);
			bool got = bp_json_open(bp_str_make(copy, 8 + before + run), &value);
			ck_assert_msg(got == (run % 2 == 0), "%zu after %zu", run, before);
			if (got) {
				struct bp_json member = bp_json_get(value, BP_STR("k"));
				ck_assert_uint_eq(member.len, before + run + 2);
			}
			free(copy);
		}
	}
}
END_TEST

START_TEST(depth_has_a_limit)
{
	char text[2 * BP_JSON_DEPTH_MAX + 3];

	memset(text, '[', BP_JSON_DEPTH_MAX + 1);
	memset(text + BP_JSON_DEPTH_MAX + 1, ']', BP_JSON_DEPTH_MAX + 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert(!opens(text));
	text[sizeof(text) - 2] = '\0';
	ck_assert(opens(text + 1));
}
END_TEST

START_TEST(a_refused_text_leaves_the_output_alone)
{
	struct bp_json value = {.len = 42};

	ck_assert(!bp_json_open(BP_STR("[1"), &value));
	ck_assert_uint_eq(value.len, 42);
}
END_TEST

START_TEST(members_come_in_order_with_their_spans)
{
	struct bp_json_iter iter =
		bp_json_each(open_ok("{\"a\" : 1, \"b\\n\":[2,{}] ,\"c\":\"d\"}"));
	struct bp_str key;
	struct bp_json value;

	ck_assert(bp_json_next_member(&iter, &key, &value));
	ck_assert(bp_str_is(key, "a") && spans(value, "1"));
	ck_assert(bp_json_next_member(&iter, &key, &value));
	ck_assert(bp_str_is(key, "b\\n") && spans(value, "[2,{}]"));
	ck_assert(bp_json_next_member(&iter, &key, &value));
	ck_assert(spans(value, "\"d\"") && value.type == BP_JSON_STRING);
	ck_assert(!bp_json_next_member(&iter, &key, &value));
	ck_assert(!bp_json_next_member(&iter, &key, &value));
	ck_assert(bp_str_is(key, "c"));
}
END_TEST

START_TEST(elements_come_in_order)
{
	struct bp_json_iter iter = bp_json_each(open_ok("[ [] , null,false ]"));
	struct bp_json value;

	ck_assert(bp_json_next_element(&iter, &value) && value.type == BP_JSON_ARRAY);
	ck_assert(bp_json_next_element(&iter, &value) && value.type == BP_JSON_NULL);
	ck_assert(bp_json_next_element(&iter, &value) && value.type == BP_JSON_BOOL);
	ck_assert(!bp_json_next_element(&iter, &value));
}
END_TEST

START_TEST(bad_grammar_ends_the_walk)
{
	static const char *const texts[] = {
		"{\"a\":1 \"b\":2}",   "{\"a\":1;\"b\":2}",  "{\"a\":1,b:2}",
		"{\"a\":1,\"b\" 2}",   "{\"a\":1,\"b\":}",   "{\"a\":1,\"b\"}",
		"{\"a\":1,\"b\":tru}", "{\"a\":1x,\"b\":2}", "{\"a\":1,:2,\"b\":2}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct bp_json object = open_ok(texts[i]);
		ck_assert_msg(spans(bp_json_get(object, BP_STR("a")), "1"), "%s", texts[i]);
		ck_assert_msg(!bp_json_get(object, BP_STR("b")).ptr, "%s", texts[i]);
	}
}
END_TEST

START_TEST(of_equal_keys_the_last_wins)
{
	struct bp_json object = open_ok("{\"a\":1,\"b\":2,\"a\":3,\"a\\u0062\":4}");
	const struct bp_str keys[] = {BP_STR("b"), BP_STR("a"), BP_STR("ab")};
	struct bp_json got[3];

	bp_json_pick(object, keys, got, 3);
	ck_assert(spans(got[0], "2") && spans(got[1], "3"));
	ck_assert_int_eq(got[2].type, BP_JSON_ABSENT);
	ck_assert(spans(bp_json_get(object, BP_STR("a")), "3"));
}
END_TEST

START_TEST(sixty_four_keys_are_picked_in_any_order)
{
	static char names[64][48];
	struct bp_str keys[64];
	struct bp_json got[64];
	char text[4096] = "{";
	size_t len = 1;

	for (size_t i = 0; i < 64; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%.*s%zu", (int)(i % 40),
			       "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq", i);
		keys[i] = bp_str_from(names[i]);
	}
	for (size_t i = 0; i < 64; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"%s\":%zu",
					i ? "," : "", names[i * 37 % 64], i * 37 % 64);
	}
	(void)snprintf(text + len, sizeof(text) - len, "}");
	bp_json_pick(open_ok(text), keys, got, 64);
	for (size_t i = 0; i < 64; i++) {
		int64_t n = -1;
		ck_assert_msg(bp_json_int(got[i], &n) && n == (int64_t)i, "%s", names[i]);
	}
}
END_TEST

START_TEST(nothing_is_picked_from_what_is_no_object)
{
	struct bp_str key = BP_STR("a");
	struct bp_json got = {.ptr = "x", .len = 1, .type = BP_JSON_NULL};

	bp_json_pick(open_ok("[\"a\",1]"), &key, &got, 1);
	ck_assert(got.type == BP_JSON_ABSENT && !got.ptr);
	bp_json_pick(got, &key, &got, 1);
	ck_assert(got.type == BP_JSON_ABSENT);
}
END_TEST

START_TEST(integers_are_whole_and_fit)
{
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {{"0", 0},
		    {"-0", 0},
		    {"12", 12},
		    {"-7", -7},
		    {"9223372036854775807", INT64_MAX},
		    {"-9223372036854775808", INT64_MIN}};
	static const char *const bad[] = {"1.0",
					  "1e3",
					  "01",
					  "-",
					  "9223372036854775808",
					  "-9223372036854775809",
					  "99999999999999999999",
					  "\"1\"",
					  "true",
					  "1-2"};
	int64_t got = 42;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(bp_json_int(open_ok(good[i].text), &got), "%s", good[i].text);
		ck_assert_int_eq(got, good[i].want);
	}
	got = 42;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(!bp_json_int(open_ok(bad[i]), &got), "%s", bad[i]);
	}
	ck_assert_int_eq(got, 42);
}
END_TEST

START_TEST(only_the_literal_true_is_true)
{
	ck_assert(bp_json_true(open_ok("true")));
	ck_assert(!bp_json_true(open_ok("false")));
	ck_assert(!bp_json_true(open_ok("\"true\"")));
	ck_assert(!bp_json_true(open_ok("1")));
	ck_assert(!bp_json_true((struct bp_json){0}));
}
END_TEST

/** Valid documents, then each damaged a few times, through every kernel against cJSON. */
static void compare_with_cjson(uint64_t first_seed)
{
	static char text[TEXT_BYTES];

	for (uint64_t seed = first_seed; seed < first_seed + ROUNDS; seed++) {
		struct json_random random = json_random_make(seed, text, TEXT_BYTES);
		struct bp_json value;

		json_random_document(&random);
		ck_assert_msg(bp_json_open(bp_str_make(text, random.len), &value), "seed %llu",
			      (unsigned long long)seed);
		for (int damage = 0; damage < 4; damage++) {
			const char *complaint = json_compare(text, random.len);
			ck_assert_msg(!complaint, "seed %llu, damage %d: %s",
				      (unsigned long long)seed, damage, complaint);
			json_random_mutate(&random);
		}
	}
}

START_TEST(the_baseline_agrees_with_cjson_on_random_and_damaged_documents)
{
	compare_with_cjson(1);
}
END_TEST

START_TEST(avx2_agrees_with_cjson_on_random_and_damaged_documents)
{
	const struct bp_json_kernel *before = bp_json_kernel;

	if (!bp_json_use_avx2()) {
		(void)fprintf(stderr, "skipped: no AVX2 here\n");
		return;
	}
	ck_assert_ptr_ne(bp_json_kernel, before);
	compare_with_cjson(1000001);
	bp_json_kernel = before;
}
END_TEST

BP_TEST_MAIN(NULL, NULL, a_text_is_one_value_and_blanks, brackets_must_match_and_close,
	     strings_hold_no_control_bytes_and_backslashes_stand_in_strings_only,
	     a_run_of_backslashes_escapes_the_quote_when_it_is_odd_wherever_it_lies,
	     depth_has_a_limit, a_refused_text_leaves_the_output_alone,
	     members_come_in_order_with_their_spans, elements_come_in_order,
	     bad_grammar_ends_the_walk, of_equal_keys_the_last_wins,
	     sixty_four_keys_are_picked_in_any_order, nothing_is_picked_from_what_is_no_object,
	     integers_are_whole_and_fit, only_the_literal_true_is_true,
	     the_baseline_agrees_with_cjson_on_random_and_damaged_documents,
	     avx2_agrees_with_cjson_on_random_and_damaged_documents)
