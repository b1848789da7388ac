/* SPDX-License-Identifier: MIT */
#include "cli/cmds.h"

#include <stddef.h>
#include <string.h>

#include "base/config.h"

/* By name; one a line, so that two branches can each add one. */
/* clang-format off */
const struct bp_command *const bp_commands[] = {
	&bp_cmd_analyze,
	&bp_cmd_archive,
	&bp_cmd_completion,
	&bp_cmd_config,
	&bp_cmd_costs,
	&bp_cmd_db,
	&bp_cmd_dlq,
	&bp_cmd_doctor,
	&bp_cmd_export,
	&bp_cmd_guard,
	&bp_cmd_help,
	&bp_cmd_import,
	&bp_cmd_insights,
	&bp_cmd_install,
	&bp_cmd_logs,
	&bp_cmd_metrics,
	&bp_cmd_privacy,
	&bp_cmd_purge,
	&bp_cmd_rebuild,
	&bp_cmd_restart,
	&bp_cmd_search,
	&bp_cmd_sessions,
	&bp_cmd_start,
	&bp_cmd_stats,
	&bp_cmd_status,
	&bp_cmd_statusline,
	&bp_cmd_stop,
	&bp_cmd_team,
	&bp_cmd_top,
	&bp_cmd_uninstall,
	&bp_cmd_up,
	&bp_cmd_version,
	&bp_cmd_watch,
	NULL,
};
/* clang-format on */

const struct bp_command *bp_command_find(const char *name)
{
	for (size_t i = 0; bp_commands[i]; i++) {
		if (strcmp(bp_commands[i]->name, name) == 0) {
			return bp_commands[i];
		}
	}
	return NULL;
}

const char *bp_command_nearest(const char *name)
{
	const char *names[sizeof(bp_commands) / sizeof(bp_commands[0])];
	size_t n = 0;

	for (; bp_commands[n]; n++) {
		names[n] = bp_commands[n]->name;
	}
	names[n] = NULL;
	return bp_nearest(name, names);
}
