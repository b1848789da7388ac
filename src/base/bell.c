/* SPDX-License-Identifier: MIT */
#include "base/bell.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

enum bp_rc bp_bell_open(struct bp_bell *bell, struct bp_err *err)
{
	bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bell->fd < 0) {
		return bp_err_set(err, BP_EIO, "eventfd: %s", strerrordesc_np(errno));
	}
	return BP_OK;
}

void bp_bell_close(struct bp_bell *bell)
{
	if (bell->fd >= 0) {
		(void)close(bell->fd);
		bell->fd = -1;
	}
}

void bp_bell_ring(struct bp_bell *bell)
{
	const uint64_t one = 1;

	/* Fails only when the counter is full, and then it is readable already. */
	ssize_t ignored = write(bell->fd, &one, sizeof(one));
	(void)ignored;
}

void bp_bell_clear(struct bp_bell *bell)
{
	uint64_t rings = 0;

	/* Fails only when there was no ring. */
	ssize_t ignored = read(bell->fd, &rings, sizeof(rings));
	(void)ignored;
}

bool bp_bell_wait(struct bp_bell *bell, struct bp_stop *stop, int timeout_ms)
{
	const int64_t end_us = bp_clock_mono_us() + (int64_t)timeout_ms * 1000;
	struct pollfd waits[] = {{.fd = bell->fd, .events = POLLIN},
				 {.fd = stop->fd, .events = POLLIN}};

	while (!bp_stop_requested(stop)) {
		int64_t left_us = timeout_ms < 0 ? 0 : end_us - bp_clock_mono_us();
		int left_ms = timeout_ms < 0 ? -1 : left_us > 0 ? (int)((left_us + 999) / 1000) : 0;

		/* EINTR goes round. */
		int n = poll(waits, 2, left_ms);
		if (n > 0 && waits[0].revents) {
			bp_bell_clear(bell);
			break;
		}
		if (n == 0) {
			break;
		}
	}
	return bp_stop_requested(stop);
}
