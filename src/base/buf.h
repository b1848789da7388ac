/* SPDX-License-Identifier: MIT */
/**
 * buf.h - growable bytes with a maximum.
 *
 * Why:     every growing thing is given its limit when it is made; passing it is an error that is
 *          asked for once, at the end (sticky failure).
 * Invariant: ptr is always NUL-terminated when not NULL; len <= max; once failed, appends do
 *          nothing until bp_buf_clear().
 * Threads: one thread owns a buffer.
 */
#ifndef BP_BASE_BUF_H
#define BP_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct bp_buf {
	char *ptr;   /* NULL until the first append */
	size_t len;  /* bytes used, without the NUL */
	size_t cap;  /* bytes allocated */
	size_t max;  /* len never passes this */
	bool failed; /* an append did not fit */
};

/** An empty buffer that holds at most max_bytes. Allocates nothing yet. */
void bp_buf_init(struct bp_buf *buf, size_t max_bytes);

/** Free the bytes. The buffer may be initialised again. */
void bp_buf_done(struct bp_buf *buf);

/** Empty it, keep the memory, forget a failure. */
void bp_buf_clear(struct bp_buf *buf);

void bp_buf_add(struct bp_buf *buf, const void *bytes, size_t n);
void bp_buf_add_str(struct bp_buf *buf, struct bp_str text);
void bp_buf_add_char(struct bp_buf *buf, char c);

/** Append a whole number in decimal: a tenth of what bp_buf_printf() takes. */
void bp_buf_add_int(struct bp_buf *buf, int64_t value);
void bp_buf_printf(struct bp_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Make room for n more bytes and return where they go; then add what was written to buf->len.
 * NULL when they do not fit (the buffer is then failed).
 */
char *bp_buf_reserve(struct bp_buf *buf, size_t n);

/** Remove the first n bytes (n <= len). */
void bp_buf_consume(struct bp_buf *buf, size_t n);

/** False when something did not fit. */
bool bp_buf_ok(const struct bp_buf *buf);

/** The content as a view, valid until the next change. */
struct bp_str bp_buf_str(const struct bp_buf *buf);

#endif
