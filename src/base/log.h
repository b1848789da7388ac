/* SPDX-License-Identifier: MIT */
/**
 * log.h - one line per message on stderr: time, level, folder, text.
 *
 * Rules:   only `*_run` loops and main log; payloads never; names and paths in quotes.
 *          error = we lost or refuse something; warn = we go on, and the text ends in what we do
 *          instead; info = state changes only; debug = free.
 * With JOURNAL_STREAM set the time is left out and "<N>" put before, so journald sorts it.
 * Threads: any; one write(2) per line.
 */
#ifndef BP_BASE_LOG_H
#define BP_BASE_LOG_H

#include <stdint.h>

#include "base/err.h"

enum bp_log_level { BP_LOG_ERROR, BP_LOG_WARN, BP_LOG_INFO, BP_LOG_DEBUG };

/** Defined by the build for each folder. */
#ifndef BP_LOG_WHO
#define BP_LOG_WHO "blueplane"
#endif

void bp_log_set_level(enum bp_log_level level);
void bp_log_write(enum bp_log_level level, const char *who, const char *fmt, ...) BP_PRINTF(3, 4);

#define bp_log_error(...) bp_log_write(BP_LOG_ERROR, BP_LOG_WHO, __VA_ARGS__)
#define bp_log_warn(...) bp_log_write(BP_LOG_WARN, BP_LOG_WHO, __VA_ARGS__)
#define bp_log_info(...) bp_log_write(BP_LOG_INFO, BP_LOG_WHO, __VA_ARGS__)
#define bp_log_debug(...) bp_log_write(BP_LOG_DEBUG, BP_LOG_WHO, __VA_ARGS__)

/** Remembers what was held back. Start with `static struct bp_log_gate gate = {0};`. One thread. */
struct bp_log_gate {
	int64_t next_mono_us; /* nothing is printed before */
	unsigned held;        /* messages since the last printed one */
};

/** As bp_log_write, but at most once per every_us; then adds "(N more)". */
void bp_log_every(struct bp_log_gate *gate, int64_t every_us, enum bp_log_level level,
		  const char *who, const char *fmt, ...) BP_PRINTF(5, 6);

#endif
