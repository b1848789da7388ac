/* SPDX-License-Identifier: MIT */
#include "capture/capture.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "capture/import.h"
#include "capture/monitor.h"
#include "capture/sender.h"
#include "capture/sources.h"
#include "capture/tail.h"
#include "capture/watch.h"
#include "stream/spool.h"

enum {
	MONITORS_MAX = 16,
	REPLAY_MAX = 1000, /* spool files between two looks at other work */
	STEPS_MAX = 8,     /* slices between two looks at what happened */
	FULL_MS = 20,      /* how long files wait when the queue is full */
	GATHER_MS = 60,    /* lines that come sooner after others are taken together */
	IDLE_MS_MAX = 60 * 1000
};

TAILQ_HEAD(import_list, bp_import);

struct bp_capture {
	struct bp_capture_deps deps; /* strings are owned */
	char **roots;                /* owned copy of the config's, with its texts */
	int wake_fd;

	/* the thread's own */
	struct bp_sender sender;
	struct bp_sources *sources;
	struct bp_watch *watch;
	struct import_list imports;
	bool box_waits[MONITORS_MAX];
	int64_t rescan_mono_us;
	int64_t worked_mono_us; /* when something was last taken from a source */
	bool rescanning;

	/* between threads */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct import_list new_imports;
	bool running, pause_wanted, paused;
	bool caught_up; /* looked everywhere once, and nothing of it waits to be added */
	struct bp_source_state published[MONITORS_MAX];
};

static char **copy_list(char *const *list)
{
	size_t n = 0;

	while (list && list[n]) {
		n++;
	}
	char **copy = bp_calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++) {
		copy[i] = bp_strdup(bp_str_from(list[i]));
	}
	return copy;
}

struct bp_capture *bp_capture_new(const struct bp_capture_deps *deps)
{
	struct bp_capture *capture = bp_calloc(1, sizeof(*capture));

	capture->deps = *deps;
	capture->deps.home = bp_strdup(bp_str_from(deps->home));
	capture->deps.redis_address = bp_strdup(bp_str_from(deps->redis_address));
	capture->deps.database_path = bp_strdup(bp_str_from(deps->database_path));
	capture->roots = copy_list(deps->config.claude_roots);
	capture->deps.config.claude_roots = capture->roots;
	TAILQ_INIT(&capture->imports);
	TAILQ_INIT(&capture->new_imports);
	BP_ASSERT(pthread_mutex_init(&capture->mutex, NULL) == 0);
	BP_ASSERT(pthread_cond_init(&capture->changed, NULL) == 0);
	/* Out of descriptors at start is out of everything. */
	capture->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	BP_ASSERT(capture->wake_fd >= 0);
	for (size_t i = 0; bp_monitors[i]; i++) {
		capture->published[i] =
			(struct bp_source_state){.name = bp_monitors[i]->name,
						 .enabled = bp_monitors[i]->enabled(&deps->config),
						 .last_event_us = BP_ABSENT};
	}
	return capture;
}

static void let_imports_go(struct import_list *list)
{
	struct bp_import *import = NULL;

	while ((import = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, import, link);
		bp_import_free(import);
	}
}

/** A string of deps that is our own copy. */
static void free_text(const char *text)
{
	union {
		const char *borrowed;
		char *owned;
	} both = {.borrowed = text};

	free(both.owned);
}

void bp_capture_free(struct bp_capture *capture)
{
	if (!capture) {
		return;
	}
	BP_ASSERT(!capture->running);
	let_imports_go(&capture->new_imports);
	free_text(capture->deps.home);
	free_text(capture->deps.redis_address);
	free_text(capture->deps.database_path);
	for (size_t i = 0; capture->roots[i]; i++) {
		free(capture->roots[i]);
	}
	free(capture->roots);
	(void)close(capture->wake_fd);
	(void)pthread_mutex_destroy(&capture->mutex);
	(void)pthread_cond_destroy(&capture->changed);
	free(capture);
}

static void wake(struct bp_capture *capture)
{
	uint64_t one = 1;
	ssize_t n = write(capture->wake_fd, &one, sizeof(one));

	(void)n; /* full means that it is awake */
}

/* what the watch tells */

static void on_file(void *arg, int tag, const char *path)
{
	struct bp_capture *capture = arg;
	const struct bp_monitor *monitor = bp_monitors[tag];

	if (monitor->replay) {
		capture->box_waits[tag] = true;
	} else if (monitor->wants_file(bp_str_from(path))) {
		if (capture->rescanning) {
			/* What is known is looked at by bp_sources_check(): a stat, no reading. */
			bp_sources_seen(capture->sources, monitor, path);
		} else {
			bp_sources_touch(capture->sources, monitor, path);
		}
	}
}

static bool on_folder(void *arg, int tag, struct bp_str name)
{
	(void)arg;
	return bp_monitors[tag]->roots && bp_monitors[tag]->wants_folder(name);
}

static void watch_monitor(struct bp_capture *capture, int tag)
{
	const struct bp_monitor *monitor = bp_monitors[tag];
	struct bp_paths roots = {0};

	if (!monitor->enabled(&capture->deps.config)) {
		return;
	}
	if (monitor->roots) {
		monitor->roots(&capture->deps.config, &roots);
	} else {
		bp_paths_add(&roots, bp_asprintf("%s/%s", capture->deps.home, monitor->box));
	}
	for (size_t i = 0; i < roots.n; i++) {
		bp_watch_add_root(capture->watch, roots.items[i], tag);
	}
	bp_paths_done(&roots);
}

static void start_watch(struct bp_capture *capture)
{
	const struct bp_watch_callbacks callbacks = {
		.file = on_file, .folder = on_folder, .arg = capture};

	if (!capture->deps.watch) {
		return;
	}
	capture->watch = bp_watch_new(&callbacks);
	for (int tag = 0; bp_monitors[tag]; tag++) {
		watch_monitor(capture, tag);
	}
}

/* what other threads ask for */

static void take_imports(struct bp_capture *capture)
{
	struct bp_import *import = NULL;
	struct bp_import *next = NULL;

	(void)pthread_mutex_lock(&capture->mutex);
	while ((import = TAILQ_FIRST(&capture->new_imports)) != NULL) {
		TAILQ_REMOVE(&capture->new_imports, import, link);
		TAILQ_INSERT_TAIL(&capture->imports, import, link);
		for (size_t i = 0; i < import->n; i++) {
			bp_sources_import(capture->sources, &import->items[i]);
		}
	}
	(void)pthread_mutex_unlock(&capture->mutex);
	for (import = TAILQ_FIRST(&capture->imports); import; import = next) {
		struct bp_import_progress progress;

		next = TAILQ_NEXT(import, link);
		bp_import_progress(import, &progress);
		if (progress.done || bp_import_cancelled(import)) {
			bp_sources_forget_import(capture->sources, import);
			TAILQ_REMOVE(&capture->imports, import, link);
			bp_import_free(import);
		}
	}
}

/** True while holding still. */
static bool obey_pause(struct bp_capture *capture)
{
	(void)pthread_mutex_lock(&capture->mutex);
	bool wanted = capture->pause_wanted;
	bool changed = wanted != capture->paused;
	capture->paused = wanted;
	if (changed) {
		(void)pthread_cond_broadcast(&capture->changed);
	}
	(void)pthread_mutex_unlock(&capture->mutex);
	if (changed && !wanted) {
		/* Streams and rows may be others now. */
		capture->sender.connected = false;
		bp_sources_rewind(capture->sources);
		capture->rescan_mono_us = 0;
	}
	return wanted;
}

void bp_capture_pause(struct bp_capture *capture, bool pause)
{
	(void)pthread_mutex_lock(&capture->mutex);
	capture->pause_wanted = pause;
	wake(capture);
	while (capture->running && capture->paused != capture->pause_wanted) {
		(void)pthread_cond_wait(&capture->changed, &capture->mutex);
	}
	(void)pthread_mutex_unlock(&capture->mutex);
}

enum bp_rc bp_capture_import_start(struct bp_capture *capture, char *const *paths, size_t n,
				   int64_t since_us, bool refresh, struct bp_import **out,
				   struct bp_err *err)
{
	struct bp_import *import = NULL;
	enum bp_rc rc =
		bp_import_new(&capture->deps.config, paths, n, since_us, refresh, &import, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_import_hold(import);
	(void)pthread_mutex_lock(&capture->mutex);
	TAILQ_INSERT_TAIL(&capture->new_imports, import, link);
	(void)pthread_mutex_unlock(&capture->mutex);
	wake(capture);
	*out = import;
	return BP_OK;
}

size_t bp_capture_sources(struct bp_capture *capture, struct bp_source_state *out, size_t max)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&capture->mutex);
	for (; bp_monitors[n]; n++) {
		if (n < max) {
			out[n] = capture->published[n];
		}
	}
	(void)pthread_mutex_unlock(&capture->mutex);
	for (size_t i = 0; i < n && i < max; i++) {
		if (bp_monitors[i]->replay) {
			struct bp_spool_state spool;

			bp_spool_state(capture->deps.home, &spool);
			out[i].files = spool.files;
			out[i].lag_bytes = spool.bytes;
		}
	}
	return n;
}

static void publish(struct bp_capture *capture, bool caught_up)
{
	(void)pthread_mutex_lock(&capture->mutex);
	capture->caught_up = caught_up;
	for (size_t i = 0; bp_monitors[i]; i++) {
		struct bp_source_state *to = &capture->published[i];
		struct bp_sources_state state;

		if (bp_monitors[i]->roots) {
			bp_sources_state(capture->sources, bp_monitors[i], &state);
			to->files = state.files;
			to->lag_bytes = state.lag_bytes;
			to->last_event_us = state.last_event_us;
			to->errors = state.errors + capture->sender.errors;
		}
	}
	(void)pthread_mutex_unlock(&capture->mutex);
}

bool bp_capture_caught_up(struct bp_capture *capture)
{
	(void)pthread_mutex_lock(&capture->mutex);
	bool caught_up = capture->caught_up;
	(void)pthread_mutex_unlock(&capture->mutex);
	return caught_up;
}

/* the loop */

static void rescan(struct bp_capture *capture)
{
	int64_t depth = -1;

	if (capture->watch) {
		capture->rescanning = true;
		bp_watch_rescan(capture->watch);
		capture->rescanning = false;
		for (int tag = 0; bp_monitors[tag]; tag++) {
			capture->box_waits[tag] = bp_monitors[tag]->replay != NULL;
		}
	}
	bp_sources_check(capture->sources);
	bp_sender_check_server(&capture->sender);
	if (capture->sender.connected && bp_sender_depth(&capture->sender, &depth) && depth == 0) {
		bp_sources_heal(capture->sources);
	}
}

/** Empty the drop boxes. True when more waits. */
static bool replay_boxes(struct bp_capture *capture)
{
	bool more = false;

	for (int tag = 0; bp_monitors[tag]; tag++) {
		struct bp_err err = {0};
		size_t n = 0;

		if (!capture->box_waits[tag]) {
			continue;
		}
		enum bp_rc rc = bp_monitors[tag]->replay(capture->deps.home, capture->sender.redis,
							 REPLAY_MAX, &n, &err);
		if (rc != BP_OK) {
			bp_sender_distrust(&capture->sender, rc, "spool", &err);
			(void)pthread_mutex_lock(&capture->mutex);
			capture->published[tag].errors++;
			(void)pthread_mutex_unlock(&capture->mutex);
			return false;
		}
		capture->box_waits[tag] = n == REPLAY_MAX;
		more = more || n == REPLAY_MAX;
		if (n > 0) {
			(void)pthread_mutex_lock(&capture->mutex);
			capture->published[tag].last_event_us = bp_clock_wall_us();
			(void)pthread_mutex_unlock(&capture->mutex);
		}
	}
	return more;
}

static bool boxes_wait(const struct bp_capture *capture)
{
	for (int tag = 0; bp_monitors[tag]; tag++) {
		if (capture->box_waits[tag]) {
			return true;
		}
	}
	return false;
}

static bool has_work(const struct bp_capture *capture)
{
	return bp_sources_busy(capture->sources) || boxes_wait(capture);
}

/** Do a piece of what there is. Returns ms until the next look, 0: at once. */
static int work(struct bp_capture *capture)
{
	int64_t now_us = bp_clock_mono_us();
	bool more = false;
	bool full = false;

	if (now_us >= capture->rescan_mono_us) {
		rescan(capture);
		capture->rescan_mono_us = bp_clock_mono_us() + capture->deps.config.rescan_us;
	}
	bool wanted = has_work(capture);
	if (wanted && bp_sender_ready(&capture->sender, now_us)) {
		more = replay_boxes(capture);
		for (int i = 0; i < STEPS_MAX && bp_sources_busy(capture->sources) && !full; i++) {
			full = !bp_sources_step(capture->sources);
		}
		more = more || (bp_sources_busy(capture->sources) && !full);
		wanted = has_work(capture);
	}
	if (more) {
		return 0;
	}
	int64_t until_us = capture->rescan_mono_us;
	now_us = bp_clock_mono_us();
	if (wanted) {
		int64_t soon_us = now_us + (int64_t)FULL_MS * 1000;

		soon_us = soon_us > capture->sender.retry_mono_us ? soon_us
								  : capture->sender.retry_mono_us;
		until_us = soon_us < until_us ? soon_us : until_us;
	}
	int64_t ms = (until_us - now_us + 999) / 1000;
	return ms < 0 ? 0 : ms > IDLE_MS_MAX ? IDLE_MS_MAX : (int)ms;
}

static void wait_events(struct bp_capture *capture, int timeout_ms)
{
	enum { WAKE, STOP, WATCH, REDIS, N };
	struct pollfd fds[N] = {
		[WAKE] = {.fd = capture->wake_fd, .events = POLLIN},
		[STOP] = {.fd = capture->deps.stop->fd, .events = POLLIN},
		[WATCH] = {.fd = capture->watch ? bp_watch_fd(capture->watch) : -1,
			   .events = POLLIN},
		/* Between two commands it says nothing but that it is gone. */
		[REDIS] = {.fd = bp_sender_fd(&capture->sender), .events = POLLIN | POLLRDHUP},
	};
	uint64_t count = 0;

	if (poll(fds, N, timeout_ms) <= 0) {
		return;
	}
	if (fds[WAKE].revents) {
		ssize_t n = read(capture->wake_fd, &count, sizeof(count));
		(void)n;
	}
	if (fds[WATCH].revents) {
		bp_watch_read(capture->watch);
	}
	if (fds[REDIS].revents) {
		bp_sender_check_server(&capture->sender);
	}
}

/*
 * A line alone is taken at once. Under a steady trickle each line would wake every thread of the
 * pipeline; taken together with what comes within a few frames of a screen, it costs a fraction.
 */
static void gather(struct bp_capture *capture)
{
	struct pollfd fds[] = {{.fd = capture->wake_fd, .events = POLLIN},
			       {.fd = capture->deps.stop->fd, .events = POLLIN}};
	int64_t left_us = capture->worked_mono_us + (int64_t)GATHER_MS * 1000 - bp_clock_mono_us();

	if (left_us > 0) {
		(void)poll(fds, 2, (int)(left_us / 1000) + 1);
		if (capture->watch) {
			bp_watch_read(capture->watch);
		}
	}
}

static void loop(struct bp_capture *capture)
{
	bool settled = false; /* the last look left nothing over */

	while (!bp_stop_requested(capture->deps.stop)) {
		int timeout_ms = IDLE_MS_MAX;

		take_imports(capture);
		bool working = !obey_pause(capture);
		if (working) {
			bool wanted = has_work(capture);
			if (wanted && settled) {
				publish(capture, false);
				gather(capture);
			}
			timeout_ms = work(capture); /* the first time it looks everywhere */
			capture->worked_mono_us =
				wanted ? bp_clock_mono_us() : capture->worked_mono_us;
		}
		settled = timeout_ms > 0;
		publish(capture, working && !has_work(capture));
		wait_events(capture, timeout_ms);
	}
}

static void set_running(struct bp_capture *capture, bool running)
{
	(void)pthread_mutex_lock(&capture->mutex);
	capture->running = running;
	capture->paused = false;
	(void)pthread_cond_broadcast(&capture->changed);
	(void)pthread_mutex_unlock(&capture->mutex);
}

void bp_capture_run(void *arg)
{
	struct bp_capture *capture = arg;

	set_running(capture, true);
	bp_sender_init(&capture->sender, capture->deps.redis_address,
		       capture->deps.config.depth_max);
	const struct bp_sources_options options = {.database_path = capture->deps.database_path,
						   .policy = &capture->deps.policy,
						   .sender = &capture->sender,
						   .line_max = BP_TAIL_LINE_MAX};
	capture->sources = bp_sources_new(&options);
	start_watch(capture);
	if (capture->watch && bp_watch_blind(capture->watch)) {
		bp_log_warn("inotify has no more watches (fs.inotify.max_user_watches); "
			    "looking at all files every %lld ms instead",
			    (long long)(capture->deps.config.rescan_us / 1000));
	}
	loop(capture);
	let_imports_go(&capture->imports);
	bp_watch_free(capture->watch);
	capture->watch = NULL;
	bp_sources_free(capture->sources);
	capture->sources = NULL;
	bp_sender_done(&capture->sender);
	set_running(capture, false);
}
