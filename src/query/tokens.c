/* SPDX-License-Identifier: MIT */
#include "query/tokens.h"

#include <cjson/cJSON.h>

#include "base/buf.h"

enum { TEXT_BYTES_MAX = 512 };

int64_t bp_tokens_total(const struct bp_tokens *tokens)
{
	return tokens->input + tokens->output + tokens->cache_write_5m + tokens->cache_write_1h +
	       tokens->cache_read;
}

/* One item of text and not eight: rows are thousands, and each has this. */
struct cJSON *bp_tokens_json(const struct bp_tokens *tokens)
{
	const struct {
		const char *name;
		int64_t value;
	} members[] = {
		{"{\"input\":", tokens->input},
		{",\"output\":", tokens->output},
		{",\"cache_write_5m\":", tokens->cache_write_5m},
		{",\"cache_write_1h\":", tokens->cache_write_1h},
		{",\"cache_read\":", tokens->cache_read},
		{",\"reasoning\":", tokens->reasoning},
		{",\"total\":", bp_tokens_total(tokens)},
	};
	struct bp_buf text;

	bp_buf_init(&text, TEXT_BYTES_MAX);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		bp_buf_add_str(&text, bp_str_from(members[i].name));
		bp_buf_add_int(&text, members[i].value);
	}
	bp_buf_add_char(&text, '}');
	cJSON *json = cJSON_CreateRaw(text.ptr);
	bp_buf_done(&text);
	return json;
}
