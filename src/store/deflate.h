/* SPDX-License-Identifier: MIT */
/**
 * deflate.h - the raw deflate engine of a codec: ISA-L where it is built in, else zlib.
 *
 * Contract: both read and write the same format (RFC 1951, window 32 KiB, preset dictionary); a
 *          row written by one is read by the other.
 * Place:   inside src/store, below codec.c.
 * Threads: one thread owns an engine.
 */
#ifndef BP_STORE_DEFLATE_H
#define BP_STORE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/codec.h"

struct bp_deflate; /* each engine has its own */

struct bp_deflate_engine {
	const char *name;
	/** An engine that writes against the built-in dictionary. */
	struct bp_deflate *(*make)(void);
	void (*free)(struct bp_deflate *deflate);
	/** Compress text as one raw stream into out (cap bytes); its length, 0 when it does not fit. */
	size_t (*pack)(struct bp_deflate *deflate, struct bp_str text, char *out, size_t cap);
	/**
	 * Inflate one raw stream with this dictionary into out (cap bytes), *out_n bytes.
	 * Errors: BP_ELIMIT more than cap (out holds cap bytes); BP_ECORRUPT not such a stream, or
	 *         it does not end where packed ends.
	 */
	enum bp_rc (*unpack)(struct bp_deflate *deflate, struct bp_str packed,
			     struct bp_str dictionary, char *out, size_t cap, size_t *out_n);
	/** Adler-32 (RFC 1950) of the text. */
	uint32_t (*adler32)(struct bp_str text);
};

extern const struct bp_deflate_engine bp_deflate_zlib;
#ifdef BP_HAVE_ISAL
extern const struct bp_deflate_engine bp_deflate_isal;
#endif

/** As bp_codec_new(), with this engine. */
struct bp_codec *bp_codec_new_with(const struct bp_deflate_engine *engine);

#endif
