/* SPDX-License-Identifier: MIT */
/**
 * search.h - which sessions speak of something: full text over what the privacy level keeps.
 *
 * Why:     one question for every face; a question never fails on what somebody typed.
 * Shape:   blank-separated words, "phrases", prefix*, each of which may be bound to one field:
 *          project: tool: model: ext: agent: title: prompt:. All must be there. Case and
 *          diacritics do not matter; Chinese, Japanese and Korean are found by any run of
 *          characters.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_SEARCH_H
#define BP_QUERY_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "query/filter.h"
#include "query/period.h"
#include "query/session.h"
#include "store/sqlite.h"

struct cJSON;

enum { BP_SEARCH_BYTES_MAX = 1000, BP_SEARCH_TERMS_MAX = 32, BP_SEARCH_FIELDS = 7 };

/** What a match can stand in: project tool model ext agent title prompt. */
extern const char *const bp_search_fields[BP_SEARCH_FIELDS];

/**
 * Write the index's own expression for what somebody typed.
 * Errors: BP_EINVAL there is no word in it, or it names a field there is not; BP_ELIMIT too long, or too many words.
 */
BP_MUSTUSE enum bp_rc bp_search_parse(const char *text, struct bp_buf *out, struct bp_err *err);

struct bp_search_question {
	const char *text;
	const struct bp_period *period; /* sessions that were alive in it */
	const struct bp_filter *filter; /* platform and projects */
	size_t limit, offset;
};

struct bp_search_row {
	struct bp_session session;
	char *title;   /* "" when there is none, or it is not kept */
	int field;     /* of bp_search_fields, the weightiest that matched */
	char *snippet; /* of that field, matches between BP_SEARCH_ON and BP_SEARCH_OFF */
	int64_t score; /* higher is nearer; equal ones stand by time */
};

#define BP_SEARCH_ON '\1'
#define BP_SEARCH_OFF '\2'

struct bp_search {
	struct bp_search_row *rows;
	size_t n;
	int64_t total;
	bool prompts_kept; /* some session has the text of prompts */
	bool titles_kept;
};

/** Best first, then heard of last. Owns: the caller, bp_search_done(), also after an error.
 *  Errors: those of bp_search_parse() and bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_search_read(struct bp_sql *sql, const struct bp_search_question *question,
				     struct bp_search *out, struct bp_err *err);
void bp_search_done(struct bp_search *search);

/** The documented object. Owns: the caller. */
struct cJSON *bp_search_json(const struct bp_search *search);

#endif
