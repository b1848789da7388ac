/* SPDX-License-Identifier: MIT */
/**
 * options.h - what the user may choose of the answers: whose rules cost, budgets, the guard.
 *
 * Why:     the service knows all options; a command needs these few, in well under a millisecond.
 * Threads: plain values.
 */
#ifndef BP_QUERY_OPTIONS_H
#define BP_QUERY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"

enum bp_compat { BP_COMPAT_OURS, BP_COMPAT_CCUSAGE };

/** What costs.compat and --compat may be, in the order of the enum, NULL-terminated. */
extern const char *const bp_compat_names[];

/** Money is pico-USD; 0: no such budget or cap. */
struct bp_query_config {
	int compat;                  /* costs.compat, enum bp_compat */
	int64_t budget_daily_pusd;   /* budget.daily_usd */
	int64_t budget_monthly_pusd; /* budget.monthly_usd */
	int64_t budget_session_pusd; /* budget.session_usd */
	bool guard_enabled;          /* guard.enabled */
	int64_t guard_daily_pusd;    /* guard.daily_usd */
	int64_t guard_session_pusd;  /* guard.session_usd */
};

extern const struct bp_option bp_query_options[];

/**
 * Fill config from files and environment; other folders' options are skipped.
 * Errors: those of bp_config_read_file(); *config has the defaults then.
 */
BP_MUSTUSE enum bp_rc bp_query_config_load(const char *home, struct bp_query_config *config,
					   struct bp_err *err);

#endif
