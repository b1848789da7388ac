/* SPDX-License-Identifier: MIT */
#include "support/run.h"
#include "unit/event/projected.h"

static void setup(void)
{
	test_policy(0, true, false);
}

#define HOOK(name) "{'session_id':'s1','cwd':'/home/dev/proj','hook_event_name':'" name "'"

START_TEST(an_envelope_goes_to_columns)
{
	ck_assert_str_eq(hook_payload(HOOK("Stop") ",'prompt_id':'p1','permission_mode':'plan',"
						   "'agent_id':'a1','agent_type':'Explore',"
						   "'transcript_path':'/secret',"
						   "'last_assistant_message':'secret'}"),
			 "{'agent_type':'Explore','permission_mode':'plan'}");
	ck_assert_text(test_event.platform, "claude_code");
	ck_assert_text(test_event.session_id, "s1");
	ck_assert_text(test_event.event_type, "stop");
	ck_assert_text(test_event.hook_type, "Stop");
	ck_assert_text(test_event.source, "hook");
	ck_assert_text(test_event.prompt_id, "p1");
	ck_assert_text(test_event.agent_id, "a1");
	ck_assert_text(test_event.project_name, "proj");
	ck_assert_int_eq(test_event.ts_us, INT64_C(1700000000000000));
	ck_assert_int_eq(test_event.ts_source, BP_TS_RECEIVED);
	ck_assert(!strstr(wire_of(&test_event), "secret"));
}
END_TEST

START_TEST(every_hook_has_its_event_type)
{
	static const char *const types[][2] = {
		{"SessionStart", "session_start"},
		{"SessionEnd", "session_end"},
		{"UserPromptSubmit", "user_prompt"},
		{"PreToolUse", "tool_use"},
		{"PostToolUse", "tool_result"},
		{"PostToolUseFailure", "tool_result"},
		{"PostToolBatch", "tool_result"},
		{"PermissionRequest", "acceptance_decision"},
		{"PermissionDenied", "acceptance_decision"},
		{"PreCompact", "context_compact"},
		{"PostCompact", "context_compact"},
		{"StopFailure", "error"},
		{"Notification", "notification"},
		{"SubagentStart", "subagent_start"},
		{"SubagentStop", "subagent_stop"},
		{"Stop", "stop"},
		{"FileChanged", "file_changed"},
		{"CwdChanged", "cwd_changed"},
		{"Brand-New.Hook", "brand-_new._hook"},
		{"a b", "unknown"},
	};
	char json[256];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		(void)snprintf(json, sizeof(json), "{'session_id':'s1','hook_event_name':'%s'}",
			       types[i][0]);
		hook_payload(json);
		ck_assert_text(test_event.event_type, types[i][1]);
	}
	hook_payload("{'session_id':'s1'}");
	ck_assert_text(test_event.event_type, "unknown");
	ck_assert_int_eq(project_hook_text(quoted("{}")), BP_PROJECT_MALFORMED);
	ck_assert_int_eq(project_hook_text(quoted("{'session_id':7}")), BP_PROJECT_MALFORMED);
}
END_TEST

START_TEST(a_prompt_is_human_unless_it_is_a_notification_or_an_agents)
{
	ck_assert_str_eq(hook_payload(HOOK("UserPromptSubmit") ",'prompt':'do it'}"),
			 "{'kind':'prompt','human':true,'chars':5,'words':2,'text_hash':'#'}");
	ck_assert_str_eq(hook_payload(HOOK("UserPromptSubmit") ",'prompt':'<task-notification>x'}"),
			 "{'kind':'notification','chars':20,'words':1,'text_hash':'#'}");
	ck_assert_str_eq(hook_payload(HOOK("UserPromptSubmit") ",'agent_id':'a','prompt':'do it'}"),
			 "{'kind':'other','chars':5,'words':2,'text_hash':'#'}");
}
END_TEST

START_TEST(a_call_is_described_without_its_content)
{
	ck_assert_str_eq(hook_payload(HOOK("PreToolUse") ",'tool_name':'Bash','tool_use_id':'t1',"
							 "'tool_input':{'command':'git push'}}"),
			 "{'tools':[{'id':'t1','tool':'Bash','input_bytes':22,'input_hash':'#',"
			 "'cmd_kind':'vcs'}]}");
	ck_assert_text(test_event.tool_name, "Bash");
	ck_assert_str_eq(
		hook_payload(HOOK("PreToolUse") ",'tool_name':'mcp__acme__search',"
						"'tool_use_id':'t1','tool_input':{'q':'x'}}"),
		"{'tools':[{'id':'t1','tool':'mcp','mcp':true,'input_bytes':9,"
		"'input_hash':'#'}]}");
	ck_assert_text(test_event.tool_name, "mcp");
}
END_TEST

START_TEST(a_success_is_40_and_an_interrupted_one_60)
{
	ck_assert_str_eq(
		hook_payload(HOOK("PostToolUse") ",'tool_name':'Bash','tool_use_id':'t1',"
						 "'duration_ms':26,'tool_input':{'command':'x'},"
						 "'tool_response':{'stdout':'x',"
						 "'interrupted':false}}"),
		"{'results':[{'id':'t1','tool':'Bash','rank':40}]}");
	ck_assert_int_eq(test_event.duration_ms, 26);
	ck_assert(strstr(hook_payload(HOOK("PostToolUse") ",'tool_name':'Bash','tool_response':{"
							  "'interrupted':true}}"),
			 "'rank':60"));
	ck_assert_str_eq(hook_payload(HOOK("PostToolUse") ",'tool_name':'Agent','tool_response':{"
							  "'agentId':'a7','prompt':'secret'}}"),
			 "{'results':[{'tool':'Agent','rank':40,'agent_id':'a7'}]}");
}
END_TEST

START_TEST(a_failure_is_50_with_a_class)
{
	ck_assert_str_eq(
		hook_payload(HOOK("PostToolUseFailure") ",'tool_name':'Bash','tool_use_id':'t1',"
							"'error':'Exit code 3\\nout\\noops',"
							"'is_interrupt':false,'duration_ms':9}"),
		"{'results':[{'id':'t1','tool':'Bash','rank':50,'error_class':'exit_code',"
		"'exit_code':3,'output_bytes':20}]}");
	ck_assert_str_eq(hook_payload(HOOK("PostToolUseFailure") ",'tool_name':'Bash',"
								 "'error':'x',"
								 "'is_interrupt':true}"),
			 "{'results':[{'tool':'Bash','rank':60,'output_bytes':1}]}");
}
END_TEST

START_TEST(a_batch_gives_calls_and_weak_ranks)
{
	ck_assert_str_eq(
		hook_payload(
			HOOK("PostToolBatch") ",'tool_calls':[{'tool_name':'Bash','tool_use_id':"
					      "'t1','tool_input':{'command':'ls'},'tool_response':"
					      "'Permission to use Bash with rm has been denied.'},"
					      "{'tool_name':'Edit','tool_use_id':'t2','tool_input':"
					      "{},'tool_response':[{'type':'text','text':"
					      "'<tool_use_error>File has not been read'}]},"
					      "{'tool_name':'X','tool_use_id':'t3','tool_response':"
					      "'fine'},7,'x']}"),
		"{'tools':[{'id':'t1','tool':'Bash','input_bytes':16,'input_hash':'#','cmd_kind':"
		"'read'},{'id':'t2','tool':'Edit','input_bytes':2,'input_hash':'#','edit':{'op':"
		"'edit','added':0,'removed':0}},{'id':'t3','tool':'X'},{},{}],"
		"'results':[{'id':'t1','tool':'Bash','rank':32,'weak':'denied','decision':'config',"
		"'decision_rank':1,'output_bytes':47},{'id':'t2','tool':'Edit','rank':32,"
		"'weak':'error','error_class':'precondition','output_bytes':38},"
		"{'id':'t3','tool':'X','output_bytes':4},{},{}]}");
}
END_TEST

START_TEST(a_permission_hook_says_who_asked_for_what)
{
	ck_assert_str_eq(hook_payload(HOOK("PermissionRequest") ",'tool_name':'Bash',"
								"'tool_input':{'command':'x'}}"),
			 "{'tool':'Bash','input_hash':'#'}");
	ck_assert_text(test_event.tool_name, "Bash");
	ck_assert_str_eq(hook_payload(HOOK("PermissionDenied") ",'tool_name':'Bash',"
							       "'tool_use_id':'t1',"
							       "'reason':'secret'}"),
			 "{'results':[{'id':'t1','tool':'Bash','rank':80,'decision':'config',"
			 "'decision_rank':1}]}");
}
END_TEST

START_TEST(the_input_hash_of_request_and_call_agree)
{
	char hash[17] = {0};

	hook_payload(HOOK("PermissionRequest") ",'tool_name':'Bash','tool_input':{'command':'x'}}");
	memcpy(hash, strstr(test_event.payload.ptr, "input_hash") + 13, 16);
	hook_payload(HOOK("PreToolUse") ",'tool_name':'Bash','tool_input':{'command':'x'}}");
	ck_assert(strstr(test_event.payload.ptr, hash));
}
END_TEST

START_TEST(session_compact_and_error_hooks_keep_their_words)
{
	ck_assert_str_eq(hook_payload(HOOK("SessionStart") ",'source':'fork','model':'m-1'}"),
			 "{'start_source':'fork'}");
	ck_assert_text(test_event.model, "m-1");
	ck_assert_str_eq(hook_payload(HOOK("SessionEnd") ",'reason':'logout'}"),
			 "{'end_reason':'logout'}");
	ck_assert_str_eq(hook_payload(HOOK("PreCompact") ",'trigger':'auto',"
							 "'custom_instructions':'secret'}"),
			 "{'compact':{'trigger':'auto','phase':'pre'}}");
	ck_assert_str_eq(hook_payload(HOOK("PostCompact") ",'trigger':'manual',"
							  "'compact_summary':'secret'}"),
			 "{'compact':{'trigger':'manual','phase':'post'}}");
	ck_assert_str_eq(hook_payload(HOOK("StopFailure") ",'error':'rate_limit'}"),
			 "{'api_error':{'kind':'turn','class':'rate_limit'}}");
	ck_assert_str_eq(hook_payload(HOOK("StopFailure") ",'error':'my own words'}"),
			 "{'api_error':{'kind':'turn','class':'other'}}");
	ck_assert_str_eq(hook_payload(HOOK("Notification") ",'message':'secret',"
							   "'notification_type':'idle_prompt'}"),
			 "{'notification_type':'idle_prompt'}");
}
END_TEST

START_TEST(a_custom_agent_is_only_custom)
{
	ck_assert_str_eq(hook_payload(HOOK("SubagentStart") ",'agent_type':'acme-deployer'}"),
			 "{'agent_type':'custom'}");
	ck_assert_str_eq(hook_payload(HOOK("SubagentStop") ",'agent_type':''}"), "{}");
}
END_TEST

START_TEST(without_a_salt_only_what_nobody_could_have_taken_out_stays)
{
	test_policy(0, true, true);
	ck_assert_str_eq(hook_payload(HOOK("PostToolUse") ",'tool_name':'Edit','tool_use_id':'t1',"
							  "'tool_input':{'file_path':'/a.c'},"
							  "'tool_response':{}}"),
			 "{}");
	ck_assert_absent(test_event.tool_name);
	ck_assert_absent(test_event.project_name);
	ck_assert_absent(test_event.project_hash);
	ck_assert_text(test_event.session_id, "s1");
	ck_assert_str_eq(hook_payload(HOOK("UserPromptSubmit") ",'prompt':'do it'}"),
			 "{'kind':'prompt','human':true}");
	hook_payload("{'session_id':'not safe','hook_event_name':'Stop'}");
	ck_assert_text(test_event.session_id, "unknown");
}
END_TEST

START_TEST(each_opt_out_takes_its_group_and_no_other)
{
	static const char *const edit =
		HOOK("PostToolUse") ",'tool_name':'Edit','tool_use_id':'t1','tool_response':{"
				    "'filePath':'/a.c','oldString':'x','newString':'y',"
				    "'structuredPatch':[{'lines':['-x','+y']}]}}";
	static const char *const mcp =
		HOOK("PostToolUseFailure") ",'tool_name':'mcp__a__b','tool_use_id':'t1','error':"
					   "'boom'}";
	static const char *const bash =
		HOOK("PostToolUseFailure") ",'tool_name':'Bash','error':'Exit code 2'}";

	test_policy(BP_OPT_OUT_PROMPTS, true, false);
	ck_assert_str_eq(hook_payload(HOOK("UserPromptSubmit") ",'prompt':'do it'}"),
			 "{'kind':'prompt','human':true}");
	test_policy(BP_OPT_OUT_TOOLS, true, false);
	ck_assert_str_eq(hook_payload(edit), "{}");
	ck_assert_absent(test_event.tool_name);
	ck_assert_int_eq(test_event.lines_added, BP_ABSENT);
	ck_assert_str_eq(hook_payload(HOOK("PermissionRequest") ",'tool_name':'Bash'}"), "{}");
	test_policy(BP_OPT_OUT_EDITS, true, false);
	ck_assert_str_eq(hook_payload(edit), "{'results':[{'id':'t1','tool':'Edit','rank':40}]}");
	ck_assert_int_eq(test_event.lines_added, BP_ABSENT);
	test_policy(BP_OPT_OUT_TOKENS, true, false);
	line_payload("{'type':'assistant','message':{'model':'m','usage':{'input_tokens':5}}}");
	ck_assert_int_eq(test_event.input_tokens, BP_ABSENT);
	test_policy(BP_OPT_OUT_COST, true, false);
	ck_assert_str_eq(line_payload("{'type':'cost-state','totalCostUSD':1,"
				      "'totalLinesAdded':2}"),
			 "{'client_lines_added':'2'}");
	test_policy(BP_OPT_OUT_ERRORS, true, false);
	ck_assert_str_eq(hook_payload(bash), "{'results':[{'tool':'Bash','rank':50,'exit_code':2,"
					     "'output_bytes':11}]}");
	ck_assert_str_eq(hook_payload(HOOK("StopFailure") ",'error':'rate_limit'}"), "{}");
	test_policy(BP_OPT_OUT_SHELL, true, false);
	ck_assert_str_eq(hook_payload(bash), "{'results':[{'tool':'Bash','rank':50,"
					     "'error_class':'exit_code','output_bytes':11}]}");
	ck_assert(!strstr(hook_payload(HOOK("PreToolUse") ",'tool_name':'Bash','tool_input':{"
							  "'command':'ls'}}"),
			  "cmd_kind"));
	test_policy(BP_OPT_OUT_MCP, true, false);
	ck_assert_str_eq(hook_payload(mcp), "{'results':[{'id':'t1','rank':50}]}");
	ck_assert_absent(test_event.tool_name);
	test_policy(BP_OPT_OUT_GIT, true, false);
	line_payload("{'type':'user','gitBranch':'main'}");
	ck_assert_absent(test_event.git_branch_hash);
	test_policy(0, false, false);
	line_payload("{'type':'user','gitBranch':'main','cwd':'/a/b'}");
	ck_assert_uint_eq(test_event.git_branch_hash.len, 16);
	ck_assert_uint_eq(test_event.project_hash.len, 16);
	ck_assert_absent(test_event.project_name);
}
END_TEST

START_TEST(opt_outs_have_a_name_for_each_bit)
{
	size_t n = 0;

	while (bp_opt_out_names[n]) {
		n++;
	}
	ck_assert_int_eq(1 << (n - 1), BP_OPT_OUT_GIT);
	ck_assert_str_eq(bp_opt_out_names[6], "shell");
}
END_TEST

BP_TEST_MAIN(setup, NULL, an_envelope_goes_to_columns, every_hook_has_its_event_type,
	     a_prompt_is_human_unless_it_is_a_notification_or_an_agents,
	     a_call_is_described_without_its_content, a_success_is_40_and_an_interrupted_one_60,
	     a_failure_is_50_with_a_class, a_batch_gives_calls_and_weak_ranks,
	     a_permission_hook_says_who_asked_for_what, the_input_hash_of_request_and_call_agree,
	     session_compact_and_error_hooks_keep_their_words, a_custom_agent_is_only_custom,
	     without_a_salt_only_what_nobody_could_have_taken_out_stays,
	     each_opt_out_takes_its_group_and_no_other, opt_outs_have_a_name_for_each_bit)
