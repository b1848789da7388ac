/* SPDX-License-Identifier: MIT */
/**
 * session.h - one session: finding it, what it is called, how it stands.
 *
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_SESSION_H
#define BP_QUERY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "query/filter.h"
#include "store/sqlite.h"

enum { BP_SESSION_ID_BYTES = 160 };

enum bp_session_status {
	BP_SESSION_ACTIVE,    /* heard of in the last 30 min, and not ended since */
	BP_SESSION_COMPLETED, /* its SessionEnd is the last thing heard of it */
	BP_SESSION_IDLE       /* neither: no source told of an end */
};

struct bp_session {
	int64_t conversation;         /* conversations.id */
	char id[BP_SESSION_ID_BYTES]; /* the client's own */
	char platform[40];
	char project_hash[BP_PROJECT_HASH_BYTES]; /* "" when not known */
	char project_name[BP_NAME_BYTES];         /* "" when not known */
	char app_version[64];                     /* "" when not known */
	int64_t first_us, last_us;                /* BP_SQL_NULL when not known */
	bool ended;                               /* with a SessionEnd */
};

/** "active", "completed", "idle". */
const char *bp_session_status_name(enum bp_session_status status);
enum bp_session_status bp_session_status_of(const struct bp_session *session, int64_t as_of_us);

/** What JSON and people call its project: the name, else the hash, else NULL. Borrowed. */
const char *bp_session_project(const struct bp_session *session);

/** The columns of a session, for statements over conversations AS c, and reading them back. */
#define BP_SESSION_COLUMNS                                                                         \
	"c.id, c.external_id, c.platform, c.project_hash, c.project_name, "                        \
	"c.app_version, " BP_RULE_SESSION_FIRST ", " BP_RULE_SESSION_LAST ", " BP_RULE_ENDED
enum { BP_SESSION_COLUMN_COUNT = 9 };
void bp_session_from_row(struct bp_statement *row, struct bp_session *out);

/**
 * Find a session by its id, a unique prefix of it, or "last" (the one heard of last).
 * Errors: BP_ENOTFOUND none (the nearest is named); BP_EINVAL a prefix of several.
 */
BP_MUSTUSE enum bp_rc bp_session_find(struct bp_sql *sql, const char *text, struct bp_session *out,
				      struct bp_err *err);

/** The session of this project that was heard of last, when it is active. Errors: BP_ENOTFOUND. */
BP_MUSTUSE enum bp_rc bp_session_active(struct bp_sql *sql, const char *project_hash,
					int64_t as_of_us, struct bp_session *out,
					struct bp_err *err);

#endif
