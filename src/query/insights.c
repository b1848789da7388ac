/* SPDX-License-Identifier: MIT */
#include "query/insights.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "base/mem.h"
#include "query/database.h"
#include "query/insights_numbers.h"
#include "query/insights_rules.h"

const char *const bp_insight_types[] = {"productivity", "errors", "patterns", "cost", NULL};
const char *const bp_insight_priorities[] = {"high", "medium", "low", NULL};

/* Stable: of equal urgency, the order of the rules. */
static void sort(struct bp_insights *insights)
{
	for (size_t i = 1; i < insights->n; i++) {
		struct bp_insight one = insights->items[i];
		size_t k = i;
		for (; k > 0 && insights->items[k - 1].priority > one.priority; k--) {
			insights->items[k] = insights->items[k - 1];
		}
		insights->items[k] = one;
	}
}

enum bp_rc bp_insights_read(struct bp_sql *sql, const struct bp_insights_question *question,
			    struct bp_insights *out, struct bp_err *err)
{
	struct bp_insight_numbers numbers;

	*out = (struct bp_insights){.period = *question->scope->period};
	enum bp_rc rc = bp_query_begin(sql, err);
	if (rc != BP_OK) {
		return rc;
	}
	rc = bp_insight_numbers_read(sql, question->scope, question->home, &numbers, err);
	bp_query_end(sql);
	if (rc == BP_OK) {
		out->has_before = numbers.has_before;
		out->before = numbers.before;
		out->sessions = numbers.sessions;
		bp_insight_rules_apply(&numbers, out);
		sort(out);
	}
	bp_insight_numbers_done(&numbers);
	return rc;
}

void bp_insight_free(struct bp_insight *insight)
{
	free(insight->scope);
	free(insight->title);
	free(insight->detail);
	free(insight->action);
	cJSON_Delete(insight->evidence);
	*insight = (struct bp_insight){0};
}

void bp_insights_done(struct bp_insights *insights)
{
	for (size_t i = 0; i < insights->n; i++) {
		bp_insight_free(&insights->items[i]);
	}
	free(insights->items);
	*insights = (struct bp_insights){0};
}

struct cJSON *bp_insights_list_json(const struct bp_insights *insights)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < insights->n; i++) {
		const struct bp_insight *insight = &insights->items[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(item, "kind", insight->kind);
		(void)cJSON_AddStringToObject(item, "type", bp_insight_types[insight->type]);
		(void)cJSON_AddStringToObject(item, "priority",
					      bp_insight_priorities[insight->priority]);
		(void)cJSON_AddItemToObject(item, "scope",
					    insight->scope ? cJSON_CreateString(insight->scope)
							   : cJSON_CreateNull());
		(void)cJSON_AddStringToObject(item, "title", insight->title);
		(void)cJSON_AddStringToObject(item, "detail", insight->detail);
		(void)cJSON_AddStringToObject(item, "action", insight->action);
		(void)cJSON_AddItemToObject(item, "evidence",
					    cJSON_Duplicate(insight->evidence, true));
		(void)cJSON_AddItemToArray(list, item);
	}
	return list;
}

struct cJSON *bp_insights_json(const struct bp_insights *insights)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddItemToObject(json, "period", bp_period_json(&insights->period));
	(void)cJSON_AddItemToObject(json, "compared_with",
				    insights->has_before ? bp_period_json(&insights->before)
							 : cJSON_CreateNull());
	(void)cJSON_AddNumberToObject(json, "sessions", (double)insights->sessions);
	(void)cJSON_AddItemToObject(json, "insights", bp_insights_list_json(insights));
	return json;
}
