/* SPDX-License-Identifier: MIT */
/* Input that nobody should write: large, deep, repeated, of the wrong types everywhere. */
#include "support/run.h"
#include "unit/event/projected.h"

enum { LINE_BYTES = 64 * 1024 * 1024 };

static char *large;

static void setup(void)
{
	test_policy(0, false, false);
}

static char *large_line(const char *head, const char *tail, char filler)
{
	size_t n = strlen(head);
	size_t m = strlen(tail);

	large = malloc(LINE_BYTES + 1);
	ck_assert_ptr_nonnull(large);
	memset(large, filler, LINE_BYTES);
	memcpy(large, head, n);
	memcpy(large + LINE_BYTES - m, tail, m + 1);
	return large;
}

START_TEST(a_line_of_64_mb_is_a_few_bytes)
{
	large_line("{\"type\":\"user\",\"uuid\":\"u\",\"message\":{\"content\":[{\"type\":"
		   "\"tool_result\",\"tool_use_id\":\"t1\",\"content\":\"",
		   "\"}]}}", 'x');
	ck_assert_int_eq(project_line_text(bp_str_make(large, LINE_BYTES)), BP_PROJECTED);
	ck_assert(strstr(masked_payload(), "'rank':40,'output_bytes':67108"));
	free(large);
	/* Every byte an escape, every escape decoded piece by piece. */
	large_line("{\"type\":\"user\",\"uuid\":\"u\",\"message\":{\"content\":\"", "\"}}", '\\');
	size_t escapes = LINE_BYTES - 46 - 3;
	if (escapes % 2 == 1) {
		large[LINE_BYTES - 4] = 'x';
	}
	enum bp_projected result = project_line_text(bp_str_make(large, LINE_BYTES));
	ck_assert(result == BP_PROJECTED || result == BP_PROJECT_MALFORMED);
	free(large);
}
END_TEST

START_TEST(too_many_calls_are_too_large_and_said_so)
{
	static const char call[] = "{\"type\":\"tool_use\",\"id\":\"toolu_0123456789\",\"name\":"
				   "\"Bash\",\"input\":{\"command\":\"x\"}},";
	size_t n = 0;

	large = malloc(LINE_BYTES);
	ck_assert_ptr_nonnull(large);
	n += (size_t)snprintf(large, LINE_BYTES,
			      "{\"type\":\"assistant\",\"message\":{\"content\":[");
	for (int i = 0; i < 10000; i++) {
		memcpy(large + n, call, sizeof(call) - 1);
		n += sizeof(call) - 1;
	}
	n += (size_t)snprintf(large + n, 64, "{}]}}");
	ck_assert_int_eq(project_line_text(bp_str_make(large, n)), BP_PROJECT_TOO_LARGE);
	free(large);
	/* The projector is as good as before. */
	ck_assert_int_eq(project_line_text(quoted("{'type':'mode'}")), BP_PROJECTED);
}
END_TEST

START_TEST(depth_has_a_limit_and_no_cost)
{
	static char deep[8192];
	static const int depths[] = {400, 2000};

	for (size_t i = 0; i < 2; i++) {
		int n = snprintf(deep, sizeof(deep), "{\"type\":\"user\",\"message\":");
		for (int k = 0; k < depths[i]; k++) {
			deep[n++] = '[';
		}
		for (int k = 0; k < depths[i]; k++) {
			deep[n++] = ']';
		}
		deep[n++] = '}';
		ck_assert_int_eq(project_line_text(bp_str_make(deep, (size_t)n)),
				 i == 0 ? BP_PROJECTED : BP_PROJECT_MALFORMED);
	}
}
END_TEST

START_TEST(the_last_of_equal_members_counts)
{
	line_payload("{'type':'mode','type':'user','sessionId':'a','sessionId':'b',"
		     "'message':{'content':'x','content':[]}}");
	ck_assert_text(test_event.hook_type, "user");
	ck_assert_text(test_event.session_id, "b");
}
END_TEST

START_TEST(strange_escapes_are_text)
{
	line_payload("{'type':'user','sessionId':'a\\u0000b','uuid':'\\ud800','cwd':'/\\ud83d',"
		     "'message':{'content':'\\ud800 \\udc00 \\u0000 \\q'}}");
	ck_assert(bp_str_starts(test_event.session_id, BP_STR("h:")));
	ck_assert(bp_str_starts(test_event.uuid, BP_STR("h:")));
	ck_assert_text(test_event.event_type, "user_prompt");
	test_policy(0, true, false);
	line_payload("{'type':'user','cwd':'/a/\\u0000\\u0001\\u007f'}");
	ck_assert_absent(test_event.project_name);
}
END_TEST

/* Each member of a full line in turn replaced by values of every type. */
static const char *const MEMBERS[] = {"type",
				      "subtype",
				      "uuid",
				      "parentUuid",
				      "logicalParentUuid",
				      "sessionId",
				      "requestSessionId",
				      "timestamp",
				      "isSidechain",
				      "agentId",
				      "cwd",
				      "gitBranch",
				      "version",
				      "requestId",
				      "isMeta",
				      "promptId",
				      "message",
				      "toolUseResult",
				      "turnOrigin",
				      "isApiErrorMessage",
				      "level",
				      "operation",
				      "attachment",
				      "data",
				      "snapshot",
				      "mode",
				      "permissionMode",
				      "permissionDecision",
				      "compactMetadata",
				      "retryInMs",
				      "durationMs",
				      "totalCostUSD",
				      "toolDenialKind",
				      "apiErrorStatus",
				      "error"};
static const char *const VALUES[] = {
	"null",
	"true",
	"-1",
	"1e999",
	"''",
	"'x'",
	"[]",
	"{}",
	"[[[]]]",
	"[null]",
	"{'type':7}",
	"{'content':7}",
	"{'content':[7,'x',{}]}",
	"{'type':'queued_command','prompt':7}",
	"{'type':'agent_progress','message':{'type':'user',"
	"'message':{'content':[{'type':'tool_result'}]}}}",
	"{'usage':[],'content':[{'type':"
	"'tool_use','name':7,'input':'x'},{'type':'tool_use'},{'type':'text','text':7}]}",
	"{'filePath':'/a','structuredPatch':[{'lines':[7,null,'+']},7],'edits':[7],"
	"'oldString':7,'newString':'x','originalFile':7}"};
static const char *const TYPES[] = {"user",
				    "assistant",
				    "system",
				    "attachment",
				    "progress",
				    "cost-state",
				    "file-history-snapshot"};

START_TEST(wrong_types_everywhere_are_absent)
{
	char json[2048];
	size_t n = 0;

	for (size_t t = 0; t < sizeof(TYPES) / sizeof(TYPES[0]); t++) {
		for (size_t m = 0; m < sizeof(MEMBERS) / sizeof(MEMBERS[0]); m++) {
			for (size_t v = 0; v < sizeof(VALUES) / sizeof(VALUES[0]); v++) {
				(void)snprintf(
					json, sizeof(json),
					"{'type':'%s','subtype':'api_error','isApiErrorMessage':"
					"true,"
					"'message':{'content':[{'type':'tool_result'}]},'%s':%s}",
					TYPES[t], MEMBERS[m], VALUES[v]);
				ck_assert_msg(project_line_text(quoted(json)) == BP_PROJECTED, "%s",
					      json);
				(void)wire_of(&test_event);
				n++;
			}
		}
	}
	ck_assert_uint_gt(n, 3000);
}
END_TEST

BP_TEST_MAIN(setup, NULL, a_line_of_64_mb_is_a_few_bytes, too_many_calls_are_too_large_and_said_so,
	     depth_has_a_limit_and_no_cost, the_last_of_equal_members_counts,
	     strange_escapes_are_text, wrong_types_everywhere_are_absent)
