/* SPDX-License-Identifier: MIT */
#include "store/tombstone.h"

#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "event/hash.h"
#include "event/json.h"

enum scope { SCOPE_SESSION, SCOPE_PROJECT, SCOPE_PLATFORM, SCOPE_ALL, SCOPES };

static const char *const scope_names[] = {"session", "project", "platform", "all"};

struct grave {
	UT_hash_handle hh;
	int64_t until_us;
	unsigned char hash[BP_SHA256_BYTES];
};

struct bp_tombstones {
	struct grave *graves[SCOPES];
	int64_t all_until_us; /* INT64_MIN: none */
};

static bool read_hex(struct bp_str hex, unsigned char out[BP_SHA256_BYTES])
{
	if (hex.len != 2 * (size_t)BP_SHA256_BYTES) {
		return false;
	}
	for (size_t i = 0; i < hex.len; i++) {
		char c = hex.ptr[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (digit < 0) {
			return false;
		}
		out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] | digit : digit << 4);
	}
	return true;
}

static void add(struct bp_tombstones *tombstones, struct bp_str scope, struct bp_str hex,
		int64_t until_us)
{
	unsigned char hash[BP_SHA256_BYTES] = {0};

	for (size_t i = 0; i < SCOPES; i++) {
		if (!bp_str_is(scope, scope_names[i])) {
			continue;
		}
		if (i == SCOPE_ALL) {
			tombstones->all_until_us = until_us;
		} else if (read_hex(hex, hash)) {
			struct grave *grave = bp_calloc(1, sizeof(*grave));

			memcpy(grave->hash, hash, sizeof(hash));
			grave->until_us = until_us;
			HASH_ADD(hh, tombstones->graves[i], hash, sizeof(grave->hash), grave);
		}
	}
}

enum bp_rc bp_tombstones_load(struct bp_sql *sql, struct bp_tombstones **out, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, "SELECT scope, key_hash, until_us FROM tombstone",
					 &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	struct bp_tombstones *tombstones = bp_calloc(1, sizeof(*tombstones));
	tombstones->all_until_us = INT64_MIN;
	while ((rc = bp_statement_step(statement, err)) == BP_OK) {
		add(tombstones, bp_column_text(statement, 0), bp_column_text(statement, 1),
		    bp_column_int(statement, 2));
	}
	bp_statement_free(statement);
	if (rc != BP_ENOTFOUND) {
		bp_tombstones_free(tombstones);
		return rc;
	}
	*out = tombstones;
	return BP_OK;
}

void bp_tombstones_free(struct bp_tombstones *tombstones)
{
	if (!tombstones) {
		return;
	}
	for (size_t i = 0; i < SCOPES; i++) {
		struct grave *grave;
		struct grave *next;

		HASH_ITER (hh, tombstones->graves[i], grave, next) {
			HASH_DELETE(hh, tombstones->graves[i], grave);
			free(grave);
		}
	}
	free(tombstones);
}

static bool covers(const struct bp_tombstones *tombstones, enum scope scope, struct bp_str key,
		   int64_t ts_us)
{
	struct grave *grave = NULL;
	struct bp_sha256 sha;
	unsigned char hash[BP_SHA256_BYTES];

	if (!tombstones->graves[scope] || !key.ptr) {
		return false;
	}
	bp_sha256_init(&sha);
	bp_sha256_add(&sha, key.ptr, key.len);
	bp_sha256_end(&sha, hash);
	HASH_FIND(hh, tombstones->graves[scope], hash, sizeof(hash), grave);
	return grave && ts_us <= grave->until_us;
}

/** A fork's copy of a line names the session that asked for it: it would bring its id back. */
static struct bp_str asked_session(const struct bp_event *event)
{
	struct bp_json payload;

	return bp_json_open(event->payload, &payload)
		       ? bp_json_text(bp_json_get(payload, BP_STR("asked_session")), NULL, 0)
		       : (struct bp_str){0};
}

static bool asked_is_covered(const struct bp_tombstones *tombstones, const struct bp_event *event)
{
	return tombstones->graves[SCOPE_SESSION] &&
	       covers(tombstones, SCOPE_SESSION, asked_session(event), event->ts_us);
}

bool bp_tombstones_cover(const struct bp_tombstones *tombstones, const struct bp_event *event)
{
	return event->ts_us <= tombstones->all_until_us ||
	       covers(tombstones, SCOPE_SESSION, event->session_id, event->ts_us) ||
	       asked_is_covered(tombstones, event) ||
	       covers(tombstones, SCOPE_PROJECT, event->project_hash, event->ts_us) ||
	       covers(tombstones, SCOPE_PLATFORM, event->platform, event->ts_us);
}
