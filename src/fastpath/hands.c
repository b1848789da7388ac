/* SPDX-License-Identifier: MIT */
#include "fastpath/hands.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "fastpath/outcome.h"
#include "fastpath/retention.h"

#define CONSUMER "fast-path-1"

enum {
	CLAIM_IDLE_MS = 60000,
	CDC_KEPT = 10000, /* wake-ups: about 150 bytes of Redis each */
	CDC_TRIM_EVERY = 1000,
	READ_BYTES = 8 * 1024 * 1024 /* of one read, about: large events come in small batches */
};

/* How far the entries in hand have come. */
enum stage { STAGE_READ, STAGE_STORED, STAGE_LETTERS_SENT };

/* What one read brought. */
struct hand {
	struct bp_arena arena; /* of everything below */
	struct bp_entry *entries;
	int64_t *deliveries; /* of claimed entries, else NULL */
	bool again;          /* they were delivered before, so what they say may be stored */
	struct bp_outcome *outcomes;
	size_t n; /* 0: empty */
	enum stage stage;
	int64_t read_us; /* when they came; monotonic */
};

struct bp_hands {
	struct bp_ends *ends;
	const struct bp_fastpath_config *config;
	struct bp_fastpath_counters *counters;
	struct bp_retention *retention;
	struct hand both[2];
	struct hand *now;  /* what is being stored */
	struct hand *next; /* what was read meanwhile */
	size_t read_max;   /* how many to ask for next */
	size_t cdc_untrimmed;
};

struct bp_hands *bp_hands_new(struct bp_ends *ends, const struct bp_fastpath_config *config,
			      struct bp_checkpointer *checkpointer,
			      struct bp_fastpath_counters *counters)
{
	struct bp_hands *hands = bp_calloc(1, sizeof(*hands));

	hands->ends = ends;
	hands->config = config;
	hands->counters = counters;
	hands->retention = bp_retention_new(checkpointer);
	hands->now = &hands->both[0];
	hands->next = &hands->both[1];
	hands->read_max = (size_t)config->batch_events;
	return hands;
}

void bp_hands_free(struct bp_hands *hands)
{
	if (!hands) {
		return;
	}
	bp_retention_free(hands->retention);
	bp_arena_done(&hands->both[0].arena);
	bp_arena_done(&hands->both[1].arena);
	free(hands);
}

static void drop_hand(struct hand *hand)
{
	hand->n = 0;
	hand->deliveries = NULL;
	bp_arena_clear(&hand->arena);
}

void bp_hands_drop(struct bp_hands *hands)
{
	drop_hand(hands->now);
	drop_hand(hands->next);
}

void bp_hands_forget(struct bp_hands *hands)
{
	bp_hands_drop(hands);
	bp_retention_forget(hands->retention);
}

bool bp_hands_busy(const struct bp_hands *hands)
{
	return hands->now->n > 0;
}

bool bp_hands_turn(struct bp_hands *hands)
{
	struct hand *empty = hands->now;

	if (hands->next->n == 0) {
		return false;
	}
	hands->now = hands->next;
	hands->next = empty;
	/* Waiting for its turn is not its time. */
	hands->now->read_us = bp_clock_mono_us();
	return true;
}

static void take_hand(struct hand *hand, struct bp_entry *entries, int64_t *deliveries, size_t n,
		      bool again)
{
	hand->entries = entries;
	hand->deliveries = deliveries;
	hand->again = again;
	hand->n = n;
	hand->stage = STAGE_READ;
	hand->read_us = bp_clock_mono_us();
	hand->outcomes = bp_arena_alloc(&hand->arena, n * sizeof(hand->outcomes[0]));
}

enum bp_rc bp_hands_read(struct bp_hands *hands, struct bp_err *err)
{
	struct bp_entry *entries = NULL;
	size_t n = 0;

	hands->ends->failed = BP_SIDE_REDIS;
	drop_hand(hands->now);
	enum bp_rc rc =
		bp_stream_read(hands->ends->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, CONSUMER,
			       hands->read_max, (int)(hands->config->block_us / 1000),
			       &hands->now->arena, &entries, &n, err);
	if (rc == BP_OK && n > 0) {
		take_hand(hands->now, entries, NULL, n, false);
	}
	return rc;
}

enum bp_rc bp_hands_read_again(struct bp_hands *hands, char after[BP_STREAM_ID_BYTES],
			       const char *last_delivered, struct bp_err *err)
{
	struct bp_entry *entries = NULL;
	size_t n = 0;

	hands->ends->failed = BP_SIDE_REDIS;
	drop_hand(hands->now);
	enum bp_rc rc = bp_stream_range(hands->ends->redis, BP_STREAM_EVENTS,
					after[0] ? after : NULL, last_delivered, hands->read_max,
					&hands->now->arena, &entries, &n, err);
	if (rc == BP_OK && n > 0) {
		memcpy(after, entries[n - 1].id, BP_STREAM_ID_BYTES);
		take_hand(hands->now, entries, NULL, n, true);
	}
	return rc;
}

enum bp_rc bp_hands_claim(struct bp_hands *hands, struct bp_err *err)
{
	struct bp_entry *entries = NULL;
	int64_t *deliveries = NULL;
	size_t n = 0;

	hands->ends->failed = BP_SIDE_REDIS;
	enum bp_rc rc = bp_stream_claim(hands->ends->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS,
					CONSUMER, CLAIM_IDLE_MS, hands->read_max,
					&hands->now->arena, &entries, &deliveries, &n, err);
	if (rc == BP_OK && n > 0) {
		take_hand(hands->now, entries, deliveries, n, true);
	}
	return rc;
}

/* While we store, Redis gathers what comes next: each has a core of its own. */
static enum bp_rc read_ahead(struct bp_hands *hands, bool *asked, struct bp_err *err)
{
	*asked = hands->now->n == hands->read_max && hands->next->n == 0;
	if (!*asked) {
		return BP_OK; /* it was not a full read: nothing more is there */
	}
	hands->ends->failed = BP_SIDE_REDIS;
	return bp_stream_read_begin(hands->ends->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS,
				    CONSUMER, hands->read_max, err);
}

static enum bp_rc take_ahead(struct bp_hands *hands, struct bp_err *err)
{
	struct bp_entry *entries = NULL;
	size_t n = 0;

	drop_hand(hands->next);
	enum bp_rc rc =
		bp_stream_read_end(hands->ends->redis, &hands->next->arena, &entries, &n, err);
	if (rc == BP_OK && n > 0) {
		take_hand(hands->next, entries, NULL, n, false);
	}
	return rc;
}

static void count_outcomes(struct bp_hands *hands, const struct hand *hand)
{
	int64_t of[BP_OUTCOME_GAP + 1] = {0};

	for (size_t i = 0; i < hand->n; i++) {
		of[hand->outcomes[i].kind]++;
	}
	(void)atomic_fetch_add(&hands->counters->events, (int64_t)hand->n);
	(void)atomic_fetch_add(&hands->counters->rows, of[BP_OUTCOME_ROW]);
	(void)atomic_fetch_add(&hands->counters->duplicates, of[BP_OUTCOME_DUPLICATE]);
	(void)atomic_fetch_add(&hands->counters->dead_letters, of[BP_OUTCOME_DEAD]);
	(void)atomic_fetch_add(&hands->counters->purged, of[BP_OUTCOME_PURGED]);
	(void)atomic_fetch_add(&hands->counters->gaps, of[BP_OUTCOME_GAP]);
	(void)atomic_fetch_add(&hands->counters->batches, 1);
	atomic_store(&hands->counters->last_batch_us, bp_clock_mono_us() - hand->read_us);
}

static enum bp_rc store_hand(struct bp_hands *hands, struct bp_err *err)
{
	struct hand *hand = hands->now;

	hands->ends->failed = BP_SIDE_STORE;
	bp_writer_lock_take(hands->ends->lock, BP_WRITER_FAST);
	enum bp_rc rc = bp_batch_store(hands->ends->batch, hand->entries, hand->n, hand->again,
				       bp_clock_wall_us(), &hand->arena, hand->outcomes, err);
	if (rc == BP_OK) {
		bp_store_cap_wal(bp_batch_sql(hands->ends->batch));
	}
	bp_writer_lock_give(hands->ends->lock);
	if (rc == BP_OK) {
		atomic_store(&hands->counters->store_rc, BP_OK);
		count_outcomes(hands, hand);
		hand->stage = STAGE_STORED;
	}
	return rc;
}

/* Store, and have the next entries read meanwhile when there are more. */
static enum bp_rc store_and_read(struct bp_hands *hands, bool ahead, struct bp_err *err)
{
	bool asked = false;
	struct bp_err ignored = {0};
	enum bp_rc rc = ahead ? read_ahead(hands, &asked, err) : BP_OK;

	if (rc != BP_OK) {
		return rc;
	}
	rc = store_hand(hands, err);
	if (asked) {
		enum bp_rc taken = take_ahead(hands, rc == BP_OK ? err : &ignored);

		/* A store that failed is what matters: the next command finds out about Redis. */
		if (rc == BP_OK && taken != BP_OK) {
			hands->ends->failed = BP_SIDE_REDIS;
			rc = taken;
		}
	}
	return rc;
}

enum bp_rc bp_hands_trim(struct bp_hands *hands, bool idle, struct bp_err *err)
{
	/* Both hands are read and not acknowledged; the older one stands first. */
	const struct hand *held = hands->now->n > 0 ? hands->now : hands->next;

	hands->ends->failed = BP_SIDE_REDIS;
	return bp_retention_trim(hands->retention, hands->ends->redis, idle,
				 held->n > 0 ? held->entries[0].id : NULL,
				 hands->now->n + hands->next->n, err);
}

/* Redis is full, and we hold entries that we may not acknowledge: give up what costs nothing. */
static enum bp_rc make_room(struct bp_hands *hands)
{
	/* Wake-ups: the slow path finds the rows without them. */
	static const struct bp_str words[] = {
		{"XTRIM", 5},
		{BP_STREAM_CDC, sizeof(BP_STREAM_CDC) - 1},
		{"MAXLEN", 6},
		{"1000", 4},
	};

	bp_redis_command(hands->ends->redis, words, sizeof(words) / sizeof(words[0]));
	return bp_hands_trim(hands, true, NULL);
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
static enum bp_rc send_letters(struct bp_hands *hands, struct bp_err *err)
{
	struct hand *hand = hands->now;
	size_t refused = 0;

	hands->ends->failed = BP_SIDE_REDIS;
	if (any_dead(hand)) {
		/* What was refused before is not the letters'. */
		enum bp_rc rc = bp_redis_flush(hands->ends->redis, NULL, err);

		if (rc == BP_OK || rc == BP_ELIMIT) {
			(void)bp_outcome_add_letters(hands->ends->redis, hand->entries,
						     hand->deliveries, hand->outcomes, hand->n,
						     bp_clock_wall_us());
			rc = bp_redis_flush(hands->ends->redis, &refused, err);
		}
		if (rc == BP_OK && refused > 0) {
			rc = bp_err_set(err, BP_ELIMIT, "Redis refused %zu dead letters", refused);
		}
		if (rc == BP_ELIMIT && make_room(hands) != BP_OK) {
			rc = BP_EIO;
		}
		if (rc != BP_OK) {
			return rc;
		}
	}
	hand->stage = STAGE_LETTERS_SENT;
	return BP_OK;
}

static void add_cdc_trim(struct bp_hands *hands)
{
	static const struct bp_str words[] = {
		{"XTRIM", 5}, {BP_STREAM_CDC, sizeof(BP_STREAM_CDC) - 1}, {"MAXLEN", 6}, {"~", 1},
		{"10000", 5},
	};

	_Static_assert(CDC_KEPT == 10000, "words[] says the same");
	if (hands->cdc_untrimmed >= CDC_TRIM_EVERY) {
		bp_redis_command(hands->ends->redis, words, sizeof(words) / sizeof(words[0]));
		hands->cdc_untrimmed = 0;
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

static void adapt_read_max(struct bp_hands *hands, size_t n, size_t bytes)
{
	size_t max = (size_t)hands->config->batch_events;
	size_t fit = bytes > 0 ? READ_BYTES / (bytes / n + 1) : max;

	hands->read_max = fit < 1 ? 1 : fit < max ? fit : max;
}

/*
 * Nothing waits for these replies: they travel with the next command, nearly always the next read.
 * A refused wake-up (Redis is full) is no loss, the slow path finds the rows without it; a broken
 * connection shows at that next command, and the stream is read again then.
 */
static void acknowledge(struct bp_hands *hands)
{
	struct hand *hand = hands->now;
	size_t bytes = bytes_in(hand);

	hands->cdc_untrimmed += bp_outcome_add_cdc(hands->ends->redis, hand->outcomes, hand->n);
	add_cdc_trim(hands);
	bp_redis_xack(hands->ends->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, hand->entries,
		      hand->n);
	adapt_read_max(hands, hand->n, bytes);
	bp_retention_note(hands->retention, hand->entries[hand->n - 1].id, hand->n, bytes);
	drop_hand(hand);
}

enum bp_rc bp_hands_finish(struct bp_hands *hands, bool ahead, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (hands->now->n == 0) {
		return BP_OK;
	}
	if (hands->now->stage == STAGE_READ) {
		rc = store_and_read(hands, ahead, err);
	}
	if (rc == BP_OK && hands->now->stage == STAGE_STORED) {
		rc = send_letters(hands, err);
	}
	if (rc == BP_OK) {
		acknowledge(hands);
	}
	return rc;
}
