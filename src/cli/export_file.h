/* SPDX-License-Identifier: MIT */
/**
 * export_file.h - where an export goes: stdout, or a file that is there whole or not at all.
 *
 * Why:     a file without a name until it is complete: whatever ends the program leaves nothing.
 * Threads: one.
 */
#ifndef BP_CLI_EXPORT_FILE_H
#define BP_CLI_EXPORT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bp_export_file {
	int fd;          /* -1: not open */
	bool plain;      /* stdout, a device or a pipe: written as it comes */
	bool overwrite;  /* what is there may be replaced */
	char *path;      /* NULL: stdout */
	char *temporary; /* its name until it is complete; NULL: it has none */
	int64_t bytes;   /* written */
};

/**
 * Begin. path NULL or "-": stdout. A file is private (0600). Ignores SIGPIPE from here on, so that
 * a closed pipe is an error with words.
 * Owns:   bp_export_file_close(). Errors: BP_EINVAL the file is there and overwrite is false, or it
 *         is a folder; BP_EIO it cannot be made.
 */
BP_MUSTUSE enum bp_rc bp_export_file_open(const char *path, bool overwrite,
					  struct bp_export_file *out, struct bp_err *err);

/** Append. Errors: BP_EIO with the reason: a full disk, a closed pipe. */
BP_MUSTUSE enum bp_rc bp_export_file_write(struct bp_export_file *file, const void *bytes, size_t n,
					   struct bp_err *err);

/** It is complete: sync it and give it its name. Errors: BP_EIO, BP_EINVAL somebody else made a
 *  file of that name meanwhile; nothing is left of ours then. */
BP_MUSTUSE enum bp_rc bp_export_file_finish(struct bp_export_file *file, struct bp_err *err);

/** Free it; what is not finished is gone. */
void bp_export_file_close(struct bp_export_file *file);

#endif
