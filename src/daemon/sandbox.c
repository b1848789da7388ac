/* SPDX-License-Identifier: MIT */
/*
 * Landlock by system call: Debian 12 has no library for it, and its headers are older than the
 * kernels it meets. What a kernel does not know is left out of the ruleset.
 */
#include "daemon/sandbox.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* version 3 */
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP (1ULL << 0) /* version 4 */
#define LANDLOCK_ACCESS_NET_CONNECT_TCP (1ULL << 1)
#endif

enum { RULE_NET_PORT = 2, VERSION_REFER = 2, VERSION_TRUNCATE = 3, VERSION_NET = 4, HEADERS = 64 };

/* The kernel's structs as of version 4; it takes longer ones whose rest is zero, so a shorter size
 * is given to older kernels. */
struct ruleset {
	uint64_t fs, net;
};

struct port_rule {
	uint64_t access, port;
};

#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define FOLDER_RIGHTS                                                                              \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                          \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                              \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                              \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                            \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

static uint64_t known_rights(long version)
{
	uint64_t rights = LANDLOCK_ACCESS_FS_EXECUTE | FILE_RIGHTS | FOLDER_RIGHTS;

	rights &= version >= VERSION_REFER ? ~UINT64_C(0) : ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	return version >= VERSION_TRUNCATE ? rights : rights & ~LANDLOCK_ACCESS_FS_TRUNCATE;
}

/* Allow rights for a path and what is below it. A path that is not there needs none. */
static enum bp_rc allow(int ruleset, const char *path, uint64_t rights, struct bp_err *err)
{
	struct landlock_path_beneath_attr rule = {.allowed_access = rights};

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0) {
		return BP_OK;
	}
	long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U);
	int why = errno;
	(void)close(rule.parent_fd);
	return rc == 0 ? BP_OK
		       : bp_err_set(err, BP_EIO, "cannot allow \"%s\": %s", path,
				    strerrordesc_np(why));
}

/* The loader that a program names: executing the program executes it too. */
static bool find_loader(const char *program, char *out, size_t cap)
{
	Elf64_Ehdr header;
	Elf64_Phdr parts[HEADERS];
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	bool found = false;

	if (fd < 0) {
		return false;
	}
	if (pread(fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header) &&
	    memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	    header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_phnum <= HEADERS) {
		size_t bytes = header.e_phnum * sizeof(parts[0]);
		bool read = pread(fd, parts, bytes, (off_t)header.e_phoff) == (ssize_t)bytes;
		for (size_t i = 0; read && !found && i < header.e_phnum; i++) {
			size_t n = parts[i].p_filesz;
			found = parts[i].p_type == PT_INTERP && n > 0 && n <= cap &&
				pread(fd, out, n, (off_t)parts[i].p_offset) == (ssize_t)n &&
				out[n - 1] == '\0';
		}
	}
	(void)close(fd);
	return found;
}

static enum bp_rc allow_program(int ruleset, const char *program, struct bp_err *err)
{
	char loader[256];
	enum bp_rc rc = allow(ruleset, program, LANDLOCK_ACCESS_FS_EXECUTE, err);

	if (rc == BP_OK && find_loader(program, loader, sizeof(loader))) {
		rc = allow(ruleset, loader, LANDLOCK_ACCESS_FS_EXECUTE, err);
	}
	return rc;
}

static enum bp_rc allow_port(int ruleset, int port, struct bp_err *err)
{
	struct port_rule rule = {.access = LANDLOCK_ACCESS_NET_CONNECT_TCP, .port = (uint64_t)port};

	return syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0U) == 0
		       ? BP_OK
		       : bp_err_set(err, BP_EIO, "cannot allow port %d: %s", port,
				    strerrordesc_np(errno));
}

static enum bp_rc add_rules(int ruleset, const struct bp_sandbox *sandbox, long version,
			    struct bp_err *err)
{
	uint64_t rights = known_rights(version) & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	enum bp_rc rc = allow(ruleset, "/dev/null", rights & FILE_RIGHTS, err);

	for (size_t i = 0; rc == BP_OK && sandbox->folders[i]; i++) {
		rc = allow(ruleset, sandbox->folders[i], rights, err);
	}
	for (size_t i = 0; rc == BP_OK && sandbox->programs[i]; i++) {
		rc = allow_program(ruleset, sandbox->programs[i], err);
	}
	if (rc == BP_OK && sandbox->connect_port != 0 && version >= VERSION_NET) {
		rc = allow_port(ruleset, sandbox->connect_port, err);
	}
	return rc;
}

static enum bp_rc restrict_self(int ruleset, struct bp_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0U) != 0) {
		return bp_err_set(err, BP_EIO, "the kernel refuses the sandbox: %s",
				  strerrordesc_np(errno));
	}
	return BP_OK;
}

enum bp_rc bp_sandbox_enter(const struct bp_sandbox *sandbox, struct bp_err *err)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rules = {.fs = known_rights(version),
				.net = LANDLOCK_ACCESS_NET_BIND_TCP |
				       LANDLOCK_ACCESS_NET_CONNECT_TCP};
	size_t size = version >= VERSION_NET ? sizeof(rules) : sizeof(rules.fs);

	if (version < 1) {
		return bp_err_set(err, BP_EVERSION, "this kernel has no Landlock");
	}
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0U);
	if (ruleset < 0) {
		return bp_err_set(err, BP_EIO, "the kernel makes no sandbox: %s",
				  strerrordesc_np(errno));
	}
	enum bp_rc rc = add_rules(ruleset, sandbox, version, err);
	if (rc == BP_OK) {
		rc = restrict_self(ruleset, err);
	}
	(void)close(ruleset);
	return rc;
}
