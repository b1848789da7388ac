/* SPDX-License-Identifier: MIT */
/* Claude Code's settings that anybody wrote. Our entries go in: it stays JSON, has them all, and they
 * go in no second time. They come out: nothing of ours is left; when none was there before and no
 * container was empty, it is the same to the byte.
 * Seen to fail: the comma before the last item left behind. */
#include <stdint.h>
#include <string.h>

#include "capture/install_claude.h"
#include "capture/install_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 16 };

static bool is_settings(struct bp_str text)
{
	struct bp_json root;
	size_t at = 0, line = 0, column = 0;

	if (!bp_json_check(text, &at)) {
		BP_ASSERT(at <= text.len);
		bp_text_place(text, at, &line, &column);
		BP_ASSERT(line > 0 && column > 0);
		return false;
	}
	return bp_json_open(text, &root) && root.type == BP_JSON_OBJECT;
}

/* An array or object with nothing in it may become one that is not there. */
static bool has_empty_container(struct bp_str text)
{
	char before = '\0';

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if ((c == '}' && before == '{') || (c == ']' && before == '[')) {
			return true;
		}
		before = strchr(" \t\r\n", c) ? before : c;
	}
	return false;
}

static bool add(struct bp_buf *text)
{
	static const char hook[] = "'/opt/a b/blueplane-hook' --home '/x'";
	static const char guard[] = "env BLUEPLANE_HOME=/x '/opt/a b/blueplane' guard";
	static const char line[] = "/opt/blueplane statusline";
	struct bp_err err = {0};

	if (bp_claude_hooks_add(text, hook, &err) == BP_OK &&
	    bp_claude_guard_add(text, guard, &err) == BP_OK &&
	    bp_claude_statusline_add(text, line, &err) == BP_OK) {
		return true;
	}
	BP_ASSERT(err.msg[0] != '\0');
	return false;
}

static void check(struct bp_str before)
{
	struct bp_buf text, twice;

	bp_buf_init(&text, BP_INSTALL_BYTES_MAX);
	bp_buf_init(&twice, BP_INSTALL_BYTES_MAX);
	bp_buf_add_str(&text, before);
	bool none = bp_claude_hooks_count(&text) == 0;
	if (add(&text)) {
		size_t count = bp_claude_hooks_count(&text);

		BP_ASSERT(is_settings(bp_buf_str(&text)) && count >= 19);
		bp_buf_add_str(&twice, bp_buf_str(&text));
		BP_ASSERT(add(&twice) && bp_str_eq(bp_buf_str(&twice), bp_buf_str(&text)));
		bp_claude_hooks_remove(&text);
		BP_ASSERT(is_settings(bp_buf_str(&text)) && bp_claude_hooks_count(&text) == 0);
		if (none && !has_empty_container(before)) {
			BP_ASSERT(bp_str_eq(bp_buf_str(&text), before));
		}
	}
	bp_buf_clear(&twice);
	bp_buf_add_str(&twice, before);
	bp_claude_hooks_remove(&twice);
	BP_ASSERT(is_settings(bp_buf_str(&twice)) && bp_claude_hooks_count(&twice) == 0);
	if (none) {
		BP_ASSERT(bp_str_eq(bp_buf_str(&twice), before));
	}
	bp_buf_done(&text);
	bp_buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_str text = bp_str_make((const char *)data, size);

	if (size > 0 && size <= BYTES_MAX && is_settings(text)) {
		check(text);
	}
	return 0;
}
