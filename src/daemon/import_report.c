/* SPDX-License-Identifier: MIT */
#include "daemon/import_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char ALL_CHECKPOINTS[] = "SELECT key FROM capture_checkpoint ORDER BY key";

static int by_key(const void *a, const void *b)
{
	const struct bp_import_before *left = a;
	const struct bp_import_before *right = b;

	return strcmp(left->key, right->key);
}

enum bp_rc bp_import_snapshot_take(struct bp_sql *sql, struct bp_import_snapshot *out,
				   struct bp_err *err)
{
	struct bp_import_snapshot snapshot = {0};
	struct bp_statement *statement = NULL;
	size_t cap = 0;
	enum bp_rc rc = bp_statement_new(sql, ALL_CHECKPOINTS, &statement, err);

	while (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
		if (rc != BP_OK) {
			break;
		}
		if (snapshot.n == cap) {
			cap = cap ? cap * 2 : 256;
			snapshot.items = bp_realloc(snapshot.items, cap, sizeof(*snapshot.items));
		}
		snapshot.items[snapshot.n++] =
			(struct bp_import_before){.key = bp_strdup(bp_column_text(statement, 0))};
	}
	rc = rc == BP_ENOTFOUND ? BP_OK : rc;
	bp_statement_free(statement);
	for (size_t i = 0; rc == BP_OK && i < snapshot.n; i++) {
		struct bp_checkpoint stored;

		rc = bp_checkpoint_load(sql, bp_str_from(snapshot.items[i].key), &stored, err);
		if (rc == BP_ENOTFOUND) {
			rc = BP_OK; /* purged in between: as if it had never been there */
		}
		snapshot.items[i].generation = stored.at.generation;
		snapshot.items[i].rows = stored.rows;
	}
	if (rc != BP_OK) {
		bp_import_snapshot_done(&snapshot);
		return rc;
	}
	if (snapshot.n > 1) {
		/* SQLite's order is that of memcmp, and so is strcmp's; sorted again to be sure. */
		qsort(snapshot.items, snapshot.n, sizeof(*snapshot.items), by_key);
	}
	*out = snapshot;
	return BP_OK;
}

void bp_import_snapshot_done(struct bp_import_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->n; i++) {
		free(snapshot->items[i].key);
	}
	free(snapshot->items);
	memset(snapshot, 0, sizeof(*snapshot));
}

enum bp_rc bp_import_file_stored(struct bp_sql *sql, const struct bp_import_file *file,
				 bool *out_stored, struct bp_err *err)
{
	struct bp_checkpoint stored;
	enum bp_rc rc = bp_checkpoint_load(sql, bp_str_from(file->key), &stored, err);

	if (rc == BP_ENOTFOUND) {
		*out_stored = file->sent_to_bytes == 0; /* a file without a whole line */
		return BP_OK;
	}
	if (rc == BP_OK) {
		*out_stored = stored.at.generation > file->generation ||
			      (stored.at.generation == file->generation &&
			       stored.at.to_bytes >= file->sent_to_bytes);
	}
	return rc;
}

/** The rows of the file's present generation that were stored before this import. */
static int64_t rows_before(const struct bp_import_snapshot *before, const char *key,
			   int64_t generation)
{
	char *copy = bp_strdup(bp_str_from(key));
	const struct bp_import_before wanted = {.key = copy};
	const struct bp_import_before *found = NULL;

	if (before->n > 0) {
		found = bsearch(&wanted, before->items, before->n, sizeof(wanted), by_key);
	}
	free(copy);
	/* Read from its start again: then all its counts began anew. */
	return found && found->generation == generation ? found->rows : 0;
}

struct totals {
	int64_t lines, rows, duplicates, dead_letters, oversize, purged;
};

static void add_counts(cJSON *to, const struct totals *counts)
{
	cJSON_AddNumberToObject(to, "lines", (double)counts->lines);
	cJSON_AddNumberToObject(to, "rows", (double)counts->rows);
	cJSON_AddNumberToObject(to, "duplicates", (double)counts->duplicates);
	cJSON_AddNumberToObject(to, "dead_letters", (double)counts->dead_letters);
	cJSON_AddNumberToObject(to, "oversize", (double)counts->oversize);
	if (counts->purged > 0) {
		cJSON_AddNumberToObject(to, "purged", (double)counts->purged);
	}
}

static enum bp_rc count_file(struct bp_sql *sql, const struct bp_import_file *file,
			     const struct bp_import_snapshot *before, struct totals *out,
			     struct bp_err *err)
{
	struct bp_checkpoint stored;
	enum bp_rc rc = bp_checkpoint_load(sql, bp_str_from(file->key), &stored, err);

	if (rc != BP_OK && rc != BP_ENOTFOUND) {
		return rc;
	}
	int64_t fresh = stored.rows - rows_before(before, file->key, stored.at.generation);
	*out = (struct totals){
		.lines = stored.lines,
		.rows = fresh,
		.duplicates = stored.lines - fresh - stored.dead_letters - stored.oversize -
			      stored.purged,
		.dead_letters = stored.dead_letters,
		.oversize = stored.oversize,
		.purged = stored.purged,
	};
	return BP_OK;
}

enum bp_rc bp_import_report(struct bp_sql *sql, struct bp_import *import,
			    const struct bp_import_snapshot *before, double seconds, cJSON **out,
			    struct bp_err *err)
{
	struct totals sum = {0};
	struct bp_import_file file;
	cJSON *by_file = cJSON_CreateArray();
	size_t n = 0;

	for (; bp_import_file(import, n, &file); n++) {
		struct totals counts;

		enum bp_rc rc = count_file(sql, &file, before, &counts, err);
		if (rc != BP_OK) {
			cJSON_Delete(by_file);
			return rc;
		}
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "path", file.path);
		add_counts(item, &counts);
		cJSON_AddItemToArray(by_file, item);
		sum.lines += counts.lines;
		sum.rows += counts.rows;
		sum.duplicates += counts.duplicates;
		sum.dead_letters += counts.dead_letters;
		sum.oversize += counts.oversize;
		sum.purged += counts.purged;
	}
	cJSON *result = cJSON_CreateObject();
	cJSON_AddNumberToObject(result, "schema_version", 1);
	cJSON_AddNumberToObject(result, "files", (double)n);
	add_counts(result, &sum);
	cJSON_AddNumberToObject(result, "seconds", seconds);
	cJSON_AddItemToObject(result, "by_file", by_file);
	*out = result;
	return BP_OK;
}
