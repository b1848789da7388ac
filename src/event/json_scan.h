/* SPDX-License-Identifier: MIT */
/**
 * json_scan.h - the block scanners behind json.c, and which of them is in use.
 *
 * Why:     64 bytes become five 64-bit masks (quotes, backslashes, brackets, control bytes); what
 *          is inside a string follows from a prefix-xor over the quotes that no odd run of
 *          backslashes escapes. The same code is compiled per instruction set (json_kernel.inc).
 * Contract: no byte outside ptr..end-1 is read: the last block is shifted back or copied.
 * Place:   inside src/event; libc only.
 * Threads: bp_json_kernel is replaced only before the first thread starts.
 */
#ifndef BP_EVENT_JSON_SCAN_H
#define BP_EVENT_JSON_SCAN_H

#include <stdint.h>

#include "event/json.h"

struct bp_json_kernel {
	/** Check a whole container at ptr; just after its closing bracket, or NULL. */
	const char *(*check)(const char *ptr, const char *end);

	/** The end of a container that was checked: just after its closing bracket, or NULL. */
	const char *(*skip)(const char *ptr, const char *end);

	/** From inside a string: its closing quote, or NULL. */
	const char *(*quote)(const char *ptr, const char *end);

	/** bp_json_pick() of an object that was checked; out[] is absent so far, n <= 64. */
	void (*pick)(const struct bp_json *object, const struct bp_str *keys, struct bp_json *out,
		     size_t n);
};

/** The one in use: SSE2 on x86-64, plain C elsewhere, until bp_json_use_avx2(). */
extern const struct bp_json_kernel *bp_json_kernel;

extern const struct bp_json_kernel bp_json_kernel_plain;
extern const struct bp_json_kernel bp_json_kernel_sse2; /* x86-64 only */

/** What a kernel sees of 64 bytes: bit i speaks of byte i. */
struct bp_json_block {
	uint64_t quote;
	uint64_t backslash;
	uint64_t open;    /* { and [ */
	uint64_t close;   /* } and ] */
	uint64_t control; /* below 0x20 */
};

#endif
