/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/home.h"
#include "base/line.h"
#include "cli/cmds.h"

enum { TAIL_BYTES_MAX = 4 * 1024 * 1024, LINES_DEFAULT = 50, LOOK_MS = 200 };

/** A position in the log. */
struct follow {
	const char *path;
	int fd;
	struct bp_buf text; /* not yet printed */
};

/** Print every whole line of the text. */
static void print_lines(struct bp_cli *cli, struct follow *follow)
{
	struct bp_str rest = bp_buf_str(&follow->text);
	struct bp_str line;

	while (bp_line_next(&rest, &line)) {
		bp_print_verbatim(&cli->print, line);
	}
	bp_buf_consume(&follow->text, follow->text.len - rest.len);
	(void)fflush(stdout);
}

/** Read to the end of the file. */
static void read_more(struct follow *follow)
{
	for (;;) {
		char *to = bp_buf_reserve(&follow->text, 65536);
		ssize_t n = to ? read(follow->fd, to, 65536) : 0;

		if (n <= 0) {
			return;
		}
		follow->text.len += (size_t)n;
	}
}

/** Leave only the last n lines in the text. */
static void keep_last(struct bp_buf *text, int64_t n)
{
	size_t at = text->len;

	if (at > 0 && text->ptr[at - 1] == '\n') {
		at--;
	}
	while (at > 0) {
		if (text->ptr[at - 1] == '\n' && --n == 0) {
			break;
		}
		at--;
	}
	bp_buf_consume(text, n > 0 ? 0 : at);
}

/** The log was rotated: go on with the new file. */
static void reopen(struct follow *follow)
{
	struct stat ours;
	struct stat now;

	if (fstat(follow->fd, &ours) == 0 && stat(follow->path, &now) == 0 &&
	    ours.st_ino != now.st_ino) {
		int fd = open(follow->path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			(void)close(follow->fd);
			follow->fd = fd;
		}
	}
}

/** Until the user ends it. */
static int keep_printing(struct bp_cli *cli, struct follow *follow)
{
	for (;;) {
		struct pollfd reader = {.fd = STDOUT_FILENO, .events = 0};

		/* Also wakes up at once when the reader of our output goes away. */
		if (poll(&reader, 1, LOOK_MS) < 0 && errno != EINTR) {
			break;
		}
		if ((reader.revents & (POLLERR | POLLHUP)) != 0) {
			break;
		}
		read_more(follow);
		print_lines(cli, follow);
		reopen(follow);
	}
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct bp_err err = {0};
	char home[BP_HOME_PATH_BYTES];
	char path[BP_HOME_PATH_BYTES];
	struct follow follow = {.path = path, .fd = -1};
	int64_t lines = 0;
	int code = BP_EXIT_OK;

	if (bp_options_int(&cli->options, "lines", 0, 1000000, LINES_DEFAULT, &lines, &err) !=
	    BP_OK) {
		return bp_cli_fail_usage(cli, "%s", err.msg);
	}
	if (bp_home_path(home, sizeof(home), &err) != BP_OK ||
	    bp_home_file(home, "log/blueplaned.log", path, sizeof(path), &err) != BP_OK) {
		return bp_cli_fail_err(cli, &err);
	}
	follow.fd = open(path, O_RDONLY | O_CLOEXEC);
	if (follow.fd < 0) {
		return bp_cli_fail(cli, BP_EXIT_FAILED,
				   "there is no log yet: run `blueplane start` (under systemd: "
				   "journalctl --user -u blueplane)");
	}
	bp_buf_init(&follow.text, (size_t)2 * TAIL_BYTES_MAX);
	struct stat st;
	if (fstat(follow.fd, &st) == 0 && st.st_size > TAIL_BYTES_MAX) {
		(void)lseek(follow.fd, st.st_size - TAIL_BYTES_MAX, SEEK_SET);
	}
	read_more(&follow);
	if (lines == 0) {
		bp_buf_clear(&follow.text);
	} else {
		keep_last(&follow.text, lines);
	}
	print_lines(cli, &follow);
	if (bp_options_given(&cli->options, "follow")) {
		bp_pager_release(&cli->pager);
		code = keep_printing(cli, &follow);
	}
	bp_buf_done(&follow.text);
	(void)close(follow.fd);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "follow", .letter = 'f', .help = "go on printing what is added"},
	{.name = "lines", .letter = 'n', .value = "N", .help = "how many lines (50)"},
	{.name = NULL},
};

const struct bp_command bp_cmd_logs = {
	.name = "logs",
	.summary = "show what the background service says",
	.usage = "logs [-f] [-n N]",
	.help = "Show the last lines of the service's log. It never holds prompts, paths of yours "
		"or "
		"code.\n\nexample: blueplane logs -f\n",
	.options = OPTIONS,
	.no_output = true,
	.pages = true,
	.run = run,
};
