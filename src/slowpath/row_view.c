/* SPDX-License-Identifier: MIT */
#include "slowpath/row_view.h"

#include "event/hash.h"
#include "price/amount.h"
#include "slowpath/fact_id.h"

int64_t bp_payload_int(struct bp_json object, struct bp_str key)
{
	int64_t value;
	return bp_json_int(bp_json_get(object, key), &value) ? value : BP_ABSENT;
}

struct bp_str bp_payload_text(struct bp_json object, struct bp_str key)
{
	return bp_json_text(bp_json_get(object, key), NULL, 0);
}

int64_t bp_payload_pusd(struct bp_json object, struct bp_str key)
{
	enum { PICO = 12 };
	int64_t pusd;

	return bp_decimal_read(bp_payload_text(object, key), PICO, &pusd) ? pusd : BP_ABSENT;
}

bool bp_payload_flag(struct bp_json object, struct bp_str key)
{
	return bp_json_true(bp_json_get(object, key));
}

int64_t bp_row_id(const struct bp_row_view *row, struct bp_str kind, struct bp_str key)
{
	const struct bp_str parts[] = {kind, row->event->platform, key};
	return bp_fact_id(parts, 3);
}

int64_t bp_row_id_of_two(const struct bp_row_view *row, struct bp_str kind, struct bp_str a,
			 struct bp_str b)
{
	const struct bp_str parts[] = {kind, row->event->platform, a, b};
	return bp_fact_id(parts, 4);
}

int64_t bp_row_subagent_id(const struct bp_row_view *row, struct bp_str agent_id)
{
	return bp_row_id_of_two(row, BP_STR("subagent"), row->event->session_id, agent_id);
}

struct bp_str bp_row_first_known(const struct bp_row_view *row, struct bp_str a, struct bp_str b)
{
	if (a.len > 0) {
		return a;
	}
	return b.len > 0 ? b : bp_str_make(row->event_hex, BP_EVENT_ID_HEX_BYTES);
}

void bp_row_put_owner(const struct bp_row_view *row, struct bp_fact_value *values)
{
	enum { LIVE, ASKED, FILE_, KEY };

	_Static_assert((int)BP_TURN_live_conversation == LIVE && (int)BP_TURN_line_key == KEY &&
			       (int)BP_MODEL_CALL_live_conversation == LIVE &&
			       (int)BP_MODEL_CALL_line_key == KEY &&
			       (int)BP_TOOL_CALL_live_conversation == LIVE &&
			       (int)BP_TOOL_CALL_line_key == KEY &&
			       (int)BP_API_ERROR_live_conversation == LIVE &&
			       (int)BP_API_ERROR_line_key == KEY &&
			       (int)BP_COMPACTION_live_conversation == LIVE &&
			       (int)BP_COMPACTION_line_key == KEY,
		       "BP_OWNED_COLUMNS stands first");
	if (row->hook) {
		bp_put_int(values, LIVE, row->conversation_id);
		return;
	}
	bp_put_int(values, FILE_, row->conversation_id);
	bp_put_int(values, ASKED, row->asked_conversation);
	if (row->event->uuid.len > 0 && row->event->ts_source == BP_TS_OWN) {
		bp_put_text(values, KEY, bp_str_make((const char *)row->key, sizeof(row->key)));
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/** The first n bytes of a canonical UUID; false when it is none. */
static bool uuid_bytes(struct bp_str uuid, uint8_t *out, size_t n)
{
	size_t at = 0;

	if (uuid.len != 36) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (uuid.ptr[at] == '-') {
			at++;
		}
		int high = hex_digit(uuid.ptr[at]);
		int low = hex_digit(uuid.ptr[at + 1]);
		if (high < 0 || low < 0) {
			return false;
		}
		out[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return true;
}

void bp_row_make_key(struct bp_row_view *row)
{
	enum { TIME_BYTES = 6, REST_BYTES = BP_EVENT_KEY_BYTES - TIME_BYTES };
	const struct bp_event *event = row->event;

	memcpy(row->key, event->id, sizeof(row->key));
	if (row->hook || event->uuid.len == 0) {
		return;
	}
	if (!uuid_bytes(event->uuid, row->key + TIME_BYTES, REST_BYTES)) {
		struct bp_sha256 sha;
		unsigned char digest[BP_SHA256_BYTES];
		bp_sha256_init(&sha);
		bp_sha256_add(&sha, event->uuid.ptr, event->uuid.len);
		bp_sha256_end(&sha, digest);
		memcpy(row->key + TIME_BYTES, digest, REST_BYTES);
	}
}
