/* SPDX-License-Identifier: MIT */
/**
 * owner.h - whose a copied line is: the session with the smallest birth.
 *
 * Why:     a fork copies all earlier lines into a new file with the new session's id; counting
 *          them again would double everything, and "the first event" is a tie.
 * Rule:    birth(session) = its smallest event that stands in no other session (hook events and
 *          queue operations are such); a session without one is the original. Smallest birth,
 *          then smallest id, owns a shared line. Live hooks and the line's own requestSessionId go
 *          before (schema/0002_facts.sql).
 * Source:  evidence.md 5.2.
 * Threads: belongs to its connection's thread.
 */
#ifndef BP_SLOWPATH_OWNER_H
#define BP_SLOWPATH_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "slowpath/fact_set.h"
#include "store/sqlite.h"

struct bp_owner;

/** Prepares its queries on a read connection. Owns: bp_owner_free(). Errors: those of
 *  bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_owner_new(struct bp_sql *sql, struct bp_owner **out, struct bp_err *err);
void bp_owner_free(struct bp_owner *owner);

/** Event keys, ascending. */
struct bp_foreign_keys {
	uint8_t (*keys)[BP_EVENT_KEY_BYTES];
	size_t n;
};

/** The session's events that are copies of lines another session owns. Empty for one without
 *  links. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_owner_foreign(struct bp_owner *owner, int64_t conversation_id,
				       struct bp_arena *arena, struct bp_foreign_keys *out,
				       struct bp_err *err);

/** One fact whose owner_conversation is not what it should be. */
struct bp_owner_change {
	size_t table; /* enum bp_fact_table */
	int64_t id;
	int64_t owner; /* BP_SQL_NULL: no copies, the file's session has it */
	int64_t was_conversation, is_conversation;
};

/** What has to change among the facts of the session and of those it shares lines with.
 *  Errors: as above. */
BP_MUSTUSE enum bp_rc bp_owner_resolve(struct bp_owner *owner, int64_t conversation_id,
				       struct bp_arena *arena, struct bp_owner_change **out,
				       size_t *out_n, struct bp_err *err);

#endif
