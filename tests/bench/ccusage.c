/* SPDX-License-Identifier: MIT */
#include "bench/ccusage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

static double run_once(const char *program, const char *config, const char *folder,
		       struct rusage *usage)
{
	int status = 1;
	double start = bench_now();

	pid_t pid = fork();
	if (pid == 0) {
		int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
		(void)dup2(nowhere, STDIN_FILENO);
		(void)dup2(nowhere, STDOUT_FILENO);
		(void)dup2(nowhere, STDERR_FILENO);
		(void)setenv("CLAUDE_CONFIG_DIR", config, 1);
		(void)setenv("HOME", folder, 1);
		(void)execl(program, program, "daily", "--offline", "--json", (char *)NULL);
		_exit(127);
	}
	bool ok = pid > 0 && wait4(pid, &status, 0, usage) == pid && status == 0;
	return ok ? bench_now() - start : -1;
}

double bench_ccusage(const char *home, const char *folder, size_t runs, struct rusage *out_usage)
{
	const char *program = getenv("BENCH_CCUSAGE");
	double seconds[BENCH_CCUSAGE_RUNS_MAX];
	char config[1024];

	if (!program || !program[0]) {
		return 0;
	}
	(void)snprintf(config, sizeof(config), "%s/.claude", home);
	for (size_t i = 0; i < runs && i < BENCH_CCUSAGE_RUNS_MAX; i++) {
		seconds[i] = run_once(program, config, folder, out_usage);
		if (seconds[i] < 0) {
			return -1;
		}
	}
	return bench_median(seconds, runs < BENCH_CCUSAGE_RUNS_MAX ? runs : BENCH_CCUSAGE_RUNS_MAX);
}
