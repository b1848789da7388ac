/* SPDX-License-Identifier: MIT */
/*
 * A hook of Claude Code that stops a session over a hard cap. Off unless guard.enabled; whatever is
 * in doubt (no home, a database that is busy or damaged, words that are no JSON), it says nothing
 * and exits 0: what records must never disturb.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli/client_input.h"
#include "cli/cmds.h"
#include "cli/open.h"
#include "cli/show.h"
#include "query/database.h"
#include "query/spend.h"

enum { INPUT_BYTES_MAX = 16 * 1024 * 1024, INPUT_MS = 500, DEADLINE_MS = 1000 };

/* At these a session can be stopped before it spends more. */
static bool can_stop(const struct bp_client_input *input)
{
	return strcmp(input->event, "PreToolUse") == 0 ||
	       strcmp(input->event, "UserPromptSubmit") == 0;
}

static enum bp_rc read_spend(const struct bp_cli *cli, const char *session,
			     const struct bp_query_config *config, struct bp_spend *out)
{
	struct bp_sql *sql = NULL;
	struct bp_tz *tz = NULL;
	enum bp_rc rc = bp_cli_zone(cli, &tz, NULL);

	if (rc == BP_OK) {
		rc = bp_cli_open(&sql, NULL);
	}
	if (rc == BP_OK) {
		rc = bp_query_begin(sql, NULL);
	}
	if (rc == BP_OK) {
		rc = bp_spend_collect(sql, *session ? session : NULL, tz,
				      config->compat == BP_COMPAT_CCUSAGE, cli->now_us, out, NULL);
		bp_query_end(sql);
	}
	bp_sql_close(sql);
	bp_tz_free(tz);
	return rc;
}

static bool over(int64_t spent_pusd, int64_t cap_pusd, const char *what, const char *option,
		 char *out, size_t cap)
{
	char spent[BP_SHOW_BYTES], limit[BP_SHOW_BYTES];

	if (cap_pusd <= 0 || spent_pusd < cap_pusd) {
		return false;
	}
	bp_show_usd(spent, spent_pusd, false);
	bp_show_usd(limit, cap_pusd, false);
	(void)snprintf(out, cap,
		       "blueplane: %s has cost %s, and you set a cap of %s (blueplane config set "
		       "%s ..., or guard.enabled false)",
		       what, spent, limit, option);
	return true;
}

static void stop(const char *reason)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddFalseToObject(json, "continue");
	(void)cJSON_AddStringToObject(json, "stopReason", reason);
	if (bp_print_json(json, NULL) != BP_OK) {
		/* Nobody to tell. */
	}
}

static int run(struct bp_cli *cli)
{
	struct bp_query_config config;
	struct bp_client_input input;
	struct bp_spend spend;
	struct bp_buf text;
	char reason[400];

	bp_client_deadline(DEADLINE_MS, "");
	if (bp_cli_config(&config, NULL) != BP_OK || !config.guard_enabled) {
		return BP_EXIT_OK;
	}
	bp_buf_init(&text, INPUT_BYTES_MAX);
	bp_client_input_read(&text, INPUT_MS);
	bp_client_input_parse(bp_buf_str(&text), cli->now_us, &input);
	bp_buf_done(&text);
	if (!can_stop(&input) || read_spend(cli, input.session, &config, &spend) != BP_OK) {
		return BP_EXIT_OK;
	}
	bp_client_deadline_met();
	if (over(bp_spend_pusd(&spend.session), config.guard_session_pusd, "this session",
		 "guard.session_usd", reason, sizeof(reason)) ||
	    over(bp_spend_pusd(&spend.today), config.guard_daily_pusd, "this day",
		 "guard.daily_usd", reason, sizeof(reason))) {
		stop(reason);
	}
	return BP_EXIT_OK;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "timezone",
	 .value = "ZONE",
	 .help = "the day of this zone, as Europe/Berlin; else the system's"},
	{.name = NULL},
};

const struct bp_command bp_cmd_guard = {
	.name = "guard",
	.summary = "a hook that stops a session over a hard cap (off by default)",
	.usage = "guard < HOOK-INPUT",
	.help = "Claude Code runs it before prompts and tools once \"blueplane install claude-code "
		"--guard\" registered it. With\nguard.enabled true it stops the session when "
		"guard.session_usd or guard.daily_usd is passed; in every case\nof doubt it lets "
		"it go on. To switch it on: blueplane config set guard.enabled true, blueplane "
		"config set\nguard.session_usd 20.\n\n"
		"example: blueplane guard < input.json\n",
	.options = OPTIONS,
	.no_output = true,
	.run = run,
};
