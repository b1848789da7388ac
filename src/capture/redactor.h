/* SPDX-License-Identifier: MIT */
/**
 * redactor.h - the projection's way to redaction: decodes what JSON holds, takes secrets out.
 *
 * Why:     src/event is built into the hook and has no heap; src/redact knows no JSON.
 * Threads: one thread owns a redactor.
 */
#ifndef BP_CAPTURE_REDACTOR_H
#define BP_CAPTURE_REDACTOR_H

#include "base/err.h"
#include "event/projection.h"

struct bp_redactor;

/** Owns: bp_redactor_free(). Errors: those of bp_redact_new(). */
BP_MUSTUSE enum bp_rc bp_redactor_new(struct bp_redactor **out, struct bp_err *err);
void bp_redactor_free(struct bp_redactor *redactor);

/** The bp_redact_fn of a policy; arg is the redactor. */
struct bp_str bp_redactor_text(void *arg, const struct bp_text_request *request, bool *out_cut);

#endif
