/* SPDX-License-Identifier: MIT */
#include "fastpath/fastpath.h"

#include <pthread.h>

#include "base/bell.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fastpath/batch.h"
#include "fastpath/hands.h"
#include "stream/dlq.h"
#include "stream/stream.h"

enum {
	REDIS_TIMEOUT_MS = 2000,
	FIRST_PAUSE_MS = 50,
	LAST_PAUSE_MS = 2000,
	REST_US = 2000000, /* without an event: memory that was needed goes back */
	LOG_EVERY_US = 10000000,
	CLAIM_EVERY_US = 10000000,
	DLQ_TRIM_EVERY_US = 600000000
};

struct bp_fastpath {
	char *redis_address, *database_path;
	struct bp_stop *stop;
	struct bp_fastpath_config config;
	struct bp_fastpath_counters counters;

	pthread_mutex_t mutex; /* of running, and of changes of the next two */
	pthread_cond_t changed;
	bool running;
	atomic_bool pause_wanted;
	struct bp_bell bell; /* rung with every change of pause_wanted */

	/* Below: the thread's alone. */
	struct bp_ends ends;
	struct bp_hands *hands;
	bool connected; /* ends.redis may be used */
	bool ready;     /* group made, stream read up to the last delivered entry */
	int64_t next_claim_us, next_dlq_trim_us;
	int pause_ms;      /* 0 while all is well */
	int64_t worked_us; /* monotonic: when something was last stored */
	bool resting;      /* the page cache was given back since */
	struct bp_log_gate store_gate, redis_gate;
};

struct bp_fastpath *bp_fastpath_new(const struct bp_fastpath_deps *deps)
{
	struct bp_fastpath *fp = bp_calloc(1, sizeof(*fp));

	fp->redis_address = bp_strdup(bp_str_from(deps->redis_address));
	fp->database_path = bp_strdup(bp_str_from(deps->database_path));
	fp->stop = deps->stop;
	fp->config = deps->config;
	fp->ends.lock = deps->lock;
	fp->hands = bp_hands_new(&fp->ends, &fp->config, deps->checkpointer, &fp->counters);
	(void)pthread_mutex_init(&fp->mutex, NULL);
	(void)pthread_cond_init(&fp->changed, NULL);
	/* Out of descriptors at start is out of everything. */
	BP_ASSERT(bp_bell_open(&fp->bell, NULL) == BP_OK);
	return fp;
}

void bp_fastpath_free(struct bp_fastpath *fp)
{
	if (!fp) {
		return;
	}
	bp_hands_free(fp->hands);
	bp_batch_close(fp->ends.batch);
	bp_redis_close(fp->ends.redis);
	bp_bell_close(&fp->bell);
	(void)pthread_cond_destroy(&fp->changed);
	(void)pthread_mutex_destroy(&fp->mutex);
	free(fp->redis_address);
	free(fp->database_path);
	free(fp);
}

const struct bp_fastpath_counters *bp_fastpath_counters(const struct bp_fastpath *fp)
{
	return &fp->counters;
}

void bp_fastpath_pause(struct bp_fastpath *fp, bool pause)
{
	(void)pthread_mutex_lock(&fp->mutex);
	atomic_store(&fp->pause_wanted, pause);
	bp_bell_ring(&fp->bell);
	while (fp->running && (atomic_load(&fp->counters.paused) == 1) != pause) {
		(void)pthread_cond_wait(&fp->changed, &fp->mutex);
	}
	(void)pthread_mutex_unlock(&fp->mutex);
}

static void set_paused(struct bp_fastpath *fp, bool paused)
{
	(void)pthread_mutex_lock(&fp->mutex);
	atomic_store(&fp->counters.paused, paused ? 1 : 0);
	(void)pthread_cond_broadcast(&fp->changed);
	(void)pthread_mutex_unlock(&fp->mutex);
}

static void set_running(struct bp_fastpath *fp, bool running)
{
	(void)pthread_mutex_lock(&fp->mutex);
	fp->running = running;
	(void)pthread_cond_broadcast(&fp->changed);
	(void)pthread_mutex_unlock(&fp->mutex);
}

/* Send what is left before the thread stops looking at its connection. */
static void flush_redis(struct bp_fastpath *fp)
{
	struct bp_err err = {0};

	if (fp->connected && bp_redis_flush(fp->ends.redis, NULL, &err) == BP_EIO) {
		fp->connected = false;
		fp->ready = false;
	}
}

static bool interrupted(const struct bp_fastpath *fp)
{
	return bp_stop_requested(fp->stop) || atomic_load(&fp->pause_wanted);
}

/*
 * Read everything that was ever delivered and is still in the stream: what a crash left
 * unacknowledged, and what a power cut took from the write-ahead log.
 */
static enum bp_rc replay(struct bp_fastpath *fp, const char *last_delivered, struct bp_err *err)
{
	char after[BP_STREAM_ID_BYTES] = "";
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && !interrupted(fp)) {
		rc = bp_hands_read_again(fp->hands, after, last_delivered, err);
		if (rc == BP_OK && !bp_hands_busy(fp->hands)) {
			fp->ready = true;
			return BP_OK;
		}
		if (rc == BP_OK) {
			rc = bp_hands_finish(fp->hands, false, err);
		}
	}
	return rc;
}

static enum bp_rc get_ready(struct bp_fastpath *fp, struct bp_err *err)
{
	struct bp_stream_state state;

	bp_hands_forget(fp->hands);
	fp->ends.failed = BP_SIDE_REDIS;
	/* Not made when it is there: a full Redis refuses even that, and only we can empty it. */
	enum bp_rc rc =
		bp_stream_state(fp->ends.redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, err);
	if (rc == BP_ENOTFOUND) {
		rc = bp_stream_ensure(fp->ends.redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, err);
		if (rc == BP_OK) {
			rc = bp_stream_state(fp->ends.redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS,
					     &state, err);
		}
	}
	if (rc == BP_OK) {
		rc = bp_stream_recount(fp->ends.redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS,
				       state.last_delivered, err);
	}
	return rc == BP_OK ? replay(fp, state.last_delivered, err) : rc;
}

static enum bp_rc connect_redis(struct bp_fastpath *fp, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	fp->ends.failed = BP_SIDE_REDIS;
	if (!fp->ends.redis) {
		rc = bp_redis_open(fp->redis_address, REDIS_TIMEOUT_MS, &fp->ends.redis, err);
		if (rc == BP_OK) {
			bp_redis_interrupt_by(fp->ends.redis, fp->stop->fd, fp->bell.fd);
		}
	} else {
		rc = bp_redis_reconnect(fp->ends.redis, err);
	}
	fp->connected = rc == BP_OK;
	return rc;
}

static enum bp_rc open_store(struct bp_fastpath *fp, struct bp_err *err)
{
	fp->ends.failed = BP_SIDE_STORE;
	bp_writer_lock_take(fp->ends.lock, BP_WRITER_FAST);
	enum bp_rc rc =
		bp_batch_open(fp->database_path, fp->config.cache_bytes, &fp->ends.batch, err);
	bp_writer_lock_give(fp->ends.lock);
	return rc;
}

/* What has time: trimming, entries of dead consumers, old dead letters. */
static enum bp_rc keep_house(struct bp_fastpath *fp, bool idle, struct bp_err *err)
{
	int64_t now_us = bp_clock_mono_us();
	enum bp_rc rc = bp_hands_trim(fp->hands, idle, err);

	if (rc == BP_OK && now_us >= fp->next_claim_us) {
		fp->next_claim_us = now_us + CLAIM_EVERY_US;
		rc = bp_hands_claim(fp->hands, err);
		if (rc == BP_OK) {
			rc = bp_hands_finish(fp->hands, false, err);
		}
	}
	if (rc == BP_OK && now_us >= fp->next_dlq_trim_us) {
		fp->next_dlq_trim_us = now_us + DLQ_TRIM_EVERY_US;
		rc = bp_dlq_trim(fp->ends.redis, bp_clock_wall_us(), err);
	}
	return rc;
}

/* A batch like the last one is not to be expected soon. */
static void rest(struct bp_fastpath *fp, bool idle)
{
	int64_t now_us = bp_clock_mono_us();

	if (!idle) {
		fp->worked_us = now_us;
		fp->resting = false;
	} else if (!fp->resting && now_us - fp->worked_us >= REST_US) {
		fp->resting = true;
		bp_sql_rest(bp_batch_sql(fp->ends.batch));
	}
}

static enum bp_rc read_and_store(struct bp_fastpath *fp, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (!bp_hands_turn(fp->hands)) {
		rc = bp_hands_read(fp->hands, err);
	}
	bool idle = !bp_hands_busy(fp->hands);
	if (rc == BP_OK) {
		rc = bp_hands_finish(fp->hands, true, err);
	}
	rest(fp, idle);
	return rc == BP_OK ? keep_house(fp, idle, err) : rc;
}

static enum bp_rc step(struct bp_fastpath *fp, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (!fp->ends.batch) {
		rc = open_store(fp, err);
	}
	if (rc == BP_OK && !fp->connected) {
		rc = connect_redis(fp, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	if (!fp->ready) {
		return get_ready(fp, err);
	}
	/* Left by a step that failed. */
	if (bp_hands_busy(fp->hands)) {
		return bp_hands_finish(fp->hands, false, err);
	}
	return read_and_store(fp, err);
}

static void wait_a_little(struct bp_fastpath *fp)
{
	int64_t left_us = (int64_t)fp->pause_ms * 1000;
	int64_t end_us = bp_clock_mono_us() + left_us;

	while (!interrupted(fp) && left_us > 0) {
		(void)bp_bell_wait(&fp->bell, fp->stop, (int)(left_us / 1000) + 1);
		left_us = end_us - bp_clock_mono_us();
	}
}

static void handle_failure(struct bp_fastpath *fp, enum bp_rc rc, const struct bp_err *err)
{
	if (fp->ends.failed == BP_SIDE_REDIS && rc == BP_ESTOPPED) {
		/* Interrupted while it waited: what came after all is read again from the stream. */
		fp->connected = false;
		fp->ready = false;
		bp_bell_clear(&fp->bell); /* why it rang is asked for next */
		return;
	}
	if (fp->ends.failed == BP_SIDE_REDIS && rc == BP_ENOTFOUND) {
		/* The stream was deleted: a purge, or Redis lost its data. */
		fp->ready = false;
		return;
	}
	fp->pause_ms = fp->pause_ms == 0 ? FIRST_PAUSE_MS : fp->pause_ms * 2;
	if (fp->pause_ms > LAST_PAUSE_MS) {
		fp->pause_ms = LAST_PAUSE_MS;
	}
	if (fp->ends.failed == BP_SIDE_REDIS) {
		/* Anything but a full Redis: what is in hand comes again from the stream. */
		if (rc != BP_ELIMIT) {
			fp->connected = false;
			fp->ready = false;
			bp_hands_drop(fp->hands);
		}
		bp_log_every(&fp->redis_gate, LOG_EVERY_US, BP_LOG_WARN, BP_LOG_WHO,
			     "%s; trying again in %d ms", err->msg, fp->pause_ms);
	} else {
		atomic_store(&fp->counters.store_rc, rc);
		if (rc != BP_ELIMIT && rc != BP_EBUSY) {
			/* The file may be replaced by the time it is opened again. */
			bp_batch_close(fp->ends.batch);
			fp->ends.batch = NULL;
		}
		bp_log_every(
			&fp->store_gate, LOG_EVERY_US, BP_LOG_ERROR, BP_LOG_WHO,
			"cannot store events: %s; they stay in the queue, trying again in %d ms",
			err->msg, fp->pause_ms);
	}
	wait_a_little(fp);
}

/* Leave nothing half done, unless it is failing anyway: then the stream has it. */
static void empty_hands(struct bp_fastpath *fp)
{
	struct bp_err ignored = {0};

	if (fp->ready && fp->pause_ms == 0 && !bp_hands_busy(fp->hands) &&
	    bp_hands_turn(fp->hands)) {
		/* A failure leaves them unacknowledged, and they are read again. */
		(void)(bp_hands_finish(fp->hands, false, &ignored) == BP_OK);
	}
	bp_hands_drop(fp->hands);
	flush_redis(fp);
}

/* Between two batches: nothing in hand, nothing open on either side. */
static void hold_still(struct bp_fastpath *fp)
{
	struct bp_err err = {0};

	empty_hands(fp);
	set_paused(fp, true);
	while (atomic_load(&fp->pause_wanted) && !bp_bell_wait(&fp->bell, fp->stop, -1)) {
	}
	/* Tombstones, names and streams may have changed. */
	fp->ready = false;
	if (fp->ends.batch && bp_batch_reload(fp->ends.batch, &err) != BP_OK) {
		bp_log_warn("%s; opening the database again", err.msg);
		bp_batch_close(fp->ends.batch);
		fp->ends.batch = NULL;
	}
	set_paused(fp, false);
}

void bp_fastpath_run(void *arg)
{
	struct bp_fastpath *fp = arg;

	set_running(fp, true);
	while (!bp_stop_requested(fp->stop)) {
		struct bp_err err = {0};

		if (atomic_load(&fp->pause_wanted)) {
			hold_still(fp);
			continue;
		}
		enum bp_rc rc = step(fp, &err);
		if (rc != BP_OK) {
			handle_failure(fp, rc, &err);
		} else if (fp->pause_ms > 0) {
			bp_log_info("storing events again");
			fp->pause_ms = 0;
		}
	}
	empty_hands(fp);
	bp_batch_close(fp->ends.batch);
	fp->ends.batch = NULL;
	set_running(fp, false);
}
