/* SPDX-License-Identifier: MIT */
#include "base/config_value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/money.h"

enum { TEXT_BYTES_MAX = 64 * 1024, LIST_ITEMS_MAX = 1000 };

struct unit {
	const char *name;
	int64_t factor;
};

/* Largest first: the first that divides a value is the one it is printed with. */
static const struct unit size_units[] = {
	{"GiB", INT64_C(1) << 30},
	{"GB", 1000000000},
	{"MiB", 1 << 20},
	{"MB", 1000000},
	{"KiB", 1 << 10},
	{"kB", 1000},
	{"KB", 1000},
	{"B", 1},
	{NULL, 0},
};
static const struct unit duration_units[] = {
	{"d", INT64_C(86400000000)},
	{"h", INT64_C(3600000000)},
	{"m", 60000000},
	{"s", 1000000},
	{"ms", 1000},
	{"us", 1},
	{NULL, 0},
};

/** Printed without a unit: the number itself. */
static void print_number(struct bp_buf *buf, const struct bp_option *option, int64_t number)
{
	const struct unit *units = NULL;
	char money[BP_MONEY_BYTES];

	if (option->type == BP_OPTION_MONEY) {
		bp_money_text(money, number);
		bp_buf_add_str(buf, bp_str_from(money));
		return;
	}
	if (option->type == BP_OPTION_SIZE) {
		units = size_units;
	} else if (option->type == BP_OPTION_DURATION) {
		units = duration_units;
	}
	for (; units && units->name && number != 0; units++) {
		if (number % units->factor == 0 && strcmp(units->name, "B") != 0) {
			bp_buf_printf(buf, "%" PRId64 "%s", number / units->factor, units->name);
			return;
		}
	}
	bp_buf_printf(buf, "%" PRId64, number);
}

/** "1 to 65536", "one of a, b", ...: what the message ends in. */
static void print_allowed(struct bp_buf *buf, const struct bp_option *option)
{
	switch (option->type) {
	case BP_OPTION_BOOL:
		bp_buf_add_str(buf, BP_STR("true or false"));
		break;
	case BP_OPTION_CHOICE:
	case BP_OPTION_FLAGS:
		bp_buf_add_str(buf, option->type == BP_OPTION_CHOICE ? BP_STR("one of ")
								     : BP_STR("any of "));
		for (size_t i = 0; option->choices[i]; i++) {
			bp_buf_printf(buf, "%s%s", i > 0 ? ", " : "", option->choices[i]);
		}
		break;
	case BP_OPTION_INT:
	case BP_OPTION_SIZE:
	case BP_OPTION_DURATION:
	case BP_OPTION_MONEY:
		if (option->min != 0 || option->max != 0) {
			print_number(buf, option, option->min);
			bp_buf_add_str(buf, BP_STR(" to "));
			print_number(buf, option, option->max);
		} else if (option->type == BP_OPTION_INT) {
			bp_buf_add_str(buf, BP_STR("a whole number"));
		} else if (option->type == BP_OPTION_SIZE) {
			bp_buf_add_str(buf, BP_STR("a size such as 500, 64KiB, 256MB"));
		} else if (option->type == BP_OPTION_MONEY) {
			bp_buf_add_str(buf, BP_STR("dollars such as 25 or 0.50"));
		} else {
			bp_buf_add_str(buf, BP_STR("a time such as 250ms, 2s, 15m, 6h, 90d"));
		}
		break;
	case BP_OPTION_TEXT:
	case BP_OPTION_LIST:
		bp_buf_add_str(buf, BP_STR("text"));
		break;
	}
}

static enum bp_rc refuse(const struct bp_option *option, const char *text, const char *why,
			 struct bp_err *err)
{
	struct bp_buf allowed;

	bp_buf_init(&allowed, BP_ERR_MSG_BYTES);
	print_allowed(&allowed, option);
	/* The text is cut, so that what is allowed stays in the message. */
	enum bp_rc rc = bp_err_set(err, BP_EINVAL, "\"%.40s\" is %s; allowed: %s", text, why,
				   allowed.ptr ? allowed.ptr : "other values");
	bp_buf_done(&allowed);
	return rc;
}

/** Digits with an optional sign, then the rest. False when there are none or too many. */
static bool take_integer(const char **text, int64_t *out)
{
	const char *at = *text;
	bool negative = *at == '-';
	int64_t value = 0;

	at += negative ? 1 : 0;
	if (!isdigit((unsigned char)*at)) {
		return false;
	}
	for (; isdigit((unsigned char)*at); at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *at - '0', &value)) {
			return false;
		}
	}
	*out = negative ? -value : value;
	*text = at;
	return true;
}

/** Multiply *value by the unit that text names. NULL, or what is wrong. */
static const char *apply_unit(const struct bp_option *option, const char *text, int64_t *value)
{
	const struct unit *units = option->type == BP_OPTION_SIZE ? size_units : duration_units;

	text += *text == ' ' ? 1 : 0;
	if (*text == '\0') {
		/* A bare number of bytes is clear; of time only 0 is. */
		return option->type == BP_OPTION_SIZE || *value == 0 ? NULL : "without a unit";
	}
	while (units->name && strcmp(units->name, text) != 0) {
		units++;
	}
	if (!units->name) {
		return "of an unknown unit";
	}
	return __builtin_mul_overflow(*value, units->factor, value) ? "too large" : NULL;
}

/** NULL, or why the value is not allowed. */
static const char *check_range(const struct bp_option *option, int64_t value)
{
	bool ranged = option->min != 0 || option->max != 0;

	if (ranged && (value < option->min || value > option->max)) {
		return "out of range";
	}
	if (!ranged && option->type != BP_OPTION_INT && value < 0) {
		return "negative";
	}
	return NULL;
}

static enum bp_rc parse_number(const struct bp_option *option, const char *text, int64_t *out,
			       struct bp_err *err)
{
	const char *at = text;
	const char *wrong = NULL;
	int64_t value = 0;

	if (option->type == BP_OPTION_MONEY) {
		wrong = bp_money_parse(bp_str_from(text), &value) ? NULL : "no sum of dollars";
	} else if (!take_integer(&at, &value) || (option->type == BP_OPTION_INT && *at != '\0')) {
		wrong = "no whole number";
	} else if (option->type != BP_OPTION_INT) {
		wrong = apply_unit(option, at, &value);
	}
	if (!wrong) {
		wrong = check_range(option, value);
	}
	if (wrong) {
		return refuse(option, text, wrong, err);
	}
	*out = value;
	return BP_OK;
}

static enum bp_rc parse_bool(const struct bp_option *option, const char *text, int64_t *out,
			     struct bp_err *err)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], text) == 0) {
			*out = (int64_t)(i % 2);
			return BP_OK;
		}
	}
	return refuse(option, text, "neither true nor false", err);
}

static enum bp_rc find_choice(const struct bp_option *option, const char *text, int64_t *out,
			      struct bp_err *err)
{
	for (size_t i = 0; option->choices[i]; i++) {
		if (strcmp(option->choices[i], text) == 0) {
			*out = (int64_t)i;
			return BP_OK;
		}
	}
	const char *near = bp_nearest(text, option->choices);
	if (near) {
		char *why = bp_asprintf("no choice (did you mean \"%s\"?)", near);
		enum bp_rc rc = refuse(option, text, why, err);

		free(why);
		return rc;
	}
	return refuse(option, text, "no choice", err);
}

static void free_items(char **items)
{
	for (size_t i = 0; items && items[i]; i++) {
		free(items[i]);
	}
	free(items);
}

enum bp_rc bp_config_value_from_items(const struct bp_option *option, const char *const *items,
				      struct bp_config_value *out, struct bp_err *err)
{
	size_t n = 0;
	int64_t flags = 0;

	for (; items[n]; n++) {
		int64_t bit = 0;

		if (option->type == BP_OPTION_FLAGS) {
			enum bp_rc rc = find_choice(option, items[n], &bit, err);

			if (rc != BP_OK) {
				return rc;
			}
			flags |= INT64_C(1) << bit;
		} else if (option->type != BP_OPTION_LIST) {
			return bp_err_set(err, BP_EINVAL, "takes one value, not a list");
		}
		if (n == LIST_ITEMS_MAX) {
			return bp_err_set(err, BP_EINVAL, "a list of more than %d items",
					  LIST_ITEMS_MAX);
		}
	}
	if (option->type != BP_OPTION_FLAGS && option->type != BP_OPTION_LIST) {
		return bp_err_set(err, BP_EINVAL, "takes one value, not a list");
	}
	*out = (struct bp_config_value){.number = flags};
	if (option->type == BP_OPTION_LIST) {
		out->list = bp_calloc(n + 1, sizeof(*out->list));
		for (size_t i = 0; i < n; i++) {
			out->list[i] = bp_strdup(bp_str_from(items[i]));
		}
	}
	return BP_OK;
}

/** "a, b" as {"a", "b", NULL}; "" as {NULL}. */
static char **split(const char *text)
{
	size_t n = 0;
	char **items = bp_calloc(1, sizeof(*items));
	const char *at = text + strspn(text, " ");

	while (*at) {
		size_t whole = strcspn(at, ",");
		size_t len = whole;

		while (len > 0 && at[len - 1] == ' ') {
			len--;
		}
		items = bp_realloc(items, n + 2, sizeof(*items));
		items[n++] = bp_strdup(bp_str_make(at, len));
		items[n] = NULL;
		at += whole;
		at += *at == ',' ? 1 : 0;
		at += strspn(at, " ");
	}
	return items;
}

enum bp_rc bp_config_value_parse(const struct bp_option *option, const char *text,
				 struct bp_config_value *out, struct bp_err *err)
{
	struct bp_config_value value = {0};
	enum bp_rc rc = BP_OK;
	char **items = NULL;

	if (strlen(text) > TEXT_BYTES_MAX) {
		return bp_err_set(err, BP_EINVAL, "longer than %d bytes", TEXT_BYTES_MAX);
	}
	switch (option->type) {
	case BP_OPTION_BOOL:
		rc = parse_bool(option, text, &value.number, err);
		break;
	case BP_OPTION_INT:
	case BP_OPTION_SIZE:
	case BP_OPTION_DURATION:
	case BP_OPTION_MONEY:
		rc = parse_number(option, text, &value.number, err);
		break;
	case BP_OPTION_CHOICE:
		rc = find_choice(option, text, &value.number, err);
		break;
	case BP_OPTION_TEXT:
		value.text = bp_strdup(bp_str_from(text));
		break;
	case BP_OPTION_FLAGS:
	case BP_OPTION_LIST:
		items = split(text);
		rc = bp_config_value_from_items(option, (const char *const *)items, &value, err);
		free_items(items);
		break;
	}
	if (rc == BP_OK) {
		*out = value;
	}
	return rc;
}

void bp_config_value_done(struct bp_config_value *value)
{
	free(value->text);
	free_items(value->list);
	*value = (struct bp_config_value){0};
}

/** The names of the bits that are set, joined. */
static void print_flags(struct bp_buf *buf, const struct bp_option *option, int64_t flags,
			const char *comma)
{
	const char *before = "";

	for (size_t i = 0; option->choices[i]; i++) {
		if (flags >> i & 1) {
			bp_buf_printf(buf, "%s%s", before, option->choices[i]);
			before = comma;
		}
	}
}

/** A YAML scalar that reads back as exactly this text. */
static void print_scalar(struct bp_buf *buf, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./";
	bool quote = text[strspn(text, plain)] != '\0' || text[0] == '\0' ||
		     strcmp(text, "null") == 0 || strcmp(text, "Null") == 0 ||
		     strcmp(text, "NULL") == 0;

	if (!quote) {
		bp_buf_add_str(buf, bp_str_from(text));
		return;
	}
	bp_buf_add_char(buf, '"');
	for (const char *at = text; *at; at++) {
		if (*at == '"' || *at == '\\') {
			bp_buf_printf(buf, "\\%c", *at);
		} else if ((unsigned char)*at < ' ' || *at == 0x7f) {
			bp_buf_printf(buf, "\\x%02x", (unsigned)(unsigned char)*at);
		} else {
			bp_buf_add_char(buf, *at);
		}
	}
	bp_buf_add_char(buf, '"');
}

/** One text, quoted when it is for YAML. */
static void print_text(struct bp_buf *buf, const char *text, bool yaml)
{
	if (yaml) {
		print_scalar(buf, text);
	} else {
		bp_buf_add_str(buf, bp_str_from(text));
	}
}

/** FLAGS and LIST: "a,b", or "[a, b]" for YAML. */
static void print_items(struct bp_buf *buf, const struct bp_option *option,
			const struct bp_config_value *value, bool yaml)
{
	const char *comma = yaml ? ", " : ",";

	bp_buf_add_str(buf, yaml ? BP_STR("[") : BP_STR(""));
	if (option->type == BP_OPTION_FLAGS) {
		print_flags(buf, option, value->number, comma);
	}
	for (size_t i = 0; value->list && value->list[i]; i++) {
		bp_buf_add_str(buf, bp_str_from(i > 0 ? comma : ""));
		print_text(buf, value->list[i], yaml);
	}
	bp_buf_add_str(buf, yaml ? BP_STR("]") : BP_STR(""));
}

static char *print_value(const struct bp_option *option, const struct bp_config_value *value,
			 bool yaml)
{
	struct bp_buf buf;

	bp_buf_init(&buf, SIZE_MAX / 2);  /* bounded by what was parsed */
	bp_buf_add_str(&buf, BP_STR("")); /* never NULL */
	switch (option->type) {
	case BP_OPTION_BOOL:
		bp_buf_add_str(&buf, value->number ? BP_STR("true") : BP_STR("false"));
		break;
	case BP_OPTION_INT:
	case BP_OPTION_SIZE:
	case BP_OPTION_DURATION:
	case BP_OPTION_MONEY:
		print_number(&buf, option, value->number);
		break;
	case BP_OPTION_CHOICE:
		bp_buf_add_str(&buf, bp_str_from(option->choices[value->number]));
		break;
	case BP_OPTION_TEXT:
		print_text(&buf, value->text, yaml);
		break;
	case BP_OPTION_FLAGS:
	case BP_OPTION_LIST:
		print_items(&buf, option, value, yaml);
		break;
	}
	return buf.ptr;
}

char *bp_config_value_text(const struct bp_option *option, const struct bp_config_value *value)
{
	return print_value(option, value, false);
}

char *bp_config_value_yaml(const struct bp_option *option, const struct bp_config_value *value)
{
	return print_value(option, value, true);
}

void bp_config_value_store(const struct bp_option *option, const struct bp_config_value *value,
			   void *target)
{
	unsigned char *at = (unsigned char *)target + option->offset;
	const bool truth = value->number != 0;
	const int choice = (int)value->number;
	const uint32_t flags = (uint32_t)value->number;

	/* memcpy: the table, not the compiler, knows the member's type. */
	switch (option->type) {
	case BP_OPTION_BOOL:
		memcpy(at, &truth, sizeof(truth));
		break;
	case BP_OPTION_INT:
	case BP_OPTION_SIZE:
	case BP_OPTION_DURATION:
	case BP_OPTION_MONEY:
		memcpy(at, &value->number, sizeof(value->number));
		break;
	case BP_OPTION_CHOICE:
		memcpy(at, &choice, sizeof(choice));
		break;
	case BP_OPTION_FLAGS:
		memcpy(at, &flags, sizeof(flags));
		break;
	case BP_OPTION_TEXT:
		memcpy(at, &value->text, sizeof(value->text));
		break;
	case BP_OPTION_LIST:
		memcpy(at, &value->list, sizeof(value->list));
		break;
	}
}
