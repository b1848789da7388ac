/* SPDX-License-Identifier: MIT */
/**
 * row_view.h - a row on its way to evidence: what of it every fact needs.
 *
 * Place:   inside src/slowpath; facts_<platform>.c fills it, its parts read it.
 * Threads: a value; one thread.
 */
#ifndef BP_SLOWPATH_ROW_VIEW_H
#define BP_SLOWPATH_ROW_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "event/event.h"
#include "event/json.h"
#include "slowpath/fact_set.h"

/** Bits of `seen`: who told of it. */
enum { BP_SEEN_TRANSCRIPT = 1, BP_SEEN_HOOK = 2 };

/** What every piece of a row's evidence needs. */
struct bp_row_view {
	const struct bp_event *event;
	struct bp_fact_set *set;
	struct bp_json payload;
	int64_t conversation_id;
	bool hook;          /* else a transcript line */
	bool names_session; /* the record says itself whose it is */
	bool own_time;      /* its time is its own or that of its receipt, not inherited */
	char event_hex[BP_EVENT_ID_HEX_BYTES + 1];
	uint8_t key[BP_EVENT_KEY_BYTES];
	int64_t asked_conversation; /* BP_ABSENT, or who asked for a copied line */
};

/** Set a column. */
static inline void bp_put_int(struct bp_fact_value *values, int column, int64_t number)
{
	values[column].number = number;
}

static inline void bp_put_text(struct bp_fact_value *values, int column, struct bp_str text)
{
	values[column].text = text;
}

static inline int64_t bp_known_or_zero(int64_t number)
{
	return number == BP_ABSENT ? 0 : number;
}

/** A member of a payload, or BP_ABSENT, or nothing, or false. */
int64_t bp_payload_int(struct bp_json object, struct bp_str key);
/** Texts of a payload are names, ids and hashes in a safe character set: never escaped. */
struct bp_str bp_payload_text(struct bp_json object, struct bp_str key);
bool bp_payload_flag(struct bp_json object, struct bp_str key);

/** Dollars, as the client wrote them, in pico-USD, or BP_ABSENT. */
int64_t bp_payload_pusd(struct bp_json object, struct bp_str key);

/** The id of the platform's fact of this kind with this key, or with a and b as its key. */
int64_t bp_row_id(const struct bp_row_view *row, struct bp_str kind, struct bp_str key);
int64_t bp_row_id_of_two(const struct bp_row_view *row, struct bp_str kind, struct bp_str a,
			 struct bp_str b);

/** The id of a session's sub-agent. */
int64_t bp_row_subagent_id(const struct bp_row_view *row, struct bp_str agent_id);

/** The first key that is known, else the event itself. */
struct bp_str bp_row_first_known(const struct bp_row_view *row, struct bp_str a, struct bp_str b);

/** Fill the four columns of BP_OWNED_COLUMNS, which stand first in every owned table. */
void bp_row_put_owner(const struct bp_row_view *row, struct bp_fact_value *values);

/** Make `key`: 48 bits of the line's own ms, then its uuid, so that copies agree; else the event's
 *  own id. */
void bp_row_make_key(struct bp_row_view *row);

#endif
