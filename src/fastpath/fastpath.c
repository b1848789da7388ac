/* SPDX-License-Identifier: MIT */
#include "fastpath/fastpath.h"

#include <pthread.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fastpath/batch.h"
#include "fastpath/outcome.h"
#include "fastpath/retention.h"
#include "stream/dlq.h"
#include "stream/stream.h"

#define CONSUMER "fast-path-1"

enum {
	REDIS_TIMEOUT_MS = 2000,
	FIRST_PAUSE_MS = 50,
	LAST_PAUSE_MS = 2000,
	PAUSE_SLICE_MS = 20,
	LOG_EVERY_US = 10000000,
	CLAIM_EVERY_US = 10000000,
	CLAIM_IDLE_MS = 60000,
	DLQ_TRIM_EVERY_US = 600000000,
	CDC_KEPT = 100000,
	CDC_TRIM_EVERY = 1000,
	READ_BYTES = 8 * 1024 * 1024 /* of one read, about: large events come in small batches */
};

/* How far the entries in hand have come. */
enum stage { STAGE_READ, STAGE_STORED, STAGE_LETTERS_SENT };

/* Which side a step failed on. */
enum side { SIDE_STORE, SIDE_REDIS };

/* What one read brought. */
struct hand {
	struct bp_arena arena; /* of everything below */
	struct bp_entry *entries;
	int64_t *deliveries; /* of claimed entries, else NULL */
	struct bp_outcome *outcomes;
	size_t n; /* 0: empty */
	enum stage stage;
	int64_t read_us; /* when they came; monotonic */
};

struct bp_fastpath {
	char *redis_address, *database_path;
	struct bp_writer_lock *lock;
	struct bp_checkpointer *checkpointer;
	struct bp_stop *stop;
	struct bp_fastpath_config config;
	struct bp_fastpath_counters counters;

	pthread_mutex_t mutex; /* of running, and of changes of the next two */
	pthread_cond_t changed;
	bool running;
	atomic_bool pause_wanted;

	/* Below: the thread's alone. */
	struct bp_batch *batch;
	struct bp_redis *redis;
	struct bp_retention *retention;
	bool connected; /* redis may be used */
	bool ready;     /* group made, stream read up to the last delivered entry */
	struct hand hands[2];
	struct hand *now;  /* what is being stored */
	struct hand *next; /* what was read meanwhile */
	size_t read_max;   /* how many to ask for next */
	size_t cdc_untrimmed;
	int64_t next_claim_us, next_dlq_trim_us;
	enum side failed_side;
	int pause_ms; /* 0 while all is well */
	struct bp_log_gate store_gate, redis_gate;
};

struct bp_fastpath *bp_fastpath_new(const struct bp_fastpath_deps *deps)
{
	struct bp_fastpath *fp = bp_calloc(1, sizeof(*fp));

	fp->redis_address = bp_strdup(bp_str_from(deps->redis_address));
	fp->database_path = bp_strdup(bp_str_from(deps->database_path));
	fp->lock = deps->lock;
	fp->checkpointer = deps->checkpointer;
	fp->stop = deps->stop;
	fp->config = deps->config;
	fp->read_max = (size_t)deps->config.batch_events;
	fp->retention = bp_retention_new(deps->checkpointer);
	fp->now = &fp->hands[0];
	fp->next = &fp->hands[1];
	(void)pthread_mutex_init(&fp->mutex, NULL);
	(void)pthread_cond_init(&fp->changed, NULL);
	return fp;
}

void bp_fastpath_free(struct bp_fastpath *fp)
{
	if (!fp) {
		return;
	}
	bp_batch_close(fp->batch);
	bp_redis_close(fp->redis);
	bp_retention_free(fp->retention);
	bp_arena_done(&fp->hands[0].arena);
	bp_arena_done(&fp->hands[1].arena);
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

static void drop_hand(struct hand *hand)
{
	hand->n = 0;
	hand->deliveries = NULL;
	bp_arena_clear(&hand->arena);
}

/* Entries that are not acknowledged are read again from the stream. */
static void drop_hands(struct bp_fastpath *fp)
{
	drop_hand(fp->now);
	drop_hand(fp->next);
}

static void take_hand(struct hand *hand, struct bp_entry *entries, int64_t *deliveries, size_t n)
{
	hand->entries = entries;
	hand->deliveries = deliveries;
	hand->n = n;
	hand->stage = STAGE_READ;
	hand->read_us = bp_clock_mono_us();
	hand->outcomes = bp_arena_alloc(&hand->arena, n * sizeof(hand->outcomes[0]));
}

static void count_outcomes(struct bp_fastpath *fp, const struct hand *hand)
{
	int64_t of[BP_OUTCOME_GAP + 1] = {0};

	for (size_t i = 0; i < hand->n; i++) {
		of[hand->outcomes[i].kind]++;
	}
	(void)atomic_fetch_add(&fp->counters.events, (int64_t)hand->n);
	(void)atomic_fetch_add(&fp->counters.rows, of[BP_OUTCOME_ROW]);
	(void)atomic_fetch_add(&fp->counters.duplicates, of[BP_OUTCOME_DUPLICATE]);
	(void)atomic_fetch_add(&fp->counters.dead_letters, of[BP_OUTCOME_DEAD]);
	(void)atomic_fetch_add(&fp->counters.purged, of[BP_OUTCOME_PURGED]);
	(void)atomic_fetch_add(&fp->counters.gaps, of[BP_OUTCOME_GAP]);
	(void)atomic_fetch_add(&fp->counters.batches, 1);
	atomic_store(&fp->counters.last_batch_us, bp_clock_mono_us() - hand->read_us);
}

static enum bp_rc store_hand(struct bp_fastpath *fp, struct bp_err *err)
{
	struct hand *hand = fp->now;

	fp->failed_side = SIDE_STORE;
	bp_writer_lock_take(fp->lock, BP_WRITER_FAST);
	enum bp_rc rc = bp_batch_store(fp->batch, hand->entries, hand->n, bp_clock_wall_us(),
				       &hand->arena, hand->outcomes, err);
	if (rc == BP_OK) {
		bp_store_cap_wal(bp_batch_sql(fp->batch));
	}
	bp_writer_lock_give(fp->lock);
	if (rc == BP_OK) {
		atomic_store(&fp->counters.store_rc, BP_OK);
		count_outcomes(fp, hand);
		hand->stage = STAGE_STORED;
	}
	return rc;
}

static enum bp_rc trim(struct bp_fastpath *fp, bool idle, struct bp_err *err)
{
	/* Both hands are read and not acknowledged; the older one stands first. */
	const struct hand *held = fp->now->n > 0 ? fp->now : fp->next;

	fp->failed_side = SIDE_REDIS;
	return bp_retention_trim(fp->retention, fp->redis, idle,
				 held->n > 0 ? held->entries[0].id : NULL, fp->now->n + fp->next->n,
				 err);
}

/* Redis is full, and we hold entries that we may not acknowledge: give up what costs nothing. */
static enum bp_rc make_room(struct bp_fastpath *fp)
{
	/* Wake-ups: the slow path finds the rows without them. */
	static const struct bp_str words[] = {
		{"XTRIM", 5},
		{BP_STREAM_CDC, sizeof(BP_STREAM_CDC) - 1},
		{"MAXLEN", 6},
		{"1000", 4},
	};

	bp_redis_command(fp->redis, words, sizeof(words) / sizeof(words[0]));
	return trim(fp, true, NULL);
}

static bool any_dead(const struct hand *hand)
{
	for (size_t i = 0; i < hand->n; i++) {
		if (hand->outcomes[i].kind == BP_OUTCOME_DEAD) {
			return true;
		}
	}
	return false;
}

/* Alone and before the acknowledgement: one that Redis refuses (it is full) must not be lost. */
static enum bp_rc send_letters(struct bp_fastpath *fp, struct bp_err *err)
{
	struct hand *hand = fp->now;
	size_t refused = 0;

	fp->failed_side = SIDE_REDIS;
	if (any_dead(hand)) {
		/* What was refused before is not the letters'. */
		enum bp_rc rc = bp_redis_flush(fp->redis, NULL, err);

		if (rc == BP_OK || rc == BP_ELIMIT) {
			(void)bp_outcome_add_letters(fp->redis, hand->entries, hand->deliveries,
						     hand->outcomes, hand->n, bp_clock_wall_us());
			rc = bp_redis_flush(fp->redis, &refused, err);
		}
		if (rc == BP_OK && refused > 0) {
			rc = bp_err_set(err, BP_ELIMIT, "Redis refused %zu dead letters", refused);
		}
		if (rc == BP_ELIMIT && make_room(fp) != BP_OK) {
			rc = BP_EIO;
		}
		if (rc != BP_OK) {
			return rc;
		}
	}
	hand->stage = STAGE_LETTERS_SENT;
	return BP_OK;
}

static void add_cdc_trim(struct bp_fastpath *fp)
{
	static const struct bp_str words[] = {
		{"XTRIM", 5},  {BP_STREAM_CDC, sizeof(BP_STREAM_CDC) - 1}, {"MAXLEN", 6}, {"~", 1},
		{"100000", 6},
	};

	_Static_assert(CDC_KEPT == 100000, "words[] says the same");
	if (fp->cdc_untrimmed >= CDC_TRIM_EVERY) {
		bp_redis_command(fp->redis, words, sizeof(words) / sizeof(words[0]));
		fp->cdc_untrimmed = 0;
	}
}

static size_t bytes_in(const struct hand *hand)
{
	size_t bytes = 0;

	for (size_t i = 0; i < hand->n; i++) {
		for (size_t k = 0; k < hand->entries[i].n_fields; k++) {
			bytes += hand->entries[i].fields[k].value.len;
		}
	}
	return bytes;
}

static void adapt_read_max(struct bp_fastpath *fp, size_t n, size_t bytes)
{
	size_t max = (size_t)fp->config.batch_events;
	size_t fit = bytes > 0 ? READ_BYTES / (bytes / n + 1) : max;

	fp->read_max = fit < 1 ? 1 : fit < max ? fit : max;
}

/*
 * Nothing waits for these replies: they travel with the next command, nearly always the next read.
 * A refused wake-up (Redis is full) is no loss, the slow path finds the rows without it; a broken
 * connection shows at that next command, and the stream is read again then.
 */
static void acknowledge(struct bp_fastpath *fp)
{
	struct hand *hand = fp->now;
	size_t bytes = bytes_in(hand);

	fp->cdc_untrimmed += bp_outcome_add_cdc(fp->redis, hand->outcomes, hand->n);
	add_cdc_trim(fp);
	bp_redis_xack(fp->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, hand->entries, hand->n);
	adapt_read_max(fp, hand->n, bytes);
	bp_retention_note(fp->retention, hand->entries[hand->n - 1].id, hand->n, bytes);
	drop_hand(hand);
}

/* Send what is left before the thread stops looking at its connection. */
static void flush_redis(struct bp_fastpath *fp)
{
	struct bp_err err = {0};

	if (fp->connected && bp_redis_flush(fp->redis, NULL, &err) == BP_EIO) {
		fp->connected = false;
		fp->ready = false;
	}
}

/* While we store, Redis gathers what comes next: each has a core of its own. */
static enum bp_rc read_ahead(struct bp_fastpath *fp, bool *asked, struct bp_err *err)
{
	*asked = fp->now->n == fp->read_max && fp->next->n == 0;
	if (!*asked) {
		return BP_OK; /* it was not a full read: nothing more is there */
	}
	fp->failed_side = SIDE_REDIS;
	return bp_stream_read_begin(fp->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, CONSUMER,
				    fp->read_max, err);
}

static enum bp_rc take_ahead(struct bp_fastpath *fp, struct bp_err *err)
{
	struct bp_entry *entries = NULL;
	size_t n = 0;

	drop_hand(fp->next);
	enum bp_rc rc = bp_stream_read_end(fp->redis, &fp->next->arena, &entries, &n, err);
	if (rc == BP_OK && n > 0) {
		take_hand(fp->next, entries, NULL, n);
	}
	return rc;
}

/* Store, and have the next entries read meanwhile when there are more. */
static enum bp_rc store_and_read(struct bp_fastpath *fp, bool ahead, struct bp_err *err)
{
	bool asked = false;
	struct bp_err ignored = {0};
	enum bp_rc rc = ahead ? read_ahead(fp, &asked, err) : BP_OK;

	if (rc != BP_OK) {
		return rc;
	}
	rc = store_hand(fp, err);
	if (asked) {
		enum bp_rc taken = take_ahead(fp, rc == BP_OK ? err : &ignored);

		/* A store that failed is what matters: the next command finds out about Redis. */
		if (rc == BP_OK && taken != BP_OK) {
			fp->failed_side = SIDE_REDIS;
			rc = taken;
		}
	}
	return rc;
}

/* Bring the entries in hand through the stages that are left. */
static enum bp_rc finish_hand(struct bp_fastpath *fp, bool ahead, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (fp->now->n == 0) {
		return BP_OK;
	}
	if (fp->now->stage == STAGE_READ) {
		rc = store_and_read(fp, ahead, err);
	}
	if (rc == BP_OK && fp->now->stage == STAGE_STORED) {
		rc = send_letters(fp, err);
	}
	if (rc == BP_OK) {
		acknowledge(fp);
	}
	return rc;
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
		struct bp_entry *entries = NULL;
		size_t n = 0;

		fp->failed_side = SIDE_REDIS;
		drop_hand(fp->now);
		rc = bp_stream_range(fp->redis, BP_STREAM_EVENTS, after[0] ? after : NULL,
				     last_delivered, fp->read_max, &fp->now->arena, &entries, &n,
				     err);
		if (rc != BP_OK) {
			return rc;
		}
		if (n == 0) {
			fp->ready = true;
			return BP_OK;
		}
		memcpy(after, entries[n - 1].id, sizeof(after));
		take_hand(fp->now, entries, NULL, n);
		rc = finish_hand(fp, false, err);
	}
	return rc;
}

static enum bp_rc get_ready(struct bp_fastpath *fp, struct bp_err *err)
{
	struct bp_stream_state state;

	drop_hands(fp);
	bp_retention_forget(fp->retention);
	fp->failed_side = SIDE_REDIS;
	/* Not made when it is there: a full Redis refuses even that, and only we can empty it. */
	enum bp_rc rc =
		bp_stream_state(fp->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, err);
	if (rc == BP_ENOTFOUND) {
		rc = bp_stream_ensure(fp->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, err);
		if (rc == BP_OK) {
			rc = bp_stream_state(fp->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS,
					     &state, err);
		}
	}
	return rc == BP_OK ? replay(fp, state.last_delivered, err) : rc;
}

static enum bp_rc connect_redis(struct bp_fastpath *fp, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	fp->failed_side = SIDE_REDIS;
	if (!fp->redis) {
		rc = bp_redis_open(fp->redis_address, REDIS_TIMEOUT_MS, &fp->redis, err);
	} else {
		rc = bp_redis_reconnect(fp->redis, err);
	}
	fp->connected = rc == BP_OK;
	return rc;
}

static enum bp_rc open_store(struct bp_fastpath *fp, struct bp_err *err)
{
	fp->failed_side = SIDE_STORE;
	bp_writer_lock_take(fp->lock, BP_WRITER_FAST);
	enum bp_rc rc = bp_batch_open(fp->database_path, fp->config.cache_bytes, &fp->batch, err);
	bp_writer_lock_give(fp->lock);
	return rc;
}

static enum bp_rc claim(struct bp_fastpath *fp, struct bp_err *err)
{
	struct bp_entry *entries = NULL;
	int64_t *deliveries = NULL;
	size_t n = 0;

	fp->failed_side = SIDE_REDIS;
	enum bp_rc rc = bp_stream_claim(fp->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, CONSUMER,
					CLAIM_IDLE_MS, fp->read_max, &fp->now->arena, &entries,
					&deliveries, &n, err);
	if (rc != BP_OK || n == 0) {
		return rc;
	}
	take_hand(fp->now, entries, deliveries, n);
	return finish_hand(fp, false, err);
}

/* What has time: trimming, entries of dead consumers, old dead letters. */
static enum bp_rc keep_house(struct bp_fastpath *fp, bool idle, struct bp_err *err)
{
	int64_t now_us = bp_clock_mono_us();
	enum bp_rc rc = trim(fp, idle, err);

	if (rc == BP_OK && now_us >= fp->next_claim_us) {
		fp->next_claim_us = now_us + CLAIM_EVERY_US;
		rc = claim(fp, err);
	}
	if (rc == BP_OK && now_us >= fp->next_dlq_trim_us) {
		fp->next_dlq_trim_us = now_us + DLQ_TRIM_EVERY_US;
		rc = bp_dlq_trim(fp->redis, bp_clock_wall_us(), err);
	}
	return rc;
}

static enum bp_rc read_now(struct bp_fastpath *fp, struct bp_err *err)
{
	struct bp_entry *entries = NULL;
	size_t n = 0;

	fp->failed_side = SIDE_REDIS;
	drop_hand(fp->now);
	enum bp_rc rc = bp_stream_read(fp->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, CONSUMER,
				       fp->read_max, (int)(fp->config.block_us / 1000),
				       &fp->now->arena, &entries, &n, err);
	if (rc == BP_OK && n > 0) {
		take_hand(fp->now, entries, NULL, n);
	}
	return rc;
}

static void turn_to_next(struct bp_fastpath *fp)
{
	struct hand *empty = fp->now;

	fp->now = fp->next;
	fp->next = empty;
	/* Waiting for its turn is not its time. */
	fp->now->read_us = bp_clock_mono_us();
}

static enum bp_rc read_and_store(struct bp_fastpath *fp, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (fp->next->n > 0) {
		turn_to_next(fp);
	} else {
		rc = read_now(fp, err);
	}
	bool idle = fp->now->n == 0;
	if (rc == BP_OK) {
		rc = finish_hand(fp, true, err);
	}
	return rc == BP_OK ? keep_house(fp, idle, err) : rc;
}

static enum bp_rc step(struct bp_fastpath *fp, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (!fp->batch) {
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
	if (fp->now->n > 0) {
		return finish_hand(fp, false, err);
	}
	return read_and_store(fp, err);
}

static void wait_a_little(struct bp_fastpath *fp)
{
	int64_t end_us = bp_clock_mono_us() + (int64_t)fp->pause_ms * 1000;

	while (!interrupted(fp) && bp_clock_mono_us() < end_us) {
		(void)bp_stop_wait(fp->stop, PAUSE_SLICE_MS);
	}
}

static void handle_failure(struct bp_fastpath *fp, enum bp_rc rc, const struct bp_err *err)
{
	if (fp->failed_side == SIDE_REDIS && rc == BP_ENOTFOUND) {
		/* The stream was deleted: a purge, or Redis lost its data. */
		fp->ready = false;
		return;
	}
	fp->pause_ms = fp->pause_ms == 0 ? FIRST_PAUSE_MS : fp->pause_ms * 2;
	if (fp->pause_ms > LAST_PAUSE_MS) {
		fp->pause_ms = LAST_PAUSE_MS;
	}
	if (fp->failed_side == SIDE_REDIS) {
		/* Anything but a full Redis: what is in hand comes again from the stream. */
		if (rc != BP_ELIMIT) {
			fp->connected = false;
			fp->ready = false;
			drop_hands(fp);
		}
		bp_log_every(&fp->redis_gate, LOG_EVERY_US, BP_LOG_WARN, BP_LOG_WHO,
			     "%s; trying again in %d ms", err->msg, fp->pause_ms);
	} else {
		atomic_store(&fp->counters.store_rc, rc);
		if (rc != BP_ELIMIT && rc != BP_EBUSY) {
			/* The file may be replaced by the time it is opened again. */
			bp_batch_close(fp->batch);
			fp->batch = NULL;
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

	if (fp->ready && fp->pause_ms == 0 && fp->now->n == 0 && fp->next->n > 0) {
		turn_to_next(fp);
		/* A failure leaves them unacknowledged, and they are read again. */
		(void)(finish_hand(fp, false, &ignored) == BP_OK);
	}
	drop_hands(fp);
	flush_redis(fp);
}

/* Between two batches: nothing in hand, nothing open on either side. */
static void hold_still(struct bp_fastpath *fp)
{
	struct bp_err err = {0};

	empty_hands(fp);
	set_paused(fp, true);
	while (atomic_load(&fp->pause_wanted) && !bp_stop_requested(fp->stop)) {
		(void)bp_stop_wait(fp->stop, PAUSE_SLICE_MS);
	}
	/* Tombstones, names and streams may have changed. */
	fp->ready = false;
	if (fp->batch && bp_batch_reload(fp->batch, &err) != BP_OK) {
		bp_log_warn("%s; opening the database again", err.msg);
		bp_batch_close(fp->batch);
		fp->batch = NULL;
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
	bp_batch_close(fp->batch);
	fp->batch = NULL;
	set_running(fp, false);
}
