/* SPDX-License-Identifier: MIT */
/**
 * err.h - what a fallible function returns, and the sentence people read.
 *
 * Why:     code branches on a short enum, people read a message; neither allocates.
 * Place:   everywhere. A function returns an error or logs it, never both.
 * Threads: a struct bp_err belongs to its caller's stack; there is no global state.
 */
#ifndef BP_BASE_ERR_H
#define BP_BASE_ERR_H

#include <stddef.h>

/** The nine codes. A tenth needs a caller that branches on it. */
#define BP_RC_LIST(X)                                                                              \
	X(OK, "ok")                                                                                \
	X(EINVAL, "invalid")                                                                       \
	X(ENOTFOUND, "not found")                                                                  \
	X(ELIMIT, "over a limit")                                                                  \
	X(EBUSY, "busy")                                                                           \
	X(EIO, "input/output failed")                                                              \
	X(ECORRUPT, "corrupt")                                                                     \
	X(EVERSION, "wrong version")                                                               \
	X(ESTOPPED, "stopped")

enum bp_rc {
#define BP_RC_ENUM(name, text) BP_##name,
	BP_RC_LIST(BP_RC_ENUM)
#undef BP_RC_ENUM
};

enum { BP_ERR_MSG_BYTES = 256 };

/** What people read. Start with `struct bp_err err = {0};`. */
struct bp_err {
	enum bp_rc rc;              /* the code that was returned with it */
	char msg[BP_ERR_MSG_BYTES]; /* one sentence, NUL-terminated, never payload text */
};

/** A result that must be looked at; to ignore one, write (void) and say why. */
#define BP_MUSTUSE __attribute__((warn_unused_result))

#define BP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/** The name of a code as people read it, never NULL. */
const char *bp_rc_text(enum bp_rc rc);

/** Write the message where the failure happens and return rc. err may be NULL. */
enum bp_rc bp_err_set(struct bp_err *err, enum bp_rc rc, const char *fmt, ...) BP_PRINTF(3, 4);

/** Put "context: " before the message that is there and return rc. err may be NULL. */
enum bp_rc bp_err_wrap(struct bp_err *err, enum bp_rc rc, const char *fmt, ...) BP_PRINTF(3, 4);

/** End the process with file and line: for our own mistakes, never for the world's. */
_Noreturn void bp_assert_failed(const char *expression, const char *file, int line);

/** Always compiled in. */
#define BP_ASSERT(expression)                                                                      \
	((expression) ? (void)0 : bp_assert_failed(#expression, __FILE__, __LINE__))

#endif
