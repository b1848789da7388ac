/* SPDX-License-Identifier: MIT */
/**
 * event_compare.h - are two events the same, field by field?
 *
 * Why: the round trip test and the fuzz target ask the same. Not by memcmp: views differ in where
 *      they point, and structs have holes.
 */
#ifndef BP_TESTS_SUPPORT_EVENT_COMPARE_H
#define BP_TESTS_SUPPORT_EVENT_COMPARE_H

#include <stddef.h>
#include <string.h>

#include "event/event.h"

#define EVENT_TEXTS(X)                                                                             \
	X(platform)                                                                                \
	X(session_id)                                                                              \
	X(event_type)                                                                              \
	X(hook_type)                                                                               \
	X(source)                                                                                  \
	X(project_hash)                                                                            \
	X(project_name)                                                                            \
	X(git_branch_hash)                                                                         \
	X(app_version)                                                                             \
	X(model)                                                                                   \
	X(uuid)                                                                                    \
	X(parent_uuid)                                                                             \
	X(request_id)                                                                              \
	X(message_id)                                                                              \
	X(agent_id)                                                                                \
	X(prompt_id)                                                                               \
	X(stop_reason)                                                                             \
	X(subtype)                                                                                 \
	X(severity)                                                                                \
	X(operation)                                                                               \
	X(service_tier)                                                                            \
	X(tool_name)

#define EVENT_NUMBERS(X)                                                                           \
	X(input_tokens)                                                                            \
	X(output_tokens)                                                                           \
	X(cache_read_tokens)                                                                       \
	X(cache_write_tokens)                                                                      \
	X(cache_write_5m_tokens)                                                                   \
	X(cache_write_1h_tokens)                                                                   \
	X(duration_ms)                                                                             \
	X(lines_added)                                                                             \
	X(lines_removed)                                                                           \
	X(tool_calls_count)

#define EVENT_COUNT(name) +1
enum {
	N_COMPARED_TEXTS = 0 EVENT_TEXTS(EVENT_COUNT),
	N_COMPARED_NUMBERS = 0 EVENT_NUMBERS(EVENT_COUNT)
};

static inline struct bp_str *event_text(struct bp_event *event, size_t i)
{
#define EVENT_ADDRESS(name) &event->name,
	struct bp_str *const fields[] = {EVENT_TEXTS(EVENT_ADDRESS)};
	return fields[i];
}

static inline int64_t *event_number(struct bp_event *event, size_t i)
{
	int64_t *const fields[] = {EVENT_NUMBERS(EVENT_ADDRESS)};
	return fields[i];
}

/** The name of the first field that differs, or NULL. */
static inline const char *event_compare(struct bp_event *a, struct bp_event *b)
{
#define EVENT_NAME(name) #name,
	static const char *const texts[] = {EVENT_TEXTS(EVENT_NAME)};
	static const char *const numbers[] = {EVENT_NUMBERS(EVENT_NAME)};

	if (memcmp(a->id, b->id, sizeof(a->id)) != 0 || a->ts_us != b->ts_us ||
	    a->ts_source != b->ts_source || a->projection_version != b->projection_version ||
	    a->level != b->level) {
		return "the envelope";
	}
	for (size_t i = 0; i < N_COMPARED_TEXTS; i++) {
		struct bp_str one = *event_text(a, i), two = *event_text(b, i);
		if (!one.ptr != !two.ptr || !bp_str_eq(one, two)) {
			return texts[i];
		}
	}
	for (size_t i = 0; i < N_COMPARED_NUMBERS; i++) {
		if (*event_number(a, i) != *event_number(b, i)) {
			return numbers[i];
		}
	}
	if (a->is_meta != b->is_meta || a->is_sidechain != b->is_sidechain) {
		return "a flag";
	}
	return bp_str_eq(a->payload, b->payload) ? NULL : "payload";
}

#endif
