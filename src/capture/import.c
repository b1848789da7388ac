/* SPDX-License-Identifier: MIT */
#include "capture/import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/line.h"
#include "base/mem.h"

enum {
	LOOK_BYTES = 1024 * 1024, /* of a file, to recognise it */
	LOOK_LINES = 8
};

/** What the walk over one path needs. */
struct search {
	struct bp_import *import;
	const struct bp_capture_config *config;
	int64_t since_us;
	bool root;     /* the path is a root of a monitor */
	size_t before; /* items of earlier paths */
	char *space;   /* LOOK_BYTES */
};

/** Whether one of the first lines could be the monitor's. */
static bool recognised(const struct bp_monitor *monitor, const char *path, char *space)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd >= 0 ? read(fd, space, LOOK_BYTES) : -1;
	bool found = false;

	if (fd >= 0) {
		(void)close(fd);
	}
	struct bp_str rest = bp_str_make(space, n > 0 ? (size_t)n : 0);
	struct bp_str line;
	int lines = 0;
	while (!found && lines < LOOK_LINES && bp_line_next(&rest, &line)) {
		found = line.len > 0 && monitor->recognise(line);
		lines++;
	}
	if (!found && lines < LOOK_LINES && n > 0 && n < LOOK_BYTES && rest.len > 0) {
		found = monitor->recognise(rest);
	}
	return found;
}

static void add_file(struct search *search, const struct bp_monitor *monitor, const char *path,
		     const struct stat *st)
{
	struct bp_import *import = search->import;
	int64_t changed_us = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;

	if (search->since_us != BP_ABSENT && changed_us < search->since_us) {
		return;
	}
	/* One walk meets a file once; two paths may lead to the same. */
	for (size_t i = 0; i < search->before; i++) {
		if (strcmp(import->items[i].path, path) == 0) {
			return;
		}
	}
	if (import->n == import->cap) {
		import->cap = import->cap ? import->cap * 2 : 64;
		import->items = bp_realloc(import->items, import->cap, sizeof(import->items[0]));
	}
	import->items[import->n++] = (struct bp_import_item){.import = import,
							     .monitor = monitor,
							     .path = bp_strdup(bp_str_from(path)),
							     .size_bytes = st->st_size};
	import->bytes += st->st_size;
}

/** How a file was met. */
enum meeting { MET_BELOW_ROOT, MET_BELOW_PATH, MET_BY_NAME };

/** Give a file to the first monitor that knows it: below a root by its kind, below any other
 *  folder also by content, named by the user by either. */
static void consider(struct search *search, const char *path, enum meeting met)
{
	struct bp_str text = bp_str_from(path);
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
		return;
	}
	for (size_t i = 0; bp_monitors[i]; i++) {
		const struct bp_monitor *monitor = bp_monitors[i];

		if (!monitor->roots || (met != MET_BY_NAME && !monitor->wants_file(text))) {
			continue;
		}
		if (monitor->named(text) || (met != MET_BELOW_PATH && monitor->wants_file(text)) ||
		    recognised(monitor, path, search->space)) {
			add_file(search, monitor, path, &st);
			return;
		}
	}
}

static bool each(const char *path, bool is_dir, void *arg)
{
	struct search *search = arg;
	const char *slash = strrchr(path, '/');
	char real[PATH_MAX];
	bool wanted = false;

	if (is_dir) {
		for (size_t i = 0; bp_monitors[i]; i++) {
			wanted = wanted ||
				 (bp_monitors[i]->roots && bp_monitors[i]->wants_folder(bp_str_from(
								   slash ? slash + 1 : path)));
		}
		return wanted;
	}
	if (realpath(path, real)) {
		consider(search, real, search->root ? MET_BELOW_ROOT : MET_BELOW_PATH);
	}
	return true;
}

static enum bp_rc search_path(struct search *search, const char *path, struct bp_err *err)
{
	char real[PATH_MAX];
	struct stat st;

	search->before = search->import->n;
	if (!realpath(path, real) || stat(real, &st) != 0) {
		return bp_err_set(err, BP_ENOTFOUND, "\"%s\": %s", path, strerrordesc_np(errno));
	}
	if (S_ISDIR(st.st_mode)) {
		bp_file_walk(real, each, search);
	} else {
		consider(search, real, MET_BY_NAME);
	}
	return BP_OK;
}

static void search_roots(struct search *search)
{
	for (size_t i = 0; bp_monitors[i]; i++) {
		const struct bp_monitor *monitor = bp_monitors[i];
		struct bp_paths roots = {0};

		if (!monitor->roots || !monitor->enabled(search->config)) {
			continue;
		}
		monitor->roots(search->config, &roots);
		search->root = true;
		for (size_t k = 0; k < roots.n; k++) {
			enum bp_rc rc = search_path(search, roots.items[k], NULL);
			(void)rc; /* a root that is not there holds nothing */
		}
		search->root = false;
		bp_paths_done(&roots);
	}
}

static void free_import(struct bp_import *import)
{
	for (size_t i = 0; i < import->n; i++) {
		free(import->items[i].path);
	}
	free(import->items);
	(void)pthread_mutex_destroy(&import->mutex);
	free(import);
}

enum bp_rc bp_import_new(const struct bp_capture_config *config, char *const *paths, size_t n,
			 int64_t since_us, bool refresh, struct bp_import **out, struct bp_err *err)
{
	struct bp_import *import = bp_calloc(1, sizeof(*import));
	struct search search = {.import = import,
				.config = config,
				.since_us = since_us,
				.space = bp_calloc(1, LOOK_BYTES)};
	enum bp_rc rc = BP_OK;

	BP_ASSERT(pthread_mutex_init(&import->mutex, NULL) == 0);
	import->holders = 1;
	import->refresh = refresh;
	for (size_t i = 0; i < n && rc == BP_OK; i++) {
		rc = search_path(&search, paths[i], err);
	}
	if (n == 0) {
		search_roots(&search);
	}
	free(search.space);
	if (rc != BP_OK) {
		free_import(import);
		return rc;
	}
	*out = import;
	return BP_OK;
}

void bp_import_hold(struct bp_import *import)
{
	(void)pthread_mutex_lock(&import->mutex);
	import->holders++;
	(void)pthread_mutex_unlock(&import->mutex);
}

static void let_go(struct bp_import *import, bool cancel)
{
	(void)pthread_mutex_lock(&import->mutex);
	import->cancelled = import->cancelled || cancel;
	int left = --import->holders;
	(void)pthread_mutex_unlock(&import->mutex);
	if (left == 0) {
		free_import(import);
	}
}

void bp_import_free(struct bp_import *import)
{
	if (import) {
		let_go(import, true);
	}
}

bool bp_import_cancelled(struct bp_import *import)
{
	(void)pthread_mutex_lock(&import->mutex);
	bool cancelled = import->cancelled;
	(void)pthread_mutex_unlock(&import->mutex);
	return cancelled;
}

void bp_import_item_at(struct bp_import_item *item, const char *key, int64_t to_bytes,
		       int64_t generation, bool done, bool failed)
{
	struct bp_import *import = item->import;
	int64_t counted = done || to_bytes > item->size_bytes ? item->size_bytes : to_bytes;

	(void)pthread_mutex_lock(&import->mutex);
	(void)snprintf(item->key, sizeof(item->key), "%s", key);
	item->sent_to_bytes = to_bytes;
	item->generation = generation;
	import->bytes_done += counted - item->counted_bytes;
	item->counted_bytes = counted;
	if (done && !item->done) {
		item->done = true;
		item->failed = failed;
		import->files_done++;
	}
	(void)pthread_mutex_unlock(&import->mutex);
}

void bp_import_progress(struct bp_import *import, struct bp_import_progress *out)
{
	(void)pthread_mutex_lock(&import->mutex);
	out->files = (int64_t)import->n;
	out->files_done = import->files_done;
	out->bytes = import->bytes;
	out->bytes_done = import->bytes_done;
	out->done = import->files_done == (int64_t)import->n;
	(void)pthread_mutex_unlock(&import->mutex);
}

bool bp_import_file(struct bp_import *import, size_t i, struct bp_import_file *out)
{
	bool found = false;

	(void)pthread_mutex_lock(&import->mutex);
	if (i < import->n) {
		const struct bp_import_item *item = &import->items[i];

		*out = (struct bp_import_file){.path = item->path,
					       .key = item->key,
					       .sent_to_bytes = item->sent_to_bytes,
					       .generation = item->generation};
		found = true;
	}
	(void)pthread_mutex_unlock(&import->mutex);
	return found;
}
