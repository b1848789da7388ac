/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "torture/torture.h"

static const char *const EVENTS[] = {
	"\"hook_event_name\":\"UserPromptSubmit\",\"prompt\":\"hello hook\"",
	"\"hook_event_name\":\"Notification\",\"message\":\"waits\"",
	"\"hook_event_name\":\"SessionStart\",\"source\":\"startup\"",
	"\"hook_event_name\":\"Stop\",\"stop_hook_active\":false",
};

/** One hook, as an assistant runs it. False: it printed, or did not exit 0. */
static bool call(const struct hooks *hooks, const char *text)
{
	int in[2];
	int out[2];
	char output[16];

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
		torture_give_up("no pipe: %s", strerrordesc_np(errno));
	}
	pid_t pid = fork();
	if (pid == 0) {
		if (dup2(in[0], 0) >= 0 && dup2(out[1], 1) >= 0 && dup2(out[1], 2) >= 0) {
			(void)execl(hooks->program, "blueplane-hook", (char *)NULL);
		}
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	ssize_t written = write(in[1], text, strlen(text));
	(void)close(in[1]);
	ssize_t n = read(out[0], output, sizeof(output));
	(void)close(out[0]);
	return pid > 0 && written > 0 && wait_for(pid) == 0 && n == 0;
}

void hooks_run(void *arg)
{
	struct hooks *hooks = arg;
	char text[512];

	while (!atomic_load(&hooks->stop)) {
		if (hooks->n == hooks->cap) {
			hooks->cap = hooks->cap ? hooks->cap * 2 : 1024;
			hooks->calls = bp_realloc(hooks->calls, hooks->cap, sizeof(*hooks->calls));
		}
		struct hook_call *now = &hooks->calls[hooks->n];
		(void)snprintf(
			text, sizeof(text),
			"{\"session_id\":\"hook-%zu\",\"cwd\":\"/home/dev/p1\","
			"\"transcript_path\":\"/nowhere.jsonl\",%s}",
			hooks->n,
			EVENTS[torture_below(&hooks->random, sizeof(EVENTS) / sizeof(EVENTS[0]))]);
		now->start_us = torture_now_us();
		bool fine = call(hooks, text);
		now->end_us = torture_now_us();
		hooks->bad += fine ? 0 : 1;
		if (now->end_us - now->start_us > hooks->slowest_us) {
			hooks->slowest_us = now->end_us - now->start_us;
		}
		hooks->n++;
		torture_pause(torture_below(&hooks->random, 20));
	}
}
