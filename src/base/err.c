/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *bp_rc_text(enum bp_rc rc)
{
	static const char *const texts[] = {
#define BP_RC_TEXT(name, text) [BP_##name] = (text),
		BP_RC_LIST(BP_RC_TEXT)
#undef BP_RC_TEXT
	};
	size_t i = (size_t)rc;

	return i < sizeof(texts) / sizeof(texts[0]) ? texts[i] : "unknown code";
}

enum bp_rc bp_err_set(struct bp_err *err, enum bp_rc rc, const char *fmt, ...)
{
	if (err) {
		va_list args;

		err->rc = rc;
		va_start(args, fmt);
		(void)vsnprintf(err->msg, sizeof(err->msg), fmt, args); /* cut short is fine */
		va_end(args);
	}
	return rc;
}

enum bp_rc bp_err_wrap(struct bp_err *err, enum bp_rc rc, const char *fmt, ...)
{
	if (err) {
		char inner[BP_ERR_MSG_BYTES];
		va_list args;

		/* A callee that returned a code without a message: its code is the message. */
		const char *reason = err->msg[0] ? err->msg : bp_rc_text(rc);
		(void)snprintf(inner, sizeof(inner), "%s", reason);
		va_start(args, fmt);
		int n = vsnprintf(err->msg, sizeof(err->msg), fmt, args);
		va_end(args);
		size_t used = n < 0 ? 0 : (size_t)n;
		if (used < sizeof(err->msg)) {
			(void)snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", inner);
		}
		err->rc = rc;
	}
	return rc;
}

_Noreturn void bp_assert_failed(const char *expression, const char *file, int line)
{
	(void)fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
	abort();
}
