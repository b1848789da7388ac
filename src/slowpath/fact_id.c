/* SPDX-License-Identifier: MIT */
#include "slowpath/fact_id.h"

#include "event/event.h"
#include "event/hash.h"

int64_t bp_fact_id(const struct bp_str *parts, size_t n)
{
	struct bp_sha256 sha;
	unsigned char digest[BP_SHA256_BYTES];
	uint64_t value = 0;

	bp_sha256_init(&sha);
	for (size_t i = 0; i < n; i++) {
		unsigned char length[4] = {
			(unsigned char)(parts[i].len >> 24), (unsigned char)(parts[i].len >> 16),
			(unsigned char)(parts[i].len >> 8), (unsigned char)parts[i].len};
		bp_sha256_add(&sha, length, sizeof(length));
		bp_sha256_add(&sha, parts[i].ptr, parts[i].len);
	}
	bp_sha256_end(&sha, digest);
	for (size_t i = 0; i < 8; i++) {
		value = value << 8 | digest[i];
	}
	/* BP_ABSENT is taken. */
	return value == (uint64_t)BP_ABSENT ? 0 : (int64_t)value;
}

int64_t bp_conversation_id(struct bp_str platform, struct bp_str external_id)
{
	const struct bp_str parts[] = {BP_STR("conversation"), platform, external_id};
	return bp_fact_id(parts, 3);
}
