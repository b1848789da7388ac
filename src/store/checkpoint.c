/* SPDX-License-Identifier: MIT */
#include "store/checkpoint.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "event/json.h"
#include "store/connection.h"

enum { VALUE_BYTES_MAX = 1024 };

/* The numbers of a step and of a value by their name in JSON. */
struct number {
	const char *key;
	size_t offset;
};

#define STEP(member) offsetof(struct bp_checkpoint_step, member)
static const struct number step_numbers[] = {
	{"gen", STEP(generation)},  {"from", STEP(from_bytes)}, {"to", STEP(to_bytes)},
	{"dev", STEP(device)},      {"ino", STEP(inode)},       {"size", STEP(size_bytes)},
	{"head", STEP(head_bytes)}, {"ts", STEP(last_ts_us)},
};
#undef STEP

#define VALUE(member) offsetof(struct bp_checkpoint, member)
static const struct number value_numbers[] = {
	{"lines", VALUE(lines)},           {"rows", VALUE(rows)},
	{"duplicates", VALUE(duplicates)}, {"dead_letters", VALUE(dead_letters)},
	{"oversize", VALUE(oversize)},     {"purged", VALUE(purged)},
};
#undef VALUE

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

enum bp_step_fit bp_checkpoint_fit(const struct bp_checkpoint *stored,
				   const struct bp_checkpoint_step *step)
{
	if (step->generation != stored->at.generation) {
		if (step->generation < stored->at.generation) {
			return BP_STEP_OLD;
		}
		return step->from_bytes == 0 && step->to_bytes > 0 ? BP_STEP_NEXT : BP_STEP_GAP;
	}
	if (step->to_bytes <= stored->at.to_bytes) {
		return BP_STEP_OLD;
	}
	return step->from_bytes == stored->at.to_bytes ? BP_STEP_NEXT : BP_STEP_GAP;
}

void bp_checkpoint_apply(struct bp_checkpoint *stored, const struct bp_checkpoint_step *step,
			 enum bp_line_fate fate)
{
	if (step->generation != stored->at.generation) {
		stored->lines = 0;
		stored->rows = 0;
		stored->duplicates = 0;
		stored->dead_letters = 0;
		stored->oversize = 0;
		stored->purged = 0;
	}
	stored->at = *step;
	stored->lines++;
	switch (fate) {
	case BP_LINE_ROW:
		stored->rows++;
		break;
	case BP_LINE_DUPLICATE:
		stored->duplicates++;
		break;
	case BP_LINE_DEAD:
		stored->dead_letters++;
		break;
	case BP_LINE_OVERSIZE:
		stored->oversize++;
		break;
	case BP_LINE_PURGED:
		stored->purged++;
		break;
	}
}

static void encode_numbers(const void *object, const struct number *numbers, size_t n,
			   struct bp_buf *out)
{
	for (size_t i = 0; i < n; i++) {
		int64_t value;

		memcpy(&value, (const char *)object + numbers[i].offset, sizeof(value));
		if (value != BP_SQL_NULL) {
			bp_buf_printf(out, "\"%s\":%lld,", numbers[i].key, (long long)value);
		}
	}
}

static void decode_numbers(struct bp_json from, const struct number *numbers, size_t n,
			   void *object, bool *fine)
{
	for (size_t i = 0; i < n; i++) {
		struct bp_json member = bp_json_get(from, bp_str_from(numbers[i].key));
		int64_t value = BP_SQL_NULL;

		if (member.type != BP_JSON_ABSENT && !bp_json_int(member, &value)) {
			*fine = false;
		}
		/* Only a time may be missing. */
		if (value == BP_SQL_NULL && strcmp(numbers[i].key, "ts") != 0) {
			*fine = false;
		}
		memcpy((char *)object + numbers[i].offset, &value, sizeof(value));
	}
}

bool bp_checkpoint_hash(struct bp_str text, char out[BP_CHECKPOINT_HASH_BYTES])
{
	if (!text.ptr || text.len >= BP_CHECKPOINT_HASH_BYTES) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (!isxdigit((unsigned char)text.ptr[i])) {
			return false;
		}
	}
	memset(out, 0, BP_CHECKPOINT_HASH_BYTES);
	if (text.len > 0) {
		memcpy(out, text.ptr, text.len);
	}
	return true;
}

static void decode_hash(struct bp_json from, const char *key, char out[BP_CHECKPOINT_HASH_BYTES],
			bool *fine)
{
	char space[BP_CHECKPOINT_HASH_BYTES];
	struct bp_json member = bp_json_get(from, bp_str_from(key));

	*fine = bp_checkpoint_hash(bp_json_text(member, space, sizeof(space)), out) && *fine;
}

void bp_checkpoint_step_encode(const struct bp_checkpoint_step *step, struct bp_buf *out)
{
	bp_buf_add_char(out, '{');
	encode_numbers(step, step_numbers, N_OF(step_numbers), out);
	bp_buf_printf(out, "\"hash\":\"%.16s\"}", step->head_hash);
}

static bool decode_step(struct bp_json from, struct bp_checkpoint_step *out)
{
	bool fine = true;

	decode_numbers(from, step_numbers, N_OF(step_numbers), out, &fine);
	decode_hash(from, "hash", out->head_hash, &fine);
	return fine && out->from_bytes >= 0 && out->to_bytes >= out->from_bytes &&
	       out->generation >= 0;
}

bool bp_checkpoint_step_decode(struct bp_str text, struct bp_checkpoint_step *out)
{
	struct bp_json root;
	struct bp_checkpoint_step step = {0};

	if (!bp_json_open(text, &root) || !decode_step(root, &step)) {
		return false;
	}
	*out = step;
	return true;
}

static void encode_value(const struct bp_checkpoint *value, struct bp_buf *out)
{
	bp_buf_add_char(out, '{');
	encode_numbers(&value->at, step_numbers, N_OF(step_numbers), out);
	encode_numbers(value, value_numbers, N_OF(value_numbers), out);
	bp_buf_printf(out, "\"hash\":\"%.16s\",\"path\":\"%.16s\"}", value->at.head_hash,
		      value->path_hash);
}

static bool decode_value(struct bp_str text, struct bp_checkpoint *out)
{
	struct bp_json root;
	struct bp_checkpoint value = {0};
	bool fine = bp_json_open(text, &root) && decode_step(root, &value.at);

	if (fine) {
		decode_numbers(root, value_numbers, N_OF(value_numbers), &value, &fine);
		decode_hash(root, "path", value.path_hash, &fine);
	}
	if (fine) {
		*out = value;
	}
	return fine;
}

enum bp_rc bp_checkpoint_load(struct bp_sql *sql, struct bp_str key, struct bp_checkpoint *out,
			      struct bp_err *err)
{
	static const char select[] = "SELECT value FROM capture_checkpoint WHERE key = ?1";
	enum bp_rc rc = bp_sql_keep(sql, &sql->load_checkpoint, select, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_text(sql->load_checkpoint, 1, key);
	rc = bp_statement_step(sql->load_checkpoint, err);
	if (rc == BP_OK && !decode_value(bp_column_text(sql->load_checkpoint, 0), out)) {
		rc = bp_err_set(err, BP_ECORRUPT, "the checkpoint of '%.*s' cannot be read",
				BP_STR_ARG(key));
	} else if (rc == BP_ENOTFOUND) {
		*out = (struct bp_checkpoint){.at.last_ts_us = BP_SQL_NULL};
	}
	bp_statement_reset(sql->load_checkpoint);
	return rc;
}

enum bp_rc bp_checkpoint_save(struct bp_sql *sql, struct bp_str key,
			      const struct bp_checkpoint *value, int64_t now_us, struct bp_err *err)
{
	static const char upsert[] =
		"INSERT INTO capture_checkpoint (key, value, updated_us) VALUES (?1, ?2, ?3) "
		"ON CONFLICT (key) DO UPDATE SET value = ?2, updated_us = ?3";
	struct bp_buf text;
	enum bp_rc rc = bp_sql_keep(sql, &sql->save_checkpoint, upsert, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_buf_init(&text, VALUE_BYTES_MAX);
	encode_value(value, &text);
	BP_ASSERT(bp_buf_ok(&text));
	bp_bind_text(sql->save_checkpoint, 1, key);
	bp_bind_text(sql->save_checkpoint, 2, bp_buf_str(&text));
	bp_bind_int(sql->save_checkpoint, 3, now_us);
	rc = bp_statement_run(sql->save_checkpoint, err);
	bp_buf_done(&text);
	return rc;
}
