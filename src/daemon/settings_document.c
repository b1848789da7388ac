/* SPDX-License-Identifier: MIT */
/* docs/configuration.md: every option, from the tables that read them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "daemon/settings.h"

enum { DOCUMENT_BYTES_MAX = 1024 * 1024 };

struct document {
	struct bp_buf text;
	char section[64]; /* of the option before: what stands before its first dot */
};

/* A bound as it is written in the file. */
static void add_bound(struct bp_buf *out, const struct bp_option *option, int64_t value)
{
	static const struct {
		enum bp_option_type type;
		int64_t size;
		const char *name;
	} units[] = {
		{BP_OPTION_SIZE, INT64_C(1) << 30, "GiB"},
		{BP_OPTION_SIZE, INT64_C(1) << 20, "MiB"},
		{BP_OPTION_SIZE, INT64_C(1) << 10, "KiB"},
		{BP_OPTION_DURATION, INT64_C(86400000000), "d"},
		{BP_OPTION_DURATION, INT64_C(3600000000), "h"},
		{BP_OPTION_DURATION, INT64_C(60000000), "m"},
		{BP_OPTION_DURATION, 1000000, "s"},
		{BP_OPTION_DURATION, 1000, "ms"},
		{BP_OPTION_DURATION, 1, "us"},
		{BP_OPTION_MONEY, INT64_C(1000000000000), ""},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (option->type == units[i].type && value && value % units[i].size == 0) {
			bp_buf_printf(out, "%" PRId64 "%s", value / units[i].size, units[i].name);
			return;
		}
	}
	bp_buf_printf(out, "%" PRId64, value);
}

static const char *kind_of(enum bp_option_type type)
{
	switch (type) {
	case BP_OPTION_INT:
		return "a whole number";
	case BP_OPTION_SIZE:
		return "a size, as 64KiB";
	case BP_OPTION_DURATION:
		return "a time, as 250ms, 30s or 90d";
	case BP_OPTION_MONEY:
		return "dollars, as 2.50";
	case BP_OPTION_BOOL:
		return "true or false";
	case BP_OPTION_TEXT:
		return "text";
	case BP_OPTION_CHOICE:
		return "one of";
	case BP_OPTION_FLAGS:
		return "any of, divided by commas";
	case BP_OPTION_LIST:
		return "texts, divided by commas";
	}
	return "";
}

static void add_values(struct bp_buf *out, const struct bp_option *option)
{
	bp_buf_add_str(out, bp_str_from(kind_of(option->type)));
	for (const char *const *choice = option->choices; choice && *choice; choice++) {
		bp_buf_printf(out, "%s `%s`", choice == option->choices ? "" : ",", *choice);
	}
	if (option->min != 0 || option->max != 0) {
		bp_buf_add_str(out, BP_STR(", from "));
		add_bound(out, option, option->min);
		bp_buf_add_str(out, BP_STR(" to "));
		add_bound(out, option, option->max);
	}
}

static void add_option(const struct bp_option *option, const char *value,
		       enum bp_config_origin origin, void *arg)
{
	struct document *document = arg;
	struct bp_buf *out = &document->text;
	int section = (int)strcspn(option->name, ".");

	(void)value;
	(void)origin;
	if (strncmp(document->section, option->name, (size_t)section) != 0 ||
	    document->section[section]) {
		(void)snprintf(document->section, sizeof(document->section), "%.*s", section,
			       option->name);
		bp_buf_printf(out,
			      "\n## %s\n\n| option | default | values | what it does |\n"
			      "| --- | --- | --- | --- |\n",
			      document->section);
	}
	bp_buf_printf(out, "| `%s` | `%s` | ", option->name,
		      *option->fallback ? option->fallback : "\"\"");
	add_values(out, option);
	bp_buf_printf(out, " | %s%s |\n", option->help,
		      option->reload ? "" : " (after `blueplane restart`)");
}

void bp_settings_document(const struct bp_settings *settings)
{
	struct document document = {.section = ""};

	bp_buf_init(&document.text, DOCUMENT_BYTES_MAX);
	bp_buf_add_str(
		&document.text,
		BP_STR("# Configuration\n\n"
		       "Made from the tables of options by `blueplaned --config document`: do not "
		       "edit.\n\n"
		       "A value comes from the first of: `--set NAME=VALUE` of blueplaned, the "
		       "environment\n(`log.level` is `BLUEPLANE_LOG_LEVEL`), "
		       "`$BLUEPLANE_HOME/config.yaml`,\n"
		       "`$XDG_CONFIG_HOME/blueplane/config.yaml`, the default. `blueplane config "
		       "list` shows what holds and\nwhere it comes from; `set`, `reset` and `edit` "
		       "change the home's file, which is checked before. Dots\nare levels of YAML: "
		       "`log.level` is `level` below `log`.\n"));
	bp_config_each(settings->config, add_option, &document);
	(void)fwrite(document.text.ptr, 1, document.text.len, stdout);
	bp_buf_done(&document.text);
}
