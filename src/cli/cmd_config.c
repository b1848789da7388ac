/* SPDX-License-Identifier: MIT */
/*
 * The options are those of every folder of the service, so the service's program knows them: this
 * command hands its words over.
 */
#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/process.h"

enum { PATH_BYTES = 4096 };

static int run(struct bp_cli *cli)
{
	char path[PATH_BYTES];
	struct bp_err err = {0};
	size_t n = cli->options.n_args;

	if (bp_process_find("blueplaned", path, sizeof(path), &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	char **argv = bp_calloc(n + 3, sizeof(argv[0]));
	argv[0] = path;
	argv[1] = bp_asprintf("--config");
	for (size_t i = 0; i < n; i++) {
		argv[i + 2] = bp_strdup(bp_str_from(cli->options.args[i]));
	}
	int code = bp_process_run(argv);
	for (size_t i = 1; argv[i]; i++) {
		free(argv[i]);
	}
	free(argv);
	return code;
}

static const char *const VERBS[] = {"list", "get", "set", "reset", "validate", NULL};

const struct bp_command bp_cmd_config = {
	.name = "config",
	.summary = "show and change options",
	.usage = "config list | get NAME | set NAME VALUE | reset NAME | validate",
	.help = "Show the options and where each value comes from, change one in config.yaml, or\n"
		"check the file. list takes --json.\n\n"
		"example: blueplane config set retention.raw_days 30\n",
	.verbs = VERBS,
	.args_max = -1,
	.raw = true,
	.run = run,
};
