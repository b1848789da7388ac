/* SPDX-License-Identifier: MIT */
/* start, stop, restart: the background service. */
#include "base/home.h"
#include "cli/cmds.h"
#include "cli/service_control.h"

static int find_home(struct bp_cli *cli, char *home, size_t cap)
{
	struct bp_err err = {0};

	return bp_home_path(home, cap, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
}

static int start(struct bp_cli *cli, const char *home)
{
	struct bp_err err = {0};
	bool was_running = false;
	long pid = 0;

	if (bp_service_start(home, &pid, &was_running, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
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
	.no_output = true,
	.run = run_start,
};

static int stop(struct bp_cli *cli, const char *home)
{
	struct bp_err err = {0};
	long pid = 0;
	enum bp_rc rc = bp_service_stop(home, &pid, &err);

	if (rc == BP_ENOTFOUND) {
		bp_cli_say(cli, "blueplane is not running.");
		return BP_EXIT_OK;
	}
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	bp_cli_say(cli, "blueplane has stopped.");
	return BP_EXIT_OK;
}

static int run_stop(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	int code = find_home(cli, home, sizeof(home));

	return code == BP_EXIT_OK ? stop(cli, home) : code;
}

const struct bp_command bp_cmd_stop = {
	.name = "stop",
	.summary = "stop the background service",
	.usage = "stop",
	.help = "Store what is queued, stop the background service and its Redis, and return when "
		"they are gone.\n\nexample: blueplane stop\n",
	.no_output = true,
	.run = run_stop,
};

static int run_restart(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	int code = find_home(cli, home, sizeof(home));

	if (code == BP_EXIT_OK) {
		code = stop(cli, home);
	}
	return code == BP_EXIT_OK ? start(cli, home) : code;
}

const struct bp_command bp_cmd_restart = {
	.name = "restart",
	.summary = "stop and start the background service",
	.usage = "restart",
	.help = "Stop the background service and start it again, as after a change of the "
		"configuration.\n\nexample: blueplane restart\n",
	.no_output = true,
	.run = run_restart,
};
