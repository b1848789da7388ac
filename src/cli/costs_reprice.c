/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "cli/control_client.h"
#include "cli/costs.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "cli/text.h"

static double number(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static void print_result(const struct bp_cli *cli, const cJSON *result)
{
	char before[BP_SHOW_BYTES], after[BP_SHOW_BYTES];

	bp_show_usd(before, llround(number(result, "before_usd") * 1e12), false);
	bp_show_usd(after, llround(number(result, "after_usd") * 1e12), false);
	bp_print_line(&cli->print, "%s looked at, %s changed: %s before, %s now.",
		      bp_text_of(llround(number(result, "calls")), "call").text,
		      bp_text_count(llround(number(result, "changed"))).text, before, after);
}

/* Options of `costs` that mean nothing here are mistakes. */
static const char *wrong_option(const struct bp_cli *cli)
{
	for (size_t i = 0; i < cli->options.n_given; i++) {
		const struct bp_option_row *row = cli->options.given[i].row;
		const struct bp_option_row *own = cli->command->options;
		while (own->name && own != row) {
			own++;
		}
		if (own->name && strcmp(own->name, "all") != 0 && strcmp(own->name, "since") != 0) {
			return own->name;
		}
	}
	return NULL;
}

int bp_costs_reprice(const struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	struct bp_progress line;
	const struct bp_call call = {
		.home = home, .progress = bp_progress_draw, .arg = &line, .timeout_ms = -1};
	const char *wrong = wrong_option(cli);
	const char *since = bp_options_text(&cli->options, "since");
	cJSON *result = NULL;

	if (wrong) {
		return bp_cli_fail_usage(cli, "\"costs reprice\" takes no --%s", wrong);
	}
	enum bp_rc rc = bp_cli_home(home, sizeof(home), &err);
	bp_progress_init(&line);
	if (rc == BP_OK) {
		cJSON *args = cJSON_CreateObject();
		(void)cJSON_AddBoolToObject(args, "all", bp_options_given(&cli->options, "all"));
		if (since) {
			(void)cJSON_AddStringToObject(args, "since", since);
		}
		rc = bp_control_run(&call, "reprice", args, &result, &err);
	}
	bp_progress_done(&line);
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (cli->print.format == BP_FORMAT_JSON) {
		cJSON *json = cJSON_CreateObject();
		(void)cJSON_AddNumberToObject(json, "schema_version", 1);
		while (result->child) {
			cJSON *item = cJSON_DetachItemViaPointer(result, result->child);
			(void)cJSON_AddItemToArray(json, item); /* it keeps its name */
		}
		cJSON_Delete(result);
		return bp_print_json(json, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
	}
	print_result(cli, result);
	cJSON_Delete(result);
	return BP_EXIT_OK;
}
