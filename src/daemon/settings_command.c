/* SPDX-License-Identifier: MIT */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/home.h"
#include "daemon/hook_conf.h"
#include "daemon/notify.h"
#include "daemon/settings.h"

enum { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, FILE_BYTES_MAX = 1024 * 1024 };

static const char *const origin_names[] = {
	[BP_FROM_DEFAULT] = "default",
	[BP_FROM_FILE] = "file",
	[BP_FROM_ENV] = "environment",
	[BP_FROM_FLAG] = "flag",
};

static int fail(const struct bp_err *err, int code)
{
	(void)fprintf(stderr, "blueplane: %s\n", err->msg);
	return code;
}

static void print_line(const struct bp_option *option, const char *value,
		       enum bp_config_origin origin, void *arg)
{
	(void)arg;
	(void)printf("%-28s %-24s %-12s %s\n", option->name, value[0] ? value : "\"\"",
		     origin_names[origin], option->help);
}

static void add_json(const struct bp_option *option, const char *value,
		     enum bp_config_origin origin, void *arg)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "name", option->name);
	cJSON_AddStringToObject(item, "value", value);
	cJSON_AddStringToObject(item, "default", option->fallback);
	cJSON_AddStringToObject(item, "from", origin_names[origin]);
	cJSON_AddBoolToObject(item, "reload", option->reload);
	cJSON_AddStringToObject(item, "help", option->help);
	cJSON_AddItemToArray(arg, item);
}

static int list_options(const struct bp_settings *settings, bool json)
{
	if (!json) {
		bp_config_each(settings->config, print_line, NULL);
		return EXIT_DONE;
	}
	cJSON *root = cJSON_CreateObject();
	cJSON_AddNumberToObject(root, "schema_version", 1);
	bp_config_each(settings->config, add_json, cJSON_AddArrayToObject(root, "options"));
	char *text = cJSON_PrintUnformatted(root);
	(void)printf("%s\n", text);
	cJSON_free(text);
	cJSON_Delete(root);
	return EXIT_DONE;
}

static int get_option(struct bp_settings *settings, const char *name)
{
	struct bp_err err = {0};
	const char *value = bp_config_get(settings->config, name);

	if (!value) {
		/* For its message, which names the nearest; it cannot succeed. */
		enum bp_rc rc = bp_config_set(settings->config, name, "", &err);
		return fail(&err, rc == BP_OK ? EXIT_FAILED : EXIT_USAGE);
	}
	(void)printf("%s\n", value);
	return EXIT_DONE;
}

/** What no option can tell of its own value. Errors: BP_EINVAL. */
static enum bp_rc check_value(struct bp_settings *settings, const char *name, const char *value,
			      struct bp_err *err)
{
	struct bp_prices *prices = NULL;
	enum bp_rc rc = value ? bp_config_set(settings->config, name, value, err) : BP_OK;

	if (rc == BP_OK) {
		rc = bp_prices_new(settings->price.prices, &prices, err);
	}
	bp_prices_free(prices);
	return rc;
}

/** Write one option into the home's file; *out_reload: it needs no restart. */
static enum bp_rc write_option(const char *home, const char *name, const char *value,
			       bool *out_reload, struct bp_err *err)
{
	struct bp_settings settings;
	char path[BP_HOME_PATH_BYTES];
	enum bp_rc rc = bp_home_file(home, "config.yaml", path, sizeof(path), err);

	if (rc == BP_OK) {
		rc = bp_settings_load(&settings, home, NULL, 0, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	rc = check_value(&settings, name, value, err);
	if (rc == BP_OK) {
		rc = bp_config_write(settings.config, path, name, value, err);
	}
	const struct bp_option *option = bp_config_option(settings.config, name);
	*out_reload = option && option->reload;
	bp_settings_done(&settings);
	return rc;
}

/** Let everyone know that the file is another one. */
static int spread(const char *home, bool reload)
{
	struct bp_settings settings;
	struct bp_err err = {0};
	/* From all places: an environment variable may stand over what was just written. */
	enum bp_rc rc = bp_settings_load(&settings, home, NULL, 0, &err);

	if (rc == BP_OK) {
		rc = bp_hook_conf_write(home, &settings.daemon, &err);
		bp_settings_done(&settings);
	}
	if (rc != BP_OK) {
		return fail(&err, EXIT_FAILED);
	}
	if (bp_notify_reload(home) && !reload) {
		(void)fprintf(stderr, "The service uses it after: blueplane restart\n");
	}
	return EXIT_DONE;
}

/** Write name (NULL value: its default) into the home's file. */
static int change_option(const char *home, const char *name, const char *value)
{
	struct bp_err err = {0};
	bool reload = false;
	enum bp_rc rc = bp_home_make(home, &err);

	if (rc != BP_OK) {
		return fail(&err, EXIT_FAILED);
	}
	rc = write_option(home, name, value, &reload, &err);
	if (rc != BP_OK) {
		return fail(&err, rc == BP_EINVAL || rc == BP_ENOTFOUND ? EXIT_USAGE : EXIT_FAILED);
	}
	return spread(home, reload);
}

/** Make the home's file what `from` holds, if that would do. */
static int replace_file(const char *home, const char *from)
{
	char path[BP_HOME_PATH_BYTES];
	struct bp_err err = {0};
	struct bp_buf text;

	bp_buf_init(&text, FILE_BYTES_MAX);
	enum bp_rc rc = bp_settings_check(from, &err);
	if (rc == BP_OK) {
		rc = bp_home_make(home, &err);
	}
	if (rc == BP_OK) {
		rc = bp_home_file(home, "config.yaml", path, sizeof(path), &err);
	}
	if (rc == BP_OK) {
		rc = bp_file_read(from, &text, &err);
	}
	if (rc == BP_OK) {
		rc = bp_file_replace(path, bp_buf_str(&text), 0600, &err);
	}
	bp_buf_done(&text);
	if (rc != BP_OK) {
		return fail(&err, rc == BP_EINVAL ? EXIT_USAGE : EXIT_FAILED);
	}
	return spread(home, false);
}

static int usage(void)
{
	(void)fprintf(
		stderr,
		"blueplane: config takes: list [--json], get NAME, set NAME VALUE, reset NAME, "
		"validate, edit\n");
	return EXIT_USAGE;
}

int bp_settings_command(const char *home, int n, char *const *words)
{
	struct bp_settings settings;
	struct bp_err err = {0};
	const char *verb = n > 0 ? words[0] : "list";
	bool json = n > 1 && strcmp(words[n - 1], "--json") == 0;
	int code = EXIT_USAGE;

	n -= json ? 1 : 0;
	if (strcmp(verb, "set") == 0 && n == 3) {
		return change_option(home, words[1], words[2]);
	}
	if (strcmp(verb, "reset") == 0 && n == 2) {
		return change_option(home, words[1], NULL);
	}
	if (strcmp(verb, "replace") == 0 && n == 2) {
		return replace_file(home, words[1]);
	}
	bool document = strcmp(verb, "document") == 0 && n == 1;
	bool list = strcmp(verb, "list") == 0 && n <= 1;
	bool get = strcmp(verb, "get") == 0 && n == 2;
	bool validate = strcmp(verb, "validate") == 0 && n == 1;
	if (!list && !get && !validate && !document) {
		return usage();
	}
	if (bp_settings_load(&settings, home, NULL, 0, &err) != BP_OK) {
		return fail(&err, EXIT_USAGE);
	}
	if (list) {
		code = list_options(&settings, json);
	} else if (document) {
		bp_settings_document(&settings);
		code = EXIT_DONE;
	} else if (get) {
		code = get_option(&settings, words[1]);
	} else {
		(void)printf("The configuration is valid.\n");
		code = EXIT_DONE;
	}
	bp_settings_done(&settings);
	return code;
}
