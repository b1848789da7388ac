/* SPDX-License-Identifier: MIT */
/*
 * spool.c - a maildir below the home.
 *
 * The limits are kept by spool/count, a cache of how many files and bytes there are: a hook adds
 * to it and looks at the folder itself only when it says "full" and the folder has changed since
 * it was counted. The service takes files away without telling it; that is noticed then.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat() */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hook/hook.h"

/* spool/count, as it stands in the file. */
struct count {
	int64_t files;
	int64_t bytes;
	int64_t changed_s; /* the folder's time when it was counted */
	int64_t changed_ns;
};

/* As the kernel gives it; libc's readdir would allocate. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* The folders, made where they are missing. */
static int open_spool(int home_fd, bool make)
{
	int fd = openat(home_fd, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make && mkdirat(home_fd, "spool", 0700) == 0) {
		fd = openat(home_fd, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd;
}

void bp_hook_lost(int home_fd)
{
	int spool_fd = open_spool(home_fd, true);
	int fd = spool_fd < 0
			 ? -1
			 : openat(spool_fd, "lost",
				  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0) {
		/* One byte for each; when even that fails there is nobody to tell. */
		ssize_t n = write(fd, ".", 1);
		(void)n;
		close(fd);
	}
	if (spool_fd >= 0) {
		close(spool_fd);
	}
}

static void add_entries(int dir_fd, const char *buffer, long n, struct count *count)
{
	for (long at = 0; at < n;) {
		const struct entry *entry = (const void *)(buffer + at);
		struct stat status;
		if (entry->name[0] != '.' &&
		    fstatat(dir_fd, entry->name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
			count->files++;
			count->bytes += status.st_size;
		}
		at += entry->length;
	}
}

static void recount(int spool_fd, const struct stat *folder, struct count *count)
{
	static _Alignas(8) char buffer[65536];
	int dir_fd = openat(spool_fd, "new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*count = (struct count){.changed_s = folder->st_mtim.tv_sec,
				.changed_ns = folder->st_mtim.tv_nsec};
	for (;;) {
		long n = dir_fd < 0 ? 0 : syscall(SYS_getdents64, dir_fd, buffer, sizeof(buffer));
		if (n <= 0) {
			break;
		}
		add_entries(dir_fd, buffer, n, count);
	}
	if (dir_fd >= 0) {
		close(dir_fd);
	}
}

static bool is_full(const struct count *count, size_t bytes)
{
	return count->files >= BP_HOOK_SPOOL_FILES_MAX ||
	       count->bytes + (int64_t)bytes > BP_HOOK_SPOOL_BYTES_MAX;
}

/* True when one more event may be added; it is then counted. A cache that cannot be read or is
   held by another hook does not stop an event: the limit is a guard, not an account. */
static bool reserve(int spool_fd, size_t bytes)
{
	struct count count = {0};
	struct stat folder;
	int fd = openat(spool_fd, "count", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool room = true;

	if (fd < 0) {
		return true;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstatat(spool_fd, "new", &folder, 0) == 0) {
		bool known = pread(fd, &count, sizeof(count), 0) == (ssize_t)sizeof(count);
		bool changed = folder.st_mtim.tv_sec != count.changed_s ||
			       folder.st_mtim.tv_nsec != count.changed_ns;
		if (!known || (is_full(&count, bytes) && changed)) {
			recount(spool_fd, &folder, &count);
		}
		room = !is_full(&count, bytes);
		if (room) {
			count.files++;
			count.bytes += (int64_t)bytes;
		}
		ssize_t n = pwrite(fd, &count, sizeof(count), 0);
		(void)n; /* the cache may be wrong; the next "full" counts again */
	}
	close(fd);
	return room;
}

static bool write_file(int dir_fd, const char *name, struct bp_str bytes)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok = fd >= 0;

	while (ok && bytes.len > 0) {
		ssize_t n = write(fd, bytes.ptr, bytes.len);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		ok = n > 0;
		if (ok) {
			bytes.ptr += n;
			bytes.len -= (size_t)n;
		}
	}
	ok = ok && fsync(fd) == 0;
	if (fd >= 0) {
		ok = close(fd) == 0 && ok;
	}
	return ok;
}

/* A folder of the spool, made when it is missing. */
static int open_folder(int spool_fd, const char *name)
{
	int fd = openat(spool_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && (mkdirat(spool_fd, name, 0700) == 0 || errno == EEXIST)) {
		fd = openat(spool_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd;
}

static bool add(int spool_fd, const struct bp_hook_frame *frame)
{
	int tmp_fd = open_folder(spool_fd, "tmp");
	int new_fd = open_folder(spool_fd, "new");
	bool ok = tmp_fd >= 0 && new_fd >= 0 && reserve(spool_fd, frame->json_len) &&
		  write_file(tmp_fd, frame->id_hex, bp_str_make(frame->json, frame->json_len));

	if (ok) {
		ok = renameat(tmp_fd, frame->id_hex, new_fd, frame->id_hex) == 0;
	}
	if (!ok && tmp_fd >= 0) {
		(void)unlinkat(tmp_fd, frame->id_hex, 0);
	}
	if (tmp_fd >= 0) {
		close(tmp_fd);
	}
	if (new_fd >= 0) {
		close(new_fd);
	}
	return ok;
}

bool bp_hook_spool(int home_fd, const struct bp_hook_frame *frame)
{
	int spool_fd = open_spool(home_fd, true);
	bool ok = spool_fd >= 0 && add(spool_fd, frame);

	if (spool_fd >= 0) {
		close(spool_fd);
	}
	if (!ok) {
		bp_hook_lost(home_fd);
	}
	return ok;
}
