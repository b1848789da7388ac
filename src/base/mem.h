/* SPDX-License-Identifier: MIT */
/**
 * mem.h - allocation that cannot fail.
 *
 * Why:     out of memory ends the process: what matters is in Redis until acknowledged, and
 *          inserts are idempotent. That removes an error path from almost every function.
 *          Sizes that come from outside are bounded before they get here.
 * Threads: any.
 */
#ifndef BP_BASE_MEM_H
#define BP_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h> /* free() */

#include "base/str.h"

/** Zeroed memory for n objects of size bytes. Never NULL. Owns: the caller, free(). */
void *bp_calloc(size_t n, size_t size);

/** As realloc, for n objects of size bytes; the new part is not zeroed. Never NULL. */
void *bp_realloc(void *ptr, size_t n, size_t size);

/** A NUL-terminated copy of the view. Owns: the caller, free(). */
char *bp_strdup(struct bp_str text);

/** A NUL-terminated copy, printf-style. Owns: the caller, free(). */
char *bp_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
