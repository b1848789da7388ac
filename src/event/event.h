/* SPDX-License-Identifier: MIT */
/**
 * event.h - one thing an assistant did, as it travels: its identity, envelope and projection.
 *
 * Why:     monitors and the hook make it, Redis carries it, the fast path stores it. What is not
 *          in it never left the monitor.
 * Shape:   envelope and columns are fields; everything else is `payload`, one JSON object whose
 *          keys are listed in docs/design/payload.md. On the wire (`e` of telemetry:events) it is
 *          one JSON object: v id timestamp platform session_id event_type hook_type source pv lvl
 *          ts_src metadata{} trace{} payload{}. In the store the columns are columns and
 *          event_data holds the payload alone.
 * Place:   libc only; also in the hook.
 */
#ifndef BP_EVENT_EVENT_H
#define BP_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "event/out.h"

enum {
	BP_EVENT_VERSION = 1,
	BP_EVENT_BYTES_MAX = 1 << 20, /* on the wire; more is a dead letter (too_large) */
	BP_EVENT_ID_BYTES = 16,
	BP_EVENT_ID_HEX_BYTES = 32,
	BP_EVENT_NAME_MAX = 128 /* bytes of an id, model, tool, type; longer ones are hashed */
};

/** A number that is not there. */
#define BP_ABSENT INT64_MIN

enum bp_ts_source { BP_TS_OWN, BP_TS_INHERITED, BP_TS_RECEIVED };

/** Privacy levels, in order: a higher one keeps more. */
enum bp_level { BP_LEVEL_STRICT, BP_LEVEL_STANDARD, BP_LEVEL_FULL };

/** Borrowed views; absent text is {NULL,0}, absent numbers are BP_ABSENT. */
struct bp_event {
	uint8_t id[BP_EVENT_ID_BYTES]; /* time-ordered and deterministic: event_id.c */
	int64_t ts_us;                 /* for display and order, not identity */
	enum bp_ts_source ts_source;
	int projection_version; /* pv */
	enum bp_level level;    /* lvl */

	struct bp_str platform; /* [a-z0-9_]{1,32} */
	struct bp_str session_id;
	struct bp_str event_type;
	struct bp_str hook_type; /* the source's own name of it: PostToolUse, assistant */
	struct bp_str source;    /* hook transcript database jsonl otlp http import */

	/* metadata */
	struct bp_str project_hash; /* keyed hash of the working folder; workspace_hash equals it */
	struct bp_str project_name; /* last component, unless privacy.project_names is false */
	struct bp_str git_branch_hash;
	struct bp_str app_version;
	struct bp_str model;

	/* trace: the columns of claude_raw_traces */
	struct bp_str uuid;
	struct bp_str parent_uuid;
	struct bp_str request_id;
	struct bp_str message_id;
	struct bp_str agent_id;
	struct bp_str prompt_id;
	struct bp_str stop_reason;
	struct bp_str subtype;   /* system subtype, attachment type, progress type */
	struct bp_str severity;  /* "level" of a system line */
	struct bp_str operation; /* queue-operation */
	struct bp_str service_tier;
	struct bp_str tool_name; /* of the first tool in it; "mcp" for MCP tools at strict */
	bool is_sidechain;
	bool is_meta;
	int64_t input_tokens;
	int64_t output_tokens;
	int64_t cache_read_tokens;
	int64_t cache_write_tokens; /* cache_creation_input_tokens as written */
	int64_t cache_write_5m_tokens;
	int64_t cache_write_1h_tokens;
	int64_t duration_ms;
	int64_t lines_added;
	int64_t lines_removed;
	int64_t tool_calls_count;

	struct bp_str payload; /* a JSON object, "{}" when empty; never absent */
};

/** An event with every text absent, every number BP_ABSENT, payload "{}". */
void bp_event_init(struct bp_event *event);

/** Write the wire form. out->full tells that it did not fit. */
void bp_event_encode(const struct bp_event *event, struct bp_out *out);

/**
 * Read the wire form. Unknown members are ignored; of a repeated one the last counts; null is
 * absent; v to event_type are required, pv is 0, lvl strict, ts_src own, payload {} when absent.
 * Shape: views point into text or, decoded, into space (cap bytes, 16 KiB is plenty).
 * Errors: false, *out untouched, and *reason names it, a static text:
 *          too_large       over BP_EVENT_BYTES_MAX
 *          not_json        bp_json_open() refuses it, or it is no object
 *          not_utf8        somewhere in it is a byte sequence that is none
 *          bad_version     v is not 1
 *          bad_id          id is not 32 hex
 *          bad_timestamp   bp_timestamp_parse() refuses it
 *          bad_platform    platform is not [a-z0-9_]{1,32}
 *          bad_session_id  session_id is no text of 1..128 bytes
 *          bad_event_type  event_type is no text of 1..128 bytes
 *          bad_field       another member is of the wrong type, over its limit (128 bytes;
 *                          project_name 255) or not one of its names (lvl, ts_src)
 *          bad_payload     payload is no object
 *          nul_byte        a text holds \u0000
 *          no_space        cap is too small for the decoded texts
 */
bool bp_event_decode(struct bp_str text, char *space, size_t cap, struct bp_event *out,
		     const char **reason);

/** 1 user_prompt, acceptance_decision; 2 tool_use, tool_result, model_call, assistant_response;
 *  3 performance and cost; 4 session_start, session_end; 5 everything else. */
int bp_event_priority(struct bp_str event_type);

void bp_event_id_hex(const uint8_t id[BP_EVENT_ID_BYTES], char out[BP_EVENT_ID_HEX_BYTES + 1]);
bool bp_event_id_parse(struct bp_str hex, uint8_t out[BP_EVENT_ID_BYTES]);

/**
 * The id of a record that can be read again: 48 bits of its own timestamp in ms (0 when own_ts_us
 * is BP_ABSENT; clamped to 2015..2^47), then 80 bits of SHA-256 over the n parts, each preceded
 * by its length.
 */
void bp_event_id_make(int64_t own_ts_us, const struct bp_str *parts, size_t n,
		      uint8_t out[BP_EVENT_ID_BYTES]);

/** UUIDv7 from a wall clock and 10 random bytes, for records that cannot be read again. */
void bp_event_id_v7(int64_t now_us, const uint8_t random_bytes[10], uint8_t out[BP_EVENT_ID_BYTES]);

#endif
