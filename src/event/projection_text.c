/* SPDX-License-Identifier: MIT */
/*
 * projection_text.c - text that levels above strict keep: asked for in bp_kept_rules, without
 * secrets, and never so much that it could push out evidence.
 */
#include "event/projection_parts.h"

enum {
	PATH_BYTES_MAX = 4096,
	ERROR_HEAD = 2048,
	DEPTH_MAX = 16,             /* of a tool's input */
	INPUT_TEXT_MAX = 64 * 1024, /* of all texts of one input */
	EVENT_TEXT_MAX = 192 * 1024 /* bytes of payload that texts of one event may take */
};

bool bp_projection_tells(const struct bp_projection *p, enum bp_kept what)
{
	const struct bp_policy *policy = &p->projector->policy;

	return p->level > BP_LEVEL_STRICT && policy->redact && p->keyed && bp_kept(policy, what);
}

/* --- never too much --- */

/* Where the payload stood before a text: it can be taken back. */
struct mark {
	struct bp_out out;
};

static struct mark begin_text(const struct bp_projection *p)
{
	return (struct mark){p->out};
}

/* Keep what was written since the mark, or take it back when it is more than an event may hold. */
static bool end_text(struct bp_projection *p, const struct mark *mark)
{
	size_t n = p->out.len - mark->out.len;

	if (p->out.full || p->text_bytes + n > EVENT_TEXT_MAX) {
		p->out = mark->out;
		p->text_cut = true;
		return false;
	}
	p->text_bytes += n;
	return true;
}

static struct bp_str redact(struct bp_projection *p, enum bp_kept what,
			    struct bp_text_request *request)
{
	const struct bp_policy *policy = &p->projector->policy;
	const struct bp_kept_rule *rule = &bp_kept_rules[what];
	bool cut = false;

	if (request->max_bytes == 0 || request->max_bytes > rule->max_bytes) {
		request->max_bytes = rule->max_bytes;
	}
	request->max_chars = rule->max_chars;
	request->paths = !rule->paths;
	struct bp_str text = policy->redact(policy->redact_arg, request, &cut);
	p->text_cut = p->text_cut || cut;
	return text;
}

static void member(struct bp_projection *p, const char *key, struct bp_str text)
{
	struct mark mark = begin_text(p);

	if (text.len > 0) {
		bp_projection_member(p, key, text);
		(void)end_text(p, &mark); /* then it is not there, and the event says so */
	}
}

/* --- short ones --- */

void bp_projection_tell(struct bp_projection *p, enum bp_kept what, const char *key,
			struct bp_json value)
{
	struct bp_text_request request = {.value = value};

	if (value.type == BP_JSON_STRING && value.len > 2 && bp_projection_tells(p, what)) {
		member(p, key, redact(p, what, &request));
	}
}

static void tell_text(struct bp_projection *p, enum bp_kept what, const char *key,
		      struct bp_str text)
{
	struct bp_text_request request = {.text = text};

	if (text.len > 0 && bp_projection_tells(p, what)) {
		member(p, key, redact(p, what, &request));
	}
}

/* A name that holds a secret is none: "[redacted:...]" is told as the text it is. */
static void tell_name(struct bp_projection *p, enum bp_kept what, const char *key,
		      struct bp_str text)
{
	size_t used = p->projector->space_used;

	if (bp_projection_tells(p, what)) {
		tell_text(p, what, key, bp_projection_name_text(p, text));
	}
	p->projector->space_used = used;
}

void bp_projection_tell_program(struct bp_projection *p, struct bp_json command)
{
	char space[BP_EVENT_NAME_MAX + 1];

	if (bp_projection_tells(p, BP_KEPT_PROGRAM)) {
		tell_name(p, BP_KEPT_PROGRAM, "program",
			  bp_command_program(command, space, sizeof(space)));
	}
}

void bp_projection_tell_mcp(struct bp_projection *p, struct bp_json name)
{
	char space[2 * BP_EVENT_NAME_MAX];
	struct bp_str text = bp_json_text(name, space, sizeof(space));
	const struct bp_str prefix = BP_STR("mcp__");

	if (!bp_projection_tells(p, BP_KEPT_MCP) || !bp_str_starts(text, prefix)) {
		return;
	}
	text = bp_str_make(text.ptr + prefix.len, text.len - prefix.len);
	const char *bar = text.len > 0 ? memmem(text.ptr, text.len, "__", 2) : NULL;
	size_t server = bar ? (size_t)(bar - text.ptr) : text.len;
	tell_name(p, BP_KEPT_MCP, "mcp_server", bp_str_make(text.ptr, server));
	if (bar) {
		tell_name(p, BP_KEPT_MCP, "mcp_tool", bp_str_make(bar + 2, text.len - server - 2));
	}
}

/* The first line is the message; after it come a command's output, or the code that was not found. */
void bp_projection_tell_error(struct bp_projection *p, struct bp_json content)
{
	static const char tag[] = "<tool_use_error>";
	char head[ERROR_HEAD];
	struct bp_json text = bp_projection_content_text(content);

	if (!bp_projection_tells(p, BP_KEPT_ERROR_TEXT)) {
		return;
	}
	struct bp_str line = bp_str_make(head, bp_projection_head(text, head, sizeof(head)));
	if (bp_str_starts(line, bp_str_from(tag))) {
		line = bp_str_make(line.ptr + strlen(tag), line.len - strlen(tag));
	}
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] == '\n' || line.ptr[i] == '\r') {
			line.len = i;
		}
	}
	tell_text(p, BP_KEPT_ERROR_TEXT, "error_text", line);
}

/* A path below the working folder, from there. Others name people's own folders: nothing. */
void bp_projection_tell_path(struct bp_projection *p, struct bp_json value)
{
	char space[PATH_BYTES_MAX];
	struct bp_str path = bp_json_text(value, space, sizeof(space));
	struct bp_str cwd = p->cwd;

	if (path.len == 0 || !bp_projection_tells(p, BP_KEPT_PATH)) {
		return;
	}
	if (path.ptr[0] == '/' || path.ptr[0] == '\\' || (path.len > 1 && path.ptr[1] == ':')) {
		while (cwd.len > 0 &&
		       (cwd.ptr[cwd.len - 1] == '/' || cwd.ptr[cwd.len - 1] == '\\')) {
			cwd.len--;
		}
		if (cwd.len == 0 || path.len < cwd.len + 2 || !bp_str_starts(path, cwd) ||
		    (path.ptr[cwd.len] != '/' && path.ptr[cwd.len] != '\\')) {
			return;
		}
		path = bp_str_make(path.ptr + cwd.len + 1, path.len - cwd.len - 1);
	}
	if (path.ptr[0] == '~' || memmem(path.ptr, path.len, "..", 2)) {
		return; /* may lead out of it again */
	}
	tell_text(p, BP_KEPT_PATH, "path", path);
}

/* --- long ones --- */

static void element(struct bp_projection *p, enum bp_kept what, struct bp_json text)
{
	struct bp_text_request request = {.value = text};

	if (text.type == BP_JSON_STRING && text.len > 2) {
		struct mark mark = begin_text(p);
		bp_out_text(&p->out, redact(p, what, &request));
		(void)end_text(p, &mark);
	}
}

/* An array: the string, or each text block. */
void bp_projection_tell_content(struct bp_projection *p, enum bp_kept what, const char *key,
				struct bp_json content)
{
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;

	if (!bp_projection_tells(p, what) ||
	    (content.type != BP_JSON_STRING && content.type != BP_JSON_ARRAY)) {
		return;
	}
	bp_projection_key(p, key);
	bp_out_array(&p->out);
	if (content.type == BP_JSON_STRING) {
		element(p, what, content);
	}
	while (content.type == BP_JSON_ARRAY && bp_json_next_element(&iter, &block)) {
		if (bp_projection_is(bp_json_get(block, BP_STR("type")), "text")) {
			element(p, what, bp_json_get(block, BP_STR("text")));
		}
	}
	bp_out_array_end(&p->out);
}

/* One open container of an input. */
struct level {
	struct bp_json_iter iter;
	struct bp_str key; /* an array's elements stand under its own name */
	bool object;
};

static void open_level(struct bp_projection *p, struct level *level, struct bp_json value,
		       struct bp_str key)
{
	*level = (struct level){bp_json_each(value), key, value.type == BP_JSON_OBJECT};
	if (level->object) {
		bp_out_object(&p->out);
	} else {
		bp_out_array(&p->out);
	}
}

/* A value that is no container. Under a secret's name a number is one, too. */
static void scalar(struct bp_projection *p, struct bp_json value, struct bp_str key, size_t *left)
{
	struct bp_text_request request = {.key = key, .max_bytes = *left};
	int64_t number;

	if (value.type == BP_JSON_STRING && *left == 0) {
		p->text_cut = p->text_cut || value.len > 2;
		bp_out_text(&p->out, BP_STR(""));
	} else if (value.type == BP_JSON_STRING) {
		request.value = value;
		struct bp_str text = redact(p, BP_KEPT_INPUT, &request);
		bp_out_text(&p->out, text.ptr ? text : BP_STR(""));
		*left -= text.len < *left ? text.len : *left;
	} else if (value.type == BP_JSON_NUMBER) {
		request.text = bp_str_make(value.ptr, value.len);
		request.max_bytes = 0;
		struct bp_str text = redact(p, BP_KEPT_INPUT, &request);
		if (bp_str_eq(text, request.text) && bp_json_int(value, &number)) {
			bp_out_raw(&p->out, text);
		} else {
			bp_out_text(&p->out, text);
		}
	} else {
		bp_out_raw(&p->out, bp_str_make(value.ptr, value.len));
	}
}

/* A name can hold a secret as well as a value. */
static void input_key(struct bp_projection *p, struct bp_str key)
{
	struct bp_text_request request = {.value = {key.ptr - 1, key.len + 2, BP_JSON_STRING}};

	bp_out_key(&p->out, redact(p, BP_KEPT_INPUT, &request));
}

static bool is_edit(struct bp_json name)
{
	return bp_projection_is(name, "Edit") || bp_projection_is(name, "MultiEdit") ||
	       bp_projection_is(name, "Write") || bp_projection_is(name, "NotebookEdit");
}

void bp_projection_tell_input(struct bp_projection *p, struct bp_json name, struct bp_json input)
{
	struct level levels[DEPTH_MAX];
	size_t depth = 0;
	size_t left = INPUT_TEXT_MAX;
	struct mark mark = begin_text(p);

	if (!bp_projection_tells(p, BP_KEPT_INPUT) || input.type != BP_JSON_OBJECT ||
	    (is_edit(name) && !bp_projection_keeps(p, BP_OPT_OUT_EDITS)) ||
	    (bp_projection_is(name, "Bash") && !bp_projection_keeps(p, BP_OPT_OUT_SHELL))) {
		return;
	}
	bp_projection_key(p, "input");
	open_level(p, &levels[depth++], input, (struct bp_str){NULL, 0});
	while (depth > 0 && !p->out.full) {
		struct level *level = &levels[depth - 1];
		struct bp_str key = level->key;
		struct bp_json value;
		if (level->object ? !bp_json_next_member(&level->iter, &key, &value)
				  : !bp_json_next_element(&level->iter, &value)) {
			if (level->object) {
				bp_out_object_end(&p->out);
			} else {
				bp_out_array_end(&p->out);
			}
			depth--;
			continue;
		}
		bool container = value.type == BP_JSON_OBJECT || value.type == BP_JSON_ARRAY;
		if (container && depth == DEPTH_MAX) {
			p->text_cut = true;
			continue;
		}
		if (level->object) {
			input_key(p, key);
		}
		if (container) {
			open_level(p, &levels[depth++], value, key);
		} else {
			scalar(p, value, key, &left);
		}
	}
	(void)end_text(p, &mark);
}
