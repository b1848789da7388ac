/* SPDX-License-Identifier: MIT */
#include "daemon/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/run.h"
#include "support/tmpdir.h"

static char inside[256], outside[256];

static void setup(void)
{
	bp_test_tmpdir_make();
	(void)snprintf(inside, sizeof(inside), "%s", bp_test_tmpdir("inside"));
	(void)snprintf(outside, sizeof(outside), "%s", bp_test_tmpdir("outside"));
	ck_assert_int_eq(mkdir(inside, 0700), 0);
	ck_assert_int_eq(mkdir(outside, 0700), 0);
}

static void teardown(void)
{
	bp_test_tmpdir_remove();
}

/* What a child can do inside of the sandbox: its exit code. 77: there is no Landlock. */
static int in_sandbox(int (*act)(void), const char *program, int port)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		const char *const folders[] = {inside, "/nonexistent/folder", NULL};
		const char *const programs[] = {program, NULL};
		struct bp_sandbox sandbox = {
			.folders = folders, .programs = programs, .connect_port = port};
		struct bp_err err = {0};
		enum bp_rc rc = bp_sandbox_enter(&sandbox, &err);
		_exit(rc == BP_EVERSION ? 77 : rc != BP_OK ? 78 : act());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		(void)printf("skipped: this kernel has no Landlock\n");
		return 0;
	}
	return WEXITSTATUS(status);
}

/* 0 when the file can be made in the folder, else errno. */
static int make_in(const char *folder)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/file", folder);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0) {
		return errno;
	}
	ssize_t n = write(fd, "x", 1);
	(void)close(fd);
	return n == 1 && truncate(path, 0) == 0 && unlink(path) == 0 ? 0 : errno;
}

static int write_everywhere(void)
{
	char link_path[300];

	(void)snprintf(link_path, sizeof(link_path), "%s/link", inside);
	if (make_in(inside) != 0) {
		return 1;
	}
	if (make_in(outside) != EACCES) {
		return 2;
	}
	/* A link that leads out leads nowhere. */
	if (symlink(outside, link_path) != 0 || make_in(link_path) != EACCES) {
		return 3;
	}
	if (mkdir(outside, 0700) != -1 || rmdir(outside) != -1 || errno != EACCES) {
		return 4;
	}
	return open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0 ? 0 : 5;
}

START_TEST(only_the_folders_can_be_written)
{
	ck_assert_int_eq(in_sandbox(write_everywhere, NULL, 0), 0);
}
END_TEST

static int read_and_write_old(void)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/old", outside);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return 1;
	}
	(void)close(fd);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 && errno == EACCES && unlink(path) != 0 && rename(path, inside) != 0 ? 0 : 2;
}

START_TEST(what_is_outside_can_be_read_and_not_changed)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/old", outside);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	ck_assert_int_eq(in_sandbox(read_and_write_old, NULL, 0), 0);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* The exit code of a program, 126 when it may not be executed. */
static int run_program(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		char *const argv[] = {strdup(path), NULL};
		(void)execv(path, argv);
		_exit(errno == EACCES ? 126 : 125);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}

static int run_both(void)
{
	return run_program("/bin/true") == 0 && run_program("/bin/false") == 126 ? 0 : 1;
}

static int run_none(void)
{
	return run_program("/bin/true") == 126 ? 0 : 1;
}

START_TEST(only_the_programs_can_be_executed)
{
	ck_assert_int_eq(in_sandbox(run_both, "/bin/true", 0), 0);
	ck_assert_int_eq(in_sandbox(run_none, NULL, 0), 0);
}
END_TEST

static int listening; /* a port that somebody listens on */

static int connect_to(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int rc = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;

	(void)close(fd);
	return rc;
}

static int connect_allowed(void)
{
	return connect_to(listening);
}

static int connect_denied(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int bound = bind(fd, (struct sockaddr *)&address, sizeof(address));

	(void)close(fd);
	return connect_to(listening) == EACCES && bound != 0 ? 0 : 1;
}

START_TEST(tcp_goes_to_one_port_at_most)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &n), 0);
	listening = ntohs(address.sin_port);
	int allowed = in_sandbox(connect_allowed, NULL, listening);
	int denied = in_sandbox(connect_denied, NULL, listening == 1 ? 2 : 1);
	(void)close(fd);
	ck_assert_int_eq(allowed, 0);
	ck_assert_int_eq(denied, 0);
}
END_TEST

BP_TEST_MAIN(setup, teardown, only_the_folders_can_be_written,
	     what_is_outside_can_be_read_and_not_changed, only_the_programs_can_be_executed,
	     tcp_goes_to_one_port_at_most)
