/* SPDX-License-Identifier: MIT */
#include "query/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/mem.h"
#include "query/rules.h"

enum { CANDIDATES_MAX = 512 };

/* "no project "x"; did you mean "y"?" out of what the statement lists. */
static enum bp_rc not_found(struct bp_sql *sql, const char *list, const char *kind,
			    const char *text, struct bp_err *err)
{
	char *names[CANDIDATES_MAX + 1];
	const char *candidates[CANDIDATES_MAX + 1];
	struct bp_statement *statement = NULL;
	size_t n = 0;
	enum bp_rc rc = bp_statement_new(sql, list, &statement, err);

	while (rc == BP_OK && n < CANDIDATES_MAX) {
		rc = bp_statement_step(statement, err);
		if (rc == BP_OK) {
			names[n] = bp_strdup(bp_column_text(statement, 0));
			candidates[n] = names[n];
			n++;
		}
	}
	bp_statement_free(statement);
	candidates[n] = NULL;
	if (rc == BP_OK || rc == BP_ENOTFOUND) {
		const char *nearest = bp_nearest(text, candidates);
		rc = nearest ? bp_err_set(err, BP_ENOTFOUND,
					  "no %s \"%.60s\"; did you mean \"%.60s\"?", kind, text,
					  nearest)
			     : bp_err_set(err, BP_ENOTFOUND,
					  "no %s \"%.60s\"; \"blueplane metrics -p all --group-by "
					  "%s\" lists them",
					  kind, text, kind);
	}
	for (size_t i = 0; i < n; i++) {
		free(names[i]);
	}
	return rc;
}

enum bp_rc bp_filter_platform(struct bp_sql *sql, struct bp_filter *filter, const char *platform,
			      struct bp_err *err)
{
	static const char PLATFORM[] = "SELECT 1 FROM conversations WHERE platform = ?1 LIMIT 1";
	static const char PLATFORMS[] = "SELECT DISTINCT platform FROM conversations";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, PLATFORM, &statement, err);

	if (rc == BP_OK) {
		bp_bind_text(statement, 1, bp_str_from(platform));
		rc = bp_statement_step(statement, err);
		bp_statement_free(statement);
	}
	if (rc == BP_ENOTFOUND) {
		return not_found(sql, PLATFORMS, "platform", platform, err);
	}
	if (rc == BP_OK) {
		filter->platform = platform;
	}
	return rc;
}

enum bp_rc bp_filter_project(struct bp_sql *sql, struct bp_filter *filter, const char *project,
			     struct bp_err *err)
{
	static const char PROJECT[] = "SELECT DISTINCT project_hash FROM conversations WHERE "
				      "project_hash IS NOT NULL AND (project_hash = ?1 OR "
				      "project_name = ?1) ORDER BY 1";
	static const char PROJECTS[] = "SELECT DISTINCT project_name FROM conversations WHERE "
				       "project_name IS NOT NULL ORDER BY 1";
	struct bp_statement *statement = NULL;
	size_t before = filter->n_projects;
	enum bp_rc rc = bp_statement_new(sql, PROJECT, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_text(statement, 1, bp_str_from(project));
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		struct bp_str hash = bp_column_text(statement, 0);
		if (filter->n_projects == BP_FILTER_PROJECTS_MAX ||
		    hash.len >= BP_PROJECT_HASH_BYTES) {
			rc = bp_err_set(err, BP_ELIMIT, "more than %d projects are called that",
					BP_FILTER_PROJECTS_MAX);
			break;
		}
		memcpy(filter->projects[filter->n_projects], hash.ptr, hash.len);
		filter->projects[filter->n_projects][hash.len] = '\0';
		filter->n_projects++;
	}
	bp_statement_free(statement);
	if (rc == BP_ENOTFOUND) {
		rc = filter->n_projects > before
			     ? BP_OK
			     : not_found(sql, PROJECTS, "project", project, err);
	}
	return rc;
}

bool bp_filter_match(const struct bp_filter *filter, struct bp_str platform,
		     struct bp_str project_hash, struct bp_str model, struct bp_str tool)
{
	bool found = filter->n_projects == 0;

	for (size_t i = 0; i < filter->n_projects && !found; i++) {
		found = bp_str_is(project_hash, filter->projects[i]);
	}
	return found && (!filter->platform || bp_str_is(platform, filter->platform)) &&
	       (!filter->model || bp_str_is(model, filter->model)) &&
	       (!filter->tool || bp_str_is(tool, filter->tool));
}
