/* SPDX-License-Identifier: MIT */
/**
 * import.h - take in history files, for `import` and `up`.
 */
#ifndef BP_CLI_IMPORT_H
#define BP_CLI_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "cli/cmd.h"

struct cJSON;

/**
 * Import paths[n] (0: every enabled source), progress on stderr when that is a terminal. refresh:
 * from their start again, replacing rows that an older version or another level made.
 * Units:  since_us BP_TIME_FIRST: all files.
 * Owns:   *out is the caller's. Errors: those of bp_control_run(); BP_EINVAL no such path.
 */
BP_MUSTUSE enum bp_rc bp_import_run(const char *home, const char *const *paths, size_t n,
				    int64_t since_us, bool refresh, struct cJSON **out,
				    struct bp_err *err);

/** Say in words what it did. */
void bp_import_print(const struct bp_cli *cli, const struct cJSON *result);

#endif
