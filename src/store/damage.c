/* SPDX-License-Identifier: MIT */
#include "store/damage.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static struct {
	pthread_mutex_t mutex;
	char *path; /* as SQLite names it: without links; NULL: nobody is told */
	struct bp_stop *stop;
} watched = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/** The path with the links of its folder followed; the file itself need not be there. */
static char *full_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? bp_strdup(bp_str_make(path, (size_t)(slash - path) + 1))
			     : bp_strdup(BP_STR("."));
	char *real = realpath(folder, NULL);
	char *full = real ? bp_asprintf("%s/%s", strcmp(real, "/") == 0 ? "" : real,
					slash ? slash + 1 : path)
			  : NULL;

	free(folder);
	free(real);
	return full;
}

enum bp_rc bp_damage_watch(const char *path, struct bp_stop *stop, struct bp_err *err)
{
	char *full = stop ? full_path(path) : NULL;
	int reason = errno;

	(void)pthread_mutex_lock(&watched.mutex);
	free(watched.path);
	watched.path = full;
	watched.stop = stop;
	(void)pthread_mutex_unlock(&watched.mutex);
	return stop && !full ? bp_err_set(err, BP_EIO, "\"%s\": %s", path, strerrordesc_np(reason))
			     : BP_OK;
}

void bp_damage_found(const char *path)
{
	(void)pthread_mutex_lock(&watched.mutex);
	if (watched.path && path && strcmp(path, watched.path) == 0) {
		bp_stop_request(watched.stop);
	}
	(void)pthread_mutex_unlock(&watched.mutex);
}
