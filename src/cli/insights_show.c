/* SPDX-License-Identifier: MIT */
#include "cli/insights_show.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/text.h"

enum { LABEL_COLUMNS = 8 };

static enum bp_paint paint_of(enum bp_insight_priority priority)
{
	switch (priority) {
	case BP_INSIGHT_HIGH:
		return BP_PAINT_BAD;
	case BP_INSIGHT_MEDIUM:
		return BP_PAINT_WARN;
	case BP_INSIGHT_LOW:
		break;
	}
	return BP_PAINT_DIM;
}

void bp_insights_show(const struct bp_insights *insights, const struct bp_print *print)
{
	int64_t counts[3] = {0};

	for (size_t i = 0; i < insights->n; i++) {
		const struct bp_insight *insight = &insights->items[i];
		const char *label = bp_insight_priorities[insight->priority];
		counts[insight->priority]++;
		bp_print_line(print, "%s", "");
		bp_print_field(print, paint_of(insight->priority), LABEL_COLUMNS, label, "%s [%s]",
			       insight->title, bp_insight_types[insight->type]);
		bp_print_field(print, BP_PAINT_NONE, LABEL_COLUMNS, "", "%s", insight->detail);
		bp_print_field(print, BP_PAINT_GOOD, LABEL_COLUMNS, "do", "%s", insight->action);
	}
	bp_print_line(print, "%s", "");
	if (insights->n == 0) {
		bp_print_line(print,
			      "Nothing stands out in %s. What rests on few observations is not "
			      "said.",
			      bp_text_of(insights->sessions, "session").text);
		return;
	}
	bp_print_line(print, "%" PRId64 " high, %" PRId64 " medium, %" PRId64 " low; from %s%s",
		      counts[BP_INSIGHT_HIGH], counts[BP_INSIGHT_MEDIUM], counts[BP_INSIGHT_LOW],
		      bp_text_of(insights->sessions, "session").text,
		      insights->has_before ? ", against the period just before" : "");
}

void bp_insights_table(const struct bp_insights *insights, const struct bp_print *print)
{
	struct bp_table *table = bp_table_new();

	bp_table_column(table, "priority", BP_LEFT);
	bp_table_column(table, "type", BP_LEFT);
	bp_table_column(table, "kind", BP_LEFT);
	bp_table_column(table, "scope", BP_LEFT);
	bp_table_column(table, "title", BP_LEFT);
	bp_table_column(table, "detail", BP_LEFT);
	bp_table_column(table, "action", BP_LEFT);
	for (size_t i = 0; i < insights->n; i++) {
		const struct bp_insight *insight = &insights->items[i];
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", bp_insight_priorities[insight->priority]);
		bp_table_cell(table, BP_PAINT_NONE, "%s", bp_insight_types[insight->type]);
		bp_table_cell(table, BP_PAINT_NONE, "%s", insight->kind);
		bp_table_cell(table, BP_PAINT_NONE, "%s", insight->scope ? insight->scope : "");
		bp_table_cell(table, BP_PAINT_NONE, "%s", insight->title);
		bp_table_cell(table, BP_PAINT_NONE, "%s", insight->detail);
		bp_table_cell(table, BP_PAINT_NONE, "%s", insight->action);
	}
	bp_table_print(table, print);
	bp_table_free(table);
}
