/* SPDX-License-Identifier: MIT */
#include "store/codec.h"

#include <stdint.h>
#include <zlib.h>

#include "store/deflate.h"
#include "store/dictionary.h"
#include "store/store.h"
#include "support/run.h"
#include "unit/store/scratch.h"

enum { TEXT_MAX = 6 << 20, KINDS = 5 };

static char *text_space;
static char *plain_space;

static uint64_t random_state = 42;

static uint32_t next_random(void)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random_state >> 33);
}

/* Texts that are hard in different ways. */
static struct bp_str make_text(int kind, size_t n)
{
	static const char words[] =
		"{\"results\":[{\"id\":\"toolu_01\",\"rank\":50,\"tool\":\"Bash\"}";

	for (size_t i = 0; i < n; i++) {
		switch (kind) {
		case 0: /* incompressible */
			text_space[i] = (char)next_random();
			break;
		case 1: /* all the same */
			text_space[i] = 'a';
			break;
		case 2: /* like the dictionary */
			text_space[i] = (char)bp_dictionary_bytes[(i + n) % bp_dictionary_length];
			break;
		case 3: /* like a payload */
			text_space[i] = next_random() % 7 ? words[i % (sizeof(words) - 1)]
							  : (char)('0' + next_random() % 10);
			break;
		default: /* few letters */
			text_space[i] = (char)('a' + next_random() % 4);
			break;
		}
	}
	return bp_str_make(text_space, n);
}

/* What any program with zlib and the dictionary does. */
static void assert_stock_zlib_reads(struct bp_str packed, struct bp_str text, const char *what)
{
	z_stream z = {0};

	ck_assert_int_eq(inflateInit(&z), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)packed.ptr;
	z.avail_in = (uInt)packed.len;
	z.next_out = (Bytef *)plain_space;
	z.avail_out = TEXT_MAX + 1;
	ck_assert_msg(inflate(&z, Z_FINISH) == Z_NEED_DICT, "%s: no FDICT", what);
	ck_assert_uint_eq(z.adler, adler32_z(1, bp_dictionary_bytes, bp_dictionary_length));
	ck_assert_int_eq(inflateSetDictionary(&z, bp_dictionary_bytes, (uInt)bp_dictionary_length),
			 Z_OK);
	ck_assert_msg(inflate(&z, Z_FINISH) == Z_STREAM_END, "%s: %s", what, z.msg ? z.msg : "");
	ck_assert_msg(z.total_out == text.len && z.avail_in == 0, "%s: length", what);
	ck_assert_msg(text.len == 0 || memcmp(plain_space, text.ptr, text.len) == 0, "%s: bytes",
		      what);
	(void)inflateEnd(&z);
}

static void assert_unpacks(struct bp_codec *codec, struct bp_str packed, struct bp_str text,
			   const char *what)
{
	struct bp_err err = {0};
	struct bp_buf out;

	bp_buf_init(&out, TEXT_MAX);
	enum bp_rc rc = bp_codec_unpack(codec, packed, &out, &err);
	ck_assert_msg(rc == BP_OK, "%s: %s", what, err.msg);
	ck_assert_msg(bp_str_eq(bp_buf_str(&out), text), "%s: other bytes", what);
	bp_buf_done(&out);
}

static void round_trip(struct bp_codec *writer, struct bp_codec *reader, int kind, size_t n)
{
	char what[64];
	struct bp_buf packed;
	struct bp_str text = make_text(kind, n);

	(void)snprintf(what, sizeof(what), "kind %d, %zu bytes", kind, n);
	bp_buf_init(&packed, 2 * TEXT_MAX);
	bp_codec_pack(writer, text, &packed);
	ck_assert(bp_buf_ok(&packed));
	/* Header, trailer, five bytes for every 64 KiB that did not compress. */
	ck_assert_msg(packed.len <= n + 10 + 5 * (n / 65535 + 1), "%s: it grew", what);
	assert_stock_zlib_reads(bp_buf_str(&packed), text, what);
	assert_unpacks(writer, bp_buf_str(&packed), text, what);
	assert_unpacks(reader, bp_buf_str(&packed), text, what);
	bp_buf_done(&packed);
}

static void try_all_sizes(const struct bp_deflate_engine *engine)
{
	static const size_t sizes[] = {0,     1,     2,      3,      31,      257,
				       258,   259,   4095,   32767,  32768,   65534,
				       65535, 65536, 131070, 131071, 1 << 20, TEXT_MAX};
	struct bp_codec *writer = bp_codec_new_with(engine);
	struct bp_codec *reader = bp_codec_new_with(&bp_deflate_zlib);

	for (int kind = 0; kind < KINDS; kind++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			round_trip(writer, reader, kind, sizes[i]);
		}
		for (int i = 0; i < 400; i++) {
			round_trip(writer, reader, kind, next_random() % 4000);
		}
	}
	bp_codec_free(reader);
	bp_codec_free(writer);
}

START_TEST(stock_zlib_reads_what_zlib_wrote)
{
	try_all_sizes(&bp_deflate_zlib);
}
END_TEST

START_TEST(stock_zlib_reads_what_isal_wrote)
{
#ifdef BP_HAVE_ISAL
	try_all_sizes(&bp_deflate_isal);
#endif
}
END_TEST

START_TEST(each_engine_reads_the_other)
{
#ifdef BP_HAVE_ISAL
	struct bp_codec *zlib = bp_codec_new_with(&bp_deflate_zlib);
	struct bp_codec *isal = bp_codec_new_with(&bp_deflate_isal);

	for (int i = 0; i < 500; i++) {
		round_trip(zlib, isal, i % KINDS, next_random() % 3000);
	}
	bp_codec_free(isal);
	bp_codec_free(zlib);
#endif
}
END_TEST

START_TEST(a_payload_shrinks_well)
{
	struct bp_codec *codec = bp_codec_new();
	struct bp_buf text;
	struct bp_buf packed;
	size_t raw_bytes = 0;

	bp_buf_init(&text, TEXT_MAX);
	bp_buf_init(&packed, TEXT_MAX);
	for (size_t i = 0; bp_dictionary_sample(i, &text); i++) {
		raw_bytes += text.len;
		bp_codec_pack(codec, bp_buf_str(&text), &packed);
		bp_buf_clear(&text);
	}
	/* A third of a sample is random, 4 to 6 bits a letter; 10 bytes are the format. */
	ck_assert_msg(packed.len * 10 < raw_bytes * 6, "%zu of %zu bytes", packed.len, raw_bytes);
	bp_buf_done(&packed);
	bp_buf_done(&text);
	bp_codec_free(codec);
}
END_TEST

static void assert_corrupt(struct bp_codec *codec, struct bp_str packed)
{
	struct bp_err err = {0};
	struct bp_buf out;

	bp_buf_init(&out, 1 << 16);
	enum bp_rc rc = bp_codec_unpack(codec, packed, &out, &err);
	ck_assert_msg(rc == BP_ECORRUPT || rc == BP_ELIMIT, "%s", bp_rc_text(rc));
	ck_assert(err.msg[0] != '\0');
	bp_buf_done(&out);
}

static void try_broken_streams(const struct bp_deflate_engine *engine)
{
	struct bp_codec *codec = bp_codec_new_with(engine);
	struct bp_buf packed;

	bp_buf_init(&packed, 1 << 16);
	bp_codec_pack(codec, make_text(3, 900), &packed);
	for (size_t n = 0; n < packed.len; n++) {
		assert_corrupt(codec, bp_str_make(packed.ptr, n));
	}
	for (size_t i = 0; i < packed.len; i++) {
		packed.ptr[i] = (char)(packed.ptr[i] ^ 0x55);
		assert_corrupt(codec, bp_buf_str(&packed));
		packed.ptr[i] = (char)(packed.ptr[i] ^ 0x55);
	}
	bp_buf_add_char(&packed, 'x');
	assert_corrupt(codec, bp_buf_str(&packed));
	bp_buf_done(&packed);
	bp_codec_free(codec);
}

START_TEST(every_cut_and_every_changed_byte_is_noticed)
{
	try_broken_streams(&bp_deflate_zlib);
#ifdef BP_HAVE_ISAL
	try_broken_streams(&bp_deflate_isal);
#endif
}
END_TEST

START_TEST(text_over_the_limit_is_said_to_be)
{
	struct bp_codec *codec = bp_codec_new();
	struct bp_err err = {0};
	struct bp_buf packed;
	struct bp_buf out;

	bp_buf_init(&packed, 1 << 20);
	bp_buf_init(&out, 9999);
	bp_codec_pack(codec, make_text(1, 10000), &packed);
	ck_assert_rc(bp_codec_unpack(codec, bp_buf_str(&packed), &out, &err), BP_ELIMIT);
	bp_buf_done(&out);
	bp_buf_init(&out, 10000);
	ck_assert_ok(bp_codec_unpack(codec, bp_buf_str(&packed), &out, &err), err);
	bp_buf_done(&out);
	bp_buf_done(&packed);
	bp_codec_free(codec);
}
END_TEST

START_TEST(a_stream_without_a_dictionary_is_read)
{
	struct bp_codec *codec = bp_codec_new();
	char packed[200];
	uLongf n = sizeof(packed);

	ck_assert_int_eq(compress((Bytef *)packed, &n, (const Bytef *)"hello hello", 11), Z_OK);
	assert_unpacks(codec, bp_str_make(packed, n), BP_STR("hello hello"), "plain");
	bp_codec_free(codec);
}
END_TEST

START_TEST(a_dictionary_of_another_version_is_read_from_the_database)
{
	static const char other[] = "the dictionary of another version";
	struct bp_codec *codec = bp_codec_new();
	struct bp_err err = {0};
	struct bp_statement *insert = NULL;
	struct bp_sql *sql = scratch_open(BP_SQL_WRITE);
	char packed[200];
	z_stream z = {0};

	ck_assert_int_eq(deflateInit(&z, 6), Z_OK);
	ck_assert_int_eq(deflateSetDictionary(&z, (const Bytef *)other, sizeof(other)), Z_OK);
	z.next_in = (Bytef *)(uintptr_t)other;
	z.avail_in = sizeof(other);
	z.next_out = (Bytef *)packed;
	z.avail_out = sizeof(packed);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	struct bp_str row = bp_str_make(packed, z.total_out);
	assert_corrupt(codec, row);
	ck_assert_ok(bp_store_migrate(sql, &err), err);
	ck_assert_ok(bp_statement_new(sql,
				      "INSERT INTO zlib_dictionary (adler32, dict) "
				      "VALUES (?1, ?2)",
				      &insert, &err),
		     err);
	bp_bind_int(insert, 1, (int64_t)adler32_z(1, (const Bytef *)other, sizeof(other)));
	bp_bind_blob(insert, 2, other, sizeof(other));
	ck_assert_ok(bp_statement_run(insert, &err), err);
	bp_statement_free(insert);
	/* Twice: the built-in one is stored once. */
	ck_assert_ok(bp_codec_store(codec, sql, &err), err);
	ck_assert_ok(bp_codec_store(codec, sql, &err), err);
	assert_unpacks(codec, row, bp_str_make(other, sizeof(other)), "other dictionary");
	bp_sql_close(sql);
	bp_codec_free(codec);
	(void)deflateEnd(&z);
}
END_TEST

static void set_up(void)
{
	scratch_set_up();
	text_space = calloc(1, TEXT_MAX + 1);
	plain_space = calloc(1, TEXT_MAX + 1);
}

static void tear_down(void)
{
	free(text_space);
	free(plain_space);
	scratch_tear_down();
}

BP_TEST_MAIN(set_up, tear_down, stock_zlib_reads_what_zlib_wrote, stock_zlib_reads_what_isal_wrote,
	     each_engine_reads_the_other, a_payload_shrinks_well,
	     every_cut_and_every_changed_byte_is_noticed, text_over_the_limit_is_said_to_be,
	     a_stream_without_a_dictionary_is_read,
	     a_dictionary_of_another_version_is_read_from_the_database)
