/* SPDX-License-Identifier: MIT */
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

enum bp_rc bp_stop_open(struct bp_stop *stop, struct bp_err *err)
{
	atomic_init(&stop->requested, false);
	stop->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (stop->fd < 0) {
		return bp_err_set(err, BP_EIO, "eventfd: %s", strerrordesc_np(errno));
	}
	return BP_OK;
}

void bp_stop_close(struct bp_stop *stop)
{
	if (stop->fd >= 0) {
		(void)close(stop->fd);
		stop->fd = -1;
	}
}

void bp_stop_request(struct bp_stop *stop)
{
	const uint64_t one = 1;
	int saved = errno; /* a signal handler must not change it */

	atomic_store(&stop->requested, true);
	/* Fails only when the counter is full, and then it is readable already. */
	ssize_t ignored = write(stop->fd, &one, sizeof(one));
	(void)ignored;
	errno = saved;
}

bool bp_stop_requested(const struct bp_stop *stop)
{
	return atomic_load(&stop->requested);
}

bool bp_stop_wait(struct bp_stop *stop, int timeout_ms)
{
	const int64_t end_us = bp_clock_mono_us() + (int64_t)timeout_ms * 1000;
	struct pollfd wait = {.fd = stop->fd, .events = POLLIN};

	for (;;) {
		if (bp_stop_requested(stop)) {
			return true;
		}
		int64_t left_us = end_us - bp_clock_mono_us();
		if (left_us <= 0) {
			return false;
		}
		/* EINTR and time-outs go round: the flag and the clock decide. */
		(void)poll(&wait, 1, (int)((left_us + 999) / 1000));
	}
}
