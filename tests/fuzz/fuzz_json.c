/* SPDX-License-Identifier: MIT */
/* The scanner against cJSON, with every kernel: support/json_compare.h says what must hold. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/json.h"
#include "support/json_compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bp_json_kernel *before = bp_json_kernel;
	const char *complaint;

	if (size > JSON_COMPARE_TEXT_MAX) {
		return 0;
	}
	complaint = json_compare((const char *)data, size);
	if (!complaint && bp_json_use_avx2()) {
		complaint = json_compare((const char *)data, size);
		bp_json_kernel = before;
	}
	if (complaint) {
		(void)fprintf(stderr, "%s\n", complaint);
		abort();
	}
	return 0;
}
