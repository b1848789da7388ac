/* SPDX-License-Identifier: MIT */
/**
 * export_folder.h - an export in parts: a folder that is there whole or not at all.
 *
 * Why:     parts are written beside its name and moved there when they are complete.
 * Threads: one.
 */
#ifndef BP_CLI_EXPORT_FOLDER_H
#define BP_CLI_EXPORT_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct bp_export_folder {
	char *path;      /* NULL: not open */
	char *temporary; /* its name until it is complete */
	int64_t bytes;   /* of finished parts */
	int files;
};

/** Begin. path may end in slashes. Owns: bp_export_folder_close().
 *  Errors: BP_EINVAL something is there that is not an empty folder; BP_EIO. */
BP_MUSTUSE enum bp_rc bp_export_folder_open(const char *path, struct bp_export_folder *out,
					    struct bp_err *err);

/** Make a file below it, with its folders; *out_part is a struct bp_export_file, to be ended.
 *  Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_export_folder_part(struct bp_export_folder *folder, const char *name,
					    void **out_part, struct bp_err *err);

/** Take the part back: finish it, or forget it. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_export_folder_end(struct bp_export_folder *folder, void *part,
					   bool complete, struct bp_err *err);

/** All parts are there: give the folder its name. Errors: BP_EIO, also when somebody else filled it
 *  meanwhile. */
BP_MUSTUSE enum bp_rc bp_export_folder_finish(struct bp_export_folder *folder, struct bp_err *err);

/** Free it; what is not finished is gone. */
void bp_export_folder_close(struct bp_export_folder *folder);

#endif
