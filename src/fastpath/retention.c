/* SPDX-License-Identifier: MIT */
#include "fastpath/retention.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum {
	NOTES_MAX = 512, /* older ones are joined to their successor */
	WORTH_ENTRIES = 1000,
	HURRY_BYTES = 16 * 1024 * 1024, /* of 64 MB: what one checkpoint's time may add is left */
	ENTRY_OVERHEAD_BYTES = 160      /* of an entry in Redis, beside its texts */
};

/* One batch. */
struct note {
	uint64_t mark;
	char last_id[BP_STREAM_ID_BYTES];
	size_t n, bytes;
};

struct bp_retention {
	struct bp_checkpointer *checkpointer; /* borrowed */
	uint64_t mark;                        /* grows for ever, also over bp_retention_forget() */
	size_t kept_bytes;
	size_t first, n_notes; /* a ring */
	struct note notes[NOTES_MAX];
};

struct bp_retention *bp_retention_new(struct bp_checkpointer *checkpointer)
{
	struct bp_retention *retention = bp_calloc(1, sizeof(*retention));

	retention->checkpointer = checkpointer;
	return retention;
}

void bp_retention_free(struct bp_retention *retention)
{
	free(retention);
}

void bp_retention_forget(struct bp_retention *retention)
{
	retention->n_notes = 0;
	retention->kept_bytes = 0;
}

static struct note *at(struct bp_retention *retention, size_t i)
{
	return &retention->notes[(retention->first + i) % NOTES_MAX];
}

static void write_id(char out[BP_STREAM_ID_BYTES], const char *id)
{
	(void)snprintf(out, BP_STREAM_ID_BYTES, "%s", id);
}

void bp_retention_note(struct bp_retention *retention, const char *last_id, size_t n, size_t bytes)
{
	struct note *note;

	bytes += n * ENTRY_OVERHEAD_BYTES;
	if (retention->n_notes == NOTES_MAX) {
		/* The newest two become one: it is covered when the newer one is. */
		note = at(retention, NOTES_MAX - 1);
		note->n += n;
		note->bytes += bytes;
	} else {
		note = at(retention, retention->n_notes++);
		note->n = n;
		note->bytes = bytes;
	}
	note->mark = ++retention->mark;
	/* A claimed entry may be older than what was read before it. */
	if (retention->n_notes > 1) {
		const char *before = at(retention, retention->n_notes - 2)->last_id;

		last_id = bp_stream_id_cmp(last_id, before) < 0 ? before : last_id;
	}
	write_id(note->last_id, last_id);
	retention->kept_bytes += bytes;
	bp_checkpointer_note(retention->checkpointer, note->mark);
	if (retention->kept_bytes > HURRY_BYTES) {
		bp_checkpointer_hurry(retention->checkpointer);
	}
}

/* The id after id: XTRIM MINID keeps it. */
static void next_id(const char *id, char out[BP_STREAM_ID_BYTES])
{
	const char *dash = strchr(id, '-');
	unsigned long long ms = 0;
	unsigned long long sequence = 0;

	for (const char *c = id; *c && c != dash; c++) {
		ms = ms * 10 + (unsigned long long)(*c - '0');
	}
	for (const char *c = dash ? dash + 1 : ""; *c; c++) {
		sequence = sequence * 10 + (unsigned long long)(*c - '0');
	}
	if (sequence == UINT64_MAX) {
		ms++;
		sequence = 0;
	} else {
		sequence++;
	}
	(void)snprintf(out, BP_STREAM_ID_BYTES, "%llu-%llu", ms, sequence);
}

enum bp_rc bp_retention_trim(struct bp_retention *retention, struct bp_redis *redis, bool idle,
			     const char *held_id, size_t n_held, struct bp_err *err)
{
	uint64_t covered = bp_checkpointer_covered(retention->checkpointer);
	struct bp_stream_state state;
	char keep_id[BP_STREAM_ID_BYTES];
	size_t n_notes = 0;
	size_t n = 0;
	size_t bytes = 0;

	while (n_notes < retention->n_notes && at(retention, n_notes)->mark <= covered) {
		n += at(retention, n_notes)->n;
		bytes += at(retention, n_notes)->bytes;
		n_notes++;
	}
	if (n_notes == 0 || (n < WORTH_ENTRIES && !idle)) {
		return BP_OK;
	}
	enum bp_rc rc = bp_stream_state(redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, err);
	if (rc != BP_OK || state.pending > (int64_t)n_held) {
		return rc;
	}
	next_id(at(retention, n_notes - 1)->last_id, keep_id);
	if (held_id && bp_stream_id_cmp(held_id, keep_id) < 0) {
		write_id(keep_id, held_id);
	}
	rc = bp_stream_trim(redis, BP_STREAM_EVENTS, keep_id, err);
	if (rc == BP_OK) {
		retention->first = (retention->first + n_notes) % NOTES_MAX;
		retention->n_notes -= n_notes;
		retention->kept_bytes -= bytes;
	}
	return rc;
}
