/* SPDX-License-Identifier: MIT */
/**
 * sample_options.h - one option of each type, for the tests of config*.c.
 */
#ifndef BP_TESTS_UNIT_BASE_SAMPLE_OPTIONS_H
#define BP_TESTS_UNIT_BASE_SAMPLE_OPTIONS_H

#include <stddef.h>

#include "base/config.h"

struct sample {
	bool on;
	int64_t count;
	int64_t bytes;
	int64_t wait_us;
	char *path;
	int colour;
	uint32_t parts;
	char **roots;
	int64_t other;
};

static const char *const sample_colours[] = {"red", "green", "blue", NULL};
static const char *const sample_parts[] = {"a", "b", "c", NULL};

static const struct bp_option sample_options[] = {
	{.name = "one.on",
	 .type = BP_OPTION_BOOL,
	 .offset = offsetof(struct sample, on),
	 .fallback = "true",
	 .help = "a switch"},
	{.name = "one.batch_events",
	 .type = BP_OPTION_INT,
	 .offset = offsetof(struct sample, count),
	 .fallback = "500",
	 .min = 1,
	 .max = 65536,
	 .help = "a count"},
	{.name = "one.bytes",
	 .type = BP_OPTION_SIZE,
	 .offset = offsetof(struct sample, bytes),
	 .fallback = "64KiB",
	 .help = "a size"},
	{.name = "one.wait",
	 .type = BP_OPTION_DURATION,
	 .offset = offsetof(struct sample, wait_us),
	 .fallback = "250ms",
	 .min = 1000,
	 .max = 3600000000,
	 .help = "a time"},
	{.name = "two.path",
	 .type = BP_OPTION_TEXT,
	 .offset = offsetof(struct sample, path),
	 .fallback = "",
	 .help = "a text"},
	{.name = "two.colour",
	 .type = BP_OPTION_CHOICE,
	 .offset = offsetof(struct sample, colour),
	 .fallback = "green",
	 .choices = sample_colours,
	 .help = "a choice"},
	{.name = "two.parts",
	 .type = BP_OPTION_FLAGS,
	 .offset = offsetof(struct sample, parts),
	 .fallback = "",
	 .choices = sample_parts,
	 .help = "some of"},
	{.name = "two.roots",
	 .type = BP_OPTION_LIST,
	 .offset = offsetof(struct sample, roots),
	 .fallback = "",
	 .help = "texts"},
	{0},
};

static const struct bp_option sample_more_options[] = {
	{.name = "three.deep.other",
	 .type = BP_OPTION_INT,
	 .offset = offsetof(struct sample, other),
	 .fallback = "-1",
	 .help = "in a second table"},
	{0},
};

static struct sample sample;
static struct bp_config *config;
static struct bp_err err;

static inline void sample_setup(void)
{
	const struct bp_option_table tables[] = {
		{.options = sample_options, .target = &sample},
		{.options = sample_more_options, .target = &sample},
	};

	err = (struct bp_err){0};
	sample = (struct sample){0};
	config = bp_config_new(tables, sizeof(tables) / sizeof(tables[0]));
}

static inline void sample_teardown(void)
{
	bp_config_free(config);
	config = NULL;
}

#endif
