/* SPDX-License-Identifier: MIT */
/*
 * test_hook.c - blueplane-hook as an assistant runs it, against a real Redis that works, hangs, or
 * is not there.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "event/event.h"
#include "event/hash.h"
#include "event/json.h"
#include "event/projection.h"
#include "support/redis.h"
#include "support/run.h"

enum { LARGE_BYTES = 5 * 1024 * 1024, PARALLEL = 200, HANG_MS = 100 };

static char dir[64];
static char home[96];
static struct bp_test_redis redis;
static char large[LARGE_BYTES + 1024];

#define PROMPT                                                                                     \
	"{\"session_id\":\"s1\",\"cwd\":\"/home/dev/proj\",\"hook_event_name\":"                   \
	"\"UserPromptSubmit\",\"prompt\":\"my secret words\"}"

static void write_text(const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", home, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void make_folder(const char *path)
{
	ck_assert_msg(mkdir(path, 0700) == 0, "%s", strerror(errno));
}

static void write_conf(const char *more)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "enabled=1\nsocket=%s\nsalt=%064d\nproject_names=1\n%s",
		       redis.socket, 7, more);
	write_text("run/hook.conf", text);
}

static void setup(void)
{
	char path[128];

	/* A hook that does not read what it is fed is right to do so. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(dir, sizeof(dir), "/tmp/bp-hook-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(home, sizeof(home), "%s/home", dir);
	(void)snprintf(path, sizeof(path), "%s/run", home);
	make_folder(home);
	make_folder(path);
	ck_assert_msg(bp_test_redis_start(&redis, dir, NULL), "no redis-server");
	write_conf("");
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void teardown(void)
{
	bp_test_redis_stop(&redis);
	(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct run {
	pid_t pid;
	int in_fd;
	int out_fd; /* standard output and standard error */
};

static void start_hook(struct run *run, const char *const *args, const char *env_home)
{
	int in[2];
	int out[2];

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	(void)fflush(NULL);
	run->pid = fork();
	ck_assert_int_ge(run->pid, 0);
	if (run->pid == 0) {
		char env[128];
		char *environment[] = {env, NULL};
		union {
			const char *const *constant;
			char *const *plain;
		} argv = {.constant = args};
		(void)snprintf(env, sizeof(env), "BLUEPLANE_HOME=%s", env_home);
		/* As a shell starts it. */
		(void)signal(SIGPIPE, SIG_DFL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		execve(BP_TEST_BIN_DIR "/blueplane-hook", argv.plain, environment);
		_exit(99);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	run->in_fd = in[1];
	run->out_fd = out[0];
}

static void feed(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, text, n);
		if (done <= 0) {
			break; /* it does not want to read: its right */
		}
		text += done;
		n -= (size_t)done;
	}
	(void)close(fd);
}

static void assert_quiet_end(const struct run *run)
{
	char output[256];
	int status = 0;
	/* End of file: it wrote nothing and closed. */
	ssize_t n = read(run->out_fd, output, sizeof(output));

	(void)close(run->out_fd);
	ck_assert_int_eq(waitpid(run->pid, &status, 0), run->pid);
	ck_assert_msg(n == 0, "it printed %zd bytes", n);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
}

static void run_hook_text(const char *text, size_t n)
{
	static const char *const args[] = {"blueplane-hook", NULL};
	struct run run;

	start_hook(&run, args, home);
	feed(run.in_fd, text, n);
	assert_quiet_end(&run);
}

static void run_hook(const char *text)
{
	run_hook_text(text, strlen(text));
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long long in_redis(void)
{
	return bp_test_redis_integer(&redis, "XLEN telemetry:events");
}

/* Files in a folder of the home; -1 when there is none. name gets the last one's. */
static int files_in(const char *folder, char name[256])
{
	char path[256];
	const struct dirent *entry;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", home, folder);
	DIR *open_dir = opendir(path);
	if (!open_dir) {
		return -1;
	}
	while ((entry = readdir(open_dir)) != NULL) {
		if (entry->d_name[0] != '.') {
			(void)snprintf(name, 256, "%s", entry->d_name);
			n++;
		}
	}
	(void)closedir(open_dir);
	return n;
}

/* The one spooled event, decoded; its text is in space. */
static void read_spooled(char *space, size_t cap, struct bp_event *event)
{
	static char views[16384];
	char name[256] = "";
	char path[512];
	const char *reason = NULL;

	ck_assert_int_eq(files_in("spool/new", name), 1);
	ck_assert_int_eq(files_in("spool/tmp", path), 0);
	(void)snprintf(path, sizeof(path), "%s/spool/new/%s", home, name);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	size_t n = fread(space, 1, cap, file);
	(void)fclose(file);
	ck_assert_msg(bp_event_decode(bp_str_make(space, n), views, sizeof(views), event, &reason),
		      "%s", reason);
	char hex[BP_EVENT_ID_HEX_BYTES + 1];
	bp_event_id_hex(event->id, hex);
	ck_assert_str_eq(hex, name);
}

START_TEST(an_event_arrives)
{
	char reply[8192];

	run_hook(PROMPT);
	ck_assert_int_eq(in_redis(), 1);
	ck_assert(
		bp_test_redis_command(&redis, "XRANGE telemetry:events - +", reply, sizeof(reply)));
	ck_assert(strstr(reply, "$2\r\nid\r\n$32\r\n"));
	ck_assert(strstr(reply, "$1\r\np\r\n$11\r\nclaude_code\r\n$1\r\nt\r\n$11\r\nuser_prompt\r\n"
				"$1\r\ne\r\n"));
	ck_assert(strstr(reply, "\"kind\":\"prompt\",\"human\":true,\"chars\":15,\"words\":3"));
	ck_assert(!strstr(reply, "secret"));
	ck_assert_int_eq(files_in("spool/new", reply), -1);
}
END_TEST

START_TEST(an_option_names_the_home)
{
	const char *const args[] = {"blueplane-hook", "--home", home, NULL};
	struct run run;

	start_hook(&run, args, "/nonexistent");
	feed(run.in_fd, PROMPT, sizeof(PROMPT) - 1);
	assert_quiet_end(&run);
	ck_assert_int_eq(in_redis(), 1);
}
END_TEST

START_TEST(a_hanging_redis_costs_little_and_loses_nothing)
{
	char text[8192];
	struct bp_event event;
	int64_t best_ms = INT64_MAX;

	bp_test_redis_freeze(&redis);
	/* The best of three: another process may hold the machine, the hook may not. */
	for (int i = 0; i < 3; i++) {
		char path[512];
		char name[256] = "";
		int64_t start_ms = now_ms();
		run_hook(PROMPT);
		int64_t took_ms = now_ms() - start_ms;
		best_ms = took_ms < best_ms ? took_ms : best_ms;
		read_spooled(text, sizeof(text), &event);
		ck_assert(bp_str_is(event.event_type, "user_prompt"));
		ck_assert(bp_str_is(event.project_name, "proj"));
		ck_assert_int_eq(files_in("spool/new", name), 1);
		(void)snprintf(path, sizeof(path), "%s/spool/new/%s", home, name);
		ck_assert_int_eq(unlink(path), 0);
	}
	bp_test_redis_thaw(&redis);
	ck_assert_int_le(best_ms, HANG_MS);
}
END_TEST

START_TEST(without_redis_the_spool_takes_it)
{
	char text[8192];
	struct bp_event event;

	bp_test_redis_stop(&redis);
	run_hook(PROMPT);
	read_spooled(text, sizeof(text), &event);
	ck_assert(bp_str_is(event.session_id, "s1"));
	ck_assert(!memmem(text, sizeof(text), "secret", 6));
}
END_TEST

START_TEST(a_refusal_of_redis_goes_to_the_spool)
{
	char text[8192];
	struct bp_event event;

	ck_assert(bp_test_redis_command(&redis, "SET telemetry:events x", text, sizeof(text)));
	run_hook(PROMPT);
	read_spooled(text, sizeof(text), &event);
}
END_TEST

START_TEST(without_a_hook_conf_only_the_envelope_is_kept)
{
	char text[8192];
	char path[256];
	struct bp_event event;

	(void)snprintf(path, sizeof(path), "%s/run/hook.conf", home);
	ck_assert_int_eq(unlink(path), 0);
	run_hook(PROMPT);
	ck_assert_int_eq(in_redis(), 0);
	memset(text, 0, sizeof(text));
	read_spooled(text, sizeof(text), &event);
	ck_assert(bp_str_is(event.payload, "{\"kind\":\"prompt\",\"human\":true}"));
	ck_assert_ptr_null(event.project_name.ptr);
	ck_assert_ptr_null(event.project_hash.ptr);
}
END_TEST

START_TEST(switched_off_it_does_nothing)
{
	char name[256];

	write_conf("enabled=0\n");
	run_hook(PROMPT);
	ck_assert_int_eq(in_redis(), 0);
	ck_assert_int_eq(files_in("spool/new", name), -1);
}
END_TEST

START_TEST(without_a_home_nothing_is_created)
{
	static const char *const args[] = {"blueplane-hook", NULL};
	char missing[128];
	struct run run;

	(void)snprintf(missing, sizeof(missing), "%s/missing", dir);
	start_hook(&run, args, missing);
	feed(run.in_fd, PROMPT, sizeof(PROMPT) - 1);
	assert_quiet_end(&run);
	ck_assert_int_ne(access(missing, F_OK), 0);
}
END_TEST

START_TEST(a_spool_that_cannot_be_written_is_no_failure)
{
	char path[256];

	bp_test_redis_stop(&redis);
	(void)snprintf(path, sizeof(path), "%s/spool", home);
	make_folder(path);
	/* Not to be written by anybody, root included: it is a file. */
	write_text("spool/new", "");
	ck_assert_int_eq(chmod(path, 0500), 0);
	run_hook(PROMPT);
	ck_assert_int_eq(chmod(path, 0700), 0);
}
END_TEST

START_TEST(five_megabytes_arrive_as_a_few_bytes)
{
	char reply[8192];
	int head =
		snprintf(large, sizeof(large),
			 "{\"session_id\":\"s1\",\"hook_event_name\":\"PostToolUse\",\"tool_name\":"
			 "\"Bash\",\"tool_use_id\":\"t1\",\"tool_response\":{\"stdout\":\"");

	memset(large + head, 'x', LARGE_BYTES);
	(void)snprintf(large + head + LARGE_BYTES, 16, "\"}}");
	run_hook(large);
	ck_assert_int_eq(in_redis(), 1);
	ck_assert(
		bp_test_redis_command(&redis, "XRANGE telemetry:events - +", reply, sizeof(reply)));
	ck_assert(strstr(reply, "{\"id\":\"t1\",\"tool\":\"Bash\",\"rank\":40}"));
}
END_TEST

START_TEST(input_that_is_none_is_passed_over)
{
	static const char *const inputs[] = {"", "x", "[]", "{\"a\":", "{} {}", "\"text\""};
	char name[256];

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		run_hook(inputs[i]);
	}
	run_hook_text("{\"a\":\0}", 7);
	ck_assert_int_eq(in_redis(), 0);
	ck_assert_int_eq(files_in("spool/new", name), -1);
}
END_TEST

START_TEST(closed_standard_files_are_no_failure)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char program[] = "blueplane-hook";
		char option[] = "--home";
		char *args[] = {program, option, home, NULL};
		(void)close(0);
		(void)close(1);
		(void)close(2);
		execv(BP_TEST_BIN_DIR "/blueplane-hook", args);
		_exit(99);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* What the service would make of the same input at the same moment, with its faster code. */
static void assert_same_bytes(const char *input, size_t len)
{
	static struct bp_projector projector;
	static char spooled[BP_EVENT_BYTES_MAX];
	static char wire[BP_EVENT_BYTES_MAX];
	static char views[16384];
	unsigned char salt[BP_SALT_BYTES] = {0};
	char name[256] = "";
	char path[512];
	struct bp_event event;
	const char *reason = NULL;

	run_hook_text(input, len);
	if (files_in("spool/new", name) == 0) {
		return; /* no hook */
	}
	(void)snprintf(path, sizeof(path), "%s/spool/new/%s", home, name);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	size_t n = fread(spooled, 1, sizeof(spooled), file);
	(void)fclose(file);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(bp_event_decode(bp_str_make(spooled, n), views, sizeof(views), &event, &reason));
	salt[BP_SALT_BYTES - 1] = 7;
	projector.policy = (struct bp_policy){.project_names = true};
	bp_hash_key_init(&projector.policy.key, salt);
	uint8_t random_bytes[10];
	memcpy(random_bytes, event.id + 6, sizeof(random_bytes));
	int64_t ts_us = event.ts_us;
	ck_assert_int_eq(bp_project_claude_hook(&projector, bp_str_make(input, len), ts_us,
						random_bytes, &event),
			 BP_PROJECTED);
	struct bp_out out = bp_out_make(wire, sizeof(wire));
	bp_event_encode(&event, &out);
	ck_assert_uint_eq(out.len, n);
	ck_assert_mem_eq(wire, spooled, n);
}

START_TEST(hook_and_service_give_the_same_bytes)
{
	const char folder[] = BP_TEST_SOURCE_DIR "/tests/fuzz/corpus/claude_hook";
	static char text[65536];
	const struct dirent *entry;
	size_t n_files = 0;

	/* Without Redis everything is in the spool. */
	bp_test_redis_stop(&redis);
	(void)bp_json_use_avx2();
	(void)bp_sha256_use_ni();
	DIR *open_dir = opendir(folder);
	ck_assert_ptr_nonnull(open_dir);
	while ((entry = readdir(open_dir)) != NULL) {
		char path[1024];
		if (entry->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		FILE *file = fopen(path, "r");
		ck_assert_ptr_nonnull(file);
		size_t len = fread(text, 1, sizeof(text), file);
		(void)fclose(file);
		assert_same_bytes(text, len);
		n_files++;
	}
	(void)closedir(open_dir);
	ck_assert_uint_gt(n_files, 20);
}
END_TEST

/* Does a file of the spool hold this text? */
static bool in_spool(const char *want)
{
	char path[256], text[8192];
	const struct dirent *entry;
	bool found = false;

	(void)snprintf(path, sizeof(path), "%s/spool/new", home);
	DIR *open_dir = opendir(path);
	while (open_dir && !found && (entry = readdir(open_dir)) != NULL) {
		(void)snprintf(path, sizeof(path), "%.100s/spool/new/%.100s", home, entry->d_name);
		FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
		size_t n = file ? fread(text, 1, sizeof(text), file) : 0;
		found = memmem(text, n, want, strlen(want)) != NULL;
		if (file) {
			(void)fclose(file);
		}
	}
	if (open_dir) {
		(void)closedir(open_dir);
	}
	return found;
}

START_TEST(two_hundred_at_once_all_arrive)
{
	static const char *const args[] = {"blueplane-hook", NULL};
	static struct run runs[PARALLEL];
	static char reply[1 << 20];
	size_t found = 0;

	for (int i = 0; i < PARALLEL; i++) {
		start_hook(&runs[i], args, home);
	}
	for (int i = 0; i < PARALLEL; i++) {
		char text[256];
		int n = snprintf(text, sizeof(text),
				 "{\"session_id\":\"many-%03d-\",\"hook_event_name\":\"Stop\"}", i);
		feed(runs[i].in_fd, text, (size_t)n);
	}
	for (int i = 0; i < PARALLEL; i++) {
		assert_quiet_end(&runs[i]);
	}
	/* In Redis, or in the spool where the machine was too slow for one. In both when Redis'
	 * answer came too late: the fast path stores an id once. */
	ck_assert(
		bp_test_redis_command(&redis, "XRANGE telemetry:events - +", reply, sizeof(reply)));
	for (int i = 0; i < PARALLEL; i++) {
		char want[32];
		(void)snprintf(want, sizeof(want), "\"many-%03d-\"", i);
		const char *at = strstr(reply, want);
		found += at ? 1 : 0;
		ck_assert(!at || !strstr(at + 1, want));
		ck_assert_msg(at || in_spool(want), "%s is lost", want);
	}
	ck_assert_uint_eq(found, (size_t)in_redis());
}
END_TEST

BP_TEST_MAIN(setup, teardown, an_event_arrives, an_option_names_the_home,
	     a_hanging_redis_costs_little_and_loses_nothing, without_redis_the_spool_takes_it,
	     a_refusal_of_redis_goes_to_the_spool, without_a_hook_conf_only_the_envelope_is_kept,
	     switched_off_it_does_nothing, without_a_home_nothing_is_created,
	     a_spool_that_cannot_be_written_is_no_failure, five_megabytes_arrive_as_a_few_bytes,
	     input_that_is_none_is_passed_over, closed_standard_files_are_no_failure,
	     hook_and_service_give_the_same_bytes, two_hundred_at_once_all_arrive)
