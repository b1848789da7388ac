/* SPDX-License-Identifier: MIT */
#include "capture/redactor.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "redact/redact.h"

enum { PIECE_BYTES = 4096 };

struct bp_redactor {
	struct bp_redact *redact;
	struct bp_redact_scratch *scratch;
	struct bp_buf decoded;
};

enum bp_rc bp_redactor_new(struct bp_redactor **out, struct bp_err *err)
{
	struct bp_redactor *redactor = bp_calloc(1, sizeof(*redactor));
	enum bp_rc rc = bp_redact_new(&redactor->redact, err);

	if (rc != BP_OK) {
		free(redactor);
		return rc;
	}
	redactor->scratch = bp_redact_scratch_new(redactor->redact, 0);
	bp_buf_init(&redactor->decoded, BP_REDACT_BYTES_MAX + 2 * (size_t)BP_REDACT_SLACK_BYTES);
	*out = redactor;
	return BP_OK;
}

void bp_redactor_free(struct bp_redactor *redactor)
{
	if (!redactor) {
		return;
	}
	bp_redact_scratch_free(redactor->scratch);
	bp_redact_free(redactor->redact);
	bp_buf_done(&redactor->decoded);
	free(redactor);
}

/** The text of a JSON string, as far as redaction looks at it. */
static struct bp_str decode(struct bp_buf *out, struct bp_json value, size_t max_bytes)
{
	struct bp_json_text text = bp_json_text_start(value);

	bp_buf_clear(out);
	while (out->len <= max_bytes) {
		char *at = bp_buf_reserve(out, PIECE_BYTES);
		size_t n = at ? bp_json_text_next(&text, at, PIECE_BYTES) : 0;
		if (n == 0) {
			break;
		}
		out->len += n;
	}
	return bp_buf_str(out);
}

struct bp_str bp_redactor_text(void *arg, const struct bp_text_request *request, bool *out_cut)
{
	struct bp_redactor *redactor = arg;
	struct bp_redact_request redact = {.text = request->text,
					   .key = request->key,
					   .max_bytes = request->max_bytes,
					   .max_chars = request->max_chars,
					   .paths = request->paths};

	if (request->value.type == BP_JSON_STRING) {
		redact.text = decode(&redactor->decoded, request->value,
				     request->max_bytes + BP_REDACT_SLACK_BYTES);
	}
	return bp_redact_text(redactor->scratch, &redact, out_cut);
}
