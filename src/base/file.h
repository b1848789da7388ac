/* SPDX-License-Identifier: MIT */
/**
 * file.h - files and folders the way this project wants them: private, atomic, complete.
 *
 * Threads: any.
 */
#ifndef BP_BASE_FILE_H
#define BP_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/** mkdir -p with mode (0700 for the home). Errors: BP_EIO with the path and the reason. */
BP_MUSTUSE enum bp_rc bp_file_make_dirs(const char *path, mode_t mode, struct bp_err *err);

/** Append the whole file to out. Errors: BP_ENOTFOUND, BP_EIO, BP_ELIMIT larger than out->max. */
BP_MUSTUSE enum bp_rc bp_file_read(const char *path, struct bp_buf *out, struct bp_err *err);

/**
 * Replace path with bytes: temporary file in the same folder, fsync, rename, fsync of the folder.
 * Errors: BP_EIO; the old file is untouched.
 */
BP_MUSTUSE enum bp_rc bp_file_replace(const char *path, struct bp_str bytes, mode_t mode,
				      struct bp_err *err);

/** Write all n bytes to fd, through EINTR and short writes. Errors: BP_EIO. */
BP_MUSTUSE enum bp_rc bp_file_write_all(int fd, const void *bytes, size_t n, struct bp_err *err);

/**
 * Move a file to a path where none is, on another file system too: copied to a temporary name
 * beside it, synced, renamed, then the old one removed. Mode 0600.
 * Errors: BP_EINVAL there is one already; BP_EIO; neither leaves anything at or beside `to`.
 */
BP_MUSTUSE enum bp_rc bp_file_move(const char *from, const char *to, struct bp_err *err);

/** Call each(path, is_dir) for every entry below root, folders first met first; symlinks are not
 *  followed. each returns false to skip a folder. A root that is missing is an empty tree. */
void bp_file_walk(const char *root, bool (*each)(const char *path, bool is_dir, void *arg),
		  void *arg);

#endif
