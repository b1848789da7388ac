/* SPDX-License-Identifier: MIT */
#include "store/codec.h"

#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "store/deflate.h"
#include "store/dictionary.h"

enum {
	HEADER_BYTES = 6,  /* CMF, FLG with FDICT, Adler-32 of the dictionary */
	TRAILER_BYTES = 4, /* Adler-32 of the text */
	STORED_MAX = 65535,
	DICTIONARY_BYTES_MAX = 32768 /* the window: no more of it can be used */
};

struct dictionary {
	SLIST_ENTRY(dictionary) link;
	uint32_t adler;
	size_t len;
	unsigned char bytes[];
};

struct bp_codec {
	const struct bp_deflate_engine *engine;
	struct bp_deflate *deflate;
	SLIST_HEAD(, dictionary) dictionaries; /* what rows may name; the built-in one as well */
	uint32_t adler;                        /* of the built-in one */
	char *space;                           /* a stream before it is known to be small enough */
	size_t space_bytes;
};

static void put32(char *out, uint32_t value)
{
	out[0] = (char)(value >> 24);
	out[1] = (char)(value >> 16 & 0xFF);
	out[2] = (char)(value >> 8 & 0xFF);
	out[3] = (char)(value & 0xFF);
}

static uint32_t get32(const char *in)
{
	const unsigned char *bytes = (const unsigned char *)in;

	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static const struct dictionary *find(const struct bp_codec *codec, uint32_t adler)
{
	const struct dictionary *entry;

	SLIST_FOREACH (entry, &codec->dictionaries, link) {
		if (entry->adler == adler) {
			return entry;
		}
	}
	return NULL;
}

static void add_dictionary(struct bp_codec *codec, struct bp_str bytes)
{
	uint32_t adler = codec->engine->adler32(bytes);

	if (bytes.len == 0 || bytes.len > DICTIONARY_BYTES_MAX || find(codec, adler)) {
		return;
	}
	struct dictionary *entry = bp_calloc(1, sizeof(*entry) + bytes.len);
	memcpy(entry->bytes, bytes.ptr, bytes.len);
	entry->len = bytes.len;
	entry->adler = adler;
	SLIST_INSERT_HEAD(&codec->dictionaries, entry, link);
}

static struct bp_str built_in(void)
{
	return bp_str_make((const char *)bp_dictionary_bytes, bp_dictionary_length);
}

struct bp_codec *bp_codec_new_with(const struct bp_deflate_engine *engine)
{
	struct bp_codec *codec = bp_calloc(1, sizeof(*codec));

	codec->engine = engine;
	codec->deflate = engine->make();
	SLIST_INIT(&codec->dictionaries);
	codec->adler = engine->adler32(built_in());
	add_dictionary(codec, built_in());
	return codec;
}

struct bp_codec *bp_codec_new(void)
{
#ifdef BP_HAVE_ISAL
	return bp_codec_new_with(&bp_deflate_isal);
#else
	return bp_codec_new_with(&bp_deflate_zlib);
#endif
}

void bp_codec_free(struct bp_codec *codec)
{
	if (!codec) {
		return;
	}
	while (!SLIST_EMPTY(&codec->dictionaries)) {
		struct dictionary *entry = SLIST_FIRST(&codec->dictionaries);

		SLIST_REMOVE_HEAD(&codec->dictionaries, link);
		free(entry);
	}
	codec->engine->free(codec->deflate);
	free(codec->space);
	free(codec);
}

enum bp_rc bp_codec_load(struct bp_codec *codec, struct bp_sql *sql, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, "SELECT dict FROM zlib_dictionary", &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	while ((rc = bp_statement_step(statement, err)) == BP_OK) {
		add_dictionary(codec, bp_column_blob(statement, 0));
	}
	bp_statement_free(statement);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_codec_store(struct bp_codec *codec, struct bp_sql *sql, struct bp_err *err)
{
	static const char insert[] = "INSERT INTO zlib_dictionary (adler32, dict) VALUES (?1, ?2) "
				     "ON CONFLICT (adler32) DO NOTHING";
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, insert, &statement, err);

	if (rc != BP_OK) {
		return rc;
	}
	bp_bind_int(statement, 1, codec->adler);
	bp_bind_blob(statement, 2, bp_dictionary_bytes, bp_dictionary_length);
	rc = bp_statement_run(statement, err);
	bp_statement_free(statement);
	return rc == BP_OK ? bp_codec_load(codec, sql, err) : rc;
}

/* The deflate form of bytes that do not compress: blocks that hold them as they are. */
static size_t store_blocks(struct bp_str text, char *out)
{
	size_t at = 0;
	size_t written = 0;

	do {
		size_t n = text.len - at < STORED_MAX ? text.len - at : STORED_MAX;

		out[written++] = at + n == text.len ? 1 : 0;
		out[written++] = (char)(n & 0xFF);
		out[written++] = (char)(n >> 8);
		out[written++] = (char)(~n & 0xFF);
		out[written++] = (char)(~n >> 8 & 0xFF);
		if (n > 0) {
			memcpy(out + written, text.ptr + at, n);
		}
		written += n;
		at += n;
	} while (at < text.len);
	return written;
}

static void write_header(char *out, uint32_t adler)
{
	/* Deflate, window of 32 KiB; FDICT; the two bytes together a multiple of 31. */
	unsigned cmf = 0x78;
	unsigned flg = 0x20;

	flg += 31 - (cmf * 256 + flg) % 31;
	out[0] = (char)cmf;
	out[1] = (char)flg;
	put32(out + 2, adler);
}

void bp_codec_pack(struct bp_codec *codec, struct bp_str text, struct bp_buf *out)
{
	/* A stream that is no shorter is not wanted: this is also the size of stored blocks. */
	size_t plain = text.len + 5 * (text.len / STORED_MAX + 1);
	size_t need = HEADER_BYTES + plain + TRAILER_BYTES + 16;

	if (codec->space_bytes < need) {
		codec->space_bytes = need * 2;
		codec->space = bp_realloc(codec->space, codec->space_bytes, 1);
	}
	char *body = codec->space + HEADER_BYTES;
	size_t n = codec->engine->pack(codec->deflate, text, body, plain);
	if (n == 0) {
		n = store_blocks(text, body);
	}
	write_header(codec->space, codec->adler);
	put32(body + n, codec->engine->adler32(text));
	bp_buf_add(out, codec->space, HEADER_BYTES + n + TRAILER_BYTES);
}

static enum bp_rc inflate_growing(struct bp_codec *codec, struct bp_str body,
				  struct bp_str dictionary, struct bp_buf *out)
{
	size_t start = out->len;
	size_t room = body.len * 8 + 256;

	for (;;) {
		size_t left = out->max - start;
		size_t cap = room < left ? room : left;
		size_t n = 0;
		char *space = bp_buf_reserve(out, cap);
		if (!space) {
			return BP_ELIMIT;
		}
		enum bp_rc rc =
			codec->engine->unpack(codec->deflate, body, dictionary, space, cap, &n);
		if (rc != BP_ELIMIT || cap == left) {
			out->len = start + n;
			if (out->ptr) {
				out->ptr[out->len] = '\0';
			}
			return rc;
		}
		/* Rows that inflate more than eightfold are rare: start again with more room. */
		room *= 4;
	}
}

enum bp_rc bp_codec_unpack(struct bp_codec *codec, struct bp_str packed, struct bp_buf *out,
			   struct bp_err *err)
{
	const unsigned char *head = (const unsigned char *)packed.ptr;
	struct bp_str body = packed;
	struct bp_str dictionary = {NULL, 0};
	size_t header = 2;
	size_t start = out->len;

	if (packed.len < 2 + TRAILER_BYTES || (head[0] & 0x0F) != 8 ||
	    (head[0] * 256 + head[1]) % 31 != 0) {
		return bp_err_set(err, BP_ECORRUPT, "not a zlib stream");
	}
	if (head[1] & 0x20) {
		header = HEADER_BYTES;
		if (packed.len < HEADER_BYTES + TRAILER_BYTES) {
			return bp_err_set(err, BP_ECORRUPT, "the zlib stream is cut");
		}
		const struct dictionary *entry = find(codec, get32(packed.ptr + 2));
		if (!entry) {
			return bp_err_set(err, BP_ECORRUPT, "unknown dictionary %08x",
					  (unsigned)get32(packed.ptr + 2));
		}
		dictionary = bp_str_make((const char *)entry->bytes, entry->len);
	}
	body.ptr += header;
	body.len -= header + TRAILER_BYTES;
	enum bp_rc rc = inflate_growing(codec, body, dictionary, out);
	if (rc == BP_ELIMIT) {
		return bp_err_set(err, rc, "the inflated text is larger than %zu bytes",
				  out->max - start);
	}
	if (rc != BP_OK) {
		return bp_err_set(err, rc, "the zlib stream is broken");
	}
	struct bp_str text = bp_str_make(out->ptr ? out->ptr + start : "", out->len - start);
	if (codec->engine->adler32(text) != get32(body.ptr + body.len)) {
		return bp_err_set(err, BP_ECORRUPT, "the checksum of the zlib stream differs");
	}
	return BP_OK;
}
