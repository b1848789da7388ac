/* SPDX-License-Identifier: MIT */
#include "cli/pager.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/print.h"

enum { ROWS_DEFAULT = 24, NOT_STARTED = 127, NOT_A_PROGRAM = 126 };

/* Who never met less is told how to get out of it. */
static const char LESS[] = "less -FRX '-PsSpace\\: next page, q\\: leave'";

static bool in_path(const char *name)
{
	const char *path = getenv("PATH");
	char full[4096];

	while (path && *path) {
		size_t n = strcspn(path, ":");
		(void)snprintf(full, sizeof(full), "%.*s/%s", (int)n, path, name);
		if (n > 0 && access(full, X_OK) == 0) {
			return true;
		}
		path += n + (path[n] == ':' ? 1 : 0);
	}
	return false;
}

/* NULL: none is wanted, or there is none. */
static const char *find_command(void)
{
	const char *own = getenv("BLUEPLANE_PAGER");
	const char *command = own ? own : getenv("PAGER");
	const char *term = getenv("TERM");

	if (!term || !*term || strcmp(term, "dumb") == 0) {
		return NULL;
	}
	if (!command) {
		return in_path("less") ? LESS : NULL;
	}
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

static int rows_of(int fd)
{
	struct winsize size = {0};

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : ROWS_DEFAULT;
}

void bp_pager_hold(struct bp_pager *pager)
{
	const char *command = find_command();

	*pager = (struct bp_pager){0};
	if (!command || isatty(STDOUT_FILENO) != 1 || fflush(stdout) != 0) {
		return;
	}
	int rows = rows_of(STDOUT_FILENO), width = bp_print_width(STDOUT_FILENO);
	int memory = memfd_create("blueplane-pages", MFD_CLOEXEC);
	int terminal = dup(STDOUT_FILENO);
	if (memory >= 0 && terminal >= 0 && dup2(memory, STDOUT_FILENO) >= 0) {
		*pager = (struct bp_pager){.holds = true,
					   .terminal = terminal,
					   .rows = rows,
					   .width = width,
					   .command = command};
	} else if (terminal >= 0) {
		(void)close(terminal);
	}
	if (memory >= 0) {
		(void)close(memory);
	}
}

/* Give the terminal back; the memory that was held, to be closed. */
static int take_back(struct bp_pager *pager)
{
	(void)fflush(stdout);
	int memory = dup(STDOUT_FILENO);
	(void)dup2(pager->terminal, STDOUT_FILENO);
	(void)close(pager->terminal);
	pager->holds = false;
	return memory;
}

static bool write_all(struct bp_str text)
{
	while (text.len > 0) {
		ssize_t n = write(STDOUT_FILENO, text.ptr, text.len);
		if (n < 0 && errno != EINTR) {
			return false;
		}
		text.ptr += n > 0 ? n : 0;
		text.len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* Our own colours are all there is: ESC [ digits m. */
static size_t escape_length(struct bp_str text)
{
	size_t n = 2;

	if (text.len < 2 || text.ptr[0] != '\033' || text.ptr[1] != '[') {
		return 0;
	}
	while (n < text.len && (text.ptr[n] == ';' || (text.ptr[n] >= '0' && text.ptr[n] <= '9'))) {
		n++;
	}
	return n < text.len ? n + 1 : n;
}

size_t bp_pager_lines(struct bp_str text, int width)
{
	mbstate_t state = {0};
	size_t lines = 0;
	int at = 0;

	while (text.len > 0) {
		wchar_t c = 0;
		size_t n = escape_length(text);
		if (n == 0) {
			n = mbrtowc(&c, text.ptr, text.len, &state);
			if (n == 0 || n > text.len) {
				n = 1;
				c = L'?';
				memset(&state, 0, sizeof(state));
			}
			int columns = c == L'\n' ? 0 : wcwidth(c);
			columns = columns > 0 ? columns : 0;
			if (width > 0 && at + columns > width) {
				lines++;
				at = 0;
			}
			at += columns;
		}
		if (c == L'\n') {
			lines++;
			at = 0;
		}
		text.ptr += n;
		text.len -= n;
	}
	return lines + (at > 0 ? 1 : 0);
}

static _Noreturn void become_pager(const char *command, int memory)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* As git does: colours are shown also where only "less" was asked for. */
	if (setenv("LESS", "FRX", 0) == 0 && dup2(memory, STDIN_FILENO) >= 0) {
		(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	}
	_exit(NOT_STARTED);
}

/* False when it never ran. Keys that end a program are for the pager while it is there. */
static bool run_pager(const char *command, int memory)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
	int status = 0;

	(void)lseek(memory, 0, SEEK_SET);
	pid_t pid = fork();
	if (pid == 0) {
		become_pager(command, memory);
	}
	if (pid < 0) {
		return false;
	}
	(void)sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGINT, &ignore, &interrupt);
	(void)sigaction(SIGQUIT, &ignore, &quit);
	pid_t ended = -1;
	do {
		ended = waitpid(pid, &status, 0);
	} while (ended < 0 && errno == EINTR);
	(void)sigaction(SIGINT, &interrupt, NULL);
	(void)sigaction(SIGQUIT, &quit, NULL);
	return ended == pid && !(WIFEXITED(status) && (WEXITSTATUS(status) == NOT_STARTED ||
						       WEXITSTATUS(status) == NOT_A_PROGRAM));
}

/* command NULL: to the terminal. */
static bool show(struct bp_pager *pager, const char *command)
{
	struct stat st;
	bool shown = true;

	if (!pager->holds) {
		return true;
	}
	int memory = take_back(pager);
	if (memory < 0 || fstat(memory, &st) != 0) {
		shown = false;
	} else if (st.st_size > 0) {
		char *text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, memory, 0);
		struct bp_str all = {text, (size_t)st.st_size};
		if (text == MAP_FAILED) {
			shown = false;
		} else {
			/* One line is for the prompt that follows. */
			bool fits =
				!command || bp_pager_lines(all, pager->width) < (size_t)pager->rows;
			shown = (!fits && run_pager(command, memory)) || write_all(all);
			(void)munmap(text, (size_t)st.st_size);
		}
	}
	if (memory >= 0) {
		(void)close(memory);
	}
	return shown;
}

bool bp_pager_show(struct bp_pager *pager)
{
	return show(pager, pager->command);
}

void bp_pager_release(struct bp_pager *pager)
{
	(void)show(pager, NULL);
}
