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
	if (steps->n_names == 0) {
		steps->cap_names = 32;
		steps->names = bp_calloc(steps->cap_names, sizeof(char *));
		steps->names[steps->n_names++] = bp_strdup(BP_STR(""));
	}
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
		steps->cap_names *= 2;
		steps->names = bp_realloc(steps->names, steps->cap_names, sizeof(char *));
	}
	steps->names[steps->n_names] = bp_strdup(text);
	*out = (uint16_t)steps->n_names++;
	return BP_OK;
}

/* FNV-1a: only to keep agents of one session apart. */
uint64_t bp_tool_step_agent(struct bp_str agent_id)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < agent_id.len; i++) {
		hash = (hash ^ (unsigned char)agent_id.ptr[i]) * UINT64_C(1099511628211);
	}
	return agent_id.len == 0 ? 0 : hash ? hash : 1;
}

enum bp_rc bp_tool_steps_add(struct bp_tool_steps *steps, const struct bp_tool_step *step,
			     const struct bp_tool_step_names *names, struct bp_err *err)
{
	struct bp_tool_step one = *step;
	const struct {
		struct bp_str text;
		uint16_t *name;
	} texts[] = {{names->tool, &one.tool},
		     {names->error_class, &one.error_class},
		     {names->cmd_kind, &one.cmd_kind},
		     {names->extension, &one.extension}};
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && rc == BP_OK; i++) {
		rc = name_of(steps, texts[i].text, texts[i].name, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	if (steps->n == steps->cap) {
		steps->cap = steps->cap ? 2 * steps->cap : 1024;
		steps->items = bp_realloc(steps->items, steps->cap, sizeof(steps->items[0]));
	}
	steps->items[steps->n++] = one;
	return BP_OK;
}

static int in_order(const void *a, const void *b)
{
	const struct bp_tool_step *x = a, *y = b;
	int order = (x->conversation > y->conversation) - (x->conversation < y->conversation);

	order = order ? order : (x->agent > y->agent) - (x->agent < y->agent);
	order = order ? order : (x->ts_us > y->ts_us) - (x->ts_us < y->ts_us);
	return order ? order : (x->id > y->id) - (x->id < y->id);
}

void bp_tool_steps_sort(struct bp_tool_steps *steps)
{
	if (steps->n > 1) {
		qsort(steps->items, steps->n, sizeof(steps->items[0]), in_order);
	}
}

/* --- reading --- */

static int64_t number(struct bp_statement *row, int column)
{
	int64_t value = bp_column_int(row, column);

	return value == BP_SQL_NULL ? 0 : value;
}

/* What an edit changed; change is of that call. */
static enum bp_rc take_change(struct bp_statement *change, struct bp_tool_step *step,
			      struct bp_tool_step_names *names, struct bp_err *err)
{
	bp_bind_int(change, 1, step->id);
	enum bp_rc rc = bp_statement_step(change, err);
	if (rc == BP_OK) {
		names->extension = bp_column_text(change, 0);
		step->created = bp_column_int(change, 1) == 1;
		step->lines_added = number(change, 2);
		step->lines_removed = number(change, 3);
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc; /* what it changed was not told */
}

static enum bp_rc take(struct bp_tool_steps *steps, struct bp_statement *row,
		       struct bp_statement *change, int64_t pending_before_us, struct bp_err *err)
{
	struct bp_tool_step step = {.conversation = bp_column_int(row, 0),
				    .ts_us = bp_column_int(row, 1),
				    .id = bp_column_int(row, 2),
				    .turn = bp_column_int(row, 3),
				    .agent = bp_tool_step_agent(bp_column_text(row, 4)),
				    .latency_us = bp_column_int(row, 7),
				    .edit = bp_column_int(row, 10) != 0};
	struct bp_tool_step_names names = {.tool = bp_column_text(row, 5),
					   .error_class = bp_column_text(row, 8),
					   .cmd_kind = bp_column_text(row, 9)};
	enum bp_rc rc = step.edit ? take_change(change, &step, &names, err) : BP_OK;

	step.outcome =
		(uint8_t)bp_outcome_of(bp_column_text(row, 6), step.ts_us, pending_before_us);
	if (rc == BP_OK) {
		rc = bp_tool_steps_add(steps, &step, &names, err);
	}
	bp_statement_reset(change);
	return rc;
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
	static const char CHANGE[] = "SELECT e.extension, e.operation = 'create', e.lines_added, "
				     "e.lines_removed FROM code_changes AS e WHERE e.id = ?1";
	struct bp_scope_set set;
	struct bp_statement *statement = NULL, *change = NULL;

	*out = (struct bp_tool_steps){0};
	enum bp_rc rc = bp_scope_set_read(sql, scope->filter, &set, err);
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, CHANGE, &change, err);
	}
	if (rc == BP_OK) {
		rc = bp_scope_statement(sql, scope, IN_TIME, IN_SESSION, &statement, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		while (rc == BP_OK) {
			if (bp_scope_set_has(&set, bp_column_int(statement, 0))) {
				rc = take(out, statement, change, scope->as_of_us - BP_PENDING_US,
					  err);
			}
			rc = rc == BP_OK ? bp_statement_step(statement, err) : rc;
		}
	}
	bp_statement_free(statement);
	bp_statement_free(change);
	bp_scope_set_done(&set);
	bp_tool_steps_sort(out);
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
