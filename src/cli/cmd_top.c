/* SPDX-License-Identifier: MIT */
/*
 * The live view: ncurses shows what top_view.c drew. The terminal is put back on every way out:
 * keys, signals, errors, and a crash.
 */
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cmds.h"
#include "cli/open.h"
#include "cli/top_view.h"
#include "query/database.h"

enum {
	LOOK_MS = 200,       /* how often the database is asked whether it changed */
	REDRAW_US = 1000000, /* the clock ticks, and active sessions become idle */
	ROWS_ONCE = 40,      /* of a frame that goes to a file */
	KEY_ESCAPE = 27,
	ESCAPE_MS = 25 /* an arrow key is an escape and more, at once */
};

struct top {
	struct bp_cli *cli;
	struct bp_sql *sql;
	struct bp_tz *tz;
	struct bp_current current;
	bool has_current;
	struct bp_top_view view;
	int64_t version;  /* of the database, when it was read */
	int64_t drawn_us; /* monotonic */
	int signal_fd;
	int signal; /* that ended it; 0 none */
	struct bp_err err;
};

/* --- reading --- */

static enum bp_rc read_current(struct top *top)
{
	struct bp_current next = {0};
	struct bp_current_question question = {.tz = top->tz, .now_us = bp_clock_wall_us()};
	enum bp_rc rc = BP_OK;

	if (!top->sql) {
		rc = bp_cli_open(&top->sql, &top->err);
	}
	if (rc == BP_OK) {
		rc = bp_query_version(top->sql, &top->version, &top->err);
	}
	if (rc == BP_OK) {
		rc = bp_current_read(top->sql, &question, &next, &top->err);
	}
	if (rc != BP_OK) { /* the next look opens it anew */
		bp_current_done(&next);
		bp_sql_close(top->sql);
		top->sql = NULL;
		return rc;
	}
	if (top->has_current) {
		bp_current_done(&top->current);
	}
	top->current = next;
	top->has_current = true;
	return BP_OK;
}

/* --- the terminal --- */

static struct termios terminal_before;

/* A crash while the screen is ours: put the terminal back with what may be called here. */
static void on_crash(int signal_number)
{
	static const char leave[] = "\033[?1049l\033[?25h\033[0m\n";

	(void)!write(STDOUT_FILENO, leave, sizeof(leave) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
	(void)raise(signal_number); /* with its default action: SA_RESETHAND */
}

static int take_signals(void)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct sigaction crash = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
	sigset_t ends;

	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++) {
		(void)sigaction(crashes[i], &crash, NULL);
	}
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGHUP);
	(void)sigaddset(&ends, SIGQUIT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool open_screen(bool color)
{
	(void)tcgetattr(STDIN_FILENO, &terminal_before);
	if (!newterm(NULL, stdout, stdin)) {
		return false;
	}
	(void)cbreak();
	(void)noecho();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(ESCAPE_MS);
	if (color && has_colors()) {
		(void)start_color();
		(void)use_default_colors();
		(void)init_pair(BP_PAINT_GOOD, COLOR_GREEN, -1);
		(void)init_pair(BP_PAINT_BAD, COLOR_RED, -1);
		(void)init_pair(BP_PAINT_WARN, COLOR_YELLOW, -1);
	}
	return true;
}

static attr_t attribute_of(const struct bp_frame_piece *piece, bool color)
{
	attr_t attribute = piece->bold ? A_BOLD : A_NORMAL;

	if (piece->paint == BP_PAINT_DIM) {
		attribute |= color ? A_DIM : A_NORMAL;
	} else if (piece->paint != BP_PAINT_NONE && color) {
		attribute |= (attr_t)COLOR_PAIR(piece->paint);
	}
	return attribute;
}

static void show(struct top *top)
{
	struct bp_frame frame;
	int height, width;

	getmaxyx(stdscr, height, width);
	bp_frame_init(&frame, width, height, top->cli->print.utf8);
	bp_top_draw(&frame, &top->current, &top->view);
	(void)erase();
	for (int i = 0; i < frame.height; i++) {
		for (size_t k = 0; k < frame.rows[i].n; k++) {
			const struct bp_frame_piece *piece = &frame.rows[i].pieces[k];
			(void)attrset((int)attribute_of(piece, top->cli->print.color));
			(void)mvaddstr(i, piece->column, piece->text);
		}
	}
	(void)attrset(A_NORMAL);
	(void)refresh();
	bp_frame_done(&frame);
	top->drawn_us = bp_clock_mono_us();
}

/* --- keys --- */

static void scroll_events(struct top *top, long by)
{
	long last = (long)top->current.n_events - 1;
	long to = (long)top->view.scroll + by;

	to = to > last ? last : to;
	top->view.scroll = to > 0 ? (size_t)to : 0;
}

/* False: the user is done. */
static bool take_key(struct top *top, int key)
{
	switch (key) {
	case 'q':
	case KEY_ESCAPE:
		return false;
	case 'p':
	case ' ':
		top->view.paused = !top->view.paused;
		break;
	case 's':
		top->view.sort = (top->view.sort + 1) % BP_TOP_SORT_COUNT;
		break;
	case 'h':
	case '?':
		top->view.help = !top->view.help;
		break;
	case 'j':
	case KEY_DOWN:
		scroll_events(top, 1);
		break;
	case 'k':
	case KEY_UP:
		scroll_events(top, -1);
		break;
	case KEY_NPAGE:
		scroll_events(top, 10);
		break;
	case KEY_PPAGE:
		scroll_events(top, -10);
		break;
	case KEY_HOME:
		top->view.scroll = 0;
		break;
	default: /* KEY_RESIZE: drawn anew like after any key */
		break;
	}
	return true;
}

/* --- the loop --- */

/* Read again when something changed or a second passed. True: draw. */
static bool look(struct top *top)
{
	int64_t version = top->version;
	bool due = bp_clock_mono_us() - top->drawn_us >= REDRAW_US;

	if (top->view.paused) {
		return due;
	}
	if (!due && top->sql && bp_query_version(top->sql, &version, NULL) == BP_OK &&
	    version == top->version) {
		return false;
	}
	top->view.notice = read_current(top) == BP_OK ? NULL : top->err.msg;
	return true;
}

static void run_screen(struct top *top)
{
	struct pollfd waits[] = {{.fd = STDIN_FILENO, .events = POLLIN},
				 {.fd = top->signal_fd, .events = POLLIN}};

	show(top);
	for (;;) {
		struct signalfd_siginfo info;
		bool draw = false;
		int n = poll(waits, 2, LOOK_MS);
		if (n < 0 && errno != EINTR) {
			return;
		}
		if (read(top->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			top->signal = (int)info.ssi_signo;
			return;
		}
		if ((waits[0].revents & (POLLHUP | POLLERR)) != 0) {
			return; /* the terminal is gone */
		}
		for (int key = getch(); key != ERR; key = getch()) {
			if (!take_key(top, key)) {
				return;
			}
			draw = true;
		}
		if (look(top) || draw) {
			show(top);
		}
	}
}

/* As whoever is ended by a signal: the caller's shell sees which. */
static void end_as_signalled(int signal_number)
{
	sigset_t all;

	if (signal_number == 0 || signal_number == SIGINT) {
		return;
	}
	(void)signal(signal_number, SIG_DFL);
	(void)sigemptyset(&all);
	(void)sigaddset(&all, signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	(void)raise(signal_number);
}

static int run_full(struct top *top)
{
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
		return bp_cli_fail(top->cli, BP_EXIT_FAILED,
				   "the live view needs a terminal; \"blueplane top --once\" "
				   "prints one frame, --json the data");
	}
	top->signal_fd = take_signals();
	if (top->signal_fd < 0) {
		return bp_cli_fail(top->cli, BP_EXIT_FAILED, "cannot wait for signals: %s",
				   strerrordesc_np(errno));
	}
	if (!open_screen(top->cli->print.color)) {
		const char *term = getenv("TERM");
		(void)close(top->signal_fd);
		return bp_cli_fail(top->cli, BP_EXIT_FAILED,
				   "the terminal \"%.40s\" is not known here: set TERM, as "
				   "TERM=xterm-256color, or use \"blueplane top --once\"",
				   term ? term : "");
	}
	run_screen(top);
	(void)endwin();
	(void)close(top->signal_fd);
	end_as_signalled(top->signal);
	return BP_EXIT_OK;
}

static int run_once(struct top *top)
{
	const struct bp_print *print = &top->cli->print;
	struct bp_frame frame;
	int64_t rows = ROWS_ONCE;

	if (bp_options_int(&top->cli->options, "rows", 10, 1000, ROWS_ONCE, &rows, &top->err) !=
	    BP_OK) {
		return bp_cli_fail_usage(top->cli, "%s", top->err.msg);
	}
	bp_frame_init(&frame, print->width > 0 ? print->width : 80, (int)rows, print->utf8);
	bp_top_draw(&frame, &top->current, &top->view);
	bp_frame_print(&frame, print);
	bp_frame_done(&frame);
	return BP_EXIT_OK;
}

static int run(struct bp_cli *cli)
{
	struct top top = {.cli = cli};
	enum bp_rc rc = bp_cli_zone(cli, &top.tz, &top.err);
	int code;

	if (rc != BP_OK) {
		return bp_cli_fail_usage(cli, "%s", top.err.msg);
	}
	top.view.tz = top.tz;
	if (read_current(&top) != BP_OK) {
		code = bp_cli_fail_err(cli, &top.err);
	} else if (cli->print.format == BP_FORMAT_JSON) {
		code = bp_print_json(bp_current_json(&top.current), &top.err) == BP_OK
			       ? BP_EXIT_OK
			       : bp_cli_fail_err(cli, &top.err);
	} else {
		code = bp_options_given(&cli->options, "once") ? run_once(&top) : run_full(&top);
	}
	bp_current_done(&top.current);
	bp_sql_close(top.sql);
	bp_tz_free(top.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "once", .help = "print one frame and end"},
	{.name = "rows", .value = "N", .help = "rows of that frame, 40 without"},
	{.name = "timezone",
	 .value = "ZONE",
	 .help = "the day and times of this zone, as Europe/Berlin; else the system's"},
	{.name = NULL},
};

#define HELP(name)                                                                                 \
	"Show what happens now, full-screen: rates of the last hour by minute, sessions that are " \
	"active, today's tools, cost and errors, and events as they come.\n"                       \
	"Keys: q ends, p pauses, s orders sessions, j and k or arrows go through events, h helps." \
	"\n\nexample: blueplane " name " --once\n"

const struct bp_command bp_cmd_top = {
	.name = "top",
	.summary = "what happens now, full-screen",
	.usage = "top [--once] [--timezone ZONE]",
	.help = HELP("top"),
	.options = OPTIONS,
	.words_only = true,
	.run = run,
};

const struct bp_command bp_cmd_watch = {
	.name = "watch",
	.summary = "the same as top",
	.usage = "watch [--once] [--timezone ZONE]",
	.help = HELP("watch"),
	.options = OPTIONS,
	.words_only = true,
	.run = run,
};
