/* SPDX-License-Identifier: MIT */
#include "base/config.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/config_private.h"
#include "base/mem.h"

static const char ENV_PREFIX[] = "BLUEPLANE_";

enum { NAME_BYTES_MAX = 128 };

static int by_name(const void *a, const void *b)
{
	const struct bp_config_entry *left = a;
	const struct bp_config_entry *right = b;

	return strcmp(left->option->name, right->option->name);
}

/** Take value into the entry, freeing what was there. */
static void put(struct bp_config_entry *entry, struct bp_config_value *value,
		enum bp_config_origin origin)
{
	bp_config_value_done(&entry->value);
	entry->value = *value;
	*value = (struct bp_config_value){0};
	bp_config_value_store(entry->option, &entry->value, entry->target);
	free(entry->text);
	entry->text = bp_config_value_text(entry->option, &entry->value);
	entry->origin = origin;
}

struct bp_config *bp_config_new(const struct bp_option_table *tables, size_t n)
{
	struct bp_config *config = bp_calloc(1, sizeof(*config));
	size_t i = 0;

	for (size_t t = 0; t < n; t++) {
		for (const struct bp_option *option = tables[t].options; option->name; option++) {
			config->n++;
		}
	}
	config->entries = bp_calloc(config->n, sizeof(*config->entries));
	for (size_t t = 0; t < n; t++) {
		for (const struct bp_option *option = tables[t].options; option->name; option++) {
			config->entries[i++] = (struct bp_config_entry){.option = option,
									.target = tables[t].target};
		}
	}
	if (config->n > 1) {
		qsort(config->entries, config->n, sizeof(*config->entries), by_name);
	}
	config->names = bp_calloc(config->n + 1, sizeof(*config->names));
	for (i = 0; i < config->n; i++) {
		struct bp_config_entry *entry = &config->entries[i];
		struct bp_config_value value = {0};
		struct bp_err err = {0};

		config->names[i] = entry->option->name;
		/* A table whose defaults do not parse, or that names one twice, is our mistake. */
		BP_ASSERT(i == 0 || strcmp(config->names[i - 1], config->names[i]) != 0);
		BP_ASSERT(bp_config_value_parse(entry->option, entry->option->fallback, &value,
						&err) == BP_OK);
		put(entry, &value, BP_FROM_DEFAULT);
	}
	return config;
}

void bp_config_free(struct bp_config *config)
{
	if (config) {
		for (size_t i = 0; i < config->n; i++) {
			bp_config_value_done(&config->entries[i].value);
			free(config->entries[i].text);
		}
		free(config->names);
		free(config->entries);
		free(config);
	}
}

struct bp_config_entry *bp_config_find(const struct bp_config *config, const char *name)
{
	const struct bp_option row = {.name = name};
	const struct bp_config_entry key = {.option = &row};

	return config->n ? bsearch(&key, config->entries, config->n, sizeof(key), by_name) : NULL;
}

bool bp_config_has_section(const struct bp_config *config, const char *section)
{
	size_t len = strlen(section);

	for (size_t i = 0; i < config->n; i++) {
		const char *name = config->names[i];

		if (strncmp(name, section, len) == 0 && name[len] == '.') {
			return true;
		}
	}
	return false;
}

enum bp_rc bp_config_unknown(const struct bp_config *config, enum bp_rc rc, const char *name,
			     struct bp_err *err)
{
	const char *near = bp_nearest(name, config->names);

	if (near) {
		return bp_err_set(err, rc, "no option \"%.60s\"; did you mean \"%s\"?", name, near);
	}
	return bp_err_set(err, rc, "no option \"%.60s\"; see blueplane config list", name);
}

void bp_config_apply(struct bp_config_entry *entry, struct bp_config_value *value,
		     enum bp_config_origin origin)
{
	if (origin < entry->origin) {
		bp_config_value_done(value); /* a reload of the file: the stronger one stays */
	} else {
		put(entry, value, origin);
	}
}

void bp_config_skip_unknown(struct bp_config *config)
{
	config->skip_unknown = true;
}

enum bp_rc bp_config_set(struct bp_config *config, const char *name, const char *value,
			 struct bp_err *err)
{
	struct bp_config_entry *entry = bp_config_find(config, name);
	struct bp_config_value parsed = {0};

	if (!entry) {
		return bp_config_unknown(config, BP_ENOTFOUND, name, err);
	}
	enum bp_rc rc = bp_config_value_parse(entry->option, value, &parsed, err);
	if (rc != BP_OK) {
		return bp_err_wrap(err, rc, "%s", name);
	}
	bp_config_apply(entry, &parsed, BP_FROM_FLAG);
	return BP_OK;
}

/** "fastpath.batch_events" as "BLUEPLANE_FASTPATH_BATCH_EVENTS". */
static void env_name(const char *name, char *out, size_t size)
{
	size_t n = sizeof(ENV_PREFIX) - 1;

	memcpy(out, ENV_PREFIX, n);
	for (; *name && n + 1 < size; name++) {
		out[n++] = (char)(*name == '.' ? '_' : toupper((unsigned char)*name));
	}
	out[n] = '\0';
}

/** The entry that variable (without "=value") sets, or NULL. */
static struct bp_config_entry *find_env(const struct bp_config *config, struct bp_str variable)
{
	char name[NAME_BYTES_MAX];

	for (size_t i = 0; i < config->n; i++) {
		env_name(config->names[i], name, sizeof(name));
		if (bp_str_is(variable, name)) {
			return &config->entries[i];
		}
	}
	return NULL;
}

/**
 * A variable that sets nothing: an error when it begins like one of our sections, since then it
 * was meant for us. BLUEPLANE_HOME and others are not options.
 */
static enum bp_rc check_unknown(const struct bp_config *config, struct bp_str variable,
				struct bp_err *err)
{
	char name[NAME_BYTES_MAX];
	bool ours = false;
	char **known = bp_calloc(config->n + 1, sizeof(*known));
	char *text = bp_strdup(variable);
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; i < config->n; i++) {
		size_t section = sizeof(ENV_PREFIX) - 1 + strcspn(config->names[i], ".") + 1;

		env_name(config->names[i], name, sizeof(name));
		known[i] = bp_strdup(bp_str_from(name));
		ours = ours || (strchr(config->names[i], '.') && variable.len > section &&
				strncmp(text, name, section) == 0);
	}
	if (ours) {
		const char *near = bp_nearest(text, (const char *const *)known);

		rc = near ? bp_err_set(err, BP_EINVAL,
				       "environment: no option %.60s; did you mean %s?", text, near)
			  : bp_err_set(err, BP_EINVAL, "environment: no option %.60s", text);
	}
	for (size_t i = 0; i < config->n; i++) {
		free(known[i]);
	}
	free(known);
	free(text);
	return rc;
}

/** Parse one "NAME=value"; *entry is NULL when it is not for us. */
static enum bp_rc parse_env(const struct bp_config *config, const char *variable,
			    struct bp_config_entry **entry, struct bp_config_value *value,
			    struct bp_err *err)
{
	const char *equals = strchr(variable, '=');

	*entry = NULL;
	if (!equals || strncmp(variable, ENV_PREFIX, sizeof(ENV_PREFIX) - 1) != 0) {
		return BP_OK;
	}
	struct bp_str name = bp_str_make(variable, (size_t)(equals - variable));
	*entry = find_env(config, name);
	if (!*entry && config->skip_unknown) {
		return BP_OK;
	}
	if (!*entry) {
		return check_unknown(config, name, err);
	}
	enum bp_rc rc = bp_config_value_parse((*entry)->option, equals + 1, value, err);
	return rc == BP_OK ? rc : bp_err_wrap(err, rc, "environment %.*s", BP_STR_ARG(name));
}

enum bp_rc bp_config_read_env(struct bp_config *config, char *const *environment,
			      struct bp_err *err)
{
	/* Twice: first to look, so that nothing is set when one of them is wrong. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; environment[i]; i++) {
			struct bp_config_entry *entry = NULL;
			struct bp_config_value value = {0};
			enum bp_rc rc = parse_env(config, environment[i], &entry, &value, err);

			if (rc != BP_OK) {
				return rc;
			}
			if (entry && pass == 1) {
				bp_config_apply(entry, &value, BP_FROM_ENV);
			}
			bp_config_value_done(&value);
		}
	}
	return BP_OK;
}

void bp_config_each(const struct bp_config *config,
		    void (*each)(const struct bp_option *option, const char *value,
				 enum bp_config_origin origin, void *arg),
		    void *arg)
{
	for (size_t i = 0; i < config->n; i++) {
		const struct bp_config_entry *entry = &config->entries[i];

		each(entry->option, entry->text, entry->origin, arg);
	}
}

const char *bp_config_get(const struct bp_config *config, const char *name)
{
	const struct bp_config_entry *entry = bp_config_find(config, name);

	return entry ? entry->text : NULL;
}

const struct bp_option *bp_config_option(const struct bp_config *config, const char *name)
{
	const struct bp_config_entry *entry = bp_config_find(config, name);

	return entry ? entry->option : NULL;
}
