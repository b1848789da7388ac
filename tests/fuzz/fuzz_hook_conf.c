/* SPDX-License-Identifier: MIT */
/* run/hook.conf that somebody else wrote. In doubt the hook keeps less: without one readable key it
 * keeps the envelope alone, and nothing raises the level.
 * Seen to fail: an unreadable value that does not count. */
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "hook/hook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last line of that name, or absent. */
static struct bp_str last_value(struct bp_str text, struct bp_str name)
{
	struct bp_str found = {NULL, 0};

	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t n = end ? (size_t)(end - text.ptr) : text.len;
		struct bp_str line = bp_str_make(text.ptr, n);

		if (bp_str_starts(line, name)) {
			found = bp_str_make(line.ptr + name.len, n - name.len);
		}
		n += end ? 1 : 0;
		text = bp_str_make(text.ptr + n, text.len - n);
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_str text = bp_str_make((const char *)data, size);
	struct bp_hook_conf conf;

	bp_hook_conf_parse(text, &conf);
	BP_ASSERT(conf.policy.level == BP_LEVEL_STRICT);
	BP_ASSERT(memchr(conf.socket, '\0', sizeof(conf.socket)));
	BP_ASSERT(conf.enabled == !bp_str_is(last_value(text, BP_STR("enabled=")), "0"));
	if (!conf.policy.envelope_only) {
		BP_ASSERT(last_value(text, BP_STR("salt=")).len == 2 * (size_t)BP_SALT_BYTES);
		struct bp_str opt_out = last_value(text, BP_STR("opt_out="));
		BP_ASSERT(!opt_out.ptr || (opt_out.len > 0 && opt_out.len <= 9));
	}
	return 0;
}
