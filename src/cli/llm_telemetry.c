/* SPDX-License-Identifier: MIT */
#include "cli/llm_telemetry.h"

#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"

static const char *const OFFERED[] = {"stats", "costs", NULL};

bool bp_llm_telemetry_called(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	return argv0 && strcmp(slash ? slash + 1 : argv0, "llm-telemetry") == 0;
}

bool bp_llm_telemetry_offers(const char *command)
{
	size_t i = 0;

	while (OFFERED[i] && strcmp(OFFERED[i], command) != 0) {
		i++;
	}
	return OFFERED[i] != NULL;
}

void bp_llm_telemetry_help(const struct bp_print *print)
{
	char name[32];

	bp_print_line(print, "usage: llm-telemetry COMMAND [OPTIONS]");
	bp_print_line(print, "%s", "");
	for (size_t i = 0; OFFERED[i]; i++) {
		const struct bp_command *command = bp_command_find(OFFERED[i]);
		if (command) {
			(void)snprintf(name, sizeof(name), "  %s", command->name);
			bp_print_field(print, BP_PAINT_NONE, 10, name, "%s", command->summary);
		}
	}
	bp_print_line(print, "%s", "");
	bp_print_line(print, "example: llm-telemetry stats --days 7");
	bp_print_line(print, "This is blueplane under another name; \"blueplane help\" shows all "
			     "of it.");
}
