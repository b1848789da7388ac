/* SPDX-License-Identifier: MIT */
/*
 * A power cut: service and Redis are held still, so that the copy is of one moment. What was synced
 * by then stays as it is; behind that a log may end early, in zeroes, or in garbage.
 *
 * Seen to fail: without the replay of what was delivered (get_ready() of fastpath.c) 27 of 197 hooks of
 * one cut are lost, whose rows were in the part of the WAL that was not synced.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "torture/torture.h"

enum {
	FILE_BYTES_MAX = 512 * 1024 * 1024,
	WAL_HEADER_BYTES = 32,
	WAL_FRAME_BYTES = 24 + 4096,
	ATTEMPTED_AT =
		128, /* of the WAL's index: frames that were synced to be copied to the file */
	INDEX_BYTES = 136,
	AOF_SYNC_MS = 1000 /* everysec */
};

/** A copy of the home. */
struct cut {
	struct torture_home home;
	int64_t at_us;
	bool aof_damaged; /* its last second is gone */
	bool aof_garbage; /* all of it is: Redis does not load it */
	char what[96];
};

struct copying {
	const struct run *run;
	const char *to;
};

static bool copy_one(const char *path, bool is_dir, void *arg)
{
	const struct copying *copying = arg;
	char to[TORTURE_PATH_BYTES * 2];
	struct bp_buf bytes;
	struct bp_err err = {0};
	struct stat st;

	(void)snprintf(to, sizeof(to), "%s%s", copying->to, path + strlen(copying->run->home.home));
	if (is_dir) {
		if (mkdir(to, 0700) != 0) {
			torture_give_up("cannot make \"%s\": %s", to, strerrordesc_np(errno));
		}
		return true;
	}
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
		return false; /* a socket */
	}
	bp_buf_init(&bytes, FILE_BYTES_MAX);
	if (bp_file_read(path, &bytes, &err) != BP_OK) {
		torture_give_up("%s", err.msg);
	}
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || bp_file_write_all(fd, bytes.ptr ? bytes.ptr : "", bytes.len, &err) != BP_OK) {
		torture_give_up("cannot write \"%s\": %s", to, strerrordesc_np(errno));
	}
	(void)close(fd);
	bp_buf_done(&bytes);
	return false;
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/** How much of the WAL must be on the disk: a checkpoint syncs what it copies before it copies. */
static int64_t synced_wal_bytes(const char *home)
{
	char path[TORTURE_PATH_BYTES * 2];
	struct bp_buf index;
	uint32_t frames = 0;

	(void)snprintf(path, sizeof(path), "%s/telemetry.db-shm", home);
	bp_buf_init(&index, FILE_BYTES_MAX);
	if (bp_file_read(path, &index, NULL) == BP_OK && index.len >= INDEX_BYTES) {
		memcpy(&frames, index.ptr + ATTEMPTED_AT, sizeof(frames));
	}
	bp_buf_done(&index);
	(void)unlink(path); /* memory does not outlive the power */
	return frames > 0 ? WAL_HEADER_BYTES + (int64_t)frames * WAL_FRAME_BYTES : 0;
}

/** The file that Redis appends to now; "" when there is none. */
static void find_aof(const char *home, char *out, size_t cap)
{
	char folder[TORTURE_PATH_BYTES * 2];
	const struct dirent *entry;

	out[0] = '\0';
	(void)snprintf(folder, sizeof(folder), "%s/redis/appendonlydir", home);
	DIR *dir = opendir(folder);
	while (dir && (entry = readdir(dir)) != NULL) {
		if (strstr(entry->d_name, ".incr.aof")) {
			(void)snprintf(out, cap, "%s/%s", folder, entry->d_name);
		}
	}
	if (dir) {
		(void)closedir(dir);
	}
}

enum damage { DAMAGE_NONE, DAMAGE_CUT, DAMAGE_ZEROES, DAMAGE_GARBAGE, DAMAGES };

/** Damage a file behind `from`: from there, or from somewhere later. */
static enum damage spoil_end(struct run *run, const char *path, int64_t from, enum damage damage)
{
	int64_t size = size_of(path);

	if (size <= from || damage == DAMAGE_NONE) {
		return DAMAGE_NONE;
	}
	int64_t at = torture_chance(&run->random, 500)
			     ? from
			     : from + (int64_t)torture_below(&run->random, (uint64_t)(size - from));
	if (damage == DAMAGE_CUT) {
		if (truncate(path, (off_t)at) != 0) {
			torture_give_up("cannot cut \"%s\": %s", path, strerrordesc_np(errno));
		}
		return damage;
	}
	size_t n = (size_t)(size - at);
	unsigned char *bytes = bp_calloc(n, 1);
	for (size_t i = 0; damage == DAMAGE_GARBAGE && i < n; i++) {
		bytes[i] = (unsigned char)torture_random(&run->random);
	}
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, bytes, n, (off_t)at) != (ssize_t)n) {
		torture_give_up("cannot write \"%s\": %s", path, strerrordesc_np(errno));
	}
	(void)close(fd);
	free(bytes);
	return damage;
}

static void damage_logs(struct run *run, struct cut *cut, const char *synced_aof,
			int64_t synced_aof_bytes)
{
	static const char *const names[] = {"whole", "cut", "ending in zeroes",
					    "ending in garbage"};
	char wal[TORTURE_PATH_BYTES * 2];
	char aof[TORTURE_PATH_BYTES * 2];

	(void)snprintf(wal, sizeof(wal), "%s/telemetry.db-wal", cut->home.home);
	int64_t synced = synced_wal_bytes(cut->home.home);
	enum damage wal_damage = (enum damage)(1 + torture_below(&run->random, DAMAGES - 1));
	/* Mostly as it was, or cut: garbage makes Redis begin anew, which excuses lost hooks. */
	uint64_t dice = torture_below(&run->random, 10);
	enum damage aof_wanted = dice < 6   ? DAMAGE_NONE
				 : dice < 8 ? DAMAGE_CUT
					    : (enum damage)(DAMAGE_ZEROES + dice - 8);
	wal_damage = spoil_end(run, wal, synced, wal_damage);
	enum damage aof_damage = DAMAGE_NONE;
	find_aof(cut->home.home, aof, sizeof(aof));
	if (aof[0] && strcmp(strrchr(aof, '/'), strrchr(synced_aof, '/')) == 0) {
		aof_damage = spoil_end(run, aof, synced_aof_bytes, aof_wanted);
	}
	cut->aof_damaged = aof_damage != DAMAGE_NONE;
	cut->aof_garbage = aof_damage > DAMAGE_CUT;
	(void)snprintf(cut->what, sizeof(cut->what), "WAL %s (%lld of %lld bytes synced), AOF %s",
		       names[wal_damage], (long long)synced, (long long)size_of(wal),
		       names[aof_damage]);
}

void power_cut(struct run *run)
{
	char aof[TORTURE_PATH_BYTES * 2];

	(void)torture_round_begin(run);
	pid_t service = torture_service(run);
	pid_t redis = torture_redis(run);
	if (service == 0 || redis == 0) {
		(void)printf("FAILED: the service has ended by itself\n");
		run->failures++;
		torture_start(run);
		return;
	}
	/* What is in it now is on the disk a second later. */
	find_aof(run->home.home, aof, sizeof(aof));
	int64_t aof_bytes = size_of(aof);
	torture_pause(AOF_SYNC_MS + torture_below(&run->random, 200));
	(void)kill(service, SIGSTOP);
	(void)kill(redis, SIGSTOP);
	run->cuts = bp_realloc(run->cuts, run->n_cuts + 1, sizeof(*run->cuts));
	struct cut *cut = &run->cuts[run->n_cuts];
	*cut = (struct cut){.home = run->home, .at_us = torture_now_us()};
	(void)snprintf(cut->home.home, sizeof(cut->home.home), "%s/cut%zu", run->root, run->n_cuts);
	run->n_cuts++;
	struct copying copying = {run, cut->home.home};
	if (mkdir(cut->home.home, 0700) != 0) {
		torture_give_up("no folder for a copy: %s", strerrordesc_np(errno));
	}
	bp_file_walk(run->home.home, copy_one, &copying);
	(void)kill(redis, SIGCONT);
	(void)kill(service, SIGCONT);
	damage_logs(run, cut, aof[0] ? aof : "/", aof_bytes);
	if (run->options.verbose) {
		(void)printf("cut %zu: %s\n", run->n_cuts, cut->what);
		(void)fflush(stdout);
	}
}

static void check_one(struct run *run, const struct cut *cut)
{
	struct hooks hooks = run->hooks;
	struct redis_death death = {.at_us = cut->at_us, .emptied = cut->aof_garbage};
	struct check check = {.home = &cut->home,
			      .world = &run->world,
			      .hooks = &hooks,
			      .deaths = &death,
			      .n_deaths = cut->aof_damaged ? 1 : 0};
	struct bp_buf text;

	/* Those that were answered by then; a whole append-only file has each of them. */
	hooks.n = 0;
	while (hooks.n < run->hooks.n && run->hooks.calls[hooks.n].end_us <= cut->at_us) {
		hooks.n++;
	}
	run->home = cut->home;
	home_enter(&run->home);
	torture_start(run);
	torture_wait_done(run, &check);
	bp_buf_init(&text, 65536);
	if (run_blueplane(&run->home, &text, "db", "verify", NULL) != 0) {
		(void)printf("FAILED: db verify: %s\n", text.ptr ? text.ptr : "");
		run->failures++;
	}
	bp_buf_done(&text);
	check_all(&check);
	if (run_blueplane(&run->home, NULL, "stop", NULL, NULL) != 0) {
		(void)printf("FAILED: the last stop\n");
		run->failures++;
	}
	run->failures += check.failures;
	(void)printf(
		"%s, %s: %lld hooks stored, %lld lost (at most %lld ms old)%s\n",
		strrchr(cut->home.home, '/') + 1, cut->what, (long long)check.hooks_stored,
		(long long)(check.lost + check.lost_emptied),
		(long long)((check.lost_emptied > 0 ? check.oldest_emptied_us : check.oldest_us) /
			    1000),
		check.failures ? " FAILED" : "");
	(void)fflush(stdout);
}

void power_check(struct run *run)
{
	struct torture_home home = run->home;

	for (size_t i = 0; i < run->n_cuts; i++) {
		check_one(run, &run->cuts[i]);
	}
	run->home = home;
}
