/* SPDX-License-Identifier: MIT */
/*
 * longrun.c - a day of use in minutes: sessions begin, grow side by side and end, hooks fire and
 * reports are asked, as fast as the service takes it. Its memory and its file descriptors must stay
 * as they were, its database must grow by the same for each event, and every line must be a row.
 * `scripts/torture --long` runs 5 million events; the short form has small caches, which are full
 * at once.
 *
 * Seen to fail: with a descriptor left open for each transcript that begins (descriptors), with every
 * 1000th row not stored (rows). With 1 KB leaked for each row memory grew by 40 %, which the short
 * form's limit of 35 % was then drawn below.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "bench/history.h"
#include "bench/service.h"
#include "store/sqlite.h"

enum {
	OPEN_SESSIONS = 12,   /* transcripts that grow at the same time */
	CHUNK_LINES_MAX = 40, /* lines that an assistant appends at once */
	AHEAD_MAX = 15000,    /* lines that may be written and not stored */
	SESSION_S = 6 * 3600,
	LINE_BYTES = 1200, /* the mean to aim at */
	FACTS_MAX =
		30000,    /* rows that may be stored and not in facts: numbers follow, as in use; */
	FACTS_SHARE = 50, /* and no more than this part of all, or bytes an event tell of the lag */
	HOOK_EVERY = 500, /* lines for one hook */
	REPORTS = 40,     /* rounds of reports in a run, */
	REPORT_EVERY_MIN = 5000, /* or fewer, so many lines apart */
	SAMPLES = 200,           /* of memory, in a run */
	DRAINS = 20, /* times in a run at which everything is stored, and old files go */
	CLIENTS = 3, /* connections of programs to the service at a time */
	POLL_MS = 10,
	STALL_S = 120,
	CACHE_BYTES = 1 << 20,
	OUTPUT_MAX = 64 << 20
};

/* What may differ between the beginning and the end. Warming up (page caches, the tail of Redis's
 * streams) is over after a million events, which is the first minute of a machine that has nothing
 * else to do; with small caches after a third. */
#define WARM_EVENTS 1000000
#define WARM_SHARE 0.34
#define WINDOW_SHARE 0.2
#define GROWTH_MAX 0.10
#define GROWTH_SHORT_MAX 0.25 /* 500 bytes for an event, give or take what its session is like */

struct options {
	uint64_t events, days, seed, memory_percent;
	const char *bin, *keep;
	bool small_caches;
};

/** A transcript that is being written. */
struct writing {
	char path[BENCH_PATH_BYTES * 2];
	char session[40];
	char *text;
	size_t len, at;
};

/** What was seen of the service at a moment. */
struct sample {
	double at_s;
	int64_t events; /* stored */
	double service_mb, redis_mb;
	int descriptors;
	int64_t database_bytes, wal_bytes;
};

struct run {
	struct options options;
	struct bench_service service;
	struct history *history;
	int64_t begin_us; /* of the simulated time */
	uint64_t random;
	struct writing open[OPEN_SESSIONS];
	char **ended; /* paths of transcripts that got their last line */
	size_t n_ended;
	struct sample samples[SAMPLES + DRAINS + 2];
	size_t n_samples;
	int64_t lines, hooks, files, reports;
	double start_s, took_s;
	struct bp_sql *sql;
	struct bp_statement *stored, *in_facts;
	int failures;
};

static void fail(struct run *run, const char *what)
{
	(void)printf("FAILED: %s\n", what);
	(void)fflush(stdout);
	run->failures++;
}

_Noreturn static void give_up(const char *what)
{
	(void)fprintf(stderr, "longrun: %s: %s\n", what, strerrordesc_np(errno));
	exit(3);
}

static uint64_t below(struct run *run, uint64_t limit)
{
	uint64_t z = run->random += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (z ^ (z >> 31)) % limit;
}

/* --- what the service is like --- */

static int count_descriptors(pid_t pid)
{
	char path[64];
	int n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *folder = opendir(path);
	while (folder && readdir(folder)) {
		n++;
	}
	if (folder) {
		(void)closedir(folder);
	}
	return n - 2;
}

static int64_t size_of(const struct run *run, const char *end)
{
	char path[BENCH_PATH_BYTES * 2];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s%s", run->service.database, end);
	return stat(path, &status) == 0 ? (int64_t)status.st_size : 0;
}

static int64_t rows_of(struct bp_statement *select)
{
	int64_t n = bp_statement_step(select, NULL) == BP_OK ? bp_column_int(select, 0) : -1;

	bp_statement_reset(select);
	return n;
}

static void take_sample(struct run *run)
{
	struct sample *sample = &run->samples[run->n_samples++];

	sample->at_s = bench_now() - run->start_s;
	sample->events = rows_of(run->stored);
	sample->service_mb = bench_memory_of(run->service.pid, "VmRSS");
	sample->redis_mb = bench_memory_of(run->service.redis_pid, "VmRSS");
	sample->descriptors = count_descriptors(run->service.pid);
	sample->database_bytes = size_of(run, "");
	sample->wal_bytes = size_of(run, "-wal");
	if (sample->service_mb <= 0 || sample->redis_mb <= 0) {
		errno = ESRCH;
		give_up("the service or its Redis has ended");
	}
}

/** Wait until at most so many lines and hooks are not stored, and rows not in facts. */
static void wait_stored(struct run *run, int64_t lines_ahead, int64_t rows_ahead)
{
	double until = bench_now() + STALL_S;
	int64_t last = -1;

	for (;;) {
		int64_t stored = rows_of(run->stored);
		int64_t in_facts = rows_of(run->in_facts);
		if (run->lines + run->hooks - stored <= lines_ahead &&
		    stored - in_facts <= rows_ahead) {
			return;
		}
		if (stored + in_facts != last) {
			last = stored + in_facts;
			until = bench_now() + STALL_S;
		} else if (bench_now() > until) {
			(void)fprintf(stderr,
				      "longrun: of %lld lines %lld are stored, %lld in facts\n",
				      (long long)(run->lines + run->hooks), (long long)stored,
				      (long long)in_facts);
			errno = ETIMEDOUT;
			give_up("the service stores nothing more");
		}
		(void)poll(NULL, 0, POLL_MS);
	}
}

/* --- what is done to it --- */

/** Sessions begin where the simulated time stands. */
static void begin_transcript(struct run *run, struct writing *writing)
{
	double share = (double)run->lines / (double)run->options.events;
	struct history_file file;

	history_begin_at(run->history,
			 run->begin_us + (int64_t)(share * (double)run->options.days * 86400e6));
	history_next(run->history, &file);
	free(writing->text);
	writing->text = bp_strdup(file.text);
	writing->len = file.text.len;
	writing->at = 0;
	(void)snprintf(writing->session, sizeof(writing->session), "%s", file.session);
	(void)snprintf(writing->path, sizeof(writing->path), "%s/%s", run->service.projects,
		       file.path);
	run->files++;
}

static void end_transcript(struct run *run, const struct writing *writing)
{
	if ((run->n_ended & (run->n_ended - 1)) == 0) {
		run->ended = bp_realloc(run->ended, run->n_ended ? run->n_ended * 2 : 1,
					sizeof(*run->ended));
	}
	run->ended[run->n_ended++] = bp_strdup(bp_str_from(writing->path));
}

static void make_folder_of(struct writing *writing)
{
	char *slash = strrchr(writing->path, '/');

	*slash = '\0';
	if (bp_file_make_dirs(writing->path, 0700, NULL) != BP_OK) {
		give_up("a folder of transcripts");
	}
	*slash = '/';
}

/** Append the next few lines of a transcript with one write, as an assistant does. */
static void append(struct run *run, struct writing *writing)
{
	uint64_t lines = 1 + below(run, CHUNK_LINES_MAX);
	size_t from = writing->at;
	struct bp_err err = {0};

	if (from == 0) {
		make_folder_of(writing);
	}
	while (lines > 0 && writing->at < writing->len) {
		const char *end =
			memchr(writing->text + writing->at, '\n', writing->len - writing->at);
		writing->at = (size_t)(end - writing->text) + 1;
		lines--;
		run->lines++;
	}
	int fd = open(writing->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 ||
	    bp_file_write_all(fd, writing->text + from, writing->at - from, &err) != BP_OK) {
		give_up(writing->path);
	}
	(void)close(fd);
}

static void call_hook(struct run *run, const char *session)
{
	char path[BENCH_PATH_BYTES + 16];
	char name[] = "blueplane-hook";
	char option[] = "--home";
	char *argv[] = {name, option, run->service.home, NULL};

	(void)snprintf(path, sizeof(path), "%s/hook.json", run->service.folder);
	FILE *file = fopen(path, "we");
	bool ok = file &&
		  fprintf(file,
			  "{\"session_id\":\"%s\",\"transcript_path\":\"/nowhere.jsonl\",\"cwd\":"
			  "\"/home/dev/work/lantern\",\"hook_event_name\":\"Notification\","
			  "\"message\":\"waits for you\"}",
			  session) > 0;
	if (!file || fclose(file) != 0 || !ok) {
		give_up(path);
	}
	if (!bench_service_run(&run->service, argv, path, NULL)) {
		fail(run, "a hook did not exit 0");
	}
	run->hooks++;
}

static void ask(struct run *run, const char *command, const char *option)
{
	char name[] = "blueplane";
	char form[] = "--json";
	struct bp_buf out;
	union {
		const char *constant;
		char *plain;
	} words[] = {{command}, {option}};
	char *argv[] = {name, words[0].plain, form, words[1].plain, NULL};

	bp_buf_init(&out, OUTPUT_MAX);
	if (!bench_service_run(&run->service, argv, NULL, &out) || out.len == 0) {
		(void)printf("blueplane %s: %s\n", command, out.ptr ? out.ptr : "nothing");
		fail(run, "a report did not exit 0");
	}
	bp_buf_done(&out);
	run->reports++;
}

/** Everything stored; then the transcripts that ended go, as an assistant cleans up. */
static void drain(struct run *run)
{
	wait_stored(run, 0, 0);
	for (size_t i = 0; i < run->n_ended; i++) {
		if (unlink(run->ended[i]) != 0) {
			give_up(run->ended[i]);
		}
		/* Its folder too, when it was the last in it. */
		*strrchr(run->ended[i], '/') = '\0';
		(void)rmdir(run->ended[i]);
		free(run->ended[i]);
	}
	run->n_ended = 0;
}

/** True once for each of n equal parts of the run. */
static bool is_due(const struct run *run, int64_t *next, int64_t n)
{
	if (run->lines < *next) {
		return false;
	}
	*next += (int64_t)run->options.events / n;
	return true;
}

static int64_t facts_max(const struct run *run)
{
	int64_t share = (int64_t)(run->options.events / FACTS_SHARE);

	return share < FACTS_MAX ? share : FACTS_MAX;
}

static void use(struct run *run)
{
	int64_t next_hook = HOOK_EVERY;
	int64_t reports = (int64_t)run->options.events / REPORT_EVERY_MIN;
	reports = reports > REPORTS ? REPORTS : reports < 1 ? 1 : reports;
	int64_t next_report = (int64_t)run->options.events / reports;
	int64_t next_sample = (int64_t)run->options.events / SAMPLES;
	int64_t next_drain = (int64_t)run->options.events / DRAINS;

	for (size_t i = 0; i < OPEN_SESSIONS; i++) {
		begin_transcript(run, &run->open[i]);
	}
	while (run->lines < (int64_t)run->options.events) {
		struct writing *writing = &run->open[below(run, OPEN_SESSIONS)];

		append(run, writing);
		if (run->lines >= next_hook) {
			next_hook += HOOK_EVERY;
			call_hook(run, writing->session);
		}
		if (writing->at == writing->len) {
			end_transcript(run, writing);
			begin_transcript(run, writing);
		}
		wait_stored(run, AHEAD_MAX, facts_max(run));
		if (is_due(run, &next_sample, SAMPLES)) {
			take_sample(run);
		}
		if (is_due(run, &next_report, reports)) {
			ask(run, "metrics", "--period=all");
			ask(run, "status", NULL);
			ask(run, "sessions", "--limit=20");
		}
		if (is_due(run, &next_drain, DRAINS)) {
			drain(run);
			const struct sample *last = &run->samples[run->n_samples - 1];
			(void)printf(
				"%9lld events, %4.0f s: service %.1f MB, %d descriptors, Redis "
				"%.1f MB, database %.1f MB and %.1f MB of log\n",
				(long long)last->events, last->at_s, last->service_mb,
				last->descriptors, last->redis_mb,
				(double)last->database_bytes / 1e6, (double)last->wal_bytes / 1e6);
			(void)fflush(stdout);
		}
	}
	wait_stored(run, 0, 0);
	take_sample(run);
	run->took_s = bench_now() - run->start_s;
}

/* --- what must be true of it --- */

/** Means and maxima of the samples between two moments. */
struct window {
	double service_mb, redis_mb;
	int descriptors;
	int64_t wal_bytes;
	size_t n;
};

static struct window look(const struct run *run, double from, double to)
{
	struct window window = {0};

	for (size_t i = 0; i < run->n_samples; i++) {
		const struct sample *sample = &run->samples[i];
		if ((double)sample->events < from || (double)sample->events > to) {
			continue;
		}
		window.n++;
		window.service_mb += sample->service_mb;
		window.redis_mb += sample->redis_mb;
		window.descriptors = sample->descriptors > window.descriptors ? sample->descriptors
									      : window.descriptors;
		window.wal_bytes =
			sample->wal_bytes > window.wal_bytes ? sample->wal_bytes : window.wal_bytes;
	}
	window.service_mb /= window.n ? (double)window.n : 1;
	window.redis_mb /= window.n ? (double)window.n : 1;
	return window;
}

static void compare(struct run *run, const char *what, double before, double after, double most)
{
	double change = before > 0 ? after / before - 1 : 1;

	(void)printf("%s: %.2f, at the end %.2f (%+.1f %%, at most %.0f %% more)\n", what, before,
		     after, change * 100, most * 100);
	if (change > most) {
		(void)printf("FAILED: %s grows\n", what);
		run->failures++;
	}
}

/** Bytes of database for an event, between two shares of the run. */
static double slope(const struct run *run, double from, double to)
{
	size_t a = (size_t)(from * (double)(run->n_samples - 1));
	size_t b = (size_t)(to * (double)(run->n_samples - 1));
	double bytes = (double)(run->samples[b].database_bytes - run->samples[a].database_bytes);

	return bytes / (double)(run->samples[b].events - run->samples[a].events);
}

static void judge(struct run *run)
{
	double events = (double)run->samples[run->n_samples - 1].events;
	double warm = events * WARM_SHARE < WARM_EVENTS ? events * WARM_SHARE : WARM_EVENTS;
	double memory = (double)run->options.memory_percent / 100;
	struct window first = look(run, warm, warm + events * WINDOW_SHARE);
	struct window last = look(run, events - events * WINDOW_SHARE, events);

	if (first.n == 0 || last.n == 0) {
		fail(run, "no samples");
		return;
	}
	compare(run, "memory of the service, MB", first.service_mb, last.service_mb, memory);
	if (events > WARM_EVENTS) {
		compare(run, "memory of Redis, MB", first.redis_mb, last.redis_mb, memory);
	}
	(void)printf("descriptors of the service: %d, at the end %d\n", first.descriptors,
		     last.descriptors);
	/* A client or two may be there when it is looked at. */
	if (last.descriptors > first.descriptors + CLIENTS) {
		fail(run, "descriptors of the service grow");
	}
	compare(run, "bytes of database an event", slope(run, 0.2, 0.6), slope(run, 0.6, 1),
		events > WARM_EVENTS ? GROWTH_MAX : GROWTH_SHORT_MAX);
	(void)printf("the log of the database: %.1f MB, at the end %.1f MB\n",
		     (double)first.wal_bytes / 1e6, (double)last.wal_bytes / 1e6);
}

static int64_t number(struct run *run, const char *text)
{
	struct bp_statement *select = NULL;
	int64_t value = -1;

	if (bp_statement_new(run->sql, text, &select, NULL) == BP_OK &&
	    bp_statement_step(select, NULL) == BP_OK) {
		value = bp_column_int(select, 0);
	}
	bp_statement_free(select);
	return value;
}

static void count(struct run *run)
{
	int64_t rows = number(run, "SELECT count(*) FROM claude_row");
	int64_t ids =
		number(run, "SELECT count(*) FROM (SELECT DISTINCT event_id FROM claude_row)");
	int64_t errors = number(run, "SELECT count(*) FROM fact_error");

	(void)printf("%lld lines of %lld transcripts and %lld hooks: %lld rows, %lld ids; %lld "
		     "reports; %.0f s, %.0f events/s\n",
		     (long long)run->lines, (long long)run->files, (long long)run->hooks,
		     (long long)rows, (long long)ids, (long long)run->reports, run->took_s,
		     (double)rows / run->took_s);
	if (rows != run->lines + run->hooks || ids != rows || errors != 0) {
		fail(run, "not every line and hook is one row");
	}
}

static void keep_home(struct run *run)
{
	if (run->options.keep && rename(run->service.home, run->options.keep) == 0) {
		(void)printf("its home is kept in %s\n", run->options.keep);
	} else if (run->options.keep) {
		fail(run, "the home could not be kept");
	}
}

static void open_database(struct run *run)
{
	struct bp_err err = {0};

	if (bp_sql_open(run->service.database, BP_SQL_READ, CACHE_BYTES, &run->sql, &err) !=
		    BP_OK ||
	    bp_statement_new(run->sql, "SELECT coalesce(max(sequence), 0) FROM claude_row",
			     &run->stored, &err) != BP_OK ||
	    bp_statement_new(run->sql,
			     "SELECT coalesce(max(low_water), 0) FROM pool_progress"
			     " WHERE tbl = 'claude_row'",
			     &run->in_facts, &err) != BP_OK) {
		(void)fprintf(stderr, "longrun: %s\n", err.msg);
		exit(3);
	}
}

/** Caches that are full after a few thousand rows. */
static void make_small_caches(const struct run *run)
{
	static const char text[] = "fastpath:\n  cache: 1MiB\nslowpath:\n  cache: 64KiB\n";
	char path[BENCH_PATH_BYTES * 2];
	struct bp_err err = {0};

	(void)snprintf(path, sizeof(path), "%s/config.yaml", run->service.home);
	if (bp_file_make_dirs(run->service.home, 0700, &err) != BP_OK ||
	    bp_file_replace(path, bp_str_from(text), 0600, &err) != BP_OK) {
		give_up(err.msg);
	}
}

static void long_run(struct run *run)
{
	const struct history_options options = {
		.seed = run->options.seed, .line_bytes = LINE_BYTES, .end_us = 0};

	run->random = run->options.seed;
	run->history = history_new(&options);
	/* The last sessions, of some hours, end about now. */
	run->begin_us =
		bp_clock_wall_us() - ((int64_t)run->options.days * 86400 + SESSION_S) * 1000000;
	if (!bench_service_make(&run->service, run->options.bin)) {
		give_up("a folder");
	}
	if (run->options.small_caches) {
		make_small_caches(run);
	}
	if (!bench_service_start(&run->service, false)) {
		give_up("the service did not start");
	}
	open_database(run);
	run->start_s = bench_now();
	use(run);
	if (!bench_service_settle(&run->service)) {
		fail(run, "blueplane status --wait did not exit 0");
	}
	judge(run);
	count(run);
	bp_statement_free(run->stored);
	bp_statement_free(run->in_facts);
	bp_sql_close(run->sql);
	bench_service_stop(&run->service);
	keep_home(run);
	bench_service_remove(&run->service);
	history_free(run->history);
	for (size_t i = 0; i < OPEN_SESSIONS; i++) {
		free(run->open[i].text);
	}
	for (size_t i = 0; i < run->n_ended; i++) {
		free(run->ended[i]);
	}
	free(run->ended);
}

static bool read_number(const char *text, uint64_t *out)
{
	uint64_t number = 0;

	if (*text == '\0' || strlen(text) > 18 || strspn(text, "0123456789") != strlen(text)) {
		return false;
	}
	for (const char *c = text; *c; c++) {
		number = number * 10 + (uint64_t)(*c - '0');
	}
	*out = number;
	return number > 0;
}

int main(int argc, char **argv)
{
	static const struct option rows[] = {
		{"events", required_argument, NULL, 'e'}, {"days", required_argument, NULL, 'd'},
		{"seed", required_argument, NULL, 's'},   {"memory", required_argument, NULL, 'm'},
		{"bin", required_argument, NULL, 'b'},    {"keep", required_argument, NULL, 'k'},
		{"small-caches", no_argument, NULL, 'c'}, {NULL, 0, NULL, 0},
	};
	static struct run run = {.options = {.events = 5000000,
					     .days = 1,
					     .seed = 1,
					     .memory_percent = 5,
					     .bin = BP_TEST_BIN_DIR}};
	bool fine = true;
	int c;

	while ((c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		if (c == 'b' || c == 'k') {
			*(c == 'b' ? &run.options.bin : &run.options.keep) = optarg;
		} else if (c == 'c') {
			run.options.small_caches = true;
		} else {
			fine = fine && c != '?' &&
			       read_number(optarg, c == 'e'   ? &run.options.events
						   : c == 'd' ? &run.options.days
						   : c == 's' ? &run.options.seed
							      : &run.options.memory_percent);
		}
	}
	if (!fine || optind != argc || run.options.events < SAMPLES * 10) {
		(void)fprintf(stderr, "usage: longrun [--events N] [--days N] [--seed N] [--memory "
				      "PERCENT] [--small-caches] [--bin FOLDER] [--keep FOLDER]\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)printf("longrun --events %" PRIu64 " --days %" PRIu64 " --seed %" PRIu64 "\n",
		     run.options.events, run.options.days, run.options.seed);
	(void)fflush(stdout);
	long_run(&run);
	(void)puts(run.failures ? "FAILED" : "flat, and all accounted for");
	return run.failures ? 1 : 0;
}
