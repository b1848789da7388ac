/* SPDX-License-Identifier: MIT */
/* Whatever decodes as an event encodes, and decodes again as the same event. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "support/event_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *complaint)
{
	(void)fprintf(stderr, "%s\n", complaint);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char wire[2 * BP_EVENT_BYTES_MAX];
	char space[16384], space_again[16384];
	struct bp_event event, again;
	struct bp_out out = bp_out_make(wire, sizeof(wire));
	const char *reason = NULL;

	if (!bp_event_decode(bp_str_make((const char *)data, size), space, sizeof(space), &event,
			     &reason)) {
		if (!reason || reason[0] == '\0') {
			fail("refused without a reason");
		}
		return 0;
	}
	bp_event_encode(&event, &out);
	if (out.full ||
	    !bp_event_decode(bp_out_str(&out), space_again, sizeof(space_again), &again, &reason)) {
		fail("what was decoded does not survive");
	}
	reason = event_compare(&event, &again);
	if (reason) {
		fail(reason);
	}
	return 0;
}
