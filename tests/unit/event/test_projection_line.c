/* SPDX-License-Identifier: MIT */
#include "support/run.h"
#include "unit/event/projected.h"

static void setup(void)
{
	test_policy(0, true, false);
}

#define ENVELOPE                                                                                   \
	"'parentUuid':'p1','isSidechain':false,'uuid':'u1','timestamp':'2026-11-20T07:59:32.286Z'" \
	","                                                                                        \
	"'cwd':'/home/dev/proj','sessionId':'s1','version':'2.1.328','gitBranch':'feature/secret'"

START_TEST(an_envelope_goes_to_columns)
{
	line_payload("{'type':'user','promptId':'pr1',"
		     "'message':{'role':'user','content':'hello there world'}," ENVELOPE "}");
	ck_assert_text(test_event.platform, "claude_code");
	ck_assert_text(test_event.session_id, "s1");
	ck_assert_text(test_event.event_type, "user_prompt");
	ck_assert_text(test_event.hook_type, "user");
	ck_assert_text(test_event.source, "transcript");
	ck_assert_text(test_event.uuid, "u1");
	ck_assert_text(test_event.parent_uuid, "p1");
	ck_assert_text(test_event.prompt_id, "pr1");
	ck_assert_text(test_event.app_version, "2.1.328");
	ck_assert_text(test_event.project_name, "proj");
	ck_assert_uint_eq(test_event.project_hash.len, 16);
	ck_assert_uint_eq(test_event.git_branch_hash.len, 16);
	ck_assert_int_eq(test_event.ts_us, INT64_C(1795161572286000));
	ck_assert_int_eq(test_event.ts_source, BP_TS_OWN);
	ck_assert_int_eq(test_event.projection_version, BP_PROJECTION_VERSION);
}
END_TEST

START_TEST(a_typed_prompt_is_human_with_length_and_hash)
{
	ck_assert_str_eq(line_payload("{'type':'user','message':{'content':'fix the b\\u00fcg'}}"),
			 "{'kind':'prompt','human':true,'chars':11,'words':3,'text_hash':'#'}");
}
END_TEST

START_TEST(a_prompt_hashes_alike_in_line_block_and_hook)
{
	char first[20] = {0};
	line_payload("{'type':'user','message':{'content':'fix the bug'}}");
	const char *at = strstr(test_event.payload.ptr, "text_hash");
	memcpy(first, at + 12, 16);
	line_payload(
		"{'type':'user','message':{'content':[{'type':'text','text':'fix the bug'}]}}");
	ck_assert(strstr(test_event.payload.ptr, first));
	hook_payload(
		"{'session_id':'s','hook_event_name':'UserPromptSubmit','prompt':'fix the bug'}");
	ck_assert(strstr(test_event.payload.ptr, first));
}
END_TEST

static void assert_kind(const char *json, const char *kind, bool human)
{
	char want[64];

	(void)snprintf(want, sizeof(want), "'kind':'%s'%s", kind, human ? ",'human':true" : "");
	const char *payload = line_payload(json);
	ck_assert_msg(strstr(payload, want), "%s gives %s", json, payload);
	ck_assert_msg(human == (strstr(payload, "'human':true") != NULL), "%s", json);
	ck_assert_text(test_event.event_type, human ? "user_prompt" : "user");
}

START_TEST(what_nobody_typed_is_not_human)
{
	static const char *const texts[][2] = {
		{"<command-name>/compact</command-name>", "command"},
		{"<command-message>x</command-message>", "command"},
		{"<local-command-stdout>x</local-command-stdout>", "command"},
		{"<local-command-caveat>x", "caveat"},
		{"Caveat: The messages below", "caveat"},
		{"<bash-input>ls</bash-input>", "bash"},
		{"<bash-stdout>x", "bash"},
		{"<bash-stderr>x", "bash"},
		{"<task-notification>x", "notification"},
		{"<system-reminder>x", "meta"},
		{"[Request interrupted by user]", "interrupt"},
		{"[Request interrupted by user for tool use]", "interrupt"},
		{"This session is being continued from a previous conversation", "compact_summary"},
	};
	char json[256];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		(void)snprintf(json, sizeof(json), "{'type':'user','message':{'content':'%s'}}",
			       texts[i][0]);
		assert_kind(json, texts[i][1], false);
		(void)snprintf(
			json, sizeof(json),
			"{'type':'user','message':{'content':[{'type':'text','text':'%s'}]}}",
			texts[i][0]);
		assert_kind(json, texts[i][1], false);
	}
	assert_kind("{'type':'user','isMeta':true,'message':{'content':'x'}}", "meta", false);
	assert_kind("{'type':'user','isSidechain':true,'message':{'content':'x'}}", "other", false);
	assert_kind("{'type':'user','isCompactSummary':true,'message':{'content':'x'}}",
		    "compact_summary", false);
	assert_kind("{'type':'user'}", "other", false);
	assert_kind("{'type':'user','message':'x'}", "other", false);
	assert_kind("{'type':'user','message':{'content':7}}", "other", false);
}
END_TEST

START_TEST(turn_origin_decides_where_it_is_written)
{
	assert_kind("{'type':'user','turnOrigin':'human','message':{'content':'x'}}", "prompt",
		    true);
	assert_kind("{'type':'user','turnOrigin':'sdk','message':{'content':'x'}}", "prompt", true);
	assert_kind("{'type':'user','turnOrigin':'task_notification','message':{'content':'x'}}",
		    "other", false);
	assert_kind("{'type':'user','turnOrigin':'human','isMeta':true,'message':{'content':'x'}}",
		    "meta", false);
	assert_kind("{'type':'user','message':{'content':[{'type':'image','source':{}}]}}",
		    "prompt", true);
}
END_TEST

START_TEST(a_queued_prompt_is_a_prompt)
{
	ck_assert_str_eq(line_payload("{'type':'attachment','attachment':{'type':'queued_command',"
				      "'commandMode':'prompt','prompt':'do it now'}}"),
			 "{'kind':'prompt','human':true,'chars':9,'words':3,'text_hash':'#'}");
	ck_assert_text(test_event.event_type, "user_prompt");
	ck_assert_text(test_event.subtype, "queued_command");
	ck_assert_str_eq(line_payload("{'type':'attachment','attachment':{'type':'queued_command',"
				      "'commandMode':'prompt','prompt':'<task-notification>x'}}"),
			 "{'kind':'notification','chars':20,'words':1,'text_hash':'#'}");
	ck_assert_text(test_event.event_type, "attachment");
	line_payload("{'type':'attachment','attachment':{'type':'queued_command',"
		     "'commandMode':'task-notification','prompt':'x'}}");
	ck_assert_text(test_event.event_type, "attachment");
}
END_TEST

START_TEST(an_assistant_line_gives_tokens_model_and_calls)
{
	ck_assert_str_eq(
		line_payload(
			"{'type':'assistant','requestId':'req_1','message':{'id':'msg_1','model':"
			"'claude-x','stop_reason':'tool_use','usage':{'input_tokens':11,"
			"'output_tokens':103,'cache_creation_input_tokens':1007,"
			"'cache_read_input_tokens':20013,'server_tool_use':{'web_search_requests':"
			"2,"
			"'web_fetch_requests':0},'service_tier':'standard','speed':'fast',"
			"'cache_creation':{'ephemeral_1h_input_tokens':251,"
			"'ephemeral_5m_input_tokens':756}},'content':[{'type':'thinking',"
			"'thinking':'hm hm'},{'type':'text','text':'I will'},{'type':'tool_use',"
			"'id':'toolu_1','name':'Bash','input':{'command':'npm test',"
			"'run_in_background':true}}]}," ENVELOPE "}"),
		"{'speed':'fast','web_searches':2,'chars':6,'words':2,'text_hash':'#',"
		"'thinking_chars':5,'tools':[{'id':'toolu_1','tool':'Bash','input_bytes':47,"
		"'input_hash':'#','cmd_kind':'test','background':true}]}");
	ck_assert_text(test_event.event_type, "tool_use");
	ck_assert_text(test_event.message_id, "msg_1");
	ck_assert_text(test_event.request_id, "req_1");
	ck_assert_text(test_event.model, "claude-x");
	ck_assert_text(test_event.stop_reason, "tool_use");
	ck_assert_text(test_event.service_tier, "standard");
	ck_assert_text(test_event.tool_name, "Bash");
	ck_assert_int_eq(test_event.tool_calls_count, 1);
	ck_assert_int_eq(test_event.input_tokens, 11);
	ck_assert_int_eq(test_event.output_tokens, 103);
	ck_assert_int_eq(test_event.cache_write_tokens, 1007);
	ck_assert_int_eq(test_event.cache_read_tokens, 20013);
	ck_assert_int_eq(test_event.cache_write_5m_tokens, 756);
	ck_assert_int_eq(test_event.cache_write_1h_tokens, 251);
}
END_TEST

START_TEST(numbers_that_are_none_are_absent)
{
	line_payload("{'type':'assistant','message':{'model':'m','usage':{'input_tokens':-1,"
		     "'output_tokens':1.5,'cache_creation_input_tokens':'7',"
		     "'cache_read_input_tokens':99999999999999,'cache_creation':[]}}}");
	ck_assert_int_eq(test_event.input_tokens, BP_ABSENT);
	ck_assert_int_eq(test_event.output_tokens, BP_ABSENT);
	ck_assert_int_eq(test_event.cache_write_tokens, BP_ABSENT);
	ck_assert_int_eq(test_event.cache_read_tokens, BP_ABSENT);
	ck_assert_int_eq(test_event.cache_write_5m_tokens, BP_ABSENT);
	ck_assert_text(test_event.event_type, "assistant_response");
}
END_TEST

START_TEST(a_synthetic_error_is_final_and_has_no_tokens)
{
	ck_assert_str_eq(
		line_payload("{'type':'assistant','isApiErrorMessage':true,'apiErrorStatus':529,"
			     "'error':'overloaded','message':{'model':'<synthetic>','usage':{"
			     "'input_tokens':0},'content':[{'type':'text','text':'API Error'}]}}"),
		"{'chars':9,'words':2,'text_hash':'#','api_error':{'kind':'final','status':529,"
		"'class':'overloaded'}}");
	ck_assert_text(test_event.event_type, "error");
	ck_assert_int_eq(test_event.input_tokens, BP_ABSENT);
	line_payload("{'type':'assistant','message':{'model':'<synthetic>','usage':{"
		     "'output_tokens':0},'content':[{'type':'text','text':'No response'}]}}");
	ck_assert_text(test_event.event_type, "assistant_response");
	ck_assert_int_eq(test_event.output_tokens, BP_ABSENT);
}
END_TEST

START_TEST(a_retry_keeps_numbers_and_a_class)
{
	ck_assert_str_eq(line_payload("{'type':'system','subtype':'api_error','level':'error',"
				      "'error':{'status':529,'message':'secret','requestId':"
				      "'req_9'},'retryInMs':501.669,'retryAttempt':1,"
				      "'maxRetries':10}"),
			 "{'api_error':{'kind':'retry','status':529,'class':'overloaded',"
			 "'retry_attempt':1,'max_retries':10,'retry_ms':501}}");
	ck_assert_text(test_event.event_type, "error");
	ck_assert_text(test_event.request_id, "req_9");
	ck_assert_text(test_event.severity, "error");
	ck_assert_str_eq(line_payload("{'type':'system','subtype':'api_error','error':{'error':{"
				      "'error':{'type':'rate_limit_error'}}}}"),
			 "{'api_error':{'kind':'retry','class':'rate_limit_error'}}");
	ck_assert_str_eq(line_payload("{'type':'system','subtype':'api_error','error':{'type':"
				      "'my secret'}}"),
			 "{'api_error':{'kind':'retry','class':'other'}}");
}
END_TEST

START_TEST(a_compaction_says_what_it_saved)
{
	ck_assert_str_eq(
		line_payload("{'type':'system','subtype':'compact_boundary','parentUuid':null,"
			     "'logicalParentUuid':'lp','compactMetadata':{'trigger':'manual',"
			     "'preTokens':24926,'postTokens':2977,'durationMs':108}}"),
		"{'compact':{'trigger':'manual','phase':'done','pre_tokens':24926,"
		"'post_tokens':2977}}");
	ck_assert_text(test_event.event_type, "context_compact");
	ck_assert_text(test_event.parent_uuid, "lp");
	ck_assert_int_eq(test_event.duration_ms, 108);
}
END_TEST

START_TEST(agent_progress_is_the_message_inside)
{
	ck_assert_str_eq(
		line_payload(
			"{'type':'progress','data':{'type':'agent_progress','agentId':'a1','prompt'"
			":"
			"'secret','message':{'type':'assistant','requestId':'req_2','uuid':'inner',"
			"'message':{'id':'msg_2','model':'m','usage':{'input_tokens':5},'content':["
			"{"
			"'type':'tool_use','id':'t9','name':'Glob','input':{'path':'/"
			"a'}}]}}},'parentToolUseID':'t1'," ENVELOPE "}"),
		"{'parent_call':'t1','tools':[{'id':'t9','tool':'Glob','input_bytes':13,'input_"
		"hash':'#','file':{"
		"'kind':'search','file':'#'}}]}");
	ck_assert_text(test_event.event_type, "progress");
	ck_assert_text(test_event.subtype, "agent_progress");
	ck_assert_text(test_event.agent_id, "a1");
	ck_assert_text(test_event.uuid, "u1");
	ck_assert_text(test_event.message_id, "msg_2");
	ck_assert_text(test_event.request_id, "req_2");
	ck_assert_int_eq(test_event.input_tokens, 5);
	ck_assert(test_event.is_sidechain);
	ck_assert_str_eq(line_payload("{'type':'progress','data':{'type':'agent_progress',"
				      "'message':{'type':'user','message':{'content':[{'type':"
				      "'tool_result','tool_use_id':'t9','content':'x'}]}}}}"),
			 "{'results':[{'id':'t9','rank':40,'output_bytes':1}]}");
	ck_assert_text(test_event.event_type, "progress");
	ck_assert_str_eq(line_payload("{'type':'progress','data':{'type':'bash_progress',"
				      "'output':'secret'}}"),
			 "{}");
}
END_TEST

START_TEST(cost_state_keeps_the_numbers_as_written)
{
	ck_assert_str_eq(line_payload("{'type':'cost-state','totalCostUSD':0.06043874999999999,"
				      "'totalLinesAdded':5,'totalLinesRemoved':1}"),
			 "{'client_cost_usd':'0.06043874999999999','client_lines_added':'5',"
			 "'client_lines_removed':'1'}");
	ck_assert_text(test_event.event_type, "cost");
	ck_assert_str_eq(line_payload("{'type':'cost-state','totalCostUSD':'secret'}"), "{}");
}
END_TEST

START_TEST(titles_and_unknown_types_give_an_envelope)
{
	static const char *const lines[] = {
		"{'type':'summary','summary':'secret','leafUuid':'x'}",
		"{'type':'ai-title','aiTitle':'secret','sessionId':'s1'}",
		"{'type':'last-prompt','lastPrompt':'secret','sessionId':'s1'}",
		"{'display':'secret','pastedContents':{},'timestamp':1770000000000,'sessionId':'s'"
		"}",
		"{'type':'something-new','text':'secret'}",
		"{}",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_str_eq(line_payload(lines[i]), "{}");
		ck_assert_msg(!strstr(wire_of(&test_event), "secret"), "%s", lines[i]);
	}
	ck_assert_text(test_event.event_type, "unknown");
	ck_assert_text(test_event.session_id, "from-path");
	line_payload("{'type':'a type with blanks'}");
	ck_assert_text(test_event.event_type, "unknown");
	ck_assert_absent(test_event.hook_type);
}
END_TEST

START_TEST(a_time_is_own_or_inherited_or_of_receipt)
{
	struct bp_line_origin origin = test_origin();

	line_payload("{'type':'file-history-snapshot','snapshot':{'timestamp':"
		     "'2026-02-06T06:43:44.571Z'}}");
	ck_assert_int_eq(test_event.ts_source, BP_TS_OWN);
	ck_assert_int_eq(test_event.ts_us, INT64_C(1770360224571000));
	line_payload("{'type':'mode','timestamp':'yesterday'}");
	ck_assert_int_eq(test_event.ts_source, BP_TS_RECEIVED);
	origin.inherited_us = 77000000;
	bp_project_claude_line(&test_projector, quoted("{'type':'mode'}"), &origin, &test_event);
	ck_assert_int_eq(test_event.ts_source, BP_TS_INHERITED);
	ck_assert_int_eq(test_event.ts_us, 77000000);
	/* Neither makes an id: reading again at another time gives the same one. */
	ck_assert_int_eq(test_event.id[0] | test_event.id[1] | test_event.id[2], 0);
}
END_TEST

START_TEST(identity_is_the_uuid_or_the_place)
{
	struct bp_line_origin origin = test_origin();
	uint8_t first[BP_EVENT_ID_BYTES];

	line_payload("{'type':'user','uuid':'u1','sessionId':'s1'}");
	memcpy(first, test_event.id, sizeof(first));
	origin.offset_bytes = 99;
	bp_project_claude_line(&test_projector,
			       quoted("{'sessionId':'s1','uuid':'u1','type':'user'}"), &origin,
			       &test_event);
	ck_assert_mem_eq(first, test_event.id, sizeof(first));
	line_payload("{'type':'user','uuid':'u1','sessionId':'s2'}");
	ck_assert_mem_ne(first, test_event.id, sizeof(first));
	line_payload("{'type':'mode'}");
	memcpy(first, test_event.id, sizeof(first));
	line_payload("{'type':'mode'}");
	ck_assert_mem_eq(first, test_event.id, sizeof(first));
	bp_project_claude_line(&test_projector, quoted("{'type':'mode'}"), &origin, &test_event);
	ck_assert_mem_ne(first, test_event.id, sizeof(first));
}
END_TEST

START_TEST(names_outside_the_safe_characters_are_hashed)
{
	line_payload("{'type':'user','sessionId':'my secret','uuid':'a\\/b','agentId':''}");
	ck_assert_uint_eq(test_event.session_id.len, 18);
	ck_assert(bp_str_starts(test_event.session_id, BP_STR("h:")));
	ck_assert_text(test_event.uuid, "a/b");
	ck_assert_absent(test_event.agent_id);
}
END_TEST

START_TEST(a_project_name_is_the_last_component_only)
{
	static const char *const cwds[][2] = {
		{"/home/dev/proj/", "proj"},
		{"C:\\\\Users\\\\me\\\\proj", "proj"},
		{"/home/dev/na\\u0000m\\ne", "name"},
		{"/home/dev/\\u00fc", "\xC3\xBC"},
		{"/", NULL},
		{"/home/..", NULL},
	};
	char json[256];

	for (size_t i = 0; i < sizeof(cwds) / sizeof(cwds[0]); i++) {
		(void)snprintf(json, sizeof(json), "{'type':'user','cwd':'%s'}", cwds[i][0]);
		line_payload(json);
		if (cwds[i][1]) {
			ck_assert_text(test_event.project_name, cwds[i][1]);
		} else {
			ck_assert_absent(test_event.project_name);
		}
	}
}
END_TEST

START_TEST(a_sub_agent_file_speaks_for_its_agent)
{
	struct bp_line_origin origin = test_origin();

	origin.agent_from_path = BP_STR("abc123");
	bp_project_claude_line(&test_projector, quoted("{'type':'user','message':{'content':'x'}}"),
			       &origin, &test_event);
	ck_assert_text(test_event.agent_id, "abc123");
	ck_assert(test_event.is_sidechain);
	ck_assert_text(test_event.event_type, "user");
}
END_TEST

/* Seen to fail: with the member's text written as it is; with attributionAgent taken from the list of
   members. */
START_TEST(a_sub_agents_line_tells_its_type_as_a_hook_does)
{
	ck_assert_str_eq(line_payload("{'type':'assistant','agentId':'a1','attributionAgent':"
				      "'Explore'}"),
			 "{'agent_type':'Explore'}");
	ck_assert_str_eq(line_payload("{'type':'assistant','agentId':'a1','attributionAgent':"
				      "'acme-deployer'}"),
			 "{'agent_type':'custom'}");
	ck_assert_str_eq(line_payload("{'type':'assistant','agentId':'a1','attributionAgent':''}"),
			 "{}");
	ck_assert_str_eq(line_payload("{'type':'assistant','agentId':'a1','attributionAgent':7}"),
			 "{}");
}
END_TEST

START_TEST(a_copied_line_names_who_asked)
{
	ck_assert_str_eq(line_payload("{'type':'assistant','sessionId':'new',"
				      "'requestSessionId':'old'}"),
			 "{'asked_session':'old'}");
	ck_assert_str_eq(line_payload("{'type':'assistant','sessionId':'new',"
				      "'requestSessionId':'new'}"),
			 "{}");
}
END_TEST

START_TEST(what_is_not_an_object_is_malformed)
{
	static const char *const lines[] = {"",       "x",        "7",    "[]",
					    "{'a':1", "{'a':'b}", "{}{}", "null"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(project_line_text(quoted(lines[i])) == BP_PROJECT_MALFORMED, "%s",
			      lines[i]);
		ck_assert_msg(project_hook_text(quoted(lines[i])) == BP_PROJECT_MALFORMED, "%s",
			      lines[i]);
	}
}
END_TEST

START_TEST(a_claude_line_is_recognised_and_others_are_not)
{
	ck_assert(bp_project_claude_recognise(
		quoted("{'type':'user','isSidechain':false,'uuid':'u','sessionId':'s'}")));
	ck_assert(bp_project_claude_recognise(
		quoted("{'type':'summary','summary':'x','leafUuid':'u'}")));
	ck_assert(bp_project_claude_recognise(
		quoted("{'type':'file-history-snapshot','snapshot':{}}")));
	/* Qwen Code, Codex, Gemini CLI */
	ck_assert(!bp_project_claude_recognise(
		quoted("{'uuid':'u','parentUuid':null,'sessionId':'s','type':'user','cwd':'/x',"
		       "'message':{'role':'user','parts':[]}}")));
	ck_assert(!bp_project_claude_recognise(
		quoted("{'timestamp':'x','type':'session_meta','payload':{}}")));
	ck_assert(!bp_project_claude_recognise(quoted("{'id':'x','type':'user','content':'x'}")));
	ck_assert(!bp_project_claude_recognise(quoted("not json")));
}
END_TEST

BP_TEST_MAIN(setup, NULL, an_envelope_goes_to_columns, a_typed_prompt_is_human_with_length_and_hash,
	     a_prompt_hashes_alike_in_line_block_and_hook, what_nobody_typed_is_not_human,
	     turn_origin_decides_where_it_is_written, a_queued_prompt_is_a_prompt,
	     an_assistant_line_gives_tokens_model_and_calls, numbers_that_are_none_are_absent,
	     a_synthetic_error_is_final_and_has_no_tokens, a_retry_keeps_numbers_and_a_class,
	     a_compaction_says_what_it_saved, agent_progress_is_the_message_inside,
	     cost_state_keeps_the_numbers_as_written, titles_and_unknown_types_give_an_envelope,
	     a_time_is_own_or_inherited_or_of_receipt, identity_is_the_uuid_or_the_place,
	     names_outside_the_safe_characters_are_hashed,
	     a_project_name_is_the_last_component_only, a_sub_agent_file_speaks_for_its_agent,
	     a_sub_agents_line_tells_its_type_as_a_hook_does, a_copied_line_names_who_asked,
	     what_is_not_an_object_is_malformed, a_claude_line_is_recognised_and_others_are_not)
