/* SPDX-License-Identifier: MIT */
#include "daemon/quiet.h"

#include "base/clock.h"

enum { POLL_MS = 2, WAIT_US = 30 * 1000 * 1000 };

enum bp_rc bp_quiet_begin(struct bp_service *service, struct bp_redis *redis, struct bp_err *err)
{
	int64_t until_us = bp_clock_mono_us() + WAIT_US;
	int64_t depth = 0;
	enum bp_rc rc = BP_OK;

	bp_capture_pause(service->capture, true);
	for (;;) {
		rc = bp_service_queue(redis, &depth, err);
		if (rc != BP_OK || depth == 0) {
			break;
		}
		if (bp_clock_mono_us() > until_us) {
			rc = bp_err_set(err, BP_EBUSY,
					"%lld events stay in the queue: see `blueplane logs`",
					(long long)depth);
			break;
		}
		if (bp_stop_wait(&service->stop, POLL_MS)) {
			rc = bp_err_set(err, BP_ESTOPPED, "the service stops");
			break;
		}
	}
	if (rc != BP_OK) {
		bp_capture_pause(service->capture, false);
		return rc;
	}
	bp_fastpath_pause(service->fastpath, true);
	bp_slowpath_pause(service->slowpath, true);
	return BP_OK;
}

void bp_quiet_end(struct bp_service *service)
{
	bp_slowpath_pause(service->slowpath, false);
	bp_fastpath_pause(service->fastpath, false);
	bp_capture_pause(service->capture, false);
}
