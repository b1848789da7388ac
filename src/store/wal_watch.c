/* SPDX-License-Identifier: MIT */
#include "store/wal_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/mem.h"

struct bp_wal_watch {
	LIST_ENTRY(bp_wal_watch) link;
	char *path;
	unsigned references; /* under registry_mutex */
	atomic_int pages;
	atomic_int stepped; /* length at the last bp_wal_watch_step() */
	atomic_uint_fast64_t commits;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	atomic_bool waiting; /* somebody waits: a commit must signal */
	bool woken;          /* under mutex */
};

static pthread_mutex_t registry_mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, bp_wal_watch) registry = LIST_HEAD_INITIALIZER(registry);

struct bp_wal_watch *bp_wal_watch_take(const char *path)
{
	struct bp_wal_watch *watch;

	(void)pthread_mutex_lock(&registry_mutex);
	LIST_FOREACH (watch, &registry, link) {
		if (strcmp(watch->path, path) == 0) {
			break;
		}
	}
	if (!watch) {
		pthread_condattr_t attr;

		watch = bp_calloc(1, sizeof(*watch));
		watch->path = bp_strdup(bp_str_from(path));
		(void)pthread_mutex_init(&watch->mutex, NULL);
		(void)pthread_condattr_init(&attr);
		(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		(void)pthread_cond_init(&watch->changed, &attr);
		(void)pthread_condattr_destroy(&attr);
		LIST_INSERT_HEAD(&registry, watch, link);
	}
	watch->references++;
	(void)pthread_mutex_unlock(&registry_mutex);
	return watch;
}

void bp_wal_watch_give(struct bp_wal_watch *watch)
{
	if (!watch) {
		return;
	}
	(void)pthread_mutex_lock(&registry_mutex);
	bool last = --watch->references == 0;
	if (last) {
		LIST_REMOVE(watch, link);
	}
	(void)pthread_mutex_unlock(&registry_mutex);
	if (last) {
		(void)pthread_cond_destroy(&watch->changed);
		(void)pthread_mutex_destroy(&watch->mutex);
		free(watch->path);
		free(watch);
	}
}

void bp_wal_watch_commit(struct bp_wal_watch *watch, int pages)
{
	atomic_store(&watch->pages, pages);
	(void)atomic_fetch_add(&watch->commits, 1);
	/* A busy writer must not pay for a system call at each commit. */
	if (atomic_load(&watch->waiting)) {
		(void)pthread_mutex_lock(&watch->mutex);
		(void)pthread_cond_broadcast(&watch->changed);
		(void)pthread_mutex_unlock(&watch->mutex);
	}
}

int bp_wal_watch_pages(const struct bp_wal_watch *watch)
{
	return atomic_load(&watch->pages);
}

bool bp_wal_watch_step(struct bp_wal_watch *watch, int step_pages)
{
	int pages = atomic_load(&watch->pages);
	int stepped = atomic_load(&watch->stepped);

	if (pages >= stepped && pages - stepped < step_pages) {
		return false;
	}
	return atomic_compare_exchange_strong(&watch->stepped, &stepped, pages);
}

uint64_t bp_wal_watch_commits(const struct bp_wal_watch *watch)
{
	return atomic_load(&watch->commits);
}

static struct timespec deadline_after(int timeout_ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += timeout_ms / 1000;
	at.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}

void bp_wal_watch_wait(struct bp_wal_watch *watch, uint64_t commits, int timeout_ms)
{
	struct timespec deadline = deadline_after(timeout_ms < 0 ? 0 : timeout_ms);
	int rc = 0;

	(void)pthread_mutex_lock(&watch->mutex);
	/* Who waits for no commit in particular is not woken by each. */
	atomic_store(&watch->waiting, commits != UINT64_MAX);
	while (rc == 0 && !watch->woken && atomic_load(&watch->commits) <= commits) {
		rc = timeout_ms < 0
			     ? pthread_cond_wait(&watch->changed, &watch->mutex)
			     : pthread_cond_timedwait(&watch->changed, &watch->mutex, &deadline);
	}
	atomic_store(&watch->waiting, false);
	watch->woken = false;
	(void)pthread_mutex_unlock(&watch->mutex);
}

void bp_wal_watch_wake(struct bp_wal_watch *watch)
{
	(void)pthread_mutex_lock(&watch->mutex);
	watch->woken = true;
	(void)pthread_cond_broadcast(&watch->changed);
	(void)pthread_mutex_unlock(&watch->mutex);
}
