/* SPDX-License-Identifier: MIT */
#include "daemon/control.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/home.h"
#include "base/mem.h"
#include "base/unix_socket.h"
#include "daemon/service.h"
#include "support/run.h"
#include "support/tmpdir.h"

enum { ANSWER_MS = 5000, LARGE = 2 * 1024 * 1024 };

static struct bp_err err;
static struct bp_service *service; /* only what ping and stop need */
static struct bp_control *control;

static void setup(void)
{
	memset(&err, 0, sizeof(err));
	bp_test_tmpdir_make();
	service = bp_calloc(1, sizeof(*service));
	(void)snprintf(service->home, sizeof(service->home), "%s", bp_test_tmpdir("home"));
	ck_assert_ok(bp_home_make(service->home, &err), err);
	ck_assert_ok(bp_stop_open(&service->stop, &err), err);
	ck_assert_ok(bp_control_start(service, &control, &err), err);
}

static void teardown(void)
{
	bp_control_stop(control);
	control = NULL;
	bp_stop_close(&service->stop);
	free(service);
	bp_test_tmpdir_remove();
}

static int open_client(void)
{
	int fd = -1;

	ck_assert_ok(bp_unix_connect(bp_test_tmpdir("home/run/control.sock"), &fd, &err), err);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/** The next line, or "" when the other side is gone. */
static const char *hear(int fd)
{
	static char line[1024];
	size_t n = 0;

	while (n < sizeof(line) - 1) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		ck_assert_int_eq(poll(&wait, 1, ANSWER_MS), 1);
		if (read(fd, line + n, 1) != 1 || line[n] == '\n') {
			break;
		}
		n++;
	}
	line[n] = '\0';
	return line;
}

START_TEST(a_request_is_answered_on_one_line)
{
	int fd = open_client();

	say(fd, "{\"job\":\"ping\",\"args\":{}}\n");
	ck_assert_int_eq(strncmp(hear(fd), "{\"result\":{\"pid\":", 17), 0);
	(void)close(fd);
}
END_TEST

START_TEST(requests_that_come_together_are_answered_one_by_one)
{
	int fd = open_client();

	say(fd, "{\"job\":\"ping\"}\n\n{\"job\":\"nothing\"}\nno JSON\n{\"job\":");
	ck_assert_ptr_nonnull(strstr(hear(fd), "result"));
	ck_assert_ptr_nonnull(strstr(hear(fd), "not found"));
	ck_assert_ptr_nonnull(strstr(hear(fd), "invalid"));
	say(fd, "\"ping\"}\n"); /* a line may come in pieces */
	ck_assert_ptr_nonnull(strstr(hear(fd), "result"));
	(void)close(fd);
}
END_TEST

START_TEST(several_clients_do_not_wait_for_each_other)
{
	int first = open_client();
	int second = open_client();

	say(first, "{\"job\":"); /* and nothing more */
	say(second, "{\"job\":\"ping\"}\n");
	ck_assert_ptr_nonnull(strstr(hear(second), "result"));
	(void)close(first);
	say(second, "{\"job\":\"ping\"}\n");
	ck_assert_ptr_nonnull(strstr(hear(second), "result"));
	(void)close(second);
}
END_TEST

START_TEST(a_request_without_end_is_dropped)
{
	static char large[LARGE];
	int fd = open_client();
	ssize_t n = 0;

	memset(large, 'x', sizeof(large));
	for (size_t sent = 0; sent < sizeof(large) && n >= 0; sent += (size_t)(n > 0 ? n : 0)) {
		n = send(fd, large + sent, sizeof(large) - sent, MSG_NOSIGNAL);
	}
	ck_assert_str_eq(hear(fd), "");
	(void)close(fd);
	fd = open_client();
	say(fd, "{\"job\":\"ping\"}\n");
	ck_assert_ptr_nonnull(strstr(hear(fd), "result"));
	(void)close(fd);
}
END_TEST

START_TEST(stop_is_answered_and_asked_for)
{
	int fd = open_client();

	say(fd, "{\"job\":\"stop\"}\n");
	ck_assert_ptr_nonnull(strstr(hear(fd), "result"));
	ck_assert(bp_stop_requested(&service->stop));
	bp_control_stop(control);
	control = NULL;
	ck_assert_str_eq(hear(fd), "");
	(void)close(fd);
	ck_assert_rc(bp_unix_connect(bp_test_tmpdir("home/run/control.sock"), &fd, &err),
		     BP_ENOTFOUND);
}
END_TEST

BP_TEST_MAIN(setup, teardown, a_request_is_answered_on_one_line,
	     requests_that_come_together_are_answered_one_by_one,
	     several_clients_do_not_wait_for_each_other, a_request_without_end_is_dropped,
	     stop_is_answered_and_asked_for)
