/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/text.h"

static int run(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	struct bp_progress line;
	const struct bp_call call = {
		.home = home, .progress = bp_progress_draw, .arg = &line, .timeout_ms = -1};
	cJSON *result = NULL;
	enum bp_rc rc = bp_cli_home(home, sizeof(home), &err);

	bp_progress_init(&line);
	if (rc == BP_OK) {
		cJSON *args = cJSON_CreateObject();
		if (bp_options_given(&cli->options, "from-archive")) {
			cJSON_AddTrueToObject(args, "from_archive");
		}
		rc = bp_control_run(&call, "rebuild", args, &result, &err);
	}
	bp_progress_done(&line);
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (cli->print.format == BP_FORMAT_JSON) {
		return bp_print_json(result, &err) == BP_OK ? BP_EXIT_OK
							    : bp_cli_fail_err(cli, &err);
	}
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(result, "rows");
	const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(result, "seconds");
	bp_print_line(&cli->print, "Made every number again from %s rows in %.1f s.",
		      bp_text_count(cJSON_IsNumber(rows) ? llround(rows->valuedouble) : 0).text,
		      cJSON_IsNumber(seconds) ? seconds->valuedouble : 0.0);
	cJSON_Delete(result);
	return BP_EXIT_OK;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "from-archive", .help = "read archived rows too, and make their numbers again"},
	{.name = NULL},
};

const struct bp_command bp_cmd_rebuild = {
	.name = "rebuild",
	.summary = "make facts and rollups again from the log",
	.usage = "rebuild [--from-archive]",
	.help = "Drop every fact and rollup and make them again from the recorded rows. Nothing "
		"recorded is lost, and the\nnumbers are the same unless the rules behind them "
		"changed. Sessions with archived rows keep\ntheir numbers, unless the archive is "
		"read as well.\n\nexample: blueplane rebuild\n",
	.options = OPTIONS,
	.words_only = true,
	.run = run,
};
