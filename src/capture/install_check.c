/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "capture/install_parts.h"

/*
 * The scanner of event/json.h is lenient where nobody looks; before we write into a file that is
 * not ours, all of it must be JSON.
 */

enum { DEPTH_MAX = 256 };

struct checker {
	const char *start;
	const char *at;
	const char *end;
	char closers[DEPTH_MAX]; /* of the open containers */
	size_t depth;
};

static void skip_blanks(struct checker *c)
{
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) {
		c->at++;
	}
}

static bool is_digit(const struct checker *c)
{
	return c->at < c->end && *c->at >= '0' && *c->at <= '9';
}

static bool check_word(struct checker *c, const char *word)
{
	for (; *word; word++, c->at++) {
		if (c->at == c->end || *c->at != *word) {
			return false;
		}
	}
	return true;
}

static bool check_digits(struct checker *c)
{
	if (!is_digit(c)) {
		return false;
	}
	while (is_digit(c)) {
		c->at++;
	}
	return true;
}

static bool check_number(struct checker *c)
{
	if (*c->at == '-') {
		c->at++;
	}
	if (c->at < c->end && *c->at == '0') {
		c->at++;
	} else if (!check_digits(c)) {
		return false;
	}
	if (c->at < c->end && *c->at == '.') {
		c->at++;
		if (!check_digits(c)) {
			return false;
		}
	}
	if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
		c->at++;
		if (c->at < c->end && (*c->at == '+' || *c->at == '-')) {
			c->at++;
		}
		return check_digits(c);
	}
	return true;
}

static bool check_escape(struct checker *c)
{
	if (c->at == c->end) {
		return false;
	}
	if (*c->at == 'u') {
		for (int i = 0; i < 4; i++) {
			c->at++;
			if (c->at == c->end || !memchr("0123456789abcdefABCDEF", *c->at, 22)) {
				return false;
			}
		}
	} else if (!memchr("\"\\/bfnrt", *c->at, 8)) {
		return false;
	}
	c->at++;
	return true;
}

static bool check_string(struct checker *c)
{
	if (c->at == c->end || *c->at != '"') {
		return false;
	}
	c->at++;
	while (c->at < c->end && *c->at != '"') {
		if ((unsigned char)*c->at < 0x20) {
			return false;
		}
		if (*c->at++ == '\\' && !check_escape(c)) {
			return false;
		}
	}
	if (c->at == c->end) {
		return false;
	}
	c->at++;
	return true;
}

/** "key": */
static bool check_key(struct checker *c)
{
	skip_blanks(c);
	if (!check_string(c)) {
		return false;
	}
	skip_blanks(c);
	return check_word(c, ":");
}

/** A scalar, or the opening of a container with its first key. *opened: a value must follow. */
static bool check_value(struct checker *c, bool *opened)
{
	*opened = false;
	skip_blanks(c);
	if (c->at == c->end) {
		return false;
	}
	switch (*c->at) {
	case '{':
	case '[':
		if (c->depth == DEPTH_MAX) {
			return false;
		}
		c->closers[c->depth++] = *c->at == '{' ? '}' : ']';
		c->at++;
		skip_blanks(c);
		if (c->at < c->end && *c->at == c->closers[c->depth - 1]) {
			return true; /* empty: the closing is seen by the caller */
		}
		*opened = true;
		return c->closers[c->depth - 1] == ']' || check_key(c);
	case '"':
		return check_string(c);
	case 't':
		return check_word(c, "true");
	case 'f':
		return check_word(c, "false");
	case 'n':
		return check_word(c, "null");
	default:
		return (*c->at == '-' || is_digit(c)) && check_number(c);
	}
}

static bool check(struct checker *c)
{
	for (;;) {
		bool opened = false;

		if (!check_value(c, &opened)) {
			return false;
		}
		if (opened) {
			continue;
		}
		for (;;) {
			skip_blanks(c);
			if (c->depth == 0) {
				return c->at == c->end;
			}
			if (c->at == c->end) {
				return false;
			}
			if (*c->at == c->closers[c->depth - 1]) {
				c->at++;
				c->depth--;
				continue;
			}
			break;
		}
		/* Right behind an opening nothing but a value may stand: it was read above. */
		if (!check_word(c, ",")) {
			return false;
		}
		if (c->closers[c->depth - 1] == '}' && !check_key(c)) {
			return false;
		}
	}
}

bool bp_json_check(struct bp_str text, size_t *out_at)
{
	struct checker c = {.start = text.ptr, .at = text.ptr, .end = text.ptr + text.len};
	bool fine = check(&c);

	*out_at = (size_t)(c.at - c.start);
	return fine;
}

void bp_text_place(struct bp_str text, size_t at, size_t *out_line, size_t *out_column)
{
	*out_line = 1;
	*out_column = 1;
	for (size_t i = 0; i < at && i < text.len; i++) {
		if (text.ptr[i] == '\n') {
			++*out_line;
			*out_column = 1;
		} else {
			++*out_column;
		}
	}
}
