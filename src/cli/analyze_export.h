/* SPDX-License-Identifier: MIT */
/**
 * analyze_export.h - an analysis as a file: JSON or Markdown, by the file's extension.
 *
 * Threads: one.
 */
#ifndef BP_CLI_ANALYZE_EXPORT_H
#define BP_CLI_ANALYZE_EXPORT_H

#include <stdbool.h>

#include "base/err.h"
#include "cli/cmd.h"

struct cJSON;

/** BP_FORMAT_JSON for .json, BP_FORMAT_MARKDOWN for .md and .markdown. Errors: BP_EINVAL another
 *  extension. */
BP_MUSTUSE enum bp_rc bp_analyze_export_format(const char *path, enum bp_format *out,
					       struct bp_err *err);

/** Write one line of JSON. Takes json. Errors: those of bp_export_file_open() and _finish(): nothing
 *  is left then. */
BP_MUSTUSE enum bp_rc bp_analyze_export_json(const char *path, bool overwrite, struct cJSON *json,
					     struct bp_err *err);

/** Write what print(cli, arg) prints to stdout, as Markdown. Errors: the same. */
BP_MUSTUSE enum bp_rc bp_analyze_export_markdown(const char *path, bool overwrite,
						 const struct bp_cli *cli,
						 void (*print)(const struct bp_cli *cli,
							       const void *arg),
						 const void *arg, struct bp_err *err);

#endif
