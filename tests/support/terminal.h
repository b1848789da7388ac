/* SPDX-License-Identifier: MIT */
/**
 * terminal.h - a real terminal for tests: tmux runs a shell command in it, keys go in, the screen
 * comes out.
 *
 * Start:   if (!bp_test_terminal_there()) { skip }; bp_test_terminal_open(&terminal, &home, 80, 24,
 *          "exec blueplane top"); ... bp_test_terminal_close(&terminal);
 * Life:    tmux's server is a child of the test, and the kernel ends it with the test, however that
 *          ends; what runs in the terminal is hung up then.
 * Env:     that of the home's programs, with TERM as tmux sets it; `blueplane` is in PATH.
 */
#ifndef BP_TESTS_SUPPORT_TERMINAL_H
#define BP_TESTS_SUPPORT_TERMINAL_H

#include <stdbool.h>

#include "support/service.h"

struct bp_test_terminal {
	const struct bp_test_home *home; /* borrowed */
	char socket[128];
	pid_t server;
};

/** Is tmux installed? When not, says so on stdout. */
bool bp_test_terminal_there(void);

/** A terminal of that size that runs command with sh. */
void bp_test_terminal_open(struct bp_test_terminal *terminal, const struct bp_test_home *home,
			   int columns, int rows, const char *command);

/** End what runs in it, and tmux. */
void bp_test_terminal_close(struct bp_test_terminal *terminal);

/** Press keys by tmux's names ("q", "Down", "C-c"). */
void bp_test_terminal_keys(struct bp_test_terminal *terminal, const char *key);

void bp_test_terminal_resize(struct bp_test_terminal *terminal, int columns, int rows);

/** The screen as text, one line a row; escapes: with its colours. Owns: free(). */
char *bp_test_terminal_screen(struct bp_test_terminal *terminal, bool escapes);

/** Wait until part stands on the screen (or, there false, stands there no more); fails after 20 s
 *  with the screen. Owns: the screen, free(). */
char *bp_test_terminal_wait(struct bp_test_terminal *terminal, const char *part, bool there);

/** What tmux says of a format, as "#{alternate_on}". Valid until the next call. */
const char *bp_test_terminal_format(struct bp_test_terminal *terminal, const char *format);

#endif
