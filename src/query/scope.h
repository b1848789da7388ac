/* SPDX-License-Identifier: MIT */
/**
 * scope.h - what a question over facts is about: a period and a filter, or one session.
 *
 * Why:     a fact knows its conversation, a filter knows platforms and projects. Joining each fact
 *          with its conversation costs more than everything else, so the conversations that the
 *          filter lets in are looked up once.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_SCOPE_H
#define BP_QUERY_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/filter.h"
#include "query/period.h"
#include "store/sqlite.h"

/** What is asked about; all of it is borrowed. A filter's model and tool are not looked at. */
struct bp_scope {
	const struct bp_period *period;
	const struct bp_filter *filter;
	int64_t as_of_us; /* calls pending 30 min before this count as interrupted */
};

/** The conversations a filter lets in. Start with {0}. */
struct bp_scope_set {
	bool all;
	int64_t *ids; /* sorted */
	size_t n, cap;
	int64_t last; /* the answer given last: facts of a session often come together */
	bool last_has;
	bool has_last;
};

/** Owns: the caller, bp_scope_set_done(), also after an error. Errors: those of
 *  bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_scope_set_read(struct bp_sql *sql, const struct bp_filter *filter,
					struct bp_scope_set *out, struct bp_err *err);
bool bp_scope_set_has(struct bp_scope_set *set, int64_t conversation);
void bp_scope_set_done(struct bp_scope_set *set);

/**
 * Prepare one of two statements (of a period, of a session) and bind ?1 from, ?2 until and, for a
 * session, ?3 its conversation. Owns: bp_statement_free(). Errors: those of bp_statement_new().
 */
BP_MUSTUSE enum bp_rc bp_scope_statement(struct bp_sql *sql, const struct bp_scope *scope,
					 const char *in_time, const char *in_session,
					 struct bp_statement **out, struct bp_err *err);

#endif
