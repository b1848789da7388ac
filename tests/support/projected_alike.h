/* SPDX-License-Identifier: MIT */
/**
 * projected_alike.h - what holds of the projection of any bytes, for the two fuzz targets.
 *
 * The hook is built without the special instructions that the service uses: both ways must give
 * the same bytes. Without project names, nothing that is projected holds a blank or a byte
 * outside ASCII: no sentence can be in it.
 */
#ifndef BP_TESTS_SUPPORT_PROJECTED_ALIKE_H
#define BP_TESTS_SUPPORT_PROJECTED_ALIKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "event/hash_block.h"
#include "event/json.h"
#include "event/json_scan.h"
#include "event/projection.h"

typedef enum bp_projected (*project_fn)(struct bp_projector *projector, struct bp_str text,
					struct bp_event *out);

static struct bp_projector projector;

struct outcome {
	enum bp_projected result;
	size_t len;
	char wire[BP_EVENT_BYTES_MAX];
};

static void project_into(project_fn project, struct bp_str text, struct outcome *out)
{
	struct bp_event event;

	out->result = project(&projector, text, &event);
	out->len = 0;
	if (out->result == BP_PROJECTED) {
		struct bp_out json = bp_out_make(out->wire, sizeof(out->wire));
		bp_event_encode(&event, &json);
		BP_ASSERT(!json.full);
		out->len = json.len;
	}
}

static void check_wire(struct bp_str wire)
{
	static char space[65536];
	struct bp_event event;
	struct bp_json payload;
	const char *reason = NULL;

	BP_ASSERT(bp_event_decode(wire, space, sizeof(space), &event, &reason));
	BP_ASSERT(bp_json_open(event.payload, &payload) && payload.type == BP_JSON_OBJECT);
	for (size_t i = 0; i < wire.len; i++) {
		BP_ASSERT(wire.ptr[i] > ' ' && wire.ptr[i] < 0x7F);
	}
}

/* Project with the plain code and with the fastest there is, under a policy made of the first
   bytes, and hold the two against each other. */
static void check_alike(project_fn project, const uint8_t *data, size_t size)
{
	static struct outcome plain;
	static struct outcome fast;
	static const struct bp_json_kernel *fast_json;
	static bp_sha256_blocks_fn fast_sha;
	static unsigned char salt[BP_SALT_BYTES];

	if (!fast_json) {
		(void)bp_sha256_use_ni();
		(void)bp_json_use_avx2();
		fast_json = bp_json_kernel;
		fast_sha = bp_sha256_blocks;
	}
	projector.policy =
		(struct bp_policy){.opt_out = size > 1 ? (uint32_t)data[size - 1] & 1 : 0};
	bp_hash_key_init(&projector.policy.key, salt);
	struct bp_str text = bp_str_make((const char *)data, size);
	bp_json_kernel = &bp_json_kernel_plain;
	bp_sha256_blocks = bp_sha256_blocks_portable;
	project_into(project, text, &plain);
	bp_json_kernel = fast_json;
	bp_sha256_blocks = fast_sha;
	project_into(project, text, &fast);
	BP_ASSERT(plain.result == fast.result && plain.len == fast.len);
	BP_ASSERT(memcmp(plain.wire, fast.wire, plain.len) == 0);
	if (plain.result == BP_PROJECTED) {
		check_wire(bp_str_make(plain.wire, plain.len));
	}
}

#endif
