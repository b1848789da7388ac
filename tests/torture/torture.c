/* SPDX-License-Identifier: MIT */
/*
 * torture.c - kill service and Redis at random moments while history is read, grows, shrinks and is
 * rewritten and hooks fire; then account for every line. `scripts/torture --help`.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/thread.h"
#include "torture/torture.h"

enum { ARRIVAL_MS = 120 * 1000, POLL_MS = 100, STEP_LINES = 12, REAP_MS = 20 * 1000 };

_Noreturn void torture_give_up(const char *format, ...)
{
	va_list list;

	(void)fputs("torture: ", stderr);
	va_start(list, format);
	(void)vfprintf(stderr, format, list);
	va_end(list);
	(void)fputs("\n", stderr);
	exit(3);
}

uint64_t torture_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

uint64_t torture_below(uint64_t *state, uint64_t limit)
{
	return limit ? torture_random(state) % limit : 0;
}

bool torture_chance(uint64_t *state, uint64_t per_mille)
{
	return torture_below(state, 1000) < per_mille;
}

void torture_pause(uint64_t ms)
{
	/* A moment is the point here, not an event. */
	(void)poll(NULL, 0, (int)ms);
}

int64_t torture_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void writer_run(void *arg)
{
	struct writer *writer = arg;

	while (!atomic_load(&writer->stop)) {
		if (writer->world->truth.lines < atomic_load(&writer->quota)) {
			(void)world_grow(writer->world, STEP_LINES, false);
			torture_pause(torture_below(&writer->random, 3));
		} else {
			torture_pause(2);
		}
	}
}

void torture_start(struct run *run)
{
	struct bp_buf text;

	/* An import that found no service does it itself, and holds the lock meanwhile. */
	if (run->import > 0) {
		(void)wait_for(run->import);
		run->import = 0;
	}
	bp_buf_init(&text, 65536);
	int code = run_blueplane(&run->home, &text, "start", NULL, NULL);
	if (code != 0) {
		(void)printf("FAILED: blueplane start: exit code %d: %s\n", code,
			     text.ptr ? text.ptr : "");
		run->failures++;
	}
	bp_buf_done(&text);
}

pid_t torture_service(const struct run *run)
{
	return pid_of(&run->home, "run/pid");
}

pid_t torture_redis(const struct run *run)
{
	pid_t pid = pid_of(&run->home, "run/redis.pid");

	for (int i = 0; pid == 0 && i < 50; i++) {
		torture_pause(10);
		pid = pid_of(&run->home, "run/redis.pid");
	}
	return pid;
}

static void note_death(struct run *run, bool emptied)
{
	run->deaths = bp_realloc(run->deaths, run->n_deaths + 1, sizeof(*run->deaths));
	run->deaths[run->n_deaths++] =
		(struct redis_death){.at_us = torture_now_us(), .emptied = emptied};
}

static void empty_redis(const struct run *run)
{
	char path[TORTURE_PATH_BYTES + 32];

	(void)snprintf(path, sizeof(path), "%s/redis/appendonlydir", run->home.home);
	remove_tree(path);
}

/* What can happen in a round. Each returns with the service started. */

static void kill_service(struct run *run)
{
	kill_hard(torture_service(run));
	torture_start(run);
}

static void kill_redis(struct run *run)
{
	kill_hard(torture_redis(run));
	note_death(run, false);
}

static void kill_redis_and_empty(struct run *run)
{
	pid_t service = torture_service(run);
	pid_t redis = torture_redis(run);

	/* Held still, so that it does not start the next one before the files are gone. */
	if (service > 0) {
		(void)kill(service, SIGSTOP);
	}
	kill_hard(redis);
	empty_redis(run);
	note_death(run, true);
	if (service > 0) {
		(void)kill(service, SIGCONT);
	}
}

static void kill_both(struct run *run)
{
	pid_t service = torture_service(run);
	pid_t redis = torture_redis(run);
	bool empty = torture_chance(&run->random, 500);

	kill_hard(torture_chance(&run->random, 500) ? service : redis);
	kill_hard(service);
	kill_hard(redis);
	if (empty) {
		empty_redis(run);
	}
	note_death(run, empty);
	torture_start(run);
}

static void freeze_redis(struct run *run)
{
	pid_t redis = torture_redis(run);

	if (redis > 0) {
		(void)kill(redis, SIGSTOP);
		torture_pause(torture_chance(&run->random, 200)
				      ? 2000 + torture_below(&run->random, 4000)
				      : torture_below(&run->random, 400));
		(void)kill(redis, SIGCONT);
	}
}

static void freeze_redis_and_kill_service(struct run *run)
{
	pid_t redis = torture_redis(run);

	if (redis > 0) {
		(void)kill(redis, SIGSTOP);
		torture_pause(torture_below(&run->random, 200));
	}
	kill_service(run);
}

static void kill_while_starting(struct run *run)
{
	kill_hard(torture_service(run));
	pid_t starting = start_blueplane(&run->home, "start");
	torture_pause(torture_below(&run->random, 120));
	kill_hard(torture_service(run));
	(void)wait_for(starting);
	torture_start(run);
}

static void stop_and_start(struct run *run)
{
	int code = run_blueplane(&run->home, NULL, "stop", NULL, NULL);

	if (code != 0) {
		(void)printf("FAILED: blueplane stop: exit code %d\n", code);
		run->failures++;
	}
	torture_start(run);
}

static const struct {
	const char *name;
	void (*act)(struct run *run);
	bool service_lives;
} KIND[TORTURE_KINDS] = {
	{"service killed", kill_service, false},
	{"Redis killed", kill_redis, true},
	{"Redis killed and emptied", kill_redis_and_empty, true},
	{"both killed", kill_both, false},
	{"Redis frozen", freeze_redis, true},
	{"Redis frozen, service killed", freeze_redis_and_kill_service, false},
	{"service killed, and while starting", kill_while_starting, false},
	{"stopped and started", stop_and_start, false},
};

static void start_import(struct run *run)
{
	if (run->import > 0 && waitpid(run->import, NULL, WNOHANG) != 0) {
		run->import = 0;
	}
	if (run->import == 0 && torture_chance(&run->random, 400)) {
		run->import = start_blueplane(&run->home, "import");
	}
}

uint64_t torture_round_begin(struct run *run)
{
	static const uint64_t moments_ms[] = {10, 60, 300, 1000};
	uint64_t grow = run->options.lines * 4 / 5 / run->options.rounds;
	uint64_t wait_ms = torture_below(&run->random, moments_ms[torture_below(&run->random, 4)]);

	(void)atomic_fetch_add(&run->writer.quota, (int64_t)grow);
	start_import(run);
	torture_pause(wait_ms);
	return wait_ms;
}

static void one_round(struct run *run, uint64_t i)
{
	size_t kind = i < TORTURE_KINDS ? i : (size_t)torture_below(&run->random, TORTURE_KINDS);
	uint64_t wait_ms = torture_round_begin(run);

	pid_t before = torture_service(run);
	if (before == 0) {
		(void)printf("FAILED: round %llu: the service has ended by itself\n",
			     (unsigned long long)i);
		run->failures++;
		torture_start(run);
	}
	KIND[kind].act(run);
	run->done[kind]++;
	if (KIND[kind].service_lives && torture_service(run) != before) {
		(void)printf("FAILED: round %llu: %s, and the service ended\n",
			     (unsigned long long)i, KIND[kind].name);
		run->failures++;
		torture_start(run);
	}
	if (run->options.verbose) {
		(void)printf("round %llu: after %llu ms %s; %lld lines written\n",
			     (unsigned long long)i + 1, (unsigned long long)wait_ms,
			     KIND[kind].name, (long long)atomic_load(&run->writer.quota));
		(void)fflush(stdout);
	}
}

void torture_wait_done(struct run *run, struct check *check)
{
	int64_t until_us = torture_now_us() + (int64_t)ARRIVAL_MS * 1000;

	if (run->import > 0) {
		(void)wait_for(run->import);
		run->import = 0;
	}
	/* Every other run an import reads what is left, else the watch must. */
	if (run->options.seed % 2 == 0 &&
	    run_blueplane(&run->home, NULL, "import", NULL, NULL) != 0) {
		(void)printf("FAILED: the last import\n");
		run->failures++;
	}
	while (!check_arrived(check) && torture_now_us() < until_us) {
		torture_pause(POLL_MS);
	}
	int code = run_blueplane(&run->home, NULL, "status", "--wait", NULL);
	if (code != 0) {
		(void)printf("FAILED: blueplane status --wait: exit code %d\n", code);
		run->failures++;
	}
}

static void prepare(struct run *run)
{
	char program[TORTURE_PATH_BYTES + 32];
	struct bp_err err = {0};

	(void)snprintf(run->root, sizeof(run->root), "/tmp/blueplane-torture-XXXXXX");
	if (!mkdtemp(run->root)) {
		torture_give_up("no folder below /tmp: %s", strerrordesc_np(errno));
	}
	(void)snprintf(run->home.user, sizeof(run->home.user), "%s/user", run->root);
	(void)snprintf(run->home.home, sizeof(run->home.home), "%s/bp", run->root);
	(void)snprintf(run->home.bin, sizeof(run->home.bin), "%s", run->options.bin);
	(void)snprintf(program, sizeof(program), "%s/blueplane-hook", run->home.bin);
	if (mkdir(run->home.user, 0700) != 0 || access(program, X_OK) != 0) {
		torture_give_up("no programs in \"%s\": %s", run->home.bin, strerrordesc_np(errno));
	}
	home_enter(&run->home);
	run->random = run->options.seed ^ 0x6b696c6c;
	world_init(&run->world, run->home.user, run->options.seed, run->options.lines);
	(void)world_grow(&run->world, (int64_t)run->options.lines / 5, true);
	run->writer = (struct writer){.world = &run->world, .random = run->options.seed ^ 1};
	atomic_store(&run->writer.quota, run->world.truth.lines);
	run->hooks = (struct hooks){.program = bp_strdup(bp_str_from(program)),
				    .home = run->home.home,
				    .random = run->options.seed ^ 2};
	(void)err;
}

static void rounds(struct run *run)
{
	struct bp_thread writer = {0};
	struct bp_thread hooks = {0};
	struct bp_err err = {0};

	torture_start(run);
	if (bp_thread_start(&writer, "writer", writer_run, &run->writer, &err) != BP_OK ||
	    bp_thread_start(&hooks, "hooks", hooks_run, &run->hooks, &err) != BP_OK) {
		torture_give_up("%s", err.msg);
	}
	for (uint64_t i = 0; i < run->options.rounds; i++) {
		if (run->options.power) {
			power_cut(run);
		} else {
			one_round(run, i);
		}
	}
	atomic_store(&run->writer.stop, true);
	bp_thread_join(&writer);
	/* A busy machine may not have let it write all. */
	int64_t left = (int64_t)run->options.lines - run->world.truth.lines;
	(void)world_grow(&run->world, left > 0 ? left : 0, false);
	world_settle(&run->world);
	atomic_store(&run->hooks.stop, true);
	bp_thread_join(&hooks);
}

static void report(const struct run *run, const struct check *check, int64_t took_us,
		   int64_t final_us)
{
	const struct world_truth *truth = &run->world.truth;

	(void)printf("%lld lines in %zu files: %lld rows and %lld duplicates of their last "
		     "readings, %lld dead letters, %lld oversize; %lld files torn, %lld cut, %lld "
		     "rewritten, %lld deleted; %lld readings from the start again\n",
		     (long long)truth->lines, run->world.n_files, (long long)check->rows,
		     (long long)check->duplicates, (long long)truth->dead,
		     (long long)truth->oversize, (long long)run->world.changes[0],
		     (long long)run->world.changes[1], (long long)run->world.changes[2],
		     (long long)run->world.changes[3], (long long)check->generations);
	(void)printf("%zu hooks: %lld stored; %lld lost by kill -9 of Redis (at most %lld ms old), "
		     "%lld with its files deleted (at most %lld ms old); slowest %lld ms\n",
		     run->hooks.n, (long long)check->hooks_stored, (long long)check->lost,
		     (long long)(check->oldest_us / 1000), (long long)check->lost_emptied,
		     (long long)(check->oldest_emptied_us / 1000),
		     (long long)(run->hooks.slowest_us / 1000));
	for (size_t i = 0; i < TORTURE_KINDS && !run->options.power; i++) {
		(void)printf("%s%lld %s", i ? ", " : "", (long long)run->done[i], KIND[i].name);
	}
	if (run->options.power) {
		(void)printf("%zu power cuts", run->n_cuts);
	}
	(void)printf("; %.1f s, final %.1f s after the last\n", (double)took_us / 1e6,
		     (double)final_us / 1e6);
}

static int torture(struct run *run)
{
	struct check check = {.home = &run->home, .world = &run->world, .hooks = &run->hooks};
	int64_t start_us = torture_now_us();

	prepare(run);
	rounds(run);
	check.deaths = run->deaths;
	check.n_deaths = run->n_deaths;
	int64_t last_us = torture_now_us();
	torture_wait_done(run, &check);
	int64_t final_us = torture_now_us() - last_us;
	check_all(&check);
	if (run_blueplane(&run->home, NULL, "stop", NULL, NULL) != 0) {
		(void)printf("FAILED: the last stop\n");
		run->failures++;
	}
	int left = reap_all(REAP_MS);
	if (left > 0) {
		(void)printf("FAILED: %d processes are left\n", left);
		run->failures++;
	}
	run->failures += check.failures;
	report(run, &check, torture_now_us() - start_us, final_us);
	if (run->failures == 0) {
		power_check(run);
	}
	if (run->failures == 0 && !run->options.keep) {
		remove_tree(run->root);
	} else {
		(void)printf("%s: everything is in %s\n", run->failures ? "FAILED" : "kept",
			     run->root);
	}
	return run->failures;
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
	return true;
}

static bool parse(int argc, char **argv, struct options *out)
{
	static const struct option rows[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"seed", required_argument, NULL, 's'},
		{"lines", required_argument, NULL, 'l'},
		{"bin", required_argument, NULL, 'b'},
		{"verbose", no_argument, NULL, 'v'},
		{"keep", no_argument, NULL, 'k'},
		{"power-cut", no_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	bool fine = true;
	int c;

	while ((c = getopt_long(argc, argv, "", rows, NULL)) != -1) {
		if (c == 'r') {
			fine = fine && read_number(optarg, &out->rounds) && out->rounds > 0;
		} else if (c == 's' && strcmp(optarg, "random") != 0) {
			fine = fine && read_number(optarg, &out->seed);
		} else if (c == 'l') {
			fine = fine && read_number(optarg, &out->lines) && out->lines >= 100;
		} else if (c == 'b') {
			out->bin = optarg;
		} else if (c == 'v') {
			out->verbose = true;
		} else if (c == 'k') {
			out->keep = true;
		} else if (c == 'p') {
			out->power = true;
		} else if (c != 's') {
			fine = false;
		}
	}
	return fine && optind == argc;
}

int main(int argc, char **argv)
{
	static struct run run;
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		torture_give_up("no random seed");
	}
	run.options = (struct options){
		.rounds = 50, .lines = 100000, .seed = seed % 1000000, .bin = BP_TEST_BIN_DIR};
	if (!parse(argc, argv, &run.options)) {
		(void)fprintf(stderr, "usage: torture [--rounds N] [--lines N] [--seed N|random] "
				      "[--bin FOLDER] [--power-cut] [--verbose] [--keep]\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)printf("torture%s --rounds %llu --lines %llu --seed %llu\n",
		     run.options.power ? " --power-cut" : "",
		     (unsigned long long)run.options.rounds, (unsigned long long)run.options.lines,
		     (unsigned long long)run.options.seed);
	(void)fflush(stdout);
	int failures = torture(&run);
	world_done(&run.world);
	free(run.hooks.calls);
	free(run.deaths);
	free(run.cuts);
	(void)printf("%s (seed %llu)\n", failures ? "FAILED" : "all accounted for",
		     (unsigned long long)run.options.seed);
	return failures ? 1 : 0;
}
