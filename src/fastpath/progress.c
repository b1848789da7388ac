/* SPDX-License-Identifier: MIT */
#include "fastpath/progress.h"

#include <string.h>
#include <sys/queue.h>
#include <uthash.h>

#include "base/mem.h"

enum { SOURCES_MAX = 4096 };

struct bp_source {
	UT_hash_handle hh;
	SLIST_ENTRY(bp_source) changed_link;
	struct bp_checkpoint stored;
	bool changed; /* it is in the list of changed ones */
	size_t len;
	char key[];
};

struct bp_progress {
	struct bp_sql *sql; /* borrowed */
	struct bp_source *sources;
	SLIST_HEAD(, bp_source) changed;
};

struct bp_progress *bp_progress_new(struct bp_sql *sql)
{
	struct bp_progress *progress = bp_calloc(1, sizeof(*progress));

	progress->sql = sql;
	SLIST_INIT(&progress->changed);
	return progress;
}

void bp_progress_free(struct bp_progress *progress)
{
	if (progress) {
		bp_progress_forget(progress);
		free(progress);
	}
}

void bp_progress_forget(struct bp_progress *progress)
{
	struct bp_source *source;
	struct bp_source *next;

	SLIST_INIT(&progress->changed);
	HASH_ITER (hh, progress->sources, source, next) {
		HASH_DELETE(hh, progress->sources, source);
		free(source);
	}
}

void bp_progress_trim(struct bp_progress *progress)
{
	if (HASH_COUNT(progress->sources) > SOURCES_MAX) {
		bp_progress_forget(progress);
	}
}

/* A key is "<kind>:<keyed hash of the path>". */
static void take_path_hash(struct bp_checkpoint *stored, struct bp_str key)
{
	const char *colon = memrchr(key.ptr, ':', key.len);

	if (stored->path_hash[0] == '\0' && colon) {
		/* Of a key that is none of ours there is no hash to show. */
		(void)bp_checkpoint_hash(
			bp_str_make(colon + 1, (size_t)(key.ptr + key.len - colon - 1)),
			stored->path_hash);
	}
}

enum bp_rc bp_progress_get(struct bp_progress *progress, struct bp_str key, struct bp_source **out,
			   struct bp_err *err)
{
	struct bp_source *source = NULL;

	HASH_FIND(hh, progress->sources, key.ptr, key.len, source);
	if (!source) {
		struct bp_checkpoint stored;
		enum bp_rc rc = bp_checkpoint_load(progress->sql, key, &stored, err);

		if (rc != BP_OK && rc != BP_ENOTFOUND) {
			return rc;
		}
		take_path_hash(&stored, key);
		source = bp_calloc(1, sizeof(*source) + key.len);
		memcpy(source->key, key.ptr, key.len);
		source->len = key.len;
		source->stored = stored;
		HASH_ADD_KEYPTR(hh, progress->sources, source->key, source->len, source);
	}
	*out = source;
	return BP_OK;
}

const struct bp_checkpoint *bp_source_stored(const struct bp_source *source)
{
	return &source->stored;
}

void bp_progress_apply(struct bp_progress *progress, struct bp_source *source,
		       const struct bp_checkpoint_step *step, enum bp_line_fate fate)
{
	bp_checkpoint_apply(&source->stored, step, fate);
	if (!source->changed) {
		source->changed = true;
		SLIST_INSERT_HEAD(&progress->changed, source, changed_link);
	}
}

enum bp_rc bp_progress_save(struct bp_progress *progress, int64_t now_us, struct bp_err *err)
{
	while (!SLIST_EMPTY(&progress->changed)) {
		struct bp_source *source = SLIST_FIRST(&progress->changed);
		enum bp_rc rc =
			bp_checkpoint_save(progress->sql, bp_str_make(source->key, source->len),
					   &source->stored, now_us, err);

		if (rc != BP_OK) {
			return rc;
		}
		source->changed = false;
		SLIST_REMOVE_HEAD(&progress->changed, changed_link);
	}
	return BP_OK;
}
