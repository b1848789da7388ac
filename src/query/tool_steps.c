/* SPDX-License-Identifier: MIT */
#include "query/tool_steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/rules.h"

enum { NAMES_MAX = 60000 };

static const char *const OUTCOMES[BP_OUTCOMES] = {"ok",     "error",       "rejected",
						  "denied", "interrupted", "pending"};

const char *bp_outcome_name(enum bp_outcome outcome)
{
	return OUTCOMES[outcome];
}

enum bp_outcome bp_outcome_of(struct bp_str name, int64_t ts_us, int64_t pending_before_us)
{
	enum bp_outcome outcome = BP_OUTCOME_OK;

	while (outcome < BP_OUTCOME_PENDING && !bp_str_is(name, OUTCOMES[outcome])) {
		outcome++;
	}
	bool over = outcome == BP_OUTCOME_PENDING && ts_us < pending_before_us;
	return over ? BP_OUTCOME_INTERRUPTED : outcome;
}

bool bp_outcome_executed(enum bp_outcome outcome)
{
	return outcome == BP_OUTCOME_OK || outcome == BP_OUTCOME_ERROR ||
	       outcome == BP_OUTCOME_INTERRUPTED;
}

/* There are few names, and the one looked for is most often among the first. */
static enum bp_rc name_of(struct bp_tool_steps *steps, struct bp_str text, uint16_t *out,
			  struct bp_err *err)
{
	for (size_t i = 0; i < steps->n_names; i++) {
		if (bp_str_is(text, steps->names[i])) {
			*out = (uint16_t)i;
			return BP_OK;
		}
	}
	if (steps->n_names == NAMES_MAX) {
		return bp_err_set(err, BP_ELIMIT, "more than %d names of tools", NAMES_MAX);
	}
	if (steps->n_names == steps->cap_names) {
		steps->cap_names = steps->cap_names ? 2 * steps->cap_names : 32;
		steps->names = bp_realloc(steps->names, steps->cap_names, sizeof(char *));
	}
	steps->names[steps->n_names] = bp_strdup(text.ptr ? text : BP_STR(""));
	*out = (uint16_t)steps->n_names++;
	return BP_OK;
}

/* FNV-1a: only to keep agents of one session apart. */
static uint64_t agent_of(struct bp_str id)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < id.len; i++) {
		hash = (hash ^ (unsigned char)id.ptr[i]) * UINT64_C(1099511628211);
	}
	return id.len == 0 ? 0 : hash ? hash : 1;
}

static enum bp_rc take(struct bp_tool_steps *steps, struct bp_statement *row,
		       int64_t pending_before_us, struct bp_err *err)
{
	if (steps->n == steps->cap) {
		steps->cap = steps->cap ? 2 * steps->cap : 1024;
		steps->items = bp_realloc(steps->items, steps->cap, sizeof(steps->items[0]));
	}
	struct bp_tool_step *step = &steps->items[steps->n];
	*step = (struct bp_tool_step){.conversation = bp_column_int(row, 0),
				      .ts_us = bp_column_int(row, 1),
				      .id = bp_column_int(row, 2),
				      .turn = bp_column_int(row, 3),
				      .agent = agent_of(bp_column_text(row, 4)),
				      .latency_us = bp_column_int(row, 7),
				      .edit = bp_column_int(row, 10) != 0};
	step->outcome =
		(uint8_t)bp_outcome_of(bp_column_text(row, 6), step->ts_us, pending_before_us);
	enum bp_rc rc = name_of(steps, bp_column_text(row, 5), &step->tool, err);
	if (rc == BP_OK) {
		rc = name_of(steps, bp_column_text(row, 8), &step->error_class, err);
	}
	if (rc == BP_OK) {
		rc = name_of(steps, bp_column_text(row, 9), &step->cmd_kind, err);
	}
	steps->n += rc == BP_OK;
	return rc;
}

static int in_order(const void *a, const void *b)
{
	const struct bp_tool_step *x = a, *y = b;
	int order = (x->conversation > y->conversation) - (x->conversation < y->conversation);

	order = order ? order : (x->agent > y->agent) - (x->agent < y->agent);
	order = order ? order : (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
	return order ? order : (x->id > y->id) - (x->id < y->id);
}

enum bp_rc bp_tool_steps_read(struct bp_sql *sql, const struct bp_scope *scope,
			      struct bp_tool_steps *out, struct bp_err *err)
{
#define STEPS(where)                                                                               \
	"SELECT x.conversation_id, x.ts_us, x.id, x.turn_id, x.agent_id, x.tool, x.outcome, "      \
	"x.latency_us, x.error_class, x.cmd_kind, " BP_RULE_EDIT                                   \
	" FROM tool_calls AS x WHERE x.ts_us >= ?1 AND x.ts_us < ?2" where
	static const char IN_TIME[] = STEPS("");
	static const char IN_SESSION[] = STEPS(" AND x.conversation_id = ?3");
	struct bp_scope_set set;
	struct bp_statement *statement = NULL;
	uint16_t none;

	*out = (struct bp_tool_steps){0};
	enum bp_rc rc = name_of(out, BP_STR(""), &none, err);
	if (rc == BP_OK) {
		rc = bp_scope_set_read(sql, scope->filter, &set, err);
	}
	if (rc == BP_OK) {
		rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		while (rc == BP_OK) {
			if (bp_scope_set_has(&set, bp_column_int(statement, 0))) {
				rc = take(out, statement, scope->as_of_us - BP_PENDING_US, err);
			}
			rc = rc == BP_OK ? bp_statement_step(statement, err) : rc;
		}
	}
	bp_statement_free(statement);
	bp_scope_set_done(&set);
	if (out->n > 0) {
		qsort(out->items, out->n, sizeof(out->items[0]), in_order);
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

size_t bp_tool_steps_in_turn(const struct bp_tool_steps *steps, size_t i)
{
	const struct bp_tool_step *first = &steps->items[i];
	size_t n = 1;

	while (i + n < steps->n && first[n].conversation == first->conversation &&
	       first[n].agent == first->agent && first[n].turn == first->turn) {
		n++;
	}
	return n;
}

void bp_tool_steps_done(struct bp_tool_steps *steps)
{
	for (size_t i = 0; i < steps->n_names; i++) {
		free(steps->names[i]);
	}
	free(steps->names);
	free(steps->items);
	*steps = (struct bp_tool_steps){0};
}
