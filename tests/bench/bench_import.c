/* SPDX-License-Identifier: MIT */
/*
 * bench_import - bar 7: import of history to rows and final facts, on one core and on two, beside
 * the sum of its parts; bar 10: what the database takes; bar 12, second half: memory meanwhile.
 *
 * Every run starts a real service in an empty home and asks `blueplane import`, which returns when
 * every number is final. Usage: bench_import [MB of history]
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "bench/bench.h"
#include "bench/history.h"
#include "bench/parts.h"
#include "bench/service.h"

enum { MB_DEFAULT = 60, OUTPUT_MAX = 64 << 20 };

/** What one import said and cost. */
struct outcome {
	double seconds; /* wall, until every number is final */
	struct bench_cpu cpu;
	double memory, redis_memory; /* MB, the most */
	double source_bytes, database_bytes;
	double lines, rows;
};

struct world {
	struct bench_service service;
	char history[BENCH_PATH_BYTES]; /* imported, not watched */
	double source_bytes;
	double lines;
	struct outcome last;
	struct bench_parts parts;
};

static double file_bytes(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

static double number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : -1;
}

static bool read_report(const struct bp_buf *text, struct outcome *out)
{
	cJSON *report = cJSON_ParseWithLength(text->ptr, text->len);
	const cJSON *file;

	out->lines = number(report, "lines");
	out->rows = number(report, "rows");
	out->source_bytes = 0;
	cJSON_ArrayForEach (file, cJSON_GetObjectItemCaseSensitive(report, "by_file")) {
		const cJSON *path = cJSON_GetObjectItemCaseSensitive(file, "path");
		out->source_bytes += cJSON_IsString(path) ? file_bytes(path->valuestring) : 0;
	}
	cJSON_Delete(report);
	return out->lines > 0 && out->rows > 0;
}

/** Import a folder into a fresh service. */
static bool import(struct world *world, const char *path, bool one_core, struct outcome *out)
{
	struct bench_service *service = &world->service;
	struct bp_buf text;
	char name[] = "blueplane";
	char command[] = "import";
	char form[] = "--json";
	char from[BENCH_PATH_BYTES];
	char *argv[] = {name, command, from, form, NULL};

	(void)snprintf(from, sizeof(from), "%s", path);
	bp_buf_init(&text, OUTPUT_MAX);
	if (!bench_service_reset(service) || !bench_service_start(service, one_core)) {
		return false;
	}
	struct bench_cpu before = bench_service_cpu(service);
	double start = bench_now();
	bool ok = bench_service_run(service, argv, NULL, &text);
	out->seconds = bench_now() - start;
	struct bench_cpu after = bench_service_cpu(service);
	out->cpu.service = after.service - before.service;
	out->cpu.redis = after.redis - before.redis;
	out->memory = bench_memory_of(service->pid, "VmHWM");
	out->redis_memory = bench_memory_of(service->redis_pid, "VmHWM");
	ok = ok && read_report(&text, out);
	bp_buf_done(&text);
	bench_service_stop(service);
	out->database_bytes = file_bytes(service->database);
	if (!ok) {
		(void)fprintf(stderr, "bench_import: the import did not end well\n");
	}
	return ok;
}

static double run_two_cores(void *arg)
{
	struct world *world = arg;

	return import(world, world->history, false, &world->last) ? world->last.seconds : -1;
}

static double run_one_core(void *arg)
{
	struct world *world = arg;
	struct outcome outcome;

	return import(world, world->history, true, &outcome) ? outcome.seconds : -1;
}

static double run_parts(void *arg)
{
	struct world *world = arg;

	return bench_parts_measure(world->history, &world->parts) ? bench_parts_sum(&world->parts)
								  : -1;
}

static bool make_history(struct world *world, size_t bytes, size_t line_bytes)
{
	const struct history_options options = {.seed = 7,
						.line_bytes = line_bytes,
						.end_us = INT64_C(1780000000000000),
						.days = 90};
	struct history *history = history_new(&options);

	bench_folder_remove(world->history);
	bool ok = bp_file_make_dirs(world->history, 0700, NULL) == BP_OK &&
		  history_write(history, world->history, bytes);
	const struct history_totals *totals = history_totals(history);
	world->source_bytes = (double)totals->bytes;
	world->lines = (double)totals->lines;
	if (ok) {
		bench_note("history: %.0f MB, %zu lines of %zu bytes, %zu files, %zu sessions",
			   world->source_bytes / 1e6, totals->lines, totals->bytes / totals->lines,
			   totals->files, totals->sessions);
	}
	history_free(history);
	return ok;
}

static void report_speed(const struct world *world, const char *lines, const double *medians)
{
	const struct bench_parts *parts = &world->parts;
	const struct outcome *last = &world->last;
	double mb = world->source_bytes / 1e6;
	double each = 1e6 / world->lines;
	double cpu = last->cpu.service + last->cpu.redis;
	char what[80];

	bench_note("parts, us of CPU a line: read+scan+project %.1f, queue %.1f, rows %.1f, "
		   "evidence+finaliser+rollups %.1f; together %.1f",
		   parts->read * each, parts->queue * each, parts->rows * each,
		   parts->evidence * each, bench_parts_sum(parts) * each);
	bench_note("import, us of CPU a line: service %.1f, Redis %.1f; %.0f lines/s on all cores",
		   last->cpu.service * each, last->cpu.redis * each, world->lines / medians[0]);
	(void)snprintf(what, sizeof(what), "import, lines of %s, one core", lines);
	(void)bench_either("7", what, mb / medians[1], 40, "MB/s", medians[2] / medians[1], 0.7);
	(void)snprintf(what, sizeof(what), "import, lines of %s, all cores", lines);
	(void)bench_either("7", what, mb / medians[0], 60, "MB/s", medians[2] / 2 / medians[0],
			   0.7);
	bench_note("by CPU time: %.1f MB a CPU second of the service, %.1f with Redis",
		   mb / last->cpu.service, mb / cpu);
}

static bool bar_7(struct world *world, size_t bytes, size_t line_bytes, const char *lines)
{
	double medians[3];
	const struct bench_measure measures[] = {
		{run_two_cores, world}, {run_one_core, world}, {run_parts, world}};

	if (!make_history(world, bytes, line_bytes) || !bench_interleave(measures, 3, medians)) {
		return false;
	}
	report_speed(world, lines, medians);
	return true;
}

static void bar_10_generated(const struct world *world, const char *lines)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "database / source bytes, generated, lines of %s",
		       lines);
	bench_note("%.1f MB of database, %.0f bytes a row", world->last.database_bytes / 1e6,
		   world->last.database_bytes / world->last.rows);
	(void)bench_at_most("10", what, world->last.database_bytes / world->source_bytes, 0.2, "");
}

static bool bar_10_recorded(struct world *world)
{
	char path[BENCH_PATH_BYTES];
	const char *data = getenv("BLUEPLANE_REAL_DATA");
	struct outcome outcome;

	(void)snprintf(path, sizeof(path), "%s/recorded/claude/transcripts",
		       data && data[0] ? data : BENCH_SOURCE_DIR "/../shared/data");
	if (access(path, R_OK) != 0) {
		bench_note("bar 10 on recorded transcripts: not here (BLUEPLANE_REAL_DATA)");
		return true;
	}
	if (!import(world, path, false, &outcome)) {
		return false;
	}
	bench_note("%.1f MB of recorded transcripts, %.0f rows, %.2f MB of database",
		   outcome.source_bytes / 1e6, outcome.rows, outcome.database_bytes / 1e6);
	(void)bench_at_most("10", "database / source bytes, recorded transcripts",
			    outcome.database_bytes / outcome.source_bytes, 0.1, "");
	return true;
}

int main(int argc, char **argv)
{
	static struct world world;
	int mb = MB_DEFAULT;

	if (argc > 1 && (sscanf(argv[1], "%d", &mb) != 1 || mb < 1)) {
		(void)fprintf(stderr, "usage: bench_import [MB of history]\n");
		return 2;
	}
	if (!bench_service_make(&world.service, BENCH_BIN_DIR)) {
		return EXIT_FAILURE;
	}
	(void)snprintf(world.history, sizeof(world.history), "%s/history", world.service.folder);
	bench_machine(world.service.folder);
	size_t bytes = (size_t)mb * 1000000;
	bool ok = bar_7(&world, bytes, 4096, "4 KB");
	if (ok) {
		bar_10_generated(&world, "4 KB");
		ok = bar_7(&world, bytes, 2048, "2 KB");
	}
	if (ok) {
		bar_10_generated(&world, "2 KB");
		(void)bench_at_most("12", "memory of the service at full ingest, the most",
				    world.last.memory, 80, "MB");
		bench_note("Redis at full ingest: %.1f MB", world.last.redis_memory);
		ok = bar_10_recorded(&world);
	}
	bench_service_remove(&world.service);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
