/* SPDX-License-Identifier: MIT */
/*
 * projection_edit.c - which file a call touches, and how many lines, without keeping any of them.
 *
 * Counts of a result come from the client's own patch and are exact. Counts of an input are an
 * estimate: the lines of the old and the new text that are not equal at the start or the end.
 */
#include "event/projection_parts.h"

enum { PATH_BYTES_MAX = 4096, EXT_MAX = 10 };

struct edit {
	const char *op;
	struct bp_json path;
	struct bp_projection_hash old_hash;
	struct bp_projection_hash new_hash;
	int64_t added;
	int64_t removed;
	bool exact;
};

enum edit_key {
	FILE_PATH,
	NOTEBOOK_PATH,
	OLD_STRING,
	NEW_STRING,
	EDITS,
	CONTENT,
	NEW_SOURCE,
	EDIT_MODE,
	PATH,
	N_INPUT
};

static const struct bp_str INPUT_KEYS[N_INPUT] = {
	[FILE_PATH] = BP_KEY("file_path"),
	[NOTEBOOK_PATH] = BP_KEY("notebook_path"),
	[OLD_STRING] = BP_KEY("old_string"),
	[NEW_STRING] = BP_KEY("new_string"),
	[EDITS] = BP_KEY("edits"),
	[CONTENT] = BP_KEY("content"),
	[NEW_SOURCE] = BP_KEY("new_source"),
	[EDIT_MODE] = BP_KEY("edit_mode"),
	[PATH] = BP_KEY("path"),
};

enum result_key {
	R_FILE_PATH,
	R_OLD,
	R_NEW,
	R_ORIGINAL,
	R_PATCH,
	R_EDITS,
	R_CONTENT,
	R_TYPE,
	R_NEW_SOURCE,
	R_EDIT_MODE,
	R_NOTEBOOK,
	R_FILE,
	N_RESULT
};

static const struct bp_str RESULT_KEYS[N_RESULT] = {
	[R_FILE_PATH] = BP_KEY("filePath"),     [R_OLD] = BP_KEY("oldString"),
	[R_NEW] = BP_KEY("newString"),          [R_ORIGINAL] = BP_KEY("originalFile"),
	[R_PATCH] = BP_KEY("structuredPatch"),  [R_EDITS] = BP_KEY("edits"),
	[R_CONTENT] = BP_KEY("content"),        [R_TYPE] = BP_KEY("type"),
	[R_NEW_SOURCE] = BP_KEY("new_source"),  [R_EDIT_MODE] = BP_KEY("edit_mode"),
	[R_NOTEBOOK] = BP_KEY("notebook_path"), [R_FILE] = BP_KEY("file"),
};

/* The extension without its dot, in lower case, when it looks like one. */
static size_t extension_of(struct bp_str path, char ext[EXT_MAX])
{
	size_t start = path.len;

	while (start > 0 && path.ptr[start - 1] != '/' && path.ptr[start - 1] != '\\') {
		start--;
	}
	size_t dot = path.len;
	while (dot > start && path.ptr[dot - 1] != '.') {
		dot--;
	}
	/* No dot, ".name", or "name." */
	if (dot <= start + 1 || dot == path.len || path.len - dot > EXT_MAX) {
		return 0;
	}
	for (size_t i = dot; i < path.len; i++) {
		char c = path.ptr[i];
		char lower = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
		if (!((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
		      lower == '+' || lower == '_' || lower == '-')) {
			return 0;
		}
		ext[i - dot] = lower;
	}
	return path.len - dot;
}

/* `ext` and `file` of a path. */
static void write_path(struct bp_projection *p, struct bp_json value)
{
	char space[PATH_BYTES_MAX];
	char ext[EXT_MAX];
	struct bp_str path = bp_json_text(value, space, sizeof(space));

	if (value.type != BP_JSON_STRING || value.len <= 2) {
		return;
	}
	if (path.ptr) {
		size_t n = extension_of(path, ext);
		if (n > 0) {
			bp_projection_member(p, "ext", bp_str_make(ext, n));
		}
	}
	if (p->keyed) {
		const struct bp_hash_key *key = &p->projector->policy.key;
		struct bp_hash_hex hex =
			path.ptr ? bp_hash_path(key, path, p->cwd) : bp_hash_json(key, value);
		bp_projection_member(p, "file", bp_str_make(hex.text, BP_HASH_HEX_BYTES));
	}
	bp_projection_tell_path(p, value);
}

static void write_edit(struct bp_projection *p, const struct edit *edit)
{
	if (!bp_projection_keeps(p, BP_OPT_OUT_EDITS)) {
		return;
	}
	bp_projection_key(p, "edit");
	bp_out_object(&p->out);
	bp_projection_member(p, "op", bp_str_from(edit->op));
	write_path(p, edit->path);
	bp_projection_member_hash(p, "old", &edit->old_hash);
	bp_projection_member_hash(p, "new", &edit->new_hash);
	bp_projection_member_int(p, "added", edit->added);
	bp_projection_member_int(p, "removed", edit->removed);
	bp_projection_member_flag(p, "exact", edit->exact);
	bp_out_object_end(&p->out);
}

static void write_file(struct bp_projection *p, const char *kind, struct bp_json path)
{
	if (path.type != BP_JSON_STRING || path.len <= 2) {
		return;
	}
	bp_projection_key(p, "file");
	bp_out_object(&p->out);
	bp_projection_member(p, "kind", bp_str_from(kind));
	write_path(p, path);
	bp_out_object_end(&p->out);
}

/* Lines of a JSON string as they stand between the quotes: a line ends at "\n". The client
   escapes equal texts equally, so lines can be compared without decoding them. */
struct lines {
	const char *at;
	const char *end;
};

static struct lines lines_of(struct bp_json text)
{
	if (text.type != BP_JSON_STRING || text.len < 2) {
		return (struct lines){NULL, NULL};
	}
	return (struct lines){text.ptr + 1, text.ptr + text.len - 1};
}

static bool next_line(struct lines *lines, struct bp_str *out)
{
	const char *start = lines->at;

	if (start == lines->end) {
		return false;
	}
	for (const char *at = start; at != lines->end;) {
		const char *escape = memchr(at, '\\', (size_t)(lines->end - at));
		if (!escape || lines->end - escape < 2) {
			break;
		}
		if (escape[1] == 'n') {
			*out = bp_str_make(start, (size_t)(escape - start));
			lines->at = escape + 2;
			return true;
		}
		at = escape + 2;
	}
	*out = bp_str_make(start, (size_t)(lines->end - start));
	lines->at = lines->end;
	return true;
}

static int64_t count_lines(struct bp_json text)
{
	struct lines lines = lines_of(text);
	struct bp_str line;
	int64_t n = 0;

	while (next_line(&lines, &line)) {
		n++;
	}
	return n;
}

static void skip_lines(struct lines *lines, int64_t n)
{
	struct bp_str line;

	while (n > 0 && next_line(lines, &line)) {
		n--;
	}
}

/* Add the lines that differ between two texts, without equal lines at the start and the end. */
static void add_difference(struct bp_json old_text, struct bp_json new_text, struct edit *edit)
{
	int64_t n_old = count_lines(old_text);
	int64_t n_new = count_lines(new_text);
	int64_t shorter = n_old < n_new ? n_old : n_new;
	int64_t head = 0;
	int64_t tail = 0;
	struct bp_str a = {NULL, 0};
	struct bp_str b = {NULL, 0};
	struct lines old_lines = lines_of(old_text);
	struct lines new_lines = lines_of(new_text);

	while (head < shorter && next_line(&old_lines, &a) && next_line(&new_lines, &b) &&
	       bp_str_eq(a, b)) {
		head++;
	}
	/* Walk both tails side by side: the run of equal lines that reaches the end. */
	old_lines = lines_of(old_text);
	new_lines = lines_of(new_text);
	skip_lines(&old_lines, n_old - (shorter - head));
	skip_lines(&new_lines, n_new - (shorter - head));
	while (next_line(&old_lines, &a) && next_line(&new_lines, &b)) {
		tail = bp_str_eq(a, b) ? tail + 1 : 0;
	}
	edit->removed += n_old - head - tail;
	edit->added += n_new - head - tail;
}

/* A list of replacements: MultiEdit, as input and inside its result. */
static void take_edits(const struct bp_projection *p, struct bp_json edits, bool count,
		       struct edit *edit)
{
	struct bp_json_iter iter = bp_json_each(edits);
	struct bp_json each;

	while (bp_json_next_element(&iter, &each)) {
		struct bp_json old_text = bp_json_get(each, BP_STR("old_string"));
		struct bp_json new_text = bp_json_get(each, BP_STR("new_string"));
		bp_projection_hash_add(p, &edit->old_hash, old_text);
		bp_projection_hash_add(p, &edit->new_hash, new_text);
		if (count) {
			add_difference(old_text, new_text, edit);
		}
	}
}

static void take_notebook(const struct bp_projection *p, struct bp_json mode, struct bp_json source,
			  struct edit *edit)
{
	edit->op = "edit";
	if (!bp_projection_is(mode, "delete")) {
		edit->added = count_lines(source);
		bp_projection_hash_add(p, &edit->new_hash, source);
	}
}

/* True when the tool is one that edits; fills what its input says. */
static bool edit_of_input(const struct bp_projection *p, struct bp_json name,
			  const struct bp_json in[N_INPUT], struct edit *edit)
{
	*edit = (struct edit){.op = "edit", .path = in[FILE_PATH]};
	if (bp_projection_is(name, "Edit")) {
		bool create = in[OLD_STRING].type == BP_JSON_STRING && in[OLD_STRING].len == 2;
		edit->op = create ? "create" : "edit";
		bp_projection_hash_add(p, &edit->old_hash, in[OLD_STRING]);
		bp_projection_hash_add(p, &edit->new_hash, in[NEW_STRING]);
		add_difference(in[OLD_STRING], in[NEW_STRING], edit);
	} else if (bp_projection_is(name, "Write")) {
		/* Whether the file was there is not known: a result that knows has the say. */
		edit->op = "create";
		edit->added = count_lines(in[CONTENT]);
		bp_projection_hash_add(p, &edit->new_hash, in[CONTENT]);
	} else if (bp_projection_is(name, "MultiEdit")) {
		take_edits(p, in[EDITS], true, edit);
	} else if (bp_projection_is(name, "NotebookEdit")) {
		edit->path = in[NOTEBOOK_PATH];
		take_notebook(p, in[EDIT_MODE], in[NEW_SOURCE], edit);
	} else {
		return false;
	}
	return true;
}

void bp_projection_input_files(struct bp_projection *p, struct bp_json name, struct bp_json input)
{
	struct bp_json in[N_INPUT];
	struct edit edit;

	bp_json_pick(input, INPUT_KEYS, in, N_INPUT);
	if (edit_of_input(p, name, in, &edit)) {
		write_edit(p, &edit);
	} else if (bp_projection_is(name, "Read")) {
		write_file(p, "read", in[FILE_PATH]);
	} else if (bp_projection_is(name, "NotebookRead")) {
		write_file(p, "read", in[NOTEBOOK_PATH]);
	} else if (bp_projection_is(name, "Grep") || bp_projection_is(name, "Glob") ||
		   bp_projection_is(name, "LS")) {
		write_file(p, "search", in[PATH]);
	}
}

/* Added and removed lines of a patch. "\ No newline at end of file" is neither. */
static void count_patch(struct bp_json patch, struct edit *edit)
{
	struct bp_json_iter hunks = bp_json_each(patch);
	struct bp_json hunk;

	while (bp_json_next_element(&hunks, &hunk)) {
		struct bp_json_iter lines = bp_json_each(bp_json_get(hunk, BP_STR("lines")));
		struct bp_json line;
		while (bp_json_next_element(&lines, &line)) {
			edit->added += bp_json_text_starts(line, BP_STR("+")) ? 1 : 0;
			edit->removed += bp_json_text_starts(line, BP_STR("-")) ? 1 : 0;
		}
	}
}

static bool is_array_with_elements(struct bp_json value)
{
	struct bp_json_iter iter = bp_json_each(value);
	struct bp_json first;

	return value.type == BP_JSON_ARRAY && bp_json_next_element(&iter, &first);
}

/* True when the result is one of an edit; the tool's name is not in a transcript's result. */
static bool edit_of_result(const struct bp_projection *p, const struct bp_json r[N_RESULT],
			   struct edit *edit)
{
	bool had_text = r[R_ORIGINAL].type == BP_JSON_STRING && r[R_ORIGINAL].len > 2;
	bool patched = is_array_with_elements(r[R_PATCH]);

	*edit = (struct edit){.op = "edit", .path = r[R_FILE_PATH], .exact = true};
	if (r[R_FILE_PATH].type == BP_JSON_STRING && r[R_NEW].type == BP_JSON_STRING) {
		bp_projection_hash_add(p, &edit->old_hash, r[R_OLD]);
		bp_projection_hash_add(p, &edit->new_hash, r[R_NEW]);
		if (!had_text && r[R_OLD].len == 2) {
			edit->op = "create";
		}
	} else if (r[R_FILE_PATH].type == BP_JSON_STRING && r[R_EDITS].type == BP_JSON_ARRAY) {
		take_edits(p, r[R_EDITS], false, edit);
	} else if (r[R_FILE_PATH].type == BP_JSON_STRING && r[R_PATCH].type == BP_JSON_ARRAY &&
		   r[R_CONTENT].type == BP_JSON_STRING) {
		bp_projection_hash_add(p, &edit->new_hash, r[R_CONTENT]);
		if (r[R_ORIGINAL].type == BP_JSON_STRING) {
			bp_projection_hash_add(p, &edit->old_hash, r[R_ORIGINAL]);
		}
		if (!bp_projection_is(r[R_TYPE], "update") && !had_text) {
			edit->op = "create";
		}
	} else if (r[R_NEW_SOURCE].type == BP_JSON_STRING &&
		   r[R_EDIT_MODE].type == BP_JSON_STRING) {
		edit->path = r[R_NOTEBOOK];
		edit->exact = false;
		take_notebook(p, r[R_EDIT_MODE], r[R_NEW_SOURCE], edit);
		return true;
	} else {
		return false;
	}
	if (patched) {
		count_patch(r[R_PATCH], edit);
	} else if (strcmp(edit->op, "create") == 0) {
		/* A new file has an empty patch. */
		edit->added =
			count_lines(r[R_NEW].type == BP_JSON_STRING ? r[R_NEW] : r[R_CONTENT]);
	} else if (r[R_PATCH].type != BP_JSON_ARRAY) {
		return false; /* a shape of its own: the input is the better witness */
	}
	return true;
}

static void add_column(int64_t *column, int64_t n)
{
	*column = *column == BP_ABSENT ? n : *column + n;
}

void bp_projection_result_files(struct bp_projection *p, const struct bp_projection_result *result)
{
	struct bp_json r[N_RESULT];
	struct bp_json in[N_INPUT];
	struct edit edit;

	bp_json_pick(result->structured, RESULT_KEYS, r, N_RESULT);
	if (edit_of_result(p, r, &edit)) {
		if (edit.path.type != BP_JSON_STRING) {
			bp_json_pick(result->tool.input, INPUT_KEYS, in, N_INPUT);
			edit.path = in[NOTEBOOK_PATH];
		}
		write_edit(p, &edit);
		if (edit.exact && bp_projection_keeps(p, BP_OPT_OUT_EDITS)) {
			add_column(&p->event->lines_added, edit.added);
			add_column(&p->event->lines_removed, edit.removed);
		}
	} else if (result->tool.input.type == BP_JSON_OBJECT) {
		bp_projection_input_files(p, result->tool.name, result->tool.input);
	} else {
		write_file(p, "read", bp_json_get(r[R_FILE], BP_STR("filePath")));
	}
}
