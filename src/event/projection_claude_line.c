/* SPDX-License-Identifier: MIT */
/*
 * projection_claude_line.c - one line of a Claude Code transcript: envelope, time, identity.
 */
#include "event/projection.h"
#include "event/projection_claude.h"
#include "event/timestamp.h"

const struct bp_str bp_claude_line_keys[BP_LINE_KEYS_N] = {
	[BP_LINE_TYPE] = BP_KEY("type"),
	[BP_LINE_SUBTYPE] = BP_KEY("subtype"),
	[BP_LINE_UUID] = BP_KEY("uuid"),
	[BP_LINE_PARENT_UUID] = BP_KEY("parentUuid"),
	[BP_LINE_LOGICAL_PARENT] = BP_KEY("logicalParentUuid"),
	[BP_LINE_SESSION_ID] = BP_KEY("sessionId"),
	[BP_LINE_REQUEST_SESSION] = BP_KEY("requestSessionId"),
	[BP_LINE_TIMESTAMP] = BP_KEY("timestamp"),
	[BP_LINE_SIDECHAIN] = BP_KEY("isSidechain"),
	[BP_LINE_AGENT_ID] = BP_KEY("agentId"),
	[BP_LINE_AGENT_TYPE] = BP_KEY("attributionAgent"),
	[BP_LINE_CWD] = BP_KEY("cwd"),
	[BP_LINE_BRANCH] = BP_KEY("gitBranch"),
	[BP_LINE_VERSION] = BP_KEY("version"),
	[BP_LINE_REQUEST_ID] = BP_KEY("requestId"),
	[BP_LINE_IS_META] = BP_KEY("isMeta"),
	[BP_LINE_PROMPT_ID] = BP_KEY("promptId"),
	[BP_LINE_MESSAGE] = BP_KEY("message"),
	[BP_LINE_TOOL_RESULT] = BP_KEY("toolUseResult"),
	[BP_LINE_COMPACT_SUMMARY] = BP_KEY("isCompactSummary"),
	[BP_LINE_TURN_ORIGIN] = BP_KEY("turnOrigin"),
	[BP_LINE_API_ERROR] = BP_KEY("isApiErrorMessage"),
	[BP_LINE_API_STATUS] = BP_KEY("apiErrorStatus"),
	[BP_LINE_API_TYPE] = BP_KEY("apiErrorType"),
	[BP_LINE_ERROR] = BP_KEY("error"),
	[BP_LINE_ABORTED] = BP_KEY("isAbortedMidStream"),
	[BP_LINE_LEVEL] = BP_KEY("level"),
	[BP_LINE_OPERATION] = BP_KEY("operation"),
	[BP_LINE_ATTACHMENT] = BP_KEY("attachment"),
	[BP_LINE_DATA] = BP_KEY("data"),
	[BP_LINE_PARENT_CALL] = BP_KEY("parentToolUseID"),
	[BP_LINE_SNAPSHOT] = BP_KEY("snapshot"),
	[BP_LINE_PERMISSION_MODE] = BP_KEY("permissionMode"),
	[BP_LINE_MODE] = BP_KEY("mode"),
	[BP_LINE_PERMISSION] = BP_KEY("permissionDecision"),
	[BP_LINE_DENIAL] = BP_KEY("toolDenialKind"),
	[BP_LINE_COMPACT] = BP_KEY("compactMetadata"),
	[BP_LINE_RETRY_MS] = BP_KEY("retryInMs"),
	[BP_LINE_RETRY_ATTEMPT] = BP_KEY("retryAttempt"),
	[BP_LINE_MAX_RETRIES] = BP_KEY("maxRetries"),
	[BP_LINE_DURATION] = BP_KEY("durationMs"),
	[BP_LINE_COST] = BP_KEY("totalCostUSD"),
	[BP_LINE_COST_USD] = BP_KEY("costUSD"),
	[BP_LINE_LINES_ADDED] = BP_KEY("totalLinesAdded"),
	[BP_LINE_LINES_REMOVED] = BP_KEY("totalLinesRemoved"),
	[BP_LINE_SUMMARY] = BP_KEY("summary"),
	[BP_LINE_AI_TITLE] = BP_KEY("aiTitle"),
	[BP_LINE_CUSTOM_TITLE] = BP_KEY("customTitle"),
	[BP_LINE_LEAF] = BP_KEY("leafUuid"),
};

static bool read_time(struct bp_json value, int64_t *out)
{
	char space[64];
	int64_t ts_us;

	/* history.jsonl writes milliseconds. */
	if (bp_json_int(value, &ts_us) && ts_us > 0 && ts_us < (INT64_C(1) << 47)) {
		*out = ts_us * 1000;
		return true;
	}
	if (value.type == BP_JSON_STRING &&
	    bp_timestamp_parse(bp_json_text(value, space, sizeof(space)), &ts_us) && ts_us > 0) {
		*out = ts_us;
		return true;
	}
	return false;
}

/* Returns the line's own time, for its id, or BP_ABSENT. */
static int64_t take_time(struct bp_claude_line *line, const struct bp_line_origin *origin)
{
	struct bp_event *event = line->p.event;
	int64_t own_us;

	if (read_time(line->v[BP_LINE_TIMESTAMP], &own_us) ||
	    read_time(bp_json_get(line->v[BP_LINE_SNAPSHOT], BP_STR("timestamp")), &own_us) ||
	    read_time(bp_json_get(line->v[BP_LINE_ATTACHMENT], BP_STR("timestamp")), &own_us)) {
		event->ts_us = own_us;
		event->ts_source = BP_TS_OWN;
		return own_us;
	}
	bool inherited = origin->inherited_us != BP_ABSENT;
	event->ts_us = inherited ? origin->inherited_us : origin->received_us;
	event->ts_source = inherited ? BP_TS_INHERITED : BP_TS_RECEIVED;
	return BP_ABSENT;
}

static void take_envelope(struct bp_claude_line *line, const struct bp_line_origin *origin)
{
	struct bp_projection *p = &line->p;
	struct bp_event *event = p->event;
	const struct bp_json *v = line->v;

	event->source = BP_STR("transcript");
	event->hook_type = bp_projection_word(v[BP_LINE_TYPE]);
	event->event_type = event->hook_type.ptr ? event->hook_type : BP_STR("unknown");
	event->session_id = bp_projection_name(p, v[BP_LINE_SESSION_ID]);
	if (!event->session_id.ptr) {
		event->session_id = bp_projection_name_text(p, origin->session_from_path);
	}
	if (!event->session_id.ptr) {
		event->session_id = BP_STR("unknown");
	}
	event->uuid = bp_projection_name(p, v[BP_LINE_UUID]);
	event->parent_uuid = bp_projection_name(p, v[BP_LINE_PARENT_UUID]);
	event->request_id = bp_projection_name(p, v[BP_LINE_REQUEST_ID]);
	event->prompt_id = bp_projection_name(p, v[BP_LINE_PROMPT_ID]);
	event->agent_id = bp_projection_name(p, v[BP_LINE_AGENT_ID]);
	if (!event->agent_id.ptr) {
		event->agent_id = bp_projection_name_text(p, origin->agent_from_path);
	}
	event->app_version = bp_projection_name(p, v[BP_LINE_VERSION]);
	event->is_sidechain = bp_json_true(v[BP_LINE_SIDECHAIN]) || origin->agent_from_path.len > 0;
	event->is_meta = bp_json_true(v[BP_LINE_IS_META]);
	event->subtype = bp_projection_word(v[BP_LINE_SUBTYPE]);
	event->severity = bp_projection_word(v[BP_LINE_LEVEL]);
	event->operation = bp_projection_word(v[BP_LINE_OPERATION]);
	bp_projection_project(p, v[BP_LINE_CWD]);
	bp_projection_branch(p, v[BP_LINE_BRANCH]);
	struct bp_str asked = bp_projection_name(p, v[BP_LINE_REQUEST_SESSION]);
	if (asked.ptr && !bp_str_eq(asked, event->session_id)) {
		bp_projection_member(p, "asked_session", asked);
	}
	bp_projection_agent_type(p, v[BP_LINE_AGENT_TYPE]);
	bp_projection_member_word(p, "permission_mode", v[BP_LINE_PERMISSION_MODE]);
	bp_projection_member_word(p, "mode", v[BP_LINE_MODE]);
}

static size_t decimal(int64_t value, char out[24])
{
	uint64_t rest = value < 0 ? 0 : (uint64_t)value;
	char reverse[24];
	size_t n = 0;

	do {
		reverse[n++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	for (size_t i = 0; i < n; i++) {
		out[i] = reverse[n - 1 - i];
	}
	return n;
}

static void make_id(struct bp_event *event, struct bp_str text, int64_t own_us,
		    const struct bp_line_origin *origin)
{
	struct bp_sha256 sha;
	unsigned char digest[BP_SHA256_BYTES];
	char offset[24];

	if (event->uuid.ptr) {
		const struct bp_str parts[] = {event->platform, event->session_id, event->uuid};
		bp_event_id_make(own_us, parts, 3, event->id);
		return;
	}
	bp_sha256_init(&sha);
	bp_sha256_add(&sha, text.ptr, text.len);
	bp_sha256_end(&sha, digest);
	const struct bp_str parts[] = {event->platform, origin->path_hash,
				       bp_str_make(offset, decimal(origin->offset_bytes, offset)),
				       bp_str_make((const char *)digest, sizeof(digest))};
	bp_event_id_make(own_us, parts, 4, event->id);
}

static bool project(struct bp_projector *projector, struct bp_str text, struct bp_json root,
		    const struct bp_line_origin *origin, enum bp_level level, struct bp_event *out)
{
	struct bp_claude_line line = {.nested = false};

	bp_projection_begin(&line.p, projector, out);
	line.p.level = level;
	out->level = level;
	bp_json_pick(root, bp_claude_line_keys, line.v, BP_LINE_KEYS_N);
	take_envelope(&line, origin);
	int64_t own_us = take_time(&line, origin);
	bp_claude_line_body(&line);
	make_id(out, text, own_us, origin);
	return bp_projection_end(&line.p);
}

enum bp_projected bp_project_claude_line(struct bp_projector *projector, struct bp_str text,
					 const struct bp_line_origin *origin, struct bp_event *out)
{
	const struct bp_policy *policy = &projector->policy;
	bool tells = policy->redact && !policy->envelope_only;
	struct bp_json root;

	if (!bp_json_open(text, &root) || root.type != BP_JSON_OBJECT) {
		return BP_PROJECT_MALFORMED;
	}
	if (tells && policy->level > BP_LEVEL_STRICT &&
	    project(projector, text, root, origin, policy->level, out)) {
		return BP_PROJECTED;
	}
	/* Also when text pushed the evidence out: what strict keeps is kept at every level. */
	return project(projector, text, root, origin, BP_LEVEL_STRICT, out) ? BP_PROJECTED
									    : BP_PROJECT_TOO_LARGE;
}

/* Types that only Claude Code writes, and a member each of them has. */
static const struct {
	const char *type;
	enum bp_claude_line_key member;
} OWN_TYPES[] = {
	{"user", BP_LINE_SIDECHAIN},
	{"assistant", BP_LINE_SIDECHAIN},
	{"system", BP_LINE_SIDECHAIN},
	{"progress", BP_LINE_SIDECHAIN},
	{"attachment", BP_LINE_SIDECHAIN},
	{"file-history-snapshot", BP_LINE_SNAPSHOT},
	{"queue-operation", BP_LINE_OPERATION},
	{"permission-mode", BP_LINE_PERMISSION_MODE},
	{"cost-state", BP_LINE_COST},
};

bool bp_project_claude_recognise(struct bp_str text)
{
	struct bp_json v[BP_LINE_KEYS_N];
	struct bp_json root;

	if (!bp_json_open(text, &root) || root.type != BP_JSON_OBJECT) {
		return false;
	}
	bp_json_pick(root, bp_claude_line_keys, v, BP_LINE_KEYS_N);
	for (size_t i = 0; i < sizeof(OWN_TYPES) / sizeof(OWN_TYPES[0]); i++) {
		if (bp_projection_is(v[BP_LINE_TYPE], OWN_TYPES[i].type)) {
			return v[OWN_TYPES[i].member].type != BP_JSON_ABSENT;
		}
	}
	static const char *const LATCHES[] = {"summary",     "ai-title", "custom-title",
					      "last-prompt", "mode",     "agent-name",
					      "atis-latch"};
	for (size_t i = 0; i < sizeof(LATCHES) / sizeof(LATCHES[0]); i++) {
		if (bp_projection_is(v[BP_LINE_TYPE], LATCHES[i])) {
			return v[BP_LINE_SESSION_ID].type == BP_JSON_STRING ||
			       bp_json_get(root, BP_STR("leafUuid")).type == BP_JSON_STRING;
		}
	}
	return false;
}
