/* SPDX-License-Identifier: MIT */
/**
 * codec.h - event_data: one zlib stream (RFC 1950) with a preset dictionary.
 *
 * Why:     a row of a few hundred bytes compresses well only against a dictionary, and fast only
 *          with a trained Huffman table (docs/performance.md). Any zlib reads it.
 * Shape:   FDICT set; the header's Adler-32 names the dictionary, which is stored in the database
 *          and in schema/. Written by ISA-L where libisal is built in, else by zlib level 6.
 * Threads: one thread owns a codec.
 */
#ifndef BP_STORE_CODEC_H
#define BP_STORE_CODEC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "store/sqlite.h"

struct bp_codec;

/** Owns: the caller, bp_codec_free(). Knows the built-in dictionary. */
struct bp_codec *bp_codec_new(void);
void bp_codec_free(struct bp_codec *codec);

/** For writers: put the built-in dictionary into zlib_dictionary when it is not there, then load.
 *  Errors: as bp_statement_run(). */
BP_MUSTUSE enum bp_rc bp_codec_store(struct bp_codec *codec, struct bp_sql *sql,
				     struct bp_err *err);

/** For readers: read the dictionaries that are there. Errors: as bp_statement_run(). */
BP_MUSTUSE enum bp_rc bp_codec_load(struct bp_codec *codec, struct bp_sql *sql, struct bp_err *err);

/** Append the compressed text to out. */
void bp_codec_pack(struct bp_codec *codec, struct bp_str text, struct bp_buf *out);

/** Append the inflated text to out. Errors: BP_ECORRUPT not such a stream, or an unknown
 *  dictionary; BP_ELIMIT larger than out allows. out may hold a part then. */
BP_MUSTUSE enum bp_rc bp_codec_unpack(struct bp_codec *codec, struct bp_str packed,
				      struct bp_buf *out, struct bp_err *err);

#endif
