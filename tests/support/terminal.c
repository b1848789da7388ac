/* SPDX-License-Identifier: MIT */
#include "support/terminal.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TMUX "/usr/bin/tmux"

enum { WAIT_MS = 20000, LOOK_MS = 10 };

bool bp_test_terminal_there(void)
{
	if (access(TMUX, X_OK) == 0) {
		return true;
	}
	(void)printf("skipped: there is no tmux\n");
	return false;
}

/* tmux -N -S SOCKET WORDS...: -N, because a client starts no server of its own. */
static void tmux(struct bp_test_terminal *terminal, struct bp_test_output *out,
		 const char *const *words)
{
	enum { OWN = 5, MAX = 24 };
	const char *args[MAX] = {"-N", "-S", terminal->socket, "-f", "/dev/null"};
	size_t n = OWN;

	for (; words[n - OWN]; n++) {
		ck_assert_uint_lt(n, MAX - 1);
		args[n] = words[n - OWN];
	}
	args[n] = NULL;
	bp_test_run_program(terminal->home, TMUX, args, NULL, 0, out);
}

static void tmux_do(struct bp_test_terminal *terminal, const char *const *words)
{
	struct bp_test_output out;

	tmux(terminal, &out, words);
	ck_assert_msg(out.code == 0, "tmux %s: %d: %s", words[0], out.code, out.err);
	bp_test_output_done(&out);
}

/* -D: no daemon. One that left its parent would outlive a test that fails. */
static void start_server(struct bp_test_terminal *terminal)
{
	const char *const args[] = {"-S", terminal->socket, "-f", "/dev/null", "-D", NULL};

	terminal->server = bp_test_start_program(terminal->home, TMUX, args);
}

/* The first command has to wait until the server listens. */
static void tmux_do_when_up(struct bp_test_terminal *terminal, const char *const *words)
{
	for (int waited = 0;; waited += LOOK_MS) {
		struct bp_test_output out;
		tmux(terminal, &out, words);
		bool done = out.code == 0;
		ck_assert_msg(done || waited < WAIT_MS, "tmux %s: %d: %s", words[0], out.code,
			      out.err);
		bp_test_output_done(&out);
		if (done) {
			return;
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
}

void bp_test_terminal_open(struct bp_test_terminal *terminal, const struct bp_test_home *home,
			   int columns, int rows, const char *command)
{
	char width[16], height[16], line[2048];

	*terminal = (struct bp_test_terminal){.home = home};
	/* A server that was told to end may still hold its socket. */
	static int servers;
	(void)snprintf(terminal->socket, sizeof(terminal->socket), "%.100s/tmux%d", home->root,
		       servers++);
	(void)snprintf(width, sizeof(width), "%d", columns);
	(void)snprintf(height, sizeof(height), "%d", rows);
	(void)snprintf(line, sizeof(line), "PATH='%s':$PATH; export PATH; %s", home->bin_dir,
		       command);
	const char *const words[] = {"new-session",    "-d", "-x", width, "-y",         height,
				     "/bin/sh",        "-c", line, ";",   "set-option", "-g",
				     "remain-on-exit", "on", NULL};
	start_server(terminal);
	tmux_do_when_up(terminal, words);
}

void bp_test_terminal_close(struct bp_test_terminal *terminal)
{
	struct bp_test_output out;
	const char *const words[] = {"kill-server", NULL};

	tmux(terminal, &out, words);
	if (out.code != 0) {
		(void)kill(terminal->server, SIGKILL);
	}
	bp_test_output_done(&out);
	ck_assert_int_eq(waitpid(terminal->server, NULL, 0), terminal->server);
}

void bp_test_terminal_keys(struct bp_test_terminal *terminal, const char *key)
{
	const char *const words[] = {"send-keys", key, NULL};

	tmux_do(terminal, words);
}

void bp_test_terminal_resize(struct bp_test_terminal *terminal, int columns, int rows)
{
	char width[16], height[16];

	(void)snprintf(width, sizeof(width), "%d", columns);
	(void)snprintf(height, sizeof(height), "%d", rows);
	const char *const words[] = {"resize-window", "-x", width, "-y", height, NULL};
	tmux_do(terminal, words);
}

char *bp_test_terminal_screen(struct bp_test_terminal *terminal, bool escapes)
{
	struct bp_test_output out;
	const char *const words[] = {"capture-pane", "-p", escapes ? "-e" : NULL, NULL};

	tmux(terminal, &out, words);
	ck_assert_msg(out.code == 0, "capture-pane: %s", out.err);
	char *screen = strdup(out.out);
	ck_assert_ptr_nonnull(screen);
	bp_test_output_done(&out);
	return screen;
}

char *bp_test_terminal_wait(struct bp_test_terminal *terminal, const char *part, bool there)
{
	for (int waited = 0;; waited += LOOK_MS) {
		char *screen = bp_test_terminal_screen(terminal, false);
		if ((strstr(screen, part) != NULL) == there) {
			return screen;
		}
		ck_assert_msg(waited < WAIT_MS, "\"%s\" %s on the screen:\n%s", part,
			      there ? "does not come" : "stays", screen);
		free(screen);
		(void)poll(NULL, 0, LOOK_MS);
	}
}

const char *bp_test_terminal_format(struct bp_test_terminal *terminal, const char *format)
{
	static char text[256];
	struct bp_test_output out;
	const char *const words[] = {"display-message", "-p", format, NULL};

	tmux(terminal, &out, words);
	ck_assert_msg(out.code == 0, "display-message: %s", out.err);
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(out.out, "\n"), out.out);
	bp_test_output_done(&out);
	return text;
}
