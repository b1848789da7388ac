/* SPDX-License-Identifier: MIT */
/*
 * bench_growth - bars 2, 3, 11 and 21, and the series that shows that an event costs the same however
 * many there are. Two series:
 *
 * - the fast path on a log of 10 k, 100 k and 1 M rows (and 5 M), in turn five times: events/s, CPU
 *   an event, time of a batch, bytes a row, memory;
 * - a whole service that takes in history up to 10 k and 100 k rows (and 1 M): CPU a line from the
 *   file to facts and rollups, bytes a row with its facts, memory, `costs`, `metrics` and
 *   `sessions` whole process, ccusage on the same files when $BENCH_CCUSAGE names it.
 *
 * Usage: bench_growth [--all] [--data FILE]
 *        --all: also 5 M rows under the fast path and 1 M under the service: some minutes, 6 GB
 *        --data: the series as columns, for tests/bench/growth.gp
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "bench/bench.h"
#include "bench/ccusage.h"
#include "bench/fast.h"
#include "bench/history.h"
#include "bench/service.h"

enum { POINTS = 4, RUNS = 40, WARM = 3, LINE_BYTES = 1200, CCUSAGE_RUNS = 3, COPY_BYTES = 1 << 20 };

/* One size of the log. Small ones are put back before each run, which would double them. */
struct point {
	struct bench_window window;
	int64_t rows;
	const char *name; /* of the file, and of the size */
	bool put_back;
	char path[BENCH_FAST_PATH_BYTES], origin[BENCH_FAST_PATH_BYTES];
	double cpu_us[BENCH_RUNS], redis_us[BENCH_RUNS], memory_mb;
	double row_bytes, rate;
	size_t runs;
};

static struct bench_fast fast;
static struct point points[POINTS] = {
	{.rows = 10000, .name = "10 k rows", .put_back = true},
	{.rows = 100000, .name = "100 k rows", .put_back = true},
	{.rows = 1000000, .name = "1 M rows"},
	{.rows = 5000000, .name = "5 M rows"},
};
static double samples[POINTS][BENCH_SAMPLES_MAX];

/* --- the fast path --- */

/* Copy a file, and have the copy on the disk: nothing of it is to be written meanwhile. */
static bool copy_file(const char *from, const char *to)
{
	static char block[COPY_BYTES];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = in >= 0 && out >= 0;
	ssize_t n = 1;

	while (ok && n > 0) {
		n = read(in, block, sizeof(block));
		ok = n >= 0 && write(out, block, (size_t)n) == n;
	}
	ok = ok && fdatasync(out) == 0;
	if (in >= 0) {
		(void)close(in);
	}
	if (out >= 0) {
		ok = close(out) == 0 && ok;
	}
	return ok;
}

static int64_t bytes_of(const char *path)
{
	return bench_fast_ask(&fast, path, "PRAGMA page_count") *
	       bench_fast_ask(&fast, path, "PRAGMA page_size");
}

static void make_points(size_t n)
{
	char name[32];

	for (size_t i = 0; i < n; i++) {
		struct point *point = &points[i];
		(void)snprintf(name, sizeof(name), "rows-%zu.db", i);
		bench_fast_database(&fast, name, point->path);
		int64_t empty = bytes_of(point->path);
		if (i > 0 && !copy_file(points[i - 1].path, point->path)) {
			bench_fast_fail(&fast, "a copy of a database", NULL);
		}
		bench_fast_grow(&fast, point->path, point->rows);
		point->row_bytes = (double)(bytes_of(point->path) - empty) / (double)point->rows;
		point->window = (struct bench_window){.fast = &fast,
						      .path = point->path,
						      .batch = BENCH_BATCH,
						      .sample_ms = samples[i]};
	}
	/* Only now: what grows goes on from the file itself. */
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(points[i].origin, sizeof(points[i].origin), "%s/rows-%zu.origin",
			       fast.folder, i);
		if (points[i].put_back && !copy_file(points[i].path, points[i].origin)) {
			bench_fast_fail(&fast, "a copy of a database", NULL);
		}
	}
}

static double run_point(void *arg)
{
	struct point *point = arg;

	if (point->put_back && !copy_file(point->origin, point->path)) {
		return -1;
	}
	double rate = bench_window_run(&point->window);
	point->cpu_us[point->runs] = point->window.cpu_us;
	point->redis_us[point->runs++] = point->window.redis_cpu_us;
	point->memory_mb = point->window.memory_mb;
	return rate;
}

static void batch_times(struct bench_window *window, const char *what)
{
	static const struct {
		const char *name;
		double at, limit;
	} bars[] = {{"p50", 0.50, 2}, {"p95", 0.95, 4}, {"p99", 0.99, 8}};
	char text[100];

	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		(void)snprintf(text, sizeof(text), "100 events, read to commit, %s, %s",
			       bars[i].name, what);
		(void)bench_at_most(
			"2", text,
			bench_percentile(window->sample_ms, window->n_samples, bars[i].at),
			bars[i].limit, "ms");
	}
	window->n_samples = 0;
}

/* Bar 3, and beside it the same by CPU time, which a busy machine moves less. */
static void growth_bar(struct point *point, double limit)
{
	const struct point *base = &points[1];
	char text[100];

	(void)snprintf(text, sizeof(text), "events/s at %s to those at 100 k", point->name);
	(void)bench_at_least("3", text, point->rate / base->rate, limit, "x");
	bench_note("CPU an event at %s: %.2f x that at 100 k", point->name,
		   bench_median(point->cpu_us, point->runs) /
			   bench_median(points[1].cpu_us, points[1].runs));
}

static void show_point(struct point *point, FILE *data)
{
	double cpu = bench_median(point->cpu_us, point->runs);
	double redis = bench_median(point->redis_us, point->runs);
	double p50 = bench_percentile(point->window.sample_ms, point->window.n_samples, 0.5);
	double p95 = bench_percentile(point->window.sample_ms, point->window.n_samples, 0.95);

	bench_note(
		"%-10s  %6.0f events/s, CPU %.1f us an event (Redis %.1f), batch p50 %.2f ms p95 "
		"%.2f, %.0f bytes a row, memory %.0f MB",
		point->name, point->rate, cpu, redis, p50, p95, point->row_bytes, point->memory_mb);
	if (data) {
		(void)fprintf(data, "%lld %.0f %.2f %.2f %.3f %.3f %.0f %.1f\n",
			      (long long)point->rows, point->rate, cpu, redis, p50, p95,
			      point->row_bytes, point->memory_mb);
	}
}

static void fast_series(bool all, FILE *data)
{
	size_t n = all ? POINTS : POINTS - 1;
	struct bench_measure measures[POINTS];
	double m[POINTS];
	char space[BENCH_WIRE_BYTES];
	double wire_bytes = 0;

	for (size_t i = 0; i < 1000; i++) {
		wire_bytes += (double)bench_event_wire(&fast.events, space).len / 1000;
	}
	make_points(n);
	for (size_t i = 0; i < n; i++) {
		measures[i] = (struct bench_measure){run_point, &points[i]};
	}
	if (!bench_interleave(measures, n, m)) {
		bench_fast_fail(&fast, "bar 3", NULL);
	}
	if (data) {
		(void)fprintf(data, "# rows events_s cpu_us redis_us p50_ms p95_ms row_bytes mb\n");
	}
	for (size_t i = 0; i < n; i++) {
		points[i].rate = m[i];
		show_point(&points[i], data);
	}
	growth_bar(&points[2], 0.85);
	if (all) {
		growth_bar(&points[3], 0.8);
	}
	struct bench_window *million = &points[2].window;
	batch_times(million, "1 M rows");
	million->slow = true;
	for (int i = 0; i < 2; i++) {
		(void)bench_window_run(million);
	}
	batch_times(million, "1 M rows, slow path working");
	bench_note("an event is %.0f bytes on the wire; a row with its indexes %.0f", wire_bytes,
		   points[1].row_bytes);
	(void)bench_at_most("11", "bytes of a row and its indexes, for 1 KB of event",
			    points[1].row_bytes / wire_bytes, 0.5, "KB");
}

/* --- the whole service --- */

struct world {
	struct bench_service service;
	struct history *history;
	char home[BENCH_PATH_BYTES]; /* with .claude/projects in it */
	char projects[BENCH_PATH_BYTES + 32];
	size_t lines;
	double line_bytes; /* of the database */
};

/* ms: the p50 of a report. Negative: it failed. */
static double time_report(const struct world *world, const char *command)
{
	double ms[RUNS];
	char words[32];
	char name[] = "blueplane", option[] = "-p", period[] = "all";
	bool period_too = strcmp(command, "sessions") != 0;
	char *argv[] = {name, words, period_too ? option : NULL, period, NULL};

	(void)snprintf(words, sizeof(words), "%s", command);
	for (size_t i = 0; i < WARM + RUNS; i++) {
		double start = bench_now();
		if (!bench_service_run(&world->service, argv, NULL, NULL)) {
			return -1;
		}
		if (i >= WARM) {
			ms[i - WARM] = (bench_now() - start) * 1000;
		}
	}
	return bench_percentile(ms, RUNS, 0.5);
}

/* More history, until there are so many lines in all, and everything about it final. */
static bool take_in(struct world *world, size_t lines)
{
	char name[] = "blueplane", verb[] = "import", form[] = "--json";
	char *argv[] = {name, verb, world->projects, form, NULL};

	while (world->lines < lines) {
		if (!history_write(world->history, world->projects, 1)) {
			return false;
		}
		world->lines = history_totals(world->history)->lines;
	}
	return bench_service_run(&world->service, argv, NULL, NULL) &&
	       bench_service_settle(&world->service);
}

static bool measure_size(struct world *world, size_t lines, FILE *data)
{
	size_t before = world->lines;
	struct bench_cpu cpu = bench_service_cpu(&world->service);
	bool ok = take_in(world, lines);
	struct bench_cpu after = bench_service_cpu(&world->service);
	double took = (double)(world->lines - before);
	double us = (after.service - cpu.service) * 1e6 / took;
	double redis_us = (after.redis - cpu.redis) * 1e6 / took;
	if (!ok) {
		return false;
	}
	world->line_bytes = (double)bytes_of(world->service.database) / (double)world->lines;
	double costs = time_report(world, "costs");
	double metrics = time_report(world, "metrics");
	double sessions = time_report(world, "sessions");
	double other = bench_ccusage(world->home, world->service.folder, CCUSAGE_RUNS, NULL);
	double mb = bench_memory_of(world->service.pid, "VmRSS");
	char beside[48] = "";
	if (costs < 0 || metrics < 0 || sessions < 0) {
		return false;
	}
	if (other > 0) {
		(void)snprintf(beside, sizeof(beside), "; ccusage %.0f ms", other * 1000);
	}
	bench_note("%7zu lines  CPU %.1f us a line (Redis %.1f), %.0f bytes of database a line, "
		   "memory %.0f MB; p50 costs %.1f ms, metrics %.1f, sessions %.1f%s",
		   world->lines, us, redis_us, world->line_bytes, mb, costs, metrics, sessions,
		   beside);
	if (data) {
		(void)fprintf(data, "%zu %.2f %.2f %.0f %.1f %.2f %.2f %.2f ", world->lines, us,
			      redis_us, world->line_bytes, mb, costs, metrics, sessions);
		(void)fprintf(data, other > 0 ? "%.1f\n" : "NaN\n", other * 1000);
	}
	return true;
}

static bool service_series(bool all, FILE *data)
{
	static const size_t sizes[] = {10000, 100000, 1000000};
	static struct world world;
	const struct history_options options = {.seed = 5,
						.line_bytes = LINE_BYTES,
						.end_us = INT64_C(1780000000000000),
						.days = 180};
	size_t n = sizeof(sizes) / sizeof(sizes[0]) - (all ? 0 : 1);
	bool ok = bench_service_make(&world.service, BENCH_BIN_DIR);

	world.history = history_new(&options);
	(void)snprintf(world.home, sizeof(world.home), "%s/history", world.service.folder);
	(void)snprintf(world.projects, sizeof(world.projects), "%s/.claude/projects", world.home);
	ok = ok && bp_file_make_dirs(world.projects, 0700, NULL) == BP_OK &&
	     bench_service_start(&world.service, false);
	if (data) {
		(void)fprintf(data, "\n\n# lines cpu_us redis_us line_bytes mb costs_ms metrics_ms "
				    "sessions_ms ccusage_ms\n");
	}
	for (size_t i = 0; i < n && ok; i++) {
		ok = measure_size(&world, sizes[i], data);
	}
	if (ok) {
		enum { DEVELOPER_EVENTS = 7 * 50000, LIMIT_MB = 140 };
		(void)bench_at_most("21", "7 days of 50 000 events each, rows and facts",
				    world.line_bytes * DEVELOPER_EVENTS / 1e6, LIMIT_MB, "MB");
	}
	history_free(world.history);
	bench_service_remove(&world.service);
	return ok;
}

int main(int argc, char **argv)
{
	bool all = false;
	const char *path = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--all") == 0) {
			all = true;
		} else if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
			path = argv[++i];
		} else {
			(void)fprintf(stderr, "usage: bench_growth [--all] [--data FILE]\n");
			return 2;
		}
	}
	FILE *data = path ? fopen(path, "we") : NULL;
	if (path && !data) {
		perror(path);
		return EXIT_FAILURE;
	}
	bench_fast_open(&fast, "bench_growth");
	bench_machine(fast.folder);
	fast_series(all, data);
	bool ok = service_series(all, data);
	bench_fast_close(&fast);
	ok = (!data || fclose(data) == 0) && ok;
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
