/* SPDX-License-Identifier: MIT */
/*
 * The options are those of every folder of the service, so the service's program knows them: this
 * command asks it.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/config_edit.h"
#include "cli/process.h"

enum {
	NAME_COLUMNS = 27,
	VALUE_COLUMNS = 12,
	PATH_BYTES = 4096,
	LIST_BYTES_MAX = 4 * 1024 * 1024,
	TALK_BYTES_MAX = 65536
};

static const char *const VERBS[] = {"list", "get", "set", "reset", "validate", "edit", NULL};

/* What stands behind each verb. */
static const char *const USAGE[] = {"", " NAME", " NAME VALUE", " NAME", "", ""};

static size_t words_of(const char *usage)
{
	size_t n = 0;

	for (; *usage; usage++) {
		n += *usage == ' ' ? 1 : 0;
	}
	return n;
}

/* --- list and get: from what the service's program lists as JSON --- */

/** All options as it gives them. Owns: the caller. Its failure: code and what it said. */
static int read_list(const struct bp_cli *cli, cJSON **out)
{
	char path[PATH_BYTES];
	struct bp_err err = {0};
	struct bp_child child;
	struct bp_buf list, talk;

	if (bp_process_find("blueplaned", path, sizeof(path), &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	char *const argv[] = {path, (char[]){"--config"}, (char[]){"list"}, (char[]){"--json"},
			      NULL};
	if (bp_process_start(argv, &child, &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	bp_buf_init(&list, LIST_BYTES_MAX);
	bp_buf_init(&talk, TALK_BYTES_MAX);
	for (;;) {
		char *to = bp_buf_reserve(&list, 65536);
		ssize_t n = to ? read(child.out_fd, to, 65536) : 0;
		if (n <= 0) {
			break;
		}
		list.len += (size_t)n;
	}
	int code = bp_process_finish(&child, &talk);
	if (talk.len > 0) {
		(void)fwrite(talk.ptr, 1, talk.len, stderr);
	}
	*out = code == 0 ? cJSON_ParseWithLength(list.ptr, list.len) : NULL;
	if (code == 0 && !*out) {
		code = bp_cli_fail(cli, BP_EXIT_FAILED, "blueplaned gave no list of its options");
	}
	bp_buf_done(&talk);
	bp_buf_done(&list);
	return code;
}

static const char *text(const cJSON *option, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(option, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/** For people: what an option does goes on in its own column. */
static void print_screen(const struct bp_cli *cli, const cJSON *list)
{
	const cJSON *option = NULL;
	char label[256];

	cJSON_ArrayForEach (option, cJSON_GetObjectItemCaseSensitive(list, "options")) {
		const char *value = text(option, "value");
		const char *from = text(option, "from");
		bool own = strcmp(from, "default") != 0;

		(void)snprintf(label, sizeof(label), "%-*s %-*s ", NAME_COLUMNS,
			       text(option, "name"), VALUE_COLUMNS, *value ? value : "\"\"");
		bp_print_field(&cli->print, BP_PAINT_NONE, NAME_COLUMNS + VALUE_COLUMNS + 2, label,
			       "%s%s%s%s", text(option, "help"), own ? " (from: " : "",
			       own ? from : "", own ? ")" : "");
	}
}

static void print_table(const struct bp_cli *cli, const cJSON *list)
{
	static const char *const names[] = {"name", "value", "default", "from", "help"};
	struct bp_table *table = bp_table_new();
	const cJSON *option = NULL;

	for (size_t i = 0; i < 5; i++) {
		bp_table_column(table, names[i], BP_LEFT);
	}
	cJSON_ArrayForEach (option, cJSON_GetObjectItemCaseSensitive(list, "options")) {
		bp_table_row(table);
		for (size_t i = 0; i < 5; i++) {
			bp_table_cell(table, BP_PAINT_NONE, "%s", text(option, names[i]));
		}
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

/** The one option as an object of its own. */
static int print_one(const struct bp_cli *cli, cJSON *list, const char *name)
{
	cJSON *options = cJSON_GetObjectItemCaseSensitive(list, "options");
	struct bp_err err = {0};

	for (int i = 0; i < cJSON_GetArraySize(options); i++) {
		if (strcmp(text(cJSON_GetArrayItem(options, i), "name"), name) == 0) {
			cJSON *one = cJSON_CreateObject();
			cJSON *option = cJSON_GetArrayItem(options, i);
			(void)cJSON_AddNumberToObject(one, "schema_version", 1);
			while (option->child) {
				cJSON *item = cJSON_DetachItemViaPointer(option, option->child);
				char *key = bp_strdup(bp_str_from(item->string));
				(void)cJSON_AddItemToObject(one, key, item);
				free(key);
			}
			return bp_print_json(one, &err) == BP_OK ? BP_EXIT_OK
								 : bp_cli_fail_err(cli, &err);
		}
	}
	return bp_cli_fail(cli, BP_EXIT_FAILED, "no option \"%.60s\"", name);
}

/** name NULL: all of them. */
static int show(const struct bp_cli *cli, const char *name)
{
	struct bp_err err = {0};
	cJSON *list = NULL;
	int code = read_list(cli, &list);

	if (code != BP_EXIT_OK) {
		return code;
	}
	if (name) {
		code = print_one(cli, list, name);
	} else if (cli->print.format == BP_FORMAT_JSON) {
		code = bp_print_json(list, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
		list = NULL;
	} else if (cli->print.format == BP_FORMAT_TABLE) {
		print_screen(cli, list);
	} else {
		print_table(cli, list);
	}
	cJSON_Delete(list);
	return code;
}

/* --- the rest: the service's program does it --- */

/** With silent its answer to people is not wanted on stdout. */
static int hand_over(const struct bp_cli *cli, bool silent)
{
	char path[PATH_BYTES];
	struct bp_err err = {0};
	struct bp_child child;
	struct bp_buf talk;
	size_t n = cli->options.n_args;
	int code;

	if (bp_process_find("blueplaned", path, sizeof(path), &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	char **argv = bp_calloc(n + 3, sizeof(argv[0]));
	argv[0] = path;
	argv[1] = bp_asprintf("--config");
	for (size_t i = 0; i < n; i++) {
		argv[i + 2] = bp_strdup(bp_str_from(cli->options.args[i]));
	}
	if (!silent) {
		code = bp_process_run(argv);
	} else if (bp_process_start(argv, &child, &err) == BP_OK) {
		bp_buf_init(&talk, TALK_BYTES_MAX);
		code = bp_process_finish(&child, &talk);
		if (talk.len > 0) {
			(void)fwrite(talk.ptr, 1, talk.len, stderr);
		}
		bp_buf_done(&talk);
	} else {
		code = bp_cli_fail_err(cli, &err);
	}
	for (size_t i = 1; argv[i]; i++) {
		free(argv[i]);
	}
	free(argv);
	return code;
}

static int print_valid(const struct bp_cli *cli)
{
	struct bp_err err = {0};
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "schema_version", 1);
	(void)cJSON_AddTrueToObject(json, "valid");
	return bp_print_json(json, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
}

static int run(struct bp_cli *cli)
{
	const char *verb = cli->options.n_args > 0 ? cli->options.args[0] : "list";
	const char *name = cli->options.n_args > 1 ? cli->options.args[1] : NULL;
	bool json = cli->print.format == BP_FORMAT_JSON;
	size_t i = 0;

	while (VERBS[i] && strcmp(VERBS[i], verb) != 0) {
		i++;
	}
	if (cli->options.n_args > 0 && cli->options.n_args - 1 != words_of(USAGE[i])) {
		return bp_cli_fail_usage(cli, "\"config %s\" is used so: blueplane config %s%s",
					 verb, verb, USAGE[i]);
	}
	if (strcmp(verb, "list") == 0) {
		return show(cli, NULL);
	}
	if (strcmp(verb, "edit") == 0) {
		return json ? bp_cli_fail_usage(cli, "\"config edit\" takes no --json")
			    : bp_config_edit(cli);
	}
	int code = hand_over(cli, json);
	if (code != BP_EXIT_OK || !json) {
		return code;
	}
	return name ? show(cli, name) : print_valid(cli);
}

const struct bp_command bp_cmd_config = {
	.name = "config",
	.summary = "show and change options",
	.usage = "config [list | get NAME | set NAME VALUE | reset NAME | validate | edit]",
	.help = "Show the options and where each value comes from, change one in config.yaml, or "
		"check the file. edit opens it in $VISUAL or $EDITOR, and takes over what would "
		"do. "
		"A value that begins with - stands behind --.\n\n"
		"example: blueplane config set log.level debug\n",
	.verbs = VERBS,
	.args_max = 3,
	.pages = true,
	.run = run,
};
