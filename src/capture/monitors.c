/* SPDX-License-Identifier: MIT */
#include "capture/monitor.h"

#include <string.h>

#include "base/mem.h"

const struct bp_monitor *const bp_monitors[] = {
	&bp_monitor_claude,
	&bp_monitor_spool,
	NULL,
};

void bp_paths_add(struct bp_paths *paths, char *path)
{
	for (size_t i = 0; i < paths->n; i++) {
		if (strcmp(paths->items[i], path) == 0) {
			free(path);
			return;
		}
	}
	if (paths->n == paths->cap) {
		paths->cap = paths->cap ? paths->cap * 2 : 16;
		paths->items = bp_realloc(paths->items, paths->cap, sizeof(paths->items[0]));
	}
	paths->items[paths->n++] = path;
}

void bp_paths_done(struct bp_paths *paths)
{
	for (size_t i = 0; i < paths->n; i++) {
		free(paths->items[i]);
	}
	free(paths->items);
	*paths = (struct bp_paths){0};
}
