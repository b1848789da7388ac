/* SPDX-License-Identifier: MIT */
/*
 * main.c - blueplane-hook: standard input to Redis or spool, and out of the way.
 *
 * Everything large is static and never touched beyond what the input needs: untouched pages cost
 * nothing. The end is always _exit(0): an assistant must not notice that it is watched.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hook/hook.h"

static char input[BP_HOOK_INPUT_MAX + 1]; /* one more byte tells that there was more */
static struct bp_projector projector;
static struct bp_hook_frame frame;

/* The home, open; -1 when there is none. */
static int open_home(int argc, char **argv)
{
	const char *home = secure_getenv("BLUEPLANE_HOME");
	const char *user = secure_getenv("HOME");

	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--home") == 0) {
			return open(argv[i + 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		}
	}
	if (home && *home) {
		return open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (!user || !*user) {
		return -1;
	}
	int user_fd = open(user, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return user_fd < 0 ? -1 : openat(user_fd, ".blueplane", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* All of standard input, up to BP_HOOK_INPUT_MAX + 1 bytes. */
static size_t read_input(void)
{
	size_t len = 0;

	while (len < sizeof(input)) {
		ssize_t n = read(STDIN_FILENO, input + len, sizeof(input) - len);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		len += (size_t)n;
	}
	return len;
}

static int64_t wall_us(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool project(struct bp_str json, struct bp_event *event, bool *is_lost)
{
	uint8_t random_bytes[10] = {0};
	int64_t now_us = wall_us();

	if (getrandom(random_bytes, sizeof(random_bytes), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(random_bytes)) {
		/* No randomness so early after boot: time and process keep ids apart. */
		pid_t pid = getpid();
		memcpy(random_bytes, &pid, sizeof(pid));
		memcpy(random_bytes + sizeof(pid), &now_us, sizeof(random_bytes) - sizeof(pid));
	}
	enum bp_projected result =
		bp_project_claude_hook(&projector, json, now_us, random_bytes, event);
	if (result == BP_PROJECT_TOO_LARGE) {
		/* What is in it does not fit; that it happened does. */
		event->payload = BP_STR("{}");
		result = BP_PROJECTED;
	}
	*is_lost = json.len > BP_HOOK_INPUT_MAX;
	return result == BP_PROJECTED;
}

static void run(int home_fd)
{
	struct bp_hook_conf conf;
	struct bp_event event;
	bool is_lost = false;

	bp_hook_conf_read(home_fd, &conf);
	if (!conf.enabled) {
		return;
	}
	projector.policy = conf.policy;
	size_t len = read_input();
	if (len == 0) {
		return;
	}
	if (!project(bp_str_make(input, len), &event, &is_lost) ||
	    !bp_hook_frame_make(&event, &frame)) {
		if (is_lost) {
			bp_hook_lost(home_fd);
		}
		return;
	}
	/* Without a clear word of the user nothing goes further than the home's own spool. */
	if (conf.policy.envelope_only || !bp_hook_send(conf.socket, &frame)) {
		(void)bp_hook_spool(home_fd, &frame);
	}
}

int main(int argc, char **argv)
{
	(void)umask(077);
	int home_fd = open_home(argc, argv);
	if (home_fd >= 0) {
		run(home_fd);
	}
	_exit(0);
}
