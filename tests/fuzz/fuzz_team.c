/* SPDX-License-Identifier: MIT */
/* An anonymized export that somebody else wrote: refused, or added up with another one into JSON
 * whose every name is of our lists: no word of the file comes out.
 * Seen to fail: a word of no list let through; rates of sums that were cut added as integers. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <string.h>

#include "query/team.h"
#include "support/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char OTHER[] =
	"source,date,platform,row,model_family,tool,extension,tool_calls_ok,edits_accepted,"
	"edits_rejected,sketch\n"
	"ffffffffffffffffffffffffffffffff,2026-01-31,claude_code,tool,,Edit,rs,3,2,1,"
	"0101e807e807e8070001da0201\n";

static enum bp_rc add(struct bp_team *team, struct bp_str bytes, struct bp_err *err)
{
	char path[32];
	int fd = fuzz_file(bytes, path);
	enum bp_rc rc = bp_team_add(team, path, err);

	(void)close(fd);
	return rc;
}

static void check_names(const cJSON *groups, const char *(*word)(struct bp_str name))
{
	const cJSON *group = NULL;

	BP_ASSERT(cJSON_IsArray(groups));
	cJSON_ArrayForEach (group, groups) {
		const char *key = cJSON_GetStringValue(cJSON_GetObjectItem(group, "key"));
		BP_ASSERT(key && strcmp(word(bp_str_from(key)), key) == 0);
	}
}

static const char *date_or_none(struct bp_str name)
{
	return name.len == 10 && strspn(name.ptr, "0123456789-") == 10 ? name.ptr : "";
}

static void check_answer(const struct bp_team *team)
{
	cJSON *json = NULL;

	BP_ASSERT(bp_team_json(team, &json, NULL) == BP_OK);
	check_names(cJSON_GetObjectItem(json, "by_date"), date_or_none);
	check_names(cJSON_GetObjectItem(json, "by_platform"), bp_anonymous_platform);
	check_names(cJSON_GetObjectItem(json, "by_model_family"), bp_anonymous_family);
	check_names(cJSON_GetObjectItem(json, "by_tool"), bp_anonymous_tool);
	check_names(cJSON_GetObjectItem(json, "by_extension"), bp_anonymous_extension);
	char *text = cJSON_PrintUnformatted(json);
	cJSON *again = cJSON_Parse(text);
	BP_ASSERT(again);
	cJSON_Delete(again);
	cJSON_free(text);
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_team *team = bp_team_new();
	struct bp_err err = {0};

	if (add(team, bp_str_make((const char *)data, size), &err) != BP_OK) {
		BP_ASSERT(err.msg[0] != '\0');
	} else if (add(team, bp_str_from(OTHER), &err) == BP_OK) {
		check_answer(team);
	} else {
		BP_ASSERT(strstr(err.msg, "the same source"));
	}
	bp_team_free(team);
	return 0;
}
