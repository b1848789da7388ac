/* SPDX-License-Identifier: MIT */
#include "support/trace.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/service.h"

#define TRACE_FILE "BP_TEST_TRACE"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool sanitized = true; /* its leak check is a tracer too, and there can be one */
#else
static const bool sanitized = false;
#endif

void bp_test_trace_self(char **argv)
{
	static char path[] = "/tmp/bp-trace-XXXXXX";
	/* execvp does not change the strings; its type predates const. */
	static char strace[] = "strace", follow[] = "-f", fast[] = "--seccomp-bpf", quiet[] = "-qq",
		    no_text[] = "-s0", no_signals[] = "-esignal=none",
		    calls[] = "-etrace=connect,bind,sendto,sendmsg,sendmmsg", to[] = "-o";
	char *const words[] = {strace, follow, fast, quiet,   no_text, no_signals,
			       calls,  to,     path, argv[0], NULL};

	if (getenv(TRACE_FILE)) {
		return;
	}
	/* What is started here is this one constant. */
	if (!sanitized && system("strace -f --seccomp-bpf -qq -etrace=connect true") == 0) {
		int fd = mkstemp(path);
		if (fd >= 0 && close(fd) == 0 && setenv(TRACE_FILE, path, 1) == 0) {
			(void)execvp(words[0], words);
		}
	}
	(void)puts("not traced: no strace that may, or a sanitizer is in its place");
	(void)unsetenv(TRACE_FILE);
}

static bool is_near(const char *family)
{
	static const char *const near[] = {"sa_family=AF_UNIX", "sa_family=AF_LOCAL",
					   "sa_family=AF_INET, sin_port=htons(",
					   "sa_family=AF_INET6, sin6_port=htons("};

	if (strncmp(family, near[0], strlen(near[0])) == 0 ||
	    strncmp(family, near[1], strlen(near[1])) == 0) {
		return true;
	}
	const char *end = strchr(family, '}');
	const char *four = strstr(family, "inet_addr(\"127.");
	const char *six = strstr(family, "\"::1\"");
	return (strncmp(family, near[2], strlen(near[2])) == 0 && four && four < end) ||
	       (strncmp(family, near[3], strlen(near[3])) == 0 && six && six < end);
}

static unsigned check_text(char *text)
{
	unsigned n = 0;

	for (char *line = text; *line;) {
		char *end = line + strcspn(line, "\n");
		bool last = *end == '\0';

		*end = '\0';
		for (const char *at = line; (at = strstr(at, "sa_family=")); at++) {
			ck_assert_msg(is_near(at), "beyond this machine: %s", line);
			n++;
		}
		line = last ? end : end + 1;
	}
	return n;
}

void bp_test_trace_check(unsigned at_least)
{
	const char *path = getenv(TRACE_FILE);

	if (!path) {
		return;
	}
	char *text = bp_test_read_file(path, NULL);
	ck_assert_ptr_nonnull(text);
	unsigned n = check_text(text);
	free(text);
	(void)printf("%u addresses, all of this machine\n", n);
	ck_assert_msg(n >= at_least, "only %u addresses were seen", n);
	ck_assert_int_eq(unlink(path), 0);
}
