/* SPDX-License-Identifier: MIT */
/**
 * options.h - command line options from tables.
 *
 * Shape:   --name VALUE, --name=VALUE, -n VALUE, -nVALUE, flags -a -b or -ab; options and
 *          arguments in any order; "--" ends the options; a later option wins.
 * Threads: one.
 */
#ifndef BP_CLI_OPTIONS_H
#define BP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** One option. A table ends with a row whose name is NULL. */
struct bp_option_row {
	const char *name;           /* "period" is --period */
	char letter;                /* 'p' is -p; 0: none */
	const char *value;          /* what help calls the value ("PERIOD"); NULL: a flag */
	const char *const *choices; /* allowed values, NULL-terminated; NULL: any */
	const char *help;           /* one line; NULL: not told, for programs */
};

enum { BP_OPTIONS_MAX = 32, BP_OPTION_ARGS_MAX = 4096 };

/** What was given. Everything is borrowed from argv and the tables. */
struct bp_options {
	const struct bp_option_row *own;    /* the command's table, or NULL */
	const struct bp_option_row *common; /* options of every command, or NULL */
	struct {
		const struct bp_option_row *row;
		const char *value; /* "" for a flag */
	} given[BP_OPTIONS_MAX];
	size_t n_given;
	const char *args[BP_OPTION_ARGS_MAX]; /* positional, NULL-terminated */
	size_t n_args;
};

/** Options of the program itself: version. */
extern const struct bp_option_row bp_main_options[];

/** Options of every command: help json format no-color no-pager. */
extern const struct bp_option_row bp_common_options[];

/**
 * Read n words into *options, whose tables are set. stop_at_argument: leave at the first
 * positional word and put its index into *out_used (else n).
 * Errors: BP_EINVAL unknown option (the nearest is named), a value that is missing, not allowed or
 *         not wanted; BP_ELIMIT too many words.
 */
BP_MUSTUSE enum bp_rc bp_options_parse(struct bp_options *options, char *const *words, size_t n,
				       bool stop_at_argument, size_t *out_used, struct bp_err *err);

/** True when the option was given. Asking for a name that is in no table is our mistake. */
bool bp_options_given(const struct bp_options *options, const char *name);

/** The value given last, or NULL. Borrowed. */
const char *bp_options_text(const struct bp_options *options, const char *name);

/**
 * A whole number from min to max; fallback when it was not given.
 * Errors: BP_EINVAL not such a number; *out is untouched.
 */
BP_MUSTUSE enum bp_rc bp_options_int(const struct bp_options *options, const char *name,
				     int64_t min, int64_t max, int64_t fallback, int64_t *out,
				     struct bp_err *err);

/** A fraction from min to max (a decimal point, whatever the locale). Errors: as _int. */
BP_MUSTUSE enum bp_rc bp_options_real(const struct bp_options *options, const char *name,
				      double min, double max, double fallback, double *out,
				      struct bp_err *err);

#endif
