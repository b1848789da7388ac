/* SPDX-License-Identifier: MIT */
/* Forget: what goes is shown first, then deleted everywhere, then searched for. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/open.h"
#include "cli/text.h"
#include "query/period.h"
#include "query/session.h"

/* Of an id: shorter ones are too easily those of another session. */
enum { PREFIX_LEAST = 8 };

static int64_t number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : 0;
}

static const char *text(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

/** Exactly one scope, as arguments of the job. NULL: said on stderr. Owns: the caller. */
static cJSON *make_scope(struct bp_cli *cli)
{
	static const char *const names[] = {"session", "project", "platform", "before"};
	const char *given = NULL;
	size_t n = bp_options_given(&cli->options, "all") ? 1 : 0;
	cJSON *args = cJSON_CreateObject();
	struct bp_err err = {0};
	struct bp_tz *tz = NULL;
	int64_t before_us = 0;

	cJSON_AddStringToObject(args, "scope", "all");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = bp_options_text(&cli->options, names[i]);
		if (!value) {
			continue;
		}
		n++;
		given = names[i];
		cJSON_ReplaceItemInObjectCaseSensitive(args, "scope", cJSON_CreateString(given));
		cJSON_AddStringToObject(args, "key", value);
	}
	if (n != 1) {
		(void)bp_cli_fail_usage(cli, "say what to purge: one of --session, --project, "
					     "--platform, --before, --all");
		cJSON_Delete(args);
		return NULL;
	}
	if (given && strcmp(given, "before") == 0) {
		enum bp_rc rc = bp_tz_load(NULL, &tz, &err);
		if (rc == BP_OK) {
			rc = bp_period_bound(bp_options_text(&cli->options, "before"), false, tz,
					     cli->now_us, &before_us, &err);
		}
		bp_tz_free(tz);
		if (rc != BP_OK) {
			(void)bp_cli_fail_usage(cli, "--before: %s", err.msg);
			cJSON_Delete(args);
			return NULL;
		}
		cJSON_AddNumberToObject(args, "before_us", (double)before_us);
	}
	if (bp_options_given(&cli->options, "allow-recapture")) {
		cJSON_AddTrueToObject(args, "allow_recapture");
	}
	return args;
}

/** In a dry run the plan is the answer, else it is talk. */
static void print_plan(const struct bp_cli *cli, const cJSON *args, const cJSON *plan, bool dry)
{
	const cJSON *copies = cJSON_GetObjectItemCaseSensitive(plan, "copies_in");
	const cJSON *copy = NULL;
	const char *key = text(args, "key");
	char line[512];

	(void)snprintf(line, sizeof(line), "To purge, %s%s%.200s: %s, %s, %s, %s, %s.",
		       text(args, "scope"), *key ? " " : "", key,
		       bp_text_of(number(plan, "sessions"), "session").text,
		       bp_text_of(number(plan, "rows"), "recorded row").text,
		       bp_text_of(number(plan, "archived_rows"), "archived row").text,
		       bp_text_of(number(plan, "dead_letters"), "dead letter").text,
		       bp_text_of(number(plan, "spool_files"), "spooled event").text);
	if (dry) {
		bp_print_line(&cli->print, "%s", line);
	} else {
		bp_cli_say(cli, "%s", line);
	}
	cJSON_ArrayForEach (copy, copies) {
		if (cJSON_IsString(copy)) {
			bp_cli_say(cli,
				   "Lines copied into session %s stay there; purge it as well "
				   "to remove them.",
				   copy->valuestring);
		}
	}
}

/** Ask on the terminal. */
static bool is_agreed(const struct bp_cli *cli)
{
	char answer[16] = "";

	bp_cli_say(cli, "This cannot be undone. The assistants' own files stay as they are.");
	(void)fprintf(stderr, "Purge it? [y/N] ");
	(void)fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int finish(struct bp_cli *cli, cJSON *result)
{
	struct bp_err err = {0};

	if (cli->print.format == BP_FORMAT_JSON) {
		return bp_print_json(result, &err) == BP_OK ? BP_EXIT_OK
							    : bp_cli_fail_err(cli, &err);
	}
	bp_print_line(
		&cli->print, "Purged %s of %s; searched %s: nothing left.",
		bp_text_of(number(result, "rows") + number(result, "archived_rows"), "row").text,
		bp_text_of(number(result, "sessions"), "session").text,
		bp_text_of(number(result, "files_searched"), "file").text);
	cJSON_Delete(result);
	return BP_EXIT_OK;
}

/**
 * People see the first letters of an id: make it whole. One that is in no fact (its dead letters
 * may be there) is left as it is.
 */
static enum bp_rc complete_id(cJSON *args, struct bp_err *err)
{
	const char *id = text(args, "key");
	struct bp_session session;
	struct bp_sql *sql = NULL;
	struct bp_err ignored = {0};

	if (strcmp(text(args, "scope"), "session") != 0) {
		return BP_OK;
	}
	enum bp_rc rc = strlen(id) < PREFIX_LEAST ? BP_ENOTFOUND : bp_cli_open(&sql, &ignored);
	if (rc == BP_OK) {
		rc = bp_session_find(sql, id, &session, err);
	}
	if (rc == BP_OK) {
		cJSON_ReplaceItemInObjectCaseSensitive(args, "key", cJSON_CreateString(session.id));
	}
	bp_sql_close(sql);
	return rc == BP_EINVAL ? rc : BP_OK;
}

static int fail(const struct bp_cli *cli, const cJSON *args, enum bp_rc rc,
		const struct bp_err *err)
{
	if (rc != BP_EINVAL || !*text(args, "key")) {
		return bp_cli_fail_err(cli, err);
	}
	return bp_cli_fail(cli, BP_EXIT_FAILED, "%s \"%.60s\": %s", text(args, "scope"),
			   text(args, "key"), err->msg);
}

static int run(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	const struct bp_call call = {.home = home, .timeout_ms = -1};
	bool dry = bp_options_given(&cli->options, "dry-run");
	bool yes = bp_options_given(&cli->options, "yes");
	cJSON *args = make_scope(cli);
	cJSON *plan = NULL;
	cJSON *result = NULL;
	int code = BP_EXIT_OK;

	if (!args) {
		return BP_EXIT_USAGE;
	}
	if (!dry && !yes && !isatty(STDIN_FILENO)) {
		cJSON_Delete(args);
		return bp_cli_fail_usage(cli,
					 "nobody is here to ask: add --yes, or look first with "
					 "--dry-run");
	}
	enum bp_rc rc = bp_cli_home(home, sizeof(home), &err);
	if (rc == BP_OK) {
		rc = complete_id(args, &err);
	}
	if (rc == BP_OK) {
		cJSON *ask = cJSON_Duplicate(args, true);
		cJSON_AddTrueToObject(ask, "dry_run");
		rc = bp_control_run(&call, "purge", ask, &plan, &err);
	}
	if (rc != BP_OK) {
		code = fail(cli, args, rc, &err);
		goto out;
	}
	if (dry && cli->print.format == BP_FORMAT_JSON) {
		code = bp_print_json(plan, &err) == BP_OK ? BP_EXIT_OK : bp_cli_fail_err(cli, &err);
		plan = NULL;
		goto out;
	}
	print_plan(cli, args, plan, dry);
	if (dry) {
		goto out;
	}
	if (!yes && !is_agreed(cli)) {
		code = bp_cli_fail(cli, BP_EXIT_FAILED, "nothing was purged");
		goto out;
	}
	rc = bp_control_run(&call, "purge", cJSON_Duplicate(args, true), &result, &err);
	code = rc == BP_OK ? finish(cli, result) : bp_cli_fail_err(cli, &err);
out:
	cJSON_Delete(plan);
	cJSON_Delete(args);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "session",
	 .letter = 's',
	 .value = "ID",
	 .help = "one session: its id, or 8 or more of its first letters"},
	{.name = "project", .value = "NAME", .help = "a project, by name or hash"},
	{.name = "platform", .value = "NAME", .help = "one assistant, as claude_code"},
	{.name = "before", .value = "TIME", .help = "what is older (a date, or 90d)"},
	{.name = "all", .help = "everything that was recorded"},
	{.name = "dry-run", .help = "show what would go, and stop"},
	{.name = "yes", .letter = 'y', .help = "do not ask"},
	{.name = "allow-recapture", .help = "let it come back when its files are read again"},
	{.name = NULL},
};

const struct bp_command bp_cmd_purge = {
	.name = "purge",
	.summary = "forget what was recorded",
	.usage = "purge --session ID | --project NAME | --platform NAME | --before TIME | --all",
	.help = "Delete it from the database, the queue, its log and the spool, then search every "
		"file of the home for it.\nIt does not come back when the assistant's files are "
		"read again. Shows what would go and asks first.\n\nexample: blueplane purge "
		"--before 90d --dry-run\n",
	.options = OPTIONS,
	.words_only = true,
	.run = run,
};
