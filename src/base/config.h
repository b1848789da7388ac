/* SPDX-License-Identifier: MIT */
/**
 * config.h - one table per folder drives file, environment, flags, `config list` and the manual.
 *
 * Why:     an option is one row: name, type, where it goes, default, range, help. Modules receive
 *          their own filled struct; nothing reads configuration globally.
 * Order:   default < file < environment (BLUEPLANE_FASTPATH_BATCH_EVENTS) < --set name=value.
 * Values:  carry units in text: "250ms", "64KiB", "90d"; see enum bp_option_type.
 * Threads: a bp_config belongs to one thread; filled structs are plain values.
 */
#ifndef BP_BASE_CONFIG_H
#define BP_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum bp_option_type {
	BP_OPTION_BOOL,     /* bool: true false (yes no on off 1 0) */
	BP_OPTION_INT,      /* int64_t */
	BP_OPTION_SIZE,     /* int64_t bytes: 500, 64KiB, 256MB, 1MiB */
	BP_OPTION_DURATION, /* int64_t microseconds: 250ms, 2s, 15m, 6h, 90d, 100us */
	BP_OPTION_MONEY,    /* int64_t pico-USD, see base/money.h: 25, 0.50 (dollars) */
	BP_OPTION_TEXT,     /* char *, owned by the config; "" when empty */
	BP_OPTION_CHOICE,   /* int: index into choices */
	BP_OPTION_FLAGS,    /* uint32_t: bit i for choices[i]; written as a YAML list or "a,b" */
	BP_OPTION_LIST      /* char **: NULL-terminated list of texts, owned by the config */
};

/** One option. A table ends with a row whose name is NULL. */
struct bp_option {
	const char *name; /* "fastpath.batch_events", dots are YAML levels */
	enum bp_option_type type;
	size_t offset;              /* into the folder's config struct */
	const char *fallback;       /* default, as text */
	int64_t min, max;           /* for INT SIZE DURATION MONEY, inclusive; both 0: no range */
	const char *const *choices; /* for CHOICE and FLAGS, NULL-terminated */
	bool reload;                /* takes effect without a restart */
	const char *help;           /* one line */
};

/** One folder's table and the struct it fills. */
struct bp_option_table {
	const struct bp_option *options;
	void *target; /* the folder's config struct, zeroed by the caller */
};

struct bp_config;

/** Make a config over n tables and fill every target with its defaults. Owns: bp_config_free(). */
struct bp_config *bp_config_new(const struct bp_option_table *tables, size_t n);
void bp_config_free(struct bp_config *config);

/** From now on other programs' options are skipped where the file and the environment name them, for
 *  who knows some of the tables only. Values of known ones must still be right. */
void bp_config_skip_unknown(struct bp_config *config);

/**
 * Read the user's file ($XDG_CONFIG_HOME/blueplane/config.yaml), then the home's over it.
 * Errors: as bp_config_read_file().
 */
BP_MUSTUSE enum bp_rc bp_config_read_files(struct bp_config *config, const char *home,
					   struct bp_err *err);

/**
 * Read a YAML file over what is there. A file that is missing is not an error.
 *
 * Errors: BP_EINVAL unknown key, bad value, wrong shape: the message names file, line, key, what
 *         is allowed, and the nearest name. BP_EIO unreadable. Targets are untouched on error.
 */
BP_MUSTUSE enum bp_rc bp_config_read_file(struct bp_config *config, const char *path,
					  struct bp_err *err);

/** Take BLUEPLANE_<NAME> variables. Errors: as _read_file, naming the variable. */
BP_MUSTUSE enum bp_rc bp_config_read_env(struct bp_config *config, char *const *environment,
					 struct bp_err *err);

/** Set one option from text. Errors: BP_ENOTFOUND no such name (nearest in the message),
 *  BP_EINVAL bad value. */
BP_MUSTUSE enum bp_rc bp_config_set(struct bp_config *config, const char *name, const char *value,
				    struct bp_err *err);

/** Where a value came from, for `config list`. */
enum bp_config_origin { BP_FROM_DEFAULT, BP_FROM_FILE, BP_FROM_ENV, BP_FROM_FLAG };

/** Call each(option, value as text, origin) for every option, sorted by name. */
void bp_config_each(const struct bp_config *config,
		    void (*each)(const struct bp_option *option, const char *value,
				 enum bp_config_origin origin, void *arg),
		    void *arg);

/** The value as text, with units, or NULL when there is no such option. Borrowed until a change. */
const char *bp_config_get(const struct bp_config *config, const char *name);

/** The option's row, or NULL. */
const struct bp_option *bp_config_option(const struct bp_config *config, const char *name);

/**
 * Rewrite the file with name set to value (NULL removes it), other lines and comments kept,
 * by temporary file, fsync and rename, mode 0600. The value is checked first.
 *
 * Errors: BP_ENOTFOUND, BP_EINVAL as bp_config_set; BP_EIO the file is untouched.
 */
BP_MUSTUSE enum bp_rc bp_config_write(struct bp_config *config, const char *path, const char *name,
				      const char *value, struct bp_err *err);

/** The nearest of candidates (NULL-terminated) to text by edit distance, or NULL when all are far. */
const char *bp_nearest(const char *text, const char *const *candidates);

#endif
