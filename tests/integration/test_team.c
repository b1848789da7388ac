/* SPDX-License-Identifier: MIT */
/*
 * test_team.c - anonymized exports: nothing in them names anybody (check_export.py), and `team
 * aggregate` adds two homes up to what both commands said alone.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "parquet/parquet.h"
#include "support/run.h"
#include "support/service.h"

#define CHECKER BP_TEST_SOURCE_DIR "/tests/integration/check_export.py"

static const char *const FORMATS[] = {"jsonl", "json", "csv", "parquet"};

static struct bp_test_home home;
static struct bp_test_output out;
static char folder[BP_TEST_HOME_PATH_BYTES + 8];

/* A tool, a model and an extension that only one company has. */
static void write_acme(void)
{
	static const char lines[] =
		"{\"type\":\"assistant\",\"sessionId\":\"5a3b1e0b-0000-4000-8000-00000000000b\","
		"\"uuid\":\"5a3b1e0b-0001-4000-8000-000000000001\",\"timestamp\":"
		"\"2026-01-09T10:00:00.000Z\",\"cwd\":\"/x/acme\",\"version\":\"2.1.0\","
		"\"requestId\":\"req_acme1\",\"message\":{\"id\":\"msg_acme1\",\"role\":"
		"\"assistant\",\"model\":\"acme-7\",\"content\":[{\"type\":\"tool_use\",\"id\":"
		"\"toolu_acme1\",\"name\":\"AcmeDeploy\",\"input\":{}},{\"type\":\"tool_use\","
		"\"id\":\"toolu_acme2\",\"name\":\"Write\",\"input\":{\"file_path\":"
		"\"/x/acme/plan.acme\",\"content\":\"a\"}}],\"stop_reason\":\"tool_use\",\"usage\":"
		"{\"input_tokens\":1,\"output_tokens\":2}}}\n";
	char path[2 * BP_TEST_HOME_PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/-x/5a3b1e0b-0000-4000-8000-00000000000b.jsonl",
		       home.projects);
	bp_test_write_file(path, lines, sizeof(lines) - 1);
}

static void setup(void)
{
	memset(&out, 0, sizeof(out));
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	(void)snprintf(folder, sizeof(folder), "%s/out", home.root);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	bp_test_copy(BP_TEST_SOURCE_DIR "/examples/claude-code/projects", home.projects);
	write_acme();
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "import", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
}

static void teardown(void)
{
	bp_test_output_done(&out);
	bp_test_home_remove(&home);
}

static const char *in_folder(const char *name)
{
	static char paths[8][2 * BP_TEST_HOME_PATH_BYTES];
	static size_t next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static void anonymize(const char *name)
{
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "export", "--anonymize", "-o", in_folder(name), NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
}

static void refuse(const char *first, const char *second, const char *why)
{
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "team", "aggregate", first, second, NULL);
	ck_assert_msg(out.code == 1, "%s %s: %d", first, second ? second : "", out.code);
	ck_assert_uint_eq(out.out_bytes, 0);
	ck_assert_msg(strstr(out.err, why) != NULL, "%s", out.err);
}

/* What is compressed in a Parquet file, in clear. */
static void inflate(const char *from, const char *to)
{
	struct bp_parquet_reader *reader = NULL;
	struct bp_parquet_value row[64];
	struct bp_err err = {0};
	size_t n = 0, rows = 0;

	ck_assert_ok(bp_parquet_reader_open(in_folder(from), &reader, &err), err);
	(void)bp_parquet_reader_columns(reader, &n);
	ck_assert_uint_le(n, 64);
	bp_test_write_file(in_folder(to), "", 0);
	while (bp_parquet_reader_next(reader, row, &err) == BP_OK) {
		for (size_t i = 0; i < n; i++) {
			if (row[i].text.len > 0) {
				bp_test_append_file(in_folder(to), row[i].text.ptr,
						    row[i].text.len);
				bp_test_append_file(in_folder(to), "\n", 1);
			}
		}
		rows++;
	}
	ck_assert_uint_gt(rows, 0);
	bp_parquet_reader_free(reader);
}

START_TEST(nothing_in_it_names_anybody)
{
	int status = 0;

	for (size_t i = 0; i < sizeof(FORMATS) / sizeof(FORMATS[0]); i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "a.%s", FORMATS[i]);
		anonymize(name);
	}
	anonymize("a.md");
	inflate("a.parquet", "inflated");
	pid_t pid = fork();
	if (pid == 0) {
		(void)execlp("python3", "python3", CHECKER, "names", folder,
			     bp_test_home_file(&home, "telemetry.db"), (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "check_export.py: %d", status);
}
END_TEST

START_TEST(every_format_adds_up_to_the_same)
{
	cJSON *costs = bp_test_cli_json(&home, "costs", "-p", "all", NULL);
	cJSON *metrics = bp_test_cli_json(&home, "metrics", "-p", "all", NULL);

	anonymize("base.jsonl");
	for (size_t i = 0; i < sizeof(FORMATS) / sizeof(FORMATS[0]); i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "a.%s", FORMATS[i]);
		anonymize(name);
		cJSON *team = bp_test_cli_json(&home, "team", "aggregate", in_folder(name),
					       in_folder("base.jsonl"), NULL);
		ck_assert(bp_test_json_number(team, "sources") == 2);
		/* The same home twice: the mean of both is what it says alone. */
		ck_assert_double_eq_tol(bp_test_json_number(team, "mean_per_source.cost_usd"),
					bp_test_json_number(costs, "total.cost_usd"), 1e-9);
		ck_assert(bp_test_json_number(team, "mean_per_source.tokens_output") ==
			  bp_test_json_number(costs, "total.tokens.output"));
		ck_assert(bp_test_json_number(team, "mean_per_source.prompts") ==
			  bp_test_json_number(metrics, "metrics.prompts"));
		ck_assert(bp_test_json_number(team, "mean_per_source.tool_calls_ok") ==
			  bp_test_json_number(metrics, "metrics.tool_calls_ok"));
		ck_assert(bp_test_json_number(team, "mean_per_source.lines_added") ==
			  bp_test_json_number(metrics, "metrics.lines_added"));
		ck_assert(bp_test_json_number(team, "total.prompts") ==
			  2 * bp_test_json_number(metrics, "metrics.prompts"));
		ck_assert_double_eq_tol(bp_test_json_number(team, "total.acceptance_rate"),
					bp_test_json_number(metrics, "metrics.acceptance_rate"),
					1e-9);
		ck_assert_double_eq_tol(bp_test_json_number(team, "total.tool_latency_ms.p50"),
					bp_test_json_number(metrics, "metrics.tool_latency_p50_ms"),
					1e-6);
		cJSON_Delete(team);
	}
	cJSON_Delete(costs);
	cJSON_Delete(metrics);
}
END_TEST

START_TEST(the_order_of_files_means_nothing)
{
	anonymize("a.jsonl");
	anonymize("b.csv");
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "team", "aggregate", in_folder("a.jsonl"), in_folder("b.csv"),
		    "-o", in_folder("ab.json"), NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "team", "aggregate", in_folder("b.csv"), in_folder("a.jsonl"),
		    "-o", in_folder("ba.json"), NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	char *ab = bp_test_read_file(in_folder("ab.json"), NULL);
	char *ba = bp_test_read_file(in_folder("ba.json"), NULL);
	ck_assert_str_eq(ab, ba);
	ck_assert_ptr_nonnull(strstr(ab, "\"by_extension\":[{"));
	free(ab);
	free(ba);
}
END_TEST

START_TEST(what_is_no_team_is_refused)
{
	anonymize("a.jsonl");
	anonymize("b.csv");
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "export", "-o", in_folder("sessions.jsonl"), NULL);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "export", "-o", in_folder("sessions.csv"), NULL);
	bp_test_output_done(&out);
	bp_test_cli(&home, &out, "export", "-o", in_folder("sessions.parquet"), NULL);
	refuse(in_folder("a.jsonl"), NULL, "two or more");
	refuse(in_folder("a.jsonl"), in_folder("a.jsonl"), "same source");
	refuse(in_folder("a.jsonl"), in_folder("sessions.jsonl"), "not an anonymized export");
	refuse(in_folder("a.jsonl"), in_folder("sessions.csv"), "not an anonymized export");
	refuse(in_folder("a.jsonl"), in_folder("sessions.parquet"), "not an anonymized export");
	refuse(in_folder("a.jsonl"), in_folder("nothing"), "there is no file");
	bp_test_write_file(in_folder("empty"), "", 0);
	refuse(in_folder("a.jsonl"), in_folder("empty"), "not an anonymized export");
}
END_TEST

/* A file that was touched: one more member, or a word that no list has. */
START_TEST(a_name_that_was_written_into_it_is_refused)
{
	static const struct {
		const char *from, *to;
	} touched[] = {{"\"claude_code\"", "\"alices-project\""},
		       {"\"row\":\"day\"", "\"row\":\"day\",\"user\":\"alice\""},
		       {"\"sessions\":", "\"sessions\":-"},
		       {"\"model_calls\":null", "\"model_calls\":5"},
		       {"\"date\":\"2026-01-05\"", "\"date\":\"2026-01-05T09:00\""}};

	anonymize("a.jsonl");
	anonymize("b.jsonl");
	char *text = bp_test_read_file(in_folder("b.jsonl"), NULL);
	for (size_t i = 0; i < sizeof(touched) / sizeof(touched[0]); i++) {
		const char *at = strstr(text, touched[i].from);
		char changed[128 * 1024];
		ck_assert_msg(at != NULL, "%s", touched[i].from);
		int n = snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text,
				 touched[i].to, at + strlen(touched[i].from));
		ck_assert(n > 0 && (size_t)n < sizeof(changed));
		bp_test_write_file(in_folder("b.jsonl"), changed, (size_t)n);
		refuse(in_folder("a.jsonl"), in_folder("b.jsonl"), "anonymized export");
	}
	free(text);
}
END_TEST

BP_TEST_MAIN(setup, teardown, nothing_in_it_names_anybody, every_format_adds_up_to_the_same,
	     the_order_of_files_means_nothing, what_is_no_team_is_refused,
	     a_name_that_was_written_into_it_is_refused)
