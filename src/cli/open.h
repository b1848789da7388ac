/* SPDX-License-Identifier: MIT */
/**
 * open.h - what data commands begin with: the home, the facts, the time zone.
 */
#ifndef BP_CLI_OPEN_H
#define BP_CLI_OPEN_H

#include <stddef.h>

#include "base/err.h"
#include "cli/cmd.h"
#include "query/budget.h"
#include "query/filter.h"
#include "query/options.h"
#include "query/period.h"
#include "store/sqlite.h"

/**
 * Find and check the home, and open its database for reading; works with the service down.
 * Owns:   the caller, bp_sql_close().
 * Errors: each one sentence that says what to do: BP_ENOTFOUND no home or no database yet; those of
 *         bp_home_check() and bp_query_open().
 */
BP_MUSTUSE enum bp_rc bp_cli_open(struct bp_sql **out, struct bp_err *err);

/**
 * The home's path, for a job that needs data: a home that is not there is not made.
 * Errors: as bp_cli_open().
 */
BP_MUSTUSE enum bp_rc bp_cli_home(char *out, size_t cap, struct bp_err *err);

/** The options of a period and of filters, for the tables of commands. */
#define BP_CLI_PERIOD_OPTIONS                                                                      \
	{.name = "since",                                                                          \
	 .value = "TIME",                                                                          \
	 .help = "from then on: 2026-01-31, 2026-01-31T09:30, yesterday, 2h"},                     \
		{.name = "until", .value = "TIME", .help = "until then, a date with all its day"}, \
	{                                                                                          \
		.name = "timezone", .value = "ZONE",                                               \
		.help = "days and times of this zone, as "                                         \
			"Europe/Berlin; else the system's"                                         \
	}
#define BP_CLI_FILTER_OPTIONS                                                                      \
	{.name = "platform", .value = "NAME", .help = "only this assistant, as claude_code"},      \
	{                                                                                          \
		.name = "project", .value = "NAME",                                                \
		.help = "only the projects of this name (or hash)"                                 \
	}

/** Load --timezone. Owns: bp_tz_free(). Errors: BP_EINVAL there is no such zone. */
BP_MUSTUSE enum bp_rc bp_cli_zone(const struct bp_cli *cli, struct bp_tz **out, struct bp_err *err);

/** Read costs.*, budget.* and guard.*. Errors: those of bp_query_config_load(); *out has the
 *  defaults then. */
BP_MUSTUSE enum bp_rc bp_cli_config(struct bp_query_config *out, struct bp_err *err);

/** What is spent of the budgets, for who only warns: none when the config is wrong or the database
 *  does not answer, which `costs` says. sql NULL: opened when there is a budget; tz NULL: the
 *  system's zone. */
struct bp_budgets bp_cli_budgets(const struct bp_cli *cli, struct bp_sql *sql,
				 const struct bp_tz *tz);

/** Fill the filter from --platform and --project. Errors: BP_ENOTFOUND, the nearest is named. */
BP_MUSTUSE enum bp_rc bp_cli_filter(const struct bp_cli *cli, struct bp_sql *sql,
				    struct bp_filter *out, struct bp_err *err);

/** The keyed hash of the working folder. Errors: BP_ENOTFOUND no salt yet, or no folder. */
BP_MUSTUSE enum bp_rc bp_cli_project_here(char out[BP_PROJECT_HASH_BYTES], struct bp_err *err);

#endif
