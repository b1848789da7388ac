/* SPDX-License-Identifier: MIT */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "blueplane: out of memory\n";

	/* Nothing that allocates; what it returns changes nothing any more. */
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	abort();
}

void *bp_calloc(size_t n, size_t size)
{
	/* calloc(0) may be NULL: ask for one byte, so that NULL always means "none left". */
	void *ptr = n && size ? calloc(n, size) : calloc(1, 1);

	if (!ptr) {
		out_of_memory();
	}
	return ptr;
}

void *bp_realloc(void *ptr, size_t n, size_t size)
{
	void *bigger = n && size ? reallocarray(ptr, n, size) : realloc(ptr, 1);

	if (!bigger) {
		out_of_memory();
	}
	return bigger;
}

char *bp_strdup(struct bp_str text)
{
	char *copy = bp_calloc(text.len + 1, 1);

	if (text.len > 0) {
		memcpy(copy, text.ptr, text.len);
	}
	return copy;
}

char *bp_asprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	int n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {
		out_of_memory();
	}
	return text;
}
