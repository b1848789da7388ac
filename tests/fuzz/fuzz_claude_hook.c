/* SPDX-License-Identifier: MIT */
/* The standard input of a hook that anybody wrote: alike by both builds, and never a sentence. */
#include "event/projection.h"
#include "support/projected_alike.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum bp_projected project(struct bp_projector *to, struct bp_str text, struct bp_event *out)
{
	static const uint8_t random_bytes[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

	return bp_project_claude_hook(to, text, INT64_C(1700000000000000), random_bytes, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_alike(project, data, size);
	return 0;
}
