/* SPDX-License-Identifier: MIT */
#include "query/options.h"

#include <stddef.h>
#include <unistd.h>

#include "base/money.h"

#define AT(member) offsetof(struct bp_query_config, member)
#define MONEY_MAX (9000000 * BP_USD)

const char *const bp_compat_names[] = {"ours", "ccusage", NULL};

const struct bp_option bp_query_options[] = {
	{"costs.compat", BP_OPTION_CHOICE, AT(compat), "ours", 0, 0, bp_compat_names, true,
	 "whose rules costs are computed by; ccusage: as that tool does"},
	{"budget.daily_usd", BP_OPTION_MONEY, AT(budget_daily_pusd), "0", 0, MONEY_MAX, NULL, true,
	 "dollars a day from which on you are warned; 0: none"},
	{"budget.monthly_usd", BP_OPTION_MONEY, AT(budget_monthly_pusd), "0", 0, MONEY_MAX, NULL,
	 true, "dollars a month from which on you are warned; 0: none"},
	{"budget.session_usd", BP_OPTION_MONEY, AT(budget_session_pusd), "0", 0, MONEY_MAX, NULL,
	 true, "dollars a session from which on you are warned; 0: none"},
	{"guard.enabled", BP_OPTION_BOOL, AT(guard_enabled), "false", 0, 0, NULL, true,
	 "let \"blueplane guard\" stop a session that passes a cap below"},
	{"guard.daily_usd", BP_OPTION_MONEY, AT(guard_daily_pusd), "0", 0, MONEY_MAX, NULL, true,
	 "dollars a day at which sessions are stopped; 0: never"},
	{"guard.session_usd", BP_OPTION_MONEY, AT(guard_session_pusd), "0", 0, MONEY_MAX, NULL,
	 true, "dollars a session at which it is stopped; 0: never"},
	{.name = NULL},
};

enum bp_rc bp_query_config_load(const char *home, struct bp_query_config *out, struct bp_err *err)
{
	struct bp_query_config read = {0};
	const struct bp_option_table table = {.options = bp_query_options, .target = &read};
	struct bp_config *config = bp_config_new(&table, 1);

	*out = read; /* the defaults */
	bp_config_skip_unknown(config);
	enum bp_rc rc = bp_config_read_files(config, home, err);
	if (rc == BP_OK) {
		rc = bp_config_read_env(config, environ, err);
	}
	if (rc == BP_OK) {
		*out = read;
	}
	bp_config_free(config);
	return rc;
}
