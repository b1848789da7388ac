/* SPDX-License-Identifier: MIT */
#include "capture/install_claude.h"

#include <string.h>

#include "base/mem.h"
#include "capture/install_parts.h"
#include "event/out.h"

/*
 * {"hooks": {"<event>": [{"matcher": "...", "hooks": [{"type": "command", "command": "..."}]}]}}
 * A group without a matcher is asked for everything. MessageDisplay is left out: it comes for
 * every piece of an answer.
 */
static const char *const events[] = {
	"SessionStart",     "SessionEnd",         "UserPromptSubmit", "PreToolUse",
	"PostToolUse",      "PostToolUseFailure", "PostToolBatch",    "PermissionRequest",
	"PermissionDenied", "SubagentStart",      "SubagentStop",     "Stop",
	"StopFailure",      "PreCompact",         "PostCompact",      "Notification",
};

enum { COMMAND_BYTES = 16 * 1024, TIMEOUT_S = 5 };

static struct bp_json root_of(const struct bp_buf *text)
{
	struct bp_json root = {0};

	(void)bp_json_open(bp_buf_str(text), &root);
	return root;
}

/** The program of a shell command: its first word without quotes. */
static struct bp_str program_of(struct bp_str command, char space[COMMAND_BYTES])
{
	size_t n = 0;
	char quote = '\0';

	for (size_t i = 0; i < command.len && n + 1 < COMMAND_BYTES; i++) {
		char c = command.ptr[i];

		if (quote == '\0' && (c == ' ' || c == '\t')) {
			if (n > 0) {
				break;
			}
		} else if (quote == '\0' && (c == '\'' || c == '"')) {
			quote = c;
		} else if (c == quote) {
			quote = '\0';
		} else if (c == '\\' && quote != '\'' && i + 1 < command.len) {
			space[n++] = command.ptr[++i];
		} else {
			space[n++] = c;
		}
	}
	return bp_str_make(space, n);
}

/* Kinds of entries of ours; several together are asked for as bits. */
enum { HOOK = 1, GUARD = 2 };

/** "/opt/x/blueplane guard", "env BLUEPLANE_HOME=/y '/opt/a b/blueplane' guard". */
static bool is_verb(struct bp_json handler, const char *verb, const char *quoted)
{
	char text[COMMAND_BYTES];
	struct bp_json command = bp_json_get(handler, BP_STR("command"));
	struct bp_str words = bp_json_text(command, text, sizeof(text));

	return words.ptr &&
	       (bp_str_ends(words, bp_str_from(verb)) || bp_str_ends(words, bp_str_from(quoted)));
}

static bool is_guard(struct bp_json handler)
{
	return is_verb(handler, "/blueplane guard", "/blueplane' guard");
}

static bool is_hook(struct bp_json handler)
{
	char text[COMMAND_BYTES];
	char program[COMMAND_BYTES];
	struct bp_json command = bp_json_get(handler, BP_STR("command"));
	struct bp_str word = program_of(bp_json_text(command, text, sizeof(text)), program);

	return bp_str_is(word, "blueplane-hook") || bp_str_ends(word, BP_STR("/blueplane-hook"));
}

static size_t count_items(struct bp_json container)
{
	struct bp_json_iter iter = bp_json_each(container);
	struct bp_json value;
	struct bp_str key;
	size_t n = 0;

	while (container.type == BP_JSON_OBJECT ? bp_json_next_member(&iter, &key, &value)
						: bp_json_next_element(&iter, &value)) {
		n++;
	}
	return n;
}

static bool is_ours(struct bp_json handler, unsigned kinds)
{
	return ((kinds & HOOK) && is_hook(handler)) || ((kinds & GUARD) && is_guard(handler));
}

/** Where one of our entries stands. */
struct place {
	unsigned kinds; /* which are looked for */
	struct bp_json root, hooks, groups, group, handlers, handler;
	size_t hooks_i, groups_i, group_i, handlers_i, handler_i; /* within the one before */
};

/** Walks all handlers of all groups of one event. */
static bool find_in_groups(struct place *place, size_t *skip)
{
	struct bp_json_iter groups = bp_json_each(place->groups);

	for (place->group_i = 0; bp_json_next_element(&groups, &place->group); place->group_i++) {
		struct bp_json_iter members = bp_json_each(place->group);
		struct bp_str key;

		if (place->group.type != BP_JSON_OBJECT) {
			continue;
		}
		for (place->handlers_i = 0; bp_json_next_member(&members, &key, &place->handlers);
		     place->handlers_i++) {
			struct bp_json_iter handlers = bp_json_each(place->handlers);

			if (!bp_str_is(key, "hooks") || place->handlers.type != BP_JSON_ARRAY) {
				continue;
			}
			for (place->handler_i = 0; bp_json_next_element(&handlers, &place->handler);
			     place->handler_i++) {
				if (place->handler.type == BP_JSON_OBJECT &&
				    is_ours(place->handler, place->kinds) && (*skip)-- == 0) {
					return true;
				}
			}
		}
	}
	return false;
}

/** The skip-th of our entries; of one event, or of all (NULL). */
static bool find_ours(const struct bp_buf *text, const char *event, size_t skip,
		      struct place *place)
{
	struct bp_str key;

	place->root = root_of(text);
	struct bp_json_iter members = bp_json_each(place->root);
	if (place->root.type != BP_JSON_OBJECT) {
		return false;
	}
	for (place->hooks_i = 0; bp_json_next_member(&members, &key, &place->hooks);
	     place->hooks_i++) {
		struct bp_json_iter of_event = bp_json_each(place->hooks);

		if (!bp_str_is(key, "hooks") || place->hooks.type != BP_JSON_OBJECT) {
			continue;
		}
		for (place->groups_i = 0; bp_json_next_member(&of_event, &key, &place->groups);
		     place->groups_i++) {
			if (place->groups.type == BP_JSON_ARRAY &&
			    (!event || bp_str_is(key, event)) && find_in_groups(place, &skip)) {
				return true;
			}
		}
	}
	return false;
}

/** The status line's place among the members of the root. False when it is not ours. */
static bool find_statusline(struct bp_json root, size_t *out_i)
{
	struct bp_json_iter members = bp_json_each(root);
	struct bp_json value;
	struct bp_str key;

	if (root.type != BP_JSON_OBJECT) {
		return false;
	}
	for (size_t i = 0; bp_json_next_member(&members, &key, &value); i++) {
		if (bp_str_is(key, "statusLine") && value.type == BP_JSON_OBJECT &&
		    is_verb(value, "/blueplane statusline", "/blueplane' statusline")) {
			*out_i = i;
			return true;
		}
	}
	return false;
}

size_t bp_claude_hooks_count(const struct bp_buf *text)
{
	struct place place = {.kinds = HOOK | GUARD};
	size_t n = 0, i = 0;

	while (find_ours(text, NULL, n, &place)) {
		n++;
	}
	return n + (find_statusline(root_of(text), &i) ? 1 : 0);
}

/** The command as a JSON string. Owns: the caller, bp_buf_done(). */
static void quote_json(const char *command, struct bp_buf *out)
{
	char *space = bp_calloc(1, COMMAND_BYTES);
	struct bp_out json = bp_out_make(space, COMMAND_BYTES);

	bp_out_text(&json, bp_str_from(command));
	bp_buf_add_str(out, bp_out_str(&json));
	out->failed = out->failed || json.full;
	free(space);
}

/** The group of one event, compact. */
static void make_group(const struct bp_buf *command_json, struct bp_buf *out)
{
	bp_buf_add_str(out, BP_STR("{\"hooks\":[{\"type\":\"command\",\"command\":"));
	bp_buf_add_str(out, bp_buf_str(command_json));
	bp_buf_printf(out, ",\"timeout\":%d}]}", TIMEOUT_S);
}

static enum bp_rc add_event(struct bp_buf *text, const char *event, const struct bp_buf *group,
			    const struct bp_json_style *style, struct bp_err *err)
{
	struct bp_json hooks = bp_json_get(root_of(text), BP_STR("hooks"));
	struct bp_json groups = bp_json_get(hooks, bp_str_from(event));

	if (groups.type == BP_JSON_ABSENT) {
		struct bp_buf list;

		bp_buf_init(&list, BP_INSTALL_BYTES_MAX);
		bp_buf_add_char(&list, '[');
		bp_buf_add_str(&list, bp_buf_str(group));
		bp_buf_add_char(&list, ']');
		bp_json_insert(text, hooks, bp_str_from(event), bp_buf_str(&list), style);
		bp_buf_done(&list);
		return BP_OK;
	}
	if (groups.type != BP_JSON_ARRAY) {
		return bp_err_set(err, BP_EINVAL, "\"hooks\".\"%s\" is not an array", event);
	}
	bp_json_insert(text, groups, (struct bp_str){NULL, 0}, bp_buf_str(group), style);
	return BP_OK;
}

/** Give our entries of an event this command. False when there is none. */
static bool update_event(struct bp_buf *text, const char *event, const struct bp_buf *command_json,
			 unsigned kind)
{
	struct place place = {.kinds = kind};
	size_t n = 0;

	for (; find_ours(text, event, n, &place); n++) {
		struct bp_json command = bp_json_get(place.handler, BP_STR("command"));

		if (!bp_str_eq(bp_str_make(command.ptr, command.len), bp_buf_str(command_json))) {
			bp_json_replace(text, command, bp_buf_str(command_json));
		}
	}
	return n > 0;
}

static enum bp_rc add_to_events(struct bp_buf *text, const char *command, const char *const *names,
				size_t n, unsigned kind, struct bp_err *err)
{
	struct bp_json root = root_of(text);
	struct bp_json_style style = bp_json_style(bp_buf_str(text), root);
	struct bp_json hooks = bp_json_get(root, BP_STR("hooks"));
	struct bp_buf command_json;
	struct bp_buf group;
	enum bp_rc rc = BP_OK;

	if (hooks.type != BP_JSON_OBJECT && hooks.type != BP_JSON_ABSENT) {
		return bp_err_set(err, BP_EINVAL, "\"hooks\" is not an object");
	}
	bp_buf_init(&command_json, COMMAND_BYTES);
	bp_buf_init(&group, BP_INSTALL_BYTES_MAX);
	quote_json(command, &command_json);
	make_group(&command_json, &group);
	if (hooks.type == BP_JSON_ABSENT) {
		bp_json_insert(text, root, BP_STR("hooks"), BP_STR("{}"), &style);
	}
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		if (!update_event(text, names[i], &command_json, kind)) {
			rc = add_event(text, names[i], &group, &style, err);
		}
	}
	if (rc == BP_OK && (!bp_buf_ok(text) || !bp_buf_ok(&group) || !bp_buf_ok(&command_json))) {
		rc = bp_err_set(err, BP_ELIMIT, "the settings would be too large");
	}
	bp_buf_done(&command_json);
	bp_buf_done(&group);
	return rc;
}

enum bp_rc bp_claude_hooks_add(struct bp_buf *text, const char *command, struct bp_err *err)
{
	return add_to_events(text, command, events, sizeof(events) / sizeof(events[0]), HOOK, err);
}

enum bp_rc bp_claude_guard_add(struct bp_buf *text, const char *command, struct bp_err *err)
{
	static const char *const stoppable[] = {"UserPromptSubmit", "PreToolUse"};

	return add_to_events(text, command, stoppable, sizeof(stoppable) / sizeof(stoppable[0]),
			     GUARD, err);
}

enum bp_rc bp_claude_statusline_add(struct bp_buf *text, const char *command, struct bp_err *err)
{
	struct bp_json root = root_of(text);
	struct bp_json_style style = bp_json_style(bp_buf_str(text), root);
	struct bp_json there = bp_json_get(root, BP_STR("statusLine"));
	struct bp_buf command_json, item;
	enum bp_rc rc = BP_OK;
	size_t i = 0;

	bp_buf_init(&command_json, COMMAND_BYTES);
	bp_buf_init(&item, 2 * COMMAND_BYTES);
	quote_json(command, &command_json);
	if (there.type == BP_JSON_ABSENT) {
		bp_buf_add_str(&item, BP_STR("{\"type\":\"command\",\"command\":"));
		bp_buf_add_str(&item, bp_buf_str(&command_json));
		bp_buf_add_char(&item, '}');
		bp_json_insert(text, root, BP_STR("statusLine"), bp_buf_str(&item), &style);
	} else if (find_statusline(root, &i)) {
		bp_json_replace(text, bp_json_get(there, BP_STR("command")),
				bp_buf_str(&command_json));
	} else {
		rc = bp_err_set(err, BP_EINVAL,
				"there is a status line already, which stays: let its command run "
				"\"blueplane statusline\" with the same input");
	}
	if (rc == BP_OK && (!bp_buf_ok(text) || !bp_buf_ok(&item) || !bp_buf_ok(&command_json))) {
		rc = bp_err_set(err, BP_ELIMIT, "the settings would be too large");
	}
	bp_buf_done(&item);
	bp_buf_done(&command_json);
	return rc;
}

void bp_claude_hooks_remove(struct bp_buf *text)
{
	struct place place = {.kinds = HOOK | GUARD};
	size_t i = 0;

	if (find_statusline(root_of(text), &i)) {
		bp_json_remove(text, root_of(text), i);
	}

	/* One at a time: each changes where the others are. What it leaves empty goes along. */
	while (find_ours(text, NULL, 0, &place)) {
		if (count_items(place.handlers) > 1) {
			bp_json_remove(text, place.handlers, place.handler_i);
		} else if (count_items(place.groups) > 1) {
			bp_json_remove(text, place.groups, place.group_i);
		} else if (count_items(place.hooks) > 1) {
			bp_json_remove(text, place.hooks, place.groups_i);
		} else {
			bp_json_remove(text, place.root, place.hooks_i);
		}
	}
}
