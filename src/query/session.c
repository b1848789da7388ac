/* SPDX-License-Identifier: MIT */
#include "query/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/mem.h"
#include "query/rules.h"

enum { CANDIDATES_MAX = 2000 };

const char *bp_session_status_name(enum bp_session_status status)
{
	static const char *const names[] = {"active", "completed", "idle"};
	return names[status];
}

enum bp_session_status bp_session_status_of(const struct bp_session *session, int64_t as_of_us)
{
	if (session->ended) {
		return BP_SESSION_COMPLETED;
	}
	return session->last_us != BP_SQL_NULL && session->last_us > as_of_us - BP_ACTIVE_US
		       ? BP_SESSION_ACTIVE
		       : BP_SESSION_IDLE;
}

const char *bp_session_project(const struct bp_session *session)
{
	return *session->project_name   ? session->project_name
	       : *session->project_hash ? session->project_hash
					: NULL;
}

static void copy(char *out, size_t cap, struct bp_str text)
{
	(void)snprintf(out, cap, "%.*s", BP_STR_ARG(text));
}

void bp_session_from_row(struct bp_statement *row, struct bp_session *out)
{
	*out = (struct bp_session){.conversation = bp_column_int(row, 0),
				   .first_us = bp_column_int(row, 6),
				   .last_us = bp_column_int(row, 7),
				   .ended = bp_column_int(row, 8) != 0};
	copy(out->id, sizeof(out->id), bp_column_text(row, 1));
	copy(out->platform, sizeof(out->platform), bp_column_text(row, 2));
	copy(out->project_hash, sizeof(out->project_hash), bp_column_text(row, 3));
	copy(out->project_name, sizeof(out->project_name), bp_column_text(row, 4));
	copy(out->app_version, sizeof(out->app_version), bp_column_text(row, 5));
}

/* The id of the list that shares most of its beginning with text, else the nearest by spelling. */
static const char *nearest_id(const char *text, const char *const *ids)
{
	const char *best = NULL;
	size_t best_n = 3; /* fewer equal letters are chance */

	for (size_t i = 0; ids[i]; i++) {
		size_t n = 0;
		while (text[n] && text[n] == ids[i][n]) {
			n++;
		}
		if (n > best_n) {
			best_n = n;
			best = ids[i];
		}
	}
	return best ? best : bp_nearest(text, ids);
}

static enum bp_rc not_found(struct bp_sql *sql, const char *text, struct bp_err *err)
{
	static const char LATEST[] =
		"SELECT c.external_id FROM conversations AS c WHERE " BP_RULE_SESSION
		" ORDER BY " BP_RULE_SESSION_LAST " DESC, c.external_id LIMIT ?1";
	char **ids = bp_calloc(CANDIDATES_MAX + 1, sizeof(ids[0]));
	struct bp_statement *statement = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_statement_new(sql, LATEST, &statement, err);

	if (rc == BP_OK) {
		bp_bind_int(statement, 1, CANDIDATES_MAX);
		rc = bp_statement_step(statement, err);
	}
	for (; rc == BP_OK && n < CANDIDATES_MAX; rc = bp_statement_step(statement, err)) {
		ids[n++] = bp_strdup(bp_column_text(statement, 0));
	}
	bp_statement_free(statement);
	if (rc == BP_OK || rc == BP_ENOTFOUND) {
		const char *nearest = nearest_id(text, (const char *const *)ids);
		rc = n == 0 ? bp_err_set(err, BP_ENOTFOUND,
					 "no session \"%.60s\": there are no sessions yet, run "
					 "\"blueplane import\"",
					 text)
		     : nearest
			     ? bp_err_set(err, BP_ENOTFOUND,
					  "no session \"%.60s\"; did you mean \"%.60s\"?", text,
					  nearest)
			     : bp_err_set(err, BP_ENOTFOUND,
					  "no session \"%.60s\"; \"blueplane sessions\" lists them",
					  text);
	}
	for (size_t i = 0; i < n; i++) {
		free(ids[i]);
	}
	free(ids);
	return rc;
}

/* One row of sessions, or two when the prefix is one of several. */
static enum bp_rc find_one(struct bp_statement *statement, const char *text, struct bp_session *out,
			   struct bp_err *err)
{
	enum bp_rc rc = bp_statement_step(statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_session_from_row(statement, out);
	if (strcmp(text, out->id) == 0) {
		return BP_OK;
	}
	rc = bp_statement_step(statement, err);
	if (rc == BP_ENOTFOUND) {
		return BP_OK;
	}
	if (rc != BP_OK) {
		return rc;
	}
	return bp_err_set(err, BP_EINVAL, "\"%.40s\" begins several sessions: %.40s, %.*s, ...",
			  text, out->id, BP_STR_ARG(bp_column_text(statement, 1)));
}

enum bp_rc bp_session_find(struct bp_sql *sql, const char *text, struct bp_session *out,
			   struct bp_err *err)
{
	static const char LAST[] =
		"SELECT " BP_SESSION_COLUMNS " FROM conversations AS c WHERE " BP_RULE_SESSION
		" ORDER BY " BP_RULE_SESSION_LAST " DESC, c.external_id LIMIT 1";
	/* Everything that begins with the text lies between it and it with the last character. */
	static const char PREFIX[] =
		"SELECT " BP_SESSION_COLUMNS " FROM conversations AS c WHERE " BP_RULE_SESSION
		" AND c.external_id >= ?1 AND c.external_id <= ?1 || char(1114111)"
		" ORDER BY c.external_id, c.platform LIMIT 2";
	bool last = strcmp(text, "last") == 0;
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, last ? LAST : PREFIX, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	if (last) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			bp_session_from_row(statement, out);
		}
	} else if (*text) {
		bp_bind_text(statement, 1, bp_str_from(text));
		rc = find_one(statement, text, out, err);
	} else {
		rc = BP_ENOTFOUND;
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? not_found(sql, text, err) : rc;
}

enum bp_rc bp_session_active(struct bp_sql *sql, const char *project_hash, int64_t as_of_us,
			     struct bp_session *out, struct bp_err *err)
{
	static const char ACTIVE[] =
		"SELECT " BP_SESSION_COLUMNS " FROM conversations AS c WHERE " BP_RULE_SESSION
		" AND c.project_hash = ?1 AND NOT " BP_RULE_ENDED " AND " BP_RULE_SESSION_LAST
		" > ?2 ORDER BY " BP_RULE_SESSION_LAST " DESC, c.external_id LIMIT 1";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, ACTIVE, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_text(statement, 1, bp_str_from(project_hash));
	bp_bind_int(statement, 2, as_of_us - BP_ACTIVE_US);
	rc = bp_statement_step(statement, err);
	if (rc == BP_OK) {
		bp_session_from_row(statement, out);
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? bp_err_set(err, rc, "no active session here") : rc;
}
