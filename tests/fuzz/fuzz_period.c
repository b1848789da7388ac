/* SPDX-License-Identifier: MIT */
/* What somebody typed as --since or --until: refused with a message, or an instant that calendars
 * know; the end of a day is not before its beginning. The first byte chooses the zone.
 * Seen to fail: the end of a day looked for in the day before. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "event/timestamp.h"
#include "query/period.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_US INT64_C(1769850000000000)

static void check_bound(const char *text, const struct bp_tz *tz)
{
	struct bp_err err = {0};
	struct bp_period period = {0};
	int64_t start = 0, end = 0;

	enum bp_rc rc = bp_period_bound(text, false, tz, NOW_US, &start, &err);
	BP_ASSERT(rc == BP_OK || (rc == BP_EINVAL && err.msg[0] != '\0'));
	BP_ASSERT(bp_period_bound(text, true, tz, NOW_US, &end, &err) == rc);
	BP_ASSERT(bp_period_between(text, NULL, tz, NOW_US, &period, &err) == rc);
	if (rc == BP_OK) {
		BP_ASSERT(start <= end && period.from_us == start);
		BP_ASSERT(start > BP_TIME_FIRST && end < BP_TIME_LAST);
		/* It has a date in the zone, and the day that it is in holds it. */
		struct bp_civil civil = bp_tz_civil(tz, start);
		BP_ASSERT(civil.month >= 1 && civil.month <= 12 && civil.day >= 1);
		BP_ASSERT(bp_tz_day_start(tz, start) <= start);
	}
	if (bp_period_between(text, text, tz, NOW_US, &period, &err) == BP_OK) {
		BP_ASSERT(period.from_us < period.until_us);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"UTC", "Europe/Berlin", "America/Sao_Paulo",
					    "Australia/Lord_Howe"};
	static struct bp_tz *zones[4];

	for (size_t i = 0; i < 4 && !zones[i]; i++) {
		BP_ASSERT(bp_tz_load(names[i], &zones[i], NULL) == BP_OK);
	}
	if (size > 0) {
		char *text = bp_strdup(bp_str_make((const char *)data + 1, size - 1));
		check_bound(text, zones[data[0] % 4]);
		free(text);
	}
	return 0;
}
