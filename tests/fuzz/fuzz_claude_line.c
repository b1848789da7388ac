/* SPDX-License-Identifier: MIT */
/* A transcript line that anybody wrote: projected alike by both builds, and never a sentence. */
#include "event/projection.h"
#include "support/projected_alike.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum bp_projected project(struct bp_projector *to, struct bp_str text, struct bp_event *out)
{
	const struct bp_line_origin origin = {.path_hash = BP_STR("00112233aabbccdd"),
					      .offset_bytes = 77,
					      .session_from_path = BP_STR("from-path"),
					      .inherited_us = BP_ABSENT,
					      .received_us = INT64_C(1700000000000000)};

	return bp_project_claude_line(to, text, &origin, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_alike(project, data, size);
	(void)bp_project_claude_recognise(bp_str_make((const char *)data, size));
	return 0;
}
