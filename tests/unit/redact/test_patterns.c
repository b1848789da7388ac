/* SPDX-License-Identifier: MIT */
/* One made-up secret for each pattern, that must vanish, and a text like it that must stay. Secrets
 * are in pieces: nothing that looks like one should stand in a source. */
#include "redact/patterns.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "redact/redact.h"

#define HEX40 "0123456789abcdef0123456789abcdef01234567"
#define MIXED32 "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW"

/* In the order of the table: row i is of pattern i. */
static const struct {
	const char *kind;
	const char *before, *secret, *after; /* together the text */
	const char *harmless;
} SAMPLES[] = {
	{"private_key", "here: ",
	 "-----BEGIN RSA PRIVATE"
	 " KEY-----\nMIIEpAIBAAKCAQEA\nq83vEjRWeJq8\n-----END RSA PRIVATE"
	 " KEY-----",
	 "\nbye", "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl\n-----END CERTIFICATE-----"},
	{"private_key",
	 "Private-"
	 "Lines: 2\n",
	 "AAABAQCx1k2m3n4o5p6q\nr7s8t9u0v1w2x3y4z5\n", "", "Public-Lines: 2\nAAABAQCx1k2m3n4o5p6q"},
	{"aws_key", "export id ",
	 "AKIA"
	 "IOSFODNN7EXAMPLE",
	 " now", "AKIAISSHORT and TAKIAIOSFODNN7EXAMPLEX"},
	{"google_key", "k=",
	 "AIza"
	 "SyA1234567890abcdefghijklmnopqrstuv",
	 "", "AIzawa is a name"},
	{"google_token", "",
	 "ya29."
	 "a0AfH6SMBx1234567890abcd",
	 "", "ya29.short"},
	{"google_token", "refresh ",
	 "1//"
	 "0gabcdefghijklmnopqrstuvwxyz0123",
	 "", "see 1//2 of the page"},
	{"google_secret", "",
	 "GOCSPX-"
	 "abcdefghijklmnopqrst12",
	 "", "GOCSPX-1"},
	{"azure_key",
	 "DefaultEndpointsProtocol=https;Account"
	 "Key=",
	 "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9v==", "", "AccountName=short"},
	{"azure_signature", "https://x.blob.core.windows.net/c?sv=1&sig=",
	 "abcdefghijklmnopqrstuvwxyz%3D", "&se=2", "f?sig=short"},
	{"azure_secret", "id ",
	 "abc8"
	 "Q~"
	 "abcdefghijklmnopqrstuvwxyz0123456",
	 "", "abc8Q~short"},
	{"anthropic_key", "use ",
	 "sk-"
	 "ant-api03-abcdefghijklmnop",
	 "", "risk-anticipation"},
	{"openai_key", "use ",
	 "sk-"
	 "proj-abcdefghijklmnop1234",
	 "", "a task-oriented-programming-course-2024"},
	{"github_token", "clone with ",
	 "ghp_"
	 "abcdefghijklmnopqrstuvwxyz0123456789",
	 "", "ghp_short ghost"},
	{"github_token", "",
	 "github_"
	 "pat_11ABCDEFG0abcdefghijkl_mnop",
	 "", "github_pattern"},
	{"gitlab_token", "",
	 "glpat"
	 "-abcdefghij0123456789",
	 "", "glad-handed people"},
	{"slack_token", "",
	 "xoxb"
	 "-1234567890-abcdefghij",
	 "", "xoxo and xox-o-1234567890"},
	{"slack_token", "",
	 "xapp"
	 "-1-A012345-678901-abcdef0123",
	 "", "xapp-1-A"},
	{"slack_hook", "https://hooks.slack.com/services/",
	 "T00000000/B00000000/"
	 "XXXXXXXX",
	 "", "https://hooks.slack.com/help"},
	{"stripe_key", "",
	 "sk_"
	 "live_4eC39HqLyjWDarjtT1zdp7dc",
	 "", "sk_learn_live"},
	{"stripe_key", "",
	 "whsec_"
	 "abcdefghijklmnopqrstuvwx",
	 "", "whsec_no"},
	{"npm_token", "//registry/: ",
	 "npm_"
	 "abcdefghijklmnopqrstuvwxyz0123456789",
	 "", "npm_config_cache"},
	{"pypi_token", "",
	 "pypi-"
	 "AgEIcHlwaS5vcmcCJDEyMzQ1Njc4LTEyMzQtMTIzNC0xMjM0",
	 "", "pypi-server"},
	{"huggingface_token", "",
	 "hf_"
	 "abcdefghijklmnopqrstuvwxyzABCDEF01",
	 "", "hf_hub_download"},
	{"sendgrid_key", "",
	 "SG"
	 ".abcdefghijklmnopqr.stuvwxyz0123456789AB",
	 "", "SG.com"},
	{"twilio_key", "",
	 "SK"
	 "0123456789abcdef0123456789abcdef",
	 "", "SK0123456789abcdef0123456789abcdef0"},
	{"digitalocean_token", "",
	 "dop_"
	 "v1_" HEX40 "0123456789abcdef01234567",
	 "", "dop_v1_abc"},
	{"shopify_token", "",
	 "shpat"
	 "_0123456789abcdef0123456789abcdef",
	 "", "shpat_1"},
	{"databricks_token", "",
	 "dapi"
	 "0123456789abcdef0123456789abcdef",
	 "", "dapiary 0123"},
	{"docker_token", "",
	 "dckr_"
	 "pat_abcdefghijklmnopqrst12",
	 "", "dckr_pat_1"},
	{"vault_token", "",
	 "hvs"
	 ".CAESIabcdefghijklmnopqrst",
	 "", "hvs.short"},
	{"age_key", "",
	 "AGE-SECRET-"
	 "KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8",
	 "", "AGE-SECRET-KEY-1A"},
	{"jwt", "id ",
	 "eyJ"
	 "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_DEF-123",
	 "", "eyJustAWord.eyJ"},
	{"authorization", "-H 'Authorization: Bearer ", "abcdefgh", "'",
	 "authorization is needed: ask"},
	{"bearer", "says Bearer ", "abc123def456ghi", "", "the bearer understandability of it"},
	{"cookie", "Cookie: ", "sid=abcdef; other=12345", "\r\n", "a cookie is sweet"},
	{"url_password", "git clone https://me:", "hunter2", "@example.org/x.git",
	 "http://127.0.0.1:8080/a@b"},
	{"url_token", "https://", "abcdefghijklmnop1234", "@example.org/x.git",
	 "https://example.org/@someone"},
	{"password",
	 "DB_PASS"
	 "WORD=",
	 "hunter2", " make", "max_tokens: 4096, password: str, secret = ${VAULT}"},
	{"password", "run --api-key ", "hunter2", " now", "run --no-token-check --verbose"},
	{"password", "curl -s -u me:", "hunter2", " http://x", "curl -s -o me:file http"},
	{"password", "mysql -h db -p", "hunter2", " shop", "mkdir -p build"},
	{"high_entropy", "the signing key is ", "0123456789abcdef0123456789abcdef", "",
	 "commit " HEX40},
	{"email", "write to ", "hara@mail.example.org", " soon", "git@github.com:a/b react@18.2.0"},
};
enum { N_SAMPLES = sizeof(SAMPLES) / sizeof(SAMPLES[0]) };

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

static const char *clean(const char *text, char *out, size_t size)
{
	const struct bp_redact_request request = {.text = bp_str_from(text),
						  .max_bytes = BP_REDACT_BYTES_MAX};
	bool cut = true;
	struct bp_str is = bp_redact_text(scratch, &request, &cut);

	ck_assert(!cut);
	(void)snprintf(out, size, "%.*s", BP_STR_ARG(is));
	return out;
}

START_TEST(every_pattern_has_a_sample)
{
	ck_assert_uint_eq(N_SAMPLES, bp_redact_patterns_n);
	for (size_t i = 0; i < N_SAMPLES; i++) {
		ck_assert_str_eq(SAMPLES[i].kind, bp_redact_patterns[i].kind);
	}
}
END_TEST

START_TEST(a_secret_vanishes_and_the_rest_stays)
{
	char text[512], is[1024], should[1024];

	(void)snprintf(text, sizeof(text), "%s%s%s", SAMPLES[_i].before, SAMPLES[_i].secret,
		       SAMPLES[_i].after);
	(void)snprintf(should, sizeof(should), "%s[redacted:%s]%s", SAMPLES[_i].before,
		       SAMPLES[_i].kind, SAMPLES[_i].after);
	ck_assert_str_eq(clean(text, is, sizeof(is)), should);
	/* The table's own line for it is needed, or at least does it as well. */
	const char *kind = bp_redact_find(scratch, (struct bp_str){NULL, 0}, bp_str_from(text));
	ck_assert_msg(kind != NULL, "%s", SAMPLES[_i].kind);
	ck_assert_ptr_null(bp_redact_find(scratch, (struct bp_str){NULL, 0}, bp_str_from(is)));
}
END_TEST

START_TEST(harmless_text_stays)
{
	char is[1024];

	ck_assert_str_eq(clean(SAMPLES[_i].harmless, is, sizeof(is)), SAMPLES[_i].harmless);
}
END_TEST

/* What people write: quotes, JSON, YAML, shell, escapes. */
static const char *const PASSWORDS[] = {
	"password=hunter2",
	"password: hunter2",
	"\"password\": \"hunter2\"",
	"{\\\"password\\\": \\\"hunter2\\\"}",
	"'db_password' => 'hunter2 and more hunter2',",
	"PGPASSWORD=hunter2 psql",
	"my.api-key:hunter2;",
	"clientSecret = `hunter2`",
	"--password=hunter2",
	"postgres://app:hunter2@db/x",
	"amqp://:p%40hunter2@mq",
	"const TOKEN='hunter2'",
	"password=\xFFhunter2\xFE",
	"Proxy-Authorization: Basic hunter2",
	"passphrase: \xE3\x83\x91\xE3\x82\xB9hunter2",
};

START_TEST(a_password_is_found_however_it_is_written)
{
	char is[512];

	ck_assert_msg(!strstr(clean(PASSWORDS[_i], is, sizeof(is)), "hunter2"), "%s", is);
	ck_assert_ptr_nonnull(strstr(is, "[redacted:"));
}
END_TEST

START_TEST(paths_go_where_they_may_not_stay)
{
	const char *text =
		"cannot open '/home/ann smith/plan b.txt': see src/lib/a.c, C:\\Users\\ann\\x and "
		"~/notes; 3 of 4 failed";
	struct bp_redact_request request = {
		.text = bp_str_from(text), .max_bytes = 1000, .paths = true};
	bool cut;
	struct bp_str is = bp_redact_text(scratch, &request, &cut);

	ck_assert_msg(bp_str_is(is, "cannot open '[redacted:path]': see [redacted:path], "
				    "[redacted:path] and [redacted:path]; 3 of 4 failed"),
		      "%.*s", BP_STR_ARG(is));
	request.paths = false;
	is = bp_redact_text(scratch, &request, &cut);
	ck_assert(bp_str_is(is, text));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("redact.patterns");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, every_pattern_has_a_sample);
	tcase_add_loop_test(tcase, a_secret_vanishes_and_the_rest_stays, 0, N_SAMPLES);
	tcase_add_loop_test(tcase, harmless_text_stays, 0, N_SAMPLES);
	tcase_add_loop_test(tcase, a_password_is_found_however_it_is_written, 0,
			    sizeof(PASSWORDS) / sizeof(PASSWORDS[0]));
	tcase_add_test(tcase, paths_go_where_they_may_not_stay);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
