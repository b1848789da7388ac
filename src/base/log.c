/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Shorter than PIPE_BUF: lines of several threads never mix in a pipe. */
enum { LINE_BYTES = 2048 };

static atomic_int max_level = BP_LOG_INFO;

void bp_log_set_level(enum bp_log_level level)
{
	atomic_store(&max_level, (int)level);
}

static bool wanted(enum bp_log_level level)
{
	return (int)level <= atomic_load(&max_level);
}

/** Time, level and folder. Returns the bytes written. */
static size_t put_head(char *line, size_t size, enum bp_log_level level, const char *who)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	static const int priorities[] = {3, 4, 6, 7}; /* sd-daemon(3) */
	int n = 0;

	/* Looked up each time: a test, or a child after fork, may have changed it. */
	if (getenv("JOURNAL_STREAM")) { /* NOLINT(concurrency-mt-unsafe): nobody calls setenv */
		n = snprintf(line, size, "<%d>%s: ", priorities[level], who);
	} else {
		int64_t now_us = bp_clock_wall_us();
		time_t seconds = (time_t)(now_us / 1000000);
		struct tm utc = {0};

		(void)gmtime_r(&seconds, &utc);
		n = snprintf(line, size,
			     "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %-5s %s: ", utc.tm_year + 1900,
			     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
			     (int)(now_us / 1000 % 1000), names[level], who);
	}
	return n < 0 ? 0 : (size_t)n;
}

/* The attribute needs a declaration of its own. */
static void write_line(enum bp_log_level level, const char *who, unsigned held, const char *fmt,
		       va_list args) BP_PRINTF(4, 0);

static void write_line(enum bp_log_level level, const char *who, unsigned held, const char *fmt,
		       va_list args)
{
	char line[LINE_BYTES];
	const size_t last = sizeof(line) - 1; /* for the newline */
	size_t len = put_head(line, last, level, who);

	if (len < last) {
		int n = vsnprintf(line + len, last - len, fmt, args);

		len += n < 0 ? 0 : (size_t)n;
	}
	if (held > 0 && len < last) {
		int n = snprintf(line + len, last - len, " (%u more)", held);

		len += n < 0 ? 0 : (size_t)n;
	}
	if (len >= last) {
		len = last - 1; /* snprintf put a NUL there: the text was cut */
	}
	/* One message is one line, whatever a name in it contains. */
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f) {
			line[i] = '?';
		}
	}
	line[len++] = '\n';
	/* When stderr is gone there is nobody to tell. */
	ssize_t ignored = write(STDERR_FILENO, line, len);
	(void)ignored;
}

void bp_log_write(enum bp_log_level level, const char *who, const char *fmt, ...)
{
	if (wanted(level)) {
		va_list args;

		va_start(args, fmt);
		write_line(level, who, 0, fmt, args);
		va_end(args);
	}
}

void bp_log_every(struct bp_log_gate *gate, int64_t every_us, enum bp_log_level level,
		  const char *who, const char *fmt, ...)
{
	if (!wanted(level)) {
		return;
	}
	int64_t now_us = bp_clock_mono_us();
	if (now_us < gate->next_mono_us) {
		gate->held++;
		return;
	}
	va_list args;
	va_start(args, fmt);
	write_line(level, who, gate->held, fmt, args);
	va_end(args);
	gate->held = 0;
	gate->next_mono_us = now_us + every_us;
}
