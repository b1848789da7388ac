/* SPDX-License-Identifier: MIT */
#include "query/tokens.h"

#include <cjson/cJSON.h>

int64_t bp_tokens_total(const struct bp_tokens *tokens)
{
	return tokens->input + tokens->output + tokens->cache_write_5m + tokens->cache_write_1h +
	       tokens->cache_read;
}

struct cJSON *bp_tokens_json(const struct bp_tokens *tokens)
{
	cJSON *json = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(json, "input", (double)tokens->input);
	(void)cJSON_AddNumberToObject(json, "output", (double)tokens->output);
	(void)cJSON_AddNumberToObject(json, "cache_write_5m", (double)tokens->cache_write_5m);
	(void)cJSON_AddNumberToObject(json, "cache_write_1h", (double)tokens->cache_write_1h);
	(void)cJSON_AddNumberToObject(json, "cache_read", (double)tokens->cache_read);
	(void)cJSON_AddNumberToObject(json, "reasoning", (double)tokens->reasoning);
	(void)cJSON_AddNumberToObject(json, "total", (double)bp_tokens_total(tokens));
	return json;
}
