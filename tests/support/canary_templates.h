/* SPDX-License-Identifier: MIT */
/**
 * canary_templates.h - every kind of transcript line and hook payload, with "@" in each place where
 * content can be.
 *
 * Shape:   JSON with ' for ", and ` for '. Places that are names by contract (ids, types, models,
 *          versions) hold fixed words. One list for the test of the projection and for the test of
 *          the whole system: a new place is planted in both.
 */
#ifndef BP_TESTS_SUPPORT_CANARY_TEMPLATES_H
#define BP_TESTS_SUPPORT_CANARY_TEMPLATES_H

#define BP_CANARY_LINE                                                                             \
	"'uuid':'u1','sessionId':'s1','timestamp':'2026-11-20T07:59:32.286Z','cwd':'/@/@ @',"      \
	"'gitBranch':'@','version':'2.1.328','slug':'@','@':'@','userType':'@','entrypoint':'@'"

#define BP_CANARY_ASSISTANT(content)                                                               \
	"{'type':'assistant','message':{'id':'m1','model':'claude-x','stop_sequence':'@',"         \
	"'diagnostics':{'x':'@'},'container':{'id':'@'},'usage':{'inference_geo':'@',"             \
	"'iterations':['@',{'type':'advisor_message','model':'claude-y','id':'@','input_tokens':"  \
	"5,'text':'@'}]},'content':[" content "]},'attributionSkill':'@',"                         \
	"'attributionMcpServer':'@','attributionMcpTool':'@','attributionAgent':'@'"               \
	"," BP_CANARY_LINE "}"

#define BP_CANARY_RESULT(block, structured)                                                        \
	"{'type':'user','message':{'content':[{'type':'tool_result','tool_use_id':'t1'," block     \
	"}]},'toolUseResult':" structured                                                          \
	",'permissionDecision':{'decision':'reject','source':'@',"                                 \
	"'reasonCode':'@'},'toolDenialKind':'@'," BP_CANARY_LINE "}"

#define BP_CANARY_CALL(name, input)                                                                \
	BP_CANARY_ASSISTANT("{'type':'tool_use','id':'t1','name':'" name "','input':" input "}")

static const char *const bp_canary_lines[] = {
	"{'type':'user','message':{'role':'user','content':'@ @ @'},'planContent':'@',"
	"'todos':[{'content':'@'}],'imagePasteIds':['@'],'origin':{'kind':'@'}," BP_CANARY_LINE "}",
	"{'type':'user','message':{'content':[{'type':'text','text':'@'},{'type':'image','source':"
	"{'data':'@','media_type':'@'}},{'type':'@','@':'@'}]}," BP_CANARY_LINE "}",
	"{'type':'user','isMeta':true,'message':{'content':'<command-name>@</"
	"command-name>'}," BP_CANARY_LINE "}",
	BP_CANARY_ASSISTANT(
		"{'type':'text','text':'@'},{'type':'thinking','thinking':'@','signature':'@'},"
		"{'type':'redacted_thinking','data':'@'},{'type':'@','text':'@'}"),
	"{'type':'assistant','isApiErrorMessage':true,'error':'@','apiErrorType':'@','message':{"
	"'model':'<synthetic>','content':[{'type':'text','text':'@'}]}," BP_CANARY_LINE "}",
	"{'type':'assistant','message':{'content':'@'}," BP_CANARY_LINE "}",
	BP_CANARY_CALL("Bash", "{'command':'@ @ && @ > /@','description':'@','timeout':'@'}"),
	BP_CANARY_CALL("Edit", "{'file_path':'/@/@.@','old_string':'@\\n@','new_string':'@'}"),
	BP_CANARY_CALL("Write", "{'file_path':'/@/@.c','content':'@'}"),
	BP_CANARY_CALL("MultiEdit",
		       "{'file_path':'/@','edits':[{'old_string':'@','new_string':'@'}]}"),
	BP_CANARY_CALL("NotebookEdit",
		       "{'notebook_path':'/@/@.ipynb','new_source':'@','edit_mode':'@'}"),
	BP_CANARY_CALL("Read", "{'file_path':'@/@.h'}"),
	BP_CANARY_CALL("Grep", "{'pattern':'@','path':'/@','glob':'@'}"),
	BP_CANARY_CALL("WebFetch", "{'url':'https://@/@','prompt':'@'}"),
	BP_CANARY_CALL("Agent", "{'description':'@','prompt':'@','subagent_type':'@'}"),
	BP_CANARY_CALL("Task", "{'description':'@','prompt':'@','subagent_type':'@'}"),
	BP_CANARY_CALL("TodoWrite", "{'todos':[{'content':'@','activeForm':'@'}]}"),
	BP_CANARY_CALL("mcp__@__@", "{'@':'@'}"),
	BP_CANARY_CALL("Bash", "['@']"),
	BP_CANARY_CALL("Bash", "'@'"),
	BP_CANARY_RESULT("'content':'@'",
			 "{'stdout':'@','stderr':'@','interrupted':false,'gitOperation':'@',"
			 "'persistedOutputPath':'/@','backgroundTaskId':'@'}"),
	BP_CANARY_RESULT(
		"'content':[{'type':'text','text':'@'},{'type':'image','source':{'data':'@'}}]",
		"[{'type':'text','text':'@'}]"),
	BP_CANARY_RESULT("'is_error':true,'content':'Exit code 1\\n@'", "'Error: @'"),
	BP_CANARY_RESULT("'is_error':true,'content':'The user doesn`t want to proceed with this "
			 "tool use. @'",
			 "'@'"),
	BP_CANARY_RESULT("'content':'@'",
			 "{'filePath':'/@/@.c','oldString':'@','newString':'@',"
			 "'originalFile':'@','structuredPatch':[{'lines':['-@','+@']}]}"),
	BP_CANARY_RESULT("'content':'@'", "{'type':'create','filePath':'/@/@.txt','content':'@',"
					  "'structuredPatch':[],'originalFile':null}"),
	BP_CANARY_RESULT("'content':'@'",
			 "{'type':'text','file':{'filePath':'/@.md','content':'@'}}"),
	BP_CANARY_RESULT("'content':'@'", "{'filenames':['/@'],'content':'@','mode':'@'}"),
	BP_CANARY_RESULT("'content':'@'",
			 "{'status':'@','prompt':'@','content':['@'],'agentType':'@',"
			 "'outputFile':'/@','description':'@'}"),
	BP_CANARY_RESULT("'content':'@'",
			 "{'status':'completed','agentId':'a1','agentType':'@','prompt':'@'}"),
	BP_CANARY_RESULT("'content':'@'",
			 "{'questions':['@'],'answers':{'@':'@'},'plan':'@','query':'@'}"),
	"{'type':'system','subtype':'local_command','content':'@'," BP_CANARY_LINE "}",
	"{'type':'system','subtype':'api_error','error':{'message':'@','formatted':'@','type':'@',"
	"'error':{'type':'@','message':'@','error':{'type':'@','message':'@'}},'headers':{'@':'@'},"
	"'connection':'@'},'cause':{'message':'@'},'source':'@'," BP_CANARY_LINE "}",
	"{'type':'system','subtype':'stop_hook_summary','hookInfos':[{'command':'@'}],'hookErrors':"
	"['@'],'stopReason':'@'," BP_CANARY_LINE "}",
	"{'type':'system','subtype':'compact_boundary','content':'@','compactMetadata':{'trigger':"
	"'auto','preCompactDiscoveredTools':['@']}," BP_CANARY_LINE "}",
	"{'type':'system','subtype':'away_summary','content':'@'," BP_CANARY_LINE "}",
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
	"{'type':'progress','data':{'type':'bash_progress','output':'@','fullOutput':'@'}"
	"," BP_CANARY_LINE "}",
	"{'type':'progress','data':{'type':'hook_progress','hookName':'@','command':'@'}"
	"," BP_CANARY_LINE "}",
	"{'type':'progress','data':{'type':'mcp_progress','serverName':'@','toolName':'@'}"
	"," BP_CANARY_LINE "}",
	"{'type':'progress','data':{'type':'query_update','query':'@'}," BP_CANARY_LINE "}",
	"{'type':'progress','data':{'type':'agent_progress','prompt':'@','normalizedMessages':['@']"
	","
	"'message':{'type':'assistant','message':{'content':[{'type':'text','text':'@'},{'type':"
	"'tool_use','id':'t','name':'Bash','input':{'command':'@'}}]}}}," BP_CANARY_LINE "}",
	"{'type':'progress','data':{'type':'agent_progress','message':{'type':'user','cwd':'/@',"
	"'gitBranch':'@','message':{'content':[{'type':'tool_result','tool_use_id':'t','content':"
	"'@'}]},'toolUseResult':{'stdout':'@'}}}," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':{'type':'queued_command','commandMode':'prompt',"
	"'prompt':'@'},'rendered':[{'content':'@'}]," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':{'type':'queued_command','commandMode':'prompt',"
	"'prompt':[{'type':'text','text':'@'}]}," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':{'type':'hook_success','hookName':'@','command':'@',"
	"'stdout':'@','stderr':'@','content':'@'}," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':{'type':'edited_text_file','filename':'/@','snippet':"
	"'@'}," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':{'type':'prompt_snapshot','systemPrompt':['@']}"
	"," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':{'type':'skill_listing','content':'@','names':['@']}"
	"," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':{'type':'instructions','files':[{'path':'/@','content':"
	"'@'}]}," BP_CANARY_LINE "}",
	"{'type':'attachment','attachment':'@'," BP_CANARY_LINE "}",
	"{'display':'@','pastedContents':{'1':{'content':'@'}},'timestamp':1770000000000,"
	"'project':'/@','sessionId':'s1'}",
	"{'type':'@ @','text':'@'}",
};

#define BP_CANARY_HOOK(name, rest)                                                                 \
	"{'session_id':'s1','transcript_path':'/@/@.jsonl','cwd':'/@/@ "                           \
	"@','hook_event_name':'" name                                                              \
	"','session_title':'@','effort':{'level':'@'},'agent_type':'@','@':'@'" rest "}"

#define BP_CANARY_TOOL(name, rest)                                                                 \
	BP_CANARY_HOOK(name, ",'tool_use_id':'t1','mcp_server':'@'," rest)

static const char *const bp_canary_hooks[] = {
	BP_CANARY_HOOK("UserPromptSubmit", ",'prompt':'@ @'"),
	BP_CANARY_HOOK("UserPromptExpansion",
		       ",'prompt':'@','command_name':'@','command_args':'@'"),
	BP_CANARY_HOOK("SessionStart", ",'source':'startup'"),
	BP_CANARY_HOOK("SessionEnd", ",'reason':'other'"),
	BP_CANARY_HOOK("Setup", ",'trigger':'init','x':'@'"),
	BP_CANARY_TOOL("PreToolUse",
		       "'tool_name':'Bash','tool_input':{'command':'@','description':'@'}"),
	BP_CANARY_TOOL("PreToolUse", "'tool_name':'mcp__@__@','tool_input':{'@':'@'}"),
	BP_CANARY_TOOL("PreToolUse",
		       "'tool_name':'Edit','tool_input':{'file_path':'/@.@','old_string':'@',"
		       "'new_string':'@'}"),
	BP_CANARY_TOOL("PostToolUse",
		       "'tool_name':'Bash','tool_input':{'command':'@'},'tool_response':{"
		       "'stdout':'@','stderr':'@'}"),
	BP_CANARY_TOOL("PostToolUse",
		       "'tool_name':'Write','tool_input':{'file_path':'/@','content':'@'},"
		       "'tool_response':{'type':'create','filePath':'/@/@.c','content':'@',"
		       "'structuredPatch':[]}"),
	BP_CANARY_TOOL("PostToolUse",
		       "'tool_name':'mcp__@__@','tool_input':{},'tool_response':[{'text':'@'}]"),
	BP_CANARY_TOOL("PostToolUse", "'tool_name':'LS','tool_input':'@','tool_response':'@'"),
	BP_CANARY_TOOL("PostToolUseFailure", "'tool_name':'Read','tool_input':{'file_path':'/@'},"
					     "'error':'File does not exist: @'"),
	BP_CANARY_TOOL("PostToolUseFailure", "'tool_name':'mcp__@__@','error':'@'"),
	BP_CANARY_HOOK("PostToolBatch",
		       ",'tool_calls':[{'tool_name':'Bash','tool_use_id':'t1','tool_input':{"
		       "'command':'@'},'tool_response':'@'},{'tool_name':'mcp__@__@',"
		       "'tool_response':[{'type':'text','text':'@'}]},'@']"),
	BP_CANARY_TOOL("PermissionRequest", "'tool_name':'Bash','tool_input':{'command':'@'},"
					    "'permission_suggestions':[{'directories':['/@']}]"),
	BP_CANARY_TOOL("PermissionDenied",
		       "'tool_name':'Bash','tool_input':{'command':'@'},'reason':'@'"),
	BP_CANARY_HOOK("Stop",
		       ",'last_assistant_message':'@','background_tasks':[{'description':'@'}]"),
	BP_CANARY_HOOK("StopFailure",
		       ",'error':'@','error_details':'@','last_assistant_message':'@'"),
	BP_CANARY_HOOK("SubagentStart", ",'agent_id':'a1'"),
	BP_CANARY_HOOK("SubagentStop", ",'agent_id':'a1','agent_transcript_path':'/@',"
				       "'last_assistant_message':'@'"),
	BP_CANARY_HOOK("PreCompact", ",'trigger':'manual','custom_instructions':'@'"),
	BP_CANARY_HOOK("PostCompact", ",'trigger':'manual','compact_summary':'@'"),
	BP_CANARY_HOOK("Notification",
		       ",'message':'@','title':'@','notification_type':'idle_prompt'"),
	BP_CANARY_HOOK("InstructionsLoaded",
		       ",'file_path':'/@','memory_type':'@','load_reason':'@'"),
	BP_CANARY_HOOK("TaskCreated", ",'task_subject':'@','task_description':'@'"),
	BP_CANARY_HOOK("CwdChanged", ",'old_cwd':'/@','new_cwd':'/@'"),
	BP_CANARY_HOOK("FileChanged", ",'file_path':'/@','event':'@'"),
	BP_CANARY_HOOK("WorktreeCreate", ",'name':'@','worktree_path':'/@'"),
	BP_CANARY_HOOK("MessageDisplay", ",'delta':'@','final':true"),
	BP_CANARY_HOOK("Elicitation", ",'message':'@','answer':'@'"),
	BP_CANARY_HOOK("SomethingNew", ",'text':'@','list':['@',{'@':'@'}]"),
};

#endif
