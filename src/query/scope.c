/* SPDX-License-Identifier: MIT */
#include "query/scope.h"

#include <stdlib.h>

#include "base/mem.h"

static void add(struct bp_scope_set *set, int64_t id)
{
	if (set->n == set->cap) {
		set->cap = set->cap ? 2 * set->cap : 256;
		set->ids = bp_realloc(set->ids, set->cap, sizeof(set->ids[0]));
	}
	set->ids[set->n++] = id;
}

enum bp_rc bp_scope_set_read(struct bp_sql *sql, const struct bp_filter *filter,
			     struct bp_scope_set *out, struct bp_err *err)
{
	static const char CONVERSATIONS[] =
		"SELECT id, platform, project_hash FROM conversations ORDER BY id";
	struct bp_statement *statement = NULL;

	*out = (struct bp_scope_set){0};
	if (filter->one_session) {
		add(out, filter->conversation);
		return BP_OK;
	}
	if (!filter->platform && filter->n_projects == 0) {
		out->all = true;
		return BP_OK;
	}
	struct bp_filter only = *filter;
	only.model = NULL;
	only.tool = NULL;
	enum bp_rc rc = bp_statement_new(sql, CONVERSATIONS, &statement, err);
	if (rc != BP_OK) {
		return rc;
	}
	for (rc = bp_statement_step(statement, err); rc == BP_OK;
	     rc = bp_statement_step(statement, err)) {
		if (bp_filter_match(&only, bp_column_text(statement, 1),
				    bp_column_text(statement, 2), BP_STR(""), BP_STR(""))) {
			add(out, bp_column_int(statement, 0));
		}
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool bp_scope_set_has(struct bp_scope_set *set, int64_t conversation)
{
	if (set->all) {
		return true;
	}
	if (set->n == 0) {
		return false;
	}
	if (!set->has_last || set->last != conversation) {
		set->last = conversation;
		set->has_last = true;
		set->last_has = bsearch(&conversation, set->ids, set->n, sizeof(set->ids[0]),
					by_id) != NULL;
	}
	return set->last_has;
}

void bp_scope_set_done(struct bp_scope_set *set)
{
	free(set->ids);
	*set = (struct bp_scope_set){0};
}

enum bp_rc bp_scope_statement(struct bp_sql *sql, const struct bp_scope *scope, const char *in_time,
			      const char *in_session, struct bp_statement **out, struct bp_err *err)
{
	bool one = scope->filter->one_session;
	enum bp_rc rc = bp_statement_new(sql, one ? in_session : in_time, out, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(*out, 1, scope->period->from_us);
	bp_bind_int(*out, 2, scope->period->until_us);
	if (one) {
		bp_bind_int(*out, 3, scope->filter->conversation);
	}
	return BP_OK;
}
