/* SPDX-License-Identifier: MIT */
/**
 * bench.h - what the programs of tests/bench share: clocks, percentiles, interleaved runs, and the
 * one form in which a bar is printed.
 *
 * Why:     bars are ratios to primitives of the same run (docs/performance.md): a machine is slow
 *          for both at once. scripts/bench counts the lines that begin with "bar".
 * Threads: one.
 */
#ifndef BP_TESTS_BENCH_BENCH_H
#define BP_TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_RUNS = 5, BENCH_MEASURES_MAX = 8 };

/** Monotonic clock, seconds. */
double bench_now(void);

/** CPU time of this process, all threads, seconds. */
double bench_cpu(void);

/** CPU time of another process, all its threads that still live and those that ended, seconds.
 *  Its resolution is 10 ms; see bench_cpu_fine_of(). -1 when there is no such process. */
double bench_cpu_of(pid_t pid);

/** CPU time of the threads that another process has now, seconds, to the nanosecond. */
double bench_cpu_fine_of(pid_t pid);

/** A number of /proc/<pid>/status ("VmRSS", "VmHWM", "RssAnon"), MB; -1 when it has none. */
double bench_memory_of(pid_t pid, const char *name);

/** Bytes that a process has given to write(2) and its kin; -1 when there is no such process. */
double bench_written_of(pid_t pid);

/** Sorts values[n]; 0 <= p <= 1; 0 when n is 0. */
double bench_percentile(double *values, size_t n, double p);
double bench_median(double *values, size_t n);

/** One timed thing; returns its figure, negative when it failed. */
struct bench_measure {
	double (*run)(void *arg);
	void *arg;
};

/**
 * Run the n measures one after the other, BENCH_RUNS times over, so that all see the same machine.
 * Shape: medians[n], n <= BENCH_MEASURES_MAX. False: one of them failed.
 */
bool bench_interleave(const struct bench_measure *measures, size_t n, double *medians);

/**
 * Print "bar N  what  value unit  (bar <= limit)  PASS", or "distance 12 %" in place of PASS.
 * bar is its number in docs/performance.md. True: it passed.
 */
bool bench_at_most(const char *bar, const char *what, double value, double limit, const char *unit);
bool bench_at_least(const char *bar, const char *what, double value, double limit,
		    const char *unit);

/** Two figures of which one has to pass, as some bars say ("or 0.7 x the sum of its parts"). */
bool bench_either(const char *bar, const char *what, double value, double limit, const char *unit,
		  double ratio, double ratio_limit);

/** An indented line of explanation or of a primitive's figure. */
void bench_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** Say what this machine is: processor, cores, memory, kernel, file system of dir. */
void bench_machine(const char *dir);

/** A fresh folder below $TMPDIR or /var/tmp, on a disk and not in memory where possible. False:
 *  it could not be made. */
bool bench_folder_make(char *out, size_t cap);

/** Remove a folder made so, with everything in it. */
void bench_folder_remove(const char *path);

#endif
