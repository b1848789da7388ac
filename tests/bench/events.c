/* SPDX-License-Identifier: MIT */
#include "bench/events.h"

#include <stdio.h>

#include "base/err.h"

static uint64_t random_bits(struct bench_events *events)
{
	static const uint64_t seed = 88172645463325252U;
	uint64_t x = events->random ? events->random : seed;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	events->random = x;
	return x;
}

/* Copy a shape: '#' becomes a random hex digit, '@' a letter or digit, '%' a decimal digit. */
static struct bp_str fill(struct bench_events *events, const char *shape, char *out)
{
	static const char alnum[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = 0;

	for (; *shape; shape++) {
		uint64_t bits = random_bits(events) >> 20;

		out[n++] = *shape == '#'   ? alnum[bits % 16]
			   : *shape == '@' ? alnum[bits % 62]
			   : *shape == '%' ? alnum[1 + bits % 9]
					   : *shape;
	}
	return bp_str_make(out, n);
}

static const struct {
	const char *type, *line, *tool, *payload;
} kinds[] = {
	{"tool_use", "assistant", "Edit",
	 "{\"chars\":%%%,\"words\":%%,\"text_hash\":\"################\",\"tools\":[{\"id\":"
	 "\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Edit\",\"input_bytes\":%%%%,\"input_hash\":"
	 "\"################\",\"edit\":{\"op\":\"edit\",\"ext\":\"py\",\"file\":"
	 "\"################\",\"old\":\"################\",\"new\":\"################\","
	 "\"added\":%,\"removed\":%}}]}"},
	{"tool_result", "user", "Edit",
	 "{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Edit\",\"rank\":50,"
	 "\"output_bytes\":%%%%,\"edit\":{\"op\":\"edit\",\"ext\":\"py\",\"file\":"
	 "\"################\",\"old\":\"################\",\"new\":\"################\","
	 "\"added\":%,\"removed\":%,\"exact\":true}}]}"},
	{"tool_use", "assistant", "Bash",
	 "{\"thinking_chars\":%%%,\"tools\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":"
	 "\"Bash\",\"input_bytes\":%%%,\"input_hash\":\"################\",\"cmd_kind\":\"test\"},"
	 "{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Read\",\"input_bytes\":%%,"
	 "\"input_hash\":\"################\",\"file\":{\"kind\":\"read\",\"ext\":\"c\",\"file\":"
	 "\"################\"}}]}"},
	{"tool_result", "user", "Bash",
	 "{\"results\":[{\"id\":\"toolu_01@@@@@@@@@@@@@@@@@@@@@@\",\"tool\":\"Bash\",\"rank\":80,"
	 "\"error_class\":\"exit_code\",\"exit_code\":1,\"output_bytes\":%%%%}]}"},
	{"assistant_response", "assistant", NULL,
	 "{\"chars\":%%%%,\"words\":%%%,\"text_hash\":\"################\",\"thinking_chars\":%%%,"
	 "\"speed\":\"standard\",\"web_searches\":%,\"web_fetches\":%}"},
	{"user_prompt", "user", NULL,
	 "{\"kind\":\"prompt\",\"human\":true,\"chars\":%%%,\"words\":%%,\"text_hash\":"
	 "\"################\",\"permission_mode\":\"default\"}"},
};

void bench_event_make(struct bench_events *events, struct bench_event_texts *texts,
		      struct bp_event *event)
{
	unsigned k = events->next++;
	size_t kind = k % (sizeof(kinds) / sizeof(kinds[0]));
	uint64_t ms = 1760000000000 + k / 4;
	unsigned slot = (unsigned)(random_bits(events) >> 30) % BENCH_SESSIONS;

	bp_event_init(event);
	for (size_t i = 0; i < 6; i++) {
		event->id[i] = (uint8_t)(ms >> (40 - 8 * i));
	}
	for (size_t i = 6; i < BP_EVENT_ID_BYTES; i++) {
		event->id[i] = (uint8_t)(random_bits(events) >> 24);
	}
	event->ts_us = (int64_t)ms * 1000;
	event->projection_version = 1;
	event->platform = BP_STR("claude_code");
	int n = snprintf(texts->session, sizeof(texts->session), "5e55104%01x-0000-4000-8000-%012x",
			 slot, k / BENCH_SESSION_EVENTS);
	event->session_id = bp_str_make(texts->session, (size_t)n);
	event->event_type = bp_str_from(kinds[kind].type);
	event->hook_type = bp_str_from(kinds[kind].line);
	event->tool_name = bp_str_from(kinds[kind].tool);
	event->source = BP_STR("transcript");
	event->project_hash = BP_STR("a1b2c3d4a1b2c3d4");
	event->project_name = BP_STR("blueplane");
	event->git_branch_hash = BP_STR("0011223344556677");
	event->app_version = BP_STR("2.1.328");
	event->model = BP_STR("claude-opus-4-1-20250805");
	event->uuid = fill(events, "########-####-4###-8###-############", texts->uuid);
	event->parent_uuid = fill(events, "########-####-4###-8###-############", texts->parent);
	event->request_id = fill(events, "req_011@@@@@@@@@@@@@@@@@@@@@", texts->request);
	event->message_id = fill(events, "msg_01@@@@@@@@@@@@@@@@@@@@@@", texts->message);
	event->stop_reason = BP_STR("tool_use");
	event->service_tier = BP_STR("standard");
	event->input_tokens = 4 + k % 9;
	event->output_tokens = 100 + k % 900;
	event->cache_read_tokens = 20000 + k % 100000;
	event->cache_write_tokens = 500 + k % 5000;
	event->cache_write_5m_tokens = 500 + k % 5000;
	event->cache_write_1h_tokens = 0;
	event->lines_added = k % 50;
	event->lines_removed = k % 20;
	event->tool_calls_count = 1;
	event->payload = fill(events, kinds[kind].payload, texts->payload);
}

struct bp_str bench_event_wire(struct bench_events *events, char *space)
{
	struct bench_event_texts texts;
	struct bp_event event;
	struct bp_out out = bp_out_make(space, BENCH_WIRE_BYTES);

	bench_event_make(events, &texts, &event);
	bp_event_encode(&event, &out);
	BP_ASSERT(!out.full);
	return bp_out_str(&out);
}
