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

	(void)cJSON_AddItemToObjectCS(json, "input", cJSON_CreateNumber((double)tokens->input));
	(void)cJSON_AddItemToObjectCS(json, "output", cJSON_CreateNumber((double)tokens->output));
	(void)cJSON_AddItemToObjectCS(json, "cache_write_5m",
				      cJSON_CreateNumber((double)tokens->cache_write_5m));
	(void)cJSON_AddItemToObjectCS(json, "cache_write_1h",
				      cJSON_CreateNumber((double)tokens->cache_write_1h));
	(void)cJSON_AddItemToObjectCS(json, "cache_read",
				      cJSON_CreateNumber((double)tokens->cache_read));
	(void)cJSON_AddItemToObjectCS(json, "reasoning",
				      cJSON_CreateNumber((double)tokens->reasoning));
	(void)cJSON_AddItemToObjectCS(json, "total",
				      cJSON_CreateNumber((double)bp_tokens_total(tokens)));
	return json;
}
