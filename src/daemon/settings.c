/* SPDX-License-Identifier: MIT */
#include "daemon/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "event/projection.h"

static const char *const level_names[] = {"strict", "standard", "full", NULL};
static const char *const platform_level_names[] = {"same", "strict", "standard", "full", NULL};
static const char *const durability_names[] = {"everysec", "always", NULL};
static const char *const raw_names[] = {"archive", "delete", NULL};
static const char *const log_names[] = {"error", "warn", "info", "debug", NULL};

static const struct bp_option own_options[] = {
	{.name = "service.sandbox",
	 .type = BP_OPTION_BOOL,
	 .offset = offsetof(struct bp_daemon_config, sandbox),
	 .fallback = "true",
	 .help = "let the kernel keep the service from writing outside of the home"},
	{.name = "hooks.enabled",
	 .type = BP_OPTION_BOOL,
	 .offset = offsetof(struct bp_daemon_config, hooks_enabled),
	 .fallback = "true",
	 .reload = true,
	 .help = "take what blueplane-hook reports"},
	{.name = "privacy.level",
	 .type = BP_OPTION_CHOICE,
	 .offset = offsetof(struct bp_daemon_config, level),
	 .fallback = "strict",
	 .choices = level_names,
	 .help = "how much may be kept; hooks always keep strict"},
	{.name = "privacy.platforms.claude_code",
	 .type = BP_OPTION_CHOICE,
	 .offset = offsetof(struct bp_daemon_config, claude_level),
	 .fallback = "same",
	 .choices = platform_level_names,
	 .help = "how much may be kept of Claude Code; same: as privacy.level"},
	{.name = "privacy.store_prompts",
	 .type = BP_OPTION_BOOL,
	 .offset = offsetof(struct bp_daemon_config, store_prompts),
	 .fallback = "true",
	 .help = "keep the text of prompts at privacy.level full"},
	{.name = "privacy.store_responses",
	 .type = BP_OPTION_BOOL,
	 .offset = offsetof(struct bp_daemon_config, store_responses),
	 .fallback = "true",
	 .help = "keep the text of answers at privacy.level full"},
	{.name = "privacy.opt_out",
	 .type = BP_OPTION_FLAGS,
	 .offset = offsetof(struct bp_daemon_config, opt_out),
	 .fallback = "",
	 .choices = bp_opt_out_names,
	 .help = "groups that never enter the queue"},
	{.name = "privacy.project_names",
	 .type = BP_OPTION_BOOL,
	 .offset = offsetof(struct bp_daemon_config, project_names),
	 .fallback = "true",
	 .help = "keep the last component of a project's path"},
	{.name = "redis.url",
	 .type = BP_OPTION_TEXT,
	 .offset = offsetof(struct bp_daemon_config, redis_url),
	 .fallback = "",
	 .help = "an existing Redis (socket path or redis://host:port); empty: a private one"},
	{.name = "redis.binary",
	 .type = BP_OPTION_TEXT,
	 .offset = offsetof(struct bp_daemon_config, redis_binary),
	 .fallback = "redis-server",
	 .help = "the program of the private Redis"},
	{.name = "redis.max_memory",
	 .type = BP_OPTION_SIZE,
	 .offset = offsetof(struct bp_daemon_config, redis_max_memory),
	 .fallback = "256MiB",
	 .min = 64 * 1024 * 1024,
	 .max = (int64_t)64 * 1024 * 1024 * 1024,
	 .help = "memory limit of the private Redis"},
	{.name = "stream.durability",
	 .type = BP_OPTION_CHOICE,
	 .offset = offsetof(struct bp_daemon_config, durability),
	 .fallback = "everysec",
	 .choices = durability_names,
	 .help = "how often the private Redis syncs its log to disk"},
	{.name = "retention.raw_days",
	 .type = BP_OPTION_INT,
	 .offset = offsetof(struct bp_daemon_config, raw_days),
	 .fallback = "90",
	 .min = 0,
	 .max = 36500,
	 .help = "days that recorded rows stay in the database; 0: for ever. Numbers stay"},
	{.name = "retention.raw",
	 .type = BP_OPTION_CHOICE,
	 .offset = offsetof(struct bp_daemon_config, raw_fate),
	 .fallback = "archive",
	 .choices = raw_names,
	 .help = "what becomes of older rows"},
	{.name = "retention.facts_days",
	 .type = BP_OPTION_INT,
	 .offset = offsetof(struct bp_daemon_config, facts_days),
	 .fallback = "0",
	 .min = 0,
	 .max = 36500,
	 .help = "days that sessions and their numbers are kept; 0: for ever"},
	{.name = "retention.delay",
	 .type = BP_OPTION_DURATION,
	 .offset = offsetof(struct bp_daemon_config, first_us),
	 .fallback = "5m",
	 .min = 0,
	 .max = 86400000000,
	 .help = "how long after its start the service looks for old rows; then daily"},
	{.name = "storage.max_mb",
	 .type = BP_OPTION_INT,
	 .offset = offsetof(struct bp_daemon_config, max_mb),
	 .fallback = "0",
	 .min = 0,
	 .max = 1048576,
	 .help = "MB of database from which older rows go first; 0: no limit"},
	{.name = "log.level",
	 .type = BP_OPTION_CHOICE,
	 .offset = offsetof(struct bp_daemon_config, log_level),
	 .fallback = "info",
	 .choices = log_names,
	 .reload = true,
	 .help = "what the service writes to its log"},
	{.name = NULL},
};

/** Apply "name=value". */
static enum bp_rc apply_change(struct bp_config *config, const char *change, struct bp_err *err)
{
	const char *equals = strchr(change, '=');

	if (!equals) {
		return bp_err_set(err, BP_EINVAL, "--set \"%s\": expected name=value", change);
	}
	char *name = bp_strdup(bp_str_make(change, (size_t)(equals - change)));
	enum bp_rc rc = bp_config_set(config, name, equals + 1, err);
	free(name);
	return rc == BP_OK ? rc : bp_err_wrap(err, rc, "--set");
}

static void make_config(struct bp_settings *settings)
{
	memset(settings, 0, sizeof(*settings));
	const struct bp_option_table tables[] = {
		{.options = own_options, .target = &settings->daemon},
		{.options = bp_capture_options, .target = &settings->capture},
		{.options = bp_fastpath_options, .target = &settings->fastpath},
		{.options = bp_slowpath_options, .target = &settings->slowpath},
		{.options = bp_query_options, .target = &settings->query},
		{.options = bp_price_options, .target = &settings->price},
	};

	settings->config = bp_config_new(tables, sizeof(tables) / sizeof(tables[0]));
}

enum bp_rc bp_settings_load(struct bp_settings *settings, const char *home, char *const *changes,
			    size_t n, struct bp_err *err)
{
	make_config(settings);
	enum bp_rc rc = bp_config_read_files(settings->config, home, err);
	if (rc == BP_OK) {
		rc = bp_config_read_env(settings->config, environ, err);
	}
	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		rc = apply_change(settings->config, changes[i], err);
	}
	if (rc == BP_OK) {
		rc = bp_prices_new(settings->price.prices, &settings->prices, err);
	}
	if (rc != BP_OK) {
		bp_settings_done(settings);
	}
	return rc;
}

enum bp_rc bp_settings_check(const char *path, struct bp_err *err)
{
	struct bp_settings settings;

	make_config(&settings);
	enum bp_rc rc = bp_config_read_file(settings.config, path, err);
	if (rc == BP_OK) {
		rc = bp_prices_new(settings.price.prices, &settings.prices, err);
	}
	bp_settings_done(&settings);
	return rc;
}

struct bp_policy bp_settings_policy(const struct bp_daemon_config *config)
{
	int level = config->claude_level > 0 ? config->claude_level - 1 : config->level;

	return (struct bp_policy){.level = (enum bp_level)level,
				  .opt_out = config->opt_out,
				  .project_names = config->project_names,
				  .store_prompts = config->store_prompts,
				  .store_responses = config->store_responses};
}

void bp_settings_done(struct bp_settings *settings)
{
	bp_prices_free(settings->prices);
	bp_config_free(settings->config);
	memset(settings, 0, sizeof(*settings));
}
