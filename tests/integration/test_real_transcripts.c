/* SPDX-License-Identifier: MIT */
/*
 * Public transcripts of many versions through the real import: every line is accounted for, a
 * second import finds nothing new, a rebuild makes the same facts, and what is malformed is counted,
 * named by file hash and offset, and stops nothing.
 *
 * The data is not part of the project: BLUEPLANE_REAL_DATA names its folder, else ../shared/data is
 * tried. No line of it is shown, whatever fails.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/hash.h"
#include "support/fact_world.h"
#include "support/number.h"
#include "support/service.h"

enum { DUMP_MAX = 256 << 20, PATH_BYTES = 1024, FILES_MIN = 50 };

static struct bp_test_home home;

static void setup(void)
{
	bp_test_home_make(&home, BP_TEST_BIN_DIR);
}

static void teardown(void)
{
	bp_test_home_remove(&home);
}

static const char *data_folder(void)
{
	static char path[PATH_BYTES];
	const char *root = getenv("BLUEPLANE_REAL_DATA");

	(void)snprintf(path, sizeof(path), "%s/real/claude-code",
		       root ? root : BP_TEST_SOURCE_DIR "/../shared/data");
	if (access(path, R_OK) != 0) {
		(void)printf("skipped: no public data at '%s' (set BLUEPLANE_REAL_DATA)\n", path);
		return NULL;
	}
	return path;
}

static int64_t number(const cJSON *root, const char *path)
{
	return llround(bp_test_json_number(root, path));
}

static bool blank(const char *from, const char *to)
{
	while (from < to && strchr(" \t\r", *from)) {
		from++;
	}
	return from == to;
}

/** Lines that are not blank. A last one without its end counts when it is a whole object. */
static int64_t count_lines(const char *path)
{
	size_t bytes = 0;
	char *text = bp_test_read_file(path, &bytes);
	int64_t n = 0;

	ck_assert_ptr_nonnull(text);
	const char *at = text;
	const char *end = text + bytes;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		if (stop) {
			n += blank(at, stop) ? 0 : 1;
			at = stop + 1;
			continue;
		}
		cJSON *last = cJSON_ParseWithLength(at, (size_t)(end - at));
		n += cJSON_IsObject(last) ? 1 : 0;
		cJSON_Delete(last);
		break;
	}
	free(text);
	return n;
}

/** Our files are sessions, but for the histories of typed prompts, which are none. */
static bool is_session(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && strcmp(name + n - 6, ".jsonl") == 0 &&
	       !(n > 13 && strcmp(name + n - 13, "history.jsonl") == 0);
}

static const cJSON *find_file(const cJSON *json, const char *path)
{
	const cJSON *file = NULL;

	cJSON_ArrayForEach (file, bp_test_json_at(json, "by_file")) {
		if (strcmp(bp_test_json_text(file, "path"), path) == 0) {
			return file;
		}
	}
	return NULL;
}

static void check_accounted(const cJSON *file, int64_t lines)
{
	/* Not named: the names are other people's. */
	ck_assert_int_eq(number(file, "lines"), lines);
	ck_assert_int_eq(lines, number(file, "rows") + number(file, "duplicates") +
					number(file, "dead_letters") + number(file, "oversize"));
}

/** Every file of the folder is in the report, with all of its lines. */
static void check_report(const cJSON *json, const char *folder)
{
	const struct dirent *entry;
	DIR *dir = opendir(folder);
	int64_t lines = 0;
	int files = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[PATH_BYTES + 300];
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		const cJSON *file = find_file(json, path);
		ck_assert_int_eq(file != NULL, is_session(entry->d_name));
		if (file) {
			int64_t n = count_lines(path);
			check_accounted(file, n);
			lines += n;
			files++;
		}
	}
	(void)closedir(dir);
	ck_assert_int_ge(files, FILES_MIN);
	ck_assert_int_eq(number(json, "files"), files);
	ck_assert_int_eq(number(json, "lines"), lines);
	ck_assert_int_eq(lines, number(json, "rows") + number(json, "duplicates") +
					number(json, "dead_letters") + number(json, "oversize"));
}

static int64_t rows(void)
{
	cJSON *status = bp_test_cli_json(&home, "status", NULL);
	int64_t n = number(status, "database.rows");

	ck_assert_int_eq(number(status, "fact_errors"), 0);
	cJSON_Delete(status);
	return n;
}

static void dump(struct bp_buf *out)
{
	struct bp_test_world world = {0};
	struct bp_err err = {0};

	bp_buf_init(out, DUMP_MAX);
	ck_assert_ok(bp_sql_open(bp_test_home_file(&home, "telemetry.db"), BP_SQL_READ, 1 << 22,
				 &world.read, &err),
		     err);
	bp_test_world_dump(&world, out);
	bp_sql_close(world.read);
}

static void check_clean(int64_t want_rows)
{
	cJSON *verified = bp_test_cli_json(&home, "db", "verify", NULL);

	ck_assert(cJSON_IsTrue(bp_test_json_at(verified, "ok")));
	ck_assert_int_eq(number(verified, "rows"), want_rows);
	cJSON_Delete(verified);
}

/** Import, import again, rebuild, verify: with a service or without one. */
static void check_everything(const char *folder)
{
	struct bp_buf live;
	struct bp_buf rebuilt;

	cJSON *json = bp_test_cli_json(&home, "import", folder, NULL);
	check_report(json, folder);
	int64_t lines = number(json, "lines");
	int64_t stored = number(json, "rows");
	cJSON_Delete(json);
	ck_assert_int_eq(rows(), stored);
	dump(&live);

	json = bp_test_cli_json(&home, "import", folder, NULL);
	check_report(json, folder);
	ck_assert_int_eq(number(json, "rows"), 0);
	ck_assert_int_eq(number(json, "lines"), lines);
	cJSON_Delete(json);

	json = bp_test_cli_json(&home, "rebuild", NULL);
	ck_assert_int_eq(number(json, "rows"), stored);
	cJSON_Delete(json);
	dump(&rebuilt);
	ck_assert_uint_gt(live.len, 100000);
	ck_assert_msg(bp_str_eq(bp_buf_str(&live), bp_buf_str(&rebuilt)),
		      "a rebuild makes other facts");
	bp_buf_done(&live);
	bp_buf_done(&rebuilt);
	check_clean(stored);
}

START_TEST(every_line_of_public_transcripts_is_accounted_for)
{
	const char *folder = data_folder();

	if (!folder) {
		return;
	}
	bp_test_service_start(&home);
	/* realpath: the report names files as the service reads them. */
	char *real = realpath(folder, NULL);
	check_everything(real);
	free(real);
	bp_test_service_stop(&home);
}
END_TEST

START_TEST(without_a_service_every_line_is_accounted_for_too)
{
	const char *folder = data_folder();

	if (!folder) {
		return;
	}
	char *real = realpath(folder, NULL);
	check_everything(real);
	free(real);
}
END_TEST

/* --- bad input, made here --- */

#define LINE(uuid, text)                                                                           \
	"{\"type\":\"user\",\"uuid\":\"" uuid "\",\"sessionId\":\"" SESSION "\","                  \
	"\"timestamp\":\"2026-01-02T03:04:05.678Z\",\"version\":\"2.1.0\",\"cwd\":\"/home/dev/"    \
	"p\","                                                                                     \
	"\"message\":{\"role\":\"user\",\"content\":\"" text "\"}}\n"
#define SESSION "0f0e0d0c-0b0a-4908-8706-050403020100"

/* Each is one malformed line. */
static const char *const malformed[] = {
	"{\"type\":\"user\",\"uuid\":\n", "not json at all\n", "[1,2,3]\n", "{} {}\n",
	"{\"type\":\"user\"}}\n",         "\"text\"\n",
};
enum { MALFORMED = sizeof(malformed) / sizeof(malformed[0]) };

START_TEST(malformed_lines_are_counted_named_and_passed)
{
	static const char first[] = LINE("11111111-1111-4111-8111-111111111111", "one");
	static const char last[] = LINE("22222222-2222-4222-8222-222222222222", "two");
	static const char torn[] = "{\"type\":\"user\",\"uuid\":\"33333333";
	char path[PATH_BYTES];
	int64_t offsets[MALFORMED];
	size_t at = sizeof(first) - 1;

	(void)snprintf(path, sizeof(path), "%s/-home-dev-p/" SESSION ".jsonl", home.projects);
	bp_test_write_file(path, first, sizeof(first) - 1);
	for (size_t i = 0; i < MALFORMED; i++) {
		offsets[i] = (int64_t)at;
		bp_test_append_file(path, malformed[i], strlen(malformed[i]));
		at += strlen(malformed[i]);
	}
	bp_test_append_file(path, "\n \r\n", 4);
	bp_test_append_file(path, last, sizeof(last) - 1);
	bp_test_append_file(path, torn, sizeof(torn) - 1);

	bp_test_service_start(&home);
	cJSON *json = bp_test_cli_json(&home, "import", NULL);
	const cJSON *file = bp_test_json_at(json, "by_file.0");
	check_accounted(file, MALFORMED + 2);
	ck_assert_int_eq(number(file, "dead_letters"), MALFORMED);
	cJSON_Delete(json);

	json = bp_test_cli_json(&home, "metrics", "-s", SESSION, NULL);
	ck_assert_int_eq(number(json, "metrics.prompts"), 2);
	cJSON_Delete(json);

	/* By file hash and offset, in order, and nothing of their text. */
	unsigned char salt[BP_SALT_BYTES];
	struct bp_hash_key key;
	char want[64];
	size_t salt_bytes = 0;
	char *salt_file = bp_test_read_file(bp_test_home_file(&home, "salt"), &salt_bytes);
	ck_assert_uint_eq(salt_bytes, sizeof(salt));
	memcpy(salt, salt_file, sizeof(salt));
	free(salt_file);
	bp_hash_key_init(&key, salt);
	char *real = realpath(path, NULL);
	struct bp_hash_hex hash = bp_hash_path(&key, bp_str_from(real), (struct bp_str){NULL, 0});
	free(real);
	(void)snprintf(want, sizeof(want), "claude_code:%s", hash.text);
	json = bp_test_cli_json(&home, "dlq", "list", NULL);
	ck_assert_int_eq(number(json, "total"), MALFORMED);
	for (int i = 0; i < MALFORMED; i++) {
		const cJSON *letter = cJSON_GetArrayItem(bp_test_json_at(json, "dead_letters"), i);
		ck_assert_str_eq(bp_test_json_text(letter, "source"), want);
		ck_assert_str_eq(bp_test_json_text(letter, "reason"), "malformed");
		ck_assert_int_eq(bp_test_number(bp_test_json_text(letter, "offset"), -1),
				 offsets[i]);
		ck_assert_int_eq(bp_test_number(bp_test_json_text(letter, "length"), -1),
				 (int64_t)strlen(malformed[i]));
	}
	cJSON_Delete(json);

	json = bp_test_cli_json(&home, "status", NULL);
	ck_assert_int_eq(number(json, "queue.dead_letters"), MALFORMED);
	ck_assert_int_eq(number(json, "sources.0.errors"), MALFORMED);
	ck_assert_int_eq(number(json, "sources.0.rows"), 2);
	cJSON_Delete(json);

	/* The rest of the torn line comes: it is a line like any other. */
	static const char rest[] = "-3333-4333-8333-333333333333\",\"sessionId\":\"" SESSION
				   "\",\"timestamp\":\"2026-01-02T03:05:00.000Z\",\"message\":{"
				   "\"role\":\"user\",\"content\":\"three\"}}\n";
	bp_test_append_file(path, rest, sizeof(rest) - 1);
	json = bp_test_cli_json(&home, "import", NULL);
	check_accounted(bp_test_json_at(json, "by_file.0"), MALFORMED + 3);
	cJSON_Delete(json);
	json = bp_test_cli_json(&home, "metrics", "-s", SESSION, NULL);
	ck_assert_int_eq(number(json, "metrics.prompts"), 3);
	cJSON_Delete(json);
	bp_test_service_stop(&home);
}
END_TEST

/* --- ids that are not unique --- */

#define SHARED(session, day)                                                                       \
	"{\"type\":\"user\",\"uuid\":\"u1\",\"sessionId\":\"" session                              \
	"\",\"isSidechain\":false,\"timestamp\":\"2026-01-" day                                    \
	"T03:04:05.678Z\",\"message\":{\"role\":\"user\",\"content\":\"one\"}}\n"                  \
	"{\"type\":\"assistant\",\"uuid\":\"a1\",\"sessionId\":\"" session                         \
	"\",\"isSidechain\":false,\"timestamp\":\"2026-01-" day                                    \
	"T03:04:07.678Z\",\"message\":{\"id\":\"1\",\"model\":\"m\",\"usage\":{\"input_tokens\""   \
	":1,\"output_tokens\":2},\"content\":[{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":"  \
	"\"Bash\",\"input\":{\"command\":\"ls\"}}]}}\n"                                            \
	"{\"type\":\"user\",\"uuid\":\"u2-" day "\",\"sessionId\":\"" session                      \
	"\",\"isSidechain\":false,\"timestamp\":\"2026-01-" day                                    \
	"T03:05:05.678Z\",\"message\":{\"role\":\"user\",\"content\":\"two\"}}\n"

START_TEST(ids_that_two_sessions_have_by_chance_leave_no_old_number)
{
	static const char *const texts[] = {SHARED("session-a", "02"), SHARED("session-b", "03")};
	static const char *const names[] = {"session-a", "session-b"};

	/* One after the other, each first once: the second changes facts that the first has. */
	for (int first = 0; first < 2; first++) {
		struct bp_buf live;
		struct bp_buf rebuilt;
		if (first > 0) {
			bp_test_home_remove(&home);
			bp_test_home_make(&home, BP_TEST_BIN_DIR);
		}
		bp_test_service_start(&home);
		for (int i = 0; i < 2; i++) {
			char path[PATH_BYTES];
			int which = first ^ i;
			(void)snprintf(path, sizeof(path), "%s/import/%s.jsonl", home.root,
				       names[which]);
			bp_test_write_file(path, texts[which], strlen(texts[which]));
			cJSON_Delete(bp_test_cli_json(&home, "import", path, NULL));
		}
		dump(&live);
		cJSON_Delete(bp_test_cli_json(&home, "rebuild", NULL));
		dump(&rebuilt);
		size_t at = 0;
		while (live.ptr[at] && live.ptr[at] == rebuilt.ptr[at]) {
			at++;
		}
		while (at > 0 && live.ptr[at - 1] != '\n') {
			at--;
		}
		ck_assert_msg(strcmp(live.ptr, rebuilt.ptr) == 0,
			      "round %d: a rebuild makes other facts:\n%.400s\n%.400s", first,
			      live.ptr + at, rebuilt.ptr + at);
		bp_buf_done(&live);
		bp_buf_done(&rebuilt);
		bp_test_service_stop(&home);
	}
}
END_TEST

BP_TEST_MAIN(setup, teardown, every_line_of_public_transcripts_is_accounted_for,
	     without_a_service_every_line_is_accounted_for_too,
	     malformed_lines_are_counted_named_and_passed,
	     ids_that_two_sessions_have_by_chance_leave_no_old_number)
