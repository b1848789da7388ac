/* SPDX-License-Identifier: MIT */
/*
 * The privacy promise over the whole system (privacy.md 2): a unique word in every place where a
 * transcript or a hook can hold content, all ways in, everything run, and then no such word in any
 * file of the home, in Redis, in any value of the database, inflated, or in what was printed.
 *
 * "@" in a template becomes "canary<number>Q7", so that a hit says where it was planted. Looked for
 * are the letters "canary": plain and in any letter case, JSON-escaped, percent-encoded, in hex, and
 * in base64 at all three alignments. Not searched: the salt (random bytes), and the paths that
 * `import` was asked to report, which are the user's own.
 *
 * Seen to fail: with `event->git_branch_hash = bp_projection_name(p, v[BP_LINE_BRANCH]);` behind
 * bp_projection_branch() in src/event/projection_claude_line.c both journeys end at the first search
 * with a word in the append-only file of Redis, the second with the project's name beside it.
 */
#include <ctype.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/out.h"
#include "store/archive_file.h"
#include "store/codec.h"
#include "store/sqlite.h"
#include "support/canary_templates.h"
#include "support/redis.h"
#include "support/run.h"
#include "support/service.h"
#include "support/trace.h"

enum {
	TEXT_BYTES = 65536,
	PATH_BYTES = 1024,
	OVERSIZE_BYTES = 65 * 1024 * 1024,
	REPLY_BYTES = 64 * 1024 * 1024,
	VALUE_MAX = 8 * 1024 * 1024
};

#define SESSION "c0000000-0000-4000-8000-000000000001"
/* What may pass as the name of a project; no letters of the word that may not. */
#define PROJECT "zebrafinch"

static struct bp_test_home home;
static unsigned n_words;
static bool names_allowed; /* privacy.project_names */

/* --- planting --- */

/** Replace every `from` of text by `to`. */
static void replace(char text[TEXT_BYTES], const char *from, const char *to)
{
	char *at = text;

	while ((at = strstr(at, from)) != NULL) {
		size_t tail = strlen(at + strlen(from));
		ck_assert_uint_lt((size_t)(at - text) + strlen(to) + tail, TEXT_BYTES - 1);
		memmove(at + strlen(to), at + strlen(from), tail + 1);
		memcpy(at, to, strlen(to));
		at += strlen(to);
	}
}

/** Where names are allowed, the last component of a working folder is one that is looked for. */
static void name_folders(char text[TEXT_BYTES])
{
	char *at = text;

	while ((at = strstr(at, "cwd':'")) != NULL) {
		char rest[TEXT_BYTES];
		at = strchr(at + 6, '\'');
		ck_assert_ptr_nonnull(at);
		(void)snprintf(rest, sizeof(rest), "%s", at);
		(void)snprintf(at, TEXT_BYTES - (size_t)(at - text), "/" PROJECT "%s", rest);
	}
}

/** A template as the assistant would write it: a word for each "@", ids of their own. */
static const char *fill(const char *template)
{
	static char plain[TEXT_BYTES];
	static char filled[TEXT_BYTES];
	static unsigned n_lines;
	char uuid[80];
	size_t n = 0;

	(void)snprintf(plain, sizeof(plain), "%s", template);
	(void)snprintf(uuid, sizeof(uuid), "'uuid':'c1000000-0000-4000-8000-%012u'", ++n_lines);
	replace(plain, "'uuid':'u1'", uuid);
	replace(plain, "'s1'", "'" SESSION "'");
	if (names_allowed) {
		name_folders(plain);
	}
	for (const char *at = plain; *at; at++) {
		ck_assert_uint_lt(n, sizeof(filled) - 20);
		if (*at == '@') {
			n += (size_t)snprintf(filled + n, sizeof(filled) - n, "canary%05uQ7",
					      n_words++);
		} else {
			filled[n++] = (char)(*at == '\'' ? '"' : *at == '`' ? '\'' : *at);
		}
	}
	filled[n] = '\0';
	return filled;
}

/* Nothing of these is an event. */
static const char *const malformed[] = {
	"{'type':'user','message':{'content':'@'}",
	"@ not json @",
	"['@']",
	"{'@':'@'} {'@':'@'}",
	"{'type':'user','message':{'content':'@\\u00'}}",
};

static void append_line(const char *path, const char *template)
{
	const char *text = fill(template);

	bp_test_append_file(path, text, strlen(text));
	bp_test_append_file(path, "\n", 1);
}

enum {
	N_LINES = sizeof(bp_canary_lines) / sizeof(bp_canary_lines[0]),
	N_HOOKS = sizeof(bp_canary_hooks) / sizeof(bp_canary_hooks[0]),
	N_MALFORMED = sizeof(malformed) / sizeof(malformed[0])
};

/** Every kind of line, then lines that are none. */
static void append_all(const char *path)
{
	static const char nul[] = "{\"type\":\"user\",\"message\":\"canary\0canary\"}\n";

	for (size_t i = 0; i < N_LINES; i++) {
		append_line(path, bp_canary_lines[i]);
	}
	for (size_t i = 0; i < N_MALFORMED; i++) {
		append_line(path, malformed[i]);
	}
	bp_test_append_file(path, nul, sizeof(nul) - 1);
}

/** One line that is longer than any that is read. */
static void append_oversize(const char *path)
{
	const char *word = fill("@ ");
	size_t n = strlen(word);
	char *text = bp_calloc(OVERSIZE_BYTES + 1, 1);

	for (size_t at = 0; at + n < OVERSIZE_BYTES; at += n) {
		memcpy(text + at, word, n);
	}
	size_t len = strlen(text);
	text[len] = '\n';
	bp_test_append_file(path, text, len + 1);
	free(text);
}

static void send_hooks(void)
{
	static const char binary[] = "canary\0\1\2\377canary";

	for (size_t i = 0; i < N_HOOKS; i++) {
		const char *text = fill(bp_canary_hooks[i]);
		bp_test_hook(&home, text, strlen(text));
	}
	for (size_t i = 0; i < N_MALFORMED; i++) {
		const char *text = fill(malformed[i]);
		bp_test_hook(&home, text, strlen(text));
	}
	bp_test_hook(&home, binary, sizeof(binary) - 1);
}

/* --- searching --- */

/* All forms of the letters "canary" that a program could make of them. */
static const struct form {
	const char *name, *text;
	bool any_case;
} forms[] = {
	{"plain", "canary", true},
	{"hex", "63616e617279", true},
	{"HEX of capitals", "43414e415259", true},
	{"percent", "%63%61%6e%61%72%79", true},
	{"escaped", "\\u0063\\u0061\\u006e\\u0061\\u0072\\u0079", true},
	/* Without the digits that its neighbours share. */
	{"base64", "Y2FuYXJ5", false},
	{"base64 + 1", "NhbmFye", false},
	{"base64 + 2", "jYW5hcn", false},
};
enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static bool matches(const char *at, const struct form *form, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = form->any_case ? (char)tolower((unsigned char)at[i]) : at[i];
		if (c != (form->any_case ? (char)tolower((unsigned char)form->text[i])
					 : form->text[i])) {
			return false;
		}
	}
	return true;
}

/** The first form found in bytes, or NULL. */
static const struct form *find(const char *bytes, size_t n, size_t *out_at)
{
	for (size_t f = 0; f < FORMS; f++) {
		size_t len = strlen(forms[f].text);
		/* The second character is as rare as any and has one letter case or is checked. */
		for (size_t at = 0; at + len <= n; at++) {
			if (matches(bytes + at, &forms[f], len)) {
				*out_at = at;
				return &forms[f];
			}
		}
	}
	return NULL;
}

static size_t searched_bytes;
static size_t found_names; /* of the project */

static void count_names(const char *bytes, size_t n)
{
	const char *end = bytes + n;
	const char *at = bytes;

	while (n > 0 && (at = memmem(at, (size_t)(end - at), PROJECT, strlen(PROJECT))) != NULL) {
		found_names++;
		at += strlen(PROJECT);
	}
}

static void search(const char *what, const char *bytes, size_t n)
{
	size_t at = 0;
	const struct form *form = find(bytes, n, &at);

	searched_bytes += n;
	count_names(bytes, n);
	if (form) {
		size_t from = at > 100 ? at - 100 : 0;
		char near[256];
		size_t len = n - from < sizeof(near) - 1 ? n - from : sizeof(near) - 1;
		for (size_t i = 0; i < len; i++) {
			char c = bytes[from + i];
			near[i] = (char)(c < 32 || c > 126 ? '.' : c);
		}
		near[len] = '\0';
		ck_abort_msg("%s: a planted word (%s) at %zu: %s", what, form->name, at, near);
	}
}

static int search_file(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	/* A name can hold a word too. */
	search("a file's name", path + where->base, strlen(path + where->base));
	if (kind == FTW_F && strcmp(path + where->base, "salt") != 0) {
		size_t n = 0;
		char *bytes = bp_test_read_file(path, &n);
		if (bytes) { /* a file may just have been removed */
			search(path, bytes, n);
		}
		free(bytes);
	}
	return 0;
}

static int64_t n_inflated;

/** Every value of a table; event_data inflated too. */
static void search_table(struct bp_sql *sql, struct bp_codec *codec, const char *table)
{
	char query[256];
	struct bp_statement *all = NULL;
	struct bp_err err = {0};

	(void)snprintf(query, sizeof(query), "SELECT * FROM \"%s\"", table);
	ck_assert_ok(bp_statement_new(sql, query, &all, &err), err);
	while (bp_statement_step(all, &err) == BP_OK) {
		for (int c = 0; c < bp_column_count(all); c++) {
			struct bp_str value = bp_column_blob(all, c);
			search(table, value.ptr, value.len);
			if (strcmp(bp_column_name(all, c), "event_data") == 0 &&
			    bp_column_is_blob(all, c)) {
				struct bp_buf text;
				bp_buf_init(&text, VALUE_MAX);
				ck_assert_ok(bp_codec_unpack(codec, value, &text, &err), err);
				search("an inflated row", text.ptr, text.len);
				bp_buf_done(&text);
				n_inflated++;
			}
		}
	}
	bp_statement_free(all);
}

static void search_database(void)
{
	struct bp_codec *codec = bp_codec_new();
	struct bp_statement *tables = NULL;
	struct bp_sql *sql = NULL;
	struct bp_err err = {0};

	ck_assert_ok(bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, 1 << 22,
				 &sql, &err),
		     err);
	ck_assert_ok(bp_codec_load(codec, sql, &err), err);
	ck_assert_ok(bp_statement_new(
			     sql, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')",
			     &tables, &err),
		     err);
	while (bp_statement_step(tables, &err) == BP_OK) {
		char *table = bp_strdup(bp_column_text(tables, 0));
		search_table(sql, codec, table);
		free(table);
	}
	bp_statement_free(tables);
	bp_sql_close(sql);
	bp_codec_free(codec);
}

/** The streams as Redis holds them: its own files may be compressed. */
static void search_redis(void)
{
	static const char *const commands[] = {
		"XRANGE telemetry:events - +",
		"XRANGE telemetry:dlq - +",
		"XRANGE cdc:events - +",
		"KEYS *",
		"CLIENT LIST",
		"SLOWLOG GET 128",
	};
	struct bp_test_redis redis = {0};
	char *reply = bp_calloc(REPLY_BYTES, 1);

	(void)snprintf(redis.socket, sizeof(redis.socket), "%s",
		       bp_test_home_file(&home, "run/redis.sock"));
	if (access(redis.socket, F_OK) != 0) {
		(void)snprintf(redis.socket, sizeof(redis.socket), "%s",
			       bp_test_home_file(&home, "redis/redis.sock"));
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		ck_assert_msg(bp_test_redis_command(&redis, commands[i], reply, REPLY_BYTES),
			      "no answer from '%s'", redis.socket);
		search(commands[i], reply, strlen(reply));
	}
	free(reply);
}

static int64_t n_archived;

/** A file of the archive, its pages inflated: every text of every row. Seen to fail: with a planted
 *  word in each payload that goes there, which compressed stands in no file as it is. */
static void search_archived(const char *path)
{
	enum { WIRE_BYTES = 4 << 20 };
	struct bp_archive_reader *reader = NULL;
	struct bp_arena arena = {0};
	struct bp_raw_row row;
	struct bp_err err = {0};
	char *wire = bp_calloc(1, WIRE_BYTES);

	ck_assert_ok(bp_archive_reader_open(path, &reader, &err), err);
	while (bp_archive_reader_next(reader, &arena, &row, &err) == BP_OK) {
		struct bp_out out = bp_out_make(wire, WIRE_BYTES);

		bp_event_encode(&row.event, &out);
		ck_assert(!out.full);
		search("an archived row", bp_out_str(&out).ptr, bp_out_str(&out).len);
		n_archived++;
		bp_arena_clear(&arena);
	}
	bp_archive_reader_free(reader);
	bp_arena_done(&arena);
	free(wire);
}

static int search_if_archived(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)where;
	if (kind == FTW_F && bp_str_ends(bp_str_from(path), BP_STR(".parquet"))) {
		search_archived(path);
	}
	return 0;
}

static void search_home(void)
{
	ck_assert_int_eq(nftw(home.home, search_file, 16, FTW_PHYS), 0);
	ck_assert_int_eq(nftw(home.home, search_if_archived, 16, FTW_PHYS), 0);
	search_database();
}

/* --- what is printed --- */

static bool output_is_users; /* paths that were asked for */

static void search_output(const struct bp_test_output *output)
{
	if (!output_is_users) {
		search("standard output", output->out, output->out_bytes);
		search("standard error", output->err, output->err_bytes);
	}
}

/** Import everything; the report names the user's own files, but shows nothing of them. */
static int64_t import(const char *member)
{
	const cJSON *file = NULL;

	output_is_users = true;
	cJSON *json = bp_test_cli_json(&home, "import", NULL);
	output_is_users = false;
	cJSON_ArrayForEach (file, bp_test_json_at(json, "by_file")) {
		cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(file, "path"), "");
	}
	char *text = cJSON_PrintUnformatted(json);
	search("the report of an import", text, strlen(text));
	cJSON_free(text);
	int64_t n = llround(bp_test_json_number(json, member));
	cJSON_Delete(json);
	return n;
}

static void run_cli(const char *const *args)
{
	struct bp_test_output output;

	bp_test_run_program(&home, "blueplane", args, NULL, 0, &output);
	ck_assert_msg(output.code == 0, "blueplane %s: %d: %s", args[0], output.code, output.err);
	bp_test_output_done(&output);
}

/** Everything that shows something, as a table and as JSON. */
static void look_at_everything(void)
{
	static const char *const commands[][6] = {
		{"status"},
		{"metrics", "-p", "all"},
		{"metrics", "-p", "all", "--group-by", "project"},
		{"metrics", "-p", "all", "--group-by", "model"},
		{"metrics", "-p", "all", "--group-by", "tool"},
		{"metrics", "-p", "all", "--trends"},
		{"metrics", "-s", SESSION},
		{"sessions", "-n", "100"},
		{"analyze", SESSION, "--timeline"},
		{"analyze", SESSION, "--tools", "--files"},
		{"dlq", "list"},
		{"db", "verify"},
		{"config", "list"},
		{"purge", "--session", SESSION, "--dry-run"},
		{"archive", "list"},
		{"archive", "--before", "2100-01-01", "--dry-run"},
	};
	static const char *const logs[] = {"logs", NULL};
	struct bp_test_output output;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *args[8] = {NULL};
		size_t n = 0;
		while (n < 6 && commands[i][n]) {
			args[n] = commands[i][n];
			n++;
		}
		run_cli(args);
		args[n] = "--json";
		run_cli(args);
	}
	run_cli(logs);
	/* It ends with 1 when it has something to say. */
	bp_test_cli(&home, &output, "doctor", NULL);
	ck_assert_int_lt(output.code, 2);
	bp_test_output_done(&output);
}

/* --- the journey --- */

/** A file of the assistant's settings with words in it, taken through install and uninstall. */
static void plant_settings(void)
{
	static const char *const install[] = {"install", "claude-code", NULL};
	static const char *const uninstall[] = {"uninstall", "claude-code", NULL};
	char path[PATH_BYTES];
	const char *text = fill("{'env':{'@':'@'},'hooks':{'Stop':[{'hooks':[{'type':'command',"
				"'command':'/@ @'}]}]},'@':['@']}");

	(void)snprintf(path, sizeof(path), "%s/.claude/settings.json", home.user);
	bp_test_write_file(path, text, strlen(text));
	run_cli(install);
	run_cli(uninstall);
	run_cli(install);
}

static void write_config(void)
{
	const char *text = names_allowed ? "privacy:\n  project_names: true\n"
					 : "privacy:\n  project_names: false\n";

	bp_test_write_file(bp_test_home_file(&home, "config.yaml"), text, strlen(text));
}

static void check_accounted(int64_t stored)
{
	cJSON *status = bp_test_cli_json(&home, "status", NULL);

	ck_assert_int_ge(llround(bp_test_json_number(status, "database.rows")), stored);
	ck_assert_int_ge(llround(bp_test_json_number(status, "queue.dead_letters")), N_MALFORMED);
	cJSON_Delete(status);
}

static void make_journey(void)
{
	char main_file[PATH_BYTES];
	char agent_file[PATH_BYTES];
	char folder[PATH_BYTES];

	write_config();
	(void)snprintf(folder, sizeof(folder), "%s/-home-canary-canary", home.projects);
	(void)snprintf(main_file, sizeof(main_file), "%s/" SESSION ".jsonl", folder);
	(void)snprintf(agent_file, sizeof(agent_file), "%s/" SESSION "/subagents/agent-a1.jsonl",
		       folder);
	bp_test_write_file(main_file, "", 0);
	bp_test_write_file(agent_file, "", 0);

	/* History first, with the service away: import, oversize and dead letters. */
	append_all(main_file);
	append_all(agent_file);
	append_oversize(main_file);
	append_line(main_file, bp_canary_lines[0]);
	bp_test_service_start(&home);
	plant_settings();
	ck_assert_int_eq(import("oversize"), 1);

	/* Then live: whole lines, and one that is never finished. */
	send_hooks();
	append_all(main_file);
	const char *torn = fill("{'type':'user','message':{'content':'@ @");
	bp_test_append_file(main_file, torn, strlen(torn));
	ck_assert_int_ge(import("dead_letters"), 2 * N_MALFORMED);
	bp_test_wait_final(&home);
	look_at_everything();
	search_home();
	search_redis();

	/* Hooks without a service, then without what the hook knows of it: the spool. */
	bp_test_service_stop(&home);
	send_hooks();
	ck_assert_int_eq(unlink(bp_test_home_file(&home, "run/hook.conf")), 0);
	send_hooks();
	search_home();
	const char *stray = fill("{'@':'@','e':'@'}");
	bp_test_service_start(&home);
	bp_test_wait_final(&home);
	/* Not made by the hook, but it is in the spool. */
	bp_test_write_file(bp_test_home_file(&home, "stray"), stray, strlen(stray));
	ck_assert_int_eq(rename(bp_test_home_file(&home, "stray"),
				bp_test_home_file(&home, "spool/new/stray")),
			 0);
	bp_test_wait_final(&home);
	check_accounted(2 * N_LINES + 3 * N_HOOKS);
	look_at_everything();
	search_home();
	search_redis();

	/* A rebuild and a stop write other files. */
	static const char *const rebuild[] = {"rebuild", NULL};
	run_cli(rebuild);
	bp_test_service_stop(&home);
	search_home();
	look_at_everything();

	/* The log goes to the archive. */
	static const char *const archive[] = {"archive", "--before", "2100-01-01", "--yes", NULL};
	run_cli(archive);
	ck_assert_int_eq(n_archived, 0);
	search_home();
	ck_assert_int_gt(n_archived, 2 * N_LINES + 3 * N_HOOKS);
	look_at_everything();
	ck_assert_uint_gt(n_words, 2000);
	ck_assert_int_gt(n_inflated, 3 * (N_LINES + N_HOOKS));
	ck_assert_uint_gt(searched_bytes, 1000000);
}

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
	bp_test_output_seen = search_output;
	n_words = 0;
	n_inflated = 0;
	n_archived = 0;
	searched_bytes = 0;
	found_names = 0;
}

static void teardown(void)
{
	bp_test_output_seen = NULL;
	bp_test_home_remove(&home);
}

START_TEST(no_planted_word_is_anywhere)
{
	names_allowed = false;
	make_journey();
	ck_assert_uint_eq(found_names, 0);
}
END_TEST

START_TEST(of_a_path_only_the_projects_name_is_kept_where_that_is_allowed)
{
	names_allowed = true;
	make_journey();
	ck_assert_uint_gt(found_names, 10);
}
END_TEST

START_TEST(the_search_finds_every_form)
{
	static const char *const leaks[] = {
		"..canary00007Q7",      "CANARY",
		"Y2FuYXJ5MDAwMDdRNw==", "IGNhbmFyeTAwMDA3UTc=",
		"ICBjYW5hcnkwMDAwN1E3", "63616e6172793030303037",
		"%63%61%6E%61%72%79",   "\\u0063\\u0061\\u006e\\u0061\\u0072\\u0079",
	};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++) {
		ck_assert_msg(find(leaks[i], strlen(leaks[i]), &at) != NULL, "%s", leaks[i]);
	}
	ck_assert_ptr_null(find("canar", 5, &at));
}
END_TEST

/* Over all that ran before. Seen to fail: with a datagram socket in main() of src/daemon/main.c that
 * is connected to 192.0.2.1. */
START_TEST(nobody_beyond_this_machine_was_spoken_to)
{
	bp_test_trace_check(200);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		no_planted_word_is_anywhere,
		of_a_path_only_the_projects_name_is_kept_where_that_is_allowed,
		the_search_finds_every_form, nobody_beyond_this_machine_was_spoken_to};

	(void)argc;
	bp_test_trace_self(argv);
	return bp_test_run(__FILE__, setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
