/* SPDX-License-Identifier: MIT */
/**
 * settings.h - every option of the service in one place: the tables of all folders, joined.
 *
 * Order:   default < $XDG_CONFIG_HOME/blueplane/config.yaml < <home>/config.yaml < environment <
 *          --set name=value.
 * Threads: made and changed by the main thread; the filled structs are copied by who needs them.
 */
#ifndef BP_DAEMON_SETTINGS_H
#define BP_DAEMON_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"
#include "capture/capture.h"
#include "event/projection.h"
#include "fastpath/fastpath.h"
#include "price/price.h"
#include "query/options.h"
#include "slowpath/slowpath.h"

/** What the daemon itself needs. */
struct bp_daemon_config {
	bool sandbox;         /* service.sandbox */
	bool hooks_enabled;   /* hooks.enabled */
	int level;            /* privacy.level, enum bp_level */
	int claude_level;     /* privacy.platforms.claude_code: 0 as privacy.level, else 1 + it */
	bool store_prompts;   /* privacy.store_prompts */
	bool store_responses; /* privacy.store_responses */
	uint32_t opt_out;     /* privacy.opt_out, bits of enum bp_opt_out */
	bool project_names;   /* privacy.project_names */
	char *redis_url;      /* redis.url; "": a private server */
	char *redis_binary;   /* redis.binary */
	int64_t redis_max_memory; /* redis.max_memory */
	int durability;           /* stream.durability: 0 everysec, 1 always */
	int64_t raw_days;         /* retention.raw_days; 0: for ever */
	int raw_fate;             /* retention.raw: 0 archive, 1 delete */
	int64_t facts_days;       /* retention.facts_days; 0: for ever */
	int64_t first_us;         /* retention.delay */
	int64_t max_mb;           /* storage.max_mb; 0: no limit */
	int log_level;            /* log.level, enum bp_log_level */
};

/** All of them. Texts are owned by config. */
struct bp_settings {
	struct bp_daemon_config daemon;
	struct bp_capture_config capture;
	struct bp_fastpath_config fastpath;
	struct bp_slowpath_config slowpath;
	struct bp_query_config query;
	struct bp_price_config price;
	struct bp_prices *prices; /* with the overrides of price */
	struct bp_config *config;
};

/**
 * Fill settings from files, environment and changes[n] ("name=value", later ones win).
 * Errors: those of base/config.h; nothing is left to free then.
 */
BP_MUSTUSE enum bp_rc bp_settings_load(struct bp_settings *settings, const char *home,
				       char *const *changes, size_t n, struct bp_err *err);
void bp_settings_done(struct bp_settings *settings);

/**
 * Would the file at path do as a configuration?
 * Errors: BP_EINVAL as bp_config_read_file(), naming line and key; BP_EIO it cannot be read.
 */
BP_MUSTUSE enum bp_rc bp_settings_check(const char *path, struct bp_err *err);

/** Print docs/configuration.md to stdout: every option with its default and what it may be. */
void bp_settings_document(const struct bp_settings *settings);

/** What may be kept of Claude Code, but for the salt and the redactor: the projection's policy. */
struct bp_policy bp_settings_policy(const struct bp_daemon_config *config);

/**
 * The `--config` program: words[0] is list, get, set, reset, validate, replace
 * (FILE becomes the home's file when it would do) or document. Prints on stdout,
 * errors on stderr.
 * Shape: returns the exit code: 0, 1 failed, 2 usage.
 */
int bp_settings_command(const char *home, int n, char *const *words);

#endif
