/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { FIRST_CAP = 64 };

void bp_buf_init(struct bp_buf *buf, size_t max_bytes)
{
	*buf = (struct bp_buf){.max = max_bytes};
}

void bp_buf_done(struct bp_buf *buf)
{
	free(buf->ptr);
	*buf = (struct bp_buf){.max = buf->max};
}

void bp_buf_clear(struct bp_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->ptr) {
		buf->ptr[0] = '\0';
	}
}

/** Room for n more bytes and the NUL, or false and failed. */
static bool grow(struct bp_buf *buf, size_t n)
{
	if (buf->failed || n > buf->max - buf->len) {
		buf->failed = true;
		return false;
	}
	size_t need = buf->len + n + 1;
	if (need > buf->cap) {
		size_t cap = buf->cap ? buf->cap : FIRST_CAP;

		while (cap < need) {
			/* Near the top of size_t doubling would wrap: take what is needed. */
			cap = cap > SIZE_MAX / 2 ? need : cap * 2;
		}
		if (cap - 1 > buf->max) {
			cap = buf->max + 1;
		}
		buf->ptr = bp_realloc(buf->ptr, cap, 1);
		buf->cap = cap;
	}
	return true;
}

void bp_buf_add(struct bp_buf *buf, const void *bytes, size_t n)
{
	if (grow(buf, n)) {
		if (n > 0) {
			memcpy(buf->ptr + buf->len, bytes, n);
		}
		buf->len += n;
		buf->ptr[buf->len] = '\0';
	}
}

void bp_buf_add_str(struct bp_buf *buf, struct bp_str text)
{
	bp_buf_add(buf, text.ptr, text.len);
}

void bp_buf_add_char(struct bp_buf *buf, char c)
{
	bp_buf_add(buf, &c, 1);
}

void bp_buf_add_int(struct bp_buf *buf, int64_t value)
{
	char digits[20];
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0) {
		digits[--at] = '-';
	}
	bp_buf_add(buf, digits + at, sizeof(digits) - at);
}

void bp_buf_printf(struct bp_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	if (grow(buf, (size_t)n)) {
		va_start(args, fmt);
		(void)vsnprintf(buf->ptr + buf->len, (size_t)n + 1, fmt, args);
		va_end(args);
		buf->len += (size_t)n;
	}
}

char *bp_buf_reserve(struct bp_buf *buf, size_t n)
{
	if (!grow(buf, n)) {
		return NULL;
	}
	/* Zeroed, so that whatever part of it the caller fills, a NUL follows. */
	memset(buf->ptr + buf->len, 0, n + 1);
	return buf->ptr + buf->len;
}

void bp_buf_consume(struct bp_buf *buf, size_t n)
{
	BP_ASSERT(n <= buf->len);
	if (n > 0) {
		memmove(buf->ptr, buf->ptr + n, buf->len - n + 1);
		buf->len -= n;
	}
}

bool bp_buf_ok(const struct bp_buf *buf)
{
	return !buf->failed;
}

struct bp_str bp_buf_str(const struct bp_buf *buf)
{
	/* A buffer is never absent: empty before the first append too. */
	return bp_str_make(buf->ptr ? buf->ptr : "", buf->len);
}
