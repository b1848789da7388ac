/* SPDX-License-Identifier: MIT */
/* What a client writes to a status line or a hook of ours: what is taken fits, goes through the
 * home's sample unchanged, and nothing that is printed of it can steer a terminal.
 * Seen to fail: any name of a window taken; a reset that the sample cannot hold. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/client_input.h"
#include "cli/print.h"
#include "query/limits.h"
#include "support/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_US INT64_C(1769850000000000)

static void check_text(const char *text)
{
	struct bp_buf clean;

	BP_ASSERT(strlen(text) < BP_CLIENT_TEXT_BYTES);
	for (int utf8 = 0; utf8 < 2; utf8++) {
		bp_buf_init(&clean, 8 * BP_CLIENT_TEXT_BYTES);
		bp_print_clean(&clean, bp_str_from(text), utf8 == 1);
		for (size_t i = 0; i < clean.len; i++) {
			unsigned char c = (unsigned char)clean.ptr[i];
			BP_ASSERT(c >= ' ' && c != 0x7F && (utf8 == 1 || c < 0x80));
		}
		bp_buf_done(&clean);
	}
}

static void check_limits(const struct bp_limits *limits)
{
	static char sample[96];
	struct bp_limits again = {0};

	if (sample[0] == '\0') {
		(void)snprintf(sample, sizeof(sample), "%s/run", fuzz_scratch());
		BP_ASSERT(mkdir(sample, 0700) == 0);
		(void)snprintf(sample, sizeof(sample), "%s/run/limits.json", fuzz_scratch());
	}
	for (size_t i = 0; i < limits->n; i++) {
		const struct bp_limit *limit = &limits->items[i];
		BP_ASSERT(isfinite(limit->used_percent) && limit->used_percent >= 0);
		BP_ASSERT(limit->resets_us == BP_SQL_NULL || limit->resets_us >= 0);
		BP_ASSERT(strspn(limit->window, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
			  strlen(limit->window));
		BP_ASSERT(bp_limits_find(limits, limit->platform, limit->window) == limit);
	}
	(void)unlink(sample);
	BP_ASSERT(bp_limits_sample_write(fuzz_scratch(), limits, NULL) == BP_OK);
	BP_ASSERT(bp_limits_sample_read(fuzz_scratch(), &again, NULL) == BP_OK);
	BP_ASSERT(again.n == limits->n);
	for (size_t i = 0; i < limits->n; i++) {
		const struct bp_limit *a = &limits->items[i], *b = &again.items[i];
		BP_ASSERT(strcmp(a->window, b->window) == 0 && a->ts_us == b->ts_us);
		BP_ASSERT(a->resets_us == b->resets_us);
		BP_ASSERT(fabs(a->used_percent - b->used_percent) <= 1e-9 * a->used_percent);
	}
	cJSON *json = bp_limits_json(&again);
	BP_ASSERT(cJSON_GetArraySize(json) == (int)again.n);
	cJSON_Delete(json);
}

/* The sample as somebody else may have written it. */
static void check_sample(struct bp_str text)
{
	char path[96];
	struct bp_limits limits = {0};

	(void)snprintf(path, sizeof(path), "%s/run/limits.json", fuzz_scratch());
	FILE *file = fopen(path, "we");
	if (file) {
		(void)fwrite(text.ptr, 1, text.len, file);
		(void)fclose(file);
	}
	if (bp_limits_sample_read(fuzz_scratch(), &limits, NULL) == BP_OK) {
		BP_ASSERT(limits.n > 0 && limits.n <= BP_LIMITS_MAX);
		cJSON *json = bp_limits_json(&limits);
		BP_ASSERT(cJSON_GetArraySize(json) == (int)limits.n);
		cJSON_Delete(json);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_str text = bp_str_make((const char *)data, size);
	struct bp_client_input input;

	bp_client_input_parse(text, NOW_US, &input);
	check_text(input.session);
	check_text(input.model);
	check_text(input.event);
	BP_ASSERT(!input.has_cost || input.cost_pusd >= 0);
	BP_ASSERT(input.valid || (!input.session[0] && !input.has_cost && input.limits.n == 0));
	if (input.limits.n > 0) {
		check_limits(&input.limits);
	}
	if (size > 0 && data[0] == '[') {
		check_sample(text);
	}
	return 0;
}
