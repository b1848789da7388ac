/* SPDX-License-Identifier: MIT */
/*
 * One entry of costs.prices: "my-model input=1.5 output=6 cache_read=0.15".
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "price/amount.h"
#include "price/price_parts.h"

enum {
	PER_MILLION = 6, /* decimal places from USD per million tokens to pico-USD per token */
	TENTHS = 1,
	DOLLARS = 12,
	WHOLE = 0
};

#define FIELD(member) offsetof(struct bp_price, member)

static const struct word {
	const char *name;
	size_t offset;
	int scale;
} WORDS[] = {
	{"input", FIELD(rates.input), PER_MILLION},
	{"output", FIELD(rates.output), PER_MILLION},
	{"cache_write_5m", FIELD(rates.cache_write_5m), PER_MILLION},
	{"cache_write_1h", FIELD(rates.cache_write_1h), PER_MILLION},
	{"cache_read", FIELD(rates.cache_read), PER_MILLION},
	{"above_tokens", FIELD(above_tokens), WHOLE},
	{"above_input", FIELD(above.input), PER_MILLION},
	{"above_output", FIELD(above.output), PER_MILLION},
	{"above_cache_write_5m", FIELD(above.cache_write_5m), PER_MILLION},
	{"above_cache_write_1h", FIELD(above.cache_write_1h), PER_MILLION},
	{"above_cache_read", FIELD(above.cache_read), PER_MILLION},
	{"fast", FIELD(fast_tenths), TENTHS},
	{"us", FIELD(us_tenths), TENTHS},
	{"web_search", FIELD(web_search), DOLLARS},
};

enum { N_WORDS = sizeof(WORDS) / sizeof(WORDS[0]), N_RATES = 5, ABOVE_TOKENS = 5, ABOVE = 6 };

/** What an override says; by the index of WORDS. */
struct given {
	bool is[N_WORDS];
	int64_t value[N_WORDS];
};

/** As much of a text as a message shows. */
static int shown(struct bp_str text)
{
	enum { SHOWN_MAX = 50 };

	return text.len < SHOWN_MAX ? (int)text.len : SHOWN_MAX;
}

/** The next run of bytes without blanks; empty at the end. */
static struct bp_str next_part(struct bp_str *rest)
{
	static const char BLANKS[] = " \t\r\n";
	size_t from = 0;
	size_t to;

	while (from < rest->len && strchr(BLANKS, rest->ptr[from])) {
		from++;
	}
	for (to = from; to < rest->len && !strchr(BLANKS, rest->ptr[to]);) {
		to++;
	}
	struct bp_str part = bp_str_make(rest->ptr + from, to - from);
	*rest = bp_str_make(rest->ptr + to, rest->len - to);
	return part;
}

static size_t find_word(struct bp_str name)
{
	size_t i = 0;

	while (i < N_WORDS && !bp_str_is(name, WORDS[i].name)) {
		i++;
	}
	return i;
}

static enum bp_rc unknown_word(struct bp_str name, struct bp_err *err)
{
	const char *names[N_WORDS + 1] = {NULL};
	char *text = bp_strdup(name);

	for (size_t i = 0; i < N_WORDS; i++) {
		names[i] = WORDS[i].name;
	}
	const char *nearest = bp_nearest(text, names);
	free(text);
	return nearest ? bp_err_set(err, BP_EINVAL, "unknown \"%.*s\": did you mean %s?",
				    shown(name), name.ptr, nearest)
		       : bp_err_set(err, BP_EINVAL,
				    "unknown \"%.*s\": prices are input output cache_write_5m "
				    "cache_write_1h cache_read",
				    shown(name), name.ptr);
}

static enum bp_rc read_part(struct bp_str part, struct given *given, struct bp_err *err)
{
	const char *equals = memchr(part.ptr, '=', part.len);

	if (!equals) {
		return bp_err_set(err, BP_EINVAL, "\"%.*s\" is no name=number", shown(part),
				  part.ptr);
	}
	struct bp_str name = bp_str_make(part.ptr, (size_t)(equals - part.ptr));
	struct bp_str number = bp_str_make(equals + 1, part.len - name.len - 1);
	size_t i = find_word(name);
	if (i == N_WORDS) {
		return unknown_word(name, err);
	}
	if (given->is[i]) {
		return bp_err_set(err, BP_EINVAL, "%s stands there twice", WORDS[i].name);
	}
	if (!bp_decimal_read(number, WORDS[i].scale, &given->value[i])) {
		return bp_err_set(err, BP_EINVAL, "%s=\"%.*s\" is no number of 0 or more",
				  WORDS[i].name, shown(number), number.ptr);
	}
	given->is[i] = true;
	return BP_OK;
}

static int64_t *field(struct bp_price *price, size_t i)
{
	return (int64_t *)(void *)((char *)price + WORDS[i].offset);
}

/** What caches cost where only input is known: as Anthropic counts them. */
static void fill_rates(struct bp_rates *rates)
{
	enum { QUARTERS_WRITE = 5, TENTH = 10 };

	rates->cache_write_5m = bp_pusd_times(QUARTERS_WRITE, rates->input) / 4;
	rates->cache_write_1h = bp_pusd_times(2, rates->input);
	rates->cache_read = rates->input / TENTH;
}

static enum bp_rc check(const struct given *given, bool built_in, const struct bp_price *base,
			struct bp_err *err)
{
	bool above = false;

	for (size_t i = ABOVE; i < ABOVE + N_RATES; i++) {
		above = above || given->is[i];
	}
	if (!built_in && (!given->is[0] || !given->is[1])) {
		return bp_err_set(err, BP_EINVAL,
				  "the model is not built in: it needs input= and output=");
	}
	if (above && base->above_tokens == 0 &&
	    !(given->is[ABOVE_TOKENS] && given->value[ABOVE_TOKENS] > 0)) {
		return bp_err_set(err, BP_EINVAL, "prices above a length need above_tokens=");
	}
	return BP_OK;
}

static void apply(const struct given *given, bool built_in, struct bp_price *price)
{
	if (!built_in) {
		price->rates.input = given->value[0];
		fill_rates(&price->rates);
	}
	for (size_t i = 0; i < N_RATES; i++) {
		if (given->is[i]) {
			*field(price, i) = given->value[i];
		}
	}
	/* A length without a price of its own is none yet: what is not named costs the same. */
	if (price->above_tokens == 0) {
		price->above = price->rates;
	}
	for (size_t i = N_RATES; i < N_WORDS; i++) {
		if (given->is[i]) {
			*field(price, i) = given->value[i];
		}
	}
}

enum bp_rc bp_price_override_read(struct bp_str text, struct bp_price *out, struct bp_err *err)
{
	struct given given = {.is = {false}};
	struct bp_price price = {.model = NULL};
	struct bp_price_name name;
	struct bp_str rest = text;
	struct bp_str model = next_part(&rest);
	enum bp_rc rc = BP_OK;

	if (!bp_price_name_make(model, &name) || memchr(model.ptr, '=', model.len)) {
		return bp_err_set(
			err, BP_EINVAL,
			"\"%.*s\": a model's name stands first, then input=... output=...",
			shown(text), text.ptr);
	}
	for (struct bp_str part = next_part(&rest); part.len > 0 && rc == BP_OK;
	     part = next_part(&rest)) {
		rc = read_part(part, &given, err);
	}
	const struct bp_price *built_in = bp_price_built_in(&name);
	if (built_in) {
		price = *built_in;
	}
	if (rc == BP_OK) {
		rc = check(&given, built_in != NULL, &price, err);
	}
	if (rc != BP_OK) {
		return bp_err_wrap(err, rc, "\"%.*s\"", shown(model), model.ptr);
	}
	apply(&given, built_in != NULL, &price);
	price.model = bp_strdup(model);
	*out = price;
	return BP_OK;
}
