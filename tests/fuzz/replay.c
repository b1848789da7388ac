/* SPDX-License-Identifier: MIT */
/**
 * replay.c - main() of a fuzz target without libFuzzer: every file of the folders and files named
 * goes through it once. Fails when there was none: a check of nothing is no check.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 16 * 1024 * 1024, PATH_BYTES = 4096 };

/** Run one file. 1 when it was run. */
static int run_file(const char *path)
{
	FILE *file = fopen(path, "rbe");

	if (!file) {
		(void)fprintf(stderr, "%s: %s\n", path, strerrordesc_np(errno));
		exit(EXIT_FAILURE);
	}
	/* Exactly as large as the input, so that a sanitizer sees a read behind its end. */
	uint8_t *all = malloc(INPUT_BYTES_MAX);
	size_t n = all ? fread(all, 1, INPUT_BYTES_MAX, file) : 0;
	uint8_t *input = malloc(n > 0 ? n : 1);
	if (!all || !input || ferror(file)) {
		(void)fprintf(stderr, "%s: cannot read\n", path);
		exit(EXIT_FAILURE);
	}
	memcpy(input, all, n);
	free(all);
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput(input, n);
	free(input);
	return 1;
}

static int run_path(const char *path)
{
	char inner[PATH_BYTES];
	int count = 0;
	DIR *dir = opendir(path);

	if (!dir) {
		return run_file(path);
	}
	for (;;) {
		const struct dirent *entry = readdir(dir);

		if (!entry) {
			break;
		}
		if (entry->d_name[0] != '.') {
			(void)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
			count += run_path(inner);
		}
	}
	(void)closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		count += run_path(argv[i]);
	}
	(void)printf("%d inputs\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
