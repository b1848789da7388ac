/* SPDX-License-Identifier: MIT */
/**
 * fuzz_scratch.h - a folder of its own for a fuzz target, and bytes as a file without one.
 */
#ifndef BP_TESTS_SUPPORT_FUZZ_SCRATCH_H
#define BP_TESTS_SUPPORT_FUZZ_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

static char fuzz_scratch_path[64];

static inline int fuzz_scratch_remove_one(const char *path, const struct stat *st, int type,
					  struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	(void)remove(path);
	return 0;
}

static inline void fuzz_scratch_remove(void)
{
	(void)nftw(fuzz_scratch_path, fuzz_scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/** A new folder that goes with the process. */
static inline const char *fuzz_scratch(void)
{
	if (fuzz_scratch_path[0] == '\0') {
		(void)snprintf(fuzz_scratch_path, sizeof(fuzz_scratch_path), "/tmp/bp-fuzz-XXXXXX");
		BP_ASSERT(mkdtemp(fuzz_scratch_path));
		(void)atexit(fuzz_scratch_remove);
	}
	return fuzz_scratch_path;
}

/** The bytes as a file in memory; its name is good until the descriptor is closed. */
static inline int fuzz_file(struct bp_str bytes, char path[32])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	BP_ASSERT(fd >= 0 && bp_file_write_all(fd, bytes.ptr, bytes.len, NULL) == BP_OK);
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

#endif
