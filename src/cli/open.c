/* SPDX-License-Identifier: MIT */
#include "cli/open.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "event/hash.h"
#include "query/database.h"

enum { CWD_BYTES = 4096 };

enum bp_rc bp_cli_home(char *out, size_t cap, struct bp_err *err)
{
	enum bp_rc rc = bp_home_path(out, cap, err);

	if (rc == BP_OK) {
		rc = bp_home_check(out, err);
	}
	if (rc == BP_ENOTFOUND) {
		return bp_err_set(err, rc,
				  "no data yet: there is no \"%.120s\"; run \"blueplane import\"",
				  out);
	}
	return rc;
}

enum bp_rc bp_cli_open(struct bp_sql **out, struct bp_err *err)
{
	char home[BP_HOME_PATH_BYTES], path[BP_HOME_PATH_BYTES];
	enum bp_rc rc = bp_cli_home(home, sizeof(home), err);

	if (rc == BP_OK) {
		rc = bp_home_file(home, "telemetry.db", path, sizeof(path), err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	rc = bp_query_open(path, out, err);
	if (rc == BP_ENOTFOUND) {
		return bp_err_set(err, rc,
				  "no data yet: \"%.120s\" has no database; run \"blueplane "
				  "import\"",
				  home);
	}
	if (rc == BP_ECORRUPT) {
		return bp_err_set(err, rc,
				  "\"%.120s\" is damaged: \"blueplane restart\" sets it aside and "
				  "makes a new one of everything there is",
				  path);
	}
	return rc;
}

enum bp_rc bp_cli_zone(const struct bp_cli *cli, struct bp_tz **out, struct bp_err *err)
{
	const char *name = bp_options_text(&cli->options, "timezone");
	enum bp_rc rc = bp_tz_load(name, out, err);

	if (rc != BP_OK && !name) {
		/* A machine without zone files still knows the time. */
		return bp_tz_load("UTC", out, err);
	}
	return rc == BP_OK
		       ? rc
		       : bp_err_set(err, BP_EINVAL,
				    "--timezone: there is no zone \"%.60s\"; names are those of "
				    "/usr/share/zoneinfo, as Europe/Berlin or UTC",
				    name);
}

enum bp_rc bp_cli_config(struct bp_query_config *out, struct bp_err *err)
{
	char home[BP_HOME_PATH_BYTES];

	*out = (struct bp_query_config){0};
	enum bp_rc rc = bp_home_path(home, sizeof(home), err);
	return rc == BP_OK ? bp_query_config_load(home, out, err) : rc;
}

struct bp_budgets bp_cli_budgets(const struct bp_cli *cli, struct bp_sql *sql,
				 const struct bp_tz *tz)
{
	struct bp_query_config config;
	struct bp_budgets budgets = {0};
	struct bp_tz *system = NULL;
	struct bp_sql *own = NULL;

	if (bp_cli_config(&config, NULL) != BP_OK ||
	    (config.budget_daily_pusd == 0 && config.budget_monthly_pusd == 0) ||
	    (!sql && bp_cli_open(&own, NULL) != BP_OK)) {
		return budgets;
	}
	if ((!tz && bp_tz_load(NULL, &system, NULL) != BP_OK) ||
	    bp_budgets_read(sql ? sql : own, &config, tz ? tz : system, cli->now_us, &budgets,
			    NULL) != BP_OK) {
		budgets = (struct bp_budgets){0};
	}
	bp_tz_free(system);
	bp_sql_close(own);
	return budgets;
}

enum bp_rc bp_cli_filter(const struct bp_cli *cli, struct bp_sql *sql, struct bp_filter *out,
			 struct bp_err *err)
{
	const char *platform = bp_options_text(&cli->options, "platform");
	const char *project = bp_options_text(&cli->options, "project");
	enum bp_rc rc = BP_OK;

	if (platform && strcmp(platform, "all") != 0) {
		rc = bp_filter_platform(sql, out, platform, err);
	}
	if (rc == BP_OK && project) {
		rc = bp_filter_project(sql, out, project, err);
	}
	return rc;
}

enum bp_rc bp_cli_project_here(char out[BP_PROJECT_HASH_BYTES], struct bp_err *err)
{
	char home[BP_HOME_PATH_BYTES], cwd[CWD_BYTES];
	unsigned char salt[BP_SALT_BYTES];
	struct bp_hash_key key;
	enum bp_rc rc = bp_home_path(home, sizeof(home), err);

	if (rc == BP_OK) {
		rc = bp_home_salt(home, salt, err);
	}
	if (rc == BP_OK && !getcwd(cwd, sizeof(cwd))) {
		rc = bp_err_set(err, BP_ENOTFOUND, "the working folder is gone");
	}
	if (rc != BP_OK) {
		return rc;
	}
	bp_hash_key_init(&key, salt);
	struct bp_hash_hex hash = bp_hash_path(&key, bp_str_from(cwd), (struct bp_str){NULL, 0});
	memcpy(out, hash.text, BP_PROJECT_HASH_BYTES);
	return BP_OK;
}
