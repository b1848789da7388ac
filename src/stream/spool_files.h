/* SPDX-License-Identifier: MIT */
/**
 * spool_files.h - inside src/stream: where the spool's files are.
 */
#ifndef BP_STREAM_SPOOL_FILES_H
#define BP_STREAM_SPOOL_FILES_H

#include <stdbool.h>

enum { BP_SPOOL_PATH_BYTES = 4096 };

/** <home>/spool/<folder>[/<name>]; false when it is too long. name may be NULL. */
bool bp_spool_path(const char *home, const char *folder, const char *name,
		   char out[BP_SPOOL_PATH_BYTES]);

/** Count one event as lost: spool/lost grows by a byte, which needs no lock. */
void bp_spool_count_lost(const char *home);

#endif
