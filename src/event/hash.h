/* SPDX-License-Identifier: MIT */
/**
 * hash.h - SHA-256 for identities, HMAC-SHA-256 with the home's salt for private text.
 *
 * Why:     the same text gives the same hash on one machine and cannot be guessed from outside.
 * Place:   libc only; also in the hook.
 * Source:  FIPS 180-4, RFC 2104; data-model 7.
 */
#ifndef BP_EVENT_HASH_H
#define BP_EVENT_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "event/json.h"

enum { BP_SHA256_BYTES = 32, BP_SALT_BYTES = 32, BP_HASH_HEX_BYTES = 16, BP_HASH_TEXT_MAX = 65536 };

struct bp_sha256 {
	uint32_t state[8];
	uint64_t total_bytes;
	unsigned char block[64];
};

void bp_sha256_init(struct bp_sha256 *sha);
void bp_sha256_add(struct bp_sha256 *sha, const void *bytes, size_t n);
void bp_sha256_end(struct bp_sha256 *sha, unsigned char out[BP_SHA256_BYTES]);

/**
 * Use the processor's SHA instructions from now on, where it has them. True when it does.
 * Threads: before the first one starts. Never in the hook: it asks CPUID, which traps in VMs.
 */
bool bp_sha256_use_ni(void);

/** The salt with its two pad blocks hashed already: an HMAC then costs two blocks less. */
struct bp_hash_key {
	struct bp_sha256 inner;
	struct bp_sha256 outer;
};

void bp_hash_key_init(struct bp_hash_key *key, const unsigned char salt[BP_SALT_BYTES]);

/** A keyed hash as 16 lower-case hex digits, NUL-terminated. */
struct bp_hash_hex {
	char text[BP_HASH_HEX_BYTES + 1];
};

/** Keyed hash of text; text over 64 KiB counts by its first 64 KiB and its length. */
struct bp_hash_hex bp_hash_text(const struct bp_hash_key *key, struct bp_str text);

/** The same of a JSON string's decoded text: equal to bp_hash_text() of that text. */
struct bp_hash_hex bp_hash_json(const struct bp_hash_key *key, struct bp_json value);

/**
 * Keyed hash of a file path, absolute or relative to cwd, after folding "//", "." and "..".
 * A path over 4096 bytes after joining is hashed as it stands.
 */
struct bp_hash_hex bp_hash_path(const struct bp_hash_key *key, struct bp_str path,
				struct bp_str cwd);

#endif
