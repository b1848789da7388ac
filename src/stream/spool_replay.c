/* SPDX-License-Identifier: MIT */
#include "stream/spool.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "event/event.h"
#include "stream/dlq.h"
#include "stream/spool_files.h"

enum { NAMES_FIRST = 64, GROUP_BYTES = 1024 * 1024, SPACE_BYTES = 64 * 1024 };

struct names {
	char **items;
	size_t n, cap;
};

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->n; i++) {
		free(names->items[i]);
	}
	free(names->items);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/** What waits, sorted: the names are time-ordered ids. */
static enum bp_rc list(const char *home, struct names *out, struct bp_err *err)
{
	char path[BP_SPOOL_PATH_BYTES];

	if (!bp_spool_path(home, "new", NULL, path)) {
		return bp_err_set(err, BP_EIO, "the path of the home is too long");
	}
	DIR *dir = opendir(path);
	if (!dir) {
		return errno == ENOENT ? BP_OK
				       : bp_err_set(err, BP_EIO, "cannot read the spool: %s",
						    strerrordesc_np(errno));
	}
	const struct dirent *item = NULL;
	while ((item = readdir(dir)) != NULL) {
		if (item->d_name[0] == '.') {
			continue;
		}
		if (out->n == out->cap) {
			out->cap = out->cap ? out->cap * 2 : NAMES_FIRST;
			out->items = bp_realloc(out->items, out->cap, sizeof(out->items[0]));
		}
		out->items[out->n++] = bp_strdup(bp_str_from(item->d_name));
	}
	(void)closedir(dir);
	if (out->n > 1) {
		qsort(out->items, out->n, sizeof(out->items[0]), compare);
	}
	return BP_OK;
}

/** One file as an entry, or as a dead letter that has its name and the reason but no text. */
static void add(struct bp_redis *redis, const char *name, struct bp_str text, char *space)
{
	struct bp_event event;
	const char *reason = "too_large";
	char id[BP_EVENT_ID_HEX_BYTES + 1];

	if (text.len <= BP_EVENT_BYTES_MAX &&
	    bp_event_decode(text, space, SPACE_BYTES, &event, &reason)) {
		bp_event_id_hex(event.id, id);
		const struct bp_field fields[] = {
			{BP_STR("id"), bp_str_make(id, BP_EVENT_ID_HEX_BYTES)},
			{BP_STR("p"), event.platform},
			{BP_STR("t"), event.event_type},
			{BP_STR("e"), text},
		};
		bp_redis_xadd(redis, BP_STREAM_EVENTS, NULL, fields,
			      sizeof(fields) / sizeof(fields[0]));
		return;
	}
	const struct bp_dead_letter letter = {
		.stream_id = name,
		.reason = bp_str_from(reason),
		.detail = BP_STR("a file of the spool"),
		.deliveries = 1,
		.failed_us = bp_clock_wall_us(),
	};
	bp_dlq_add(redis, &letter);
}

/** Send a group; only then may its files go. */
static enum bp_rc finish(const char *home, struct bp_redis *redis, char *const *names, size_t n,
			 struct bp_err *err)
{
	char path[BP_SPOOL_PATH_BYTES];
	size_t refused = 0;

	if (n == 0) {
		return BP_OK;
	}
	enum bp_rc rc = bp_redis_flush(redis, &refused, err);
	if (rc == BP_OK && refused > 0) {
		rc = bp_err_set(err, BP_EIO, "Redis refused %zu of %zu spooled events", refused, n);
	}
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		if (bp_spool_path(home, "new", names[i], path)) {
			/* One that stays is added again: its event id makes that harmless. */
			(void)unlink(path);
		}
	}
	return rc;
}

enum bp_rc bp_spool_replay(const char *home, struct bp_redis *redis, size_t max, size_t *out_n,
			   struct bp_err *err)
{
	struct names names = {0};
	struct bp_buf text;
	char path[BP_SPOOL_PATH_BYTES];
	char *space = bp_calloc(1, SPACE_BYTES);
	size_t group = 0;
	size_t bytes = 0;
	size_t added = 0;

	bp_buf_init(&text, BP_EVENT_BYTES_MAX + 1);
	enum bp_rc rc = list(home, &names, err);
	size_t n = names.n < max ? names.n : max;
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		bp_buf_clear(&text);
		if (!bp_spool_path(home, "new", names.items[i], path)) {
			continue;
		}
		enum bp_rc read_rc = bp_file_read(path, &text, NULL);
		if (read_rc != BP_OK && read_rc != BP_ELIMIT) {
			continue; /* gone, or no file of ours: it must not stop the others */
		}
		if (read_rc == BP_ELIMIT) {
			/* Its size is all that counts: too_large. */
			bp_buf_clear(&text);
			(void)bp_buf_reserve(&text, BP_EVENT_BYTES_MAX + 1);
			text.len = BP_EVENT_BYTES_MAX + 1;
		}
		add(redis, names.items[i], bp_buf_str(&text), space);
		added++;
		bytes += text.len;
		if (bytes >= GROUP_BYTES) {
			rc = finish(home, redis, names.items + group, i + 1 - group, err);
			group = i + 1;
			bytes = 0;
		}
	}
	if (rc == BP_OK) {
		rc = finish(home, redis, names.items + group, n - group, err);
	}
	if (rc == BP_OK) {
		*out_n = added;
	}
	bp_buf_done(&text);
	free_names(&names);
	free(space);
	return rc;
}
