/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/open.h"
#include "cli/text.h"
#include "query/schema.h"

/* --- schema: reads the file itself --- */

struct schema_output {
	const struct bp_print *print;
	cJSON *objects; /* NULL: print SQL */
};

static void add_text(cJSON *json, const char *name, struct bp_str text)
{
	char *copy = bp_strdup(text);

	(void)cJSON_AddStringToObject(json, name, copy);
	free(copy);
}

static void take_object(struct bp_str type, struct bp_str name, struct bp_str sql, void *arg)
{
	struct schema_output *output = arg;

	if (output->objects) {
		cJSON *item = cJSON_CreateObject();
		add_text(item, "type", type);
		add_text(item, "name", name);
		add_text(item, "sql", sql);
		(void)cJSON_AddItemToArray(output->objects, item);
		return;
	}
	/* Line by line: cleaning would take the line ends out. */
	struct bp_buf line;
	bp_buf_init(&line, sql.len + 2);
	for (size_t from = 0; from < sql.len;) {
		const char *end = memchr(sql.ptr + from, '\n', sql.len - from);
		size_t n = end ? (size_t)(end - (sql.ptr + from)) : sql.len - from;
		bp_buf_clear(&line);
		bp_buf_printf(&line, "%.*s%s", (int)n, sql.ptr + from,
			      from + n >= sql.len ? ";" : "");
		bp_print_verbatim(output->print, bp_buf_str(&line));
		from += n + 1;
	}
	bp_buf_done(&line);
}

static int show_schema(struct bp_cli *cli)
{
	struct schema_output output = {.print = &cli->print};
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};
	int64_t version = 0;
	bool json = cli->print.format == BP_FORMAT_JSON;
	enum bp_rc rc = bp_cli_open(&sql, &err);

	output.objects = json ? cJSON_CreateArray() : NULL;
	if (rc == BP_OK) {
		rc = bp_schema_read(sql, &version, take_object, &output, &err);
	}
	bp_sql_close(sql);
	if (rc == BP_OK && json) {
		cJSON *answer = cJSON_CreateObject();
		(void)cJSON_AddNumberToObject(answer, "schema_version", 1);
		(void)cJSON_AddNumberToObject(answer, "database_version", (double)version);
		(void)cJSON_AddItemToObject(answer, "objects", output.objects);
		output.objects = NULL;
		rc = bp_print_json(answer, &err);
	} else if (rc == BP_OK) {
		bp_print_line(&cli->print, "-- version %lld", (long long)version);
	}
	cJSON_Delete(output.objects);
	return rc == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
}

/* --- verify, rescue, compact, backup: jobs of the service --- */

static double number(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static int show_verify(const struct bp_cli *cli, const cJSON *result)
{
	const cJSON *problem;

	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "ok"))) {
		bp_print_line(&cli->print, "The database is sound: every page, and %s rows.",
			      bp_text_count(llround(number(result, "rows"))).text);
		return BP_EXIT_OK;
	}
	cJSON_ArrayForEach (problem, cJSON_GetObjectItemCaseSensitive(result, "problems")) {
		bp_print_line(&cli->print, "%s",
			      cJSON_IsString(problem) ? problem->valuestring : "");
	}
	return bp_cli_fail(cli, BP_EXIT_FAILED,
			   "the database is damaged (%s of %s rows cannot be read): \"blueplane db "
			   "rescue\" sets it aside and makes a new one of everything there is",
			   bp_text_count(llround(number(result, "broken_rows"))).text,
			   bp_text_count(llround(number(result, "rows"))).text);
}

static int show_result(const struct bp_cli *cli, const char *verb, const cJSON *result)
{
	if (strcmp(verb, "verify") == 0) {
		return show_verify(cli, result);
	}
	if (strcmp(verb, "rescue") == 0) {
		bp_print_line(&cli->print, "The database is set aside, and a new one is made; see: "
					   "blueplane status");
		return BP_EXIT_OK;
	}
	if (strcmp(verb, "compact") == 0) {
		bp_print_line(&cli->print, "Compacted from %s to %s.",
			      bp_text_bytes(llround(number(result, "bytes_before"))).text,
			      bp_text_bytes(llround(number(result, "bytes_after"))).text);
		return BP_EXIT_OK;
	}
	const cJSON *path = cJSON_GetObjectItemCaseSensitive(result, "path");
	bp_print_line(&cli->print, "Wrote %s (%s).",
		      cJSON_IsString(path) ? path->valuestring : "the backup",
		      bp_text_bytes(llround(number(result, "bytes"))).text);
	return BP_EXIT_OK;
}

/* The service made the copy in its home; to: where it was asked for. The answer names that. */
static enum bp_rc deliver(cJSON *result, const char *to, struct bp_err *err)
{
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(result, "path");

	if (!cJSON_IsString(from)) {
		return bp_err_set(err, BP_EVERSION, "the service is older: restart it");
	}
	enum bp_rc rc = bp_file_move(from->valuestring, to, err);
	if (rc != BP_OK) {
		(void)unlink(from->valuestring);
		return rc;
	}
	char *absolute = realpath(to, NULL);
	(void)cJSON_ReplaceItemInObjectCaseSensitive(result, "path",
						     cJSON_CreateString(absolute ? absolute : to));
	free(absolute);
	return BP_OK;
}

/* to: of a backup, else NULL. */
static int run_job(struct bp_cli *cli, const char *verb, const char *to)
{
	char home[BP_HOME_PATH_BYTES], job[32];
	const struct bp_call call = {.home = home, .timeout_ms = -1};
	struct bp_err err = {0};
	cJSON *result = NULL;
	enum bp_rc rc = bp_cli_home(home, sizeof(home), &err);

	(void)snprintf(job, sizeof(job), "db_%s", verb);
	if (rc == BP_OK && to && access(to, F_OK) == 0) {
		rc = bp_err_set(&err, BP_EINVAL, "\"%s\" is there already: choose another name",
				to);
	}
	if (rc == BP_OK) {
		rc = bp_control_run(&call, job, NULL, &result, &err);
	}
	if (rc == BP_OK && to) {
		rc = deliver(result, to, &err);
	}
	if (rc != BP_OK) {
		cJSON_Delete(result);
		return bp_cli_fail_err(cli, &err);
	}
	if (cli->print.format == BP_FORMAT_JSON) {
		const cJSON *ok = cJSON_GetObjectItemCaseSensitive(result, "ok");
		int code = cJSON_IsFalse(ok) ? BP_EXIT_FAILED : BP_EXIT_OK;
		return bp_print_json(result, &err) == BP_OK ? code : bp_cli_fail_err(cli, &err);
	}
	int code = show_result(cli, verb, result);
	cJSON_Delete(result);
	return code;
}

static int run(struct bp_cli *cli)
{
	const char *verb = cli->options.args[0];
	bool is_backup = strcmp(verb, "backup") == 0;

	if (is_backup && cli->options.n_args != 2) {
		return bp_cli_fail_usage(cli, "\"db backup\" needs the path of the new file");
	}
	if (!is_backup && cli->options.n_args != 1) {
		return bp_cli_fail_usage(cli, "\"db %s\" takes no argument \"%.60s\"", verb,
					 cli->options.args[1]);
	}
	return strcmp(verb, "schema") == 0
		       ? show_schema(cli)
		       : run_job(cli, verb, is_backup ? cli->options.args[1] : NULL);
}

static const char *const VERBS[] = {"schema", "verify", "rescue", "compact", "backup", NULL};

const struct bp_command bp_cmd_db = {
	.name = "db",
	.summary = "the database: schema, verify, rescue, compact, backup",
	.usage = "db schema | verify | rescue | compact | backup FILE",
	.help = "schema shows every table; verify reads every page and row; rescue sets a damaged\n"
		"database aside and makes a new one of the sources, the archive and what can be "
		"read\n"
		"of it (the service does so by itself when it finds damage); compact gives unused\n"
		"space back; backup writes a copy while the service goes on.\n\n"
		"example: blueplane db backup /tmp/telemetry.db\n",
	.verbs = VERBS,
	.args_min = 1,
	.args_max = 2,
	.paths = true,
	.words_only = true,
	.pages = true,
	.run = run,
};
