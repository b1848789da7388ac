/* SPDX-License-Identifier: MIT */
/* Redaction: what comes out has no secret left, fits, and stays as it is when redacted again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "redact/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void complain(const char *what)
{
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bp_redact *redact;
	static struct bp_redact_scratch *scratch, *other;
	struct bp_redact_request request = {.text = {(const char *)data, size}, .max_bytes = 300};
	const struct bp_str none = {NULL, 0};
	struct bp_err err = {0};
	bool cut = false;

	if (!redact) {
		if (bp_redact_new(&redact, &err) != BP_OK) {
			complain(err.msg);
		}
		scratch = bp_redact_scratch_new(redact, 0);
		other = bp_redact_scratch_new(redact, 0);
	}
	request.paths = size % 2;
	struct bp_str first = bp_redact_text(scratch, &request, &cut);
	if (first.len > request.max_bytes) {
		complain("longer than it may be");
	}
	if (bp_redact_find(other, none, first)) {
		complain("a secret is left");
	}
	request.text = first;
	struct bp_str second = bp_redact_text(other, &request, &cut);
	if (cut || !bp_str_eq(first, second)) {
		complain("not at rest");
	}
	return 0;
}
