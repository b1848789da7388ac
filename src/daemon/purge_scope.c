/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/job.h"
#include "daemon/purge.h"

static const char *const kind_names[] = {"session", "project", "platform", "before", "all"};

#define PLATFORM "(SELECT text FROM name WHERE id = platform)"
#define SESSION "(SELECT text FROM name WHERE id = session)"
#define PROJECT "(SELECT text FROM name WHERE id = project)"

/* Columns: platform, external id, whether it goes altogether. ?1 is the key. */
#define FROM_CLAUDE "SELECT DISTINCT " PLATFORM ", " SESSION ", 1 FROM claude_row WHERE "
#define FROM_OTHER " UNION SELECT DISTINCT " PLATFORM ", " SESSION ", 1 FROM other_row WHERE "
/* A purge that was killed may have left facts without rows. */
#define FROM_FACTS " UNION SELECT platform, external_id, 1 FROM conversations WHERE "

/* Lines without a session of their own have one by the name of their file: a file that is named
 * after the session is the session's. */
#define IS_SESSION                                                                                 \
	"session IN (SELECT id FROM name WHERE text = ?1 OR (length(?1) >= 32 AND instr(text, "    \
	"?1) > 0))"
#define IS_KEY "IN (SELECT id FROM name WHERE text = ?1)"
#define IS_PROJECT "(project " IS_KEY " OR project_name " IS_KEY ")"
#define FACT_SESSION "external_id = ?1 OR (length(?1) >= 32 AND instr(external_id, ?1) > 0)"
#define FACT_PROJECT "(project_hash = ?1 OR project_name = ?1)"
#define IS_WHOLE                                                                                   \
	"EXISTS (SELECT 1 FROM conversations WHERE platform = p AND external_id = s "              \
	"AND " FACT_PROJECT ")"

/* All of a session may be in the archive. */
#define FROM_ARCHIVE " UNION SELECT platform, external_id, 1 FROM archived_session WHERE "

static const char *const SESSIONS[] = {
	[BP_PURGE_SESSION] = FROM_CLAUDE IS_SESSION FROM_OTHER IS_SESSION FROM_FACTS FACT_SESSION
		FROM_ARCHIVE FACT_SESSION,
	[BP_PURGE_PROJECT] =
		"SELECT p, s, " IS_WHOLE " FROM (SELECT DISTINCT " PLATFORM " AS p, " SESSION
		" AS s FROM claude_row WHERE " IS_PROJECT " UNION SELECT DISTINCT " PLATFORM
		", " SESSION " FROM other_row WHERE " IS_PROJECT ")" FROM_FACTS FACT_PROJECT,
	[BP_PURGE_PLATFORM] =
		FROM_CLAUDE "platform " IS_KEY FROM_OTHER "platform " IS_KEY FROM_FACTS
			    "platform = ?1" FROM_ARCHIVE "platform = ?1",
	[BP_PURGE_BEFORE] = "SELECT DISTINCT " PLATFORM ", " SESSION
			    ", 0 FROM claude_row WHERE ts_us < ?1 UNION SELECT DISTINCT " PLATFORM
			    ", " SESSION ", 0 FROM other_row WHERE ts_us < ?1 UNION SELECT "
			    "s.platform, s.external_id, 0 FROM archived_session AS s JOIN "
			    "archive_file AS f ON f.path = s.path WHERE f.min_ts_us < ?1",
	[BP_PURGE_ALL] =
		FROM_CLAUDE "?1 = ?1" FROM_OTHER "true" FROM_FACTS "true" FROM_ARCHIVE "true",
};

static const char PROJECTS[] =
	"SELECT DISTINCT " PROJECT " FROM claude_row WHERE project IS NOT NULL AND " IS_PROJECT
	" UNION SELECT DISTINCT " PROJECT
	" FROM other_row WHERE project IS NOT NULL AND " IS_PROJECT
	" UNION SELECT DISTINCT project_hash FROM conversations WHERE project_hash IS NOT NULL AND"
	" " FACT_PROJECT;

static enum bp_rc read_scope(struct bp_purge *purge, const cJSON *args, struct bp_err *err)
{
	const char *scope = bp_job_text(args, "scope");
	const char *key = bp_job_text(args, "key");
	const cJSON *before = cJSON_GetObjectItemCaseSensitive(args, "before_us");

	for (size_t i = 0; scope && i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
		if (strcmp(kind_names[i], scope) == 0) {
			purge->kind = (enum bp_purge_kind)i;
			purge->key = bp_arena_str(&purge->arena, bp_str_from(key ? key : ""));
			purge->before_us =
				cJSON_IsNumber(before) ? llround(before->valuedouble) : 0;
			purge->allow_recapture = bp_job_flag(args, "allow_recapture");
			return BP_OK;
		}
	}
	return bp_err_set(err, BP_EINVAL,
			  "purge needs a scope: session, project, platform, before or all");
}

static int by_id(const void *a, const void *b)
{
	const struct bp_session_name *left = a;
	const struct bp_session_name *right = b;

	return bp_str_cmp(left->external_id, right->external_id);
}

static bool is_listed(const struct bp_purge *purge, struct bp_str external_id)
{
	for (size_t i = 0; i < purge->n_sessions; i++) {
		if (bp_str_eq(purge->sessions[i].external_id, external_id)) {
			return true;
		}
	}
	return false;
}

/** With the sessions of a project go those that are named after one of their files. */
static enum bp_rc add_named_after(struct bp_purge *purge, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	size_t n = purge->n_sessions;
	enum bp_rc rc = bp_statement_new(purge->sql, SESSIONS[BP_PURGE_SESSION], &statement, err);

	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		bp_bind_text(statement, 1, purge->sessions[i].external_id);
		while ((rc = bp_statement_step(statement, err)) == BP_OK) {
			const struct bp_session_name session = {
				.platform =
					bp_arena_str(&purge->arena, bp_column_text(statement, 0)),
				.external_id =
					bp_arena_str(&purge->arena, bp_column_text(statement, 1)),
			};
			if (!is_listed(purge, session.external_id)) {
				bp_purge_add_session(purge, &session);
			}
		}
		bp_statement_reset(statement);
		rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	bp_statement_free(statement);
	return rc;
}

static enum bp_rc read_sessions(struct bp_purge *purge, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	struct bp_session_name *partial = NULL;
	size_t n_partial = 0;
	enum bp_rc rc = bp_statement_new(purge->sql, SESSIONS[purge->kind], &statement, err);

	if (rc == BP_OK && purge->kind == BP_PURGE_BEFORE) {
		bp_bind_int(statement, 1, purge->before_us);
	} else if (rc == BP_OK) {
		bp_bind_text(statement, 1, purge->key);
	}
	while (rc == BP_OK && (rc = bp_statement_step(statement, err)) == BP_OK) {
		const struct bp_session_name session = {
			.platform = bp_arena_str(&purge->arena, bp_column_text(statement, 0)),
			.external_id = bp_arena_str(&purge->arena, bp_column_text(statement, 1)),
		};
		bool whole = bp_column_int(statement, 2) != 0;
		struct bp_session_name **list = whole ? &purge->sessions : &partial;
		size_t *n = whole ? &purge->n_sessions : &n_partial;

		*list = bp_realloc(*list, *n + 1, sizeof(**list));
		(*list)[(*n)++] = session;
	}
	bp_statement_free(statement);
	rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	if (rc == BP_OK && purge->kind == BP_PURGE_PROJECT) {
		rc = add_named_after(purge, err);
	}
	/* Whole ones first and sorted: they are looked up by id. */
	purge->n_whole = purge->n_sessions;
	if (purge->n_whole > 1) {
		qsort(purge->sessions, purge->n_whole, sizeof(*purge->sessions), by_id);
	}
	for (size_t i = 0; i < n_partial; i++) {
		bp_purge_add_session(purge, &partial[i]);
	}
	free(partial);
	return rc;
}

static enum bp_rc read_projects(struct bp_purge *purge, struct bp_err *err)
{
	struct bp_statement *statement = NULL;

	if (purge->kind != BP_PURGE_PROJECT) {
		return BP_OK;
	}
	enum bp_rc rc = bp_statement_new(purge->sql, PROJECTS, &statement, err);
	if (rc == BP_OK) {
		bp_bind_text(statement, 1, purge->key);
	}
	while (rc == BP_OK && (rc = bp_statement_step(statement, err)) == BP_OK) {
		purge->projects = bp_realloc(purge->projects, purge->n_projects + 1,
					     sizeof(*purge->projects));
		purge->projects[purge->n_projects++] =
			bp_arena_str(&purge->arena, bp_column_text(statement, 0));
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** A purge that was killed has deleted the rows, and perhaps nothing else: do the rest of it. */
static enum bp_rc resume(struct bp_purge *purge, struct bp_err *err)
{
	const struct bp_session_name session = {.platform = BP_STR("claude_code"),
						.external_id = purge->key};
	bool was_purged = false;
	enum bp_rc rc = bp_purge_was_purged(purge, &was_purged, err);

	if (rc == BP_OK && was_purged) {
		bp_purge_add_session(purge, &session);
		purge->n_whole = 1;
	}
	return rc;
}

enum bp_rc bp_purge_resolve(struct bp_purge *purge, const cJSON *args, struct bp_err *err)
{
	enum bp_rc rc = read_scope(purge, args, err);

	if (rc == BP_OK) {
		rc = read_sessions(purge, err);
	}
	if (rc == BP_OK) {
		rc = read_projects(purge, err);
	}
	if (rc == BP_OK && purge->n_sessions == 0 && purge->kind == BP_PURGE_SESSION) {
		rc = resume(purge, err);
	}
	if (rc == BP_OK && purge->n_sessions == 0 && purge->kind < BP_PURGE_BEFORE) {
		rc = bp_err_set(err, BP_ENOTFOUND,
				"nothing was recorded of this %s; see: blueplane sessions",
				kind_names[purge->kind]);
	}
	return rc;
}

void bp_purge_add_session(struct bp_purge *purge, const struct bp_session_name *session)
{
	purge->sessions =
		bp_realloc(purge->sessions, purge->n_sessions + 1, sizeof(*purge->sessions));
	purge->sessions[purge->n_sessions++] = *session;
}

void bp_purge_done(struct bp_purge *purge)
{
	free(purge->sessions);
	free(purge->projects);
	bp_arena_done(&purge->arena);
}

bool bp_purge_has_session(const struct bp_purge *purge, struct bp_str external_id)
{
	const struct bp_session_name wanted = {.external_id = external_id};

	return purge->n_whole > 0 &&
	       bsearch(&wanted, purge->sessions, purge->n_whole, sizeof(wanted), by_id) != NULL;
}

bool bp_purge_covers(const struct bp_purge *purge, const struct bp_event *event)
{
	switch (purge->kind) {
	case BP_PURGE_SESSION:
		return bp_str_eq(event->session_id, purge->key) ||
		       bp_purge_has_session(purge, event->session_id);
	case BP_PURGE_PROJECT:
		for (size_t i = 0; i < purge->n_projects; i++) {
			if (bp_str_eq(event->project_hash, purge->projects[i])) {
				return true;
			}
		}
		return bp_purge_has_session(purge, event->session_id);
	case BP_PURGE_PLATFORM:
		return bp_str_eq(event->platform, purge->key);
	case BP_PURGE_BEFORE:
		return event->ts_us < purge->before_us;
	case BP_PURGE_ALL:
		return true;
	}
	return false;
}

bool bp_purge_covers_text(const struct bp_purge *purge, struct bp_str text)
{
	static _Thread_local char space[16384];
	const char *reason = NULL;
	struct bp_event event;

	if (bp_event_decode(text, space, sizeof(space), &event, &reason)) {
		return bp_purge_covers(purge, &event);
	}
	return purge->kind == BP_PURGE_ALL ||
	       (purge->kind == BP_PURGE_SESSION && text.ptr &&
		memmem(text.ptr, text.len, purge->key.ptr, purge->key.len) != NULL);
}

static const char COPIES[] = "SELECT external_id FROM conversations WHERE id IN "
			     "(SELECT other FROM session_link WHERE conversation_id = ?1)";

enum bp_rc bp_purge_copies(struct bp_purge *purge, cJSON *array, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(purge->sql, COPIES, &statement, err);

	for (size_t i = 0; rc == BP_OK && i < purge->n_whole; i++) {
		bp_bind_int(statement, 1, bp_session_fact_id(&purge->sessions[i]));
		while ((rc = bp_statement_step(statement, err)) == BP_OK) {
			struct bp_str id = bp_column_text(statement, 0);
			if (!bp_purge_has_session(purge, id)) {
				char *text = bp_strdup(id);
				cJSON_AddItemToArray(array, cJSON_CreateString(text));
				free(text);
			}
		}
		bp_statement_reset(statement);
		rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	bp_statement_free(statement);
	return rc;
}
