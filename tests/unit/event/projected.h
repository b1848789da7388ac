/* SPDX-License-Identifier: MIT */
/**
 * projected.h - for the tests of the projection: a line or a hook in, JSON text out.
 *
 * JSON is written with ' for " and ` for ', so that it can be read.
 */
#ifndef BP_TESTS_UNIT_EVENT_PROJECTED_H
#define BP_TESTS_UNIT_EVENT_PROJECTED_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/projection.h"

/* What the projections of a test share: one projector, large, and the last result. */
static struct bp_projector test_projector;
static char test_wire[BP_EVENT_BYTES_MAX];
static char test_input[65536];
static struct bp_event test_event;

static inline void test_policy(uint32_t opt_out, bool project_names, bool envelope_only)
{
	unsigned char salt[BP_SALT_BYTES] = {7};

	test_projector.policy = (struct bp_policy){
		.opt_out = opt_out, .project_names = project_names, .envelope_only = envelope_only};
	bp_hash_key_init(&test_projector.policy.key, salt);
}

/** Every text that looks like a hash becomes "#": tests say that it is there, not what it is. */
static inline void mask_hashes(char *text)
{
	char *to = text;

	for (const char *at = text; *at;) {
		if (at[0] == '"' && strspn(at + 1, "0123456789abcdef") == 16 && at[17] == '"') {
			memcpy(to, "\"#\"", 3);
			to += 3;
			at += 18;
		} else {
			*to++ = *at++;
		}
	}
	*to = '\0';
}

static inline struct bp_str quoted(const char *json)
{
	size_t n = strlen(json);

	ck_assert_uint_lt(n, sizeof(test_input));
	for (size_t i = 0; i <= n; i++) {
		test_input[i] = (char)(json[i] == '\'' ? '"' : json[i] == '`' ? '\'' : json[i]);
	}
	return bp_str_make(test_input, n);
}

static inline const char *wire_of(const struct bp_event *event)
{
	struct bp_out out = bp_out_make(test_wire, sizeof(test_wire) - 1);

	bp_event_encode(event, &out);
	ck_assert(!out.full);
	test_wire[out.len] = '\0';
	return test_wire;
}

static inline struct bp_line_origin test_origin(void)
{
	return (struct bp_line_origin){.path_hash = BP_STR("00112233aabbccdd"),
				       .offset_bytes = 1234,
				       .session_from_path = BP_STR("from-path"),
				       .inherited_us = BP_ABSENT,
				       .received_us = INT64_C(1700000000000000)};
}

static inline enum bp_projected project_line_text(struct bp_str line)
{
	struct bp_line_origin origin = test_origin();

	return bp_project_claude_line(&test_projector, line, &origin, &test_event);
}

static inline enum bp_projected project_hook_text(struct bp_str json)
{
	static const uint8_t random_bytes[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

	return bp_project_claude_hook(&test_projector, json, INT64_C(1700000000000000),
				      random_bytes, &test_event);
}

/** The payload, hashes masked. Borrowed until the next call. */
static inline const char *masked_payload(void)
{
	ck_assert_uint_lt(test_event.payload.len, sizeof(test_wire));
	memcpy(test_wire, test_event.payload.ptr, test_event.payload.len);
	test_wire[test_event.payload.len] = '\0';
	mask_hashes(test_wire);
	for (char *at = test_wire; *at; at++) {
		*at = (char)(*at == '"' ? '\'' : *at);
	}
	return test_wire;
}

static inline const char *line_payload(const char *json)
{
	ck_assert_int_eq(project_line_text(quoted(json)), BP_PROJECTED);
	return masked_payload();
}

static inline const char *hook_payload(const char *json)
{
	ck_assert_int_eq(project_hook_text(quoted(json)), BP_PROJECTED);
	return masked_payload();
}

#define ck_assert_text(view, want)                                                                 \
	ck_assert_msg(bp_str_is((view), (want)), "%s is \"%.*s\", want \"%s\"", #view,             \
		      BP_STR_ARG(view), (want))

#define ck_assert_absent(view) ck_assert_ptr_null((view).ptr)

/** A user line with one tool_result block and what stands beside it. */
#define RESULT_LINE(block, beside)                                                                 \
	"{'type':'user','uuid':'u1','sessionId':'s1','message':{'role':'user','content':[{"        \
	"'tool_use_id':'t1','type':'tool_result'," block "}]}" beside "}"

#endif
