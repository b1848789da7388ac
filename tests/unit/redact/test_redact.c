/* SPDX-License-Identifier: MIT */
#include "redact/redact.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"

static struct bp_redact *redact;
static struct bp_redact_scratch *scratch;

static void set_up(void)
{
	struct bp_err err = {0};

	ck_assert_msg(bp_redact_new(&redact, &err) == BP_OK, "%s", err.msg);
	scratch = bp_redact_scratch_new(redact, 0);
}

static void tear_down(void)
{
	bp_redact_scratch_free(scratch);
	bp_redact_free(redact);
}

static struct bp_str take(struct bp_str text, size_t max, bool *cut)
{
	const struct bp_redact_request request = {.text = text, .max_bytes = max};

	return bp_redact_text(scratch, &request, cut);
}

START_TEST(under_a_secret_name_nothing_is_kept)
{
	static const struct {
		const char *key;
		bool secret;
	} keys[] = {{"password", true},
		    {"apiKey", true},
		    {"AWS_SECRET_ACCESS_KEY", true},
		    {"github_token", true},
		    {"command", false},
		    {"max_tokens", false},
		    {"", false}};
	bool cut;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct bp_redact_request request = {.text = BP_STR("two words"),
							  .key = bp_str_from(keys[i].key),
							  .max_bytes = 100};
		struct bp_str is = bp_redact_text(scratch, &request, &cut);
		ck_assert_msg(bp_str_is(is, keys[i].secret ? "[redacted:password]" : "two words"),
			      "%s", keys[i].key);
		ck_assert_msg((bp_redact_find(scratch, request.key, request.text) != NULL) ==
				      keys[i].secret,
			      "%s", keys[i].key);
		ck_assert_ptr_null(
			bp_redact_find(scratch, request.key, BP_STR("[redacted:password]")));
	}
}
END_TEST

START_TEST(a_pattern_at_its_limit_redacts_everything)
{
	/* What looks like an address until its end: every label is a step, forth and back. */
	const char *text =
		"x@a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x.y.z.1.2.3.4.5.6.7.8.9";
	struct bp_redact_scratch *tight = bp_redact_scratch_new(redact, 1);
	const struct bp_redact_request request = {.text = bp_str_from(text), .max_bytes = 1000};
	bool cut;

	ck_assert(bp_str_is(bp_redact_text(scratch, &request, &cut), text));
	ck_assert(bp_str_is(bp_redact_text(tight, &request, &cut), "[redacted:limit]"));
	ck_assert_str_eq(bp_redact_find(tight, (struct bp_str){NULL, 0}, bp_str_from(text)),
			 "limit");
	bp_redact_scratch_free(tight);
}
END_TEST

START_TEST(bad_utf8_is_mended_and_hides_nothing)
{
	bool cut;
	struct bp_str is = take(bp_str_make("a\xFFz \xED\xA0\x80 \xE2\x82 \0b", 13), 100, &cut);

	ck_assert_msg(bp_str_is(is, "a\xEF\xBF\xBDz \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD "
				    "\xEF\xBF\xBD\xEF\xBF\xBD \xEF\xBF\xBD"
				    "b"),
		      "%.*s", BP_STR_ARG(is));
}
END_TEST

START_TEST(a_cut_is_between_characters_and_halves_no_secret)
{
	enum { BIG = 300 * 1024, MAX = 64 * 1024 };
	char *big = bp_calloc(1, BIG + 1);
	bool cut;

	struct bp_str is = take(BP_STR("a\xC3\xA4\xC3\xA4"), 4, &cut);
	ck_assert(bp_str_is(is, "a\xC3\xA4") && cut);
	is = take(BP_STR("a\xC3\xA4\xC3\xA4"), 5, &cut);
	ck_assert(is.len == 5 && !cut);

	/* A key that begins before the cut: wherever, no byte of it stays. */
	for (size_t at = MAX - 60; at < MAX + 10; at += 7) {
		memset(big, '.', BIG);
		memcpy(big + at, "ghp_ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", 40);
		is = take(bp_str_make(big, BIG), MAX, &cut);
		ck_assert(cut);
		ck_assert(is.len <= MAX && is.len > MAX - 100);
		ck_assert_ptr_null(memmem(is.ptr, is.len, "ghp_", 4));
	}
	/* Where a lot was redacted, what was read beyond the cut moves up: its end may be half. */
	memset(big, '.', BIG);
	for (size_t at = 0; at + 400 < MAX + 16 * 1024; at += 400) {
		memset(big + at, 'A', 400);
		memcpy(big + at, "password=\"", 10);
		memcpy(big + at + 397, "\" ", 3);
	}
	memcpy(big + MAX + 16 * 1024 - 10, "ghp_ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ", 40);
	is = take(bp_str_make(big, BIG), MAX, &cut);
	ck_assert(cut);
	ck_assert_ptr_null(memmem(is.ptr, is.len, "ghp_", 4));
	free(big);
}
END_TEST

START_TEST(many_secrets_that_grow_stay_within_the_limit)
{
	enum { N = 200000 };
	char *text = bp_calloc(N, 8);
	bool cut;

	for (size_t i = 0; i < N; i++) {
		memcpy(text + 7 * i, "a@b.io ", 7);
	}
	struct bp_str is = take(bp_str_make(text, 7 * (size_t)N), BP_REDACT_BYTES_MAX, &cut);
	ck_assert(is.len <= BP_REDACT_BYTES_MAX);
	ck_assert_ptr_null(memmem(is.ptr, is.len, "@", 1));
	free(text);
}
END_TEST

static void *many_times(void *arg)
{
	struct bp_redact_scratch *own = bp_redact_scratch_new(arg, 0);
	const struct bp_redact_request request = {
		.text = BP_STR("mail ann@example.org, password=hunter2"), .max_bytes = 1000};
	size_t wrong = 0;

	for (int i = 0; i < 500; i++) {
		bool cut;
		struct bp_str is = bp_redact_text(own, &request, &cut);
		wrong += !bp_str_is(is, "mail [redacted:email], password=[redacted:password]");
	}
	bp_redact_scratch_free(own);
	return wrong ? arg : NULL;
}

START_TEST(threads_share_the_patterns)
{
	pthread_t threads[4];
	void *wrong;

	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_create(&threads[i], NULL, many_times, redact), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
		ck_assert_ptr_null(wrong);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("redact.redact");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, under_a_secret_name_nothing_is_kept);
	tcase_add_test(tcase, a_pattern_at_its_limit_redacts_everything);
	tcase_add_test(tcase, bad_utf8_is_mended_and_hides_nothing);
	tcase_add_test(tcase, a_cut_is_between_characters_and_halves_no_secret);
	tcase_add_test(tcase, many_secrets_that_grow_stay_within_the_limit);
	tcase_add_test(tcase, threads_share_the_patterns);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
