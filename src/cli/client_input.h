/* SPDX-License-Identifier: MIT */
/**
 * client_input.h - what Claude Code writes to the standard input of a status line or a hook.
 *
 * Why:     these commands run inside somebody's session: whatever comes, they must not wait, fail
 *          or disturb.
 * Threads: one.
 */
#ifndef BP_CLI_CLIENT_INPUT_H
#define BP_CLI_CLIENT_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "query/limits.h"

enum { BP_CLIENT_TEXT_BYTES = 160 };

struct bp_client_input {
	bool valid;                         /* it was a JSON object */
	char session[BP_CLIENT_TEXT_BYTES]; /* "" when not said, as the others */
	char model[BP_CLIENT_TEXT_BYTES];   /* as it is shown */
	char event[BP_CLIENT_TEXT_BYTES];   /* hook_event_name */
	bool has_cost;                      /* it said what the session cost: */
	int64_t cost_pusd;                  /*   pico-USD */
	struct bp_limits limits;            /* rate_limits; n 0: not said */
};

/** Read standard input to its end, for at most wait_ms in all; nothing from a terminal. */
void bp_client_input_read(struct bp_buf *out, int wait_ms);

/** Take the text apart; what is missing or of another type is not said. */
void bp_client_input_parse(struct bp_str text, int64_t now_us, struct bp_client_input *out);

/** End the process, quietly and well, when it is not done in ms: words (a literal, may be "") go to
 *  standard output then. */
void bp_client_deadline(int ms, const char *words);

/** It is done in time: from now on it may take as long as it takes. */
void bp_client_deadline_met(void);

#endif
