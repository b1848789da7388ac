/* SPDX-License-Identifier: MIT */
/*
 * bench_query - bars 8, 9, 19 and 22: how long each report takes, whole process, on a large history,
 * beside a program that only starts; its CPU and memory; queries of eight at once; how fast `export
 * --what events` streams, in how much memory. Beside them `ccusage daily --offline --json` on the
 * same history in the same run, when $BENCH_CCUSAGE names it.
 *
 * Usage: bench_query [MB of history | folder with .claude/projects in it]
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "bench/bench.h"
#include "bench/ccusage.h"
#include "bench/history.h"
#include "bench/service.h"
#include "store/sqlite.h"
#include "support/number.h"

enum {
	MB_DEFAULT = 100,
	RUNS = 50,
	RUNS_LEAST = 5, /* of a report that takes too long for more */
	SECONDS_MAX = 4,
	WARM = 3,
	WORDS_MAX = 12,
	DAY_BYTES = 16,
	CACHE_BYTES = 4 << 20,
	OUTPUT_MAX = 64 << 20,
	AT_ONCE = 8,
	EACH = 25,
	CCUSAGE_RUNS = 3
};

struct world {
	struct bench_service service;
	char history[BENCH_PATH_BYTES]; /* the folder with .claude in it */
	char status_input[BENCH_PATH_BYTES];
	double rows;
	double start_cpu_ms;           /* of a program that only starts */
	double costs_ms, costs_cpu_ms; /* of the first report, which ccusage has, too */
	/* The history's own last day and the first of the 7, 30 and 90 that end with it; the day
	 * with the most tool calls; the session with the most; two anonymized exports. */
	char last_day[DAY_BYTES], day_7[DAY_BYTES], day_30[DAY_BYTES], day_90[DAY_BYTES];
	char busiest_day[DAY_BYTES];
	char session[64];
	char mine[BENCH_PATH_BYTES], yours[BENCH_PATH_BYTES];
};

/* One command of `blueplane`, its words divided by blanks; those in capitals stand for what this
 * history has, see struct world. */
struct report {
	const char *line;
	const char *bar;
	double p50, p95, p99; /* ms; 0: no such bar */
	bool status_input;    /* reads what an assistant gives its status line */
	bool may_find;        /* exit code 1 is an answer: it found something */
};

#define REPORT(line)                                                                               \
	{                                                                                          \
		line, "8", 15, 50, 0, false, false                                                 \
	}
#define SESSION_REPORT(line)                                                                       \
	{                                                                                          \
		line, "8", 50, 0, 0, false, false                                                  \
	}

static const struct report REPORTS[] = {
	{"costs -p all", "8", 15, 50, 100, false, false},
	{"costs -p all --by day --json", "8", 15, 50, 100, false, false},
	{"statusline", "9", 10, 0, 0, true, false},
	REPORT("costs -p all --by model"),
	REPORT("costs -p all --by project"),
	REPORT("costs -p all --by session"),
	REPORT("costs -p all --by session --json"),
	REPORT("costs -p all --by agent"),
	REPORT("costs -p all --by hour"),
	REPORT("costs -p all --by hour --json"),
	REPORT("costs -p all --by week"),
	REPORT("costs -p all --by month"),
	REPORT("costs -p all --by platform"),
	REPORT("costs -p all --reported"),
	REPORT("costs -p all --compat ccusage"),
	REPORT("costs -p all --format chart"),
	REPORT("costs -p all -f csv"),
	REPORT("costs -p all --blocks"),
	REPORT("costs -p all --blocks --json"),
	REPORT("costs --blocks"),
	REPORT("costs -s SESSION"),
	REPORT("metrics"),
	REPORT("metrics -p all"),
	REPORT("metrics -p all --all --json"),
	REPORT("metrics --since DAY_30 --until LAST_DAY --trends"),
	REPORT("metrics -p all --group-by day"),
	REPORT("metrics -p all --group-by hour"),
	REPORT("metrics -p all --group-by project"),
	REPORT("metrics --since DAY_90 --until LAST_DAY --group-by project"),
	REPORT("metrics -p all --group-by model"),
	REPORT("metrics -p all --group-by tool"),
	REPORT("metrics -p all --group-by platform"),
	REPORT("metrics -p all --format chart"),
	REPORT("metrics -s SESSION"),
	REPORT("sessions"),
	REPORT("sessions --sort cost"),
	REPORT("sessions --sort tokens -n 1000 --json"),
	REPORT("sessions --min-cost 1 --min-acceptance 0.5"),
	REPORT("sessions --since DAY_30 --until LAST_DAY"),
	SESSION_REPORT("analyze last"),
	SESSION_REPORT("analyze SESSION"),
	SESSION_REPORT("analyze SESSION --json"),
	SESSION_REPORT("analyze SESSION --timeline"),
	SESSION_REPORT("analyze SESSION --tools"),
	SESSION_REPORT("analyze SESSION --files"),
	SESSION_REPORT("analyze SESSION --insights"),
	REPORT("stats"),
	REPORT("stats --days 30"),
	REPORT("stats --since BUSIEST_DAY --until BUSIEST_DAY"),
	REPORT("stats --since DAY_7 --until LAST_DAY"),
	REPORT("stats --since DAY_30 --until LAST_DAY"),
	REPORT("stats --since DAY_30 --until LAST_DAY --json"),
	REPORT("stats -p all"),
	REPORT("insights"),
	REPORT("insights -p all"),
	REPORT("insights --since DAY_30 --until LAST_DAY"),
	REPORT("insights --since DAY_90 --until LAST_DAY --json"),
	REPORT("insights -s SESSION"),
	REPORT("search alpha"),
	REPORT("search ext:py tool:Edit"),
	REPORT("search model:claude* -n 1000"),
	REPORT("top --once"),
	REPORT("export --what costs -f json"),
	REPORT("export --what sessions -f csv"),
	REPORT("team aggregate MINE YOURS"),
	REPORT("status"),
	REPORT("privacy show"),
	REPORT("config list"),
	REPORT("archive list"),
	REPORT("dlq list"),
	REPORT("db schema"),
	REPORT("help costs"),
	{"guard", "8", 15, 50, 0, true, false},
	{"doctor", "8", 15, 50, 0, false, true},
};

/* What takes as long as there is history: said, without a bar. */
static const struct report WHOLE[] = {
	{"export --anonymize -f json", "", 0, 0, 0, false, false},
	{"export --what tool_calls -f csv", "", 0, 0, 0, false, false},
	{"archive --before DAY_30 --dry-run", "", 0, 0, 0, false, false},
	{"privacy audit", "", 0, 0, 0, false, true},
	{"db verify", "", 0, 0, 0, false, false},
};

/* What a word in capitals stands for, else the word itself. */
static char *word_of(struct world *world, char *word)
{
	const struct {
		const char *name;
		char *value;
	} names[] = {
		{"LAST_DAY", world->last_day}, {"BUSIEST_DAY", world->busiest_day},
		{"DAY_7", world->day_7},       {"DAY_30", world->day_30},
		{"DAY_90", world->day_90},     {"SESSION", world->session},
		{"MINE", world->mine},         {"YOURS", world->yours},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i].name) == 0) {
			return names[i].value;
		}
	}
	return word;
}

/* The exit code; usage may be NULL. */
static int run_line(struct world *world, const char *line, bool status_input, struct rusage *usage)
{
	char words[256];
	char name[] = "blueplane";
	char *argv[WORDS_MAX + 1] = {name};
	size_t n = 1;

	(void)snprintf(words, sizeof(words), "%s", line);
	for (char *at = words; *at && n < WORDS_MAX; n++) {
		char *word = at;
		at += strcspn(at, " ");
		if (*at) {
			*at++ = '\0';
		}
		argv[n] = word_of(world, word);
	}
	argv[n] = NULL;
	return bench_service_run_used(&world->service, argv,
				      status_input ? world->status_input : NULL, NULL, usage);
}

/* --- reports --- */

/* Of one command, run again and again. */
struct runs {
	double ms[RUNS], cpu_ms[RUNS];
	double memory_mb; /* the most */
	size_t n;
};

static double cpu_ms(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1e3 +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e3;
}

static bool run_again(struct world *world, const struct report *report, struct runs *out)
{
	double begin = bench_now();

	*out = (struct runs){0};
	for (size_t i = 0; i < WARM + RUNS; i++) {
		struct rusage usage = {0};
		double start = bench_now();
		if (out->n >= RUNS_LEAST && start - begin > SECONDS_MAX) {
			break;
		}
		int code = run_line(world, report->line, report->status_input, &usage);
		if (code != 0 && !(report->may_find && code == 1)) {
			bench_note("%s: not there, or it failed (code %d)", report->line, code);
			return false;
		}
		if (i >= WARM) {
			double mb = (double)usage.ru_maxrss * 1024 / 1e6;
			out->cpu_ms[out->n] = cpu_ms(&usage);
			out->ms[out->n++] = (bench_now() - start) * 1e3;
			out->memory_mb = mb > out->memory_mb ? mb : out->memory_mb;
		}
	}
	return true;
}

static void measure_report(struct world *world, const struct report *report)
{
	const struct {
		const char *name;
		double at, limit;
	} bars[] = {
		{"p50", 0.50, report->p50}, {"p95", 0.95, report->p95}, {"p99", 0.99, report->p99}};
	struct runs runs;
	char what[96];

	if (!run_again(world, report, &runs)) {
		return;
	}
	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		if (bars[i].limit > 0) {
			(void)snprintf(what, sizeof(what), "%s, %s", report->line, bars[i].name);
			(void)bench_at_most(report->bar, what,
					    bench_percentile(runs.ms, runs.n, bars[i].at),
					    bars[i].limit, "ms");
		}
	}
	double cpu = bench_percentile(runs.cpu_ms, runs.n, 0);
	bench_note("%s: CPU %.1f ms, %.1f x starting; %.0f MB", report->line, cpu,
		   cpu / world->start_cpu_ms, runs.memory_mb);
	if (report == &REPORTS[0]) {
		world->costs_ms = bench_percentile(runs.ms, runs.n, 0.5);
		world->costs_cpu_ms = cpu;
	}
}

/* What bounds every report: a program of this size that starts, says a word and ends. */
static bool measure_start(struct world *world)
{
	static const struct report version = {.line = "version"};
	struct runs runs;

	if (!run_again(world, &version, &runs)) {
		return false;
	}
	world->start_cpu_ms = bench_percentile(runs.cpu_ms, runs.n, 0);
	bench_note("starting alone (`version`): p50 %.2f ms, CPU %.2f ms, %.0f MB",
		   bench_percentile(runs.ms, runs.n, 0.5), world->start_cpu_ms, runs.memory_mb);
	return world->start_cpu_ms > 0;
}

static void measure_whole(struct world *world)
{
	for (size_t i = 0; i < sizeof(WHOLE) / sizeof(WHOLE[0]); i++) {
		struct rusage usage = {0};
		double start = bench_now();
		int code = run_line(world, WHOLE[i].line, false, &usage);
		double seconds = bench_now() - start;
		if (code != 0 && !(WHOLE[i].may_find && code == 1)) {
			bench_note("%s: it failed (code %d)", WHOLE[i].line, code);
		} else {
			bench_note("%s: %.2f s, %.0f rows of history a second, %.0f MB",
				   WHOLE[i].line, seconds, world->rows / seconds,
				   (double)usage.ru_maxrss * 1024 / 1e6);
		}
	}
}

/* --- eight at once --- */

static bool measure_at_once(struct world *world)
{
	static const char *const lines[] = {"costs -p 30d --json", "metrics --json",
					    "sessions -n 20 --json", "status --json"};
	enum { LINES = sizeof(lines) / sizeof(lines[0]) };
	pid_t children[AT_ONCE];
	bool ok = true;
	double start = bench_now();

	for (int i = 0; i < AT_ONCE; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			for (int k = 0; k < EACH; k++) {
				ok = run_line(world, lines[(i + k) % LINES], false, NULL) == 0 &&
				     ok;
			}
			_exit(ok ? 0 : 1);
		}
	}
	for (int i = 0; i < AT_ONCE; i++) {
		int status = 1;
		ok = children[i] > 0 && waitpid(children[i], &status, 0) == children[i] &&
		     status == 0 && ok;
	}
	(void)bench_at_least("19", "queries of the command line, 8 at once",
			     AT_ONCE * EACH / (bench_now() - start), 100, "/s");
	return ok;
}

/* --- export --- */

/* Seconds of one export to nowhere; *out_mb: the most memory it had. */
static double export_events(const struct world *world, const char *format, double *out_mb)
{
	char home[BENCH_PATH_BYTES];
	char program[BENCH_PATH_BYTES];
	struct rusage usage = {0};
	int status = 1;

	(void)snprintf(home, sizeof(home), "%s", world->service.home);
	(void)snprintf(program, sizeof(program), "%s/blueplane", world->service.bin);
	double start = bench_now();
	pid_t pid = fork();
	if (pid == 0) {
		int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		(void)dup2(nowhere, STDOUT_FILENO);
		(void)setenv("BLUEPLANE_HOME", home, 1);
		(void)execl(program, "blueplane", "export", "--what", "events", "-f", format,
			    (char *)NULL);
		_exit(127);
	}
	bool ok = pid > 0 && wait4(pid, &status, 0, &usage) == pid && status == 0;
	*out_mb = (double)usage.ru_maxrss * 1024 / 1e6;
	return ok ? bench_now() - start : -1;
}

static bool measure_export(const struct world *world)
{
	static const char *const others[] = {"json", "csv", "markdown", "parquet"};
	double runs[BENCH_RUNS];
	double most = 0, mb = 0;

	for (int i = 0; i < BENCH_RUNS; i++) {
		runs[i] = export_events(world, "jsonl", &mb);
		if (runs[i] < 0) {
			return false;
		}
		most = mb > most ? mb : most;
	}
	(void)bench_at_least("22", "export --what events, jsonl",
			     world->rows / bench_median(runs, BENCH_RUNS), 200000, "rows/s");
	(void)bench_at_most("22", "its memory, whatever the history's size", most, 64, "MB");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		double seconds = export_events(world, others[i], &mb);
		if (seconds < 0) {
			return false;
		}
		bench_note("%s: %.0f rows/s, %.0f MB", others[i], world->rows / seconds, mb);
	}
	return true;
}

/* --- ccusage --- */

static void measure_ccusage(const struct world *world)
{
	struct rusage usage = {0};
	double seconds = bench_ccusage(world->history, world->service.folder, CCUSAGE_RUNS, &usage);

	if (seconds > 0) {
		bench_note(
			"ccusage 20.0.20 daily --offline --json, same history: p50 %.0f ms, %.0f x "
			"`costs -p all`; CPU %.0f ms, %.0f x; %.0f MB",
			seconds * 1000, seconds * 1000 / world->costs_ms, cpu_ms(&usage),
			cpu_ms(&usage) / world->costs_cpu_ms, (double)usage.ru_maxrss * 1024 / 1e6);
	} else {
		bench_note(seconds < 0 ? "ccusage: it failed, nothing beside"
				       : "ccusage: not here, and npm could not install it: nothing "
					 "beside");
	}
}

/* --- the history --- */

static bool make_history(struct world *world, size_t mb)
{
	const struct history_options options = {.seed = 3,
						.line_bytes = 4096,
						.end_us = (int64_t)time(NULL) * 1000000,
						.days = 180};
	char projects[BENCH_PATH_BYTES + 32];
	struct history *history = history_new(&options);

	(void)snprintf(world->history, sizeof(world->history), "%s/history", world->service.folder);
	(void)snprintf(projects, sizeof(projects), "%s/.claude/projects", world->history);
	bool ok = bp_file_make_dirs(projects, 0700, NULL) == BP_OK &&
		  history_write(history, projects, mb * 1000000);
	history_free(history);
	return ok;
}

/* Import it and wait until every number is final; how many rows there are. */
static bool import(struct world *world)
{
	char command[BENCH_PATH_BYTES + 32];
	struct bp_buf text;
	double start = bench_now();

	(void)snprintf(command, sizeof(command), "%s/.claude/projects", world->history);
	char name[] = "blueplane", verb[] = "import", form[] = "--json";
	char *argv[] = {name, verb, command, form, NULL};
	bp_buf_init(&text, OUTPUT_MAX);
	bool ok = bench_service_run(&world->service, argv, NULL, &text) && text.len > 0;
	const char *rows = ok ? strstr(text.ptr, "\"rows\":") : NULL;
	world->rows = rows ? (double)bp_test_number(rows + strlen("\"rows\":"), 0) : 0;
	bp_buf_done(&text);
	bench_note("%.0f rows of history, imported in %.1f s", world->rows, bench_now() - start);
	return world->rows > 0;
}

static bool write_status_input(struct world *world)
{
	static const char input[] =
		"{\"session_id\":\"00000000-0000-4000-8000-000000000001\",\"cwd\":\"/\","
		"\"model\":{\"id\":\"claude-sonnet-4-6\",\"display_name\":\"Sonnet\"},"
		"\"cost\":{\"total_cost_usd\":0.5}}";

	(void)snprintf(world->status_input, sizeof(world->status_input), "%s/status.json",
		       world->service.folder);
	return bp_file_replace(world->status_input, BP_STR(input), 0600, NULL) == BP_OK;
}

/* The text that a statement gives; the others: left empty. */
static bool ask(struct bp_sql *sql, const char *text, char *out, size_t cap)
{
	struct bp_statement *select = NULL;
	struct bp_err err = {0};
	bool ok = bp_statement_new(sql, text, &select, &err) == BP_OK &&
		  bp_statement_step(select, &err) == BP_OK;

	if (ok) {
		struct bp_str value = bp_column_text(select, 0);
		(void)snprintf(out, cap, "%.*s", (int)value.len, value.ptr);
	} else {
		(void)fprintf(stderr, "bench_query: %s: %s\n", text, err.msg);
	}
	bp_statement_free(select);
	return ok && out[0];
}

/* The history may have ended long ago: what "30 days" are is asked of it. */
static bool learn(struct world *world)
{
#define DAY_OF(back) "SELECT date(max(ts_us) / 1000000, 'unixepoch', '" back "') FROM tool_calls"
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};

	if (bp_sql_open(world->service.database, BP_SQL_READ, CACHE_BYTES, &sql, &err) != BP_OK) {
		(void)fprintf(stderr, "bench_query: %s\n", err.msg);
		return false;
	}
	bool ok = ask(sql, DAY_OF("0 days"), world->last_day, DAY_BYTES) &&
		  ask(sql, DAY_OF("-6 days"), world->day_7, DAY_BYTES) &&
		  ask(sql, DAY_OF("-29 days"), world->day_30, DAY_BYTES) &&
		  ask(sql, DAY_OF("-89 days"), world->day_90, DAY_BYTES) &&
		  ask(sql,
		      "SELECT date(ts_us / 1000000, 'unixepoch') FROM tool_calls GROUP BY 1"
		      " ORDER BY count(*) DESC LIMIT 1",
		      world->busiest_day, DAY_BYTES) &&
		  ask(sql,
		      "SELECT c.external_id FROM tool_calls AS x JOIN conversations AS c"
		      " ON c.id = x.conversation_id GROUP BY c.id ORDER BY count(*) DESC LIMIT 1",
		      world->session, sizeof(world->session));
	char calls[128] = "";
	ok = ok && ask(sql,
		       "SELECT (SELECT count(*) FROM tool_calls) || ' tool calls, ' ||"
		       " (SELECT count(*) FROM model_calls) || ' model calls, ' ||"
		       " (SELECT count(*) FROM conversations) || ' sessions'",
		       calls, sizeof(calls));
	bp_sql_close(sql);
	(void)malloc_trim(0); /* what this process has is the least that a child's usage shows */
	bench_note("%s; DAY_30 %s, LAST_DAY %s, BUSIEST_DAY %s", calls, world->day_30,
		   world->last_day, world->busiest_day);
	return ok;
#undef DAY_OF
}

/* Two exports that differ, for `team aggregate`. */
static bool make_team(struct world *world)
{
	(void)snprintf(world->mine, sizeof(world->mine), "%s/mine.json", world->service.folder);
	(void)snprintf(world->yours, sizeof(world->yours), "%s/yours.json", world->service.folder);
	return run_line(world, "export --anonymize -o MINE", false, NULL) == 0 &&
	       run_line(world, "export --anonymize -o YOURS --start DAY_90", false, NULL) == 0;
}

/* Off, the guard would read nothing. */
static bool arm_guard(struct world *world)
{
	return run_line(world, "config set guard.enabled true", false, NULL) == 0 &&
	       run_line(world, "config set guard.session_usd 1000000", false, NULL) == 0 &&
	       run_line(world, "config set guard.daily_usd 1000000", false, NULL) == 0;
}

static bool measure(struct world *world)
{
	if (!learn(world) || !make_team(world) || !arm_guard(world) || !measure_start(world)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(REPORTS) / sizeof(REPORTS[0]); i++) {
		measure_report(world, &REPORTS[i]);
	}
	measure_ccusage(world);
	measure_whole(world);
	return measure_at_once(world) && measure_export(world);
}

int main(int argc, char **argv)
{
	static struct world world;
	const char *what = argc > 1 ? argv[1] : "";
	int64_t mb = bp_test_number(what, what[0] ? 0 : MB_DEFAULT);

	if (argc > 2 || (mb < 1 && what[0] != '/')) {
		(void)fprintf(stderr, "usage: bench_query [MB of history | its folder]\n");
		return 2;
	}
	if (!bench_service_make(&world.service, BENCH_BIN_DIR)) {
		return EXIT_FAILURE;
	}
	bench_machine(world.service.folder);
	(void)snprintf(world.history, sizeof(world.history), "%s", what);
	bool ok = (what[0] == '/' || make_history(&world, (size_t)mb)) &&
		  write_status_input(&world) && bench_service_start(&world.service, false) &&
		  import(&world) && measure(&world);
	bench_service_remove(&world.service);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
