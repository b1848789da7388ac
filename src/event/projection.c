/* SPDX-License-Identifier: MIT */
#include "event/projection.h"

#include "event/projection_parts.h"
#include "event/utf8.h"

/* Counts above this are noise or an attack, and would overflow sums. */
static const int64_t COUNT_MAX = INT64_C(1) << 40;

enum { CWD_BYTES_MAX = 4096, PROJECT_NAME_MAX = 255 };

const char *const bp_opt_out_names[] = {"prompts", "tools", "edits", "tokens", "cost",
					"errors",  "shell", "mcp",   "git",    NULL};

/* Names that Claude Code ships; any other may be a person's or a company's own. */
static const char *const BUILT_IN_AGENTS[] = {
	"general-purpose",    "Explore",           "Plan",   "statusline-setup",
	"output-style-setup", "claude-code-guide", "claude", "Bash"};

void bp_projection_begin(struct bp_projection *p, struct bp_projector *projector,
			 struct bp_event *event)
{
	projector->space_used = 0;
	bp_event_init(event);
	event->projection_version = BP_PROJECTION_VERSION;
	event->level = BP_LEVEL_STRICT;
	event->platform = BP_STR("claude_code");
	*p = (struct bp_projection){
		.projector = projector,
		.event = event,
		.out = bp_out_make(projector->payload, sizeof(projector->payload)),
		.opt_out = projector->policy.envelope_only ? UINT32_MAX : projector->policy.opt_out,
		.keyed = !projector->policy.envelope_only,
		.first_tool = true,
	};
	bp_out_object(&p->out);
}

bool bp_projection_end(struct bp_projection *p)
{
	bp_projection_member_flag(p, "text_cut", p->text_cut);
	bp_out_object_end(&p->out);
	if (p->out.full) {
		return false;
	}
	p->event->payload = bp_out_str(&p->out);
	return true;
}

bool bp_projection_keeps(const struct bp_projection *p, enum bp_opt_out group)
{
	return (p->opt_out & (uint32_t)group) == 0;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

static bool is_name_byte(char c)
{
	return is_word_byte(c) || c == ':' || c == '@' || c == '/' || c == '+' || c == '<' ||
	       c == '>' || c == '[' || c == ']';
}

static bool is_name(struct bp_str text)
{
	if (text.len == 0 || text.len > BP_EVENT_NAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (!is_name_byte(text.ptr[i])) {
			return false;
		}
	}
	return true;
}

static struct bp_str keep(struct bp_projector *projector, const char *bytes, size_t n)
{
	if (n > sizeof(projector->space) - projector->space_used) {
		return (struct bp_str){NULL, 0};
	}
	char *at = projector->space + projector->space_used;
	memcpy(at, bytes, n);
	projector->space_used += n;
	return bp_str_make(at, n);
}

static struct bp_str keep_hash(struct bp_projection *p, struct bp_hash_hex hex)
{
	char text[2 + BP_HASH_HEX_BYTES] = {'h', ':'};

	memcpy(text + 2, hex.text, BP_HASH_HEX_BYTES);
	return keep(p->projector, text, sizeof(text));
}

struct bp_str bp_projection_name_text(struct bp_projection *p, struct bp_str text)
{
	if (is_name(text)) {
		return text;
	}
	if (text.len == 0 || !p->keyed) {
		return (struct bp_str){NULL, 0};
	}
	return keep_hash(p, bp_hash_text(&p->projector->policy.key, text));
}

struct bp_str bp_projection_name(struct bp_projection *p, struct bp_json value)
{
	char space[BP_EVENT_NAME_MAX + 16];

	if (value.type != BP_JSON_STRING || value.len <= 2) {
		return (struct bp_str){NULL, 0};
	}
	struct bp_str text = bp_json_text(value, space, sizeof(space));
	if (is_name(text)) {
		/* Decoded text is in this function's frame: keep it. */
		return text.ptr == space ? keep(p->projector, text.ptr, text.len) : text;
	}
	if (!p->keyed) {
		return (struct bp_str){NULL, 0};
	}
	return keep_hash(p, bp_hash_json(&p->projector->policy.key, value));
}

struct bp_str bp_projection_word(struct bp_json value)
{
	/* A word holds nothing that JSON would escape, so its bytes are its text. */
	if (value.type != BP_JSON_STRING || value.len <= 2 ||
	    value.len - 2 > BP_PROJECTION_WORD_MAX) {
		return (struct bp_str){NULL, 0};
	}
	struct bp_str text = bp_str_make(value.ptr + 1, value.len - 2);
	for (size_t i = 0; i < text.len; i++) {
		if (!is_word_byte(text.ptr[i])) {
			return (struct bp_str){NULL, 0};
		}
	}
	return text;
}

void bp_projection_key(struct bp_projection *p, const char *key)
{
	bp_out_key(&p->out, bp_str_from(key));
}

void bp_projection_member(struct bp_projection *p, const char *key, struct bp_str text)
{
	bp_out_member_text(&p->out, bp_str_from(key), text);
}

void bp_projection_member_name(struct bp_projection *p, const char *key, struct bp_json value)
{
	/* The payload copies it: what it needed of the space is free again. */
	size_t used = p->projector->space_used;
	bp_projection_member(p, key, bp_projection_name(p, value));
	p->projector->space_used = used;
}

void bp_projection_member_word(struct bp_projection *p, const char *key, struct bp_json value)
{
	bp_projection_member(p, key, bp_projection_word(value));
}

void bp_projection_member_int(struct bp_projection *p, const char *key, int64_t value)
{
	bp_out_member_int(&p->out, bp_str_from(key), value);
}

void bp_projection_member_flag(struct bp_projection *p, const char *key, bool value)
{
	bp_out_member_flag(&p->out, bp_str_from(key), value);
}

void bp_projection_member_number(struct bp_projection *p, const char *key, struct bp_json value)
{
	if (value.type != BP_JSON_NUMBER || value.len > BP_PROJECTION_WORD_MAX) {
		return;
	}
	for (size_t i = 0; i < value.len; i++) {
		if (!strchr("0123456789.eE+-", value.ptr[i]) || value.ptr[i] == '\0') {
			return;
		}
	}
	bp_projection_member(p, key, bp_str_make(value.ptr, value.len));
}

int64_t bp_projection_count(struct bp_json value)
{
	int64_t count;

	return bp_json_int(value, &count) && count >= 0 && count <= COUNT_MAX ? count : BP_ABSENT;
}

int64_t bp_projection_floor(struct bp_json value)
{
	int64_t whole = 0;
	size_t i = 0;

	if (value.type != BP_JSON_NUMBER) {
		return BP_ABSENT;
	}
	for (; i < value.len && value.ptr[i] >= '0' && value.ptr[i] <= '9'; i++) {
		whole = whole * 10 + (value.ptr[i] - '0');
		if (whole > COUNT_MAX) {
			return BP_ABSENT;
		}
	}
	if (i == 0 || (i < value.len && value.ptr[i] != '.')) {
		return BP_ABSENT;
	}
	for (i++; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9') {
			return BP_ABSENT; /* an exponent */
		}
	}
	return whole;
}

bool bp_projection_is(struct bp_json value, const char *text)
{
	char space[64];

	return value.type == BP_JSON_STRING &&
	       bp_str_is(bp_json_text(value, space, sizeof(space)), text);
}

size_t bp_projection_head(struct bp_json value, char *space, size_t cap)
{
	struct bp_json_text text = bp_json_text_start(value);
	size_t len = 0;

	while (cap - len >= 16) {
		size_t n = bp_json_text_next(&text, space + len, cap - len);
		if (n == 0) {
			break;
		}
		len += n;
	}
	return len;
}

/* The last component of a path of either kind of system: never more of it. */
static struct bp_str last_component(struct bp_str path)
{
	while (path.len > 0 && (path.ptr[path.len - 1] == '/' || path.ptr[path.len - 1] == '\\')) {
		path.len--;
	}
	size_t start = path.len;
	while (start > 0 && path.ptr[start - 1] != '/' && path.ptr[start - 1] != '\\') {
		start--;
	}
	return bp_str_make(path.ptr + start, path.len - start);
}

/* Well-formed UTF-8 without control characters, at most PROJECT_NAME_MAX bytes. */
static struct bp_str clean_name(struct bp_projector *projector, struct bp_str name)
{
	char clean[PROJECT_NAME_MAX];
	size_t len = 0;

	for (size_t i = 0; i < name.len;) {
		const unsigned char *at = (const unsigned char *)name.ptr + i;
		size_t n = bp_utf8_sequence(at, name.len - i);
		bool control =
			at[0] < 0x20 || at[0] == 0x7F || (n == 2 && at[0] == 0xC2 && at[1] < 0xA0);
		if (n > 0 && !control) {
			if (len + n > sizeof(clean)) {
				break;
			}
			memcpy(clean + len, at, n);
			len += n;
		}
		i += n > 0 ? n : 1;
	}
	if (len == 0 || (len == 1 && clean[0] == '.') ||
	    (len == 2 && memcmp(clean, "..", 2) == 0)) {
		return (struct bp_str){NULL, 0};
	}
	return keep(projector, clean, len);
}

void bp_projection_project(struct bp_projection *p, struct bp_json cwd)
{
	struct bp_projector *projector = p->projector;
	char *space = projector->space + projector->space_used;
	size_t room = sizeof(projector->space) - projector->space_used;

	if (cwd.type != BP_JSON_STRING || !p->keyed) {
		return;
	}
	struct bp_str text = bp_json_text(cwd, space, room < CWD_BYTES_MAX ? room : CWD_BYTES_MAX);
	if (text.len == 0) {
		return;
	}
	if (text.ptr == space) {
		projector->space_used += text.len;
	}
	p->cwd = text;
	struct bp_hash_hex hex =
		bp_hash_path(&projector->policy.key, text, (struct bp_str){NULL, 0});
	p->event->project_hash = keep(projector, hex.text, BP_HASH_HEX_BYTES);
	if (projector->policy.project_names) {
		p->event->project_name = clean_name(projector, last_component(text));
	}
}

void bp_projection_branch(struct bp_projection *p, struct bp_json branch)
{
	if (branch.type == BP_JSON_STRING && branch.len > 2 && p->keyed &&
	    bp_projection_keeps(p, BP_OPT_OUT_GIT)) {
		struct bp_hash_hex hex = bp_hash_json(&p->projector->policy.key, branch);
		p->event->git_branch_hash = keep(p->projector, hex.text, BP_HASH_HEX_BYTES);
	}
}

void bp_projection_agent_type(struct bp_projection *p, struct bp_json value)
{
	if (value.type != BP_JSON_STRING || value.len <= 2) {
		return;
	}
	for (size_t i = 0; i < sizeof(BUILT_IN_AGENTS) / sizeof(BUILT_IN_AGENTS[0]); i++) {
		if (bp_projection_is(value, BUILT_IN_AGENTS[i])) {
			bp_projection_member(p, "agent_type", bp_str_from(BUILT_IN_AGENTS[i]));
			return;
		}
	}
	bp_projection_member(p, "agent_type", BP_STR("custom"));
}

void bp_projection_hash_add(const struct bp_projection *p, struct bp_projection_hash *hash,
			    struct bp_json text)
{
	if (!p->keyed || text.type != BP_JSON_STRING) {
		return;
	}
	struct bp_hash_hex hex = bp_hash_json(&p->projector->policy.key, text);
	if (hash->n > 0) {
		char pair[2 * BP_HASH_HEX_BYTES];
		memcpy(pair, hash->hex.text, BP_HASH_HEX_BYTES);
		memcpy(pair + BP_HASH_HEX_BYTES, hex.text, BP_HASH_HEX_BYTES);
		hex = bp_hash_text(&p->projector->policy.key, bp_str_make(pair, sizeof(pair)));
	}
	hash->hex = hex;
	hash->n++;
}

void bp_projection_member_hash(struct bp_projection *p, const char *key,
			       const struct bp_projection_hash *hash)
{
	if (hash->n > 0) {
		bp_projection_member(p, key, bp_str_make(hash->hex.text, BP_HASH_HEX_BYTES));
	}
}

void bp_projection_texts_add(const struct bp_projection *p, struct bp_projection_texts *texts,
			     struct bp_json text)
{
	if (text.type != BP_JSON_STRING) {
		return;
	}
	if (texts->n++ == 0) {
		texts->first = text;
	}
	if (bp_projection_keeps(p, BP_OPT_OUT_PROMPTS)) {
		struct bp_json_measure measure = bp_json_measure(text);
		texts->chars += measure.chars;
		texts->words += measure.words;
		bp_projection_hash_add(p, &texts->hash, text);
	}
}

void bp_projection_texts_write(struct bp_projection *p, const struct bp_projection_texts *texts)
{
	if (texts->n > 0 && bp_projection_keeps(p, BP_OPT_OUT_PROMPTS)) {
		bp_projection_member_int(p, "chars", texts->chars);
		bp_projection_member_int(p, "words", texts->words);
		bp_projection_member_hash(p, "text_hash", &texts->hash);
	}
}

struct bp_json bp_projection_content_text(struct bp_json content)
{
	const struct bp_json none = {NULL, 0, BP_JSON_ABSENT};
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;

	if (content.type == BP_JSON_STRING) {
		return content;
	}
	if (content.type != BP_JSON_ARRAY) {
		return none;
	}
	while (bp_json_next_element(&iter, &block)) {
		struct bp_json text = bp_json_get(block, BP_STR("text"));
		if (text.type == BP_JSON_STRING) {
			return text;
		}
	}
	return none;
}

int64_t bp_projection_content_bytes(struct bp_json content)
{
	struct bp_json_iter iter = bp_json_each(content);
	struct bp_json block;
	int64_t bytes = 0;

	if (content.type == BP_JSON_STRING) {
		return bp_json_measure(content).bytes;
	}
	if (content.type != BP_JSON_ARRAY) {
		return BP_ABSENT;
	}
	while (bp_json_next_element(&iter, &block)) {
		bytes += bp_json_measure(bp_json_get(block, BP_STR("text"))).bytes;
	}
	return bytes;
}
