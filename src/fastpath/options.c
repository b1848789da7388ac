/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "fastpath/fastpath.h"

#define FIELD(field) offsetof(struct bp_fastpath_config, field)

const struct bp_option bp_fastpath_options[] = {
	{"fastpath.batch_events", BP_OPTION_INT, FIELD(batch_events), "500", 1, 10000, NULL, false,
	 "most events stored in one transaction"},
	{"fastpath.block", BP_OPTION_DURATION, FIELD(block_us), "1s", 1000, 10000000, NULL, false,
	 "how long one read waits for events"},
	{"fastpath.cache", BP_OPTION_SIZE, FIELD(cache_bytes), "8MiB", 1 << 20, 1LL << 32, NULL,
	 false, "page cache of the connection that stores events"},
	{.name = NULL},
};
