/* SPDX-License-Identifier: MIT */
#include "support/journey.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum { LINE_BYTES = 512, POLL_MS = 20, PATIENCE_MS = 30000 };

const char *bp_test_transcript(const struct bp_test_home *home)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/-home-dev-x/" BP_TEST_SESSION ".jsonl",
		       home->projects);
	return path;
}

void bp_test_add_prompts(const struct bp_test_home *home, int first, int n)
{
	char text[LINE_BYTES];

	for (int i = first; i < first + n; i++) {
		int len = snprintf(
			text, sizeof(text),
			"{\"parentUuid\":null,\"isSidechain\":false,\"userType\":\"external\","
			"\"cwd\":\"/home/dev/x\",\"sessionId\":\"" BP_TEST_SESSION
			"\",\"version\":\"2.1.0\",\"type\":\"user\",\"message\":{"
			"\"role\":\"user\",\"content\":\"hello\"},\"uuid\":\"00000000-0000-"
			"4000-a000-%012d\",\"timestamp\":\"2026-01-02T03:%02d:%02d.000Z\"}\n",
			i, i / 60 % 60, i % 60);
		bp_test_append_file(bp_test_transcript(home), text, (size_t)len);
	}
}

static void pause_a_moment(void)
{
	(void)poll(NULL, 0, POLL_MS);
}

void bp_test_wait_number(const struct bp_test_home *home, const char *path, double want)
{
	double got = -1;

	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += POLL_MS) {
		cJSON *status = bp_test_cli_json(home, "status", NULL);
		const cJSON *item = bp_test_json_at(status, path);
		got = cJSON_IsNumber(item) ? item->valuedouble : -1;
		cJSON_Delete(status);
		if (got >= want) {
			break;
		}
		pause_a_moment();
	}
	ck_assert_msg(got >= want && got <= want, "%s is %.0f, not %.0f", path, got, want);
}

void bp_test_wait_words(const struct bp_test_home *home, const char *words)
{
	bool found = false;

	for (int waited_ms = 0; !found && waited_ms < PATIENCE_MS; waited_ms += POLL_MS) {
		struct bp_test_output out;

		bp_test_cli(home, &out, "status", NULL);
		found = strstr(out.out, words) != NULL;
		bp_test_output_done(&out);
		pause_a_moment();
	}
	ck_assert_msg(found, "status does not say \"%s\"", words);
}

void bp_test_wait_log(const struct bp_test_home *home, const char *words)
{
	bool found = false;

	for (int waited_ms = 0; !found && waited_ms < PATIENCE_MS; waited_ms += POLL_MS) {
		char *log = bp_test_read_file(bp_test_home_file(home, "log/blueplaned.log"), NULL);
		found = log && strstr(log, words);
		free(log);
		pause_a_moment();
	}
	ck_assert_msg(found, "the log does not say \"%s\"", words);
}

bool bp_test_own_mounts(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
		return true;
	}
	(void)fprintf(stderr, "skipped: no right to mount a disk\n");
	return false;
}

void bp_test_mount_small(const struct bp_test_home *home, int mb)
{
	char options[64];

	(void)snprintf(options, sizeof(options), "size=%dm,mode=0700", mb);
	ck_assert_int_eq(mount("none", home->home, "tmpfs", 0, options), 0);
}

void bp_test_mount_read_only(const struct bp_test_home *home)
{
	ck_assert_int_eq(mount(home->home, home->home, NULL, MS_BIND, NULL), 0);
	ck_assert_int_eq(mount(NULL, home->home, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
}

void bp_test_unmount(const struct bp_test_home *home)
{
	ck_assert_int_eq(umount(home->home), 0);
}

void bp_test_fill_disk(const struct bp_test_home *home)
{
	static char bytes[65536];
	int fd = open(bp_test_home_file(home, "ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	size_t piece = sizeof(bytes);

	ck_assert_int_ge(fd, 0);
	while (piece > 0) {
		ssize_t n = write(fd, bytes, piece);
		if (n <= 0) {
			ck_assert_int_eq(errno, ENOSPC);
			piece /= 2;
		}
	}
	(void)close(fd);
}
