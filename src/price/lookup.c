/* SPDX-License-Identifier: MIT */
/*
 * Which price a name means. A wrong price is worse than none: what may be another model has none.
 */
#include <stdlib.h>
#include <string.h>

#include "price/price_parts.h"

/* A name that goes on with one of these is another model, whatever it begins with. */
static const char *const VARIANTS[] = {
	"air",   "audio",    "chat",  "code",  "codex",      "embedding", "fast",     "flash",
	"image", "instant",  "lite",  "max",   "micro",      "mini",      "nano",     "plus",
	"pro",   "realtime", "sol",   "luna",  "terra",      "search",    "reasoner", "reasoning",
	"spark", "tts",      "turbo", "ultra", "transcribe",
};

enum { SHORT_NAME = 3 }; /* a table's name up to this length stands first or after '/' */

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z') {
		return (char)(c - 'A' + 'a');
	}
	return c == '.' || c == '@' ? '-' : c;
}

bool bp_price_name_make(struct bp_str model, struct bp_price_name *out)
{
	if (model.len == 0 || model.len > sizeof(out->text)) {
		return false;
	}
	for (size_t i = 0; i < model.len; i++) {
		out->text[i] = fold(model.ptr[i]);
	}
	out->len = model.len;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

static struct bp_str view(const struct bp_price_name *name)
{
	return bp_str_make(name->text, name->len);
}

/* --- exactly --- */

static int compare_name(const void *key, const void *row)
{
	const struct bp_price_name *name = key;
	struct bp_price_name other = {.len = 0};

	(void)bp_price_name_make(bp_str_from(((const struct bp_price *)row)->model),
				 &other); /* ours are none of those */
	return bp_str_cmp(view(name), view(&other));
}

const struct bp_price *bp_price_built_in(const struct bp_price_name *name)
{
	return bsearch(name, bp_price_table, bp_price_table_n, sizeof(bp_price_table[0]),
		       compare_name);
}

/* --- one name in another --- */

/** The length of the word (letters and digits) at the beginning of text. */
static size_t word_length(struct bp_str text)
{
	size_t n = 0;

	while (n < text.len && is_alnum(text.ptr[n])) {
		n++;
	}
	return n;
}

static bool all_digits(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(text[i])) {
			return false;
		}
	}
	return n > 0;
}

/** 20250805 or 2025-08-05, and then no more digits. */
static bool is_date(struct bp_str text)
{
	enum { COMPACT = 8, YEAR = 4, WRITTEN = 10 };
	size_t n = word_length(text);

	if (n == COMPACT) {
		return true;
	}
	return n == YEAR && text.len >= WRITTEN && text.ptr[4] == '-' && text.ptr[7] == '-' &&
	       all_digits(text.ptr + 5, 2) && all_digits(text.ptr + 8, 2) &&
	       (text.len == WRITTEN || !is_alnum(text.ptr[WRITTEN]));
}

static bool is_variant(const char *word, size_t n)
{
	for (size_t i = 0; i < sizeof(VARIANTS) / sizeof(VARIANTS[0]); i++) {
		if (bp_str_is(bp_str_make(word, n), VARIANTS[i])) {
			return true;
		}
	}
	return false;
}

/** Whether what follows a model's name leaves it the same model. */
static bool same_model(struct bp_str rest)
{
	bool first = true;

	while (rest.len > 0) {
		size_t n = word_length(rest);
		if (n == 0) {
			rest = bp_str_make(rest.ptr + 1, rest.len - 1);
			continue;
		}
		if (first && all_digits(rest.ptr, n) && !is_date(rest)) {
			return false;
		}
		if (is_variant(rest.ptr, n)) {
			return false;
		}
		first = false;
		rest = bp_str_make(rest.ptr + n, rest.len - n);
	}
	return true;
}

/** Where part stands in whole between borders, or NULL. */
static const char *find_part(struct bp_str whole, struct bp_str part)
{
	for (size_t at = 0; at + part.len <= whole.len; at++) {
		size_t end = at + part.len;
		if (memcmp(whole.ptr + at, part.ptr, part.len) == 0 &&
		    (at == 0 || !is_alnum(whole.ptr[at - 1])) &&
		    (end == whole.len || !is_alnum(whole.ptr[end]))) {
			return whole.ptr + at;
		}
	}
	return NULL;
}

static struct bp_str after(struct bp_str whole, const char *part, size_t part_len)
{
	const char *end = part + part_len;

	return bp_str_make(end, (size_t)(whole.ptr + whole.len - end));
}

/** Overrides first: of equal lengths the first one found wins. */
static const struct bp_price *row(const struct bp_prices *prices, size_t i)
{
	return i < prices->n_overrides ? &prices->overrides[i]
				       : &bp_price_table[i - prices->n_overrides];
}

static bool may_stand(struct bp_str whole, const char *at, size_t part_len)
{
	return part_len > SHORT_NAME || at == whole.ptr || at[-1] == '/';
}

static const struct bp_price *find_contained(const struct bp_prices *prices, struct bp_str name)
{
	const struct bp_price *best = NULL;
	const char *best_at = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < prices->n_overrides + bp_price_table_n; i++) {
		struct bp_price_name model;
		if (!bp_price_name_make(bp_str_from(row(prices, i)->model), &model) ||
		    model.len <= best_len) {
			continue;
		}
		const char *at = find_part(name, view(&model));
		if (at && may_stand(name, at, model.len)) {
			best = row(prices, i);
			best_at = at;
			best_len = model.len;
		}
	}
	/* The longest decides: a shorter one would be an older or a plainer model. */
	return best && same_model(after(name, best_at, best_len)) ? best : NULL;
}

static bool same_price(const struct bp_price *a, const struct bp_price *b)
{
	return memcmp(&a->rates, &b->rates, sizeof(a->rates)) == 0 &&
	       memcmp(&a->above, &b->above, sizeof(a->above)) == 0 &&
	       a->above_tokens == b->above_tokens && a->fast_tenths == b->fast_tenths &&
	       a->us_tenths == b->us_tenths && a->web_search == b->web_search;
}

static bool names_a_version(struct bp_str name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (is_digit(name.ptr[i])) {
			return name.len > SHORT_NAME;
		}
	}
	return false;
}

static const struct bp_price *find_containing(const struct bp_prices *prices, struct bp_str name)
{
	const struct bp_price *found = NULL;

	if (!names_a_version(name)) {
		return NULL;
	}
	for (size_t i = 0; i < prices->n_overrides + bp_price_table_n; i++) {
		struct bp_price_name model;
		if (!bp_price_name_make(bp_str_from(row(prices, i)->model), &model)) {
			continue;
		}
		const char *at = find_part(view(&model), name);
		if (!at || !same_model(after(view(&model), at, name.len))) {
			continue;
		}
		if (found && !same_price(found, row(prices, i))) {
			return NULL;
		}
		found = found ? found : row(prices, i);
	}
	return found;
}

const struct bp_price *bp_prices_find(const struct bp_prices *prices, struct bp_str model)
{
	struct bp_price_name name;

	if (!bp_price_name_make(model, &name)) {
		return NULL;
	}
	for (size_t i = 0; i < prices->n_overrides; i++) {
		if (compare_name(&name, &prices->overrides[i]) == 0) {
			return &prices->overrides[i];
		}
	}
	const struct bp_price *price = bp_price_built_in(&name);
	if (!price) {
		price = find_contained(prices, view(&name));
	}
	return price ? price : find_containing(prices, view(&name));
}
