/* SPDX-License-Identifier: MIT */
#include "slowpath/session_text.h"

#include "base/buf.h"
#include "base/mem.h"
#include "event/json.h"
#include "query/search_text.h"
#include "slowpath/session_facts.h"
#include "store/codec.h"

enum {
	LIST_MAX = 512, /* different names of a kind */
	LIST_BYTES = 64 * 1024,
	PROMPTS_BYTES = 256 * 1024,
	PAYLOAD_BYTES = 8 * 1024 * 1024,
	TITLE_BYTES = 4096
};

enum column { PROJECT, TOOLS, MODELS, EXTENSIONS, AGENTS, TITLE, PROMPTS, COLUMNS };

static const char SELECT_CONVERSATION[] =
	"SELECT c.external_id, c.platform, c.project_name, c.title, EXISTS (SELECT 1 FROM"
	" archived_session AS a WHERE a.external_id = c.external_id AND a.platform = c.platform)"
	" FROM conversations AS c WHERE c.id = ?1";

static const char SELECT_TEXT[] =
	"SELECT project, tools, models, extensions, agents, title, prompts FROM session_text"
	" WHERE conversation_id = ?1";

static const char SELECT_TOOLS[] =
	"SELECT t.tool, t.program, t.mcp_server, t.mcp_tool, c.extension, a.extension"
	" FROM tool_calls AS t LEFT JOIN code_changes AS c ON c.id = t.id"
	" LEFT JOIN file_access AS a ON a.tool_call = t.id WHERE t.conversation_id = ?1";

static const char SELECT_MODELS[] = "SELECT model FROM model_calls WHERE conversation_id = ?1";

/* As the finaliser leaves them, which writes both at once. */
static const char SELECT_AGENTS[] =
	"SELECT coalesce(min(agent_type, call_type), agent_type, call_type)"
	" FROM (" BP_AGENTS_SQL("") ")";

/* Only rows above strict have text; the partial index has no others. */
static const char SELECT_ROWS[] =
	"SELECT event_data FROM claude_row WHERE lvl > 0"
	" AND session = (SELECT id FROM name WHERE text = ?1)"
	" AND type = (SELECT id FROM name WHERE text = ?2)"
	" AND platform = (SELECT id FROM name WHERE text = ?3) ORDER BY ts_us, sequence";

/* The line at whose end a summary's conversation stands is one of this session's own. */
static const char SELECT_LEAF[] = "SELECT 1 FROM session_event WHERE conversation_id = ?1"
				  " AND lower(hex(substr(event_key, 7))) = ?2 LIMIT 1";

static const char PUT_TEXT[] =
	"INSERT INTO session_text (conversation_id, project, tools, models, extensions, agents,"
	" title, prompts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
	" ON CONFLICT (conversation_id) DO UPDATE SET project = excluded.project,"
	" tools = excluded.tools, models = excluded.models, extensions = excluded.extensions,"
	" agents = excluded.agents, title = excluded.title, prompts = excluded.prompts";

static const char DROP_TEXT[] = "DELETE FROM session_text WHERE conversation_id = ?1";

static const char PUT_TITLE[] = "UPDATE conversations SET title = ?2 WHERE id = ?1";

struct bp_session_text {
	struct bp_codec *codec;
	struct bp_buf payload, joined;
	struct bp_statement *conversation, *stored, *tools, *models, *agents, *rows, *leaf;
	struct bp_statement *put, *drop, *put_title;
	/* The session in hand. */
	int64_t conversation_id;
	struct bp_arena *arena;
	struct bp_str external_id, platform;
	bool exists, was_stored;
	bool archived; /* some of its rows are in the archive: their text is only here */
	struct bp_str was[COLUMNS], is[COLUMNS];
	struct bp_str was_title, title;
};

enum bp_rc bp_session_text_new(struct bp_sql *read, struct bp_sql *write,
			       struct bp_session_text **out, struct bp_err *err)
{
	struct bp_session_text *text = bp_calloc(1, sizeof(*text));
	const struct {
		struct bp_sql *sql;
		const char *query;
		struct bp_statement **statement;
	} statements[] = {
		{read, SELECT_CONVERSATION, &text->conversation},
		{read, SELECT_TEXT, &text->stored},
		{read, SELECT_TOOLS, &text->tools},
		{read, SELECT_MODELS, &text->models},
		{read, SELECT_AGENTS, &text->agents},
		{read, SELECT_ROWS, &text->rows},
		{read, SELECT_LEAF, &text->leaf},
		{write, PUT_TEXT, &text->put},
		{write, DROP_TEXT, &text->drop},
		{write, PUT_TITLE, &text->put_title},
	};

	bp_buf_init(&text->payload, PAYLOAD_BYTES);
	bp_buf_init(&text->joined, PROMPTS_BYTES);
	text->codec = bp_codec_new();
	enum bp_rc rc = bp_codec_load(text->codec, read, err);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && rc == BP_OK; i++) {
		rc = bp_statement_new(statements[i].sql, statements[i].query,
				      statements[i].statement, err);
	}
	if (rc != BP_OK) {
		bp_session_text_free(text);
		return rc;
	}
	*out = text;
	return BP_OK;
}

void bp_session_text_free(struct bp_session_text *text)
{
	if (text == NULL) {
		return;
	}
	bp_statement_free(text->conversation);
	bp_statement_free(text->stored);
	bp_statement_free(text->tools);
	bp_statement_free(text->models);
	bp_statement_free(text->agents);
	bp_statement_free(text->rows);
	bp_statement_free(text->leaf);
	bp_statement_free(text->put);
	bp_statement_free(text->drop);
	bp_statement_free(text->put_title);
	bp_codec_free(text->codec);
	bp_buf_done(&text->payload);
	bp_buf_done(&text->joined);
	free(text);
}

/* --- lists of names --- */

struct names {
	struct bp_str items[LIST_MAX];
	size_t n;
};

/** Sorted, each once: the order of rows must not matter. */
static void add_name(struct names *names, struct bp_arena *arena, struct bp_str name)
{
	size_t low = 0;
	size_t high = names->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = bp_str_cmp(name, names->items[middle]);
		if (order == 0) {
			return;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	if (name.len == 0 || names->n == LIST_MAX) {
		return;
	}
	memmove(names->items + low + 1, names->items + low,
		(names->n - low) * sizeof(names->items[0]));
	names->items[low] = bp_arena_str(arena, name);
	names->n++;
}

static struct bp_str list(struct bp_session_text *text, const struct names *names)
{
	bp_buf_clear(&text->joined);
	for (size_t i = 0; i < names->n && text->joined.len < LIST_BYTES; i++) {
		if (i > 0) {
			bp_buf_add_char(&text->joined, ' ');
		}
		bp_search_split(names->items[i], &text->joined);
	}
	return bp_arena_str(text->arena, bp_buf_str(&text->joined));
}

static enum bp_rc read_one_list(struct bp_session_text *text, struct bp_statement *select,
				enum column column, struct bp_err *err)
{
	struct names names = {.n = 0};
	enum bp_rc rc;

	bp_bind_int(select, 1, text->conversation_id);
	while ((rc = bp_statement_step(select, err)) == BP_OK) {
		add_name(&names, text->arena, bp_column_text(select, 0));
	}
	bp_statement_reset(select);
	text->is[column] = list(text, &names);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_tools(struct bp_session_text *text, struct bp_err *err)
{
	enum { NAMES = 4, ALL = 6 };
	struct names tools = {.n = 0};
	struct names extensions = {.n = 0};
	enum bp_rc rc;

	bp_bind_int(text->tools, 1, text->conversation_id);
	while ((rc = bp_statement_step(text->tools, err)) == BP_OK) {
		for (int i = 0; i < ALL; i++) {
			add_name(i < NAMES ? &tools : &extensions, text->arena,
				 bp_column_text(text->tools, i));
		}
	}
	bp_statement_reset(text->tools);
	text->is[TOOLS] = list(text, &tools);
	text->is[EXTENSIONS] = list(text, &extensions);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- text of rows --- */

/** Start over the session's rows of a type that may have text. */
static void begin_rows(struct bp_session_text *text, const char *type)
{
	bp_bind_text(text->rows, 1, text->external_id);
	bp_bind_text(text->rows, 2, bp_str_from(type));
	bp_bind_text(text->rows, 3, text->platform);
}

/** The next row's payload; one that cannot be inflated has none. Errors: BP_ENOTFOUND no more. */
static enum bp_rc next_row(struct bp_session_text *text, struct bp_json *out, struct bp_err *err)
{
	struct bp_str packed;
	enum bp_rc rc = bp_statement_step(text->rows, err);

	*out = (struct bp_json){NULL, 0, BP_JSON_ABSENT};
	if (rc != BP_OK) {
		bp_statement_reset(text->rows);
		return rc;
	}
	packed = bp_column_blob(text->rows, 0);
	bp_buf_clear(&text->payload);
	if (bp_codec_unpack(text->codec, packed, &text->payload, NULL) == BP_OK) {
		(void)bp_json_open(bp_buf_str(&text->payload), out); /* else it has none */
	}
	return BP_OK;
}

/** Hex of the first 10 bytes of a canonical UUID. */
static bool leaf_key(struct bp_str uuid, char out[20])
{
	size_t n = 0;

	for (size_t i = 0; i < uuid.len && n < 20; i++) {
		char c = uuid.ptr[i];
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
			out[n++] = c;
		} else if (c != '-') {
			return false;
		}
	}
	return n == 20 && uuid.len == 36;
}

/** A summary may stand in the file of a session that it does not speak of. */
static enum bp_rc is_own_leaf(struct bp_session_text *text, struct bp_str leaf, bool *out,
			      struct bp_err *err)
{
	char key[20];

	*out = false;
	if (!leaf_key(leaf, key)) {
		return BP_OK;
	}
	bp_bind_int(text->leaf, 1, text->conversation_id);
	bp_bind_text(text->leaf, 2, bp_str_make(key, sizeof(key)));
	enum bp_rc rc = bp_statement_step(text->leaf, err);
	bp_statement_reset(text->leaf);
	*out = rc == BP_OK;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** The last title of the best kind: the user's own, else the assistant's, else of a summary. */
static enum bp_rc read_title(struct bp_session_text *text, struct bp_err *err)
{
	static const char *const types[] = {"custom-title", "ai-title", "summary"};
	char space[TITLE_BYTES];
	char leaf_space[64];
	enum bp_rc rc = BP_ENOTFOUND;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && rc == BP_ENOTFOUND; i++) {
		struct bp_json payload;
		if (text->title.len > 0) {
			break;
		}
		begin_rows(text, types[i]);
		while ((rc = next_row(text, &payload, err)) == BP_OK) {
			struct bp_str title = bp_json_text(bp_json_get(payload, BP_STR("title")),
							   space, sizeof(space));
			struct bp_json leaf = bp_json_get(payload, BP_STR("leaf"));
			bool own = leaf.type == BP_JSON_ABSENT;
			if (!own) {
				rc = is_own_leaf(text,
						 bp_json_text(leaf, leaf_space, sizeof(leaf_space)),
						 &own, err);
			}
			if (rc != BP_OK) {
				bp_statement_reset(text->rows);
				return rc;
			}
			if (own && title.len > 0) {
				text->title = bp_arena_str(text->arena, title);
			}
		}
	}
	bp_buf_clear(&text->joined);
	bp_search_split(text->title, &text->joined);
	text->is[TITLE] = bp_arena_str(text->arena, bp_buf_str(&text->joined));
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static void add_prompt(struct bp_session_text *text, struct bp_json value)
{
	char *space = bp_arena_alloc(text->arena, value.len);
	struct bp_str prompt = bp_json_text(value, space, value.len);

	/* Split, a text has at most seven times its bytes: one character and two marks. */
	if (prompt.len == 0 || text->joined.len + 7 * prompt.len + 1 > PROMPTS_BYTES) {
		return;
	}
	if (text->joined.len > 0) {
		bp_buf_add_char(&text->joined, '\n');
	}
	bp_search_split(prompt, &text->joined);
}

static enum bp_rc read_prompts(struct bp_session_text *text, struct bp_err *err)
{
	struct bp_json payload;
	struct bp_json element;
	enum bp_rc rc;

	begin_rows(text, "user_prompt");
	bp_buf_clear(&text->joined);
	while ((rc = next_row(text, &payload, err)) == BP_OK) {
		struct bp_json_iter iter =
			bp_json_each(bp_json_get(payload, BP_STR("prompt_text")));
		while (bp_json_next_element(&iter, &element)) {
			add_prompt(text, element);
		}
	}
	text->is[PROMPTS] = bp_arena_str(text->arena, bp_buf_str(&text->joined));
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/* --- all of it --- */

static enum bp_rc read_stored(struct bp_session_text *text, struct bp_err *err)
{
	bp_bind_int(text->stored, 1, text->conversation_id);
	enum bp_rc rc = bp_statement_step(text->stored, err);

	text->was_stored = rc == BP_OK;
	for (int i = 0; rc == BP_OK && i < COLUMNS; i++) {
		text->was[i] = bp_arena_str(text->arena, bp_column_text(text->stored, i));
	}
	bp_statement_reset(text->stored);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

static enum bp_rc read_conversation(struct bp_session_text *text, struct bp_err *err)
{
	struct bp_arena *arena = text->arena;

	bp_bind_int(text->conversation, 1, text->conversation_id);
	enum bp_rc rc = bp_statement_step(text->conversation, err);
	text->exists = rc == BP_OK;
	if (rc == BP_OK) {
		text->external_id = bp_arena_str(arena, bp_column_text(text->conversation, 0));
		text->platform = bp_arena_str(arena, bp_column_text(text->conversation, 1));
		bp_buf_clear(&text->joined);
		bp_search_split(bp_column_text(text->conversation, 2), &text->joined);
		text->is[PROJECT] = bp_arena_str(arena, bp_buf_str(&text->joined));
		text->was_title = bp_arena_str(arena, bp_column_text(text->conversation, 3));
		text->archived = bp_column_int(text->conversation, 4) == 1;
	}
	bp_statement_reset(text->conversation);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** What rows in the archive said stays. */
static void keep_archived(struct bp_session_text *text)
{
	if (text->title.len == 0) {
		/* A rebuild made the conversation anew. */
		bp_buf_clear(&text->joined);
		bp_search_join(text->was[TITLE], &text->joined);
		text->title = bp_arena_str(text->arena, bp_buf_str(&text->joined));
		text->is[TITLE] = text->was[TITLE];
	}
	if (text->is[PROMPTS].len < text->was[PROMPTS].len) {
		text->is[PROMPTS] = text->was[PROMPTS];
	}
}

enum bp_rc bp_session_text_read(struct bp_session_text *text, int64_t conversation_id,
				struct bp_arena *arena, struct bp_err *err)
{
	text->conversation_id = conversation_id;
	text->arena = arena;
	text->title = (struct bp_str){NULL, 0};
	text->was_title = text->title;
	text->archived = false;
	memset(text->is, 0, sizeof(text->is));
	memset(text->was, 0, sizeof(text->was)); /* point into the arena of the last session */
	enum bp_rc rc = read_stored(text, err);
	if (rc == BP_OK) {
		rc = read_conversation(text, err);
	}
	if (rc != BP_OK || !text->exists) {
		return rc;
	}
	rc = read_tools(text, err);
	if (rc == BP_OK) {
		rc = read_one_list(text, text->models, MODELS, err);
	}
	if (rc == BP_OK) {
		rc = read_one_list(text, text->agents, AGENTS, err);
	}
	if (rc == BP_OK) {
		rc = read_title(text, err);
	}
	if (rc == BP_OK) {
		rc = read_prompts(text, err);
	}
	if (text->archived) {
		keep_archived(text);
	}
	return rc;
}

static bool is_stored(const struct bp_session_text *text)
{
	for (int i = 0; i < COLUMNS; i++) {
		if (!bp_str_eq(text->was[i], text->is[i])) {
			return false;
		}
	}
	return text->was_stored;
}

size_t bp_session_text_changes(struct bp_session_text *text, struct bp_statement **out)
{
	size_t n = 0;

	if (!text->exists) {
		if (text->was_stored) {
			bp_bind_int(text->drop, 1, text->conversation_id);
			out[n++] = text->drop;
		}
		return n;
	}
	if (!is_stored(text)) {
		bp_bind_int(text->put, 1, text->conversation_id);
		for (int i = 0; i < COLUMNS; i++) {
			bp_bind_text(text->put, 2 + i, text->is[i].ptr ? text->is[i] : BP_STR(""));
		}
		out[n++] = text->put;
	}
	if (!bp_str_eq(text->title, text->was_title)) {
		bp_bind_int(text->put_title, 1, text->conversation_id);
		bp_bind_text(text->put_title, 2,
			     text->title.len > 0 ? text->title : (struct bp_str){NULL, 0});
		out[n++] = text->put_title;
	}
	return n;
}
