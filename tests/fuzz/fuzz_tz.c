/* SPDX-License-Identifier: MIT */
/* A zone file that is no zone file: refused, or a zone whose every offset is one. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/tz_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_tz_zone zone = {0};
	struct bp_str bytes = bp_str_make((const char *)data, size);

	if (bp_tz_rule_parse(bytes, &zone.rule) == BP_OK) {
		int offset = bp_tz_rule_offset(&zone.rule, INT64_C(2216250000));

		BP_ASSERT(offset >= -26 * 3600 && offset <= 26 * 3600);
	}
	zone = (struct bp_tz_zone){0};
	if (bp_tz_file_parse(bytes, &zone, NULL) == BP_OK) {
		for (size_t i = 0; i < zone.n; i++) {
			BP_ASSERT(zone.offset_s[i] >= -26 * 3600 && zone.offset_s[i] <= 26 * 3600);
		}
	}
	bp_tz_zone_done(&zone);
	return 0;
}
