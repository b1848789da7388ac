/* SPDX-License-Identifier: MIT */
/**
 * sessions.h - the list of sessions: which, in what order, with their main numbers.
 *
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_SESSIONS_H
#define BP_QUERY_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/filter.h"
#include "query/period.h"
#include "query/session.h"
#include "store/sqlite.h"

struct cJSON;

enum bp_sessions_sort {
	BP_SORT_LAST, /* heard of last first */
	BP_SORT_STARTED,
	BP_SORT_DURATION,
	BP_SORT_PROMPTS,
	BP_SORT_TOOLS,
	BP_SORT_TOKENS,
	BP_SORT_COST,
	BP_SORT_ACCEPTANCE,
	BP_SORT_PRODUCTIVITY
};

/** What each sort is called, in the order of the enum, NULL-terminated. */
extern const char *const bp_sessions_sorts[];

struct bp_sessions_question {
	const struct bp_period *period; /* sessions that were alive in it */
	const struct bp_filter *filter;
	enum bp_sessions_sort sort; /* largest first; unknown last */
	size_t limit, offset;
	double min_acceptance;   /* 0..1; NAN: no matter */
	double min_productivity; /* 0..100; NAN: no matter */
	double min_cost_usd;     /* NAN: no matter */
	bool compat_ccusage;     /* costs.compat */
	int64_t as_of_us;
};

/** One session with what it came to. */
struct bp_session_row {
	struct bp_session session;
	int64_t prompts, tool_calls, model_calls, tokens_total;
	int64_t cost_pusd;         /* of calls with a price */
	int64_t unpriced_calls;    /* of model_calls */
	int64_t aborted_cost_pusd; /* of cut streams, apart */
	double acceptance_rate;    /* NAN without edits */
	double productivity_score; /* NAN without executed tools */
	char *models;              /* '\n' between them, by first use; "" when none */
	enum bp_session_status status;
	bool known; /* the numbers above, models apart, are there */
	bool kept;  /* they are the finaliser's */
};

struct bp_sessions {
	struct bp_session_row *rows; /* those of the page */
	size_t n;
	int64_t total; /* how many there are in all */
};

/** What a session cost in dollars; NAN: none of its calls has a price. */
double bp_session_row_usd(const struct bp_session_row *row);

/** Owns: the caller, bp_sessions_done(), also after an error.
 *  Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_sessions_read(struct bp_sql *sql,
				       const struct bp_sessions_question *question,
				       struct bp_sessions *out, struct bp_err *err);
void bp_sessions_done(struct bp_sessions *sessions);

/** The documented object (interfaces.md 1). Owns: the caller. */
struct cJSON *bp_sessions_json(const struct bp_sessions *sessions);

/** The models of one session, '\n' between them, by first use. Owns: the caller, free().
 *  Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_session_models(struct bp_sql *sql, int64_t conversation, char **out,
					struct bp_err *err);

/** "a\nb" as a JSON array. Owns: the caller. */
struct cJSON *bp_models_json(const char *models);

/** The last event when it is over, else null. */
int64_t bp_session_ended_us(const struct bp_session *session, enum bp_session_status status);

#endif
