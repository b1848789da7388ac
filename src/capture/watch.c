/* SPDX-License-Identifier: MIT */
#include "capture/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "base/mem.h"

enum {
	DEPTH_MAX = 32,
	TREE_MASK = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
		    IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK,
	PARENT_MASK =
		IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD
};

/** A watched folder. */
struct folder {
	int wd;
	int tag;
	unsigned depth; /* below its root */
	bool tree;      /* else it is only waited in for a root */
	uint64_t round; /* of the reading that came by last: links may run in a circle */
	char *path;     /* real */
	UT_hash_handle hh;
};

struct root {
	char *path; /* as given */
	int tag;
	bool there;
};

struct bp_watch {
	struct bp_watch_callbacks callbacks;
	int fd;
	struct folder *folders; /* by wd */
	struct root *roots;
	size_t n_roots;
	uint64_t round;
	bool lost;  /* a root or its parent went: look for all of them */
	bool blind; /* a folder could not be watched */
};

struct bp_watch *bp_watch_new(const struct bp_watch_callbacks *callbacks)
{
	struct bp_watch *watch = bp_calloc(1, sizeof(*watch));

	watch->callbacks = *callbacks;
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch->blind = watch->fd < 0;
	return watch;
}

bool bp_watch_blind(const struct bp_watch *watch)
{
	return watch->blind;
}

static void forget(struct bp_watch *watch, struct folder *folder)
{
	HASH_DEL(watch->folders, folder);
	free(folder->path);
	free(folder);
}

void bp_watch_free(struct bp_watch *watch)
{
	struct folder *folder = NULL;
	struct folder *next = NULL;

	if (!watch) {
		return;
	}
	HASH_ITER (hh, watch->folders, folder, next) {
		forget(watch, folder);
	}
	for (size_t i = 0; i < watch->n_roots; i++) {
		free(watch->roots[i].path);
	}
	free(watch->roots);
	if (watch->fd >= 0) {
		(void)close(watch->fd);
	}
	free(watch);
}

int bp_watch_fd(const struct bp_watch *watch)
{
	return watch->fd;
}

static struct folder *find(struct bp_watch *watch, int wd)
{
	struct folder *folder = NULL;

	HASH_FIND_INT(watch->folders, &wd, folder);
	return folder;
}

/** The watch of a folder, made or found. NULL: it is gone or no folder, or, with *out_new set, the
 *  kernel has no more watches. */
static struct folder *watch_folder(struct bp_watch *watch, const char *path, bool tree,
				   bool *out_new)
{
	int wd = inotify_add_watch(
		watch->fd, path, tree ? (uint32_t)TREE_MASK | IN_MASK_ADD : (uint32_t)PARENT_MASK);

	if (wd < 0) {
		/* Gone or none of ours is no matter; anything else is the kernel's limit. */
		*out_new = errno != ENOENT && errno != ENOTDIR && errno != EACCES;
		watch->blind = watch->blind || *out_new;
		return NULL;
	}
	struct folder *folder = find(watch, wd);
	*out_new = !folder;
	if (!folder) {
		folder = bp_calloc(1, sizeof(*folder));
		folder->wd = wd;
		folder->path = bp_strdup(bp_str_from(path));
		HASH_ADD_INT(watch->folders, wd, folder);
	}
	return folder;
}

static void scan(struct bp_watch *watch, const char *path, int tag, unsigned depth, bool again);

/** One name in a folder: go in, or tell of the file. */
static void visit(struct bp_watch *watch, const struct folder *parent, const char *name,
		  unsigned char type, bool again)
{
	char path[PATH_MAX];
	char real[PATH_MAX];
	struct stat st;
	int tag = parent->tag;
	unsigned depth = parent->depth;
	int n = snprintf(path, sizeof(path), "%s/%s", parent->path, name);

	if (n < 0 || (size_t)n >= sizeof(path)) {
		return;
	}
	const char *to = path;
	if (type == DT_LNK || type == DT_UNKNOWN) {
		if (stat(path, &st) != 0 || !realpath(path, real)) {
			return;
		}
		type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISREG(st.st_mode) ? DT_REG : DT_FIFO;
		to = real;
		if (type == DT_DIR && watch->blind) {
			return; /* only watches tell whether links run in a circle */
		}
	}
	if (type == DT_DIR) {
		if (watch->callbacks.folder(watch->callbacks.arg, tag, bp_str_from(name))) {
			scan(watch, to, tag, depth + 1, again);
		}
	} else if (type == DT_REG) {
		watch->callbacks.file(watch->callbacks.arg, tag, to);
	}
}

/** Watch a folder, then read it. again: read those as well that are watched already. */
static void scan(struct bp_watch *watch, const char *path, int tag, unsigned depth, bool again)
{
	bool is_new = false;

	if (depth > DEPTH_MAX) {
		return;
	}
	struct folder *folder = watch_folder(watch, path, true, &is_new);
	if (folder) {
		if (!is_new && folder->tree && strcmp(folder->path, path) != 0) {
			return; /* the same folder by another name */
		}
		bool fresh = is_new || !folder->tree;
		folder->tree = true;
		folder->tag = tag;
		folder->depth = depth;
		if (!fresh && (!again || folder->round == watch->round)) {
			return;
		}
		folder->round = watch->round;
	} else if (!is_new) {
		return;
	}
	DIR *dir = opendir(path);
	if (!dir) {
		return;
	}
	/* A copy: visiting may remove watches of folders that went meanwhile. */
	struct folder parent = {.path = bp_strdup(bp_str_from(path)), .tag = tag, .depth = depth};
	const struct dirent *item = NULL;
	while ((item = readdir(dir)) != NULL) {
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0) {
			visit(watch, &parent, item->d_name, item->d_type, again);
		}
	}
	(void)closedir(dir);
	free(parent.path);
}

/** Wait for a missing root in its nearest parent that is there. */
static void wait_for(struct bp_watch *watch, const char *path)
{
	char *parent = bp_strdup(bp_str_from(path));
	bool is_new = false;

	for (;;) {
		char *slash = strrchr(parent, '/');

		if (!slash) {
			break;
		}
		if (slash == parent) {
			slash[1] = '\0';
			(void)watch_folder(watch, parent, false, &is_new);
			break;
		}
		*slash = '\0';
		if (watch_folder(watch, parent, false, &is_new)) {
			break;
		}
	}
	free(parent);
}

static void look_for_root(struct bp_watch *watch, struct root *root, bool again)
{
	char real[PATH_MAX];

	root->there = false;
	/* The root may come between the failed look and the watch on its parent: look twice. */
	for (int i = 0; i < 2 && !root->there; i++) {
		if (realpath(root->path, real)) {
			struct stat st;

			if (stat(real, &st) == 0 && S_ISDIR(st.st_mode)) {
				root->there = true;
				scan(watch, real, root->tag, 0, again);
			}
		}
		if (!root->there) {
			wait_for(watch, root->path);
		}
	}
}

void bp_watch_add_root(struct bp_watch *watch, const char *path, int tag)
{
	watch->roots = bp_realloc(watch->roots, watch->n_roots + 1, sizeof(watch->roots[0]));
	struct root *root = &watch->roots[watch->n_roots++];
	watch->round++;
	*root = (struct root){.path = bp_strdup(bp_str_from(path)), .tag = tag};
	look_for_root(watch, root, true);
}

void bp_watch_rescan(struct bp_watch *watch)
{
	watch->lost = false;
	watch->round++;
	for (size_t i = 0; i < watch->n_roots; i++) {
		look_for_root(watch, &watch->roots[i], true);
	}
}

/** A folder moved away or went: its watches speak of the wrong place. */
static void drop_tree(struct bp_watch *watch, const char *path)
{
	struct folder *folder = NULL;
	struct folder *next = NULL;
	size_t len = strlen(path);

	HASH_ITER (hh, watch->folders, folder, next) {
		if (strncmp(folder->path, path, len) == 0 &&
		    (folder->path[len] == '/' || folder->path[len] == '\0')) {
			(void)inotify_rm_watch(watch->fd, folder->wd);
			forget(watch, folder);
		}
	}
}

static void handle_name(struct bp_watch *watch, const struct folder *folder,
			const struct inotify_event *event)
{
	bool went = (event->mask & (IN_MOVED_FROM | IN_DELETE)) != 0;

	if (!folder->tree) {
		if (event->mask & (IN_CREATE | IN_MOVED_TO)) {
			watch->lost = true; /* perhaps a root, or a nearer parent of one */
		}
		return;
	}
	if (event->mask & IN_ISDIR) {
		if (went) {
			char path[PATH_MAX];
			int n = snprintf(path, sizeof(path), "%s/%s", folder->path, event->name);

			if (n > 0 && (size_t)n < sizeof(path)) {
				drop_tree(watch, path);
			}
		} else if (event->mask & (IN_CREATE | IN_MOVED_TO)) {
			visit(watch, folder, event->name, DT_DIR, false);
			watch->lost = true; /* a root may lie below another's parent */
		}
		return;
	}
	/* A new name may be a link; the name of a change is a file's, or of one that went. */
	bool is_new = (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
	visit(watch, folder, event->name, is_new ? DT_UNKNOWN : DT_REG, false);
}

static void handle(struct bp_watch *watch, const struct inotify_event *event)
{
	struct folder *folder = find(watch, event->wd);

	if (event->mask & IN_Q_OVERFLOW) {
		bp_watch_rescan(watch);
		return;
	}
	if (!folder) {
		return;
	}
	if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
		char *path = bp_strdup(bp_str_from(folder->path));

		drop_tree(watch, path);
		free(path);
		watch->lost = true;
	} else if (event->len > 0) {
		handle_name(watch, folder, event);
	}
}

void bp_watch_read(struct bp_watch *watch)
{
	alignas(struct inotify_event) char space[65536];

	for (;;) {
		ssize_t n = read(watch->fd, space, sizeof(space));

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		for (ssize_t at = 0; at < n;) {
			const void *where = space + at;
			const struct inotify_event *event = where;

			handle(watch, event);
			at += (ssize_t)(sizeof(*event) + event->len);
		}
		if ((size_t)n < sizeof(space) / 2) {
			break; /* the rest comes with the next poll: others wait */
		}
	}
	if (watch->lost) {
		watch->lost = false;
		for (size_t i = 0; i < watch->n_roots; i++) {
			look_for_root(watch, &watch->roots[i], false);
		}
	}
}
