/* SPDX-License-Identifier: MIT */
/*
 * ISA-L level 0 with the dictionary hashed once and, for longer payloads, a Huffman table made once
 * from samples: ten times faster than zlib 6 (docs/performance.md). The library takes no const pointers;
 * it does not write through them.
 */
#include <isa-l/igzip_lib.h>
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "store/deflate.h"
#include "store/dictionary.h"

enum { STATIC_BYTES_MAX = 300 };

struct bp_deflate {
	struct isal_zstream out;
	struct isal_hufftables table;
	struct isal_dict dictionary;
	struct inflate_state in;
	char *space; /* the second of two attempts */
	size_t space_bytes;
	unsigned char dictionary_copy[ISAL_DEF_HIST_SIZE];
};

/* ISA-L's arguments lack const: a cast that the compiler would refuse otherwise. */
static uint8_t *unconst(const char *ptr)
{
	union {
		const char *in;
		uint8_t *out;
	} cast = {.in = ptr};

	return cast.out;
}

/*
 * Count the symbols that samples become with the dictionary in place: those of dictionary and
 * sample together minus those of the dictionary alone.
 */
static void train(struct bp_deflate *engine)
{
	struct isal_huff_histogram *all = bp_calloc(1, sizeof(*all));
	struct isal_huff_histogram *base = bp_calloc(1, sizeof(*base));
	struct bp_buf text;
	size_t n = 0;

	bp_buf_init(&text, 1 << 20);
	bp_buf_add(&text, bp_dictionary_bytes, bp_dictionary_length);
	isal_update_histogram((uint8_t *)text.ptr, (int)text.len, base);
	while (bp_dictionary_sample(n, &text)) {
		isal_update_histogram((uint8_t *)text.ptr, (int)text.len, all);
		text.len = bp_dictionary_length;
		n++;
	}
	for (size_t i = 0; i < ISAL_DEF_LIT_LEN_SYMBOLS; i++) {
		uint64_t of_dictionary = base->lit_len_histogram[i] * n;
		uint64_t both = all->lit_len_histogram[i];

		all->lit_len_histogram[i] = both > of_dictionary ? both - of_dictionary : 0;
	}
	for (size_t i = 0; i < ISAL_DEF_DIST_SYMBOLS; i++) {
		uint64_t of_dictionary = base->dist_histogram[i] * n;
		uint64_t both = all->dist_histogram[i];

		all->dist_histogram[i] = both > of_dictionary ? both - of_dictionary : 0;
	}
	BP_ASSERT(isal_create_hufftables(&engine->table, all) == 0);
	bp_buf_done(&text);
	free(base);
	free(all);
}

static struct bp_deflate *make(void)
{
	struct bp_deflate *engine = bp_calloc(1, sizeof(*engine));

	BP_ASSERT(bp_dictionary_length <= sizeof(engine->dictionary_copy));
	memcpy(engine->dictionary_copy, bp_dictionary_bytes, bp_dictionary_length);
	train(engine);
	isal_deflate_init(&engine->out);
	BP_ASSERT(isal_deflate_process_dict(&engine->out, &engine->dictionary,
					    engine->dictionary_copy,
					    (uint32_t)bp_dictionary_length) == COMP_OK);
	return engine;
}

static void done(struct bp_deflate *engine)
{
	if (engine) {
		free(engine->space);
		free(engine);
	}
}

static size_t pack_with(struct bp_deflate *engine, struct isal_hufftables *table, int type,
			struct bp_str text, char *out, size_t cap)
{
	struct isal_zstream *z = &engine->out;

	isal_deflate_reset(z);
	BP_ASSERT(isal_deflate_reset_dict(z, &engine->dictionary) == COMP_OK);
	BP_ASSERT(isal_deflate_set_hufftables(z, table, type) == COMP_OK);
	z->end_of_stream = 1;
	z->flush = NO_FLUSH;
	z->gzip_flag = IGZIP_DEFLATE;
	z->next_in = unconst(text.ptr);
	z->avail_in = (uint32_t)text.len;
	z->next_out = (uint8_t *)out;
	z->avail_out = (uint32_t)cap;
	if (isal_deflate(z) != COMP_OK || z->internal_state.state != ZSTATE_END) {
		return 0;
	}
	return cap - z->avail_out;
}

/*
 * A trained table costs 65 bytes in each stream, and most payloads are shorter than three hundred:
 * those are written with the table that every reader knows. Longer ones try both.
 */
static size_t pack(struct bp_deflate *engine, struct bp_str text, char *out, size_t cap)
{
	BP_ASSERT(text.len <= UINT32_MAX && cap <= UINT32_MAX);
	size_t n = pack_with(engine, NULL, IGZIP_HUFFTABLE_STATIC, text, out, cap);
	if (n > 0 && n <= STATIC_BYTES_MAX) {
		return n;
	}
	if (engine->space_bytes < cap) {
		engine->space_bytes = cap;
		engine->space = bp_realloc(engine->space, cap, 1);
	}
	size_t trained =
		pack_with(engine, &engine->table, IGZIP_HUFFTABLE_CUSTOM, text, engine->space, cap);
	if (trained > 0 && (n == 0 || trained < n)) {
		memcpy(out, engine->space, trained);
		n = trained;
	}
	return n;
}

static enum bp_rc unpack(struct bp_deflate *engine, struct bp_str packed, struct bp_str dictionary,
			 char *out, size_t cap, size_t *out_n)
{
	struct inflate_state *in = &engine->in;

	BP_ASSERT(packed.len <= UINT32_MAX && cap <= UINT32_MAX);
	isal_inflate_reset(in);
	in->crc_flag = ISAL_DEFLATE;
	if (dictionary.len > 0) {
		BP_ASSERT(isal_inflate_set_dict(in, unconst(dictionary.ptr),
						(uint32_t)dictionary.len) == COMP_OK);
	}
	in->next_in = unconst(packed.ptr);
	in->avail_in = (uint32_t)packed.len;
	in->next_out = (uint8_t *)out;
	in->avail_out = (uint32_t)cap;
	int code = isal_inflate(in);
	*out_n = cap - in->avail_out;
	if (code != ISAL_DECOMP_OK) {
		return BP_ECORRUPT;
	}
	if (in->block_state == ISAL_BLOCK_FINISH) {
		/* Whole bytes it has read ahead are given back. */
		return in->avail_in + (uint32_t)in->read_in_length / 8 == 0 ? BP_OK : BP_ECORRUPT;
	}
	return in->avail_out == 0 ? BP_ELIMIT : BP_ECORRUPT;
}

static uint32_t checksum(struct bp_str text)
{
	return isal_adler32(1, (const unsigned char *)text.ptr, text.len);
}

const struct bp_deflate_engine bp_deflate_isal = {
	.name = "isa-l",
	.make = make,
	.free = done,
	.pack = pack,
	.unpack = unpack,
	.adler32 = checksum,
};
