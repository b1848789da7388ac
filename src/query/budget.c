/* SPDX-License-Identifier: MIT */
#include "query/budget.h"

#include <cjson/cJSON.h>
#include <stddef.h>

#include "query/costs.h"
#include "query/database.h"

enum bp_budget_state bp_budget_state(const struct bp_budget *budget)
{
	if (budget->limit_pusd <= 0) {
		return BP_BUDGET_NONE;
	}
	if (budget->spent_pusd >= budget->limit_pusd) {
		return BP_BUDGET_OVER;
	}
	/* 80 %, without overflow. */
	return budget->spent_pusd >= budget->limit_pusd - budget->limit_pusd / 5 ? BP_BUDGET_NEAR
										 : BP_BUDGET_FINE;
}

const char *bp_budget_state_name(enum bp_budget_state state)
{
	static const char *const names[] = {NULL, "fine", "near", "over"};
	return names[state];
}

struct bp_budgets bp_budgets_of(const struct bp_query_config *config,
				const struct bp_projection *projection)
{
	return (struct bp_budgets){
		.daily = {config->budget_daily_pusd, projection->today_pusd},
		.monthly = {config->budget_monthly_pusd, projection->month_pusd}};
}

enum bp_rc bp_budgets_read(struct bp_sql *sql, const struct bp_query_config *config,
			   const struct bp_tz *tz, int64_t now_us, struct bp_budgets *out,
			   struct bp_err *err)
{
	struct bp_projection projection = {0};
	const struct bp_filter all = {0};

	*out = (struct bp_budgets){0};
	if (config->budget_daily_pusd == 0 && config->budget_monthly_pusd == 0) {
		return BP_OK;
	}
	enum bp_rc rc = bp_query_begin(sql, err);
	if (rc == BP_OK) {
		rc = bp_projection_collect(sql, tz, &all, config->compat == BP_COMPAT_CCUSAGE,
					   now_us, &projection, err);
		bp_query_end(sql);
	}
	if (rc == BP_OK) {
		*out = bp_budgets_of(config, &projection);
	}
	return rc;
}

static void add_budget(cJSON *json, const char *name, const struct bp_budget *budget)
{
	enum bp_budget_state state = bp_budget_state(budget);

	if (state == BP_BUDGET_NONE) {
		(void)cJSON_AddNullToObject(json, name);
		return;
	}
	cJSON *item = cJSON_AddObjectToObject(json, name);
	(void)cJSON_AddItemToObject(item, "limit_usd", bp_usd_json(budget->limit_pusd));
	(void)cJSON_AddItemToObject(item, "spent_usd", bp_usd_json(budget->spent_pusd));
	(void)cJSON_AddNumberToObject(item, "share",
				      (double)budget->spent_pusd / (double)budget->limit_pusd);
	(void)cJSON_AddStringToObject(item, "state", bp_budget_state_name(state));
}

struct cJSON *bp_budgets_json(const struct bp_budgets *budgets)
{
	cJSON *json = cJSON_CreateObject();

	add_budget(json, "daily", &budgets->daily);
	add_budget(json, "monthly", &budgets->monthly);
	return json;
}
