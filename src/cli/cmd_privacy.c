/* SPDX-License-Identifier: MIT */
/* What is kept at the present level, and whether anything else is there. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/text.h"

static const char *text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static int64_t number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : 0;
}

/* --- show --- */

static void add_rule(struct bp_table *table, const cJSON *rule)
{
	bool kept = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(rule, "kept")) != 0;
	const char *why = text(rule, "not_kept_for");

	bp_table_row(table);
	bp_table_cell(table, BP_PAINT_NONE, "%s", text(rule, "name"));
	bp_table_cell(table, kept ? BP_PAINT_GOOD : BP_PAINT_DIM, "%s", kept ? "yes" : "no");
	if (kept) {
		bp_table_cell(table, BP_PAINT_NONE, "%s", "");
	} else if (strcmp(why, "level") == 0) {
		bp_table_cell(table, BP_PAINT_NONE, "needs %s", text(rule, "level"));
	} else {
		bp_table_cell(table, BP_PAINT_NONE, "%s",
			      strcmp(why, "opt_out") == 0 ? "privacy.opt_out"
							  : text(rule, "setting"));
	}
	bp_table_cell(table, BP_PAINT_NONE, "%s", text(rule, "what"));
}

static void show_source(const struct bp_cli *cli, const cJSON *source)
{
	struct bp_table *table = bp_table_new();
	const cJSON *rule = NULL;

	if (cli->print.format == BP_FORMAT_TABLE) {
		bp_print_title(&cli->print, "%s, %s: %s", text(source, "platform"),
			       text(source, "source"), text(source, "level"));
	}
	bp_table_column(table, "Group", BP_LEFT);
	bp_table_column(table, "Kept", BP_LEFT);
	bp_table_column(table, "Why not", BP_LEFT);
	bp_table_column(table, "What", BP_WRAP);
	cJSON_ArrayForEach (rule, cJSON_GetObjectItemCaseSensitive(source, "kept")) {
		add_rule(table, rule);
	}
	bp_table_print(table, &cli->print);
	bp_table_free(table);
}

static int show(struct bp_cli *cli, const cJSON *result)
{
	const cJSON *source = NULL;
	bool first = true;

	cJSON_ArrayForEach (source, cJSON_GetObjectItemCaseSensitive(result, "platforms")) {
		if (!first && cli->print.format == BP_FORMAT_TABLE) {
			bp_print_line(&cli->print, "%s", "");
		}
		first = false;
		show_source(cli, source);
	}
	return BP_EXIT_OK;
}

/* --- audit --- */

static int tell_audit(struct bp_cli *cli, const cJSON *result)
{
	const cJSON *findings = cJSON_GetObjectItemCaseSensitive(result, "findings");
	const cJSON *finding = NULL;
	struct bp_table *table = bp_table_new();

	bp_table_column(table, "Where", BP_LEFT);
	bp_table_column(table, "What", BP_LEFT);
	bp_table_column(table, "Times", BP_RIGHT);
	bp_table_column(table, "First", BP_LEFT);
	cJSON_ArrayForEach (finding, findings) {
		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_BAD, "%s", text(finding, "place"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(finding, "kind"));
		bp_table_cell(table, BP_PAINT_NONE, "%s",
			      bp_text_count(number(finding, "count")).text);
		bp_table_cell(table, BP_PAINT_NONE, "%s", text(finding, "first"));
	}
	if (cJSON_GetArraySize(findings) > 0 || cli->print.format != BP_FORMAT_TABLE) {
		bp_table_print(table, &cli->print);
	}
	bp_table_free(table);
	if (cli->print.format != BP_FORMAT_TABLE) {
		return BP_EXIT_OK;
	}
	bp_print_line(
		&cli->print, "Looked at %s, %s, %s and %s at the level %s: %s.",
		bp_text_of(number(result, "rows") + number(result, "archived_rows"), "row").text,
		bp_text_of(number(result, "fact_texts"), "text").text,
		bp_text_of(number(result, "queue_entries"), "event").text,
		bp_text_of(number(result, "files"), "file").text, text(result, "level"),
		cJSON_GetArraySize(findings) > 0 ? "the places above hold what should not be "
						   "there"
						 : "nothing is there that should not be");
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	struct bp_progress line;
	bool is_audit = strcmp(cli->options.args[0], "audit") == 0;
	const struct bp_call call = {.home = home,
				     .progress = is_audit ? bp_progress_draw : NULL,
				     .arg = &line,
				     .timeout_ms = -1};
	cJSON *result = NULL;
	enum bp_rc rc = bp_cli_home(home, sizeof(home), &err);

	bp_progress_init(&line);
	if (rc == BP_OK) {
		rc = bp_control_run(&call, is_audit ? "privacy_audit" : "privacy_show", NULL,
				    &result, &err);
	}
	bp_progress_done(&line);
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	bool red = is_audit && !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(result, "clean"));
	int code;
	if (cli->print.format == BP_FORMAT_JSON) {
		code = bp_print_json(result, &err) == BP_OK ? BP_EXIT_OK
							    : bp_cli_fail_err(cli, &err);
	} else {
		code = is_audit ? tell_audit(cli, result) : show(cli, result);
		cJSON_Delete(result);
	}
	return code == BP_EXIT_OK && red ? BP_EXIT_FAILED : code;
}

static const char *const VERBS[] = {"show", "audit", NULL};

const struct bp_command bp_cmd_privacy = {
	.name = "privacy",
	.summary = "show what is kept, and look for what should not be there",
	.usage = "privacy show | audit",
	.help = "show: what is kept of each source at the present level, group by group.\n"
		"audit: look at every recorded row, every fact, the queue, logs and spooled events "
		"for text that the present level does not allow, and for what looks like a secret. "
		"Says where, never what; exit code 1 when something is there.\n\n"
		"example: blueplane privacy audit\n",
	.verbs = VERBS,
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
