/* SPDX-License-Identifier: MIT */
#include "event/hash.h"

#include "event/hash_block.h"

enum { BLOCK_BYTES = 64, PATH_MAX_BYTES = 4096 };

const uint32_t bp_sha256_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2};

bp_sha256_blocks_fn bp_sha256_blocks = bp_sha256_blocks_portable;

static uint32_t rotate(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_big_endian(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/** One round; the caller turns the names instead of moving eight words. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
	do {                                                                                       \
		uint32_t t1 = (h) + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +               \
			      ((g) ^ ((e) & ((f) ^ (g)))) + bp_sha256_constants[i] + w[i];         \
		uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +                     \
			      (((a) & (b)) | ((c) & ((a) | (b))));                                 \
		(d) += t1;                                                                         \
		(h) = t1 + t2;                                                                     \
	} while (0)

void bp_sha256_blocks_portable(uint32_t state[8], const unsigned char *blocks, size_t n)
{
	for (; n > 0; n--, blocks += BLOCK_BYTES) {
		uint32_t w[64];
		uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
		uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

		for (size_t i = 0; i < 16; i++) {
			w[i] = load_big_endian(blocks + 4 * i);
		}
		for (size_t i = 16; i < 64; i++) {
			uint32_t s0 = w[i - 15], s1 = w[i - 2];
			s0 = rotate(s0, 7) ^ rotate(s0, 18) ^ s0 >> 3;
			s1 = rotate(s1, 17) ^ rotate(s1, 19) ^ s1 >> 10;
			w[i] = w[i - 16] + s0 + w[i - 7] + s1;
		}
		for (size_t i = 0; i < 64; i += 8) {
			ROUND(a, b, c, d, e, f, g, h, i);
			ROUND(h, a, b, c, d, e, f, g, i + 1);
			ROUND(g, h, a, b, c, d, e, f, i + 2);
			ROUND(f, g, h, a, b, c, d, e, i + 3);
			ROUND(e, f, g, h, a, b, c, d, i + 4);
			ROUND(d, e, f, g, h, a, b, c, i + 5);
			ROUND(c, d, e, f, g, h, a, b, i + 6);
			ROUND(b, c, d, e, f, g, h, a, i + 7);
		}
		state[0] += a;
		state[1] += b;
		state[2] += c;
		state[3] += d;
		state[4] += e;
		state[5] += f;
		state[6] += g;
		state[7] += h;
	}
}

void bp_sha256_init(struct bp_sha256 *sha)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(sha->state, start, sizeof(start));
	sha->total_bytes = 0;
}

void bp_sha256_add(struct bp_sha256 *sha, const void *bytes, size_t n)
{
	const unsigned char *at = bytes;
	size_t held = sha->total_bytes % BLOCK_BYTES;

	if (n == 0) {
		return;
	}
	sha->total_bytes += n;
	if (held > 0) {
		size_t taken = BLOCK_BYTES - held < n ? BLOCK_BYTES - held : n;
		memcpy(sha->block + held, at, taken);
		at += taken;
		n -= taken;
		if (held + taken < BLOCK_BYTES) {
			return;
		}
		bp_sha256_blocks(sha->state, sha->block, 1);
	}
	if (n >= BLOCK_BYTES) {
		bp_sha256_blocks(sha->state, at, n / BLOCK_BYTES);
		at += n / BLOCK_BYTES * BLOCK_BYTES;
		n %= BLOCK_BYTES;
	}
	if (n > 0) {
		memcpy(sha->block, at, n);
	}
}

static void put_big_endian(unsigned char *out, uint64_t value, size_t n)
{
	for (size_t i = n; i-- > 0; value >>= 8) {
		out[i] = (unsigned char)value;
	}
}

void bp_sha256_end(struct bp_sha256 *sha, unsigned char out[BP_SHA256_BYTES])
{
	size_t held = sha->total_bytes % BLOCK_BYTES;

	sha->block[held++] = 0x80;
	if (held > BLOCK_BYTES - 8) {
		memset(sha->block + held, 0, BLOCK_BYTES - held);
		bp_sha256_blocks(sha->state, sha->block, 1);
		held = 0;
	}
	memset(sha->block + held, 0, BLOCK_BYTES - 8 - held);
	put_big_endian(sha->block + BLOCK_BYTES - 8, sha->total_bytes * 8, 8);
	bp_sha256_blocks(sha->state, sha->block, 1);
	for (size_t i = 0; i < 8; i++) {
		put_big_endian(out + 4 * i, sha->state[i], 4);
	}
}

void bp_hash_key_init(struct bp_hash_key *key, const unsigned char salt[BP_SALT_BYTES])
{
	unsigned char inner[BLOCK_BYTES], outer[BLOCK_BYTES];

	for (size_t i = 0; i < BLOCK_BYTES; i++) {
		unsigned char byte = i < BP_SALT_BYTES ? salt[i] : 0;
		inner[i] = byte ^ 0x36;
		outer[i] = byte ^ 0x5c;
	}
	bp_sha256_init(&key->inner);
	bp_sha256_add(&key->inner, inner, sizeof(inner));
	bp_sha256_init(&key->outer);
	bp_sha256_add(&key->outer, outer, sizeof(outer));
}

/** The inner hash is complete but for its end: add the outer one and cut to 8 bytes of hex. */
static struct bp_hash_hex finish(const struct bp_hash_key *key, struct bp_sha256 *inner)
{
	static const char digits[] = "0123456789abcdef";
	struct bp_sha256 outer = key->outer;
	unsigned char digest[BP_SHA256_BYTES];
	struct bp_hash_hex hex;

	bp_sha256_end(inner, digest);
	bp_sha256_add(&outer, digest, sizeof(digest));
	bp_sha256_end(&outer, digest);
	for (size_t i = 0; i < BP_HASH_HEX_BYTES / 2; i++) {
		hex.text[2 * i] = digits[digest[i] >> 4];
		hex.text[2 * i + 1] = digits[digest[i] & 15];
	}
	hex.text[BP_HASH_HEX_BYTES] = '\0';
	return hex;
}

/** What stands for the part of a text that is not hashed: the whole length, 8 bytes big-endian. */
static void add_length(struct bp_sha256 *sha, uint64_t length)
{
	unsigned char bytes[8];

	put_big_endian(bytes, length, sizeof(bytes));
	bp_sha256_add(sha, bytes, sizeof(bytes));
}

struct bp_hash_hex bp_hash_text(const struct bp_hash_key *key, struct bp_str text)
{
	struct bp_sha256 sha = key->inner;

	if (text.len > BP_HASH_TEXT_MAX) {
		bp_sha256_add(&sha, text.ptr, BP_HASH_TEXT_MAX);
		add_length(&sha, text.len);
	} else {
		bp_sha256_add(&sha, text.ptr, text.len);
	}
	return finish(key, &sha);
}

struct bp_hash_hex bp_hash_json(const struct bp_hash_key *key, struct bp_json value)
{
	struct bp_json_text text = bp_json_text_start(value);
	struct bp_sha256 sha = key->inner;
	char piece[1024];
	uint64_t total = 0;
	size_t n;

	while ((n = bp_json_text_next(&text, piece, sizeof(piece))) > 0) {
		if (total < BP_HASH_TEXT_MAX) {
			uint64_t left = BP_HASH_TEXT_MAX - total;
			bp_sha256_add(&sha, piece, n < left ? n : (size_t)left);
		}
		total += n;
	}
	if (total > BP_HASH_TEXT_MAX) {
		add_length(&sha, total);
	}
	return finish(key, &sha);
}

/**
 * Append the components of part to out[0..len-1], folding as it goes: "" and "." vanish, ".." takes
 * the component before it away (at the root, nothing; before the start of a relative path it stays).
 */
static size_t fold(char *out, size_t len, struct bp_str part, bool absolute)
{
	size_t at = 0;

	while (at < part.len) {
		const char *start = part.ptr + at;
		const char *slash = memchr(start, '/', part.len - at);
		size_t n = slash ? (size_t)(slash - start) : part.len - at;

		at += n + 1;
		if (n == 0 || (n == 1 && start[0] == '.')) {
			continue;
		}
		if (n == 2 && start[0] == '.' && start[1] == '.') {
			char *last = memrchr(out, '/', len);
			size_t start_of_last = last ? (size_t)(last - out) : 0;
			bool is_up =
				bp_str_eq(bp_str_make(out + start_of_last, len - start_of_last),
					  last && !absolute ? BP_STR("/..") : BP_STR(".."));
			if (len > 0 && !is_up) {
				len = start_of_last;
				continue;
			}
			if (absolute) {
				continue;
			}
		}
		if (len > 0 || absolute) {
			out[len++] = '/';
		}
		memcpy(out + len, start, n);
		len += n;
	}
	return len;
}

struct bp_hash_hex bp_hash_path(const struct bp_hash_key *key, struct bp_str path,
				struct bp_str cwd)
{
	/* Folding never makes it longer, but for the slash in front of a component. */
	char folded[PATH_MAX_BYTES + 2];
	bool own_root = path.len > 0 && path.ptr[0] == '/';
	bool absolute = own_root || (cwd.len > 0 && cwd.ptr[0] == '/');
	size_t len = 0;

	if (path.len + (own_root ? 0 : cwd.len + 1) > PATH_MAX_BYTES) {
		return bp_hash_text(key, path);
	}
	if (!own_root) {
		len = fold(folded, len, cwd, absolute);
	}
	len = fold(folded, len, path, absolute);
	if (len == 0 && absolute) {
		folded[len++] = '/';
	}
	return bp_hash_text(key, bp_str_make(folded, len));
}
