/* SPDX-License-Identifier: MIT */
#include "bench/bench.h"

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double bench_now(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

double bench_cpu(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/** The text of a small file, "" when it cannot be read. */
static void read_small(const char *path, char *out, size_t cap)
{
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(out, 1, cap - 1, file) : 0;

	out[n] = '\0';
	if (file) {
		(void)fclose(file);
	}
}

double bench_cpu_of(pid_t pid)
{
	char path[64];
	char text[1024];
	unsigned long user = 0;
	unsigned long system = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	read_small(path, text, sizeof(text));
	/* The name in brackets may hold blanks: fields are counted from behind it. */
	const char *rest = strrchr(text, ')');
	if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			    &system) != 2) {
		return -1;
	}
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

double bench_cpu_fine_of(pid_t pid)
{
	char path[128];
	char text[128];
	double sum = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *folder = opendir(path);
	const struct dirent *entry;
	while (folder && (entry = readdir(folder)) != NULL) {
		unsigned long long ns = 0;
		if (entry->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat", (int)pid,
			       entry->d_name);
		read_small(path, text, sizeof(text));
		if (sscanf(text, "%llu", &ns) == 1) {
			sum += (double)ns / 1e9;
		}
	}
	if (folder) {
		(void)closedir(folder);
	}
	return sum;
}

double bench_memory_of(pid_t pid, const char *name)
{
	char path[64];
	char text[4096];
	char wanted[40];
	double kb = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	(void)snprintf(wanted, sizeof(wanted), "\n%s:", name);
	read_small(path, text, sizeof(text));
	const char *at = strstr(text, wanted);
	if (!at || sscanf(at + strlen(wanted), " %lf", &kb) != 1) {
		return -1;
	}
	return kb * 1024 / 1e6;
}

double bench_written_of(pid_t pid)
{
	char path[64];
	char text[1024];
	double bytes = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/io", (int)pid);
	read_small(path, text, sizeof(text));
	const char *at = strstr(text, "wchar:");
	return at && sscanf(at, "wchar: %lf", &bytes) == 1 ? bytes : -1;
}

static int compare(const void *a, const void *b)
{
	const double *x = a;
	const double *y = b;

	return (*x > *y) - (*x < *y);
}

double bench_percentile(double *values, size_t n, double p)
{
	if (n == 0) {
		return 0;
	}
	qsort(values, n, sizeof(*values), compare);
	return values[(size_t)(p * (double)(n - 1) + 0.5)];
}

double bench_median(double *values, size_t n)
{
	return bench_percentile(values, n, 0.5);
}

bool bench_interleave(const struct bench_measure *measures, size_t n, double *medians)
{
	double runs[BENCH_MEASURES_MAX][BENCH_RUNS];

	for (size_t run = 0; run < BENCH_RUNS; run++) {
		for (size_t i = 0; i < n && i < BENCH_MEASURES_MAX; i++) {
			runs[i][run] = measures[i].run(measures[i].arg);
			if (runs[i][run] < 0) {
				return false;
			}
		}
	}
	for (size_t i = 0; i < n && i < BENCH_MEASURES_MAX; i++) {
		medians[i] = bench_median(runs[i], BENCH_RUNS);
	}
	return true;
}

/** Three significant digits for small figures, none behind the point for large ones. */
static const char *show(double value, const char *unit, char *out, size_t cap)
{
	int digits = 0;

	if (fabs(value) < 100) {
		digits = fabs(value) < 1 ? 3 : 2;
	}
	(void)snprintf(out, cap, "%.*f%s%s", digits, value, unit[0] ? " " : "", unit);
	return out;
}

static bool print_bar(const char *bar, const char *what, const char *value, const char *limit,
		      double distance)
{
	bool pass = distance <= 0;

	(void)printf("bar %-3s %-58s %18s  (bar %s)  ", bar, what, value, limit);
	if (pass) {
		(void)printf("PASS\n");
	} else {
		(void)printf("distance %.0f %%\n", fmax(1, distance * 100));
	}
	(void)fflush(stdout);
	return pass;
}

bool bench_at_most(const char *bar, const char *what, double value, double limit, const char *unit)
{
	char shown[64];
	char limited[64];

	(void)snprintf(limited, sizeof(limited), "<= %g", limit);
	return print_bar(bar, what, show(value, unit, shown, sizeof(shown)), limited,
			 value <= limit ? 0 : value / limit - 1);
}

bool bench_at_least(const char *bar, const char *what, double value, double limit, const char *unit)
{
	char shown[64];
	char limited[64];

	(void)snprintf(limited, sizeof(limited), ">= %g", limit);
	return print_bar(bar, what, show(value, unit, shown, sizeof(shown)), limited,
			 value >= limit ? 0 : 1 - value / limit);
}

bool bench_either(const char *bar, const char *what, double value, double limit, const char *unit,
		  double ratio, double ratio_limit)
{
	char shown[64];
	char both[96];
	char limited[64];
	double far = fmin(1 - value / limit, 1 - ratio / ratio_limit);

	(void)snprintf(both, sizeof(both), "%s, %.2f x", show(value, unit, shown, sizeof(shown)),
		       ratio);
	(void)snprintf(limited, sizeof(limited), ">= %g, or >= %g x", limit, ratio_limit);
	return print_bar(bar, what, both, limited,
			 value >= limit || ratio >= ratio_limit ? 0 : far);
}

void bench_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)printf("        ");
	(void)vprintf(fmt, args);
	(void)printf("\n");
	va_end(args);
	(void)fflush(stdout);
}

/** The value behind "name : " in a text of lines. */
static void value_of(const char *text, const char *name, char *out, size_t cap)
{
	const char *at = strstr(text, name);

	at = at ? strchr(at, ':') : NULL;
	at = at ? at + 1 + strspn(at + 1, " \t") : "unknown";
	(void)snprintf(out, cap, "%.*s", (int)strcspn(at, "\n"), at);
}

static const char *file_system(const char *dir)
{
	struct statfs info;

	if (statfs(dir, &info) != 0) {
		return "unknown";
	}
	switch ((unsigned long)info.f_type) {
	case 0xEF53UL:
		return "ext4";
	case 0x58465342UL:
		return "xfs";
	case 0x9123683EUL:
		return "btrfs";
	case 0x01021994UL:
		return "tmpfs";
	case 0x794C7630UL:
		return "overlayfs";
	default:
		return "another file system";
	}
}

void bench_machine(const char *dir)
{
	char text[16384];
	char processor[128];
	char memory[64];
	struct utsname system;
	double load = 0;

	read_small("/proc/cpuinfo", text, sizeof(text));
	value_of(text, "model name", processor, sizeof(processor));
	read_small("/proc/meminfo", text, sizeof(text));
	value_of(text, "MemTotal", memory, sizeof(memory));
	if (uname(&system) != 0) {
		(void)snprintf(system.release, sizeof(system.release), "unknown");
	}
	if (getloadavg(&load, 1) != 1) {
		load = -1;
	}
	(void)printf("machine: %s, %ld cores, %s memory, Linux %s, %s, load %.1f\n", processor,
		     sysconf(_SC_NPROCESSORS_ONLN), memory, system.release, file_system(dir), load);
	(void)fflush(stdout);
}

bool bench_folder_make(char *out, size_t cap)
{
	const char *parent = getenv("TMPDIR");
	int n = snprintf(out, cap, "%s/bp-bench-XXXXXX",
			 parent && parent[0] == '/' ? parent : "/var/tmp");

	return n > 0 && (size_t)n < cap && mkdtemp(out) != NULL;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info;
	(void)kind;
	(void)where;
	(void)remove(path); /* a folder that stays is found by a person, not by a later run */
	return 0;
}

void bench_folder_remove(const char *path)
{
	enum { OPEN_FOLDERS = 16 };

	(void)nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
