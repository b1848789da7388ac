/* SPDX-License-Identifier: MIT */
/* How blueplane stands: asked of the service, or read from the files when none runs. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/home.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/open.h"
#include "cli/service_control.h"
#include "cli/show.h"
#include "cli/text.h"
#include "event/timestamp.h"
#include "query/status.h"
#include "stream/spool.h"

enum { LABEL = 11, ANSWER_MS = 10000, CACHE_BYTES = 4 * 1024 * 1024 };

static int64_t file_bytes(const char *path, const char *suffix)
{
	char name[BP_HOME_PATH_BYTES + 8];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

/** The service is down: what the files say. */
static enum bp_rc read_files(const char *home, cJSON **out, struct bp_err *err)
{
	char database[BP_HOME_PATH_BYTES];
	struct bp_spool_state spool = {0};
	struct bp_sql *sql = NULL;
	struct bp_status status = {
		.state = "stopped",
		.version = BP_VERSION,
		.pid = BP_SQL_NULL,
		.uptime_s = BP_SQL_NULL,
		.redis_state = "stopped",
		.redis_private = true,
		.redis_pid = BP_SQL_NULL,
		.home = home,
		.database_path = database,
		/* What waits in a stopped Redis is not known; it is stored at the next start. */
		.queue_depth = BP_SQL_NULL,
		.dead_letters = BP_SQL_NULL,
	};
	enum bp_rc rc = bp_home_file(home, "telemetry.db", database, sizeof(database), err);

	if (rc != BP_OK) {
		return rc;
	}
	status.database_bytes = file_bytes(database, "") + file_bytes(database, "-wal");
	bp_spool_state(home, &spool);
	status.spool_files = spool.files;
	status.spool_bytes = spool.bytes;
	status.spool_lost = spool.lost;
	rc = bp_sql_open(database, BP_SQL_READ, CACHE_BYTES, &sql, err);
	if (rc == BP_OK) {
		rc = bp_status_count(sql, false, &status.rows, err);
	}
	if (rc == BP_OK) {
		rc = bp_status_read(sql, &status, err);
	}
	bp_sql_close(sql);
	if (rc == BP_OK || rc == BP_ENOTFOUND) { /* no database yet: nothing was ever recorded */
		*out = bp_status_json(&status);
		return BP_OK;
	}
	return rc;
}

static const cJSON *member(const cJSON *root, const char *group, const char *name)
{
	const cJSON *object = group ? cJSON_GetObjectItemCaseSensitive(root, group) : root;

	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/** A number, or -1 when it is not known. */
static int64_t number(const cJSON *root, const char *group, const char *name)
{
	const cJSON *item = member(root, group, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : -1;
}

static const char *text(const cJSON *root, const char *group, const char *name)
{
	const cJSON *item = member(root, group, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static void print_service(const struct bp_print *print, const cJSON *status)
{
	if (strcmp(text(status, "service", "state"), "running") == 0) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Service",
			       "running for %s (pid %lld, version %s)",
			       bp_text_span((double)number(status, "service", "uptime_s")).text,
			       (long long)number(status, "service", "pid"),
			       text(status, "service", "version"));
	} else {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Service",
			       "stopped (start it with: blueplane start)");
		return;
	}
	bool own = cJSON_IsTrue(member(status, "redis", "private")) != 0;
	if (strcmp(text(status, "redis", "state"), "running") != 0) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Redis",
			       "down; events wait in the spool and in the files "
			       "they come from");
	} else if (own) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Redis",
			       "running, private (pid %lld)%s",
			       (long long)number(status, "redis", "pid"),
			       number(status, "redis", "restarts") > 0 ? ", was restarted" : "");
	} else {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Redis", "running (redis.url)");
	}
}

static void print_queue(const struct bp_print *print, const cJSON *status)
{
	int64_t depth = number(status, "queue", "depth");
	int64_t dead = number(status, "queue", "dead_letters");
	int64_t files = number(status, "queue", "spool_files");
	int64_t lost = number(status, "queue", "spool_lost");

	if (depth >= 0) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Queue", "%s%s%s",
			       depth == 0 ? "empty" : bp_text_count(depth).text,
			       depth == 0 ? "" : " events wait, ",
			       depth == 0 ? "" : text(status, "queue", "level"));
	}
	if (files > 0) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Spool", "%s events wait (%s)",
			       bp_text_count(files).text,
			       bp_text_bytes(number(status, "queue", "spool_bytes")).text);
	}
	if (lost > 0) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Lost",
			       "%s events of hooks: the spool was full", bp_text_count(lost).text);
	}
	if (dead > 0) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Dead",
			       "%s letters (see: blueplane dlq list)", bp_text_count(dead).text);
	}
}

static void print_pools(const struct bp_print *print, const cJSON *status)
{
	const cJSON *pool = NULL;
	bool final = number(status, "queue", "depth") <= 0 &&
		     number(status, "queue", "spool_files") <= 0;

	cJSON_ArrayForEach (pool, member(status, NULL, "pools")) {
		int64_t lag = number(pool, NULL, "lag");
		if (lag > 0) {
			final = false;
			bp_print_field(print, BP_PAINT_NONE, LABEL, "Pool", "%s has %s to do",
				       text(pool, NULL, "name"), bp_text_count(lag).text);
		}
	}
	bool runs = strcmp(text(status, "service", "state"), "running") == 0;
	bp_print_field(print, BP_PAINT_NONE, LABEL, "Numbers", "%s",
		       final  ? "final"
		       : runs ? "not final yet (wait with: blueplane status --wait)"
			      : "not final: the service has to go on (blueplane start)");
	if (number(status, NULL, "fact_errors") > 0) {
		bp_print_field(print, BP_PAINT_NONE, LABEL, "Errors", "%s rows made no fact",
			       bp_text_count(number(status, NULL, "fact_errors")).text);
	}
}

static void print_sources(const struct bp_cli *cli, const cJSON *status)
{
	const cJSON *source = NULL;

	cJSON_ArrayForEach (source, member(status, NULL, "sources")) {
		char when[80] = "no event yet";
		int64_t last_us = 0;
		int64_t errors = number(source, NULL, "errors");
		int64_t rows = number(source, NULL, "rows");
		struct bp_str at = bp_str_from(text(source, NULL, "last_event_at"));

		if (bp_timestamp_parse(at, &last_us)) {
			(void)snprintf(when, sizeof(when), "last event %s ago",
				       bp_text_span((double)(cli->now_us - last_us) / 1e6).text);
		}
		bp_print_field(&cli->print, BP_PAINT_NONE, LABEL, "Source", "%-12s %s%s%s%s%s%s",
			       text(source, NULL, "name"),
			       cJSON_IsTrue(member(source, NULL, "enabled")) ? "" : "(off) ", when,
			       rows >= 0 ? ", rows: " : "",
			       rows >= 0 ? bp_text_count(rows).text : "",
			       errors > 0 ? ", lines not stored: " : "",
			       errors > 0 ? bp_text_count(errors).text : "");
	}
}

/** What became of a damaged database. */
static void print_set_aside(const struct bp_print *print, const cJSON *status)
{
	const cJSON *aside = member(status, "database", "set_aside");
	int64_t unreadable = number(aside, NULL, "unreadable");
	bool done = cJSON_IsTrue(member(aside, NULL, "done")) != 0;

	if (!cJSON_IsObject(aside)) {
		return;
	}
	bp_print_field(print, BP_PAINT_BAD, LABEL, "Set aside",
		       "the database was damaged (%s); it lies at %s", text(aside, NULL, "reason"),
		       text(aside, NULL, "path"));
	bp_print_field(print, BP_PAINT_NONE, LABEL, "",
		       "%s%s from it, files of the archive: %s%s%s",
		       done ? "made anew: " : "being made anew: so far ",
		       bp_text_of(number(aside, NULL, "rows"), "row").text,
		       bp_text_count(number(aside, NULL, "archive_files")).text,
		       unreadable > 0 ? ", places that cannot be read: " : "",
		       unreadable > 0 ? bp_text_count(unreadable).text : "");
	if (cJSON_IsTrue(member(aside, NULL, "purges_lost"))) {
		bp_print_field(print, BP_PAINT_BAD, LABEL, "",
			       "what was purged from it may have come back: purge it again");
	}
}

static void print_all(const struct bp_cli *cli, const cJSON *status)
{
	print_service(&cli->print, status);
	int64_t bytes = number(status, "database", "bytes");
	if (bytes > 0) {
		bp_print_field(&cli->print, BP_PAINT_NONE, LABEL, "Database", "%s, %s, %s",
			       text(status, "database", "path"), bp_text_bytes(bytes).text,
			       bp_text_of(number(status, "database", "rows"), "row").text);
	} else {
		bp_print_field(&cli->print, BP_PAINT_NONE, LABEL, "Database",
			       "none yet (begin with: blueplane up)");
	}
	if (*text(status, "database", "error")) {
		bp_print_field(&cli->print, BP_PAINT_NONE, LABEL, "",
			       "%s; until then events wait where they are",
			       text(status, "database", "error"));
	}
	print_set_aside(&cli->print, status);
	print_queue(&cli->print, status);
	print_pools(&cli->print, status);
	print_sources(cli, status);
}

static int run(struct bp_cli *cli)
{
	char home[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	cJSON *status = NULL;
	enum bp_rc rc = bp_home_path(home, sizeof(home), &err);

	if (rc == BP_OK) {
		rc = bp_home_check(home, &err);
	}
	if (rc != BP_OK && rc != BP_ENOTFOUND) {
		return bp_cli_fail_err(cli, &err);
	}
	struct bp_call call = {.home = home, .timeout_ms = ANSWER_MS};
	if (bp_options_given(&cli->options, "wait")) {
		struct bp_call wait = {.home = home, .timeout_ms = -1};

		rc = bp_control_ask(&wait, "wait", NULL, &status, &err);
		cJSON_Delete(status);
		status = NULL;
		if (rc == BP_ENOTFOUND) {
			return bp_cli_fail(cli, BP_EXIT_SERVICE,
					   "the service does not run, so nothing gets done: "
					   "blueplane start");
		}
		if (rc != BP_OK) {
			return bp_cli_fail_err(cli, &err);
		}
	}
	rc = bp_control_ask(&call, "status", NULL, &status, &err);
	if (rc == BP_ENOTFOUND) {
		rc = read_files(home, &status, &err);
	}
	if (rc != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	struct bp_budgets budgets = bp_cli_budgets(cli, NULL, NULL);
	if (cli->print.format == BP_FORMAT_JSON) {
		(void)cJSON_AddItemToObject(status, "budget", bp_budgets_json(&budgets));
		return bp_print_json(status, &err) == BP_OK ? BP_EXIT_OK
							    : bp_cli_fail_err(cli, &err);
	}
	print_all(cli, status);
	bp_show_budgets(&cli->print, &budgets);
	cJSON_Delete(status);
	return BP_EXIT_OK;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "wait", .letter = 'w', .help = "return when every number is final"},
	{.name = NULL},
};

const struct bp_command bp_cmd_status = {
	.name = "status",
	.summary = "show how the service, queue, database and sources stand",
	.usage = "status [--wait]",
	.help = "Show service, Redis, database, queue, dead letters, spool and each source. Works "
		"with the service down too.\n\nexample: blueplane status --wait --json\n",
	.options = OPTIONS,
	.words_only = true,
	.run = run,
};
