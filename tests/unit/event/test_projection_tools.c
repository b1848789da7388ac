/* SPDX-License-Identifier: MIT */
#include "event/projection_parts.h"
#include "support/run.h"
#include "unit/event/projected.h"

static void setup(void)
{
	test_policy(0, true, false);
}

static void assert_result(const char *block, const char *beside, const char *want)
{
	char json[4096];
	char full[512];

	(void)snprintf(json, sizeof(json), RESULT_LINE("%s", "%s"), block, beside);
	(void)snprintf(full, sizeof(full), "{'results':[{'id':'t1',%s}]}", want);
	ck_assert_str_eq(line_payload(json), full);
	ck_assert_text(test_event.event_type, "tool_result");
}

START_TEST(texts_of_refusal_decide_rank_and_decision)
{
	static const char *const rejected[] = {
		"The user doesn`t want to proceed with this tool use. The tool use was rejected",
		"The user doesn`t want to take this action right now. STOP",
		"Permission for this tool use was denied. The tool use was rejected",
		"Error: The user doesn`t want to proceed with this tool use. To tell you"};
	static const char *const denied[] = {
		"Permission to use Bash with command rm has been denied.",
		"Claude requested permissions to write to /x, but you haven`t granted it yet.",
		"touch in `/x` needs approval. The path is",
		"cd in `/x` was blocked. For security, Claude Code may only",
		"This command requires approval"};
	char block[512];
	char want[256];

	for (size_t i = 0; i < sizeof(rejected) / sizeof(rejected[0]); i++) {
		(void)snprintf(block, sizeof(block), "'is_error':true,'content':'%s'", rejected[i]);
		(void)snprintf(
			want, sizeof(want),
			"'rank':90,'decision':'user_reject','decision_rank':2,'output_bytes':%zu",
			strlen(rejected[i]));
		assert_result(block, "", want);
	}
	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		(void)snprintf(block, sizeof(block),
			       "'is_error':true,'content':[{'type':'text','text':'%s'}]",
			       denied[i]);
		(void)snprintf(want, sizeof(want),
			       "'rank':80,'decision':'config','decision_rank':1,'output_bytes':%zu",
			       strlen(denied[i]));
		assert_result(block, "", want);
	}
	assert_result("'is_error':true,'content':'PreToolUse:Bash hook error: x'", "",
		      "'rank':80,'decision':'hook','decision_rank':2,'output_bytes':29");
	assert_result("'is_error':true,'content':'[Request interrupted by user]'", "",
		      "'rank':60,'output_bytes':29");
}
END_TEST

START_TEST(the_same_texts_without_is_error_are_output)
{
	assert_result("'content':'Permission to use Bash'", "", "'rank':40,'output_bytes':22");
	assert_result("'is_error':false,'content':'x'", "", "'rank':40,'output_bytes':1");
	assert_result("'is_error':'true','content':'x'", "", "'rank':40,'output_bytes':1");
	assert_result("'content':[{'type':'image'}]", "", "'rank':40,'output_bytes':0");
}
END_TEST

START_TEST(what_stands_beside_the_message_counts)
{
	assert_result("'is_error':true,'content':'x'",
		      ",'permissionDecision':{'decision':'reject','source':'config'}",
		      "'rank':80,'decision':'config','decision_rank':3,'output_bytes':1");
	assert_result("'is_error':true,'content':'x'",
		      ",'permissionDecision':{'decision':'reject','source':'hook'}",
		      "'rank':80,'decision':'hook','decision_rank':3,'output_bytes':1");
	assert_result("'is_error':true,'content':'x'",
		      ",'permissionDecision':{'decision':'reject','source':'user_reject'}",
		      "'rank':90,'decision':'user_reject','decision_rank':3,'output_bytes':1");
	assert_result("'content':'x'",
		      ",'permissionDecision':{'decision':'accept','source':'user_temporary'}",
		      "'rank':40,'decision':'user_temporary','decision_rank':3,'output_bytes':1");
	assert_result("'content':'x'", ",'permissionDecision':{'decision':'reject','source':'odd'}",
		      "'rank':40,'output_bytes':1");
	assert_result("'content':'x'", ",'toolUseResult':{'interrupted':true}",
		      "'rank':60,'output_bytes':1");
	/* The kind of denial alone never beats what is known. */
	assert_result("'content':'x'", ",'toolDenialKind':'user-rejected'",
		      "'rank':40,'output_bytes':1");
}
END_TEST

START_TEST(two_results_in_a_line_do_not_share_what_stands_beside)
{
	ck_assert_str_eq(
		line_payload("{'type':'user','permissionDecision':{'decision':'reject','source':"
			     "'config'},'message':{'content':[{'type':'tool_result','tool_use_id':"
			     "'a','content':'x'},{'type':'tool_result','tool_use_id':'b',"
			     "'is_error':true,'content':'y'}]}}"),
		"{'results':[{'id':'a','rank':40,'output_bytes':1},"
		"{'id':'b','rank':50,'error_class':'other','output_bytes':1}]}");
}
END_TEST

START_TEST(errors_have_classes)
{
	static const char *const errors[][2] = {
		{"<tool_use_error>String to replace not found in file.", "precondition"},
		{"<tool_use_error>Error: No such tool available: glob", "precondition"},
		{"File has not been read yet. Read it first", "precondition"},
		{"String to replace not found in file.", "edit_mismatch"},
		{"Found 3 matches of the string to replace, but", "edit_mismatch"},
		{"File does not exist. Note: your", "not_found"},
		{"ENOENT: no such file", "not_found"},
		{"EACCES: permission", "permission"},
		{"Request timed out", "timeout"},
		{"connect ECONNREFUSED 127.0.0.1", "network"},
		{"SyntaxError: bad", "syntax"},
		{"API Error: 500", "api"},
		{"something else", "other"},
		{"", "other"},
	};
	char block[256];
	char want[256];

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		(void)snprintf(block, sizeof(block), "'is_error':true,'content':'%s'",
			       errors[i][0]);
		(void)snprintf(want, sizeof(want),
			       "'rank':50,'error_class':'%s','output_bytes':%zu", errors[i][1],
			       strlen(errors[i][0]));
		assert_result(block, "", want);
	}
	assert_result("'is_error':true,'content':'Exit code 127\\nx: command not found'", "",
		      "'rank':50,'error_class':'exit_code','exit_code':127,'output_bytes':34");
	assert_result("'is_error':true,'content':'Exit code 143\\nCommand timed out after 1s'", "",
		      "'rank':50,'error_class':'timeout','exit_code':143,'output_bytes':40");
	assert_result("'is_error':true,'content':'Exit code 1\\nThis command requires approval'",
		      "", "'rank':50,'error_class':'exit_code','exit_code':1,'output_bytes':42");
	assert_result("'is_error':true,'content':'Exit code x'", "",
		      "'rank':50,'error_class':'exit_code','output_bytes':11");
	assert_result("'is_error':true", "", "'rank':50,'error_class':'other'");
}
END_TEST

static void assert_edit(const char *structured, const char *want)
{
	char beside[2048];
	char full[512];

	(void)snprintf(beside, sizeof(beside), ",'cwd':'/w','toolUseResult':%s", structured);
	(void)snprintf(full, sizeof(full), "'rank':40,'output_bytes':1%s%s", *want ? "," : "",
		       want);
	assert_result("'content':'x'", beside, full);
}

START_TEST(a_patch_is_counted_exactly)
{
	assert_edit("{'filePath':'/w/a.C','oldString':'x','newString':'y','originalFile':'x',"
		    "'structuredPatch':[{'lines':[' a','-x','+y','+z']},{'lines':['+q',"
		    "'\\\\ No newline at end of file']}]}",
		    "'edit':{'op':'edit','ext':'c','file':'#','old':'#','new':'#','added':3,"
		    "'removed':1,'exact':true}");
	ck_assert_int_eq(test_event.lines_added, 3);
	ck_assert_int_eq(test_event.lines_removed, 1);
}
END_TEST

START_TEST(a_created_file_counts_its_lines)
{
	assert_edit("{'type':'create','filePath':'/w/a.txt','content':'1\\n2\\n','structuredPatch':"
		    "[],'originalFile':null}",
		    "'edit':{'op':'create','ext':'txt','file':'#','new':'#','added':2,'removed':0,"
		    "'exact':true}");
	assert_edit("{'type':'update','filePath':'/w/a.txt','content':'1\\n3','structuredPatch':[{"
		    "'lines':['-2','+3']}],'originalFile':'1\\n2'}",
		    "'edit':{'op':'edit','ext':'txt','file':'#','old':'#','new':'#','added':1,"
		    "'removed':1,'exact':true}");
	assert_edit("{'type':'update','filePath':'/w/a','content':'same','structuredPatch':[],"
		    "'originalFile':'same'}",
		    "'edit':{'op':'edit','file':'#','old':'#','new':'#','added':0,'removed':0,"
		    "'exact':true}");
	assert_edit("{'filePath':'/w/a','oldString':'','newString':'1\\n2\\n3','originalFile':null,"
		    "'structuredPatch':[]}",
		    "'edit':{'op':'create','file':'#','old':'#','new':'#','added':3,'removed':0,"
		    "'exact':true}");
}
END_TEST

START_TEST(other_results_touch_files_or_nothing)
{
	assert_edit("{'filePath':'/w/a.py','edits':[{'old_string':'a','new_string':'b'},{"
		    "'old_string':'c','new_string':'d'}],'structuredPatch':[{'lines':['-a','+b',"
		    "'-c','+d']}]}",
		    "'edit':{'op':'edit','ext':'py','file':'#','old':'#','new':'#','added':2,"
		    "'removed':2,'exact':true}");
	assert_edit("{'new_source':'1\\n2','edit_mode':'replace','cell_number':1}",
		    "'edit':{'op':'edit','new':'#','added':2,'removed':0}");
	assert_edit("{'type':'text','file':{'filePath':'/w/b.md','content':'secret'}}",
		    "'file':{'kind':'read','ext':'md','file':'#'}");
	assert_edit("{'filenames':['/secret'],'mode':'content'}", "");
	assert_edit("'Error: secret'", "");
	assert_edit("[{'type':'text','text':'secret'}]", "");
	assert_edit("{'filePath':7,'structuredPatch':'x','content':[]}", "");
	assert_edit("{'filePath':'/w/a','oldString':'x','newString':'y','structuredPatch':"
		    "[7,{'lines':'x'},{'lines':[7,'+',null]}]}",
		    "'edit':{'op':'edit','file':'#','old':'#','new':'#','added':1,'removed':0,"
		    "'exact':true}");
}
END_TEST

static void assert_input(const char *name, const char *input, const char *want)
{
	char json[2048];

	(void)snprintf(
		json, sizeof(json),
		"{'type':'assistant','cwd':'/w','message':{'content':[{'type':'tool_use','id':'t',"
		"'name':'%s','input':%s}]}}",
		name, input);
	const char *payload = line_payload(json);
	ck_assert_msg(strstr(payload, want), "%s", payload);
}

/* Seen to fail: with every tool's subagent_type read; with the type written without an id. */
START_TEST(a_call_and_its_result_name_the_agent_they_started)
{
	assert_input("Agent", "{'subagent_type':'Explore','prompt':'secret'}",
		     "'input_hash':'#','agent_type':'Explore'}]");
	assert_input("Task", "{'subagent_type':'acme-deployer','prompt':'secret'}",
		     "'input_hash':'#','agent_type':'custom'}]");
	assert_input("Agent", "{'subagent_type':['Explore']}", "'input_hash':'#'}]");
	assert_input("Skill", "{'subagent_type':'Explore'}", "'input_hash':'#'}]");
	assert_edit("{'status':'completed','agentId':'a1','agentType':'Plan','prompt':'secret'}",
		    "'agent_id':'a1','agent_type':'Plan'");
	assert_edit("{'status':'completed','agentId':'a1','agentType':'acme','prompt':'secret'}",
		    "'agent_id':'a1','agent_type':'custom'");
	assert_edit("{'status':'async_launched','agentId':'a1'}", "'agent_id':'a1'");
	assert_edit("{'status':'completed','agentType':'Plan'}", "");
}
END_TEST

START_TEST(an_input_is_estimated_by_what_differs)
{
	assert_input("Edit",
		     "{'file_path':'/w/a.c','old_string':'a\\nb\\nc','new_string':'a\\nX\\nY\\nc'}",
		     "'edit':{'op':'edit','ext':'c','file':'#','old':'#','new':'#','added':2,"
		     "'removed':1}");
	assert_input("Edit", "{'file_path':'/w/a.c','old_string':'foo','new_string':'foo\\nbar'}",
		     "'added':1,'removed':0}");
	assert_input("Edit", "{'file_path':'/w/a.c','old_string':'a\\na\\na','new_string':'a\\na'}",
		     "'added':0,'removed':1}");
	assert_input("Edit", "{'file_path':'/w/a.c','old_string':'a\\\\nb','new_string':'a\\\\nc'}",
		     "'added':1,'removed':1}");
	assert_input("Edit", "{'file_path':'/w/a.c','old_string':'','new_string':'1\\n2'}",
		     "'op':'create','ext':'c','file':'#','old':'#','new':'#','added':2,"
		     "'removed':0}");
	assert_input("Write", "{'file_path':'/w/a.c','content':'1\\n2\\n'}",
		     "'edit':{'op':'create','ext':'c','file':'#','new':'#','added':2,'removed':0}");
	assert_input("MultiEdit",
		     "{'file_path':'/w/a','edits':[{'old_string':'a','new_string':'b'},{"
		     "'old_string':'c','new_string':''}]}",
		     "'edit':{'op':'edit','file':'#','old':'#','new':'#','added':1,'removed':2}");
	assert_input(
		"NotebookEdit",
		"{'notebook_path':'/w/n.ipynb','edit_mode':'insert','new_source':'1\\n2'}",
		"'edit':{'op':'edit','ext':'ipynb','file':'#','new':'#','added':2,'removed':0}");
	assert_input("Read", "{'file_path':'src/a.h'}",
		     "'file':{'kind':'read','ext':'h','file':'#'}");
	assert_input("Grep", "{'pattern':'secret','path':'/w/src'}",
		     "'file':{'kind':'search','file':'#'}");
	assert_input("Edit", "'not an object'", "'tool':'Edit','edit':{'op':'edit','added':0,");
}
END_TEST

START_TEST(old_and_new_hash_alike_in_input_and_result)
{
	char old_hash[17] = {0};
	char new_hash[17] = {0};

	assert_input("Edit", "{'file_path':'a.c','old_string':'x \\u00fc','new_string':'y'}",
		     "'old'");
	const char *at = strstr(test_event.payload.ptr, "\"old\"");
	memcpy(old_hash, at + 7, 16);
	memcpy(new_hash, strstr(at, "\"new\"") + 7, 16);
	assert_edit("{'filePath':'/w/a.c','oldString':'x \xC3\xBC','newString':'y',"
		    "'structuredPatch':[]}",
		    "'edit':{'op':'edit','ext':'c','file':'#','old':'#','new':'#','added':0,"
		    "'removed':0,'exact':true}");
	ck_assert(strstr(test_event.payload.ptr, old_hash));
	ck_assert(strstr(test_event.payload.ptr, new_hash));
}
END_TEST

START_TEST(a_relative_path_is_the_same_file_and_strange_names_have_no_extension)
{
	char file[17] = {0};
	static const char *const odd[] = {"/w/.bashrc",   "/w/Makefile",
					  "/w/a.",        "/w.d/x",
					  "/w/a.sec ret", "/w/a.averyveryverylongone"};
	char input[128];

	assert_input("Read", "{'file_path':'/w/src/a.h'}", "'ext':'h'");
	memcpy(file, strstr(test_event.payload.ptr, "\"file\":\"") + 8, 16);
	assert_input("Read", "{'file_path':'./src/../src/a.h'}", "'ext':'h'");
	ck_assert(strstr(test_event.payload.ptr, file));
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		(void)snprintf(input, sizeof(input), "{'file_path':'%s'}", odd[i]);
		assert_input("Read", input, "'file':{'kind':'read','file':'#'}");
	}
}
END_TEST

START_TEST(commands_have_a_kind)
{
	static const char *const commands[][2] = {
		{"npm test", "test"},
		{"npm run test:unit -- --watch", "test"},
		{"cd /x && FOO=1 make -j4 check | tail -5", "test"},
		{"python3 -m pytest -q tests", "test"},
		{"cargo t", "test"},
		{"timeout 60 ctest --output-on-failure", "test"},
		{"make", "build"},
		{"npm run build", "build"},
		{"gcc -o a a.c", "build"},
		{"sudo apt-get install -y git", "package"},
		{"npm install && npm run build", "build"},
		{"pip install x", "package"},
		{"go get x", "package"},
		{"git -C /x log | head", "vcs"},
		{"gh pr list", "vcs"},
		{"curl -s https://x", "network"},
		{"python3 secret.py", "run"},
		{"node -e 0", "run"},
		{"./secret --now", "run"},
		{"npx thing", "run"},
		{"cat a | grep b", "search"},
		{"rg -n x", "search"},
		{"ls -la; pwd", "read"},
		{"sed -n 1,5p x", "read"},
		{"echo hi", "other"},
		{"secretprogram", "other"},
		{"echo `git push; make test`", "other"},
		{"cat <<EOF\\ngit push\\nEOF", "read"},
		{"", "other"},
	};
	char input[256];
	char want[64];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		(void)snprintf(input, sizeof(input), "{'command':'%s'}", commands[i][0]);
		(void)snprintf(want, sizeof(want), "'cmd_kind':'%s'}", commands[i][1]);
		assert_input("Bash", input, want);
	}
	assert_input("Bash", "{'command':7}", "'cmd_kind':'other'");
	assert_input("Bash", "{}", "'cmd_kind':'other'");
}
END_TEST

BP_TEST_MAIN(setup, NULL, texts_of_refusal_decide_rank_and_decision,
	     the_same_texts_without_is_error_are_output, what_stands_beside_the_message_counts,
	     two_results_in_a_line_do_not_share_what_stands_beside, errors_have_classes,
	     a_patch_is_counted_exactly, a_created_file_counts_its_lines,
	     other_results_touch_files_or_nothing,
	     a_call_and_its_result_name_the_agent_they_started,
	     an_input_is_estimated_by_what_differs, old_and_new_hash_alike_in_input_and_result,
	     a_relative_path_is_the_same_file_and_strange_names_have_no_extension,
	     commands_have_a_kind)
