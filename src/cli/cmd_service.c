/* SPDX-License-Identifier: MIT */
/* start, stop, restart: the background service. */
#include <cjson/cJSON.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/service_control.h"

static int find_home(struct bp_cli *cli, char *home, size_t cap)
{
	struct bp_err err = {0};

	return bp_home_path(home, cap, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
}

static int print_json(const struct bp_cli *cli, bool running, long pid, bool changed)
{
	struct bp_err err = {0};
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddStringToObject(json, "state", running ? "running" : "stopped");
	if (running) {
		(void)cJSON_AddNumberToObject(json, "pid", (double)pid);
	} else {
		(void)cJSON_AddNullToObject(json, "pid");
	}
	(void)cJSON_AddBoolToObject(json, "changed", changed);
	return bp_print_json(json, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
}

static int start(struct bp_cli *cli, const char *home)
{
	struct bp_err err = {0};
	bool was_running = false;
	long pid = 0;

	if (bp_service_start(home, &pid, &was_running, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	if (cli->print.format == BP_FORMAT_JSON) {
		return print_json(cli, true, pid, !was_running);
	}
	bp_cli_say(cli,
		   was_running ? "blueplane runs already (pid %ld)."
			       : "blueplane is running (pid %ld).",
		   pid);
	return BP_EXIT_OK;
}

static int run_start(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	int code = find_home(cli, home, sizeof(home));

	return code == BP_EXIT_OK ? start(cli, home) : code;
}

const struct bp_command bp_cmd_start = {
	.name = "start",
	.summary = "start the background service",
	.usage = "start",
	.help = "Start the background service and return when it answers. A service that runs "
		"already is fine.\n\nexample: blueplane start\n",
	.words_only = true,
	.run = run_start,
};

/* quiet: a start follows, which has the last word. */
static int stop(struct bp_cli *cli, const char *home, bool quiet)
{
	struct bp_err err = {0};
	long pid = 0;
	enum bp_rc rc = bp_service_stop(home, &pid, &err);

	if (rc != BP_OK && rc != BP_ENOTFOUND) {
		return bp_cli_fail_err(cli, &err);
	}
	if (cli->print.format == BP_FORMAT_JSON) {
		return quiet ? BP_EXIT_OK : print_json(cli, false, 0, rc == BP_OK);
	}
	if (rc == BP_OK || !quiet) {
		bp_cli_say(cli,
			   rc == BP_OK ? "blueplane has stopped." : "blueplane is not running.");
	}
	return BP_EXIT_OK;
}

static int run_stop(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	int code = find_home(cli, home, sizeof(home));

	return code == BP_EXIT_OK ? stop(cli, home, false) : code;
}

const struct bp_command bp_cmd_stop = {
	.name = "stop",
	.summary = "stop the background service",
	.usage = "stop",
	.help = "Store what is queued, stop the background service and its Redis, and return when "
		"they are gone.\n\nexample: blueplane stop\n",
	.words_only = true,
	.run = run_stop,
};

static int run_restart(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	int code = find_home(cli, home, sizeof(home));

	if (code == BP_EXIT_OK) {
		code = stop(cli, home, true);
	}
	return code == BP_EXIT_OK ? start(cli, home) : code;
}

const struct bp_command bp_cmd_restart = {
	.name = "restart",
	.summary = "stop and start the background service",
	.usage = "restart",
	.help = "Stop the background service and start it again, as after a change of the "
		"configuration.\n\nexample: blueplane restart\n",
	.words_only = true,
	.run = run_restart,
};
