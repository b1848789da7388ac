/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>

#include "query/costs.h"
#include "query/sessions.h"

struct cJSON *bp_usd_json(int64_t pusd)
{
	return cJSON_CreateNumber((double)pusd / 1e12);
}

struct cJSON *bp_cost_usd_json(const struct bp_cost *cost)
{
	return bp_cost_unknown(cost) ? cJSON_CreateNull() : bp_usd_json(cost->cost_pusd);
}

struct cJSON *bp_cost_aborted_usd_json(const struct bp_cost *cost)
{
	/* Tokens that have a price cost something. */
	bool unknown = cost->aborted_cost_pusd == 0 && bp_tokens_total(&cost->aborted_tokens) > 0;
	return unknown ? cJSON_CreateNull() : bp_usd_json(cost->aborted_cost_pusd);
}

/* Rows are many: names are not copied for each. */
void bp_cost_add_json(struct cJSON *json, const struct bp_cost *cost)
{
	(void)cJSON_AddItemToObjectCS(json, "cost_usd", bp_cost_usd_json(cost));
	(void)cJSON_AddItemToObjectCS(json, "reported_usd",
				      cost->reported_calls > 0 ? bp_usd_json(cost->reported_pusd)
							       : cJSON_CreateNull());
	(void)cJSON_AddItemToObjectCS(json, "tokens", bp_tokens_json(&cost->tokens));
	(void)cJSON_AddItemToObjectCS(json, "model_calls",
				      cJSON_CreateNumber((double)cost->model_calls));
	(void)cJSON_AddItemToObjectCS(json, "unpriced_calls",
				      cJSON_CreateNumber((double)cost->unpriced_calls));
	(void)cJSON_AddItemToObjectCS(json, "reported_calls",
				      cJSON_CreateNumber((double)cost->reported_calls));
	(void)cJSON_AddItemToObjectCS(json, "web_searches",
				      cJSON_CreateNumber((double)cost->web_searches));
	(void)cJSON_AddItemToObjectCS(json, "aborted_cost_usd", bp_cost_aborted_usd_json(cost));
	if (bp_tokens_total(&cost->aborted_tokens) > 0) { /* seldom, and rows are many */
		(void)cJSON_AddItemToObjectCS(json, "aborted_tokens",
					      bp_tokens_json(&cost->aborted_tokens));
	}
}

void bp_costs_add_json(struct cJSON *json, const struct bp_costs *costs)
{
	cJSON *total = cJSON_AddObjectToObject(json, "total");

	bp_cost_add_json(total, &costs->total);
	cJSON *rows = cJSON_AddArrayToObject(json, "rows");
	for (size_t i = 0; i < costs->n; i++) {
		const struct bp_cost_row *row = &costs->rows[i];
		cJSON *item = cJSON_CreateObject();
		(void)cJSON_AddItemToObjectCS(item, "key", cJSON_CreateString(row->key));
		(void)cJSON_AddItemToObjectCS(item, "name", cJSON_CreateString(row->label));
		bp_cost_add_json(item, &row->cost);
		(void)cJSON_AddItemToObjectCS(item, "models", bp_models_json(row->models));
		(void)cJSON_AddItemToArray(rows, item);
	}
}
