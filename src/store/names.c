/* SPDX-License-Identifier: MIT */
#include "store/names.h"

#include <string.h>
#include <uthash.h>

#include "base/mem.h"

/* Session ids are names too: a long-lived service must not remember every one. Those of its busy
 * sessions are found again with one look each. */
enum { REMEMBERED_MAX = 4096 };

struct name {
	UT_hash_handle by_text;
	UT_hash_handle by_id;
	int64_t id;
	size_t len;
	char text[];
};

struct bp_names {
	struct name *by_text;
	struct name *by_id;
	struct bp_statement *find_id, *find_text;
	struct bp_statement *insert; /* prepared when the first name is stored: readers never do */
	struct bp_sql *sql;
};

enum bp_rc bp_names_new(struct bp_sql *sql, struct bp_names **out, struct bp_err *err)
{
	struct bp_names *names = bp_calloc(1, sizeof(*names));

	names->sql = sql;
	enum bp_rc rc =
		bp_statement_new(sql, "SELECT id FROM name WHERE text = ?1", &names->find_id, err);
	if (rc == BP_OK) {
		rc = bp_statement_new(sql, "SELECT text FROM name WHERE id = ?1", &names->find_text,
				      err);
	}
	if (rc != BP_OK) {
		bp_names_free(names);
		return rc;
	}
	*out = names;
	return BP_OK;
}

void bp_names_forget(struct bp_names *names)
{
	struct name *name;
	struct name *next;

	HASH_CLEAR(by_text, names->by_text);
	HASH_ITER (by_id, names->by_id, name, next) {
		HASH_DELETE(by_id, names->by_id, name);
		free(name);
	}
}

void bp_names_free(struct bp_names *names)
{
	if (names) {
		bp_names_forget(names);
		bp_statement_free(names->find_id);
		bp_statement_free(names->find_text);
		bp_statement_free(names->insert);
		free(names);
	}
}

static struct name *remember(struct bp_names *names, int64_t id, struct bp_str text)
{
	if (HASH_CNT(by_id, names->by_id) >= REMEMBERED_MAX) {
		bp_names_forget(names);
	}
	struct name *name = bp_calloc(1, sizeof(*name) + text.len + 1);

	name->id = id;
	name->len = text.len;
	if (text.len > 0) {
		memcpy(name->text, text.ptr, text.len);
	}
	HASH_ADD_KEYPTR(by_text, names->by_text, name->text, name->len, name);
	HASH_ADD(by_id, names->by_id, id, sizeof(name->id), name);
	return name;
}

static enum bp_rc find_or_insert(struct bp_names *names, struct bp_str text, int64_t *out,
				 struct bp_err *err)
{
	bp_bind_text(names->find_id, 1, text);
	enum bp_rc rc = bp_statement_step(names->find_id, err);
	if (rc == BP_OK) {
		*out = bp_column_int(names->find_id, 0);
	}
	bp_statement_reset(names->find_id);
	if (rc != BP_ENOTFOUND) {
		return rc;
	}
	if (!names->insert) {
		rc = bp_statement_new(names->sql, "INSERT INTO name (text) VALUES (?1)",
				      &names->insert, err);
		if (rc != BP_OK) {
			return rc;
		}
	}
	bp_bind_text(names->insert, 1, text);
	rc = bp_statement_run(names->insert, err);
	if (rc == BP_OK) {
		*out = bp_sql_last_rowid(names->sql);
	}
	return rc;
}

enum bp_rc bp_names_id(struct bp_names *names, struct bp_str text, int64_t *out, struct bp_err *err)
{
	struct name *name = NULL;

	if (!text.ptr) {
		*out = BP_SQL_NULL;
		return BP_OK;
	}
	HASH_FIND(by_text, names->by_text, text.ptr, text.len, name);
	if (!name) {
		int64_t id = 0;
		enum bp_rc rc = find_or_insert(names, text, &id, err);

		if (rc != BP_OK) {
			return rc;
		}
		name = remember(names, id, text);
	}
	*out = name->id;
	return BP_OK;
}

enum bp_rc bp_names_text(struct bp_names *names, int64_t id, struct bp_str *out, struct bp_err *err)
{
	struct name *name = NULL;

	*out = (struct bp_str){NULL, 0};
	if (id == BP_SQL_NULL) {
		return BP_OK;
	}
	HASH_FIND(by_id, names->by_id, &id, sizeof(id), name);
	if (!name) {
		bp_bind_int(names->find_text, 1, id);
		enum bp_rc rc = bp_statement_step(names->find_text, err);

		if (rc == BP_OK) {
			name = remember(names, id, bp_column_text(names->find_text, 0));
		}
		bp_statement_reset(names->find_text);
		if (rc != BP_OK) {
			return rc == BP_ENOTFOUND ? BP_OK : rc;
		}
	}
	*out = bp_str_make(name->text, name->len);
	return BP_OK;
}
