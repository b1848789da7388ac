/* SPDX-License-Identifier: MIT */
/*
 * The finaliser's money: each call by our rules and by ccusage's, cut streams apart. What has no
 * price has no cost, which is not a cost of 0. See docs/design/cost.md.
 */
#include "price/amount.h"
#include "slowpath/session_facts.h"

enum { CHARS_PER_TOKEN = 4 }; /* what clients charge of a cut stream's text */

/** What the client charges of a stream that was cut: the prompt, and the text that had come. */
static struct bp_usage cut_usage(const struct bp_call *call)
{
	struct bp_usage usage = call->usage;

	usage.output = call->text_chars == BP_SQL_NULL ? 0 : call->text_chars / CHARS_PER_TOKEN;
	return usage;
}

void bp_finalise_call(struct bp_call *call, const struct bp_prices *prices)
{
	const struct bp_price *price = bp_prices_find(prices, call->model);
	bool reported = call->reported_pusd != BP_SQL_NULL;

	call->is = (struct bp_call_final){.cost_pusd = BP_SQL_NULL, .compat_pusd = BP_SQL_NULL};
	if (price) {
		struct bp_usage usage = call->aborted ? cut_usage(call) : call->usage;
		call->is.cost_pusd = bp_price_ours(price, &usage);
		call->is.price_id = bp_str_from(bp_prices_id(prices));
	} else if (reported) {
		call->is.cost_pusd = call->reported_pusd;
		call->is.price_id = BP_STR(BP_PRICE_REPORTED);
	}
	/* ccusage does not know cut streams, and takes what was reported before it computes. */
	if (reported) {
		call->is.compat_pusd = call->reported_pusd;
	} else if (price) {
		call->is.compat_pusd = bp_price_ccusage(price, &call->usage);
	}
}

static void add(int64_t *sum, int64_t pusd)
{
	if (pusd != BP_SQL_NULL) {
		*sum = bp_pusd_add(*sum == BP_SQL_NULL ? 0 : *sum, pusd);
	}
}

void bp_finalise_costs(const struct bp_session_facts *facts, struct bp_conversation_final *out)
{
	out->cost_pusd = BP_SQL_NULL;
	out->compat_pusd = BP_SQL_NULL;
	out->aborted_cost_pusd = 0;
	out->unpriced_calls = 0;
	for (size_t i = 0; i < facts->n_calls; i++) {
		const struct bp_call *call = &facts->calls[i];
		if (call->aborted) {
			add(&out->aborted_cost_pusd, call->is.cost_pusd);
			continue;
		}
		add(&out->cost_pusd, call->is.cost_pusd);
		add(&out->compat_pusd, call->is.compat_pusd);
		out->unpriced_calls += call->is.cost_pusd == BP_SQL_NULL;
	}
}
