/* SPDX-License-Identifier: MIT */
/*
 * test_projection_canary.c - a unique word in every place where content can be, and none of them
 * comes out, in no encoding.
 *
 * "@" in a template becomes "canary<number>Q7": a word that would pass as a name, so that a place
 * which is wrongly taken for a name is found too. Places that are names by contract (ids, types,
 * models, versions) hold fixed words.
 */
#include "support/run.h"
#include "unit/event/projected.h"

static char filled[65536];
static unsigned n_canaries;

static void setup(void)
{
	test_policy(0, false, false);
	n_canaries = 0;
}

#define LINE                                                                                       \
	"'uuid':'u1','sessionId':'s1','timestamp':'2026-11-20T07:59:32.286Z','cwd':'/@/@ @',"      \
	"'gitBranch':'@','version':'2.1.328','slug':'@','@':'@','userType':'@','entrypoint':'@'"

#define ASSISTANT(content)                                                                         \
	"{'type':'assistant','message':{'id':'m1','model':'claude-x','stop_sequence':'@',"         \
	"'diagnostics':{'x':'@'},'container':{'id':'@'},'usage':{'inference_geo':'@',"             \
	"'iterations':['@']},'content':[" content "]},'attributionSkill':'@',"                     \
	"'attributionMcpServer':'@','attributionMcpTool':'@'," LINE "}"

#define RESULT(block, structured)                                                                  \
	"{'type':'user','message':{'content':[{'type':'tool_result','tool_use_id':'t1'," block     \
	"}]},'toolUseResult':" structured                                                          \
	",'permissionDecision':{'decision':'reject','source':'@',"                                 \
	"'reasonCode':'@'},'toolDenialKind':'@'," LINE "}"

#define CALL(name, input)                                                                          \
	ASSISTANT("{'type':'tool_use','id':'t1','name':'" name "','input':" input "}")

static const char *const LINES[] = {
	"{'type':'user','message':{'role':'user','content':'@ @ @'},'planContent':'@',"
	"'todos':[{'content':'@'}],'imagePasteIds':['@'],'origin':{'kind':'@'}," LINE "}",
	"{'type':'user','message':{'content':[{'type':'text','text':'@'},{'type':'image','source':"
	"{'data':'@','media_type':'@'}},{'type':'@','@':'@'}]}," LINE "}",
	"{'type':'user','isMeta':true,'message':{'content':'<command-name>@</command-name>'}," LINE
	"}",
	ASSISTANT("{'type':'text','text':'@'},{'type':'thinking','thinking':'@','signature':'@'},"
		  "{'type':'redacted_thinking','data':'@'},{'type':'@','text':'@'}"),
	"{'type':'assistant','isApiErrorMessage':true,'error':'@','apiErrorType':'@','message':{"
	"'model':'<synthetic>','content':[{'type':'text','text':'@'}]}," LINE "}",
	"{'type':'assistant','message':{'content':'@'}," LINE "}",
	CALL("Bash", "{'command':'@ @ && @ > /@','description':'@','timeout':'@'}"),
	CALL("Edit", "{'file_path':'/@/@.@','old_string':'@\\n@','new_string':'@'}"),
	CALL("Write", "{'file_path':'/@/@.c','content':'@'}"),
	CALL("MultiEdit", "{'file_path':'/@','edits':[{'old_string':'@','new_string':'@'}]}"),
	CALL("NotebookEdit", "{'notebook_path':'/@/@.ipynb','new_source':'@','edit_mode':'@'}"),
	CALL("Read", "{'file_path':'@/@.h'}"),
	CALL("Grep", "{'pattern':'@','path':'/@','glob':'@'}"),
	CALL("WebFetch", "{'url':'https://@/@','prompt':'@'}"),
	CALL("Agent", "{'description':'@','prompt':'@','subagent_type':'@'}"),
	CALL("TodoWrite", "{'todos':[{'content':'@','activeForm':'@'}]}"),
	CALL("mcp__@__@", "{'@':'@'}"),
	CALL("Bash", "['@']"),
	CALL("Bash", "'@'"),
	RESULT("'content':'@'", "{'stdout':'@','stderr':'@','interrupted':false,'gitOperation':'@',"
				"'persistedOutputPath':'/@','backgroundTaskId':'@'}"),
	RESULT("'content':[{'type':'text','text':'@'},{'type':'image','source':{'data':'@'}}]",
	       "[{'type':'text','text':'@'}]"),
	RESULT("'is_error':true,'content':'Exit code 1\\n@'", "'Error: @'"),
	RESULT("'is_error':true,'content':'The user doesn`t want to proceed with this tool use. @'",
	       "'@'"),
	RESULT("'content':'@'", "{'filePath':'/@/@.c','oldString':'@','newString':'@',"
				"'originalFile':'@','structuredPatch':[{'lines':['-@','+@']}]}"),
	RESULT("'content':'@'", "{'type':'create','filePath':'/@/@.txt','content':'@',"
				"'structuredPatch':[],'originalFile':null}"),
	RESULT("'content':'@'", "{'type':'text','file':{'filePath':'/@.md','content':'@'}}"),
	RESULT("'content':'@'", "{'filenames':['/@'],'content':'@','mode':'@'}"),
	RESULT("'content':'@'", "{'status':'@','prompt':'@','content':['@'],'agentType':'@',"
				"'outputFile':'/@','description':'@'}"),
	RESULT("'content':'@'", "{'questions':['@'],'answers':{'@':'@'},'plan':'@','query':'@'}"),
	"{'type':'system','subtype':'local_command','content':'@'," LINE "}",
	"{'type':'system','subtype':'api_error','error':{'message':'@','formatted':'@','type':'@',"
	"'error':{'type':'@','message':'@','error':{'type':'@','message':'@'}},'headers':{'@':'@'},"
	"'connection':'@'},'cause':{'message':'@'},'source':'@'," LINE "}",
	"{'type':'system','subtype':'stop_hook_summary','hookInfos':[{'command':'@'}],'hookErrors':"
	"['@'],'stopReason':'@'," LINE "}",
	"{'type':'system','subtype':'compact_boundary','content':'@','compactMetadata':{'trigger':"
	"'auto','preCompactDiscoveredTools':['@']}," LINE "}",
	"{'type':'system','subtype':'away_summary','content':'@'," LINE "}",
	"{'type':'summary','summary':'@','leafUuid':'u'}",
	"{'type':'ai-title','aiTitle':'@','sessionId':'s1'}",
	"{'type':'custom-title','customTitle':'@','sessionId':'s1'}",
	"{'type':'agent-name','agentName':'@','sessionId':'s1'}",
	"{'type':'last-prompt','lastPrompt':'@','leafUuid':'u','sessionId':'s1'}",
	"{'type':'queue-operation','operation':'enqueue','content':'@','sessionId':'s1'}",
	"{'type':'pr-link','prNumber':7,'prUrl':'@','prRepository':'@','sessionId':'s1'}",
	"{'type':'worktree-state','worktree':{'path':'/@','branch':'@'},'sessionId':'s1'}",
	"{'type':'relocated','from':'/@','to':'/@'}",
	"{'type':'error','error':'@','message':'@'}",
	"{'type':'message','message':'@','data':'@'}",
	"{'type':'file-history-snapshot','snapshot':{'trackedFileBackups':{'/@':{'backupFileName':"
	"'@'}},'timestamp':'@'}}",
	"{'type':'api-request','params':{'model':'@','system':'@'},'tail':['@'],'querySource':'@'}",
	"{'type':'api-request-blob','message':{'role':'user','content':'@'},'hash':'@'}",
	"{'type':'api-request-shape','shape':{'system':[{'text':'@'}],'tools':[{'name':'@'}]}}",
	"{'type':'tools-used','tools':['@']}",
	"{'type':'cost-state','totalCostUSD':'@','modelUsage':{'@':{}},'totalLinesAdded':'@'}",
	"{'type':'progress','data':{'type':'bash_progress','output':'@','fullOutput':'@'}," LINE
	"}",
	"{'type':'progress','data':{'type':'hook_progress','hookName':'@','command':'@'}," LINE "}",
	"{'type':'progress','data':{'type':'mcp_progress','serverName':'@','toolName':'@'}," LINE
	"}",
	"{'type':'progress','data':{'type':'query_update','query':'@'}," LINE "}",
	"{'type':'progress','data':{'type':'agent_progress','prompt':'@','normalizedMessages':['@']"
	","
	"'message':{'type':'assistant','message':{'content':[{'type':'text','text':'@'},{'type':"
	"'tool_use','id':'t','name':'Bash','input':{'command':'@'}}]}}}," LINE "}",
	"{'type':'progress','data':{'type':'agent_progress','message':{'type':'user','cwd':'/@',"
	"'gitBranch':'@','message':{'content':[{'type':'tool_result','tool_use_id':'t','content':"
	"'@'}]},'toolUseResult':{'stdout':'@'}}}," LINE "}",
	"{'type':'attachment','attachment':{'type':'queued_command','commandMode':'prompt',"
	"'prompt':'@'},'rendered':[{'content':'@'}]," LINE "}",
	"{'type':'attachment','attachment':{'type':'queued_command','commandMode':'prompt',"
	"'prompt':[{'type':'text','text':'@'}]}," LINE "}",
	"{'type':'attachment','attachment':{'type':'hook_success','hookName':'@','command':'@',"
	"'stdout':'@','stderr':'@','content':'@'}," LINE "}",
	"{'type':'attachment','attachment':{'type':'edited_text_file','filename':'/@','snippet':"
	"'@'}," LINE "}",
	"{'type':'attachment','attachment':{'type':'prompt_snapshot','systemPrompt':['@']}," LINE
	"}",
	"{'type':'attachment','attachment':{'type':'skill_listing','content':'@','names':['@']}"
	"," LINE "}",
	"{'type':'attachment','attachment':{'type':'instructions','files':[{'path':'/@','content':"
	"'@'}]}," LINE "}",
	"{'type':'attachment','attachment':'@'," LINE "}",
	"{'display':'@','pastedContents':{'1':{'content':'@'}},'timestamp':1770000000000,"
	"'project':'/@','sessionId':'s1'}",
	"{'type':'@ @','text':'@'}",
};

#define HOOK(name, rest)                                                                           \
	"{'session_id':'s1','transcript_path':'/@/@.jsonl','cwd':'/@/@ "                           \
	"@','hook_event_name':'" name                                                              \
	"','session_title':'@','effort':{'level':'@'},'agent_type':'@','@':'@'" rest "}"

#define TOOL(name, rest) HOOK(name, ",'tool_use_id':'t1','mcp_server':'@'," rest)

static const char *const HOOKS[] = {
	HOOK("UserPromptSubmit", ",'prompt':'@ @'"),
	HOOK("UserPromptExpansion", ",'prompt':'@','command_name':'@','command_args':'@'"),
	HOOK("SessionStart", ",'source':'startup'"),
	HOOK("SessionEnd", ",'reason':'other'"),
	HOOK("Setup", ",'trigger':'init','x':'@'"),
	TOOL("PreToolUse", "'tool_name':'Bash','tool_input':{'command':'@','description':'@'}"),
	TOOL("PreToolUse", "'tool_name':'mcp__@__@','tool_input':{'@':'@'}"),
	TOOL("PreToolUse", "'tool_name':'Edit','tool_input':{'file_path':'/@.@','old_string':'@',"
			   "'new_string':'@'}"),
	TOOL("PostToolUse", "'tool_name':'Bash','tool_input':{'command':'@'},'tool_response':{"
			    "'stdout':'@','stderr':'@'}"),
	TOOL("PostToolUse", "'tool_name':'Write','tool_input':{'file_path':'/@','content':'@'},"
			    "'tool_response':{'type':'create','filePath':'/@/@.c','content':'@',"
			    "'structuredPatch':[]}"),
	TOOL("PostToolUse",
	     "'tool_name':'mcp__@__@','tool_input':{},'tool_response':[{'text':'@'}]"),
	TOOL("PostToolUse", "'tool_name':'LS','tool_input':'@','tool_response':'@'"),
	TOOL("PostToolUseFailure", "'tool_name':'Read','tool_input':{'file_path':'/@'},"
				   "'error':'File does not exist: @'"),
	TOOL("PostToolUseFailure", "'tool_name':'mcp__@__@','error':'@'"),
	HOOK("PostToolBatch", ",'tool_calls':[{'tool_name':'Bash','tool_use_id':'t1','tool_input':{"
			      "'command':'@'},'tool_response':'@'},{'tool_name':'mcp__@__@',"
			      "'tool_response':[{'type':'text','text':'@'}]},'@']"),
	TOOL("PermissionRequest", "'tool_name':'Bash','tool_input':{'command':'@'},"
				  "'permission_suggestions':[{'directories':['/@']}]"),
	TOOL("PermissionDenied", "'tool_name':'Bash','tool_input':{'command':'@'},'reason':'@'"),
	HOOK("Stop", ",'last_assistant_message':'@','background_tasks':[{'description':'@'}]"),
	HOOK("StopFailure", ",'error':'@','error_details':'@','last_assistant_message':'@'"),
	HOOK("SubagentStart", ",'agent_id':'a1'"),
	HOOK("SubagentStop", ",'agent_id':'a1','agent_transcript_path':'/@',"
			     "'last_assistant_message':'@'"),
	HOOK("PreCompact", ",'trigger':'manual','custom_instructions':'@'"),
	HOOK("PostCompact", ",'trigger':'manual','compact_summary':'@'"),
	HOOK("Notification", ",'message':'@','title':'@','notification_type':'idle_prompt'"),
	HOOK("InstructionsLoaded", ",'file_path':'/@','memory_type':'@','load_reason':'@'"),
	HOOK("TaskCreated", ",'task_subject':'@','task_description':'@'"),
	HOOK("CwdChanged", ",'old_cwd':'/@','new_cwd':'/@'"),
	HOOK("FileChanged", ",'file_path':'/@','event':'@'"),
	HOOK("WorktreeCreate", ",'name':'@','worktree_path':'/@'"),
	HOOK("MessageDisplay", ",'delta':'@','final':true"),
	HOOK("Elicitation", ",'message':'@','answer':'@'"),
	HOOK("SomethingNew", ",'text':'@','list':['@',{'@':'@'}]"),
};

/* "@" -> a word of its own. */
static const char *fill(const char *template)
{
	size_t n = 0;

	for (const char *at = template; *at; at++) {
		if (*at == '@') {
			n += (size_t)snprintf(filled + n, sizeof(filled) - n, "canary%05uQ7",
					      n_canaries++);
		} else {
			filled[n++] = *at;
		}
		ck_assert_uint_lt(n, sizeof(filled) - 16);
	}
	filled[n] = '\0';
	return filled;
}

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Base64 of text at one of three places in its group, without the digits its neighbours share. */
static void base64_at(const char *text, size_t shift, char *out)
{
	char padded[64] = {0};
	size_t n = strlen(text) + shift;
	size_t len = 0;

	memcpy(padded + shift, text, strlen(text));
	size_t first = (shift * 8 + 5) / 6;
	for (size_t digit = first; digit * 6 + 6 <= n * 8; digit++) {
		size_t bit = digit * 6;
		unsigned pair = (unsigned)(unsigned char)padded[bit / 8] << 8 |
				(unsigned char)padded[bit / 8 + 1];
		out[len++] = BASE64[pair >> (10 - bit % 8) & 63];
	}
	out[len] = '\0';
}

/* True when the word is in text: plain, in any letter case, base64, hex, percent or \u escaped. */
static bool finds(const char *text, const char *word)
{
	char form[256];
	char hex[128] = "";
	char percent[128] = "";
	char escaped[256] = "";

	if (strcasestr(text, word)) {
		return true;
	}
	for (size_t shift = 0; shift < 3; shift++) {
		base64_at(word, shift, form);
		if (strstr(text, form)) {
			return true;
		}
	}
	for (size_t i = 0; word[i]; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", (unsigned char)word[i]);
		(void)snprintf(percent + 3 * i, 4, "%%%02x", (unsigned char)word[i]);
		(void)snprintf(escaped + 6 * i, 7, "\\u%04x", (unsigned char)word[i]);
	}
	return strcasestr(text, hex) || strcasestr(text, percent) || strcasestr(text, escaped);
}

static void assert_silent(const char *template, bool is_hook)
{
	unsigned first = n_canaries;
	char word[32];

	struct bp_str json = quoted(fill(template));
	ck_assert_msg((is_hook ? project_hook_text(json) : project_line_text(json)) == BP_PROJECTED,
		      "%s", template);
	const char *wire = wire_of(&test_event);
	ck_assert_msg(n_canaries > first || !strchr(template, '@'), "%s", template);
	for (unsigned i = first; i < n_canaries; i++) {
		(void)snprintf(word, sizeof(word), "canary%05uQ7", i);
		ck_assert_msg(!finds(wire, word), "word %u of %s\nis in %s", i - first, template,
			      wire);
	}
	/* No piece of one either. */
	ck_assert_msg(!strcasestr(wire, "canary"), "%s\ngives %s", template, wire);
}

START_TEST(no_line_lets_a_word_out)
{
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		assert_silent(LINES[i], false);
	}
	ck_assert_uint_gt(n_canaries, 400);
}
END_TEST

START_TEST(no_hook_lets_a_word_out)
{
	for (size_t i = 0; i < sizeof(HOOKS) / sizeof(HOOKS[0]); i++) {
		assert_silent(HOOKS[i], true);
	}
	ck_assert_uint_gt(n_canaries, 200);
}
END_TEST

START_TEST(higher_levels_are_projected_at_strict_too)
{
	test_projector.policy.level = BP_LEVEL_FULL;
	for (size_t i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
		assert_silent(LINES[i], false);
		ck_assert_int_eq(test_event.level, BP_LEVEL_STRICT);
	}
}
END_TEST

START_TEST(nothing_gets_out_without_a_salt)
{
	test_policy(0, true, true);
	for (size_t i = 0; i < sizeof(HOOKS) / sizeof(HOOKS[0]); i++) {
		assert_silent(HOOKS[i], true);
	}
}
END_TEST

START_TEST(a_project_name_is_the_only_piece_of_a_path_that_may_pass)
{
	test_policy(0, true, false);
	project_line_text(quoted("{'type':'user','cwd':'/canary1/canary2/name'}"));
	ck_assert_text(test_event.project_name, "name");
	ck_assert(!strstr(wire_of(&test_event), "canary"));
}
END_TEST

START_TEST(the_search_finds_what_leaks)
{
	static const char *const leaks[] = {
		"{\"x\":\"canary00007Q7\"}",
		"{\"x\":\"CANARY00007q7\"}",
		"Y2FuYXJ5MDAwMDdRNw==",
		"IGNhbmFyeTAwMDA3UTc=",
		"ICBjYW5hcnkwMDAwN1E3",
		"63616e617279303030303751 37 63616e6172793030303037513700",
		"%63%61%6e%61%72%79%30%30%30%30%37%51%37",
		"\\u0063\\u0061\\u006e\\u0061\\u0072\\u0079\\u0030\\u0030\\u0030\\u0030\\u0037\\u00"
		"51"
		"\\u0037"};

	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++) {
		ck_assert_msg(finds(leaks[i], "canary00007Q7"), "%s", leaks[i]);
	}
	ck_assert(!finds("canary00008Q7", "canary00007Q7"));
}
END_TEST

BP_TEST_MAIN(setup, NULL, no_line_lets_a_word_out, no_hook_lets_a_word_out,
	     higher_levels_are_projected_at_strict_too, nothing_gets_out_without_a_salt,
	     a_project_name_is_the_only_piece_of_a_path_that_may_pass, the_search_finds_what_leaks)
