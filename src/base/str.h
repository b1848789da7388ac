/* SPDX-License-Identifier: MIT */
/**
 * str.h - a borrowed view of bytes.
 *
 * Why:     most text here is a piece of a larger buffer; copying it to terminate it is waste.
 * Place:   everywhere, also in the hook: header only, libc only.
 * Threads: a value.
 */
#ifndef BP_BASE_STR_H
#define BP_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/** Borrowed, not NUL-terminated. {NULL, 0} is "absent"; ptr != NULL with len 0 is "empty". */
struct bp_str {
	const char *ptr; /* first byte, or NULL when absent */
	size_t len;      /* bytes */
};

/** A view of a string literal. */
#define BP_STR(literal) ((struct bp_str){(literal), sizeof(literal) - 1})

/** For printf: "%.*s" with BP_STR_ARG(view). */
#define BP_STR_ARG(view) (int)(view).len, (view).ptr ? (view).ptr : ""

/** A view of a NUL-terminated string; NULL gives the absent view. */
static inline struct bp_str bp_str_from(const char *text)
{
	return text ? (struct bp_str){text, strlen(text)} : (struct bp_str){NULL, 0};
}

static inline struct bp_str bp_str_make(const char *ptr, size_t len)
{
	return (struct bp_str){ptr, len};
}

/** True when the bytes are equal; absent equals empty. */
static inline bool bp_str_eq(struct bp_str a, struct bp_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/** True when the view equals a NUL-terminated string. */
static inline bool bp_str_is(struct bp_str a, const char *text)
{
	return bp_str_eq(a, bp_str_from(text));
}

static inline bool bp_str_starts(struct bp_str a, struct bp_str prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(a.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool bp_str_ends(struct bp_str a, struct bp_str suffix)
{
	return a.len >= suffix.len && (suffix.len == 0 || memcmp(a.ptr + (a.len - suffix.len),
								 suffix.ptr, suffix.len) == 0);
}

/** Bytewise order; a prefix comes first. Returns <0, 0, >0. */
static inline int bp_str_cmp(struct bp_str a, struct bp_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n && a.ptr && b.ptr ? memcmp(a.ptr, b.ptr, n) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
