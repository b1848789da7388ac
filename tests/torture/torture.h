/* SPDX-License-Identifier: MIT */
/**
 * torture.h - the parts of the torture program: a history that grows, hooks, kills, power cuts,
 *             checks.
 *
 * Why:     the promises of docs/architecture.md 6 hold whatever is killed when, or they do not. The
 *          history is made from a seed and knows what it holds, so that afterwards every line can
 *          be accounted for.
 * Threads: a world belongs to its writer while that runs, hooks to theirs; else to the main thread.
 */
#ifndef BP_TESTS_TORTURE_TORTURE_H
#define BP_TESTS_TORTURE_TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

enum { TORTURE_PATH_BYTES = 512 };

/** End with a message; nothing can be said about the service then. */
_Noreturn void torture_give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Random numbers: splitmix64, one state per thread. */
uint64_t torture_random(uint64_t *state);
uint64_t torture_below(uint64_t *state, uint64_t limit);
/** An event of the probability per_mille / 1000. */
bool torture_chance(uint64_t *state, uint64_t per_mille);
/** Wait up to ms. Threads: any. */
void torture_pause(uint64_t ms);
int64_t torture_now_us(void);

/* world.c: the history. */

/** One transcript and what is in it. Lines that are torn or cut off count from the beginning: at
 *  the end each has come back, but one that never ends. */
struct world_file {
	char path[TORTURE_PATH_BYTES];
	uint32_t session; /* of its lines, unless they are copies */
	bool agent;       /* a sub-agent's file */
	bool plain;       /* holds lines without uuid: it is never rewritten */
	bool away;        /* deleted, will be back */
	bool open_end;    /* its last line has no end */
	int64_t lines, dead, oversize;
	struct bp_buf pending; /* bytes that must be appended before anything else */
	uint32_t n_ids;        /* lines with uuid that began here */
	uint32_t n_forked;     /* the first of them stand in another session too */
	uint32_t *ids;
};

/** What facts must say. */
struct world_truth {
	int64_t lines, rows, dead, oversize;
	int64_t prompts, model_calls, tool_calls, output_tokens;
};

struct world {
	char root[TORTURE_PATH_BYTES];  /* .claude/projects */
	char spare[TORTURE_PATH_BYTES]; /* for files before they are renamed */
	uint64_t random;
	uint64_t seed;
	uint32_t next_id;
	size_t n_files, files_max;
	struct world_file *files;
	struct world_truth truth;
	int64_t changes[4]; /* torn, cut, rewritten, deleted: for the report */
};

void world_init(struct world *world, const char *home, uint64_t seed, size_t lines);
void world_done(struct world *world);

/** Add about n lines, in a few large writes (quick) or as assistants do. Returns how many. */
int64_t world_grow(struct world *world, int64_t n, bool quick);

/** Bring back everything that was torn, cut off or deleted; leave a few open ends. */
void world_settle(struct world *world);

/* hooks.c: blueplane-hook in a loop. */

struct hook_call {
	int64_t start_us, end_us;
};

struct hooks {
	const char *program, *home; /* borrowed */
	uint64_t random;
	struct hook_call *calls; /* the i-th has the session hook-<i> */
	size_t n, cap;
	int64_t bad; /* printed something or did not exit 0 */
	int64_t slowest_us;
	_Atomic bool stop;
};

/** The thread; arg is a struct hooks. */
void hooks_run(void *arg);

/* process.c: the programs. */

struct torture_home {
	char user[TORTURE_PATH_BYTES]; /* HOME */
	char home[TORTURE_PATH_BYTES]; /* BLUEPLANE_HOME */
	char bin[TORTURE_PATH_BYTES];
};

/** Set HOME and BLUEPLANE_HOME for all children; adopt orphans. */
void home_enter(const struct torture_home *home);

/** Run blueplane with up to four arguments and wait; what it says goes to out (may be NULL).
 *  Returns its exit code. */
int run_blueplane(const struct torture_home *home, struct bp_buf *out, const char *a, const char *b,
		  const char *c);
/** The same without waiting. */
pid_t start_blueplane(const struct torture_home *home, const char *a);
/** waitpid() through EINTR. Returns the exit code, 128 + signal, or -1. */
int wait_for(pid_t pid);

/** The process of a pid file below the home, 0 when it does not run or is not ours. */
pid_t pid_of(const struct torture_home *home, const char *name);
/** Kill and wait until it is gone. */
void kill_hard(pid_t pid);
void remove_tree(const char *path);

/** Wait until no child is left. Returns how many had to be killed after timeout_ms. */
int reap_all(int timeout_ms);

/* check.c: afterwards. */

/** A Redis that lost what it had. */
struct redis_death {
	int64_t at_us;
	bool emptied; /* its append-only files were deleted too */
};

struct check {
	const struct torture_home *home;
	const struct world *world;
	const struct hooks *hooks;
	const struct redis_death *deaths;
	size_t n_deaths;
	/* found */
	int failures;
	int64_t rows, duplicates, hooks_stored, lost_emptied, oldest_emptied_us, lost, oldest_us,
		generations;
};

/** True when every checkpoint stands at its file's end. */
bool check_arrived(struct check *check);
/** All of it; prints each failure. The service runs and is final. */
void check_all(struct check *check);

/* torture.c: one run. */

enum { TORTURE_KINDS = 8 };

struct options {
	uint64_t rounds, lines, seed;
	const char *bin;
	bool verbose, keep;
	bool power; /* cut the power instead of killing */
};

/** Who grows the history. */
struct writer {
	struct world *world;
	uint64_t random;
	_Atomic int64_t quota; /* lines that may exist */
	_Atomic bool stop;
};

struct run {
	struct options options;
	struct torture_home home;
	char root[64];
	struct world world;
	struct hooks hooks;
	struct writer writer;
	struct redis_death *deaths;
	size_t n_deaths;
	struct cut *cuts; /* with --power-cut */
	size_t n_cuts;
	uint64_t random;
	pid_t import;
	int64_t done[TORTURE_KINDS];
	int failures;
};

/** Start the service; a failure is counted and printed. */
void torture_start(struct run *run);
pid_t torture_service(const struct run *run);
/** The service's Redis; waits for it when it is just being started. */
pid_t torture_redis(const struct run *run);
/** Let more lines be written, and wait a random time; returns how long. */
uint64_t torture_round_begin(struct run *run);
/** Until everything is stored and final. */
void torture_wait_done(struct run *run, struct check *check);

/* power.c: what a power cut leaves. */

/** Keep a copy of the home as it is at a random moment, with the ends of its logs as a disk that lost
 *  its power may have them. */
void power_cut(struct run *run);

/** Start a service on each copy; it must catch up to everything. The world is settled. */
void power_check(struct run *run);

#endif
