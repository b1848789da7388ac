/* SPDX-License-Identifier: MIT */
#include "event/event.h"

#include "event/json.h"
#include "event/timestamp.h"
#include "event/utf8.h"

enum field_type { FIELD_TEXT, FIELD_INT, FIELD_FLAG };

struct field {
	size_t offset; /* in struct bp_event */
	enum field_type type;
	size_t max_bytes; /* of a text */
};

enum { PROJECT_NAME_MAX = 255, PLATFORM_MAX = 32, FIELDS_MAX = 32 };

/* The members of "metadata" and "trace": named as the fields of struct bp_event, in wire order. */
#define METADATA_FIELDS(X)                                                                         \
	X(project_hash, TEXT, BP_EVENT_NAME_MAX)                                                   \
	X(project_name, TEXT, PROJECT_NAME_MAX)                                                    \
	X(git_branch_hash, TEXT, BP_EVENT_NAME_MAX)                                                \
	X(app_version, TEXT, BP_EVENT_NAME_MAX)                                                    \
	X(model, TEXT, BP_EVENT_NAME_MAX)

#define TRACE_FIELDS(X)                                                                            \
	X(uuid, TEXT, BP_EVENT_NAME_MAX)                                                           \
	X(parent_uuid, TEXT, BP_EVENT_NAME_MAX)                                                    \
	X(request_id, TEXT, BP_EVENT_NAME_MAX)                                                     \
	X(message_id, TEXT, BP_EVENT_NAME_MAX)                                                     \
	X(agent_id, TEXT, BP_EVENT_NAME_MAX)                                                       \
	X(prompt_id, TEXT, BP_EVENT_NAME_MAX)                                                      \
	X(stop_reason, TEXT, BP_EVENT_NAME_MAX)                                                    \
	X(subtype, TEXT, BP_EVENT_NAME_MAX)                                                        \
	X(severity, TEXT, BP_EVENT_NAME_MAX)                                                       \
	X(operation, TEXT, BP_EVENT_NAME_MAX)                                                      \
	X(service_tier, TEXT, BP_EVENT_NAME_MAX)                                                   \
	X(tool_name, TEXT, BP_EVENT_NAME_MAX)                                                      \
	X(is_sidechain, FLAG, 0)                                                                   \
	X(is_meta, FLAG, 0)                                                                        \
	X(input_tokens, INT, 0)                                                                    \
	X(output_tokens, INT, 0)                                                                   \
	X(cache_read_tokens, INT, 0)                                                               \
	X(cache_write_tokens, INT, 0)                                                              \
	X(cache_write_5m_tokens, INT, 0)                                                           \
	X(cache_write_1h_tokens, INT, 0)                                                           \
	X(duration_ms, INT, 0)                                                                     \
	X(lines_added, INT, 0)                                                                     \
	X(lines_removed, INT, 0)                                                                   \
	X(tool_calls_count, INT, 0)

#define KEY(name, type, max) {#name, sizeof(#name) - 1},
#define FIELD(name, type, max) {offsetof(struct bp_event, name), FIELD_##type, max},

static const struct bp_str metadata_keys[] = {METADATA_FIELDS(KEY)};
static const struct field metadata_fields[] = {METADATA_FIELDS(FIELD)};
static const struct bp_str trace_keys[] = {TRACE_FIELDS(KEY)};
static const struct field trace_fields[] = {TRACE_FIELDS(FIELD)};

enum {
	N_METADATA = sizeof(metadata_fields) / sizeof(metadata_fields[0]),
	N_TRACE = sizeof(trace_fields) / sizeof(trace_fields[0])
};
_Static_assert((int)N_TRACE <= (int)FIELDS_MAX, "FIELDS_MAX");

/* In the order of the enums. */
static const struct bp_str ts_source_names[] = {{"own", 3}, {"inherited", 9}, {"received", 8}};
static const struct bp_str level_names[] = {{"strict", 6}, {"standard", 8}, {"full", 4}};

static const void *field_of(const struct bp_event *event, const struct field *field)
{
	return (const char *)event + field->offset;
}

/** A member that is an object of fields; nothing at all when every field is absent. */
static void put_fields(struct bp_out *out, const struct bp_event *event, struct bp_str name,
		       const struct bp_str *keys, const struct field *fields, size_t n)
{
	struct bp_out before = *out;

	bp_out_key(out, name);
	bp_out_object(out);
	size_t empty = out->len;
	for (size_t i = 0; i < n; i++) {
		const void *value = field_of(event, &fields[i]);
		switch (fields[i].type) {
		case FIELD_TEXT:
			bp_out_member_text(out, keys[i], *(const struct bp_str *)value);
			break;
		case FIELD_INT:
			bp_out_member_int(out, keys[i], *(const int64_t *)value);
			break;
		case FIELD_FLAG:
			bp_out_member_flag(out, keys[i], *(const bool *)value);
			break;
		}
	}
	if (out->len == empty && !out->full) {
		*out = before;
		return;
	}
	bp_out_object_end(out);
}

void bp_event_encode(const struct bp_event *event, struct bp_out *out)
{
	char id[BP_EVENT_ID_HEX_BYTES + 1], timestamp[BP_TIMESTAMP_BYTES];
	size_t n = bp_timestamp_format(event->ts_us, timestamp);

	bp_event_id_hex(event->id, id);
	bp_out_object(out);
	bp_out_member_int(out, BP_STR("v"), BP_EVENT_VERSION);
	bp_out_member_text(out, BP_STR("id"), bp_str_make(id, BP_EVENT_ID_HEX_BYTES));
	bp_out_member_text(out, BP_STR("timestamp"), bp_str_make(timestamp, n));
	bp_out_member_text(out, BP_STR("platform"), event->platform);
	bp_out_member_text(out, BP_STR("session_id"), event->session_id);
	bp_out_member_text(out, BP_STR("event_type"), event->event_type);
	bp_out_member_text(out, BP_STR("hook_type"), event->hook_type);
	bp_out_member_text(out, BP_STR("source"), event->source);
	bp_out_member_int(out, BP_STR("pv"), event->projection_version);
	bp_out_member_text(out, BP_STR("lvl"), level_names[event->level]);
	bp_out_member_text(out, BP_STR("ts_src"), ts_source_names[event->ts_source]);
	put_fields(out, event, BP_STR("metadata"), metadata_keys, metadata_fields, N_METADATA);
	put_fields(out, event, BP_STR("trace"), trace_keys, trace_fields, N_TRACE);
	bp_out_key(out, BP_STR("payload"));
	bp_out_raw(out, event->payload);
	bp_out_object_end(out);
}

/** Where decoded texts go, and the first reason to refuse. */
struct decoder {
	char *space;
	size_t left;
	const char *reason;
};

/** Remember the first reason; returns false for the caller to pass on. */
static bool refuse(struct decoder *decoder, const char *reason)
{
	decoder->reason = reason;
	return false;
}

/** A text of 1..max bytes. Absent or null stays absent. */
static bool read_text(struct decoder *decoder, struct bp_json value, size_t max, const char *reason,
		      struct bp_str *out)
{
	if (value.type == BP_JSON_ABSENT || value.type == BP_JSON_NULL) {
		return true;
	}
	if (value.type != BP_JSON_STRING) {
		return refuse(decoder, reason);
	}
	/* One byte more than allowed: what is too long must not look like what does not fit. */
	size_t cap = max + 1 < decoder->left ? max + 1 : decoder->left;
	struct bp_str text = bp_json_text(value, decoder->space, cap);
	if (!text.ptr) {
		return refuse(decoder, cap == max + 1 ? reason : "no_space");
	}
	if (text.len > max) {
		return refuse(decoder, reason);
	}
	if (text.ptr == decoder->space) {
		/* Only an escape can bring a NUL: raw ones were refused with the structure. */
		if (memchr(text.ptr, 0, text.len)) {
			return refuse(decoder, "nul_byte");
		}
		decoder->space += text.len;
		decoder->left -= text.len;
	}
	*out = text;
	return true;
}

static bool read_field(struct decoder *decoder, struct bp_json value, const struct field *field,
		       struct bp_event *event)
{
	void *target = (char *)event + field->offset;

	if (value.type == BP_JSON_ABSENT || value.type == BP_JSON_NULL) {
		return true;
	}
	switch (field->type) {
	case FIELD_TEXT:
		return read_text(decoder, value, field->max_bytes, "bad_field", target);
	case FIELD_INT:
		return bp_json_int(value, target) || refuse(decoder, "bad_field");
	case FIELD_FLAG:
		*(bool *)target = bp_json_true(value);
		return value.type == BP_JSON_BOOL || refuse(decoder, "bad_field");
	}
	return false;
}

static bool read_fields(struct decoder *decoder, struct bp_json object, const struct bp_str *keys,
			const struct field *fields, size_t n, struct bp_event *event)
{
	struct bp_json values[FIELDS_MAX];

	if (object.type == BP_JSON_ABSENT || object.type == BP_JSON_NULL) {
		return true;
	}
	if (object.type != BP_JSON_OBJECT) {
		return refuse(decoder, "bad_field");
	}
	bp_json_pick(object, keys, values, n);
	for (size_t i = 0; i < n; i++) {
		if (!read_field(decoder, values[i], &fields[i], event)) {
			return false;
		}
	}
	return true;
}

/** One of n names as its index; absent leaves *out alone. */
static bool read_name(struct decoder *decoder, struct bp_json value, const struct bp_str *names,
		      int n, int *out)
{
	struct bp_str text = {NULL, 0};

	if (!read_text(decoder, value, BP_EVENT_NAME_MAX, "bad_field", &text)) {
		return false;
	}
	if (!text.ptr) {
		return true;
	}
	for (int i = 0; i < n; i++) {
		if (bp_str_eq(text, names[i])) {
			*out = i;
			return true;
		}
	}
	return refuse(decoder, "bad_field");
}

static bool is_platform(struct bp_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
			return false;
		}
	}
	return text.len > 0;
}

enum envelope {
	E_V,
	E_ID,
	E_TIMESTAMP,
	E_PLATFORM,
	E_SESSION_ID,
	E_EVENT_TYPE,
	E_HOOK_TYPE,
	E_SOURCE,
	E_PV,
	E_LVL,
	E_TS_SRC,
	E_METADATA,
	E_TRACE,
	E_PAYLOAD,
	N_ENVELOPE
};

#define NAME(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
static const struct bp_str envelope_keys[N_ENVELOPE] = {
	[E_V] = NAME("v"),
	[E_ID] = NAME("id"),
	[E_TIMESTAMP] = NAME("timestamp"),
	[E_PLATFORM] = NAME("platform"),
	[E_SESSION_ID] = NAME("session_id"),
	[E_EVENT_TYPE] = NAME("event_type"),
	[E_HOOK_TYPE] = NAME("hook_type"),
	[E_SOURCE] = NAME("source"),
	[E_PV] = NAME("pv"),
	[E_LVL] = NAME("lvl"),
	[E_TS_SRC] = NAME("ts_src"),
	[E_METADATA] = NAME("metadata"),
	[E_TRACE] = NAME("trace"),
	[E_PAYLOAD] = NAME("payload"),
};

/** Who, when, what: v to event_type, all of them required. */
static bool read_identity(struct decoder *decoder, const struct bp_json *values,
			  struct bp_event *event)
{
	struct bp_str id = {NULL, 0}, timestamp = {NULL, 0};
	int64_t version;

	if (!bp_json_int(values[E_V], &version) || version != BP_EVENT_VERSION) {
		return refuse(decoder, "bad_version");
	}
	if (!read_text(decoder, values[E_ID], BP_EVENT_ID_HEX_BYTES, "bad_id", &id)) {
		return false;
	}
	if (!bp_event_id_parse(id, event->id)) {
		return refuse(decoder, "bad_id");
	}
	if (!read_text(decoder, values[E_TIMESTAMP], BP_EVENT_NAME_MAX, "bad_timestamp",
		       &timestamp)) {
		return false;
	}
	if (!bp_timestamp_parse(timestamp, &event->ts_us)) {
		return refuse(decoder, "bad_timestamp");
	}
	if (!read_text(decoder, values[E_PLATFORM], PLATFORM_MAX, "bad_platform",
		       &event->platform) ||
	    !read_text(decoder, values[E_SESSION_ID], BP_EVENT_NAME_MAX, "bad_session_id",
		       &event->session_id) ||
	    !read_text(decoder, values[E_EVENT_TYPE], BP_EVENT_NAME_MAX, "bad_event_type",
		       &event->event_type)) {
		return false;
	}
	if (!is_platform(event->platform)) {
		return refuse(decoder, "bad_platform");
	}
	if (event->session_id.len == 0) {
		return refuse(decoder, "bad_session_id");
	}
	return event->event_type.len > 0 || refuse(decoder, "bad_event_type");
}

/** How it was made: hook_type to ts_src, none of them required. */
static bool read_origin(struct decoder *decoder, const struct bp_json *values,
			struct bp_event *event)
{
	int level = BP_LEVEL_STRICT, ts_source = BP_TS_OWN;
	int64_t projection = 0;

	if (!read_text(decoder, values[E_HOOK_TYPE], BP_EVENT_NAME_MAX, "bad_field",
		       &event->hook_type) ||
	    !read_text(decoder, values[E_SOURCE], BP_EVENT_NAME_MAX, "bad_field", &event->source) ||
	    !read_name(decoder, values[E_LVL], level_names, 3, &level) ||
	    !read_name(decoder, values[E_TS_SRC], ts_source_names, 3, &ts_source)) {
		return false;
	}
	if (values[E_PV].type != BP_JSON_ABSENT &&
	    (!bp_json_int(values[E_PV], &projection) || projection < 0 || projection > INT32_MAX)) {
		return refuse(decoder, "bad_field");
	}
	event->projection_version = (int)projection;
	event->level = (enum bp_level)level;
	event->ts_source = (enum bp_ts_source)ts_source;
	return true;
}

static bool is_utf8(struct bp_str text)
{
	const unsigned char *bytes = (const unsigned char *)text.ptr;

	for (size_t i = 0; i < text.len;) {
		uint64_t word;
		if (text.len - i >= sizeof(word)) {
			memcpy(&word, bytes + i, sizeof(word));
			if ((word & UINT64_C(0x8080808080808080)) == 0) {
				i += sizeof(word);
				continue;
			}
		}
		size_t n = bp_utf8_sequence(bytes + i, text.len - i);
		if (n == 0) {
			return false;
		}
		i += n;
	}
	return true;
}

static bool decode(struct decoder *decoder, struct bp_str text, struct bp_event *event)
{
	struct bp_json root, values[N_ENVELOPE];

	if (text.len > BP_EVENT_BYTES_MAX) {
		return refuse(decoder, "too_large");
	}
	if (!bp_json_open(text, &root) || root.type != BP_JSON_OBJECT) {
		return refuse(decoder, "not_json");
	}
	if (!is_utf8(text)) {
		return refuse(decoder, "not_utf8");
	}
	bp_event_init(event);
	bp_json_pick(root, envelope_keys, values, N_ENVELOPE);
	if (!read_identity(decoder, values, event) || !read_origin(decoder, values, event) ||
	    !read_fields(decoder, values[E_METADATA], metadata_keys, metadata_fields, N_METADATA,
			 event) ||
	    !read_fields(decoder, values[E_TRACE], trace_keys, trace_fields, N_TRACE, event)) {
		return false;
	}
	if (values[E_PAYLOAD].type == BP_JSON_OBJECT) {
		event->payload = bp_str_make(values[E_PAYLOAD].ptr, values[E_PAYLOAD].len);
	} else if (values[E_PAYLOAD].type != BP_JSON_ABSENT) {
		return refuse(decoder, "bad_payload");
	}
	return true;
}

bool bp_event_decode(struct bp_str text, char *space, size_t cap, struct bp_event *out,
		     const char **reason)
{
	struct decoder decoder = {.space = space, .left = cap};
	struct bp_event event;

	if (!decode(&decoder, text, &event)) {
		*reason = decoder.reason;
		return false;
	}
	*out = event;
	return true;
}
