/* SPDX-License-Identifier: MIT */
/*
 * test_totals_agree.c - one history, asked in every way: costs by each grouping, metrics by each
 * grouping, exports, the query layer and the stored rollups. All totals are what the history was
 * written with, in three zones, over the night when Europe's clocks go forward.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/line.h"
#include "base/tz.h"
#include "event/timestamp.h"
#include "query/bucket_code.h"
#include "query/costs.h"
#include "query/database.h"
#include "query/totals.h"
#include "store/store.h"
#include "support/number.h"
#include "support/run.h"
#include "support/service.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
/* 2026-03-29T01:00:00Z: in Berlin 02:00 becomes 03:00. */
#define SPRING INT64_C(1774746000000000)

enum { CALLS = 420, SESSIONS = 7, STEP_S = 787, PATH_BYTES = 700 };

static const char SINCE[] = "2026-03-26", UNTIL[] = "2026-03-31";
static const char *const ZONES[] = {"UTC", "Europe/Berlin", "Asia/Kathmandu"};
enum { ZONE_COUNT = sizeof(ZONES) / sizeof(ZONES[0]) };

/* One response, as the history has it. */
struct call {
	int64_t ts_us, input, output, write_5m, write_1h, read;
	int session;
};

static struct bp_test_home home;
static struct call calls[CALLS];

/* --- the history --- */

static const char *const MODELS[] = {"claude-sonnet-4-5-20250929", "claude-opus-4-8",
				     "claude-haiku-4-5-20251001", "model-without-price"};

static void session_id(char out[40], int session)
{
	(void)snprintf(out, 40, "a92ee000-0000-4000-8000-%012d", session);
}

/* Fixed numbers that look like none: the same history in every run. */
static int64_t scatter(int i, int64_t below)
{
	uint64_t x = (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15);
	x ^= x >> 29;
	x *= UINT64_C(0xBF58476D1CE4E5B9);
	return (int64_t)((x >> 33) % (uint64_t)below);
}

static void make_calls(void)
{
	for (int i = 0; i < CALLS; i++) {
		bool is_long = i % 29 == 0; /* over 200 000: the two rules differ */
		calls[i] = (struct call){
			.ts_us = SPRING + ((int64_t)i - CALLS / 2) * STEP_S * SECOND +
				 scatter(i, 1000) * 1000,
			.input = scatter(5 * i + 1, 900),
			.output = scatter(5 * i + 2, 3000),
			.write_5m = scatter(5 * i + 3, 20000),
			.write_1h = i % 3 ? 0 : scatter(5 * i + 4, 9000),
			.read = is_long ? 210000 + scatter(i, 90000) : scatter(5 * i + 5, 150000),
			.session = (int)scatter(i, SESSIONS),
		};
	}
}

/* Every fifth call is of a sub-agent; a call of session 1 stands in session 2's file too. */
static void add_line(struct bp_buf *out, int i, int session)
{
	const struct call *call = &calls[i];
	char id[40], stamp[BP_TIMESTAMP_BYTES];

	session_id(id, session);
	(void)bp_timestamp_format(call->ts_us, stamp);
	bp_buf_printf(out,
		      "{\"sessionId\":\"%s\",\"cwd\":\"/home/sample/project%d\",\"version\":"
		      "\"2.1.0\",\"isSidechain\":%s%s%s,\"timestamp\":\"%s\",\"uuid\":"
		      "\"a92ee111-0000-4000-8000-%012d\",\"type\":\"assistant\",\"requestId\":"
		      "\"req_%d\",\"message\":{\"id\":\"msg_agree_%d\",\"role\":\"assistant\","
		      "\"model\":\"%s\",\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_%d\","
		      "\"name\":\"%s\",\"input\":{}}],",
		      id, call->session % 3, i % 5 == 4 ? "true" : "false",
		      i % 5 == 4 ? ",\"agentId\":\"helper" : "",
		      i % 5 == 4 ? (i % 2 ? "1\"" : "2\"") : "", stamp, i, i, i, MODELS[i % 4], i,
		      i % 2 ? "Read" : "Bash");
	bp_buf_printf(out,
		      "\"usage\":{\"input_tokens\":%" PRId64 ",\"output_tokens\":%" PRId64
		      ",\"cache_read_input_tokens\":%" PRId64
		      ",\"cache_creation_input_tokens\":%" PRId64
		      ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":%" PRId64
		      ",\"ephemeral_1h_input_tokens\":%" PRId64 "}}}}\n",
		      call->input, call->output, call->read, call->write_5m + call->write_1h,
		      call->write_5m, call->write_1h);
}

static void write_history(void)
{
	for (int session = 0; session < SESSIONS; session++) {
		char id[40], path[PATH_BYTES];
		struct bp_buf text;

		bp_buf_init(&text, (size_t)CALLS * 2048);
		session_id(id, session);
		for (int i = 0; i < CALLS; i++) {
			if (calls[i].session == session ||
			    (session == 2 && calls[i].session == 1)) {
				add_line(&text, i, session);
			}
		}
		(void)snprintf(path, sizeof(path), "%s/-home-sample-project%d/%s.jsonl",
			       home.projects, session % 3, id);
		bp_test_write_file(path, text.ptr, text.len);
		bp_buf_done(&text);
	}
}

static void setup(void)
{
	struct bp_test_output out;

	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	make_calls();
	write_history();
	bp_test_cli(&home, &out, "import", NULL);
	ck_assert_msg(out.code == 0, "%s", out.err);
	bp_test_output_done(&out);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

/* --- what is right --- */

struct sums {
	int64_t input, output, write_5m, write_1h, read, calls;
};

/* The offset of a zone at a time, by hand: not with the code that is tested. */
static int64_t offset_us(const char *zone, int64_t ts_us)
{
	if (strcmp(zone, "Europe/Berlin") == 0) {
		return ts_us < SPRING ? HOUR : 2 * HOUR;
	}
	return strcmp(zone, "Asia/Kathmandu") == 0 ? 5 * HOUR + 45 * MINUTE : 0;
}

/* The days of March 26 to 31 in the zone; day: 26..31, 0 for all of them. */
static struct sums expected(const char *zone, int day)
{
	struct sums sums = {0};

	for (int i = 0; i < CALLS; i++) {
		const struct call *call = &calls[i];
		/* 2026-03-01T00:00:00Z */
		int64_t since =
			call->ts_us + offset_us(zone, call->ts_us) - INT64_C(1772323200000000);
		int at = (int)(since / (24 * HOUR)) + 1;
		if (day ? at != day : at < 26 || at > 31) {
			continue;
		}
		sums.input += call->input;
		sums.output += call->output;
		sums.write_5m += call->write_5m;
		sums.write_1h += call->write_1h;
		sums.read += call->read;
		sums.calls++;
	}
	return sums;
}

static int64_t total_of(const struct sums *sums)
{
	return sums->input + sums->output + sums->write_5m + sums->write_1h + sums->read;
}

static int64_t whole(const cJSON *root, const char *path)
{
	return llround(bp_test_json_number(root, path));
}

/* Money in nano-dollars, as JSON's double holds it exactly enough. */
static int64_t nano(const cJSON *root, const char *path)
{
	const cJSON *item = bp_test_json_at(root, path);

	return cJSON_IsNumber(item) ? llround(item->valuedouble * 1e9) : 0;
}

static void same(const char *what, const char *zone, int64_t a, int64_t b)
{
	ck_assert_msg(a == b, "%s, %s: %" PRId64 " is not %" PRId64, what, zone, a, b);
}

/* Each row is rounded to a nano-dollar by its double: n rows may be off by n halves. */
static void same_money(const char *what, const char *zone, int64_t a, int64_t b, int n)
{
	int64_t off = a > b ? a - b : b - a;

	ck_assert_msg(off <= n, "%s, %s: %" PRId64 " n$ is not %" PRId64 " n$", what, zone, a, b);
}

/* --- costs --- */

static cJSON *ask_costs(const char *zone, const char *by, const char *compat)
{
	return bp_test_cli_json(&home, "costs", "--since", SINCE, "--until", UNTIL, "--timezone",
				zone, "--by", by, "--compat", compat, NULL);
}

static void check_tokens(const char *what, const char *zone, const cJSON *tokens,
			 const struct sums *right)
{
	same(what, zone, whole(tokens, "input"), right->input);
	same(what, zone, whole(tokens, "output"), right->output);
	same(what, zone, whole(tokens, "cache_write_5m"), right->write_5m);
	same(what, zone, whole(tokens, "cache_write_1h"), right->write_1h);
	same(what, zone, whole(tokens, "cache_read"), right->read);
	same(what, zone, whole(tokens, "total"), total_of(right));
}

/* The total in nano-dollars. */
static int64_t check_costs(const char *zone, const char *by, const char *compat)
{
	cJSON *costs = ask_costs(zone, by, compat);
	struct sums right = expected(zone, 0), rows = {0};
	int64_t money = 0;
	int n = 0;
	const cJSON *row;

	check_tokens(by, zone, bp_test_json_at(costs, "total.tokens"), &right);
	same(by, zone, whole(costs, "total.model_calls"), right.calls);
	cJSON_ArrayForEach (row, bp_test_json_at(costs, "rows")) {
		rows.input += whole(row, "tokens.input");
		rows.output += whole(row, "tokens.output");
		rows.write_5m += whole(row, "tokens.cache_write_5m");
		rows.write_1h += whole(row, "tokens.cache_write_1h");
		rows.read += whole(row, "tokens.cache_read");
		rows.calls += whole(row, "model_calls");
		money += nano(row, "cost_usd");
		n++;
	}
	ck_assert_int_gt(n, 0);
	check_tokens(by, zone, bp_test_json_at(costs, "total.tokens"), &rows);
	same(by, zone, rows.calls, right.calls);
	int64_t total = nano(costs, "total.cost_usd");
	same_money(by, zone, money, total, n);
	cJSON_Delete(costs);
	return total;
}

START_TEST(costs_are_the_same_by_whatever_they_are_grouped)
{
	int64_t ours[ZONE_COUNT], theirs[ZONE_COUNT];

	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		for (size_t i = 0; bp_costs_by_names[i]; i++) {
			int64_t a = check_costs(ZONES[zone], bp_costs_by_names[i], "ours");
			int64_t b = check_costs(ZONES[zone], bp_costs_by_names[i], "ccusage");
			ours[zone] = i ? ours[zone] : a;
			theirs[zone] = i ? theirs[zone] : b;
			same("ours", ZONES[zone], a, ours[zone]);
			same("ccusage's", ZONES[zone], b, theirs[zone]);
		}
		/* Long contexts cost more by the published rule. */
		ck_assert_int_gt(ours[zone], theirs[zone]);
	}
}
END_TEST

START_TEST(a_day_is_the_zones_day_over_the_change_of_clocks)
{
	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		cJSON *costs = ask_costs(ZONES[zone], "day", "ours");
		const cJSON *row;
		cJSON_ArrayForEach (row, bp_test_json_at(costs, "rows")) {
			int day = (int)bp_test_number(bp_test_json_text(row, "key") + 8, 0);
			struct sums right = expected(ZONES[zone], day);
			check_tokens("day", ZONES[zone], bp_test_json_at(row, "tokens"), &right);
		}
		cJSON_Delete(costs);
	}
}
END_TEST

/* --- metrics --- */

START_TEST(metrics_are_the_same_by_whatever_they_are_grouped)
{
	static const char *const groups[] = {"platform", "project", "model", "hour", "day"};

	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		struct sums right = expected(ZONES[zone], 0);
		int64_t money = check_costs(ZONES[zone], "model", "ours");
		cJSON *all = bp_test_cli_json(&home, "metrics", "--since", SINCE, "--until", UNTIL,
					      "--timezone", ZONES[zone], NULL);
		same("metrics", ZONES[zone], whole(all, "metrics.tokens_total"), total_of(&right));
		same("metrics", ZONES[zone], nano(all, "metrics.cost_usd"), money);
		int64_t tools = whole(all, "metrics.tool_calls");
		ck_assert_int_gt(tools, 0);
		cJSON_Delete(all);
		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
			cJSON *by = bp_test_cli_json(&home, "metrics", "--since", SINCE, "--until",
						     UNTIL, "--timezone", ZONES[zone], "--group-by",
						     groups[i], NULL);
			int64_t tokens = 0, cost = 0, calls_of_tools = 0;
			const cJSON *row;
			int n = 0;
			cJSON_ArrayForEach (row, bp_test_json_at(by, "groups")) {
				tokens += whole(row, "metrics.tokens_total");
				cost += nano(row, "metrics.cost_usd");
				calls_of_tools += whole(row, "metrics.tool_calls");
				n++;
			}
			same(groups[i], ZONES[zone], tokens, total_of(&right));
			same_money(groups[i], ZONES[zone], cost, money, n);
			if (strcmp(groups[i], "model") != 0) { /* a tool has no model */
				same(groups[i], ZONES[zone], calls_of_tools, tools);
			}
			cJSON_Delete(by);
		}
	}
}
END_TEST

/* --- exports --- */

/* Sums a number over the lines of an export. Money: in nano-dollars. */
static int64_t sum_export(const char *what, const char *zone, const char *member, bool money)
{
	struct bp_test_output out;
	int64_t sum = 0;

	bp_test_cli(&home, &out, "export", "--what", what, "-f", "jsonl", "--start", SINCE, "--end",
		    UNTIL, "--timezone", zone, NULL);
	ck_assert_msg(out.code == 0, "export %s: %s", what, out.err);
	struct bp_str rest = bp_str_make(out.out, out.out_bytes), line;
	while (bp_line_next(&rest, &line)) {
		cJSON *row = cJSON_ParseWithLength(line.ptr, line.len);
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, member);
		ck_assert_msg(item != NULL, "%s has no %s", what, member);
		sum += cJSON_IsNumber(item) ? llround(item->valuedouble * (money ? 1e9 : 1)) : 0;
		cJSON_Delete(row);
	}
	bp_test_output_done(&out);
	return sum;
}

START_TEST(exports_are_the_same)
{
	for (int zone = 0; zone < ZONE_COUNT; zone++) {
		struct sums right = expected(ZONES[zone], 0);
		int64_t money = check_costs(ZONES[zone], "day", "ours");
		int64_t theirs = check_costs(ZONES[zone], "day", "ccusage");

		same("costs", ZONES[zone], sum_export("costs", ZONES[zone], "tokens_total", false),
		     total_of(&right));
		same_money("costs", ZONES[zone], sum_export("costs", ZONES[zone], "cost_usd", true),
			   money, CALLS);
		same("metrics", ZONES[zone],
		     sum_export("metrics", ZONES[zone], "tokens_total", false), total_of(&right));
		same("model_calls", ZONES[zone],
		     sum_export("model_calls", ZONES[zone], "tokens_cache_read", false),
		     right.read);
		same_money("model_calls", ZONES[zone],
			   sum_export("model_calls", ZONES[zone], "cost_usd", true), money, CALLS);
		same_money("model_calls, ccusage's", ZONES[zone],
			   sum_export("model_calls", ZONES[zone], "compat_cost_usd", true), theirs,
			   CALLS);
	}
}
END_TEST

/* --- the query layer, and what is stored --- */

static int64_t ask_number(struct bp_sql *sql, const char *text)
{
	struct bp_statement *statement = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_statement_new(sql, text, &statement, &err), err);
	ck_assert_ok(bp_statement_step(statement, &err), err);
	int64_t value = bp_column_int(statement, 0);
	bp_statement_free(statement);
	return value;
}

/* The stored sums of a table at a span (BP_SPAN_*), added up. */
static struct bp_bucket_sums stored(struct bp_sql *sql, const char *table, int span)
{
	struct bp_statement *statement = NULL;
	struct bp_bucket_sums all = {0};
	struct bp_err err = {0};
	char text[128];
	enum bp_rc rc;

	(void)snprintf(text, sizeof(text), "SELECT sums FROM %s WHERE span = %d", table, span);
	ck_assert_ok(bp_statement_new(sql, text, &statement, &err), err);
	for (rc = bp_statement_step(statement, &err); rc == BP_OK;
	     rc = bp_statement_step(statement, &err)) {
		struct bp_bucket_sums sums = {0};
		ck_assert_ok(bp_bucket_sums_decode(&sums, bp_column_blob(statement, 0), &err), err);
		bp_bucket_sums_add(&all, &sums);
	}
	ck_assert_rc(rc, BP_ENOTFOUND);
	bp_statement_free(statement);
	return all;
}

/* Whole months hold the history, so every span holds all of it. */
START_TEST(rollups_of_every_span_hold_the_same)
{
	static const struct {
		const char *table;
		int span;
	} rows[] = {{"rollups", 0}, {"rollups", 1},         {"rollups", 2},        {"rollups", 3},
		    {"rollups", 4}, {"session_rollups", 0}, {"session_rollups", 1}};
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};
	int64_t tokens = 0;

	for (int i = 0; i < CALLS; i++) {
		const struct call *c = &calls[i];
		tokens += c->input + c->output + c->write_5m + c->write_1h + c->read;
	}
	ck_assert_ok(bp_query_open(bp_test_home_file(&home, "telemetry.db"), &sql, &err), err);
	int64_t cost = ask_number(sql, "SELECT sum(cost_pusd) FROM model_calls");
	int64_t compat = ask_number(sql, "SELECT sum(compat_pusd) FROM model_calls");
	ck_assert_int_gt(cost, compat);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bp_bucket_sums sums = stored(sql, rows[i].table, rows[i].span);
		same("tokens", rows[i].table,
		     sums.input + sums.output + sums.cache_write_5m + sums.cache_write_1h +
			     sums.cache_read,
		     tokens);
		same("model calls", rows[i].table, sums.model_calls, CALLS);
		same("cost", rows[i].table, sums.cost_pusd, cost);
		same("ccusage's cost", rows[i].table, sums.compat_pusd, compat);
	}
	same("conversations", "cost", ask_number(sql, "SELECT sum(cost_pusd) FROM conversations"),
	     cost);
	bp_sql_close(sql);
}
END_TEST

/* Every cut of the history in two, at odd instants: both halves make the whole. */
START_TEST(a_period_cut_anywhere_makes_two_that_add_up)
{
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};
	struct bp_tz *tz = NULL;
	const struct bp_filter everything = {0};
	int64_t cost;

	ck_assert_ok(bp_tz_load("Europe/Berlin", &tz, &err), err);
	ck_assert_ok(bp_query_open(bp_test_home_file(&home, "telemetry.db"), &sql, &err), err);
	cost = ask_number(sql, "SELECT sum(cost_pusd) FROM model_calls");
	for (int i = 0; i < 40; i++) {
		int64_t cut = SPRING + (i - 20) * (3 * HOUR + 7 * MINUTE + 13 * SECOND);
		const struct bp_period halves[] = {
			{.from_us = BP_TIME_FIRST, .until_us = cut, .tz = tz},
			{.from_us = cut, .until_us = BP_TIME_LAST, .tz = tz}};
		int64_t of_costs = 0, of_totals = 0;
		for (int k = 0; k < 2; k++) {
			struct bp_costs_question by_session = {.period = &halves[k],
							       .filter = &everything,
							       .by = BP_COSTS_SESSION};
			struct bp_totals_question by_project = {.period = &halves[k],
								.filter = &everything,
								.by = BP_GROUP_PROJECT,
								.as_of_us = SPRING};
			struct bp_costs costs = {0};
			struct bp_groups groups = {0};
			ck_assert_ok(bp_costs_read(sql, &by_session, &costs, &err), err);
			ck_assert_ok(bp_totals_read(sql, &by_project, &groups, &err), err);
			for (size_t n = 0; n < costs.n; n++) {
				of_costs += costs.rows[n].cost.cost_pusd;
			}
			for (size_t n = 0; n < groups.n; n++) {
				of_totals += groups.items[n]->totals.sums.cost_pusd;
			}
			bp_costs_done(&costs);
			bp_groups_done(&groups);
		}
		same("two halves by session", "cut", of_costs, cost);
		same("two halves by project", "cut", of_totals, cost);
	}
	bp_sql_close(sql);
	bp_tz_free(tz);
}
END_TEST

BP_TEST_MAIN(setup, teardown, costs_are_the_same_by_whatever_they_are_grouped,
	     a_day_is_the_zones_day_over_the_change_of_clocks,
	     metrics_are_the_same_by_whatever_they_are_grouped, exports_are_the_same,
	     rollups_of_every_span_hold_the_same, a_period_cut_anywhere_makes_two_that_add_up)
