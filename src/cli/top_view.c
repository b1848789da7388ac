/* SPDX-License-Identifier: MIT */
#include "cli/top_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/chart.h"
#include "cli/show.h"
#include "query/metrics.h"

enum {
	WIDE = 110,         /* from here on tools stand beside sessions */
	EVENTS_MIN = 5,     /* rows that events keep, title and all */
	TOOLS_MAX = 8,      /* rows of tools on a narrow screen */
	RATE_LABEL = 14,    /* columns of a rate's name ... */
	RATE_VALUE = 10,    /* ... and of its value */
	SPARKLINE_MAX = 60, /* one cell a minute */
	SPARKLINE_BYTES = 512
};

struct area {
	int row, column, width, height;
};

static void put(struct bp_frame *frame, int row, int column, int room, const char *text)
{
	bp_frame_put(frame, (struct bp_frame_place){.row = row, .column = column, .room = room},
		     "%s", text);
}

static void put_right(struct bp_frame *frame, int row, int column, int room, enum bp_paint paint,
		      const char *text)
{
	bp_frame_put(frame,
		     (struct bp_frame_place){.row = row,
					     .column = column,
					     .room = room,
					     .align = BP_RIGHT,
					     .paint = paint},
		     "%s", text);
}

static void put_title(struct bp_frame *frame, int row, int column, int room, const char *text)
{
	bp_frame_put(
		frame,
		(struct bp_frame_place){.row = row, .column = column, .room = room, .bold = true},
		"%s", text);
}

/* --- head: the clock, and today --- */

static void draw_head(struct bp_frame *frame, const struct bp_current *current,
		      const struct bp_top_view *view)
{
	struct bp_civil now = bp_tz_civil(view->tz, current->as_of_us);
	size_t active = 0;

	for (size_t i = 0; i < current->sessions.n; i++) {
		active += current->sessions.rows[i].status == BP_SESSION_ACTIVE;
	}
	put_title(frame, 0, 0, 14, "blueplane top");
	bp_frame_put(frame, (struct bp_frame_place){.column = 15, .room = frame->width - 40},
		     "%02d:%02d:%02d  %zu active session%s", now.hour, now.minute, now.second,
		     active, active == 1 ? "" : "s");
	bp_frame_put(frame,
		     (struct bp_frame_place){.column = frame->width - 24,
					     .room = 24,
					     .align = BP_RIGHT,
					     .paint = view->paused ? BP_PAINT_WARN : BP_PAINT_DIM},
		     "%s", view->paused ? "paused: p goes on" : "q ends, h helps");
}

static void draw_today(struct bp_frame *frame, int row, const struct bp_totals *today)
{
	static const char *const names[][2] = {
		{"cost_usd", "cost"},
		{"tokens_total", "tokens"},
		{"prompts", "prompts"},
		{"tool_calls", "tools"},
		{"tool_error_rate", "errors"},
		{"acceptance_rate", "accepted"},
		{"productivity_score", "score"},
		{"cost_per_hour", "an active hour"},
	};
	int column = 7;

	put_title(frame, row, 0, 6, "Today");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct bp_metric *metric = bp_metric_find(names[i][0]);
		char value[BP_SHOW_BYTES], text[2 * BP_SHOW_BYTES];
		if (!metric) {
			continue;
		}
		bp_show_metric(value, metric, metric->value(today), false);
		int n = snprintf(text, sizeof(text), "%s %s", value, names[i][1]);
		if (column + n > frame->width) {
			break;
		}
		put(frame, row, column, n, text);
		column += n + 3;
	}
}

/* --- rates of the last hour --- */

struct rate {
	const char *label;
	enum bp_unit unit;
	double (*of)(const struct bp_current_minute *minute);
};

static double events_of(const struct bp_current_minute *minute)
{
	return (double)(minute->prompts + minute->model_calls + minute->tool_calls);
}

static double tokens_of(const struct bp_current_minute *minute)
{
	return (double)minute->tokens;
}

static double cost_of(const struct bp_current_minute *minute)
{
	return (double)minute->cost_pusd / 1e12;
}

static double latency_of(const struct bp_current_minute *minute)
{
	return minute->latencies > 0 ? (double)minute->latency_us / 1000 / (double)minute->latencies
				     : (double)NAN;
}

static const struct rate RATES[] = {
	{"events/min", BP_UNIT_COUNT, events_of},
	{"tokens/min", BP_UNIT_COUNT, tokens_of},
	{"cost/min", BP_UNIT_USD, cost_of},
	{"tool latency", BP_UNIT_MS, latency_of},
};

enum { RATE_COUNT = sizeof(RATES) / sizeof(RATES[0]) };

/* The last whole minute's value, or of one that is not over yet: whichever is larger. */
static void draw_rate(struct bp_frame *frame, int row, const struct rate *rate,
		      const struct bp_current *current)
{
	double values[BP_CURRENT_MINUTES];
	int width = frame->width - RATE_LABEL - RATE_VALUE - 1;
	struct bp_buf line;
	char text[BP_SHOW_BYTES];
	const struct bp_metric metric = {.unit = rate->unit};

	for (int i = 0; i < BP_CURRENT_MINUTES; i++) {
		values[i] = rate->of(&current->minutes[i]);
	}
	bp_show_metric(text, &metric,
		       fmax(values[BP_CURRENT_MINUTES - 2], values[BP_CURRENT_MINUTES - 1]), false);
	put(frame, row, 0, RATE_LABEL, rate->label);
	put_right(frame, row, RATE_LABEL, RATE_VALUE - 1, BP_PAINT_NONE, text);
	bp_buf_init(&line, SPARKLINE_BYTES);
	bp_chart_sparkline(&line, (struct bp_series){.values = values, .n = BP_CURRENT_MINUTES},
			   width < SPARKLINE_MAX ? width : SPARKLINE_MAX, frame->utf8);
	bp_frame_put(frame,
		     (struct bp_frame_place){.row = row,
					     .column = RATE_LABEL + RATE_VALUE + 1,
					     .room = width,
					     .paint = BP_PAINT_GOOD},
		     "%.*s", BP_STR_ARG(bp_buf_str(&line)));
	bp_buf_done(&line);
}

/* --- sessions --- */

static int by_last(const void *a, const void *b)
{
	const struct bp_session_row *x = a, *y = b;
	return (x->session.last_us < y->session.last_us) -
	       (x->session.last_us > y->session.last_us);
}

static int by_tokens(const void *a, const void *b)
{
	const struct bp_session_row *x = a, *y = b;
	return (x->tokens_total < y->tokens_total) - (x->tokens_total > y->tokens_total);
}

static int by_tools(const void *a, const void *b)
{
	const struct bp_session_row *x = a, *y = b;
	return (x->tool_calls < y->tool_calls) - (x->tool_calls > y->tool_calls);
}

static void draw_session(struct bp_frame *frame, const struct area *area, int row,
			 const struct bp_session_row *item, int64_t now_us)
{
	const char *project = bp_session_project(&item->session);
	const struct bp_metric count = {.unit = BP_UNIT_COUNT}, span = {.unit = BP_UNIT_SECONDS};
	int right = area->column + area->width;
	int room = area->width - 41;
	char text[BP_SHOW_BYTES];

	bp_frame_put(frame, (struct bp_frame_place){.row = row, .column = area->column, .room = 8},
		     "%.8s", item->session.id);
	put(frame, row, area->column + 10, room, project ? project : "-");
	bp_show_metric(text, &count, (double)item->prompts, false);
	put_right(frame, row, right - 30, 7, BP_PAINT_NONE, text);
	bp_show_metric(text, &count, (double)item->tool_calls, false);
	put_right(frame, row, right - 23, 6, BP_PAINT_NONE, text);
	bp_show_metric(text, &count, (double)item->tokens_total, false);
	put_right(frame, row, right - 17, 8, BP_PAINT_NONE, text);
	bp_show_metric(text, &span, (double)(now_us - item->session.last_us) / 1e6, false);
	put_right(frame, row, right - 9, 9,
		  item->status == BP_SESSION_ACTIVE ? BP_PAINT_GOOD : BP_PAINT_DIM, text);
}

static void draw_sessions(struct bp_frame *frame, const struct area *area,
			  struct bp_current *current, enum bp_top_sort sort)
{
	static int (*const orders[])(const void *, const void *) = {by_last, by_tokens, by_tools};
	static const char *const titles[] = {"Sessions", "Sessions by tokens", "Sessions by tools"};
	struct bp_sessions *sessions = &current->sessions;
	int right = area->column + area->width;

	if (sessions->n > 1) {
		qsort(sessions->rows, sessions->n, sizeof(sessions->rows[0]), orders[sort]);
	}
	put_title(frame, area->row, area->column, area->width - 31, titles[sort]);
	put_right(frame, area->row, right - 30, 7, BP_PAINT_DIM, "prompts");
	put_right(frame, area->row, right - 23, 6, BP_PAINT_DIM, "tools");
	put_right(frame, area->row, right - 17, 8, BP_PAINT_DIM, "tokens");
	put_right(frame, area->row, right - 9, 9, BP_PAINT_DIM, "idle");
	if (sessions->n == 0) {
		put(frame, area->row + 1, area->column, area->width, "none in the last half hour");
	}
	for (size_t i = 0; i < sessions->n && (int)i + 1 < area->height; i++) {
		draw_session(frame, area, area->row + 1 + (int)i, &sessions->rows[i],
			     current->as_of_us);
	}
}

/* --- tools --- */

static double value_of(const struct bp_group *group, const char *metric)
{
	return bp_metric_find(metric)->value(&group->totals);
}

static void put_metric(struct bp_frame *frame, int row, int column, int room,
		       const struct bp_group *group, const char *name)
{
	const struct bp_metric *metric = bp_metric_find(name);
	char text[BP_SHOW_BYTES];

	bp_show_metric(text, metric, metric->value(&group->totals), false);
	put_right(frame, row, column, room, BP_PAINT_NONE, text);
}

/* The next most called tool after calls and key of the last one drawn; NULL: no more. */
static const struct bp_group *next_tool(const struct bp_groups *tools, const struct bp_group *last)
{
	const struct bp_group *best = NULL;

	for (size_t i = 0; i < tools->n; i++) {
		const struct bp_group *group = tools->items[i];
		double calls = value_of(group, "tool_calls");
		bool after = !last || calls < value_of(last, "tool_calls") ||
			     (calls == value_of(last, "tool_calls") &&
			      strcmp(group->key, last->key) > 0);
		if (after && (!best || calls > value_of(best, "tool_calls"))) {
			best = group;
		}
	}
	return best;
}

static void draw_tools(struct bp_frame *frame, const struct area *area,
		       const struct bp_groups *tools)
{
	const struct bp_group *tool = next_tool(tools, NULL);
	int right = area->column + area->width;

	put_title(frame, area->row, area->column, area->width - 26, "Tools today");
	put_right(frame, area->row, right - 26, 8, BP_PAINT_DIM, "calls");
	put_right(frame, area->row, right - 18, 9, BP_PAINT_DIM, "errors");
	put_right(frame, area->row, right - 9, 9, BP_PAINT_DIM, "p95");
	if (!tool) {
		put(frame, area->row + 1, area->column, area->width, "none yet");
	}
	for (int row = 1; tool && row < area->height; row++) {
		put(frame, area->row + row, area->column, area->width - 27, tool->label);
		put_metric(frame, area->row + row, right - 26, 8, tool, "tool_calls");
		put_metric(frame, area->row + row, right - 18, 9, tool, "tool_error_rate");
		put_metric(frame, area->row + row, right - 9, 9, tool, "tool_latency_p95_ms");
		tool = next_tool(tools, tool);
	}
}

/* --- events --- */

static enum bp_paint paint_of(const struct bp_current_event *event)
{
	if (!event->outcome) {
		return BP_PAINT_NONE;
	}
	return strcmp(event->outcome, "ok") == 0        ? BP_PAINT_GOOD
	       : strcmp(event->outcome, "pending") == 0 ? BP_PAINT_DIM
							: BP_PAINT_BAD;
}

static void describe(char out[BP_SHOW_BYTES], const struct bp_current_event *event)
{
	const struct bp_metric count = {.unit = BP_UNIT_COUNT}, ms = {.unit = BP_UNIT_MS};
	char value[BP_SHOW_BYTES];

	out[0] = '\0';
	if (event->amount != BP_SQL_NULL) {
		bool prompt = strcmp(event->kind, "prompt") == 0;
		bp_show_metric(value, &count, (double)event->amount, false);
		(void)snprintf(out, BP_SHOW_BYTES, "%.20s %s", value, prompt ? "words" : "tokens");
	} else if (event->duration_us != BP_SQL_NULL) {
		bp_show_metric(out, &ms, (double)event->duration_us / 1000, false);
	}
}

static void draw_event(struct bp_frame *frame, int row, const struct bp_current_event *event,
		       const struct bp_tz *tz)
{
	struct bp_civil at = bp_tz_civil(tz, event->ts_us);
	int project = frame->width >= 100 ? 24 : 14;
	int name = frame->width - 9 - project - 14 - 14 - 3;
	const char *kind = strcmp(event->kind, "model_call") == 0 ? "model" : event->kind;
	char text[BP_SHOW_BYTES];

	bp_frame_put(frame, (struct bp_frame_place){.row = row, .room = 8}, "%02d:%02d:%02d",
		     at.hour, at.minute, at.second);
	put(frame, row, 9, project - 1, event->project ? event->project : "-");
	bp_frame_put(frame,
		     (struct bp_frame_place){.row = row, .column = 9 + project, .room = name},
		     "%s %s", kind, event->name ? event->name : "");
	bp_frame_put(frame,
		     (struct bp_frame_place){.row = row,
					     .column = frame->width - 29,
					     .room = 14,
					     .paint = paint_of(event)},
		     "%s", event->outcome ? event->outcome : "");
	describe(text, event);
	put_right(frame, row, frame->width - 15, 15, BP_PAINT_NONE, text);
}

static void draw_events(struct bp_frame *frame, const struct area *area,
			const struct bp_current *current, const struct bp_top_view *view)
{
	size_t last = current->n_events > 0 ? current->n_events - 1 : 0;
	size_t from = view->scroll < last ? view->scroll : last;

	put_title(frame, area->row, 0, 20, from > 0 ? "Events before" : "Events");
	if (current->n_events == 0) {
		put(frame, area->row + 1, 0, area->width,
		    "none yet: work with an assistant, or run \"blueplane import\"");
	}
	for (int row = 1; row < area->height && from < current->n_events; row++, from++) {
		draw_event(frame, area->row + row, &current->events[from], view->tz);
	}
}

/* --- help --- */

static void draw_help(struct bp_frame *frame, int row)
{
	static const char *const lines[][2] = {
		{"q  Esc  Ctrl-C", "end"},
		{"p  space", "pause, go on"},
		{"s", "order of sessions: heard of last, tokens, tools"},
		{"j k  arrows", "events before, events after"},
		{"PgUp PgDn Home", "a page, the newest"},
		{"h  ?", "this help, and back"},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		put_title(frame, row + (int)i, 2, 18, lines[i][0]);
		put(frame, row + (int)i, 20, frame->width - 20, lines[i][1]);
	}
}

/* --- all of it --- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void draw_body(struct bp_frame *frame, int row, struct bp_current *current,
		      const struct bp_top_view *view)
{
	bool wide = frame->width >= WIDE;
	int left = frame->height - row - (view->notice ? 1 : 0);
	int tools = 1 + (int)(current->tools.n ? smaller(current->tools.n, TOOLS_MAX) : 1);
	int sessions = 1 + (int)(current->sessions.n ? smaller(current->sessions.n, 20) : 1);
	int rest = left - EVENTS_MIN - 1;

	if (wide) {
		int height = sessions > tools ? sessions : tools;
		height = height < rest ? height : rest;
		int half = frame->width * 3 / 5 - 2;
		draw_sessions(frame, &(struct area){row, 0, half, height}, current, view->sort);
		draw_tools(frame, &(struct area){row, half + 3, frame->width - half - 3, height},
			   &current->tools);
		row += height + 1;
	} else {
		/* Half of what is there at most, so that no table hides another. */
		sessions = sessions < rest / 2 ? sessions : rest / 2;
		sessions = sessions > 2 ? sessions : 2;
		int room = rest - sessions - 1;
		tools = tools < room ? tools : room;
		draw_sessions(frame, &(struct area){row, 0, frame->width, sessions}, current,
			      view->sort);
		row += sessions + 1;
		if (tools > 1) {
			draw_tools(frame, &(struct area){row, 0, frame->width, tools},
				   &current->tools);
			row += tools + 1;
		}
	}
	draw_events(
		frame,
		&(struct area){row, 0, frame->width, frame->height - row - (view->notice ? 1 : 0)},
		current, view);
}

void bp_top_draw(struct bp_frame *frame, struct bp_current *current, const struct bp_top_view *view)
{
	int row = 1;

	draw_head(frame, current, view);
	draw_today(frame, row++, &current->today.items[0]->totals);
	row++;
	if (view->help) {
		draw_help(frame, row);
		return;
	}
	for (int i = 0; i < RATE_COUNT; i++) {
		draw_rate(frame, row++, &RATES[i], current);
	}
	draw_body(frame, row + 1, current, view);
	if (view->notice) {
		bp_frame_put(frame,
			     (struct bp_frame_place){.row = frame->height - 1,
						     .room = frame->width,
						     .paint = BP_PAINT_WARN},
			     "%s", view->notice);
	}
}
