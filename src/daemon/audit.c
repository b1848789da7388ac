/* SPDX-License-Identifier: MIT */
#include "daemon/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "event/json.h"

enum {
	SPACE_BYTES = 1 << 20,
	DEPTH_MAX = 32,
	SHORT = 8, /* no secret is shorter, but for one under a secret's name */
	CLAUDE = 0,
	OTHER = 1
};

enum bp_rc bp_audit_init(struct bp_audit *audit, struct bp_service *service,
			 struct bp_job_reply *reply, struct bp_err *err)
{
	*audit = (struct bp_audit){.service = service, .reply = reply, .space_bytes = SPACE_BYTES};
	audit->policies[CLAUDE] = bp_settings_policy(&service->settings.daemon);
	audit->policies[OTHER] = audit->policies[CLAUDE];
	audit->policies[OTHER].level = BP_LEVEL_STRICT;
	audit->space = bp_calloc(1, SPACE_BYTES);
	enum bp_rc rc = bp_redact_new(&audit->redact, err);
	if (rc == BP_OK) {
		audit->scratch = bp_redact_scratch_new(audit->redact, 0);
	}
	return rc;
}

void bp_audit_done(struct bp_audit *audit)
{
	bp_redact_scratch_free(audit->scratch);
	bp_redact_free(audit->redact);
	free(audit->space);
}

void bp_audit_found(struct bp_audit *audit, const char *place, const char *kind, const char *what,
		    const char *first)
{
	char text[BP_AUDIT_KIND_BYTES];

	(void)snprintf(text, sizeof(text), "%s%s%s", kind, *what ? ": " : "", what);
	for (size_t i = 0; i < audit->n_findings; i++) {
		struct bp_finding *finding = &audit->findings[i];
		if (strcmp(finding->place, place) == 0 && strcmp(finding->kind, text) == 0) {
			finding->count++;
			return;
		}
	}
	if (audit->n_findings < BP_AUDIT_FINDINGS_MAX) {
		struct bp_finding *finding = &audit->findings[audit->n_findings++];
		*finding = (struct bp_finding){.count = 1};
		(void)snprintf(finding->place, sizeof(finding->place), "%s", place);
		(void)snprintf(finding->kind, sizeof(finding->kind), "%s", text);
		(void)snprintf(finding->first, sizeof(finding->first), "%s", first);
	}
}

/** No blank, no letter outside ASCII: what the projection lets through as a name. */
static bool is_name(struct bp_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7F) {
			return false;
		}
	}
	return text.len <= BP_EVENT_NAME_MAX;
}

void bp_audit_text(struct bp_audit *audit, const char *place, const char *where, struct bp_str key,
		   struct bp_str text, bool name)
{
	const char *kind =
		text.len >= SHORT || key.len > 0 ? bp_redact_find(audit->scratch, key, text) : NULL;

	if (kind) {
		bp_audit_found(audit, place, "secret", kind, where);
	}
	if (name && !is_name(text)) {
		bp_audit_found(audit, place, "text that is no name", "", where);
	}
}

/* --- the payload --- */

/** True when key is one of the blank-separated keys. */
static bool has_key(const char *keys, struct bp_str key)
{
	while (keys && *keys) {
		size_t n = strcspn(keys, " ");
		if (bp_str_eq(key, bp_str_make(keys, n))) {
			return true;
		}
		keys += n + (keys[n] == ' ' ? 1 : 0);
	}
	return false;
}

static const struct bp_kept_rule *rule_of(struct bp_str key)
{
	for (int i = 0; i < BP_KEPT_N; i++) {
		if (has_key(bp_kept_rules[i].keys, key)) {
			return &bp_kept_rules[i];
		}
	}
	return NULL;
}

struct walk {
	struct bp_audit *audit;
	const struct bp_policy *policy;
	const char *place, *where;
	struct level {
		struct bp_json_iter iter;
		struct bp_str key;
		bool object, text; /* below a key that holds text */
	} levels[DEPTH_MAX];
	size_t depth;
};

static void look_at_value(struct walk *walk, struct bp_str key, struct bp_json value, bool text)
{
	struct bp_audit *audit = walk->audit;

	if (value.type == BP_JSON_STRING) {
		struct bp_str is = bp_json_text(value, audit->space, audit->space_bytes);
		/* A key of ours says nothing; one of a tool's input may name a secret. */
		bp_audit_text(audit, walk->place, walk->where,
			      text ? key : (struct bp_str){NULL, 0}, is, !text);
	} else if ((value.type == BP_JSON_OBJECT || value.type == BP_JSON_ARRAY) &&
		   walk->depth < DEPTH_MAX) {
		walk->levels[walk->depth++] = (struct level){.iter = bp_json_each(value),
							     .key = key,
							     .object = value.type == BP_JSON_OBJECT,
							     .text = text};
	}
}

static void look_at_payload(struct walk *walk, struct bp_json payload)
{
	look_at_value(walk, (struct bp_str){NULL, 0}, payload, false);
	while (walk->depth > 0) {
		struct level *level = &walk->levels[walk->depth - 1];
		struct bp_str key = level->key;
		struct bp_json value;
		bool text = level->text;

		if (level->object ? !bp_json_next_member(&level->iter, &key, &value)
				  : !bp_json_next_element(&level->iter, &value)) {
			walk->depth--;
			continue;
		}
		const struct bp_kept_rule *rule = level->object && !text ? rule_of(key) : NULL;
		if (rule && !bp_kept(walk->policy, (enum bp_kept)(rule - bp_kept_rules))) {
			bp_audit_found(walk->audit, walk->place, "above the level", rule->name,
				       walk->where);
		}
		look_at_value(walk, rule ? (struct bp_str){NULL, 0} : key, value, text || rule);
	}
}

void bp_audit_event(struct bp_audit *audit, const char *place, const char *where,
		    const struct bp_event *event)
{
	const struct bp_str names[] = {
		event->platform,       event->session_id,   event->event_type,   event->hook_type,
		event->source,         event->project_hash, event->app_version,  event->model,
		event->uuid,           event->parent_uuid,  event->request_id,   event->message_id,
		event->agent_id,       event->prompt_id,    event->stop_reason,  event->subtype,
		event->severity,       event->operation,    event->service_tier, event->tool_name,
		event->git_branch_hash};
	bool claude = bp_str_is(event->platform, "claude_code");
	struct walk walk = {.audit = audit,
			    .policy = &audit->policies[claude ? CLAUDE : OTHER],
			    .place = place,
			    .where = where};
	const struct bp_str none = {NULL, 0};
	struct bp_json payload;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bp_audit_text(audit, place, where, none, names[i], true);
	}
	if (event->project_name.len > 0) {
		bp_audit_text(audit, place, where, none, event->project_name, false);
		if (!walk.policy->project_names ||
		    memchr(event->project_name.ptr, '/', event->project_name.len)) {
			bp_audit_found(audit, place, "above the level", "project", where);
		}
	}
	if (event->payload.len > 0 && bp_json_open(event->payload, &payload)) {
		look_at_payload(&walk, payload);
	}
}
