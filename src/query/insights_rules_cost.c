/* SPDX-License-Identifier: MIT */
/* The rules about money and tokens. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "query/insights_rules.h"

static double usd(double pusd)
{
	return pusd / 1e12;
}

/* --- the cache --- */

struct cause {
	int64_t times;
	const char *what;
	const char *cure;
};

/* Of several causes the one that broke it most often; NULL: none was found. */
static const struct cause *worst(const struct cause *causes, size_t n)
{
	const struct cause *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (causes[i].times > 0 && (!found || causes[i].times > found->times)) {
			found = &causes[i];
		}
	}
	return found;
}

void bp_insight_rule_cache(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	const struct bp_insight_side *now = &numbers->now, *then = &numbers->then;

	if (!numbers->has_before || now->prompt_tokens < min->prompt_tokens ||
	    then->prompt_tokens < min->prompt_tokens) {
		return;
	}
	double is = (double)now->cache_read / (double)now->prompt_tokens;
	double was = (double)then->cache_read / (double)then->prompt_tokens;
	if (was - is < min->cache_fall) {
		return;
	}
	const struct cause causes[] = {
		{numbers->breaks_model, "a switch of the model",
		 "Keep to one model inside a session: each switch reads everything anew."},
		{numbers->breaks_compaction, "a compaction",
		 "Begin a new session for a new task, so that it need not be compacted."},
		{numbers->breaks_hour, "a pause of more than an hour",
		 "End a session before a long break; a summary costs less than reading it all "
		 "anew."},
		{numbers->breaks_5min, "a pause of more than 5 minutes",
		 "Go on within 5 minutes, or use the cache that lasts an hour."},
		{numbers->breaks_other,
		 "something else (instructions, tools or settings that "
		 "changed)",
		 "Leave instructions, tools and settings alone while a session runs."},
	};
	const struct cause *cause = worst(causes, sizeof(causes) / sizeof(causes[0]));
	struct bp_insight *insight = bp_insight_add(
		out, "cache_falling", BP_INSIGHT_COST,
		was - is >= 2 * min->cache_fall ? BP_INSIGHT_HIGH : BP_INSIGHT_MEDIUM);
	insight->title =
		bp_asprintf("The cache is hit less: %.1f %%, before %.1f %%", is * 100, was * 100);
	insight->detail =
		cause ? bp_asprintf("In the %d largest sessions %s broke it most often (%" PRId64
				    " times); %.1fM tokens were read anew there.",
				    BP_INSIGHT_SESSIONS_LOOKED_AT, cause->what, cause->times,
				    (double)numbers->breaks_tokens / 1e6)
		      : bp_asprintf("%.1fM of %.1fM prompt tokens came from it.",
				    (double)now->cache_read / 1e6,
				    (double)now->prompt_tokens / 1e6);
	insight->action = bp_asprintf("%s", cause ? cause->cure
						  : "Work in fewer, longer sessions: each new one "
						    "begins with an empty cache.");
	bp_insight_number(insight, "cache_hit_rate", is);
	bp_insight_number(insight, "cache_hit_rate_before", was);
	bp_insight_number(insight, "prompt_tokens", (double)now->prompt_tokens);
	bp_insight_number(insight, "prompt_tokens_before", (double)then->prompt_tokens);
	bp_insight_number(insight, "breaks_model_switch", (double)numbers->breaks_model);
	bp_insight_number(insight, "breaks_compaction", (double)numbers->breaks_compaction);
	bp_insight_number(insight, "breaks_pause_1h", (double)numbers->breaks_hour);
	bp_insight_number(insight, "breaks_pause_5min", (double)numbers->breaks_5min);
	bp_insight_number(insight, "breaks_other", (double)numbers->breaks_other);
	bp_insight_number(insight, "tokens_read_anew", (double)numbers->breaks_tokens);
}

/* --- models --- */

static double per_line(const struct bp_insight_model *model)
{
	return (double)model->cost_pusd / (double)model->lines;
}

void bp_insight_rule_model_cost(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	const struct bp_insight_model *dear = NULL, *cheap = NULL;

	for (size_t i = 0; i < numbers->n_models; i++) {
		const struct bp_insight_model *model = &numbers->models[i];
		if (model->sessions < min->model_sessions || model->lines < min->model_lines ||
		    model->cost_pusd <= 0) {
			continue;
		}
		dear = !dear || per_line(model) > per_line(dear) ? model : dear;
		cheap = !cheap || per_line(model) < per_line(cheap) ? model : cheap;
	}
	if (!dear || dear == cheap || per_line(dear) < min->model_ratio * per_line(cheap)) {
		return;
	}
	double ratio = per_line(dear) / per_line(cheap);
	struct bp_insight *insight =
		bp_insight_add(out, "model_cost", BP_INSIGHT_COST, BP_INSIGHT_MEDIUM);
	insight->scope = bp_asprintf("%s", dear->model);
	insight->title = bp_asprintf("A line by %s costs %.1f times as much as by %s", dear->model,
				     ratio, cheap->model);
	insight->detail = bp_asprintf(
		"In sessions of one model: $%.4f a line accepted by %s (%" PRId64 " lines, %" PRId64
		" sessions), $%.4f by %s (%" PRId64 " lines, %" PRId64 " sessions).",
		usd(per_line(dear)), dear->model, dear->lines, dear->sessions, usd(per_line(cheap)),
		cheap->model, cheap->lines, cheap->sessions);
	insight->action = bp_asprintf("Use %s for what is routine, and %s where it makes a "
				      "difference.",
				      cheap->model, dear->model);
	bp_insight_number(insight, "cost_per_line_usd", usd(per_line(dear)));
	bp_insight_number(insight, "lines", (double)dear->lines);
	bp_insight_number(insight, "model_sessions", (double)dear->sessions);
	(void)cJSON_AddStringToObject(insight->evidence, "compared_with", cheap->model);
	bp_insight_number(insight, "compared_cost_per_line_usd", usd(per_line(cheap)));
	bp_insight_number(insight, "compared_lines", (double)cheap->lines);
	bp_insight_number(insight, "compared_sessions", (double)cheap->sessions);
	bp_insight_number(insight, "ratio", ratio);
}

/* --- costs that jump --- */

/* The days with costs on one side of a day, by what they cost. */
struct side {
	int64_t *pusd;
	size_t n;
};

/* Where the value stands, or belongs. */
static size_t place_of(const struct side *side, int64_t pusd)
{
	size_t low = 0, high = side->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (side->pusd[middle] < pusd) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static void put_day(struct side *side, int64_t pusd)
{
	size_t at = place_of(side, pusd);

	memmove(side->pusd + at + 1, side->pusd + at, (side->n - at) * sizeof(side->pusd[0]));
	side->pusd[at] = pusd;
	side->n++;
}

/* It is there. */
static void drop_day(struct side *side, int64_t pusd)
{
	size_t at = place_of(side, pusd);

	side->n--;
	memmove(side->pusd + at, side->pusd + at + 1, (side->n - at) * sizeof(side->pusd[0]));
}

static double median(const struct side *side)
{
	return side->n == 0
		       ? 0
		       : ((double)side->pusd[(side->n - 1) / 2] + (double)side->pusd[side->n / 2]) /
				 2;
}

/* A change that lasts: the median of the days since against that of the days before. Of several
 * days the one where it is clearest. */
void bp_insight_rule_cost_jump(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	double best = 0, best_before = 0, best_after = 0;
	int64_t best_n_before = 0, best_n_after = 0;
	struct side sides[2] = {{.pusd = bp_calloc(numbers->n_days + 1, sizeof(int64_t))},
				{.pusd = bp_calloc(numbers->n_days + 1, sizeof(int64_t))}};
	size_t at = 0;

	for (size_t i = 0; i < numbers->n_days; i++) {
		if (numbers->day_pusd[i] > 0) {
			put_day(&sides[1], numbers->day_pusd[i]);
		}
	}
	/* Day after day goes from one side to the other: years have few steps, and no sorting. */
	for (size_t i = 1; i < numbers->n_days; i++) {
		if (numbers->day_pusd[i - 1] > 0) {
			drop_day(&sides[1], numbers->day_pusd[i - 1]);
			put_day(&sides[0], numbers->day_pusd[i - 1]);
		}
		if (numbers->day_pusd[i] <= 0) {
			continue;
		}
		int64_t n_before = (int64_t)sides[0].n, n_after = (int64_t)sides[1].n;
		double before = median(&sides[0]), after = median(&sides[1]);
		bool enough = n_before >= min->jump_days_before && n_after >= min->jump_days_after;
		if (enough && after >= (double)min->jump_pusd &&
		    after >= min->jump_ratio * before && after / before > best) {
			best = after / before;
			best_before = before;
			best_after = after;
			best_n_before = n_before;
			best_n_after = n_after;
			at = i;
		}
	}
	free(sides[0].pusd);
	free(sides[1].pusd);
	if (at == 0) {
		return;
	}
	struct bp_civil day = bp_tz_civil(numbers->period.tz, numbers->day_start_us[at]);
	struct bp_insight *insight =
		bp_insight_add(out, "cost_jump", BP_INSIGHT_COST, BP_INSIGHT_HIGH);
	insight->scope = bp_asprintf("%04d-%02d-%02d", day.year, day.month, day.day);
	insight->title =
		bp_asprintf("Since %s a day costs %.1f times as much", insight->scope, best);
	insight->detail =
		bp_asprintf("The median was $%.2f on %" PRId64
			    " days with costs before, and is $%.2f on %" PRId64 " days since.",
			    usd(best_before), best_n_before, usd(best_after), best_n_after);
	insight->action =
		bp_asprintf("See what changed: blueplane costs --since %s --by model, and "
			    "--by project.",
			    insight->scope);
	(void)cJSON_AddStringToObject(insight->evidence, "since", insight->scope);
	bp_insight_number(insight, "median_before_usd", usd(best_before));
	bp_insight_number(insight, "median_since_usd", usd(best_after));
	bp_insight_number(insight, "days_before", (double)best_n_before);
	bp_insight_number(insight, "days_since", (double)best_n_after);
	bp_insight_number(insight, "ratio", best);
}

/* --- limits of the plan --- */

void bp_insight_rule_limit(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;

	for (size_t i = 0; i < numbers->limits.n; i++) {
		const struct bp_limit *limit = &numbers->limits.items[i];
		if (limit->used_percent < min->limit_percent) {
			continue;
		}
		struct bp_insight *insight =
			bp_insight_add(out, "limit_soon", BP_INSIGHT_COST,
				       limit->used_percent >= min->limit_high ? BP_INSIGHT_HIGH
									      : BP_INSIGHT_MEDIUM);
		insight->scope = bp_asprintf("%s %s", limit->platform, limit->window);
		insight->title = bp_asprintf("%.0f %% of the plan's limit are used (%s)",
					     limit->used_percent, limit->window);
		insight->action = bp_asprintf("Keep the rest for what matters, or use a smaller "
					      "model until it begins anew.");
		bp_insight_number(insight, "used_percent", limit->used_percent);
		if (limit->resets_us == BP_SQL_NULL) {
			insight->detail = bp_asprintf("As %s says; not when it begins anew.",
						      limit->platform);
			(void)cJSON_AddNullToObject(insight->evidence, "resets_at");
		} else {
			double hours = (double)(limit->resets_us - numbers->as_of_us) / 3.6e9;
			insight->detail =
				bp_asprintf("As %s says; the window begins anew in %.1f hours.",
					    limit->platform, hours);
			(void)cJSON_AddItemToObject(insight->evidence, "resets_at",
						    bp_time_json(limit->resets_us));
		}
		(void)cJSON_AddItemToObject(insight->evidence, "as_of", bp_time_json(limit->ts_us));
	}
}
