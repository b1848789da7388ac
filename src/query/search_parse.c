/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <string.h>

#include "base/config.h"
#include "query/search.h"
#include "query/search_text.h"

const char *const bp_search_fields[BP_SEARCH_FIELDS] = {"project", "tool",  "model", "ext",
							"agent",   "title", "prompt"};

/* What the index calls them. */
static const char *const columns[BP_SEARCH_FIELDS] = {"project", "tools", "models", "extensions",
						      "agents",  "title", "prompts"};

/** The field before a colon at text, and where its word begins; -1: none. */
static int take_field(struct bp_str *text)
{
	for (int i = 0; i < BP_SEARCH_FIELDS; i++) {
		size_t n = strlen(bp_search_fields[i]);
		if (text->len > n + 1 && strncasecmp(text->ptr, bp_search_fields[i], n) == 0 &&
		    text->ptr[n] == ':' && !isspace((unsigned char)text->ptr[n + 1])) {
			*text = bp_str_make(text->ptr + n + 1, text->len - n - 1);
			return i;
		}
	}
	return -1;
}

/**
 * A word that means a field there is not: letters, a colon, and what to look for. Not C:\\x, 10:30,
 * a::b or http://x, which nobody means as one.
 */
static enum bp_rc check_field(struct bp_str text, struct bp_err *err)
{
	enum { LETTERS_MIN = 2, LETTERS_MAX = 20 };
	const char *names[BP_SEARCH_FIELDS + 1] = {NULL};
	char name[LETTERS_MAX + 1];
	size_t n = 0;

	while (n < text.len && n <= LETTERS_MAX && isalpha((unsigned char)text.ptr[n])) {
		n++;
	}
	if (n < LETTERS_MIN || n > LETTERS_MAX || n + 1 >= text.len || text.ptr[n] != ':' ||
	    isspace((unsigned char)text.ptr[n + 1]) || strchr(":/\\", text.ptr[n + 1])) {
		return BP_OK;
	}
	memcpy(name, text.ptr, n);
	name[n] = '\0';
	memcpy(names, bp_search_fields, sizeof(bp_search_fields));
	const char *nearest = bp_nearest(name, names);
	return bp_err_set(err, BP_EINVAL,
			  "there is no field \"%s:\"%s%s%s; fields are project: tool: model: ext: "
			  "agent: title: prompt:, and what stands in quotes is text",
			  name, nearest ? ", did you mean \"" : "", nearest ? nearest : "",
			  nearest ? ":\"" : "");
}

/** The next word or "phrase"; an unclosed quote goes to the end. */
static struct bp_str take_term(struct bp_str *text, bool *out_prefix)
{
	struct bp_str term = *text;
	size_t used;

	if (term.ptr[0] == '"') {
		const char *end = term.len > 1 ? memchr(term.ptr + 1, '"', term.len - 1) : NULL;
		used = end ? (size_t)(end - term.ptr) + 1 : term.len;
		term = bp_str_make(term.ptr + 1, used - 1 - (end ? 1 : 0));
		*out_prefix = used < text->len && text->ptr[used] == '*';
		used += *out_prefix ? 1 : 0;
	} else {
		for (used = 0; used < term.len && !isspace((unsigned char)term.ptr[used]) &&
			       term.ptr[used] != '"';) {
			used++;
		}
		term.len = used;
		*out_prefix = used > 1 && term.ptr[used - 1] == '*';
		term.len -= *out_prefix ? 1 : 0;
	}
	*text = bp_str_make(text->ptr + used, text->len - used);
	return term;
}

/** Something that could be a letter. */
static bool has_word(struct bp_str term)
{
	for (size_t i = 0; i < term.len; i++) {
		unsigned char c = (unsigned char)term.ptr[i];
		if (c >= 0x80 || isalnum(c)) {
			return true;
		}
	}
	return false;
}

/* In quotes nothing of the index's own language has a meaning but the quote. */
static void add_term(struct bp_buf *out, int field, struct bp_str term, bool prefix)
{
	struct bp_buf split;

	bp_buf_init(&split, 8 * BP_SEARCH_BYTES_MAX);
	bp_search_split(term, &split);
	struct bp_str words = bp_buf_str(&split);
	if (out->len > 0) {
		bp_buf_add_char(out, ' ');
	}
	if (field >= 0) {
		bp_buf_printf(out, "%s : ", columns[field]);
	}
	bp_buf_add_char(out, '"');
	for (size_t i = 0; i < words.len; i++) {
		if (words.ptr[i] == '"') {
			bp_buf_add_char(out, '"');
		}
		bp_buf_add_char(out, words.ptr[i]);
	}
	bp_buf_add_str(out, prefix ? BP_STR("\" *") : BP_STR("\""));
	bp_buf_done(&split);
}

enum bp_rc bp_search_parse(const char *text, struct bp_buf *out, struct bp_err *err)
{
	struct bp_str left = bp_str_from(text);
	size_t n = 0;

	if (left.len > BP_SEARCH_BYTES_MAX) {
		return bp_err_set(err, BP_ELIMIT, "more than %d bytes to search for",
				  BP_SEARCH_BYTES_MAX);
	}
	while (left.len > 0) {
		bool prefix = false;
		if (isspace((unsigned char)left.ptr[0])) {
			left = bp_str_make(left.ptr + 1, left.len - 1);
			continue;
		}
		int field = take_field(&left);
		if (field < 0 && check_field(left, err) != BP_OK) {
			return BP_EINVAL;
		}
		struct bp_str term = take_term(&left, &prefix);
		if (!has_word(term)) {
			continue;
		}
		if (++n > BP_SEARCH_TERMS_MAX) {
			return bp_err_set(err, BP_ELIMIT, "more than %d words to search for",
					  BP_SEARCH_TERMS_MAX);
		}
		add_term(out, field, term, prefix);
	}
	return n > 0 ? BP_OK : bp_err_set(err, BP_EINVAL, "there is no word to search for in it");
}
