/* SPDX-License-Identifier: MIT */
#include "event/hash.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "event/hash_block.h"
#include "support/run.h"

static char big[1000000];
static struct bp_hash_key key;

static void start(void)
{
	unsigned char salt[BP_SALT_BYTES];

	for (size_t i = 0; i < sizeof(salt); i++) {
		salt[i] = (unsigned char)i;
	}
	bp_hash_key_init(&key, salt);
}

static void assert_sha(const char *bytes, size_t n, size_t step, const char *want)
{
	struct bp_sha256 sha;
	unsigned char digest[BP_SHA256_BYTES];
	char hex[2 * BP_SHA256_BYTES + 1];

	bp_sha256_init(&sha);
	for (size_t at = 0; at < n; at += step) {
		bp_sha256_add(&sha, bytes + at, n - at < step ? n - at : step);
	}
	bp_sha256_end(&sha, digest);
	for (size_t i = 0; i < sizeof(digest); i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	}
	ck_assert_str_eq(hex, want);
}

/** FIPS 180-4's examples, and the lengths at which the padding changes. */
static void check_sha(void)
{
	static const struct {
		char byte;
		size_t n;
		const char *want;
	} rows[] = {
		{'a', 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
		{'x', 55, "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"},
		{'x', 56, "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"},
		{'x', 63, "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"},
		{'x', 64, "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"},
		{'x', 119, "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"}};
	static const size_t steps[] = {1000000, 1, 63, 64, 65, 1000};

	assert_sha("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_sha("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_sha("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, 7,
		   "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(big, rows[i].byte, rows[i].n);
		for (size_t k = 0; k < sizeof(steps) / sizeof(steps[0]); k++) {
			assert_sha(big, rows[i].n, steps[k], rows[i].want);
		}
	}
}

START_TEST(sha256_gives_the_published_digests_in_pieces_of_any_size)
{
	check_sha();
}
END_TEST

START_TEST(the_processors_sha_gives_the_same)
{
	if (!bp_sha256_use_ni()) {
		(void)fprintf(stderr, "skipped: no SHA instructions here\n");
		return;
	}
	ck_assert(bp_sha256_blocks != bp_sha256_blocks_portable);
	check_sha();
	bp_sha256_blocks = bp_sha256_blocks_portable;
}
END_TEST

static void assert_hmac(const char *salt, size_t n_salt, struct bp_str text, const char *want)
{
	/* A key shorter than a block is filled with zeros, so 32 bytes take the RFC's shorter ones. */
	unsigned char padded[BP_SALT_BYTES] = {0};
	struct bp_hash_key rfc;

	memcpy(padded, salt, n_salt);
	bp_hash_key_init(&rfc, padded);
	ck_assert_str_eq(bp_hash_text(&rfc, text).text, want);
}

START_TEST(keyed_hashes_are_the_first_bytes_of_rfc_4231)
{
	char text[50];

	memset(text, 0xdd, sizeof(text));
	assert_hmac("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
		    "\x0b\x0b\x0b",
		    20, BP_STR("Hi There"), "b0344c61d8db3853");
	assert_hmac("Jefe", 4, BP_STR("what do ya want for nothing?"), "5bdcc146bf60754e");
	assert_hmac("\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
		    "\xaa\xaa\xaa",
		    20, bp_str_make(text, sizeof(text)), "773ea91e36800e46");
}
END_TEST

static void assert_filled(char byte, size_t n, const char *want)
{
	memset(big, byte, n);
	ck_assert_str_eq(bp_hash_text(&key, bp_str_make(big, n)).text, want);
}

START_TEST(a_salt_of_32_bytes_gives_what_python_gives)
{
	ck_assert_str_eq(bp_hash_text(&key, BP_STR("")).text, "d38b42096d80f45f");
	ck_assert_str_eq(bp_hash_text(&key, (struct bp_str){NULL, 0}).text, "d38b42096d80f45f");
	ck_assert_str_eq(bp_hash_text(&key, BP_STR("hello")).text, "53c40272a70c15ca");
	assert_filled('a', 55, "d5cc4f7313596a85");
	assert_filled('b', 64, "f022e091703b4298");
	assert_filled('c', 65536, "612f8ac05a29a191");
}
END_TEST

START_TEST(a_text_over_64_kib_counts_by_its_first_part_and_its_length)
{
	assert_filled('d', 70000, "e9fb982fd02c0ee4");
	big[69999] = 'x';
	ck_assert_str_eq(bp_hash_text(&key, bp_str_make(big, 70000)).text, "e9fb982fd02c0ee4");
	ck_assert_str_ne(bp_hash_text(&key, bp_str_make(big, 70001)).text, "e9fb982fd02c0ee4");
	big[65535] = 'x';
	ck_assert_str_ne(bp_hash_text(&key, bp_str_make(big, 70000)).text, "e9fb982fd02c0ee4");
}
END_TEST

static struct bp_json open_ok(struct bp_str text)
{
	struct bp_json value = {0};

	ck_assert(bp_json_open(text, &value));
	return value;
}

START_TEST(a_json_string_hashes_as_its_text)
{
	struct bp_json value =
		open_ok(BP_STR("\"Gr\\u00fc\xC3\x9F\x65 \\u20ac\\ud83d\\ude00\\n\\\"q\\\"\\\\\""));

	ck_assert_str_eq(bp_hash_json(&key, value).text, "750ae6a663744f71");
	/* 70000 decoded bytes, each an escape: pieces and limit do not meet. */
	big[0] = '"';
	for (size_t i = 0; i < 70000; i++) {
		memcpy(big + 1 + 6 * i, "\\u0064", 6);
	}
	big[1 + 6 * 70000] = '"';
	value = open_ok(bp_str_make(big, 2 + 6 * 70000));
	ck_assert_str_eq(bp_hash_json(&key, value).text, "e9fb982fd02c0ee4");
	ck_assert_str_eq(bp_hash_json(&key, open_ok(BP_STR("[]"))).text, "d38b42096d80f45f");
}
END_TEST

static void assert_path(const char *path, const char *cwd, const char *folded)
{
	struct bp_hash_hex got = bp_hash_path(&key, bp_str_from(path), bp_str_from(cwd));

	ck_assert_msg(strcmp(got.text, bp_hash_text(&key, bp_str_from(folded)).text) == 0,
		      "%s in %s is not %s", path, cwd ? cwd : "nothing", folded);
}

START_TEST(paths_are_folded_before_they_are_hashed)
{
	assert_path("/home/dev/p/x.c", "/elsewhere", "/home/dev/p/x.c");
	assert_path("x.c", "/home/dev/p", "/home/dev/p/x.c");
	assert_path("./a/../x.c", "/home/dev/p/", "/home/dev/p/x.c");
	assert_path("//home///dev/./p/x.c", NULL, "/home/dev/p/x.c");
	assert_path("../../x.c", "/home/dev/p", "/home/x.c");
	assert_path("/../../x.c", NULL, "/x.c");
	assert_path("/a/..", NULL, "/");
	assert_path("/a/b/", NULL, "/a/b");
	assert_path("", "/a/b", "/a/b");
	assert_path("/a/..b/...", NULL, "/a/..b/...");
}
END_TEST

START_TEST(a_relative_path_without_a_root_keeps_the_steps_up_that_lead_out)
{
	assert_path("a/b/../c", NULL, "a/c");
	assert_path("../x", NULL, "../x");
	assert_path("../../x", NULL, "../../x");
	assert_path("a/../../x", NULL, "../x");
	assert_path("../a/../x", NULL, "../x");
	assert_path("x", "rel/./dir", "rel/dir/x");
	assert_path("..a/../x", NULL, "x");
}
END_TEST

START_TEST(a_path_that_is_too_long_is_hashed_as_it_stands)
{
	memset(big, 'p', 4200);
	memcpy(big, "/./", 3);
	struct bp_str path = bp_str_make(big, 4097);
	ck_assert_str_eq(bp_hash_path(&key, path, BP_STR("/c")).text,
			 bp_hash_text(&key, path).text);
	path.len = 4096;
	ck_assert_str_eq(bp_hash_path(&key, path, BP_STR("/c")).text,
			 bp_hash_text(&key, bp_str_make(big + 2, 4094)).text);
	path = bp_str_make(big + 3, 4093);
	ck_assert_str_eq(bp_hash_path(&key, path, BP_STR("/cc")).text,
			 bp_hash_text(&key, path).text);
}
END_TEST

BP_TEST_MAIN(start, NULL, sha256_gives_the_published_digests_in_pieces_of_any_size,
	     the_processors_sha_gives_the_same, keyed_hashes_are_the_first_bytes_of_rfc_4231,
	     a_salt_of_32_bytes_gives_what_python_gives,
	     a_text_over_64_kib_counts_by_its_first_part_and_its_length,
	     a_json_string_hashes_as_its_text, paths_are_folded_before_they_are_hashed,
	     a_relative_path_without_a_root_keeps_the_steps_up_that_lead_out,
	     a_path_that_is_too_long_is_hashed_as_it_stands)
