/* SPDX-License-Identifier: MIT */
#include "base/line.h"

bool bp_line_next(struct bp_str *rest, struct bp_str *out)
{
	const char *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;

	if (!end) {
		return false;
	}
	size_t n = (size_t)(end - rest->ptr);
	*out = bp_str_make(rest->ptr, n > 0 && rest->ptr[n - 1] == '\r' ? n - 1 : n);
	rest->ptr += n + 1;
	rest->len -= n + 1;
	return true;
}
