/* SPDX-License-Identifier: MIT */
/* Everything a user can get wrong, each with the command that mends it. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"
#include "cli/cmds.h"
#include "cli/control_client.h"
#include "cli/install.h"
#include "cli/process.h"
#include "cli/service_control.h"
#include "cli/text.h"
#include "query/prices.h"
#include "query/rescue.h"
#include "store/store.h"

enum {
	LABEL = 21,
	ANSWER_MS = 10000,
	CACHE_BYTES = 1024 * 1024,
	SPACE_LEAST = 256 * 1024 * 1024,
	SETTINGS_BYTES_MAX = 16 * 1024 * 1024,
	DEPTH_MANY = 10000
};

/** What all checks share, and where their findings go. */
struct doctor {
	struct bp_cli *cli;
	char home[BP_HOME_PATH_BYTES];
	cJSON *checks;
	cJSON *status; /* of the service; NULL: it does not run */
	int bad;
};

/** One finding. fix NULL: all is well. */
static void report(struct doctor *doctor, const char *name, const char *detail, const char *fix)
{
	cJSON *check = cJSON_CreateObject();

	cJSON_AddStringToObject(check, "name", name);
	cJSON_AddBoolToObject(check, "ok", fix == NULL);
	cJSON_AddStringToObject(check, "detail", detail);
	if (fix) {
		cJSON_AddStringToObject(check, "fix", fix);
	} else {
		cJSON_AddNullToObject(check, "fix");
	}
	cJSON_AddItemToArray(doctor->checks, check);
	doctor->bad += fix ? 1 : 0;
}

static const char *text_of(const cJSON *check, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(check, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static void check_home(struct doctor *doctor)
{
	struct bp_err err = {0};
	enum bp_rc rc = bp_home_check(doctor->home, &err);
	struct statvfs fs;
	const char *fix = err.msg;

	if (rc == BP_ENOTFOUND) {
		report(doctor, "home", "there is none yet", "blueplane start");
		return;
	}
	/* The message ends in what mends it; for a script it stands apart. */
	for (const char *at = err.msg; (at = strstr(at, ": ")) != NULL;) {
		at += 2;
		fix = at;
	}
	report(doctor, "home", rc == BP_OK ? "private" : err.msg, rc == BP_OK ? NULL : fix);
	if (statvfs(doctor->home, &fs) == 0) {
		uint64_t free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
		struct bp_text room = bp_text_bytes((int64_t)free_bytes);

		report(doctor, "disk", room.text,
		       free_bytes < SPACE_LEAST ? "free some space: events wait in Redis and in "
						  "their files until there is room"
						: NULL);
	}
}

static void check_programs(struct doctor *doctor)
{
	static const char *const names[] = {"blueplaned", "blueplane-hook"};
	char path[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};

	for (size_t i = 0; i < 2; i++) {
		bool found = bp_process_find(names[i], path, sizeof(path), &err) == BP_OK;
		report(doctor, names[i], found ? path : "not found", found ? NULL : "scripts/up");
	}
	bool redis = access("/usr/bin/redis-server", X_OK) == 0 ||
		     bp_process_find("redis-server", path, sizeof(path), &err) == BP_OK;
	report(doctor, "redis-server", redis ? "found" : "not found",
	       redis ? NULL : "sudo apt install redis-server");
}

static void check_config(struct doctor *doctor)
{
	char program[BP_HOME_PATH_BYTES];
	struct bp_child child;
	struct bp_buf talk;
	struct bp_err err = {0};

	if (bp_process_find("blueplaned", program, sizeof(program), &err) != BP_OK) {
		return; /* reported already */
	}
	char *const argv[] = {program, (char[]){"--config"}, (char[]){"validate"}, NULL};
	if (bp_process_start(argv, &child, &err) != BP_OK) {
		report(doctor, "config", err.msg, "scripts/up");
		return;
	}
	bp_buf_init(&talk, 65536);
	int code = bp_process_finish(&child, &talk);
	while (talk.len > 0 && talk.ptr[talk.len - 1] == '\n') {
		talk.ptr[--talk.len] = '\0';
	}
	report(doctor, "config",
	       code == 0      ? "valid"
	       : talk.len > 0 ? talk.ptr
			      : "not valid",
	       code == 0 ? NULL : "correct the line, then: blueplane config validate");
	bp_buf_done(&talk);
}

static int64_t number(const cJSON *root, const char *group, const char *name)
{
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, group);
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? llround(item->valuedouble) : 0;
}

static const char *text(const cJSON *root, const char *group, const char *name)
{
	const cJSON *object = cJSON_GetObjectItemCaseSensitive(root, group);
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static void check_service(struct doctor *doctor)
{
	const struct bp_call call = {.home = doctor->home, .timeout_ms = ANSWER_MS};
	struct bp_err err = {0};
	long pid = 0;
	enum bp_rc rc = bp_control_ask(&call, "status", NULL, &doctor->status, &err);

	if (rc == BP_ENOTFOUND && bp_service_locked(doctor->home, &pid)) {
		report(doctor, "service", "a process holds the home and does not listen",
		       "blueplane restart");
	} else if (rc == BP_ENOTFOUND) {
		report(doctor, "service", "not running", "blueplane start");
	} else if (rc != BP_OK) {
		report(doctor, "service", err.msg, "blueplane restart");
	} else if (strcmp(text(doctor->status, "service", "version"), BP_VERSION) != 0) {
		report(doctor, "service", "running, but of another version", "blueplane restart");
	} else {
		report(doctor, "service", "running", NULL);
	}
}

static void check_queue(struct doctor *doctor)
{
	const cJSON *status = doctor->status;
	char detail[96];

	if (!status) {
		return;
	}
	bool up = strcmp(text(status, "redis", "state"), "running") == 0;
	report(doctor, "redis", up ? "answers" : "does not answer",
	       up ? NULL : "blueplane logs, then: blueplane restart");
	int64_t depth = number(status, "queue", "depth");
	(void)snprintf(detail, sizeof(detail), "%s events wait", bp_text_count(depth).text);
	report(doctor, "queue", detail,
	       depth < DEPTH_MANY ? NULL : "wait: blueplane status --wait; else blueplane logs");
	int64_t dead = number(status, "queue", "dead_letters");
	(void)snprintf(detail, sizeof(detail), "%s", bp_text_count(dead).text);
	report(doctor, "dead letters", detail, dead ? "blueplane dlq list" : NULL);
	int64_t lost = number(status, "queue", "spool_lost");
	(void)snprintf(detail, sizeof(detail), "%s events lost", bp_text_count(lost).text);
	report(doctor, "spool", detail,
	       lost ? "keep the service running: blueplane start (what was lost stays lost)"
		    : NULL);
}

static void check_prices(struct doctor *doctor, struct bp_sql *sql)
{
	struct bp_prices_status prices = {0};
	struct bp_err err = {0};
	char detail[128];
	enum bp_rc rc = bp_prices_status_read(sql, &prices, &err);

	if (rc != BP_OK) {
		report(doctor, "prices", err.msg, "blueplane db verify");
	} else if (prices.stale_calls > 0) {
		(void)snprintf(detail, sizeof(detail), "%s of other prices than today's",
			       bp_text_of(prices.stale_calls, "call").text);
		report(doctor, "prices", detail, "blueplane costs reprice");
	} else if (prices.unpriced_calls > 0) {
		/* Nothing is wrong: their tokens are counted, and their cost is said to be unknown. */
		(void)snprintf(detail, sizeof(detail),
			       "up to date; %s of models without a price (costs.prices)",
			       bp_text_of(prices.unpriced_calls, "call").text);
		report(doctor, "prices", detail, NULL);
	} else {
		report(doctor, "prices", "up to date", NULL);
	}
}

static void check_database(struct doctor *doctor)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_statement *statement = NULL;
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};
	enum bp_rc rc = bp_home_file(doctor->home, "telemetry.db", path, sizeof(path), &err);

	if (rc == BP_OK) {
		rc = bp_sql_open(path, BP_SQL_READ, CACHE_BYTES, &sql, &err);
	}
	if (rc == BP_ENOTFOUND) {
		report(doctor, "database", "none yet", "blueplane up");
		return;
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, "PRAGMA user_version", &statement, &err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_step(statement, &err);
	}
	if (rc == BP_ECORRUPT) {
		report(doctor, "database", "damaged",
		       "blueplane restart (it is set aside, and made anew of everything there is)");
	} else if (rc != BP_OK) {
		report(doctor, "database", err.msg, "blueplane db verify");
	} else if (bp_column_int(statement, 0) > bp_store_version()) {
		report(doctor, "database", "made by a newer version of blueplane",
		       "install the newer version again");
	} else {
		report(doctor, "database", "readable", NULL);
		if (bp_column_int(statement, 0) == bp_store_version()) {
			check_prices(doctor, sql);
		}
	}
	bp_statement_free(statement);
	bp_sql_close(sql);
}

/** A damaged database that was set aside: told until the file is deleted. */
static void check_set_aside(struct doctor *doctor)
{
	cJSON *aside = bp_rescue_json(doctor->home);
	char detail[BP_HOME_PATH_BYTES + 256];
	const char *fix = NULL;

	if (cJSON_IsObject(aside)) {
		bool done = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(aside, "done")) != 0;
		bool purges_lost =
			cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(aside, "purges_lost")) != 0;

		if (!done) {
			fix = "blueplane start; blueplane status --wait";
		} else if (purges_lost) {
			fix = "purge again what was purged (it may have come back), then delete "
			      "the file";
		}
		(void)snprintf(detail, sizeof(detail),
			       "it was damaged (%s) and %s made anew; the old one is "
			       "%s, not needed any more once you are content",
			       text_of(aside, "reason"), done ? "was" : "is being",
			       text_of(aside, "path"));
		report(doctor, "set aside", detail, fix);
	}
	cJSON_Delete(aside);
}

static void check_claude(struct doctor *doctor)
{
	struct bp_err err = {0};
	struct bp_buf diff;
	bool changed = false;

	if (!bp_claude_present()) {
		report(doctor, "claude-code", "not used by this user", NULL);
		return;
	}
	bp_buf_init(&diff, 2 * SETTINGS_BYTES_MAX);
	enum bp_rc rc = bp_claude_install(doctor->home, true, 0, true, &diff, &changed, &err);
	if (rc != BP_OK) {
		report(doctor, "claude-code", err.msg,
		       "correct its settings.json, then: blueplane install claude-code");
	} else {
		report(doctor, "claude-code",
		       diff.len > 0 ? "its hooks do not (all) report to this blueplane"
				    : "its hooks report to this blueplane",
		       diff.len > 0 ? "blueplane install claude-code" : NULL);
	}
	bp_buf_done(&diff);
}

/** The kernel's limit on watched folders. */
static void check_watches(struct doctor *doctor)
{
	static const char path[] = "/proc/sys/fs/inotify/max_user_watches";
	struct bp_buf limit;
	char detail[64];

	bp_buf_init(&limit, 64);
	if (bp_file_read(path, &limit, NULL) == BP_OK && limit.len > 0) {
		(void)snprintf(detail, sizeof(detail), "up to %.*s folders",
			       (int)strcspn(limit.ptr, "\n"), limit.ptr);
		report(doctor, "inotify", detail,
		       limit.len < 5 ? "sudo sysctl fs.inotify.max_user_watches=65536" : NULL);
	}
	bp_buf_done(&limit);
}

/** Variables of the earlier system that make people expect an upload. */
static void check_environment(struct doctor *doctor)
{
	const char *endpoint = getenv("TELEMETRY_ENDPOINT"); /* NOLINT(concurrency-mt-unsafe) */

	report(doctor, "outbound",
	       endpoint && endpoint[0]
		       ? "TELEMETRY_ENDPOINT is set and ignored: nothing leaves this machine"
		       : "nothing leaves this machine",
	       NULL);
}

static void print_table(const struct doctor *doctor)
{
	struct bp_table *table = bp_table_new();
	const cJSON *check = NULL;

	bp_table_column(table, "ok", BP_LEFT);
	bp_table_column(table, "check", BP_LEFT);
	bp_table_column(table, "detail", BP_LEFT);
	bp_table_column(table, "fix", BP_LEFT);
	cJSON_ArrayForEach (check, doctor->checks) {
		bool ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(check, "ok")) != 0;

		bp_table_row(table);
		bp_table_cell(table, BP_PAINT_NONE, "%s", ok ? "true" : "false");
		bp_table_cell(table, BP_PAINT_NONE, "%s", text_of(check, "name"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", text_of(check, "detail"));
		bp_table_cell(table, BP_PAINT_NONE, "%s", text_of(check, "fix"));
	}
	bp_table_print(table, &doctor->cli->print);
	bp_table_free(table);
}

/** For people: nothing of a reason or a cure may be cut. */
static void print_screen(const struct doctor *doctor)
{
	const struct bp_print *print = &doctor->cli->print;
	const cJSON *check = NULL;
	char label[64];

	cJSON_ArrayForEach (check, doctor->checks) {
		bool ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(check, "ok")) != 0;

		(void)snprintf(label, sizeof(label), "%-3s  %s", ok ? "ok" : "BAD",
			       text_of(check, "name"));
		bp_print_field(print, ok ? BP_PAINT_GOOD : BP_PAINT_BAD, LABEL, label, "%s",
			       text_of(check, "detail"));
		if (!ok) {
			bp_print_field(print, BP_PAINT_NONE, LABEL, "", "mend it with: %s",
				       text_of(check, "fix"));
		}
	}
}

static int run(struct bp_cli *cli)
{
	struct doctor doctor = {.cli = cli};
	struct bp_err err = {0};

	if (bp_home_path(doctor.home, sizeof(doctor.home), &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	doctor.checks = cJSON_CreateArray();
	check_home(&doctor);
	check_programs(&doctor);
	check_config(&doctor);
	check_service(&doctor);
	check_queue(&doctor);
	check_database(&doctor);
	check_set_aside(&doctor);
	check_claude(&doctor);
	check_watches(&doctor);
	check_environment(&doctor);
	if (cli->print.format == BP_FORMAT_JSON) {
		cJSON *root = cJSON_CreateObject();

		cJSON_AddNumberToObject(root, "schema_version", 1);
		cJSON_AddBoolToObject(root, "ok", doctor.bad == 0);
		cJSON_AddItemToObject(root, "checks", doctor.checks);
		if (bp_print_json(root, &err) != BP_OK) {
			(void)bp_cli_fail_err(cli, &err);
		}
	} else {
		if (cli->print.format == BP_FORMAT_TABLE) {
			print_screen(&doctor);
		} else {
			print_table(&doctor);
		}
		cJSON_Delete(doctor.checks);
	}
	cJSON_Delete(doctor.status);
	return doctor.bad == 0 ? BP_EXIT_OK : BP_EXIT_FAILED;
}

const struct bp_command bp_cmd_doctor = {
	.name = "doctor",
	.summary = "check everything, and say what mends it",
	.usage = "doctor",
	.help = "Check the home, the programs, the configuration, the service, Redis, the queue, "
		"the "
		"database and the hooks.\nExit 1 when something needs attention.\n\n"
		"example: blueplane doctor\n",
	.pages = true,
	.run = run,
};
