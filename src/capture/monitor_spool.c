/* SPDX-License-Identifier: MIT */
#include "capture/monitor.h"
#include "stream/spool.h"

/* What hooks could not put into the stream; always on, whoever wrote it. */

static bool enabled(const struct bp_capture_config *config)
{
	(void)config;
	return true;
}

const struct bp_monitor bp_monitor_spool = {
	.name = "hooks",
	.enabled = enabled,
	.box = "spool/new",
	.replay = bp_spool_replay,
};
