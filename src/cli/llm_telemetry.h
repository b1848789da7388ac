/* SPDX-License-Identifier: MIT */
/**
 * llm_telemetry.h - called by its old name, llm-telemetry, the program offers two commands.
 *
 * Source:  seed 001: `llm-telemetry stats --days=7`, `llm-telemetry costs`. The name is a link.
 */
#ifndef BP_CLI_LLM_TELEMETRY_H
#define BP_CLI_LLM_TELEMETRY_H

#include <stdbool.h>

#include "cli/print.h"

/** Was the program called so? argv0 may be NULL. */
bool bp_llm_telemetry_called(const char *argv0);

/** stats, costs. */
bool bp_llm_telemetry_offers(const char *command);

/** What there is, to stdout. */
void bp_llm_telemetry_help(const struct bp_print *print);

#endif
