/* SPDX-License-Identifier: MIT */
/**
 * config_value.h - one option's value: from text, into the struct, and back to text.
 *
 * Place:   private to config*.c.
 * Threads: plain values.
 */
#ifndef BP_BASE_CONFIG_VALUE_H
#define BP_BASE_CONFIG_VALUE_H

#include <stdint.h>

#include "base/config.h"
#include "base/err.h"

/** A parsed value; which member counts is the option's type. Zeroed: empty. */
struct bp_config_value {
	int64_t number; /* BOOL INT SIZE DURATION MONEY CHOICE FLAGS */
	char *text;     /* TEXT */
	char **list;    /* LIST: NULL-terminated */
};

/**
 * Parse text; items separated by commas for FLAGS and LIST.
 *
 * Owns:   the caller owns *out: bp_config_value_done().
 * Errors: BP_EINVAL "what is wrong; allowed: ..."; *out is untouched.
 */
BP_MUSTUSE enum bp_rc bp_config_value_parse(const struct bp_option *option, const char *text,
					    struct bp_config_value *out, struct bp_err *err);

/**
 * Make a FLAGS or LIST value of items as they are, commas included.
 *
 * Shape:  items is NULL-terminated.
 * Owns:   as bp_config_value_parse().
 * Errors: BP_EINVAL the option takes no list, or an item is no choice; *out is untouched.
 */
BP_MUSTUSE enum bp_rc bp_config_value_from_items(const struct bp_option *option,
						 const char *const *items,
						 struct bp_config_value *out, struct bp_err *err);

/** Free what the value owns. */
void bp_config_value_done(struct bp_config_value *value);

/** The value as people write it ("250ms", "64KiB", "a,b"). Owns: the caller, free(). */
char *bp_config_value_text(const struct bp_option *option, const struct bp_config_value *value);

/** The value as one line of YAML, quoted where it must be. Owns: the caller, free(). */
char *bp_config_value_yaml(const struct bp_option *option, const struct bp_config_value *value);

/** Put the value into the folder's struct; what it points to stays the value's. */
void bp_config_value_store(const struct bp_option *option, const struct bp_config_value *value,
			   void *target);

#endif
