/* SPDX-License-Identifier: MIT */
/*
 * bench_service - a whole service as it runs all day: bar 12, first half, and bar 13: memory and
 * CPU at rest with 500 watched files; bar 14 and bar 4, second half: a transcript line until it is
 * in a fact and until `blueplane metrics` shows it, a hook event until it is in a fact; bar 20: CPU
 * at 100 events a second.
 *
 * Usage: bench_service [seconds of each CPU measure]
 */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "bench/bench.h"
#include "bench/history.h"
#include "bench/service.h"
#include "store/sqlite.h"

enum {
	FILES = 500,
	SAMPLES = 100,
	CPU_SECONDS = 25,
	EVENTS_A_SECOND = 100,
	LIVE_FILES = 5,
	OUTPUT_MAX = 1 << 20,
	CACHE_BYTES = 1 << 20
};

#define WAIT_S 10.0

struct world {
	struct bench_service service;
	struct bp_sql *sql;
	int live[LIVE_FILES]; /* transcripts that grow */
	char session[LIVE_FILES][40];
	uint64_t lines;        /* appended so far */
	int64_t history_lines; /* in the transcripts that were there at the start */
	int cpu_seconds;
};

static bool failed(const char *what)
{
	(void)fprintf(stderr, "bench_service: %s\n", what);
	return false;
}

static int64_t number(struct bp_sql *sql, const char *text)
{
	struct bp_statement *select = NULL;
	int64_t value = -1;

	if (bp_statement_new(sql, text, &select, NULL) == BP_OK &&
	    bp_statement_step(select, NULL) == BP_OK) {
		value = bp_column_int(select, 0);
	}
	bp_statement_free(select);
	return value;
}

static void pause_us(long us)
{
	struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	(void)ppoll(NULL, 0, &pause, NULL);
}

/* --- a home with 500 transcripts --- */

static bool make_files(struct world *world)
{
	const struct history_options options = {.seed = 13,
						.line_bytes = 1200,
						.end_us = bp_clock_wall_us() -
							  INT64_C(2) * 86400 * 1000000,
						.days = 60};
	struct history *history = history_new(&options);
	char path[BENCH_PATH_BYTES * 2];
	bool ok = true;

	while (ok && history_totals(history)->files < FILES - LIVE_FILES) {
		ok = history_write(history, world->service.projects, 1);
	}
	(void)snprintf(path, sizeof(path), "%s/-home-dev-work-lantern", world->service.projects);
	ok = ok && bp_file_make_dirs(path, 0700, NULL) == BP_OK;
	for (size_t i = 0; i < LIVE_FILES && ok; i++) {
		(void)snprintf(world->session[i], sizeof(world->session[i]),
			       "dddddddd-0000-4000-8000-%012zu", i + 1);
		(void)snprintf(path, sizeof(path), "%s/-home-dev-work-lantern/%s.jsonl",
			       world->service.projects, world->session[i]);
		world->live[i] = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		ok = world->live[i] >= 0;
	}
	bench_note("%zu transcripts of %.1f MB are watched",
		   history_totals(history)->files + LIVE_FILES,
		   (double)history_totals(history)->bytes / 1e6);
	world->history_lines = (int64_t)history_totals(history)->lines;
	history_free(history);
	return ok || failed("cannot write transcripts");
}

/** Append one prompt to the i-th live transcript. Returns when, negative when it failed. */
static double append(struct world *world, size_t i)
{
	struct bp_buf line;

	bp_buf_init(&line, 1 << 16);
	history_prompt(&line, world->session[i], ++world->lines, bp_clock_wall_us());
	double start = bench_now();
	ssize_t n = write(world->live[i], line.ptr, line.len);
	bool ok = n >= 0 && (size_t)n == line.len;
	bp_buf_done(&line);
	return ok ? start : -1;
}

/* --- bars 12 and 13 --- */

static bool idle(struct world *world)
{
	enum { SETTLE_MS = 5000 };

	/* What was started by the import comes to rest: no event tells when. */
	(void)poll(NULL, 0, SETTLE_MS);
	double service = bench_cpu_fine_of(world->service.pid);
	double redis = bench_cpu_fine_of(world->service.redis_pid);
	double start = bench_now();
	(void)poll(NULL, 0, world->cpu_seconds * 1000);
	double seconds = bench_now() - start;
	service = (bench_cpu_fine_of(world->service.pid) - service) / seconds * 100;
	redis = (bench_cpu_fine_of(world->service.redis_pid) - redis) / seconds * 100;
	(void)bench_at_most("13", "CPU at rest, 500 watched files, service", service, 0.2,
			    "% of a core");
	bench_note("Redis at rest: %.3f %% of a core (its own clock ticks 10 times a second)",
		   redis);
	return service > 0;
}

static void memory(const struct world *world, const char *when)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "memory at rest, %s, service", when);
	(void)bench_at_most("12", what, bench_memory_of(world->service.pid, "VmRSS"), 25, "MB");
	(void)snprintf(what, sizeof(what), "memory at rest, %s, Redis", when);
	(void)bench_at_most("12", what, bench_memory_of(world->service.redis_pid, "VmRSS"), 20,
			    "MB");
	bench_note("of it not shared with files: service %.1f MB, Redis %.1f MB",
		   bench_memory_of(world->service.pid, "RssAnon"),
		   bench_memory_of(world->service.redis_pid, "RssAnon"));
}

/* --- bars 4 and 14 --- */

/** Wait until the statement gives wanted. Returns when, negative: it did not. */
static double wait_number(struct bp_statement *select, int64_t wanted)
{
	double until = bench_now() + WAIT_S;

	for (;;) {
		int64_t got =
			bp_statement_step(select, NULL) == BP_OK ? bp_column_int(select, 0) : -1;
		bp_statement_reset(select);
		double now = bench_now();
		if (got == wanted) {
			return now;
		}
		if (now > until) {
			return -1;
		}
		pause_us(200);
	}
}

static const char SELECT_TURNS[] = "SELECT count(*) FROM conversation_turns"
				   " WHERE ts_us > ?1 AND from_line = ?2";

static bool line_to_fact(struct world *world)
{
	static double ms[SAMPLES];
	struct bp_statement *select = NULL;
	int64_t since_us = bp_clock_wall_us() - 1;
	bool ok = bp_statement_new(world->sql, SELECT_TURNS, &select, NULL) == BP_OK;

	for (size_t i = 0; i < SAMPLES && ok; i++) {
		bp_bind_int(select, 1, since_us);
		bp_bind_int(select, 2, 1);
		double start = append(world, i % LIVE_FILES);
		double seen = start > 0 ? wait_number(select, (int64_t)i + 1) : -1;
		ok = seen > 0;
		ms[i] = (seen - start) * 1e3;
		pause_us(10000 + (long)(i * 7919 % 40) * 1000); /* not in step with any timer */
	}
	bp_statement_free(select);
	if (!ok) {
		return failed("a transcript line did not become a fact");
	}
	(void)bench_at_most("14", "transcript line written, to fact, p95 of 100",
			    bench_percentile(ms, SAMPLES, 0.95), 100, "ms");
	bench_note("p50 %.1f ms, the most %.1f ms", bench_percentile(ms, SAMPLES, 0.5),
		   bench_percentile(ms, SAMPLES, 1));
	return true;
}

/** What `blueplane metrics -p 1h --json` counts as prompts; -1: it failed. */
static int64_t shown_prompts(const struct world *world)
{
	struct bp_buf text;
	char name[] = "blueplane";
	char command[] = "metrics";
	char option[] = "-p";
	char period[] = "1h";
	char form[] = "--json";
	char *argv[] = {name, command, option, period, form, NULL};
	int64_t n = -1;

	bp_buf_init(&text, OUTPUT_MAX);
	if (bench_service_run(&world->service, argv, NULL, &text)) {
		cJSON *report = cJSON_ParseWithLength(text.ptr, text.len);
		const cJSON *prompts = cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(report, "metrics"), "prompts");
		n = cJSON_IsNumber(prompts) ? (int64_t)prompts->valuedouble : -1;
		cJSON_Delete(report);
	}
	bp_buf_done(&text);
	return n;
}

static bool line_to_metrics(struct world *world)
{
	static double ms[SAMPLES];
	static double process_ms[SAMPLES];
	int64_t before = shown_prompts(world);

	for (size_t i = 0; i < SAMPLES; i++) {
		double start = append(world, i % LIVE_FILES);
		double asked = start;
		int64_t shown = before;
		while (start > 0 && shown == before && bench_now() - start < WAIT_S) {
			asked = bench_now();
			shown = shown_prompts(world);
		}
		if (shown != before + 1) {
			return failed("a transcript line did not show in metrics");
		}
		before = shown;
		ms[i] = (bench_now() - start) * 1e3;
		process_ms[i] = (bench_now() - asked) * 1e3;
		pause_us(10000 + (long)(i * 7919 % 40) * 1000);
	}
	(void)bench_at_most("4", "transcript line to `metrics --json`, p95 of 100",
			    bench_percentile(ms, SAMPLES, 0.95), 250, "ms");
	bench_note("p50 %.1f ms, the most %.1f ms; one `blueplane metrics` takes %.1f ms",
		   bench_percentile(ms, SAMPLES, 0.5), bench_percentile(ms, SAMPLES, 1),
		   bench_median(process_ms, SAMPLES));
	return true;
}

static bool write_hook(const char *path, uint64_t n)
{
	FILE *file = fopen(path, "we");
	bool ok = file &&
		  fprintf(file,
			  "{\"session_id\":\"cccccccc-0000-4000-8000-000000000001\","
			  "\"transcript_path\":\"/home/dev/.claude/projects/x/y.jsonl\",\"cwd\":"
			  "\"/home/dev/work/lantern\",\"prompt_id\":"
			  "\"%08llx-0000-4000-8000-000000000009\",\"permission_mode\":\"default\","
			  "\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":\"go on %llu\"}",
			  (unsigned long long)n, (unsigned long long)n) > 0;

	return file && fclose(file) == 0 && ok;
}

static bool hook_to_fact(struct world *world)
{
	static double ms[SAMPLES];
	char path[BENCH_PATH_BYTES];
	char name[] = "blueplane-hook";
	char option[] = "--home";
	char *argv[] = {name, option, world->service.home, NULL};
	struct bp_statement *select = NULL;
	int64_t since_us = bp_clock_wall_us() - 1;
	bool ok = bp_statement_new(world->sql, SELECT_TURNS, &select, NULL) == BP_OK;

	(void)snprintf(path, sizeof(path), "%s/hook.json", world->service.folder);
	for (size_t i = 0; i < SAMPLES && ok; i++) {
		bp_bind_int(select, 1, since_us);
		bp_bind_int(select, 2, 0);
		ok = write_hook(path, i + 1);
		double start = bench_now();
		ok = ok && bench_service_run(&world->service, argv, path, NULL);
		double seen = ok ? wait_number(select, (int64_t)i + 1) : -1;
		ok = seen > 0;
		ms[i] = (seen - start) * 1e3;
		pause_us(10000 + (long)(i * 7919 % 40) * 1000);
	}
	bp_statement_free(select);
	if (!ok) {
		return failed("a hook event did not become a fact");
	}
	(void)bench_at_most("14", "hook started, to fact, p95 of 100",
			    bench_percentile(ms, SAMPLES, 0.95), 100, "ms");
	bench_note("p50 %.1f ms, the most %.1f ms", bench_percentile(ms, SAMPLES, 0.5),
		   bench_percentile(ms, SAMPLES, 1));
	return true;
}

/* --- bar 20 --- */

static bool steady(struct world *world)
{
	int n = world->cpu_seconds * EVENTS_A_SECOND;
	int64_t before = number(world->sql, "SELECT count(*) FROM claude_row");
	double service = bench_cpu_fine_of(world->service.pid);
	double redis = bench_cpu_fine_of(world->service.redis_pid);
	double start = bench_now();

	for (int i = 0; i < n; i++) {
		double wait = start + (double)i / EVENTS_A_SECOND - bench_now();
		if (wait > 0) {
			pause_us((long)(wait * 1e6));
		}
		if (append(world, (size_t)i % LIVE_FILES) < 0) {
			return failed("cannot append");
		}
	}
	double seconds = bench_now() - start;
	service = (bench_cpu_fine_of(world->service.pid) - service) / seconds * 100;
	redis = (bench_cpu_fine_of(world->service.redis_pid) - redis) / seconds * 100;
	if (!bench_service_settle(&world->service) ||
	    number(world->sql, "SELECT count(*) FROM claude_row") != before + n) {
		return failed("not every line became a row");
	}
	(void)bench_at_most("20", "CPU at 100 lines/s, service", service, 5, "% of a core");
	(void)bench_at_most("20", "CPU at 100 lines/s, service and Redis", service + redis, 5,
			    "% of a core");
	return true;
}

/** Wait until every line that is there is a row, and every number final. */
static bool settle(struct world *world)
{
	enum { LIMIT_S = 60, POLL_MS = 50 };
	double until = bench_now() + LIMIT_S;
	int64_t rows = -1;

	while (rows != world->history_lines && bench_now() < until) {
		(void)poll(NULL, 0, POLL_MS);
		rows = number(world->sql, "SELECT count(*) FROM claude_row");
	}
	return (rows == world->history_lines && bench_service_settle(&world->service)) ||
	       failed("the service does not come to rest");
}

static bool run(struct world *world)
{
	struct bp_err err = {0};

	if (!bench_service_start(&world->service, false)) {
		return false;
	}
	(void)poll(NULL, 0, 2000);
	memory(world, "empty");
	bench_service_stop(&world->service);
	if (!make_files(world) || !bench_service_start(&world->service, false)) {
		return false;
	}
	if (bp_sql_open(world->service.database, BP_SQL_READ, CACHE_BYTES, &world->sql, &err) !=
	    BP_OK) {
		return failed(err.msg);
	}
	if (!settle(world) || !idle(world)) {
		return false;
	}
	memory(world, "500 watched files");
	return line_to_fact(world) && line_to_metrics(world) && hook_to_fact(world) &&
	       steady(world);
}

int main(int argc, char **argv)
{
	static struct world world = {.cpu_seconds = CPU_SECONDS};

	if (argc > 1 && (sscanf(argv[1], "%d", &world.cpu_seconds) != 1 || world.cpu_seconds < 1)) {
		(void)fprintf(stderr, "usage: bench_service [seconds of each CPU measure]\n");
		return 2;
	}
	if (!bench_service_make(&world.service, BENCH_BIN_DIR)) {
		return EXIT_FAILURE;
	}
	bench_machine(world.service.folder);
	bool ok = run(&world);
	bp_sql_close(world.sql);
	bench_service_remove(&world.service);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
