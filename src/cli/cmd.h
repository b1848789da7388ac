/* SPDX-License-Identifier: MIT */
/**
 * cmd.h - what a command of `blueplane` is.
 *
 * Why:     a command is one file, cmd_<name>.c, that ends in one const struct; cmds.c lists them.
 *          Help, usage errors, man page and completion come from the same tables.
 * Streams: stdout is data, stderr is talk (bp_cli_say, bp_cli_fail).
 * Threads: one.
 */
#ifndef BP_CLI_CMD_H
#define BP_CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/options.h"
#include "cli/pager.h"
#include "cli/print.h"

enum bp_exit {
	BP_EXIT_OK = 0,
	BP_EXIT_FAILED = 1,  /* said on stderr */
	BP_EXIT_USAGE = 2,   /* wrong command, option or argument */
	BP_EXIT_SERVICE = 3, /* the service is needed and does not answer */
	BP_EXIT_MAX = 255
};

/** What a running command is given. */
struct bp_cli {
	const struct bp_command *command;
	struct bp_options options; /* ask with bp_options_text() and friends */
	struct bp_print print;     /* format, colours, width of stdout */
	struct bp_pager pager;     /* holds stdout of a command with `pages` */
	int64_t now_us;            /* wall clock at start */
};

struct bp_command {
	const char *name;    /* "metrics" */
	const char *summary; /* one line for `blueplane help` */
	const char *usage;   /* "metrics [-s SESSION] [-p PERIOD]", without the program's name */
	const char *help;    /* what it does; an empty line divides paragraphs, the last one is an
				example and ends in '\n' */
	const struct bp_option_row
		*options;         /* ends with a row without name; NULL: none of its own */
	const char *const *verbs; /* allowed first arguments, NULL-terminated; NULL: free text */
	int args_min, args_max;   /* positional arguments; args_max -1: any number */
	bool no_output;           /* takes neither --json nor --format */
	bool own_format;          /* has a --format of its own and looks at --json itself */
	bool words_only;          /* has words or JSON to show, no table: no csv, no markdown */
	bool pages;               /* what is longer than the screen goes through the pager */
	bool paths;               /* arguments (behind a verb) are files or folders */
	bool charts;              /* draws with --format chart too */
	int (*run)(struct bp_cli *cli); /* returns an enum bp_exit */
};

/** All commands by name, NULL-terminated: cmds.c. */
extern const struct bp_command *const bp_commands[];

/** The command of that name, or NULL. */
const struct bp_command *bp_command_find(const char *name);

/** The nearest command's name, or NULL when all are far. */
const char *bp_command_nearest(const char *name);

enum { BP_COMMAND_OPTIONS_MAX = 64 };

/**
 * All options a command takes, its own first, for whoever shows or completes them: a common one
 * that the command hides (by name) and what is not told of are left out, one whose letter is hidden has none. Returns how
 * many; *out_own: how many of them are its own.
 */
size_t bp_command_options(const struct bp_command *command,
			  struct bp_option_row out[BP_COMMAND_OPTIONS_MAX], size_t *out_own);

/** May this option of the command have this value? (No chart where there is none, and so on.) */
bool bp_command_choice(const struct bp_command *command, const struct bp_option_row *row,
		       const char *choice);

/** Print usage, help and options of one command to stdout. */
void bp_command_help(const struct bp_print *print, const struct bp_command *command);

/** Print "blueplane: message" to stderr, made safe for a terminal; returns code. */
int bp_cli_fail(const struct bp_cli *cli, int code, const char *fmt, ...) BP_PRINTF(3, 4);

/** Print err's message as bp_cli_fail and return BP_EXIT_FAILED. */
int bp_cli_fail_err(const struct bp_cli *cli, const struct bp_err *err);

/** Print a usage error and where help is; returns BP_EXIT_USAGE. */
int bp_cli_fail_usage(const struct bp_cli *cli, const char *fmt, ...) BP_PRINTF(2, 3);

/** "has no such verb", naming the nearest of command->verbs; returns BP_EXIT_USAGE. */
int bp_cli_fail_verb(const struct bp_cli *cli);

/** A line of talk on stderr (what to do next, progress), made safe for a terminal. */
void bp_cli_say(const struct bp_cli *cli, const char *fmt, ...) BP_PRINTF(2, 3);

#endif
