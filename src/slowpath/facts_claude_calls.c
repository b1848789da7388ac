/* SPDX-License-Identifier: MIT */
/*
 * facts_claude_calls.c - what a row says of calls to models.
 */
#include <stdio.h>

#include "slowpath/facts_claude.h"

/** Where the split is written it is the truth; older records have the sum alone, which was 5 min. */
static void put_cache_writes(const struct bp_event *event, struct bp_fact_value *values)
{
	int64_t five = event->cache_write_5m_tokens;
	int64_t hour = event->cache_write_1h_tokens;

	if (five == BP_ABSENT && hour == BP_ABSENT) {
		five = event->cache_write_tokens;
	}
	bp_put_int(values, BP_MODEL_CALL_cache_write_5m, bp_known_or_zero(five));
	bp_put_int(values, BP_MODEL_CALL_cache_write_1h, bp_known_or_zero(hour));
}

/** A model that was asked while another one answered: a call of its own, priced as its model. */
static void join_advisor(const struct bp_row_view *row, const struct bp_fact_value *call, size_t n,
			 struct bp_json advisor)
{
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];
	int64_t five = bp_payload_int(advisor, BP_STR("cache_write_5m"));
	int64_t hour = bp_payload_int(advisor, BP_STR("cache_write_1h"));
	char key[BP_EVENT_NAME_MAX + 32];

	if (five == BP_ABSENT && hour == BP_ABSENT) {
		five = bp_payload_int(advisor, BP_STR("cache_write"));
	}
	int len = snprintf(key, sizeof(key), "%.*s:advisor:%zu", BP_STR_ARG(row->event->message_id),
			   n);
	memcpy(values, call, sizeof(values));
	bp_put_text(values, BP_MODEL_CALL_model, bp_payload_text(advisor, BP_STR("model")));
	bp_put_int(values, BP_MODEL_CALL_input,
		   bp_known_or_zero(bp_payload_int(advisor, BP_STR("input"))));
	bp_put_int(values, BP_MODEL_CALL_output,
		   bp_known_or_zero(bp_payload_int(advisor, BP_STR("output"))));
	bp_put_int(values, BP_MODEL_CALL_cache_write_5m, bp_known_or_zero(five));
	bp_put_int(values, BP_MODEL_CALL_cache_write_1h, bp_known_or_zero(hour));
	bp_put_int(values, BP_MODEL_CALL_cache_read,
		   bp_known_or_zero(bp_payload_int(advisor, BP_STR("cache_read"))));
	bp_put_int(values, BP_MODEL_CALL_aborted, 0);
	bp_fact_set_join(row->set, BP_FACT_MODEL_CALL,
			 bp_row_id(row, BP_STR("call"), bp_str_make(key, (size_t)len)), values);
}

/** values: what the response and its advisors have in common. */
static void join_advisors(const struct bp_row_view *row, const struct bp_fact_value *values)
{
	struct bp_json advisors = bp_json_get(row->payload, BP_STR("advisors"));
	struct bp_json_iter iter = bp_json_each(advisors);
	struct bp_json advisor;
	size_t n = 0;

	while (advisors.type == BP_JSON_ARRAY && bp_json_next_element(&iter, &advisor)) {
		join_advisor(row, values, n++, advisor);
	}
}

void bp_claude_model_call(const struct bp_row_view *row)
{
	const struct bp_event *event = row->event;
	struct bp_fact_value values[BP_FACT_COLUMNS_MAX];

	if (row->hook || event->message_id.len == 0 || bp_str_is(event->event_type, "error") ||
	    bp_str_is(event->model, "<synthetic>")) {
		return;
	}
	int64_t id = bp_row_id(row, BP_STR("call"), event->message_id);
	bp_fact_values_init(values);
	bp_row_put_owner(row, values);
	bp_put_text(values, BP_MODEL_CALL_request_id, event->request_id);
	bp_put_int(values, BP_MODEL_CALL_ts_us, event->ts_us);
	bp_put_int(values, BP_MODEL_CALL_ts_last_us, event->ts_us);
	bp_put_int(values, BP_MODEL_CALL_sidechain, event->is_sidechain);
	bp_put_text(values, BP_MODEL_CALL_agent_id, event->agent_id);
	join_advisors(row, values);
	bp_put_text(values, BP_MODEL_CALL_model, event->model);
	bp_put_int(values, BP_MODEL_CALL_input, bp_known_or_zero(event->input_tokens));
	bp_put_int(values, BP_MODEL_CALL_output, bp_known_or_zero(event->output_tokens));
	put_cache_writes(event, values);
	bp_put_int(values, BP_MODEL_CALL_cache_read, bp_known_or_zero(event->cache_read_tokens));
	bp_put_int(values, BP_MODEL_CALL_reasoning,
		   bp_known_or_zero(bp_payload_int(row->payload, BP_STR("reasoning_tokens"))));
	bp_put_int(values, BP_MODEL_CALL_web_searches,
		   bp_known_or_zero(bp_payload_int(row->payload, BP_STR("web_searches"))));
	bp_put_int(values, BP_MODEL_CALL_aborted, bp_payload_flag(row->payload, BP_STR("aborted")));
	bp_put_int(values, BP_MODEL_CALL_text_chars, bp_payload_int(row->payload, BP_STR("chars")));
	bp_put_int(values, BP_MODEL_CALL_reported_pusd,
		   bp_payload_pusd(row->payload, BP_STR("cost_usd")));
	bp_put_text(values, BP_MODEL_CALL_service_tier, event->service_tier);
	bp_put_text(values, BP_MODEL_CALL_speed, bp_payload_text(row->payload, BP_STR("speed")));
	bp_put_text(values, BP_MODEL_CALL_inference_geo,
		    bp_payload_text(row->payload, BP_STR("inference_geo")));
	bp_put_text(values, BP_MODEL_CALL_stop_reason, event->stop_reason);
	bp_fact_set_join(row->set, BP_FACT_MODEL_CALL, id, values);
}
