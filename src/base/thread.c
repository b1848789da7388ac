/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <signal.h>
#include <string.h>

#include "base/mem.h"

enum { NAME_BYTES = 16 }; /* the kernel's limit, with the NUL */

/* Given to the new thread, which frees it. */
struct start {
	void (*run)(void *arg);
	void *arg;
	char name[NAME_BYTES];
};

static void *trampoline(void *raw)
{
	struct start *mine = raw;
	struct start start = *mine;

	free(mine);
	(void)pthread_setname_np(pthread_self(), start.name); /* a name is a comfort only */
	start.run(start.arg);
	return NULL;
}

enum bp_rc bp_thread_start(struct bp_thread *thread, const char *name, void (*run)(void *arg),
			   void *arg, struct bp_err *err)
{
	struct bp_str text = bp_str_from(name);
	sigset_t all;
	sigset_t before;

	BP_ASSERT(text.len > 0 && text.len < NAME_BYTES);
	thread->started = false;
	struct start *start = bp_calloc(1, sizeof(*start));
	start->run = run;
	start->arg = arg;
	memcpy(start->name, text.ptr, text.len);
	/* The new thread inherits the mask: signals are main's. */
	(void)sigfillset(&all);
	BP_ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	int failed = pthread_create(&thread->handle, NULL, trampoline, start);
	BP_ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	if (failed) {
		free(start);
		return bp_err_set(err, BP_EIO, "thread \"%s\": %s", name, strerrordesc_np(failed));
	}
	thread->started = true;
	return BP_OK;
}

void bp_thread_join(struct bp_thread *thread)
{
	if (thread->started) {
		BP_ASSERT(pthread_join(thread->handle, NULL) == 0);
		thread->started = false;
	}
}
