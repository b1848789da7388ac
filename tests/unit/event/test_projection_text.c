/* SPDX-License-Identifier: MIT */
/* What the levels above strict tell, with a redactor that shows what it was given: "<text>". */
#include <stdint.h>

#include "event/projection_levels.h"
#include "support/canary_templates.h"
#include "support/run.h"
#include "unit/event/projected.h"

static char given[1 << 20];
static bool silent; /* the redactor lets nothing through */

static struct bp_str show(void *arg, const struct bp_text_request *request, bool *out_cut)
{
	static char space[1 << 20];
	struct bp_str text = request->value.type == BP_JSON_STRING
				     ? bp_json_text(request->value, space, sizeof(space))
				     : request->text;

	ck_assert_ptr_eq(arg, given);
	ck_assert_uint_gt(request->max_bytes, 0);
	if (silent) {
		return (struct bp_str){NULL, 0};
	}
	*out_cut = text.len > request->max_bytes;
	size_t n = text.len < request->max_bytes ? text.len : request->max_bytes;
	if (request->key.len > 0 && bp_str_ends(request->key, BP_STR("word"))) {
		return BP_STR("***");
	}
	bool number = request->value.type != BP_JSON_STRING && request->key.len > 0;
	int len = snprintf(given, sizeof(given), number ? "%.*s" : "<%.*s>", (int)n, text.ptr);
	return bp_str_make(given, (size_t)len);
}

static void at_level(enum bp_level level, uint32_t opt_out)
{
	test_policy(opt_out, false, false);
	test_projector.policy.level = level;
	test_projector.policy.redact = show;
	test_projector.policy.redact_arg = given;
	test_projector.policy.store_prompts = true;
	test_projector.policy.store_responses = true;
	silent = false;
}

static void setup(void)
{
	at_level(BP_LEVEL_FULL, 0);
}

/* The texts of the payload that the redactor gave, between "<" and ">", in order. */
static const char *told(const char *line)
{
	static char list[4096];
	size_t n = 0;

	ck_assert_int_eq(project_line_text(quoted(line)), BP_PROJECTED);
	bool in = false;
	for (size_t i = 0; i < test_event.payload.len; i++) {
		char c = test_event.payload.ptr[i];
		in = in || c == '<';
		if (in) {
			list[n++] = c;
		}
		in = in && c != '>';
		ck_assert_uint_lt(n, sizeof(list) - 1);
	}
	list[n] = '\0';
	return list;
}

#define PROMPT                                                                                     \
	"{'type':'user','uuid':'u1','sessionId':'s1','cwd':'/w','message':{'content':'hello "      \
	"you'}}"
#define ANSWER                                                                                     \
	"{'type':'assistant','uuid':'u1','sessionId':'s1','cwd':'/w/p/','message':{'content':[{"   \
	"'type':'thinking','thinking':'hm'},{'type':'text','text':'one'},{'type':'tool_use','id':" \
	"'t1','name':'Bash','input':{'command':'FOO=1 sudo /bin/make -j2 all; ls','n':7,'deep':["  \
	"{'password':'x','pass_word':12}],'ok':true}},{'type':'tool_use','id':'t2','name':"        \
	"'mcp__files__read_it','input':{}},{'type':'tool_use','id':'t3','name':'Read','input':{"   \
	"'file_path':'/w/p/src/a.c'}},{'type':'text','text':'two'}]}}"
#define FAILED                                                                                     \
	RESULT_LINE("'is_error':true,'content':'<tool_use_error>String not found\\nint main'", "")
#define DENIED                                                                                     \
	RESULT_LINE("'is_error':true,'content':'The user doesn`t want to proceed with this tool "  \
		    "use. He said: no'",                                                           \
		    "")
#define API_ERROR                                                                                  \
	"{'type':'system','subtype':'api_error','uuid':'u1','sessionId':'s1','error':{'status':"   \
	"529,'message':'529 overloaded'}}"
#define TITLE "{'type':'ai-title','aiTitle':'Mend it','sessionId':'s1'}"
#define CUSTOM "{'type':'custom-title','customTitle':'Mine','sessionId':'s1'}"
#define SUMMARY "{'type':'summary','summary':'Old title','leafUuid':'u9'}"

START_TEST(full_tells_what_its_table_says)
{
	ck_assert_str_eq(told(PROMPT), "<hello you>");
	ck_assert_str_eq(told(ANSWER), "<one><two><make><command><FOO=1 sudo /bin/make -j2 all; ls>"
				       "<n><deep><password><pass_word><ok><files><read_it>"
				       "<src/a.c><file_path></w/p/src/a.c>");
	const char *payload = line_payload(ANSWER);
	ck_assert_msg(strstr(payload, "'answer_text':['<one>','<two>']"), "%s", payload);
	ck_assert_msg(strstr(payload, "'input':{'<command>':'<FOO=1 sudo /bin/make -j2 all; ls>',"
				      "'<n>':7,'<deep>':[{'<password>':'***','<pass_word>':'***'}]"
				      ",'<ok>':true}"),
		      "%s", payload);
	ck_assert_int_eq(test_event.level, BP_LEVEL_FULL);
	ck_assert_str_eq(told(FAILED), "<String not found><<tool_use_error>");
	ck_assert_str_eq(told(API_ERROR), "<529 overloaded>");
	ck_assert_str_eq(told(TITLE), "<Mend it>");
	ck_assert_str_eq(told(CUSTOM), "<Mine>");
	ck_assert_str_eq(told(SUMMARY), "<Old title>");
	ck_assert_ptr_nonnull(strstr(line_payload(SUMMARY), "'leaf':'u9'"));
}
END_TEST

START_TEST(standard_tells_programs_names_titles_and_errors)
{
	at_level(BP_LEVEL_STANDARD, 0);
	ck_assert_str_eq(told(PROMPT), "");
	ck_assert_str_eq(told(ANSWER), "<make><files><read_it>");
	ck_assert_str_eq(told(FAILED), "<String not found>");
	ck_assert_str_eq(told(DENIED), "");
	ck_assert_str_eq(told(API_ERROR), "<529 overloaded>");
	ck_assert_str_eq(told(TITLE), "<Mend it>");
	ck_assert_int_eq(test_event.level, BP_LEVEL_STANDARD);
}
END_TEST

START_TEST(strict_tells_nothing_and_is_what_it_was)
{
	at_level(BP_LEVEL_STRICT, 0);
	for (size_t i = 0; i < sizeof(bp_canary_lines) / sizeof(bp_canary_lines[0]); i++) {
		ck_assert_str_eq(told(bp_canary_lines[i]), "");
		ck_assert_int_eq(test_event.level, BP_LEVEL_STRICT);
	}
	ck_assert_str_eq(told(ANSWER), "");
}
END_TEST

START_TEST(a_hook_is_strict_at_every_level)
{
	for (size_t i = 0; i < sizeof(bp_canary_hooks) / sizeof(bp_canary_hooks[0]); i++) {
		ck_assert_int_eq(project_hook_text(quoted(bp_canary_hooks[i])), BP_PROJECTED);
		ck_assert_int_eq(test_event.level, BP_LEVEL_STRICT);
		ck_assert(!memchr(test_event.payload.ptr, '<', test_event.payload.len));
		ck_assert(!memchr(test_event.payload.ptr, '@', test_event.payload.len));
	}
}
END_TEST

START_TEST(without_a_redactor_or_a_salt_it_is_strict)
{
	test_projector.policy.redact = NULL;
	ck_assert_str_eq(told(ANSWER), "");
	ck_assert_int_eq(test_event.level, BP_LEVEL_STRICT);
	at_level(BP_LEVEL_FULL, 0);
	test_projector.policy.envelope_only = true;
	ck_assert_str_eq(told(ANSWER), "");
	ck_assert_int_eq(test_event.level, BP_LEVEL_STRICT);
}
END_TEST

START_TEST(what_the_redactor_refuses_is_not_there)
{
	silent = true;
	ck_assert_ptr_null(strstr(line_payload(PROMPT), "hello"));
	ck_assert_ptr_null(strstr(line_payload(ANSWER), "make"));
	ck_assert_ptr_null(strstr(line_payload(TITLE), "title"));
}
END_TEST

START_TEST(halves_and_opt_outs_take_their_texts_out)
{
	test_projector.policy.store_prompts = false;
	ck_assert_str_eq(told(PROMPT), "");
	ck_assert_ptr_nonnull(strstr(told(ANSWER), "<one>"));
	test_projector.policy.store_prompts = true;
	test_projector.policy.store_responses = false;
	ck_assert_str_eq(told(PROMPT), "<hello you>");
	ck_assert_ptr_null(strstr(told(ANSWER), "<one>"));

	static const struct {
		uint32_t opt_out;
		const char *line, *gone;
	} outs[] = {
		{BP_OPT_OUT_PROMPTS, PROMPT, "hello"},   {BP_OPT_OUT_PROMPTS, ANSWER, "one"},
		{BP_OPT_OUT_PROMPTS, TITLE, "Mend"},     {BP_OPT_OUT_TOOLS, ANSWER, "make"},
		{BP_OPT_OUT_SHELL, ANSWER, "make"},      {BP_OPT_OUT_MCP, ANSWER, "files"},
		{BP_OPT_OUT_EDITS, ANSWER, "<src/a.c>"}, {BP_OPT_OUT_ERRORS, FAILED, "String not"},
		{BP_OPT_OUT_ERRORS, API_ERROR, "529 o"},
	};
	for (size_t i = 0; i < sizeof(outs) / sizeof(outs[0]); i++) {
		at_level(BP_LEVEL_FULL, 0);
		ck_assert_msg(strstr(told(outs[i].line), outs[i].gone), "%zu", i);
		at_level(i == 7 ? BP_LEVEL_STANDARD : BP_LEVEL_FULL, outs[i].opt_out);
		ck_assert_msg(!strstr(told(outs[i].line), outs[i].gone), "%zu: %s", i,
			      told(outs[i].line));
	}
}
END_TEST

START_TEST(only_paths_of_the_project_pass)
{
	static const struct {
		const char *path, *told;
	} paths[] = {
		{"/w/p/src/a.c", "<src/a.c>"},
		{"src/b.c", "<src/b.c>"},
		{"/w/px/a.c", ""},
		{"/w/p", ""},
		{"/etc/passwd", ""},
		{"../x.c", ""},
		{"/w/p/../x.c", ""},
		{"~/x.c", ""},
		{"C:\\\\x.c", ""},
	};
	char line[512];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		(void)snprintf(
			line, sizeof(line),
			"{'type':'user','uuid':'u1','cwd':'/w/p','sessionId':'s1','message':{"
			"'content':[{'type':'tool_result','tool_use_id':'t'}]},"
			"'toolUseResult':{'file':{'filePath':'%s'}}}",
			paths[i].path);
		ck_assert_str_eq(told(line), paths[i].told);
	}
}
END_TEST

/* A tool's input of n texts of 60000 characters each. */
static struct bp_str large_line(int n, const char *rest)
{
	static char line[4 << 20];
	size_t len =
		(size_t)snprintf(line, sizeof(line),
				 "{\"type\":\"assistant\",\"uuid\":\"u1\",\"sessionId\":\"s1\","
				 "\"message\":{\"id\":\"m\",\"content\":[");

	for (int i = 0; i < n; i++) {
		len += (size_t)snprintf(line + len, sizeof(line) - len,
					"%s{\"type\":\"text\",\"text\":\"", i > 0 ? "," : "");
		memset(line + len, 'x', 60000);
		len += 60000;
		len += (size_t)snprintf(line + len, sizeof(line) - len, "\"}");
	}
	len += (size_t)snprintf(line + len, sizeof(line) - len, "%s]}}", rest);
	return bp_str_make(line, len);
}

START_TEST(text_never_pushes_evidence_out)
{
	/* 20 texts of 60 kB are more than one event keeps. */
	ck_assert_int_eq(project_line_text(large_line(
				 20, ",{\"type\":\"tool_use\",\"id\":\"t1\",\"name\":\"Read\"}")),
			 BP_PROJECTED);
	ck_assert_uint_lt(test_event.payload.len, 200 * 1024);
	ck_assert_uint_gt(test_event.payload.len, 100 * 1024);
	ck_assert(memmem(test_event.payload.ptr, test_event.payload.len, "\"text_cut\":true", 15));
	ck_assert(memmem(test_event.payload.ptr, test_event.payload.len, "\"id\":\"t1\"", 9));
	ck_assert_int_eq(test_event.tool_calls_count, 1);

	/* Evidence that only just fits without text: the event is projected without it. */
	static char calls[700 * 1024];
	size_t n = 0;
	for (int i = 0; i < 8200; i++) {
		n += (size_t)snprintf(
			calls + n, sizeof(calls) - n,
			",{\"type\":\"tool_use\",\"id\":\"tool-%05d-%s\",\"name\":\"T\"}", i,
			"0123456789abcdef");
	}
	at_level(BP_LEVEL_STRICT, 0);
	ck_assert_int_eq(project_line_text(large_line(3, calls)), BP_PROJECTED);
	int64_t count = test_event.tool_calls_count;
	size_t strict_bytes = test_event.payload.len;
	ck_assert_uint_gt(strict_bytes, BP_EVENT_BYTES_MAX / 2 - 180000);
	at_level(BP_LEVEL_FULL, 0);
	ck_assert_int_eq(project_line_text(large_line(3, calls)), BP_PROJECTED);
	ck_assert_int_eq(test_event.level, BP_LEVEL_STRICT);
	ck_assert_int_eq(test_event.tool_calls_count, count);
	ck_assert_uint_eq(test_event.payload.len, strict_bytes);
}
END_TEST

START_TEST(every_text_of_the_table_has_a_limit_and_keys)
{
	for (int i = 0; i < BP_KEPT_N; i++) {
		const struct bp_kept_rule *rule = &bp_kept_rules[i];
		ck_assert_ptr_nonnull(rule->name);
		ck_assert_ptr_nonnull(rule->what);
		ck_assert_int_eq(rule->level > BP_LEVEL_STRICT, rule->keys != NULL);
		ck_assert_int_eq(rule->level > BP_LEVEL_STRICT, rule->max_bytes > 0);
	}
}
END_TEST

BP_TEST_MAIN(setup, NULL, full_tells_what_its_table_says,
	     standard_tells_programs_names_titles_and_errors,
	     strict_tells_nothing_and_is_what_it_was, a_hook_is_strict_at_every_level,
	     without_a_redactor_or_a_salt_it_is_strict, what_the_redactor_refuses_is_not_there,
	     halves_and_opt_outs_take_their_texts_out, only_paths_of_the_project_pass,
	     text_never_pushes_evidence_out, every_text_of_the_table_has_a_limit_and_keys)
