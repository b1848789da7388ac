/* SPDX-License-Identifier: MIT */
/**
 * costs.h - money and tokens of a period, by whatever they are grouped.
 *
 * Why:     every view (day, session, project, block) sums the same model calls, so every view has
 *          the same total; a test asks all of them.
 * Units:   pico-USD (1e-12 USD), integers; only JSON and screens have dollars.
 * Threads: one thread, the connection's.
 */
#ifndef BP_QUERY_COSTS_H
#define BP_QUERY_COSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "query/buckets.h"
#include "query/filter.h"
#include "query/period.h"
#include "query/tokens.h"
#include "store/sqlite.h"

struct cJSON;

enum bp_costs_by {
	BP_COSTS_TOTAL, /* no rows */
	BP_COSTS_MODEL,
	BP_COSTS_PROJECT,
	BP_COSTS_SESSION,
	BP_COSTS_AGENT, /* sub-agent types; "" is the main conversation */
	BP_COSTS_HOUR,
	BP_COSTS_DAY,
	BP_COSTS_WEEK, /* begins on Monday */
	BP_COSTS_MONTH,
	BP_COSTS_PLATFORM
};

/** What --by is called, in the order of the enum from MODEL on, NULL-terminated. */
extern const char *const bp_costs_by_names[];

/** Money and tokens of some model calls. */
struct bp_cost {
	int64_t cost_pusd;         /* of calls with a price; by ccusage's rules when asked so */
	int64_t reported_pusd;     /* what the client itself wrote beside calls, where it did */
	int64_t reported_calls;    /* calls it did so beside */
	int64_t aborted_cost_pusd; /* of streams that were cut: not in cost_pusd */
	int64_t model_calls;       /* without cut ones */
	int64_t unpriced_calls;    /* of these: no price, so cost_pusd does not know them */
	int64_t web_searches;
	struct bp_tokens tokens, aborted_tokens;
};

struct bp_cost_row {
	char *key;        /* what JSON says: date, model, hash, session id, type; "" none */
	char *label;      /* what people read */
	int64_t start_us; /* of an hour, day, week or month; else 0 */
	struct bp_cost cost;
	char *models; /* '\n' between them, by cost; "" when none */
};

struct bp_costs {
	struct bp_cost total;
	struct bp_cost_row *rows; /* by time, else the dearest first */
	size_t n;
};

struct bp_costs_question {
	const struct bp_period *period;
	const struct bp_filter *filter;
	enum bp_costs_by by;
	bool compat_ccusage; /* costs.compat */
};

/** One moment (begin and end are done here). Owns: the caller, bp_costs_done(), also after an error.
 *  Errors: those of bp_statement_step(); BP_ECORRUPT a rollup that cannot be read. */
BP_MUSTUSE enum bp_rc bp_costs_read(struct bp_sql *sql, const struct bp_costs_question *question,
				    struct bp_costs *out, struct bp_err *err);

/** The same inside the caller's moment. Owns, Errors: the same. */
BP_MUSTUSE enum bp_rc bp_costs_collect(struct bp_sql *sql, const struct bp_costs_question *question,
				       struct bp_costs *out, struct bp_err *err);
void bp_costs_done(struct bp_costs *costs);

/** Add a bucket's calls to a cost. */
void bp_cost_add(struct bp_cost *into, const struct bp_bucket_sums *sums, bool compat_ccusage);

/** into += more. */
void bp_cost_join(struct bp_cost *into, const struct bp_cost *more);

/** Calls were made and none of them has a price: it is not known what they cost. */
bool bp_cost_unknown(const struct bp_cost *cost);

/** Pico-USD as JSON has money. Owns: the caller. */
struct cJSON *bp_usd_json(int64_t pusd);

/** Dollars as JSON has them: null for bp_cost_unknown(). Owns: the caller. */
struct cJSON *bp_cost_usd_json(const struct bp_cost *cost);

/** The same of cut streams: null when there are some and none has a price. Owns: the caller. */
struct cJSON *bp_cost_aborted_usd_json(const struct bp_cost *cost);

/** Add "cost_usd","tokens","model_calls","unpriced_calls", ... to an object; "aborted_tokens" only
 *  where there are some. */
void bp_cost_add_json(struct cJSON *object, const struct bp_cost *cost);

/** {"total":{...},"rows":[...]} into an object. */
void bp_costs_add_json(struct cJSON *object, const struct bp_costs *costs);

#endif
