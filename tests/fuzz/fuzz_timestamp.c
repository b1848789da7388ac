/* SPDX-License-Identifier: MIT */
/* A time that anybody wrote: what is read is written as a text that is read as the same; any number
 * of microseconds is written as a time that there is.
 * Seen to fail: the writer without microseconds. */
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "event/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t write_and_read(int64_t us)
{
	char text[BP_TIMESTAMP_BYTES];
	size_t len = bp_timestamp_format(us, text);
	int64_t again = 0;

	BP_ASSERT(len < sizeof(text) && strlen(text) == len);
	BP_ASSERT(bp_timestamp_parse(bp_str_make(text, len), &again));
	return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t us = 0;

	if (bp_timestamp_parse(bp_str_make((const char *)data, size), &us)) {
		BP_ASSERT(write_and_read(us) == us);
	}
	if (size >= sizeof(us)) {
		memcpy(&us, data, sizeof(us));
		int64_t first = write_and_read(us);

		/* Beyond the years of four digits it is the nearest one. */
		BP_ASSERT(first == us || (us < 0 ? first > us : first < us));
		BP_ASSERT(write_and_read(first) == first);
	}
	return 0;
}
