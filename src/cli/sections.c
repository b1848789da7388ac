/* SPDX-License-Identifier: MIT */
#include "cli/sections.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/chart.h"
#include "cli/show.h"
#include "cli/text.h"

enum { ID_LETTERS = 12, ROWS_MAX = 10, BAR_COLUMNS = 20 };

void bp_section_title(const struct bp_print *print, const char *text)
{
	if (print->format != BP_FORMAT_CSV) {
		bp_print_line(print, "%s", "");
		bp_print_title(print, "%s", text);
	}
	if (print->format == BP_FORMAT_MARKDOWN) {
		bp_print_line(print, "%s", "");
	}
}

static bool exact(const struct bp_print *print)
{
	return print->format != BP_FORMAT_TABLE;
}

static void finish(struct bp_table *table, const struct bp_print *print)
{
	bp_table_print(table, print);
	bp_table_free(table);
}

static void cell_count(struct bp_table *table, const struct bp_print *print, int64_t value)
{
	char text[BP_SHOW_BYTES];

	bp_show_count(text, (double)value, exact(print));
	bp_table_cell(table, value ? BP_PAINT_NONE : BP_PAINT_DIM, "%s", text);
}

static void cell_known(struct bp_table *table, const struct bp_print *print, int64_t value)
{
	if (value == BP_SQL_NULL) {
		bp_table_cell(table, BP_PAINT_DIM, "%s", exact(print) ? "" : "-");
	} else {
		cell_count(table, print, value);
	}
}

/* A duration in microseconds, or BP_SQL_NULL. Exact: milliseconds. */
static void cell_us(struct bp_table *table, const struct bp_print *print, int64_t us)
{
	const struct bp_metric ms = {.unit = BP_UNIT_MS};
	char text[BP_SHOW_BYTES];

	bp_show_metric(text, &ms, us == BP_SQL_NULL ? (double)NAN : (double)us / 1000,
		       exact(print));
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
}

static void cell_rate(struct bp_table *table, const struct bp_print *print, double rate)
{
	const struct bp_metric metric = {.unit = BP_UNIT_RATE};
	char text[BP_SHOW_BYTES];

	bp_show_metric(text, &metric, rate, exact(print));
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
}

/* Dollars; none: calls were made and none has a price. */
static void cell_cost(struct bp_table *table, const struct bp_print *print, int64_t pusd, bool none)
{
	const struct bp_metric metric = {.unit = BP_UNIT_USD};
	char text[BP_SHOW_BYTES];

	bp_show_metric(text, &metric, none ? (double)NAN : (double)pusd / 1e12, exact(print));
	bp_table_cell(table, BP_PAINT_NONE, "%s", text);
}

void bp_section_bar(struct bp_table *table, double share, const struct bp_print *print)
{
	struct bp_buf bar;

	bp_buf_init(&bar, 4096);
	bp_chart_bar(&bar, share, BAR_COLUMNS, print->utf8);
	bp_table_cell(table, BP_PAINT_NONE, "%s", bar.ptr ? bar.ptr : "");
	bp_buf_done(&bar);
}

/* --- edits --- */

void bp_section_files(const struct bp_file_types *files, const struct bp_print *print)
{
	struct bp_table *table = bp_table_new();

	bp_section_title(print, "Edits by file type");
	bp_table_column(table, "Extension", BP_SHRINK);
	bp_table_column(table, "Proposed", BP_RIGHT);
	bp_table_column(table, "Accepted", BP_RIGHT);
	bp_table_column(table, "Rejected", BP_RIGHT);
	bp_table_column(table, "Lines added", BP_RIGHT);
	bp_table_column(table, "Lines removed", BP_RIGHT);
	for (size_t i = 0; i < files->n; i++) {
		const struct bp_file_type *file = &files->items[i];
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s",
			      *file->extension ? file->extension : "(none)");
		cell_count(table, print, file->proposed);
		cell_count(table, print, file->accepted);
		cell_count(table, print, file->rejected);
		cell_count(table, print, file->lines_added);
		cell_count(table, print, file->lines_removed);
	}
	finish(table, print);
}

/* --- turns and what they did --- */

void bp_section_turns(const struct bp_turns *turns, const struct bp_print *print,
		      const struct bp_tz *tz)
{
	if (turns->n == 0) {
		return;
	}
	struct bp_table *table = bp_table_new();
	bp_section_title(print, "Turns");
	bp_table_column(table, "#", BP_RIGHT);
	bp_table_column(table, "Time", BP_LEFT);
	bp_table_column(table, "Model", BP_SHRINK);
	bp_table_column(table, "Words", BP_RIGHT);
	bp_table_optional(table, 2);
	bp_table_column(table, "Answer", BP_RIGHT);
	bp_table_column(table, "Done", BP_RIGHT);
	bp_table_column(table, "Tools", BP_RIGHT);
	bp_table_column(table, "Errors", BP_RIGHT);
	bp_table_column(table, "Edits", BP_RIGHT);
	bp_table_column(table, "Think", BP_RIGHT);
	bp_table_optional(table, 1);
	for (size_t i = 0; i < turns->n; i++) {
		const struct bp_turn_row *turn = &turns->items[i];
		struct bp_civil c = bp_tz_civil(tz, turn->ts_us);
		bp_table_row(table);
		cell_known(table, print, turn->number);
		bp_table_cell(table, BP_PAINT_DIM, "%02d-%02d %02d:%02d:%02d", c.month, c.day,
			      c.hour, c.minute, c.second);
		bp_table_cell(table, BP_PAINT_NONE, "%s", *turn->model ? turn->model : "-");
		cell_known(table, print, turn->words);
		cell_us(table, print, turn->latency_us);
		cell_us(table, print, turn->complete_us);
		cell_count(table, print, turn->tool_calls);
		cell_count(table, print, turn->errors);
		cell_count(table, print, turn->edits_ok);
		cell_us(table, print, turn->think_us);
	}
	finish(table, print);
}

static void cell_tools(struct bp_table *table, const struct bp_str *tools, size_t n,
		       const struct bp_print *print)
{
	struct bp_buf text;

	bp_buf_init(&text, 4096);
	for (size_t i = 0; i < n; i++) {
		const char *arrow = print->utf8 ? " \xE2\x86\x92 " : " > ";
		bp_buf_add_str(&text, bp_str_from(i ? arrow : ""));
		bp_buf_add_str(&text, tools[i].len ? tools[i] : BP_STR("(none)"));
	}
	bp_table_cell(table, BP_PAINT_NONE, "%s", text.ptr ? text.ptr : "");
	bp_buf_done(&text);
}

void bp_section_habits(const struct bp_sequences *sequences, const struct bp_print *print)
{
	if (sequences->n == 0) {
		return;
	}
	struct bp_table *table = bp_table_new();
	bp_section_title(print, "Tools that follow each other");
	bp_table_column(table, "Sequence", BP_SHRINK);
	bp_table_column(table, "Times", BP_RIGHT);
	for (size_t i = 0; i < sequences->n && i < ROWS_MAX; i++) {
		const struct bp_sequence *sequence = &sequences->items[i];
		bp_table_row(table);
		cell_tools(table, sequence->tools, sequence->n, print);
		cell_count(table, print, sequence->count);
	}
	finish(table, print);
}

void bp_section_patterns(const struct bp_patterns *patterns, const struct bp_print *print)
{
	if (patterns->n == 0) {
		return;
	}
	struct bp_table *table = bp_table_new();
	bp_section_title(print, "How turns begin");
	bp_table_column(table, "Tools", BP_SHRINK);
	bp_table_column(table, "Turns", BP_RIGHT);
	bp_table_column(table, "Success", BP_RIGHT);
	for (size_t i = 0; i < patterns->n && i < ROWS_MAX; i++) {
		const struct bp_pattern *pattern = &patterns->items[i];
		bp_table_row(table);
		cell_tools(table, pattern->tools, pattern->n, print);
		cell_count(table, print, pattern->turns);
		cell_rate(table, print, (double)pattern->succeeded / (double)pattern->turns);
	}
	finish(table, print);
}

void bp_section_phases(const struct bp_phases *phases, const struct bp_print *print)
{
	int64_t all = 0;

	for (size_t i = 0; i < BP_PHASES; i++) {
		all += phases->calls[i];
	}
	if (all == 0) {
		return;
	}
	struct bp_table *table = bp_table_new();
	bp_section_title(print, "Phases");
	bp_table_column(table, "Phase", BP_LEFT);
	bp_table_column(table, "Calls", BP_RIGHT);
	bp_table_column(table, "Share", BP_RIGHT);
	bp_table_column(table, "Time", BP_RIGHT);
	if (!exact(print)) {
		bp_table_column(table, "", BP_LEFT);
	}
	for (size_t i = 0; i < BP_PHASES; i++) {
		double share = (double)phases->calls[i] / (double)all;
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", bp_phase_name((enum bp_phase)i));
		cell_count(table, print, phases->calls[i]);
		cell_rate(table, print, share);
		cell_us(table, print, phases->latency_us[i]);
		if (!exact(print)) {
			bp_section_bar(table, share, print);
		}
	}
	finish(table, print);
}

void bp_section_shares(const char *title, const char *heading, const struct bp_shares *shares,
		       const struct bp_print *print)
{
	if (shares->total == 0) {
		return;
	}
	struct bp_table *table = bp_table_new();
	bp_section_title(print, title);
	bp_table_column(table, heading, BP_SHRINK);
	bp_table_column(table, "Times", BP_RIGHT);
	bp_table_column(table, "Share", BP_RIGHT);
	if (!exact(print)) {
		bp_table_column(table, "", BP_LEFT);
	}
	for (size_t i = 0; i < shares->n; i++) {
		double share = (double)shares->items[i].count / (double)shares->total;
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", shares->items[i].label);
		cell_count(table, print, shares->items[i].count);
		cell_rate(table, print, share);
		if (!exact(print)) {
			bp_section_bar(table, share, print);
		}
	}
	finish(table, print);
}

/* --- sub-agents --- */

static bool unpriced(int64_t calls, int64_t without)
{
	return calls > 0 && without == calls;
}

static enum bp_paint end_paint(enum bp_subagent_end end)
{
	switch (end) {
	case BP_SUBAGENT_OK:
		return BP_PAINT_GOOD;
	case BP_SUBAGENT_FAILED:
		return BP_PAINT_BAD;
	case BP_SUBAGENT_INTERRUPTED:
	case BP_SUBAGENT_UNFINISHED:
		return BP_PAINT_WARN;
	case BP_SUBAGENT_RUNNING:
	case BP_SUBAGENT_UNKNOWN:
	case BP_SUBAGENT_ENDS:
		break;
	}
	return BP_PAINT_DIM;
}

void bp_section_subagents(const struct bp_subagents *agents, const struct bp_print *print)
{
	if (agents->n == 0) {
		return;
	}
	struct bp_table *table = bp_table_new();
	bp_section_title(print, "Sub-agents");
	bp_table_column(table, "Agent", BP_LEFT);
	bp_table_column(table, "Type", BP_SHRINK);
	bp_table_column(table, "Outcome", BP_LEFT);
	bp_table_column(table, "Time", BP_RIGHT);
	bp_table_column(table, "Tools", BP_RIGHT);
	bp_table_column(table, "Tokens", BP_RIGHT);
	bp_table_column(table, "Cost", BP_RIGHT);
	for (size_t i = 0; i < agents->n; i++) {
		const struct bp_subagent *agent = &agents->items[i];
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%.*s", ID_LETTERS, agent->agent_id);
		bp_table_cell(table, BP_PAINT_NONE, "%s", *agent->type ? agent->type : "-");
		bp_table_cell(table, end_paint(agent->end), "%s", bp_subagent_end_name(agent->end));
		cell_us(table, print, agent->ended_us - agent->started_us);
		cell_count(table, print, agent->tool_calls);
		cell_count(table, print, agent->tokens_total);
		cell_cost(table, print, agent->cost_pusd,
			  unpriced(agent->model_calls, agent->unpriced_calls));
	}
	finish(table, print);
}

static void subagent_type_row(struct bp_table *table, const struct bp_subagent_type *type,
			      const char *name, const struct bp_print *print)
{
	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_NONE, "%s", name);
	cell_count(table, print, type->agents);
	cell_rate(table, print, bp_subagent_success(type->ends));
	cell_us(table, print, type->agents ? type->duration_us / type->agents : BP_SQL_NULL);
	cell_count(table, print, type->peak);
	cell_count(table, print, type->tool_calls);
	cell_count(table, print, type->tokens_total);
	cell_cost(table, print, type->cost_pusd, unpriced(type->model_calls, type->unpriced_calls));
}

void bp_section_subagent_types(const struct bp_subagent_types *types, const struct bp_print *print)
{
	if (types->n == 0) {
		return;
	}
	struct bp_table *table = bp_table_new();
	bp_section_title(print, "Sub-agents");
	bp_table_column(table, "Type", BP_SHRINK);
	bp_table_column(table, "Agents", BP_RIGHT);
	bp_table_column(table, "Success", BP_RIGHT);
	bp_table_column(table, "Mean time", BP_RIGHT);
	bp_table_column(table, "At once", BP_RIGHT);
	bp_table_optional(table, 1);
	bp_table_column(table, "Tools", BP_RIGHT);
	bp_table_column(table, "Tokens", BP_RIGHT);
	bp_table_column(table, "Cost", BP_RIGHT);
	for (size_t i = 0; i < types->n; i++) {
		const struct bp_subagent_type *type = &types->items[i];
		subagent_type_row(table, type, *type->type ? type->type : "(unknown)", print);
	}
	if (types->n > 1 && !exact(print)) {
		subagent_type_row(table, &types->all, "all", print);
	}
	finish(table, print);
}

/* --- context --- */

static void print_compactions(const struct bp_context *context, const struct bp_print *print,
			      const struct bp_tz *tz)
{
	struct bp_table *table = bp_table_new();

	bp_table_column(table, "Compacted", BP_LEFT);
	bp_table_column(table, "By", BP_LEFT);
	bp_table_column(table, "Before", BP_RIGHT);
	bp_table_column(table, "After", BP_RIGHT);
	bp_table_column(table, "Since the last", BP_RIGHT);
	bp_table_column(table, "Tools since", BP_RIGHT);
	for (size_t i = 0; i < context->n; i++) {
		const struct bp_compaction *one = &context->items[i];
		char when[BP_SHOW_BYTES];
		bp_show_time(when, tz, one->ts_us);
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_DIM, "%s", when);
		bp_table_cell(table, BP_PAINT_NONE, "%s", *one->trigger ? one->trigger : "-");
		cell_known(table, print, one->pre_tokens);
		cell_known(table, print, one->post_tokens);
		cell_us(table, print, one->gap_us);
		cell_count(table, print, one->operations);
	}
	finish(table, print);
}

void bp_section_context(const struct bp_context *context, const struct bp_print *print,
			const struct bp_tz *tz)
{
	char average[BP_SHOW_BYTES], peak[BP_SHOW_BYTES];

	if (context->n == 0 && context->responses == 0) {
		return;
	}
	bp_section_title(print, "Context");
	bp_show_count(average, context->responses ? context->used_avg : 0, exact(print));
	bp_show_count(peak, (double)context->used_peak, exact(print));
	bp_print_line(print, "%s tokens on average, %s at most, %s", average, peak,
		      context->n ? bp_text_of((int64_t)context->n, "compaction").text
				 : "never compacted");
	if (context->n > 0 && tz) {
		if (print->format == BP_FORMAT_MARKDOWN) {
			bp_print_line(print, "%s", "");
		}
		print_compactions(context, print, tz);
	}
}
