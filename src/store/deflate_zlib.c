/* SPDX-License-Identifier: MIT */
#define ZLIB_CONST /* input is const */
#include <limits.h>
#include <zlib.h>

#include "base/mem.h"
#include "store/deflate.h"
#include "store/dictionary.h"

enum { LEVEL = 6, MEM_LEVEL = 8 };

/* zlib's streams are made once and reset per row: making one costs more than a row does. */
struct bp_deflate {
	z_stream out;
	z_stream in;
};

static struct bp_deflate *make(void)
{
	struct bp_deflate *engine = bp_calloc(1, sizeof(*engine));

	/* Raw, so that the header and trailer are codec.c's. They fail only for lack of memory. */
	BP_ASSERT(deflateInit2(&engine->out, LEVEL, Z_DEFLATED, -MAX_WBITS, MEM_LEVEL,
			       Z_DEFAULT_STRATEGY) == Z_OK);
	BP_ASSERT(inflateInit2(&engine->in, -MAX_WBITS) == Z_OK);
	return engine;
}

static void done(struct bp_deflate *engine)
{
	if (engine) {
		(void)deflateEnd(&engine->out);
		(void)inflateEnd(&engine->in);
		free(engine);
	}
}

static size_t pack(struct bp_deflate *engine, struct bp_str text, char *out, size_t cap)
{
	z_stream *z = &engine->out;

	BP_ASSERT(text.len <= UINT_MAX && cap <= UINT_MAX);
	BP_ASSERT(deflateReset(z) == Z_OK);
	BP_ASSERT(deflateSetDictionary(z, bp_dictionary_bytes, (uInt)bp_dictionary_length) == Z_OK);
	z->next_in = (const Bytef *)text.ptr;
	z->avail_in = (uInt)text.len;
	z->next_out = (Bytef *)out;
	z->avail_out = (uInt)cap;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? cap - z->avail_out : 0;
}

static enum bp_rc unpack(struct bp_deflate *engine, struct bp_str packed, struct bp_str dictionary,
			 char *out, size_t cap, size_t *out_n)
{
	z_stream *z = &engine->in;
	Bytef none = 0;

	BP_ASSERT(packed.len <= UINT_MAX && cap <= UINT_MAX);
	BP_ASSERT(inflateReset(z) == Z_OK);
	if (dictionary.len > 0) {
		BP_ASSERT(inflateSetDictionary(z, (const Bytef *)dictionary.ptr,
					       (uInt)dictionary.len) == Z_OK);
	}
	z->next_in = (const Bytef *)packed.ptr;
	z->avail_in = (uInt)packed.len;
	z->next_out = cap > 0 ? (Bytef *)out : &none;
	z->avail_out = (uInt)cap;
	int code = inflate(z, Z_FINISH);
	*out_n = cap - z->avail_out;
	if (code == Z_STREAM_END) {
		return z->avail_in == 0 ? BP_OK : BP_ECORRUPT;
	}
	/* Z_BUF_ERROR: either side came to its end. */
	return code == Z_BUF_ERROR && z->avail_out == 0 ? BP_ELIMIT : BP_ECORRUPT;
}

static uint32_t checksum(struct bp_str text)
{
	return (uint32_t)adler32_z(1, (const Bytef *)text.ptr, text.len);
}

const struct bp_deflate_engine bp_deflate_zlib = {
	.name = "zlib",
	.make = make,
	.free = done,
	.pack = pack,
	.unpack = unpack,
	.adler32 = checksum,
};
