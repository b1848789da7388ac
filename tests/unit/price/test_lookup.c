/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "price/price_parts.h"
#include "support/run.h"

static struct bp_prices *prices;

static void setup(void)
{
	struct bp_err err = {0};

	ck_assert_ok(bp_prices_new(NULL, &prices, &err), err);
}

static void teardown(void)
{
	bp_prices_free(prices);
}

/** The name means the row of that model; NULL: it has no price. */
static void check(const char *name, const char *model)
{
	const struct bp_price *price = bp_prices_find(prices, bp_str_from(name));

	if (model == NULL) {
		ck_assert_msg(price == NULL, "%s is priced as %s", name, price ? price->model : "");
		return;
	}
	ck_assert_msg(price != NULL, "%s has no price", name);
	ck_assert_msg(strcmp(price->model, model) == 0, "%s is priced as %s", name, price->model);
}

START_TEST(the_table_is_sorted_and_every_model_finds_itself)
{
	struct bp_price_name before = {.len = 0};

	ck_assert_uint_eq(bp_price_table_n, 131);
	for (size_t i = 0; i < bp_price_table_n; i++) {
		const struct bp_price *price = &bp_price_table[i];
		struct bp_price_name name;
		ck_assert(bp_price_name_make(bp_str_from(price->model), &name));
		ck_assert_msg(bp_str_cmp(bp_str_make(before.text, before.len),
					 bp_str_make(name.text, name.len)) < 0,
			      "%s", price->model);
		before = name;
		check(price->model, price->model);
		ck_assert_int_gt(price->rates.input, 0);
		ck_assert_int_gt(price->rates.output, price->rates.input);
		ck_assert(price->above_tokens == 0 || price->above.input > price->rates.input);
		ck_assert(price->above_tokens > 0 || !price->marginal);
	}
}
END_TEST

START_TEST(bedrock_vertex_and_gateways_name_the_same_models)
{
	check("us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1-20250805");
	check("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022");
	check("claude-opus-4-1@20250805", "claude-opus-4-1-20250805");
	check("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet");
	check("openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5");
	check("Claude-Sonnet-4.5", "claude-sonnet-4-5");
	check("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5-20250929");
	check("global.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001");
	check("models/gemini-2.5-pro", "gemini-2.5-pro");
	check("azure/gpt-5.5-2026-09-01", "gpt-5.5");
	check("claude-opus-4-8-20260601", "claude-opus-4-8");
	check("claude-opus-4-5-latest", "claude-opus-4-5");
}
END_TEST

START_TEST(a_newer_model_is_not_priced_as_an_older_one)
{
	check("claude-opus-5-5", NULL);
	check("claude-opus-5.5", NULL);
	check("claude-opus-4-9", NULL);
	check("claude-opus-5-5-20261001", NULL);
	check("us.anthropic.claude-opus-5-5-v1:0", NULL);
	check("claude-sonnet-6", NULL);
	check("claude-opus", NULL);
	check("claude-opus-41", NULL);
	check("gpt-5.7", NULL);
	check("gpt-51", NULL);
	check("gpt-5-codex-2", NULL);
	check("grok-4-fast-2", NULL);
	check("gemini-2.0-flash-002", NULL);
	check("myclaude-opus-5", NULL);
}
END_TEST

START_TEST(another_size_is_another_model)
{
	check("gpt-5.5-mini", NULL);
	check("gpt-5.5-codex", NULL);
	check("claude-opus-5-fast", NULL);
	check("gemini-3.6-flash-lite", NULL);
	check("o3-search", NULL);
	check("llama-o3-distill", NULL);
	check("vendor/o3", "o3");
}
END_TEST

START_TEST(a_part_of_a_name_is_enough_when_it_means_one_price)
{
	check("sonnet-4-5", "claude-sonnet-4-5");
	check("opus-4-8", "claude-opus-4-8");
	check("gemini-3-pro", "gemini-3-pro-preview");
	check("opus", NULL);
	check("5", NULL);
	check("gpt-4o-2024", NULL);
	check("", NULL);
	check("<synthetic>", NULL);
	check("a-name-so-long-that-no-model-is-called-it-a-name-so-long-that-no-model-is-called-it-"
	      "a-name-so-long-that-no-model-is-called-claude-opus-5",
	      NULL);
}
END_TEST

BP_TEST_MAIN(setup, teardown, the_table_is_sorted_and_every_model_finds_itself,
	     bedrock_vertex_and_gateways_name_the_same_models,
	     a_newer_model_is_not_priced_as_an_older_one, another_size_is_another_model,
	     a_part_of_a_name_is_enough_when_it_means_one_price)
