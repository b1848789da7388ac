/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>

#include "cli/cmds.h"

static int run(struct bp_cli *cli)
{
	struct bp_err err = {0};

	if (cli->print.format == BP_FORMAT_JSON) {
		cJSON *json = cJSON_CreateObject();
		cJSON_AddNumberToObject(json, "schema_version", 1);
		cJSON_AddStringToObject(json, "version", BP_VERSION);
		return bp_print_json(json, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
	}
	bp_print_line(&cli->print, "blueplane %s", BP_VERSION);
	return BP_EXIT_OK;
}

const struct bp_command bp_cmd_version = {
	.name = "version",
	.summary = "show the version",
	.usage = "version",
	.help = "Show the version of this program.\n\nexample: blueplane version --json\n",
	.words_only = true,
	.run = run,
};
