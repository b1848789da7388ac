/* SPDX-License-Identifier: MIT */
/*
 * bench_query - bars 8, 9, 19 and 22: how long each report takes, whole process, on a large history;
 * queries of eight at once; how fast `export --what events` streams, in how much memory. Beside them
 * `ccusage daily --offline --json` on the same history in the same run, when $BENCH_CCUSAGE names it.
 *
 * Usage: bench_query [MB of history | folder with .claude/projects in it]
 */
#include <fcntl.h>
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
#include "bench/history.h"
#include "bench/service.h"
#include "support/number.h"

enum {
	MB_DEFAULT = 100,
	RUNS = 50,
	RUNS_LEAST = 5, /* of a report that takes too long for more */
	SECONDS_MAX = 4,
	WARM = 3,
	WORDS_MAX = 10,
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
};

/* One command of `blueplane`, its words divided by blanks. */
struct report {
	const char *bar;
	const char *line;
	double p50, p95, p99; /* ms; 0: no such bar */
	bool status_input;    /* reads what an assistant gives its status line */
};

static const struct report REPORTS[] = {
	{"8", "costs -p all", 15, 50, 100, false},
	{"8", "costs -p all --by day --json", 15, 50, 100, false},
	{"8", "costs -p all --by model", 15, 50, 0, false},
	{"8", "costs -p all --by project", 15, 50, 0, false},
	{"8", "costs -p all --by session", 15, 50, 0, false},
	{"8", "costs -p all --by agent", 15, 50, 0, false},
	{"8", "costs -p all --by week", 15, 50, 0, false},
	{"8", "costs -p all --by month", 15, 50, 0, false},
	{"8", "costs --blocks", 15, 50, 0, false},
	{"9", "statusline", 10, 0, 0, true},
	{"8", "metrics", 15, 50, 0, false},
	{"8", "metrics -p all", 15, 50, 0, false},
	{"8", "metrics -p all --group-by day", 15, 50, 0, false},
	{"8", "metrics -p all --group-by project", 15, 50, 0, false},
	{"8", "metrics -p all --group-by model", 15, 50, 0, false},
	{"8", "metrics -p all --group-by tool", 15, 50, 0, false},
	{"8", "sessions", 15, 50, 0, false},
	{"8", "sessions --sort cost", 15, 50, 0, false},
	{"8", "analyze last", 50, 0, 0, false},
	{"8", "stats", 15, 50, 0, false},
	{"8", "stats --days 30", 15, 50, 0, false},
	{"8", "insights", 15, 50, 0, false},
	{"8", "search alpha", 15, 50, 0, false},
	{"8", "status", 15, 50, 0, false},
};

static bool run_line(const struct world *world, const char *line, bool status_input,
		     struct bp_buf *out)
{
	char words[256];
	char name[] = "blueplane";
	char *argv[WORDS_MAX + 1] = {name};
	size_t n = 1;

	(void)snprintf(words, sizeof(words), "%s", line);
	for (char *at = words; *at && n < WORDS_MAX; n++) {
		argv[n] = at;
		at += strcspn(at, " ");
		if (*at) {
			*at++ = '\0';
		}
	}
	argv[n] = NULL;
	return bench_service_run(&world->service, argv, status_input ? world->status_input : NULL,
				 out);
}

/* --- reports --- */

static void measure_report(const struct world *world, const struct report *report)
{
	double times[RUNS];
	double begin = bench_now();
	char what[96];
	size_t n = 0;

	for (size_t i = 0; i < WARM + RUNS; i++) {
		double start = bench_now();
		if (n >= RUNS_LEAST && start - begin > SECONDS_MAX) {
			break;
		}
		if (!run_line(world, report->line, report->status_input, NULL)) {
			bench_note("%s: not there, or it failed", report->line);
			return;
		}
		if (i >= WARM) {
			times[n++] = (bench_now() - start) * 1000;
		}
	}
	double p50 = bench_percentile(times, n, 0.50);
	double p95 = bench_percentile(times, n, 0.95);
	double p99 = bench_percentile(times, n, 0.99);
	(void)snprintf(what, sizeof(what), "%s, p50", report->line);
	(void)bench_at_most(report->bar, what, p50, report->p50, "ms");
	if (report->p95 > 0) {
		(void)snprintf(what, sizeof(what), "%s, p95", report->line);
		(void)bench_at_most(report->bar, what, p95, report->p95, "ms");
	}
	if (report->p99 > 0) {
		(void)snprintf(what, sizeof(what), "%s, p99", report->line);
		(void)bench_at_most(report->bar, what, p99, report->p99, "ms");
	}
}

/* --- eight at once --- */

static bool measure_at_once(const struct world *world)
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
				ok = run_line(world, lines[(i + k) % LINES], false, NULL) && ok;
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

static double run_ccusage(const struct world *world, const char *program)
{
	char folder[BENCH_PATH_BYTES + 16];
	int status = 1;
	double start = bench_now();

	(void)snprintf(folder, sizeof(folder), "%s/.claude", world->history);
	pid_t pid = fork();
	if (pid == 0) {
		int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)dup2(nowhere, STDIN_FILENO);
		(void)dup2(nowhere, STDOUT_FILENO);
		(void)dup2(nowhere, STDERR_FILENO);
		(void)setenv("CLAUDE_CONFIG_DIR", folder, 1);
		(void)setenv("HOME", world->service.folder, 1);
		(void)execl(program, program, "daily", "--offline", "--json", (char *)NULL);
		_exit(127);
	}
	bool ok = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
	return ok ? bench_now() - start : -1;
}

static void measure_ccusage(const struct world *world)
{
	const char *program = getenv("BENCH_CCUSAGE");
	double runs[CCUSAGE_RUNS];

	if (!program || !program[0]) {
		bench_note("ccusage: not here, and npm could not install it: nothing beside");
		return;
	}
	for (int i = 0; i < CCUSAGE_RUNS; i++) {
		runs[i] = run_ccusage(world, program);
		if (runs[i] < 0) {
			bench_note("ccusage: it failed, nothing beside");
			return;
		}
	}
	bench_note("ccusage 20.0.20 daily --offline --json, same history: p50 %.0f ms",
		   bench_median(runs, CCUSAGE_RUNS) * 1000);
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

static bool measure(struct world *world)
{
	for (size_t i = 0; i < sizeof(REPORTS) / sizeof(REPORTS[0]); i++) {
		measure_report(world, &REPORTS[i]);
	}
	measure_ccusage(world);
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
