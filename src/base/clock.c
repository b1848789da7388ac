/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

#include "base/err.h"

static int64_t now_us(clockid_t clock)
{
	struct timespec now;

	BP_ASSERT(clock_gettime(clock, &now) == 0);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t bp_clock_wall_us(void)
{
	return now_us(CLOCK_REALTIME);
}

int64_t bp_clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}
