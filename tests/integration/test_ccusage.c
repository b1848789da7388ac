/* SPDX-License-Identifier: MIT */
/*
 * Against ccusage 20.0.20: the same tokens and, by its rules, the same cost, by model and by day; and
 * where it differs, the rule that says why. It comes from npm (tests/npm, pinned there); histories,
 * what they hold and an independent reading of them come from ../shared/tools. A test without what
 * it needs says so and passes. Later versions count streams without a request id more than once.
 *
 * BLUEPLANE_TEST_HISTORIES="50MB:1 500MB:2 2GB:3" are sizes and seeds for a long run.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sqlite.h"
#include "support/npm.h"
#include "support/run.h"
#include "support/service.h"

#define SHARED BP_TEST_SOURCE_DIR "/../shared/"
static const char CCUSAGE[] = "node_modules/@ccusage/ccusage-linux-x64/bin/ccusage";
/* With reported costs and gateways; forks, copies and fast mode; replays. */
static const char HISTORIES[] = "3MB:3 3MB:9 3MB:30";

enum { ROWS_MAX = 1000, REPLAY_TOKENS = 30000 }; /* what a generated replay reads more */

static const double USD = 1e12;
static const double NEAR_USD = 1e-6; /* theirs are sums of doubles */

static struct bp_test_home home;
static struct bp_sql *sql;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	sql = NULL;
}

static void teardown(void)
{
	bp_sql_close(sql);
	bp_test_home_remove(&home);
}

/* --- what each of them says --- */

struct sums {
	char key[160]; /* model, or day */
	int64_t input, output, cache_write, cache_read;
	double usd;
};

struct table {
	struct sums rows[ROWS_MAX];
	size_t n;
};

static struct table ours, theirs;

static struct sums *row_of(struct table *table, const char *key)
{
	for (size_t i = 0; i < table->n; i++) {
		if (strcmp(table->rows[i].key, key) == 0) {
			return &table->rows[i];
		}
	}
	ck_assert_uint_lt(table->n, ROWS_MAX);
	struct sums *row = &table->rows[table->n++];
	*row = (struct sums){.input = 0};
	(void)snprintf(row->key, sizeof(row->key), "%s", key);
	return row;
}

static int64_t whole(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : 0;
}

#define BY_MODEL "model || CASE WHEN speed = 'fast' THEN '-fast' ELSE '' END"
#define BY_DAY "strftime('%Y-%m-%d', ts_us / 1000000, 'unixepoch')"
#define SELECT_SUMS(by)                                                                            \
	"SELECT " by ", sum(input), sum(output), sum(cache_write_5m + cache_write_1h),"            \
	" sum(cache_read), coalesce(sum(compat_pusd), 0) FROM model_calls GROUP BY 1"

static void read_ours(const char *select)
{
	struct bp_err err = {0};
	struct bp_statement *statement = NULL;
	char key[160];

	if (!sql) {
		ck_assert_ok(bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ,
					 1 << 24, &sql, &err),
			     err);
	}
	ours.n = 0;
	ck_assert_ok(bp_statement_new(sql, select, &statement, &err), err);
	while (bp_statement_step(statement, &err) == BP_OK) {
		(void)snprintf(key, sizeof(key), "%.*s", BP_STR_ARG(bp_column_text(statement, 0)));
		struct sums *row = row_of(&ours, key);
		row->input = bp_column_int(statement, 1);
		row->output = bp_column_int(statement, 2);
		row->cache_write = bp_column_int(statement, 3);
		row->cache_read = bp_column_int(statement, 4);
		row->usd = (double)bp_column_int(statement, 5) / USD;
	}
	bp_statement_free(statement);
}

static int64_t number(const char *select, const char *text)
{
	struct bp_err err = {0};
	struct bp_statement *statement = NULL;

	ck_assert_ok(bp_statement_new(sql, select, &statement, &err), err);
	if (text) {
		bp_bind_text(statement, 1, bp_str_from(text));
	}
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return value;
}

/** oracle_claude.py: "models" or "days". What is not a model's answer is no call here. */
static void read_oracle(const cJSON *oracle, const char *group)
{
	const cJSON *item = NULL;

	theirs.n = 0;
	cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(oracle, group)) {
		if (strcmp(item->string, "<synthetic>") == 0) {
			continue;
		}
		struct sums *row = row_of(&theirs, item->string);
		row->input = whole(item, "input");
		row->output = whole(item, "output");
		row->cache_write = whole(item, "cache_write_5m") + whole(item, "cache_write_1h");
		row->cache_read = whole(item, "cache_read");
		row->usd = cJSON_GetObjectItemCaseSensitive(item, "cost")->valuedouble;
	}
}

static void add_breakdown(const char *key, const cJSON *item)
{
	struct sums *row = row_of(&theirs, key);

	row->input += whole(item, "inputTokens");
	row->output += whole(item, "outputTokens");
	row->cache_write += whole(item, "cacheCreationTokens");
	row->cache_read += whole(item, "cacheReadTokens");
	row->usd += cJSON_GetObjectItemCaseSensitive(item, "cost")->valuedouble;
}

/** ccusage daily --json, by model or by day. */
static void read_daily(const cJSON *daily, bool by_model)
{
	const cJSON *day = NULL;
	const cJSON *item = NULL;

	theirs.n = 0;
	cJSON_ArrayForEach (day, cJSON_GetObjectItemCaseSensitive(daily, "daily")) {
		const char *period = bp_test_json_text(day, "period");
		cJSON_ArrayForEach (item,
				    cJSON_GetObjectItemCaseSensitive(day, "modelBreakdowns")) {
			add_breakdown(by_model ? bp_test_json_text(item, "modelName") : period,
				      item);
		}
	}
}

/* --- running things --- */

/** `env ARGS...`: one JSON object on its standard output. */
static cJSON *run_json(const char *const *args)
{
	struct bp_test_output out;

	bp_test_run_program(&home, "/usr/bin/env", args, NULL, 0, &out);
	ck_assert_msg(out.code == 0, "%s %s: %d: %s", args[0], args[1], out.code, out.err);
	cJSON *json = cJSON_Parse(out.out);
	ck_assert_msg(json != NULL, "%s %s: %.200s", args[0], args[1], out.out);
	bp_test_output_done(&out);
	return json;
}

static bool have_tools(void)
{
	const char *const args[] = {"python3", "--version", NULL};
	struct bp_test_output out;

	if (access(SHARED "tools/gen_claude_history.py", R_OK) != 0) {
		(void)printf("skipped: no generator of histories at '%s'\n", SHARED "tools");
		return false;
	}
	bp_test_run_program(&home, "/usr/bin/env", args, NULL, 0, &out);
	bool found = out.code == 0;
	bp_test_output_done(&out);
	if (!found) {
		(void)printf("skipped: there is no python3\n");
	}
	return found;
}

/** The program's path, or NULL: then there is nothing to compare with. */
static const char *find_ccusage(void)
{
	if (!bp_test_npm(BP_TEST_SOURCE_DIR, BP_TEST_BIN_DIR)) {
		return NULL;
	}
	const char *path = bp_test_npm_file(CCUSAGE);
	/* Without install scripts it is not executable yet. */
	if (chmod(path, 0755) != 0) {
		(void)printf("skipped: npm has no ccusage for this machine\n");
		return NULL;
	}
	return path;
}

static cJSON *run_ccusage(const char *path)
{
	/* Its home is the test's, so that nothing else is read. */
	const char *const args[] = {path,         "daily", "--offline", "--json",
				    "--timezone", "UTC",   NULL};

	return run_json(args);
}

static void generate(const char *size, const char *seed)
{
	const char *const args[] = {"python3", SHARED "tools/gen_claude_history.py",
				    "--size",  size,
				    "--seed",  seed,
				    "--out",   home.user,
				    NULL};

	cJSON_Delete(run_json(args));
}

static void import(void)
{
	struct bp_test_output out;

	bp_test_cli(&home, &out, "import", home.projects, NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
}

static cJSON *read_truth(void)
{
	char path[BP_TEST_HOME_PATH_BYTES + 16];

	(void)snprintf(path, sizeof(path), "%s/truth.json", home.user);
	char *text = bp_test_read_file(path, NULL);
	ck_assert_ptr_nonnull(text);
	cJSON *truth = cJSON_Parse(text);
	free(text);
	ck_assert_ptr_nonnull(truth);
	return truth;
}

/* --- comparing --- */

static bool near(double a, double b, double far)
{
	return fabs(a - b) <= far + NEAR_USD;
}

/** Everything equal, row by row. */
static void check_models(const char *who)
{
	double total = 0;
	double expected = 0;

	ck_assert_uint_eq(ours.n, theirs.n);
	for (size_t i = 0; i < theirs.n; i++) {
		const struct sums *b = &theirs.rows[i];
		const struct sums *a = row_of(&ours, b->key);
		ck_assert_msg(a->input == b->input && a->output == b->output &&
				      a->cache_write == b->cache_write &&
				      a->cache_read == b->cache_read,
			      "%s, %s: %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
			      ", not %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
			      who, b->key, a->input, a->output, a->cache_write, a->cache_read,
			      b->input, b->output, b->cache_write, b->cache_read);
		ck_assert_msg(near(a->usd, b->usd, 0), "%s, %s: %.9f USD, not %.9f", who, b->key,
			      a->usd, b->usd);
		total += a->usd;
		expected += b->usd;
	}
	ck_assert_msg(near(total, expected, 0), "%s: %.9f USD, not %.9f", who, total, expected);
	(void)printf("%s: %zu models, %.8f USD, equal\n", who, theirs.n, total);
}

/*
 * Rule day_of_the_kept_line: a response whose lines stand on both sides of midnight is of the day of
 * its first line here, of the line it keeps there. By so much two days may differ, and no more.
 */
static void check_days(const char *who)
{
	static const char OF_BOTH[] =
		"SELECT coalesce(sum(compat_pusd), 0) FROM model_calls WHERE"
		" strftime('%Y-%m-%d', ts_us / 1000000, 'unixepoch')"
		" <> strftime('%Y-%m-%d', ts_last_us / 1000000, 'unixepoch') AND ?1 IN"
		" (strftime('%Y-%m-%d', ts_us / 1000000, 'unixepoch'),"
		" strftime('%Y-%m-%d', ts_last_us / 1000000, 'unixepoch'))";
	size_t exact = 0;

	for (size_t i = 0; i < theirs.n; i++) {
		const struct sums *b = &theirs.rows[i];
		const struct sums *a = row_of(&ours, b->key);
		double both = (double)number(OF_BOTH, b->key) / USD;
		ck_assert_msg(near(a->usd, b->usd, both),
			      "%s, %s: %.9f USD, not %.9f; %.9f are of two days", who, b->key,
			      a->usd, b->usd, both);
		if (both == 0) {
			ck_assert_msg(a->input == b->input && a->output == b->output &&
					      a->cache_write == b->cache_write &&
					      a->cache_read == b->cache_read,
				      "%s, %s: tokens differ", who, b->key);
			exact++;
		}
	}
	ck_assert_uint_gt(theirs.n, 0);
	(void)printf("%s: %zu of %zu days have no response of two days, and are equal\n", who,
		     exact, theirs.n);
}

/*
 * Rule replay_of_a_side_line: a side file that replays a sub-agent's answer cannot be told from that
 * answer's own lines, so the larger one counts; ccusage does the same. A replay reads
 * REPLAY_TOKENS more; nothing else may differ from what was generated.
 */
static void check_truth(const cJSON *truth)
{
	const cJSON *item = NULL;
	int64_t replays = 0;
	size_t n = 0;

	cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(truth, "models")) {
		char key[160];
		const char *bar = strchr(item->string, '|');
		(void)snprintf(key, sizeof(key), "%.*s%s",
			       bar ? (int)(bar - item->string) : (int)strlen(item->string),
			       item->string, bar ? "-fast" : "");
		const struct sums *row = row_of(&ours, key);
		int64_t more = row->cache_read - whole(item, "cache_read");
		ck_assert_msg(row->input == whole(item, "input") &&
				      row->output == whole(item, "output") &&
				      row->cache_write == whole(item, "cache_write_5m") +
								  whole(item, "cache_write_1h"),
			      "%s: tokens are not what was generated", key);
		ck_assert_msg(more >= 0 && more % REPLAY_TOKENS == 0,
			      "%s: %" PRId64 " tokens read too much", key, more);
		replays += more / REPLAY_TOKENS;
		n++;
	}
	ck_assert_uint_eq(n, ours.n);
	const cJSON *stats = cJSON_GetObjectItemCaseSensitive(truth, "stats");
	ck_assert_int_le(replays, whole(stats, "replayed_sidechain"));
	const cJSON *total = cJSON_GetObjectItemCaseSensitive(truth, "total");
	ck_assert_int_eq(number("SELECT count(*) FROM model_calls", NULL), whole(total, "calls"));
	(void)printf("truth: %" PRId64 " calls, equal but for %" PRId64 " replays of side lines\n",
		     whole(total, "calls"), replays);
}

static void compare_history(const char *size, const char *seed)
{
	char config[BP_TEST_HOME_PATH_BYTES + 16];

	generate(size, seed);
	import();
	(void)snprintf(config, sizeof(config), "%s", home.user);
	const char *const args[] = {"python3", SHARED "tools/oracle_claude.py", config, NULL};
	cJSON *truth = read_truth();
	cJSON *oracle = run_json(args);

	(void)printf("history %s, seed %s\n", size, seed);
	read_ours(SELECT_SUMS(BY_MODEL));
	check_truth(truth);
	read_oracle(oracle, "models");
	check_models("oracle_claude.py");
	read_ours(SELECT_SUMS(BY_DAY));
	read_oracle(oracle, "days");
	check_days("oracle_claude.py");
	cJSON_Delete(oracle);
	cJSON_Delete(truth);
	const char *program = find_ccusage();
	if (!program) {
		return;
	}
	cJSON *daily = run_ccusage(program);
	read_ours(SELECT_SUMS(BY_MODEL));
	read_daily(daily, true);
	check_models("ccusage");
	read_ours(SELECT_SUMS(BY_DAY));
	read_daily(daily, false);
	check_days("ccusage");
	cJSON_Delete(daily);
}

START_TEST(generated_histories_have_the_same_tokens_and_cost)
{
	const char *wanted = getenv("BLUEPLANE_TEST_HISTORIES");
	char size[32];
	char seed[32];
	int used = 0;

	if (!have_tools()) {
		return;
	}
	for (const char *at = wanted ? wanted : HISTORIES;
	     sscanf(at, " %31[^: ]:%31[0-9]%n", size, seed, &used) == 2; at += used) {
		compare_history(size, seed);
		teardown();
		setup();
	}
}
END_TEST

/* --- by hand: where it is wrong --- */

#define HEAD                                                                                       \
	"{\"type\":\"assistant\",\"sessionId\":\"00000000-0000-4000-8000-000000000001\","          \
	"\"cwd\":\"/w\",\"version\":\"2.1.328\",\"timestamp\":\"2026-05-01T10:00:00.000Z\","
#define MESSAGE(id, model, content)                                                                \
	"\"requestId\":\"req_" id "\",\"message\":{\"id\":\"msg_" id "\",\"model\":\"" model       \
	"\",\"role\":\"assistant\",\"content\":[" content "],"
#define TOKENS(input, output)                                                                      \
	"\"input_tokens\":" input ",\"output_tokens\":" output                                     \
	",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0"
#define LINE(uuid, id, model, content, usage)                                                      \
	HEAD "\"uuid\":\"" uuid "\",\"isSidechain\":false," MESSAGE(id, model, content) usage "}}" \
											      "\n"

/* Each line has an input of its own, a power of two: a sum says which lines were counted. */
static const char SESSION[] =
	/* nothing special */
	LINE("u1", "a", "claude-opus-4-8", "", "\"usage\":{" TOKENS("1", "1") "}")
	/* null_key: a tool's input has one of its keys, with null */
	LINE("u2", "b", "claude-opus-4-8",
	     "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"Task\",\"input\":{\"id\":null}}",
	     "\"usage\":{" TOKENS("2", "1") "}")
	/* spaced_usage: JSON with a space after the colon */
	LINE("u3", "c", "claude-opus-4-8", "", "\"usage\": {" TOKENS("4", "1") "}")
	/* unknown_model: tokens for both; a cost of 0 there, none here */
	LINE("u4", "d", "unheard-of-1", "", "\"usage\":{" TOKENS("8", "1") "}")
	/* reported_first: by its rules what the line says goes before what is computed */
	HEAD "\"uuid\":\"u7\",\"isSidechain\":false,\"costUSD\":0.5," MESSAGE(
		"f", "claude-opus-4-8",
		"") "\"usage\":{" TOKENS("32",
					 "1") "}}}\n"
	/* copy_beats_agent: its sub-agent's line is complete, this copy of it is not */
	HEAD "\"uuid\":\"u5\",\"isSidechain\":false,\"type\":\"progress\",\"data\":{\"type\":"
					      "\"agent_progress\",\"agentId\":\"a1\",\"message\":{"
					      "\"type\":\"assistant\","
					      "\"timestamp\":\"2026-05-01T10:00:00.000Z\"," MESSAGE(
						      "e", "claude-opus-4-8",
						      "") "\"usage\":{" TOKENS("16", "1") "}}}}}\n";
static const char AGENT[] = HEAD "\"uuid\":\"u6\",\"isSidechain\":true,\"agentId\":\"a1\"," MESSAGE(
	"e", "claude-opus-4-8", "") "\"usage\":{" TOKENS("16", "1000") "}}}\n";

static void write_traps(void)
{
	char path[2 * BP_TEST_HOME_PATH_BYTES];
	static const char SESSION_FILE[] = "-w/00000000-0000-4000-8000-000000000001";

	(void)snprintf(path, sizeof(path), "%s/%s.jsonl", home.projects, SESSION_FILE);
	bp_test_write_file(path, SESSION, sizeof(SESSION) - 1);
	(void)snprintf(path, sizeof(path), "%s/%s/subagents/agent-a1.jsonl", home.projects,
		       SESSION_FILE);
	bp_test_write_file(path, AGENT, sizeof(AGENT) - 1);
}

START_TEST(lines_that_it_drops_are_counted_here)
{
	const char *program = find_ccusage();

	write_traps();
	import();
	read_ours(SELECT_SUMS(BY_MODEL));
	const struct sums *opus = row_of(&ours, "claude-opus-4-8");
	ck_assert_int_eq(opus->input, 1 + 2 + 4 + 16 + 32);
	ck_assert_int_eq(opus->output, 1 + 1 + 1 + 1000 + 1);
	/* By its rules; the one that reported: by ours 32 x 5 + 25, USD per million. */
	ck_assert(near(opus->usd, 0.5 + (23 * 5 + 1003 * 25) / 1e6, 0));
	ck_assert_int_eq(number("SELECT cost_pusd FROM model_calls WHERE input = 32", NULL),
			 185000000);
	ck_assert_int_eq(row_of(&ours, "unheard-of-1")->input, 8);
	ck_assert_int_eq(number("SELECT count(*) FROM model_calls WHERE cost_pusd IS NULL", NULL),
			 1);
	if (!program) {
		return;
	}
	cJSON *daily = run_ccusage(program);
	read_daily(daily, true);
	const struct sums *theirs_opus = row_of(&theirs, "claude-opus-4-8");
	/* null_key and spaced_usage are lost; copy_beats_agent loses 999 tokens of output. */
	ck_assert_int_eq(theirs_opus->input, 1 + 16 + 32);
	ck_assert_int_eq(theirs_opus->output, 1 + 1 + 1);
	ck_assert(near(theirs_opus->usd, 0.5 + (17 * 5 + 2 * 25) / 1e6, 0));
	ck_assert_int_eq(row_of(&theirs, "unheard-of-1")->input, 8);
	ck_assert(near(row_of(&theirs, "unheard-of-1")->usd, 0, 0));
	cJSON_Delete(daily);
}
END_TEST

/* --- what people published --- */

/* Where ccusage's figures of ../shared/data/real/claude-code differ, and by how much. */
static const struct {
	const char *model;
	const char *rule;
	int64_t output; /* more tokens here */
	double usd;     /* more here */
} known[] = {
	{"claude-haiku-4-5-20251001", "copy_beats_agent", 2664, 2664 * 5e-6},
	{"glm-5.1", "price_of_another_list", 0, -0.15868964},
};

static void copy_real(const char *from)
{
	char to[2 * BP_TEST_HOME_PATH_BYTES];

	(void)snprintf(to, sizeof(to), "%s/-real", home.projects);
	bp_test_copy(from, to);
}

START_TEST(public_sessions_differ_only_by_rule)
{
	const char *data = getenv("BLUEPLANE_REAL_DATA");
	char *from = bp_asprintf("%s/real/claude-code", data ? data : SHARED "data");
	bool there = access(from, R_OK) == 0;

	if (!there) {
		(void)printf("skipped: no public data at '%s' (set BLUEPLANE_REAL_DATA)\n", from);
	} else {
		copy_real(from);
	}
	free(from);
	const char *program = there ? find_ccusage() : NULL;
	if (!program) {
		return;
	}
	import();
	read_ours(SELECT_SUMS(BY_MODEL));
	cJSON *daily = run_ccusage(program);
	read_daily(daily, true);
	cJSON_Delete(daily);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct sums *row = row_of(&theirs, known[i].model);
		ck_assert_msg(row_of(&ours, known[i].model)->output - row->output ==
				      known[i].output,
			      "%s: %s", known[i].model, known[i].rule);
		row->output += known[i].output;
		row->usd += known[i].usd;
	}
	check_models("ccusage on public sessions");
}
END_TEST

BP_TEST_MAIN(setup, teardown, generated_histories_have_the_same_tokens_and_cost,
	     lines_that_it_drops_are_counted_here, public_sessions_differ_only_by_rule)
