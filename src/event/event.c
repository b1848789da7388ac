/* SPDX-License-Identifier: MIT */
#include "event/event.h"

void bp_event_init(struct bp_event *event)
{
	*event = (struct bp_event){
		.input_tokens = BP_ABSENT,
		.output_tokens = BP_ABSENT,
		.cache_read_tokens = BP_ABSENT,
		.cache_write_tokens = BP_ABSENT,
		.cache_write_5m_tokens = BP_ABSENT,
		.cache_write_1h_tokens = BP_ABSENT,
		.duration_ms = BP_ABSENT,
		.lines_added = BP_ABSENT,
		.lines_removed = BP_ABSENT,
		.tool_calls_count = BP_ABSENT,
		.payload = BP_STR("{}"),
	};
}

int bp_event_priority(struct bp_str event_type)
{
	static const struct {
		struct bp_str type;
		int priority;
	} table[] = {
#define ROW(type, priority) {{type, sizeof(type) - 1}, priority}
		ROW("tool_use", 2),      ROW("tool_result", 2),  ROW("assistant_response", 2),
		ROW("model_call", 2),    ROW("user_prompt", 1),  ROW("acceptance_decision", 1),
		ROW("session_start", 4), ROW("session_end", 4),  ROW("cost", 3),
		ROW("trace", 3),         ROW("limit_status", 3),
#undef ROW
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (bp_str_eq(table[i].type, event_type)) {
			return table[i].priority;
		}
	}
	return 5;
}
