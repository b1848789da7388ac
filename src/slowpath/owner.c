/* SPDX-License-Identifier: MIT */
#include "slowpath/owner.h"

#include <uthash.h>

#include "base/mem.h"

static const char SELECT_NEIGHBOURS[] =
	"SELECT other FROM session_link WHERE conversation_id = ?1 ORDER BY other";

static const char SELECT_BIRTH[] =
	"SELECT a.event_key FROM session_event AS a WHERE a.conversation_id = ?1 AND NOT EXISTS"
	" (SELECT 1 FROM session_event AS b WHERE b.event_key = a.event_key"
	" AND b.conversation_id <> ?1) ORDER BY a.event_key LIMIT 1";

static const char SELECT_SHARED[] =
	"SELECT a.event_key, b.conversation_id FROM session_event AS a JOIN session_event AS b"
	" ON b.event_key = a.event_key AND b.conversation_id <> ?1"
	" WHERE a.conversation_id = ?1 ORDER BY a.event_key";

static const char SELECT_HOLDERS[] =
	"SELECT conversation_id FROM session_event WHERE event_key = ?1";

/* Only facts without a live or asked session depend on births. */
#define SELECT_OWNED(table)                                                                        \
	"SELECT id, line_key, owner_conversation, file_conversation FROM " table                   \
	" WHERE conversation_id = ?1 AND live_conversation IS NULL"                                \
	" AND asked_conversation IS NULL AND line_key IS NOT NULL"

static const struct {
	enum bp_fact_table table;
	const char *select;
} owned[] = {
	{BP_FACT_TURN, SELECT_OWNED("conversation_turns")},
	{BP_FACT_MODEL_CALL, SELECT_OWNED("model_calls")},
	{BP_FACT_TOOL_CALL, SELECT_OWNED("tool_calls")},
	{BP_FACT_API_ERROR, SELECT_OWNED("api_errors")},
	{BP_FACT_COMPACTION, SELECT_OWNED("compactions")},
};
enum { OWNED = sizeof(owned) / sizeof(owned[0]) };

/** A session's birth, remembered for one call. */
struct birth {
	int64_t conversation_id;
	uint8_t key[BP_EVENT_KEY_BYTES]; /* all zero: it has no event of its own */
	UT_hash_handle hh;
};

struct bp_owner {
	struct bp_statement *neighbours, *birth, *shared, *holders;
	struct bp_statement *owned[OWNED];
	struct birth *births;
};

enum bp_rc bp_owner_new(struct bp_sql *sql, struct bp_owner **out, struct bp_err *err)
{
	struct bp_owner *owner = bp_calloc(1, sizeof(*owner));
	enum bp_rc rc = bp_statement_new(sql, SELECT_NEIGHBOURS, &owner->neighbours, err);

	if (rc == BP_OK) {
		rc = bp_statement_new(sql, SELECT_BIRTH, &owner->birth, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, SELECT_SHARED, &owner->shared, err);
	}
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, SELECT_HOLDERS, &owner->holders, err);
	}
	for (size_t i = 0; i < OWNED && rc == BP_OK; i++) {
		rc = bp_statement_new(sql, owned[i].select, &owner->owned[i], err);
	}
	if (rc != BP_OK) {
		bp_owner_free(owner);
		return rc;
	}
	*out = owner;
	return BP_OK;
}

static void forget_births(struct bp_owner *owner)
{
	struct birth *birth;
	struct birth *next;

	HASH_ITER (hh, owner->births, birth, next) {
		HASH_DEL(owner->births, birth);
		free(birth);
	}
}

void bp_owner_free(struct bp_owner *owner)
{
	if (owner == NULL) {
		return;
	}
	forget_births(owner);
	bp_statement_free(owner->neighbours);
	bp_statement_free(owner->birth);
	bp_statement_free(owner->shared);
	bp_statement_free(owner->holders);
	for (size_t i = 0; i < OWNED; i++) {
		bp_statement_free(owner->owned[i]);
	}
	free(owner);
}

static enum bp_rc find_birth(struct bp_owner *owner, int64_t conversation_id,
			     const struct birth **out, struct bp_err *err)
{
	struct birth *birth = NULL;

	HASH_FIND(hh, owner->births, &conversation_id, sizeof(conversation_id), birth);
	if (birth == NULL) {
		bp_bind_int(owner->birth, 1, conversation_id);
		enum bp_rc rc = bp_statement_step(owner->birth, err);
		if (rc != BP_OK && rc != BP_ENOTFOUND) {
			bp_statement_reset(owner->birth);
			return rc;
		}
		birth = bp_calloc(1, sizeof(*birth));
		birth->conversation_id = conversation_id;
		if (rc == BP_OK) {
			memcpy(birth->key, bp_column_blob(owner->birth, 0).ptr, sizeof(birth->key));
		}
		bp_statement_reset(owner->birth);
		HASH_ADD(hh, owner->births, conversation_id, sizeof(birth->conversation_id), birth);
	}
	*out = birth;
	return BP_OK;
}

static bool born_before(const struct birth *a, const struct birth *b)
{
	int order = memcmp(a->key, b->key, sizeof(a->key));
	return order < 0 || (order == 0 && a->conversation_id < b->conversation_id);
}

enum bp_rc bp_owner_foreign(struct bp_owner *owner, int64_t conversation_id, struct bp_arena *arena,
			    struct bp_foreign_keys *out, struct bp_err *err)
{
	const struct birth *own = NULL;
	size_t cap = 0;

	*out = (struct bp_foreign_keys){0};
	bp_bind_int(owner->neighbours, 1, conversation_id);
	enum bp_rc rc = bp_statement_step(owner->neighbours, err);
	bp_statement_reset(owner->neighbours);
	if (rc != BP_OK) {
		return rc == BP_ENOTFOUND ? BP_OK : rc;
	}
	rc = find_birth(owner, conversation_id, &own, err);
	bp_bind_int(owner->shared, 1, conversation_id);
	while (rc == BP_OK && (rc = bp_statement_step(owner->shared, err)) == BP_OK) {
		const struct birth *other = NULL;
		struct bp_str key = bp_column_blob(owner->shared, 0);
		rc = find_birth(owner, bp_column_int(owner->shared, 1), &other, err);
		if (rc != BP_OK || !born_before(other, own) ||
		    (out->n > 0 && memcmp(out->keys[out->n - 1], key.ptr, key.len) == 0)) {
			continue;
		}
		if (out->n == cap) {
			cap = cap ? cap * 2 : 64;
			uint8_t(*keys)[BP_EVENT_KEY_BYTES] =
				bp_arena_alloc(arena, cap * sizeof(*keys));
			if (out->n > 0) {
				memcpy(keys, out->keys, out->n * sizeof(*keys));
			}
			out->keys = keys;
		}
		memcpy(out->keys[out->n++], key.ptr, BP_EVENT_KEY_BYTES);
	}
	bp_statement_reset(owner->shared);
	forget_births(owner);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** The session that owns a line, BP_SQL_NULL when only one has it. */
static enum bp_rc find_owner(struct bp_owner *owner, struct bp_str line_key, int64_t *out,
			     struct bp_err *err)
{
	const struct birth *best = NULL;
	size_t holders = 0;
	enum bp_rc rc;

	bp_bind_blob(owner->holders, 1, line_key.ptr, line_key.len);
	while ((rc = bp_statement_step(owner->holders, err)) == BP_OK) {
		const struct birth *birth = NULL;
		rc = find_birth(owner, bp_column_int(owner->holders, 0), &birth, err);
		if (rc != BP_OK) {
			break;
		}
		holders++;
		best = best == NULL || born_before(birth, best) ? birth : best;
	}
	bp_statement_reset(owner->holders);
	*out = holders > 1 ? best->conversation_id : BP_SQL_NULL;
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

/** Growing list of changes. */
struct changes {
	struct bp_arena *arena;
	struct bp_owner_change *items;
	size_t n, cap;
};

static void add_change(struct changes *changes, struct bp_owner_change change)
{
	if (changes->n == changes->cap) {
		size_t cap = changes->cap ? changes->cap * 2 : 64;
		struct bp_owner_change *items =
			bp_arena_alloc(changes->arena, cap * sizeof(*items));
		if (changes->n > 0) {
			memcpy(items, changes->items, changes->n * sizeof(*items));
		}
		changes->items = items;
		changes->cap = cap;
	}
	changes->items[changes->n++] = change;
}

static enum bp_rc resolve_table(struct bp_owner *owner, size_t i, int64_t conversation_id,
				struct changes *changes, struct bp_err *err)
{
	struct bp_statement *select = owner->owned[i];
	enum bp_rc rc;

	bp_bind_int(select, 1, conversation_id);
	while ((rc = bp_statement_step(select, err)) == BP_OK) {
		int64_t was = bp_column_int(select, 2);
		int64_t file = bp_column_int(select, 3);
		int64_t is = BP_SQL_NULL;
		rc = find_owner(owner, bp_column_blob(select, 1), &is, err);
		if (rc != BP_OK) {
			break;
		}
		if (was != is) {
			add_change(changes,
				   (struct bp_owner_change){
					   .table = owned[i].table,
					   .id = bp_column_int(select, 0),
					   .owner = is,
					   .was_conversation = was == BP_SQL_NULL ? file : was,
					   .is_conversation = is == BP_SQL_NULL ? file : is});
		}
	}
	bp_statement_reset(select);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_owner_resolve(struct bp_owner *owner, int64_t conversation_id, struct bp_arena *arena,
			    struct bp_owner_change **out, size_t *out_n, struct bp_err *err)
{
	struct changes changes = {.arena = arena};
	bool linked = false;
	enum bp_rc rc;

	/* A fact's owner, now or before, is this session or one that shares lines with it. */
	bp_bind_int(owner->neighbours, 1, conversation_id);
	while ((rc = bp_statement_step(owner->neighbours, err)) == BP_OK) {
		int64_t other = bp_column_int(owner->neighbours, 0);
		linked = true;
		for (size_t i = 0; i < OWNED && rc == BP_OK; i++) {
			rc = resolve_table(owner, i, other, &changes, err);
		}
		if (rc != BP_OK) {
			break;
		}
	}
	bp_statement_reset(owner->neighbours);
	rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	for (size_t i = 0; i < OWNED && rc == BP_OK && linked; i++) {
		rc = resolve_table(owner, i, conversation_id, &changes, err);
	}
	forget_births(owner);
	*out = changes.items;
	*out_n = changes.n;
	return rc;
}
