/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/config.h"
#include "base/str.h"

static const char *const FORMATS[] = {"table", "json", "csv", "markdown", "chart", NULL};

const struct bp_option_row bp_main_options[] = {
	{.name = "version", .letter = 'V', .help = "show the version"},
	{.name = NULL},
};

const struct bp_option_row bp_common_options[] = {
	{.name = "help", .letter = 'h', .help = "show this help"},
	{.name = "json", .help = "the same as --format json: one object on one line"},
	{.name = "format",
	 .letter = 'f',
	 .value = "FORMAT",
	 .choices = FORMATS,
	 .help = "table (default), json, csv, markdown or chart"},
	{.name = "no-color", .help = "no colours (also: NO_COLOR)"},
	{.name = "no-pager", .help = "print all at once, however long (also: PAGER=cat)"},
	{.name = NULL},
};

static const struct bp_option_row *find_in(const struct bp_option_row *table, struct bp_str name,
					   char letter)
{
	for (const struct bp_option_row *row = table; row && row->name; row++) {
		if (letter ? row->letter == letter : bp_str_is(name, row->name)) {
			return row;
		}
	}
	return NULL;
}

/* The command's own options hide common ones of the same name or letter. */
static const struct bp_option_row *find(const struct bp_options *options, struct bp_str name,
					char letter)
{
	const struct bp_option_row *row = find_in(options->own, name, letter);
	return row ? row : find_in(options->common, name, letter);
}

static enum bp_rc unknown(const struct bp_options *options, struct bp_str name, struct bp_err *err)
{
	const char *names[2 * BP_OPTIONS_MAX + 1];
	const struct bp_option_row *tables[] = {options->own, options->common};
	size_t n = 0;
	char text[64];

	for (size_t i = 0; i < 2; i++) {
		for (const struct bp_option_row *row = tables[i]; row && row->name; row++) {
			if (n < 2 * BP_OPTIONS_MAX) {
				names[n++] = row->name;
			}
		}
	}
	names[n] = NULL;
	if (name.len >= sizeof(text)) {
		return bp_err_set(err, BP_EINVAL, "unknown option \"--%.40s...\"", name.ptr);
	}
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	const char *nearest = bp_nearest(text, names);
	if (nearest) {
		return bp_err_set(err, BP_EINVAL, "unknown option \"--%s\"; did you mean \"--%s\"?",
				  text, nearest);
	}
	return bp_err_set(err, BP_EINVAL, "unknown option \"--%s\"", text);
}

static enum bp_rc check_choice(const struct bp_option_row *row, const char *value,
			       struct bp_err *err)
{
	char allowed[128] = "";
	size_t len = 0;

	for (const char *const *choice = row->choices; choice && *choice; choice++) {
		if (strcmp(*choice, value) == 0) {
			return BP_OK;
		}
		size_t n = strlen(*choice);
		if (len + n + 3 < sizeof(allowed)) {
			memcpy(allowed + len, len ? ", " : "", len ? 2 : 0);
			len += len ? 2 : 0;
			memcpy(allowed + len, *choice, n + 1);
			len += n;
		}
	}
	if (!row->choices) {
		return BP_OK;
	}
	const char *nearest = bp_nearest(value, row->choices);
	if (nearest) {
		return bp_err_set(err, BP_EINVAL,
				  "--%s cannot be \"%.60s\"; did you mean \"%s\"? (%s)", row->name,
				  value, nearest, allowed);
	}
	return bp_err_set(err, BP_EINVAL, "--%s cannot be \"%.60s\"; it is one of: %s", row->name,
			  value, allowed);
}

static enum bp_rc add(struct bp_options *options, const struct bp_option_row *row,
		      const char *value, struct bp_err *err)
{
	if (row->value && check_choice(row, value, err) != BP_OK) {
		return BP_EINVAL;
	}
	if (options->n_given == BP_OPTIONS_MAX) {
		return bp_err_set(err, BP_ELIMIT, "more than %d options", BP_OPTIONS_MAX);
	}
	options->given[options->n_given].row = row;
	options->given[options->n_given].value = value;
	options->n_given++;
	return BP_OK;
}

static enum bp_rc missing(const struct bp_option_row *row, struct bp_err *err)
{
	return bp_err_set(err, BP_EINVAL, "--%s needs a value: --%s %s", row->name, row->name,
			  row->value);
}

static enum bp_rc parse_long(struct bp_options *options, char *const *words, size_t n, size_t *i,
			     struct bp_err *err)
{
	const char *word = words[*i] + 2;
	const char *equals = strchr(word, '=');
	struct bp_str name = {word, equals ? (size_t)(equals - word) : strlen(word)};
	const struct bp_option_row *row = find(options, name, 0);

	if (!row) {
		return unknown(options, name, err);
	}
	if (!row->value) {
		if (equals) {
			return bp_err_set(err, BP_EINVAL, "--%s takes no value", row->name);
		}
		return add(options, row, "", err);
	}
	if (equals) {
		return add(options, row, equals + 1, err);
	}
	if (*i + 1 >= n) {
		return missing(row, err);
	}
	return add(options, row, words[++*i], err);
}

static enum bp_rc parse_letters(struct bp_options *options, char *const *words, size_t n, size_t *i,
				struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (const char *c = words[*i] + 1; *c && rc == BP_OK; c++) {
		const struct bp_option_row *row = find(options, BP_STR(""), *c);
		if (!row) {
			return isgraph((unsigned char)*c)
				       ? bp_err_set(err, BP_EINVAL, "unknown option \"-%c\"", *c)
				       : bp_err_set(err, BP_EINVAL, "unknown option");
		}
		if (!row->value) {
			rc = add(options, row, "", err);
			continue;
		}
		if (c[1]) {
			return add(options, row, c + 1, err);
		}
		if (*i + 1 >= n) {
			return missing(row, err);
		}
		return add(options, row, words[++*i], err);
	}
	return rc;
}

enum bp_rc bp_options_parse(struct bp_options *options, char *const *words, size_t n,
			    bool stop_at_argument, size_t *out_used, struct bp_err *err)
{
	bool ended = false;
	size_t i = 0;

	for (; i < n; i++) {
		enum bp_rc rc = BP_OK;
		if (!ended && strcmp(words[i], "--") == 0) {
			ended = true;
		} else if (!ended && words[i][0] == '-' && words[i][1] == '-') {
			rc = parse_long(options, words, n, &i, err);
		} else if (!ended && words[i][0] == '-' && words[i][1]) {
			rc = parse_letters(options, words, n, &i, err);
		} else if (stop_at_argument) {
			break;
		} else if (options->n_args + 1 >= BP_OPTION_ARGS_MAX) {
			rc = bp_err_set(err, BP_ELIMIT, "too many arguments");
		} else {
			options->args[options->n_args++] = words[i];
		}
		if (rc != BP_OK) {
			return rc;
		}
	}
	options->args[options->n_args] = NULL;
	*out_used = i;
	return BP_OK;
}

const char *bp_options_text(const struct bp_options *options, const char *name)
{
	const struct bp_option_row *row = find(options, bp_str_from(name), 0);

	BP_ASSERT(row);
	for (size_t i = options->n_given; i > 0; i--) {
		if (options->given[i - 1].row == row) {
			return options->given[i - 1].value;
		}
	}
	return NULL;
}

bool bp_options_given(const struct bp_options *options, const char *name)
{
	return bp_options_text(options, name) != NULL;
}

enum bp_rc bp_options_int(const struct bp_options *options, const char *name, int64_t min,
			  int64_t max, int64_t fallback, int64_t *out, struct bp_err *err)
{
	const char *text = bp_options_text(options, name);
	char *end = NULL;

	if (!text) {
		*out = fallback;
		return BP_OK;
	}
	errno = 0;
	intmax_t value = strtoimax(text, &end, 10);
	if (!isdigit((unsigned char)text[text[0] == '-']) || *end || errno || value < min ||
	    value > max) {
		return bp_err_set(err, BP_EINVAL,
				  "--%s cannot be \"%.40s\"; it is a whole number from %" PRId64
				  " to %" PRId64,
				  name, text, min, max);
	}
	*out = (int64_t)value;
	return BP_OK;
}

/* strtod() would want the locale's decimal point. */
static bool parse_real(const char *text, double *out)
{
	double value = 0, scale = 1;
	size_t i = 0, digits = 0;
	bool point = false;

	for (; i < 30 && text[i]; i++) {
		if (text[i] == '.' && !point) {
			point = true;
		} else if (isdigit((unsigned char)text[i])) {
			value = value * 10 + (text[i] - '0');
			scale *= point ? 10 : 1;
			digits++;
		} else {
			return false;
		}
	}
	*out = value / scale;
	return digits > 0 && !text[i];
}

enum bp_rc bp_options_real(const struct bp_options *options, const char *name, double min,
			   double max, double fallback, double *out, struct bp_err *err)
{
	const char *text = bp_options_text(options, name);
	double value;

	if (!text) {
		*out = fallback;
		return BP_OK;
	}
	if (!parse_real(text, &value) || value < min || value > max) {
		return bp_err_set(err, BP_EINVAL,
				  "--%s cannot be \"%.40s\"; it is a number from %g to %g", name,
				  text, min, max);
	}
	*out = value;
	return BP_OK;
}
