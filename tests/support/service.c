/* SPDX-License-Identifier: MIT */
#include "support/service.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/number.h"

enum {
	PATHS = 8,
	PATH_BYTES = 1024,
	ARGS_MAX = 32,
	ENV_MAX = 40,
	OPEN_FOLDERS = 16,
	READY_MS = 20000,
	END_MS = 30000,
	POLL_MS = 2,
	COPY_BYTES = 65536
};

extern char **environ;

void (*bp_test_output_seen)(const struct bp_test_output *output);

/* --- folders --- */

static void make_above(const char *path)
{
	char part[PATH_BYTES];
	int n = snprintf(part, sizeof(part), "%s", path);

	ck_assert_int_lt(n, PATH_BYTES);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		ck_assert_msg(mkdir(part, 0700) == 0 || errno == EEXIST, "%s: %s", part,
			      strerror(errno));
		*slash = '/';
	}
}

void bp_test_home_make(struct bp_test_home *home, const char *bin_dir)
{
	*home = (struct bp_test_home){.bin_dir = bin_dir};
	(void)signal(SIGPIPE, SIG_IGN); /* a program may end before it has read its input */
	(void)snprintf(home->root, sizeof(home->root), "/tmp/bp-home-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home->root));
	(void)snprintf(home->user, sizeof(home->user), "%.100s/user", home->root);
	(void)snprintf(home->home, sizeof(home->home), "%.100s/bp", home->root);
	(void)snprintf(home->projects, sizeof(home->projects), "%.100s/.claude/projects",
		       home->user);
	make_above(bp_test_home_file(home, "log/x"));
	make_above(home->projects);
	ck_assert_int_eq(mkdir(home->projects, 0700), 0);
}

void bp_test_home_env(struct bp_test_home *home, const char *name_and_value)
{
	size_t name = strcspn(name_and_value, "=") + 1;

	for (size_t i = 0; i < home->n_env; i++) {
		if (strncmp(home->env[i], name_and_value, name) == 0) {
			home->env[i] = name_and_value;
			return;
		}
	}
	ck_assert_uint_lt(home->n_env, BP_TEST_HOME_ENV);
	home->env[home->n_env++] = name_and_value;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void bp_test_home_remove(struct bp_test_home *home)
{
	if (home->service) {
		bp_test_service_kill(home, true);
	}
	ck_assert_int_eq(nftw(home->root, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS), 0);
}

const char *bp_test_home_file(const struct bp_test_home *home, const char *name)
{
	static char paths[PATHS][PATH_BYTES];
	static unsigned next;
	char *path = paths[next++ % PATHS];

	(void)snprintf(path, PATH_BYTES, "%s/%s", home->home, name);
	return path;
}

/* --- programs --- */

struct environment {
	char *items[ENV_MAX];
	size_t n;
};

static void add_env(struct environment *env, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 2;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_lt(env->n + 1, ENV_MAX);
	(void)snprintf(text, size, "%s=%s", name, value);
	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->items[i], text, strlen(name) + 1) == 0) {
			free(env->items[i]);
			env->items[i] = text;
			return;
		}
	}
	env->items[env->n++] = text;
	env->items[env->n] = NULL;
}

/** Nothing of the caller's, but where programs are and what sanitizers are told. */
static void make_env(const struct bp_test_home *home, struct environment *env)
{
	const char *path = getenv("PATH");

	env->n = 0;
	add_env(env, "PATH", path ? path : "/usr/bin:/bin");
	add_env(env, "HOME", home->user);
	add_env(env, "BLUEPLANE_HOME", home->home);
	add_env(env, "TZ", "UTC");
	add_env(env, "LANG", "C.UTF-8");
	for (char **item = environ; *item; item++) {
		const char *equals = strchr(*item, '=');
		ptrdiff_t n = equals ? equals - *item : 0;
		if (n > 8 && n < 16 && strncmp(equals - 8, "_OPTIONS", 8) == 0) {
			char name[16];
			(void)snprintf(name, sizeof(name), "%.*s", (int)n, *item);
			add_env(env, name, equals + 1);
		}
	}
	for (size_t i = 0; i < home->n_env; i++) {
		char name[64];
		size_t n = strcspn(home->env[i], "=");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, home->env[i]);
		add_env(env, name, home->env[i] + n + 1);
	}
}

static void free_env(struct environment *env)
{
	for (size_t i = 0; i < env->n; i++) {
		free(env->items[i]);
	}
}

static pid_t spawn(const struct bp_test_home *home, const char *program, const char *const *args,
		   int in_fd, int out_fd, int err_fd)
{
	const char *argv[ARGS_MAX + 2] = {program};
	char path[PATH_BYTES];
	struct environment env;
	size_t n = 1;

	for (size_t i = 0; args && args[i]; i++) {
		ck_assert_uint_lt(n, ARGS_MAX);
		argv[n++] = args[i];
	}
	argv[n] = NULL;
	if (program[0] == '/') {
		(void)snprintf(path, sizeof(path), "%s", program);
	} else {
		(void)snprintf(path, sizeof(path), "%s/%s", home->bin_dir, program);
	}
	make_env(home, &env);
	(void)fflush(NULL);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* execve does not change the strings; its type predates const. */
		union {
			const char **constant;
			char *const *plain;
		} arguments = {.constant = argv};
		(void)signal(SIGPIPE, SIG_DFL);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (chdir(home->user) == 0 && dup2(in_fd, 0) >= 0 && dup2(out_fd, 1) >= 0 &&
		    dup2(err_fd, 2) >= 0) {
			(void)execve(path, arguments.plain, env.items);
		}
		_exit(127);
	}
	free_env(&env);
	return pid;
}

static int exit_code(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/** What was written to a memory file, NUL-terminated; closes it. */
static char *take_memory(int fd, size_t *out_bytes)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	size_t n = (size_t)st.st_size;
	char *text = malloc(n + 1);
	ck_assert_ptr_nonnull(text);
	for (size_t at = 0; at < n;) {
		ssize_t got = pread(fd, text + at, n - at, (off_t)at);
		ck_assert_int_gt(got, 0);
		at += (size_t)got;
	}
	text[n] = '\0';
	(void)close(fd);
	*out_bytes = n;
	return text;
}

void bp_test_run_program(const struct bp_test_home *home, const char *program,
			 const char *const *args, const char *input, size_t input_bytes,
			 struct bp_test_output *out)
{
	int in[2];
	int out_fd = memfd_create("out", MFD_CLOEXEC);
	int err_fd = memfd_create("err", MFD_CLOEXEC);

	ck_assert_int_eq(pipe2(in, O_CLOEXEC), 0);
	ck_assert_int_ge(out_fd, 0);
	ck_assert_int_ge(err_fd, 0);
	pid_t pid = spawn(home, program, args, in[0], out_fd, err_fd);
	(void)close(in[0]);
	while (input && input_bytes > 0) {
		ssize_t n = write(in[1], input, input_bytes);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break; /* it does not want to read: its right */
		}
		input += n;
		input_bytes -= (size_t)n;
	}
	(void)close(in[1]);
	out->code = exit_code(pid);
	out->out = take_memory(out_fd, &out->out_bytes);
	out->err = take_memory(err_fd, &out->err_bytes);
	if (bp_test_output_seen) {
		bp_test_output_seen(out);
	}
}

pid_t bp_test_start_program(const struct bp_test_home *home, const char *program,
			    const char *const *args)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	ck_assert_int_ge(null_fd, 0);
	pid_t pid = spawn(home, program, args, null_fd, null_fd, null_fd);
	(void)close(null_fd);
	return pid;
}

void bp_test_output_done(struct bp_test_output *out)
{
	free(out->out);
	free(out->err);
	*out = (struct bp_test_output){0};
}

/* --- the service --- */

pid_t bp_test_service_redis(const struct bp_test_home *home)
{
	char *text = bp_test_read_file(bp_test_home_file(home, "run/redis.pid"), NULL);
	pid_t pid = text ? (pid_t)bp_test_number(text, 0) : 0;

	free(text);
	return pid > 0 && kill(pid, 0) == 0 ? pid : 0;
}

/** True when run/control.sock answers a ping. */
static bool answers(const struct bp_test_home *home)
{
	static const char ping[] = "{\"job\":\"ping\",\"args\":{}}\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char reply[256];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/run/control.sock",
		       home->home);
	bool ok = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
		  write(fd, ping, sizeof(ping) - 1) == (ssize_t)sizeof(ping) - 1 &&
		  read(fd, reply, sizeof(reply)) > 0;
	(void)close(fd);
	return ok;
}

static void show_log(const struct bp_test_home *home)
{
	char *text = bp_test_read_file(bp_test_home_file(home, "log/blueplaned.log"), NULL);

	ck_abort_msg("the service does not answer; its log:\n%s", text ? text : "(none)");
}

void bp_test_service_start(struct bp_test_home *home)
{
	static const char *const no_args[] = {NULL};
	const char *log = bp_test_home_file(home, "log/blueplaned.log");

	ck_assert_int_eq(home->service, 0);
	make_above(log);
	int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(log_fd, 0);
	ck_assert_int_ge(null_fd, 0);
	home->service = spawn(home, "blueplaned", no_args, null_fd, log_fd, log_fd);
	(void)close(log_fd);
	(void)close(null_fd);
	int pidfd = pidfd_open(home->service, 0);
	for (int waited_ms = 0; !answers(home); waited_ms += POLL_MS) {
		struct pollfd ended = {.fd = pidfd, .events = POLLIN};
		if (poll(&ended, 1, POLL_MS) > 0 || waited_ms > READY_MS) {
			show_log(home);
		}
	}
	(void)close(pidfd);
}

static void wait_gone(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	if (pidfd >= 0) {
		ck_assert_msg(poll(&ended, 1, END_MS) == 1, "a process does not end");
		(void)close(pidfd);
	}
}

static int end_service(struct bp_test_home *home, int signal_number, bool wait_redis)
{
	ck_assert_int_gt(home->service, 0);
	pid_t redis = bp_test_service_redis(home);
	int redis_fd = redis && wait_redis ? pidfd_open(redis, 0) : -1;
	ck_assert_int_eq(kill(home->service, signal_number), 0);
	int service_fd = pidfd_open(home->service, 0);
	wait_gone(service_fd);
	int code = exit_code(home->service);
	home->service = 0;
	wait_gone(redis_fd);
	return code;
}

void bp_test_service_stop(struct bp_test_home *home)
{
	ck_assert_int_eq(end_service(home, SIGTERM, true), 0);
}

void bp_test_service_kill(struct bp_test_home *home, bool wait_redis)
{
	(void)end_service(home, SIGKILL, wait_redis);
}

/* --- blueplane and blueplane-hook --- */

static size_t take_args(va_list list, const char **args)
{
	size_t n = 0;

	for (;;) {
		const char *arg = va_arg(list, const char *);
		if (!arg) {
			args[n] = NULL;
			return n;
		}
		ck_assert_uint_lt(n + 2, ARGS_MAX);
		args[n++] = arg;
	}
}

void bp_test_cli(const struct bp_test_home *home, struct bp_test_output *out, ...)
{
	const char *args[ARGS_MAX];
	va_list list;

	va_start(list, out);
	(void)take_args(list, args);
	va_end(list);
	bp_test_run_program(home, "blueplane", args, NULL, 0, out);
}

cJSON *bp_test_cli_json(const struct bp_test_home *home, ...)
{
	const char *args[ARGS_MAX];
	struct bp_test_output output;
	va_list list;

	va_start(list, home);
	size_t n = take_args(list, args);
	va_end(list);
	args[n] = "--json";
	args[n + 1] = NULL;
	bp_test_run_program(home, "blueplane", args, NULL, 0, &output);
	ck_assert_msg(output.code == 0, "blueplane %s: exit code %d: %s", args[0], output.code,
		      output.err);
	cJSON *json = cJSON_Parse(output.out);
	ck_assert_msg(json != NULL, "blueplane %s: no JSON: %.200s", args[0], output.out);
	const char *end = strchr(output.out, '\n');
	ck_assert_msg(end && end[1] == '\0', "blueplane %s: not one line", args[0]);
	bp_test_output_done(&output);
	return json;
}

void bp_test_hook(const struct bp_test_home *home, const char *payload, size_t bytes)
{
	struct bp_test_output output;

	bp_test_run_program(home, "blueplane-hook", NULL, payload, bytes, &output);
	ck_assert_int_eq(output.code, 0);
	ck_assert_uint_eq(output.out_bytes + output.err_bytes, 0);
	bp_test_output_done(&output);
}

void bp_test_wait_final(const struct bp_test_home *home)
{
	struct bp_test_output output;

	bp_test_cli(home, &output, "status", "--wait", NULL);
	ck_assert_msg(output.code == 0, "status --wait: %d: %s", output.code, output.err);
	bp_test_output_done(&output);
}

/* --- JSON --- */

const cJSON *bp_test_json_at(const cJSON *root, const char *path)
{
	while (root && *path) {
		char name[64];
		size_t n = strcspn(path, ".");

		ck_assert_uint_lt(n, sizeof(name));
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, path);
		root = cJSON_IsArray(root) ? cJSON_GetArrayItem(root, (int)bp_test_number(name, 0))
					   : cJSON_GetObjectItemCaseSensitive(root, name);
		path += path[n] ? n + 1 : n;
	}
	return root;
}

double bp_test_json_number(const cJSON *root, const char *path)
{
	const cJSON *item = bp_test_json_at(root, path);

	ck_assert_msg(cJSON_IsNumber(item), "no number \"%s\"", path);
	return item->valuedouble;
}

const char *bp_test_json_text(const cJSON *root, const char *path)
{
	const cJSON *item = bp_test_json_at(root, path);

	ck_assert_msg(cJSON_IsString(item), "no text \"%s\"", path);
	return item->valuestring;
}

/* --- files --- */

void bp_test_write_file(const char *path, const char *bytes, size_t n)
{
	make_above(path);
	FILE *file = fopen(path, "we");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

void bp_test_append_file(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	(void)close(fd);
}

char *bp_test_read_file(const char *path, size_t *out_bytes)
{
	FILE *file = fopen(path, "re");
	struct stat st;

	if (!file) {
		return NULL;
	}
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	char *text = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(text);
	size_t n = fread(text, 1, (size_t)st.st_size, file);
	text[n] = '\0';
	(void)fclose(file);
	if (out_bytes) {
		*out_bytes = n;
	}
	return text;
}

static void copy_file(const char *from, const char *to)
{
	static char bytes[COPY_BYTES];

	make_above(to);
	FILE *in = fopen(from, "re");
	FILE *out = fopen(to, "we");
	ck_assert_msg(in && out, "cannot copy to %s: %s", to, strerror(errno));
	for (;;) {
		size_t n = fread(bytes, 1, sizeof(bytes), in);
		ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
		if (n == 0) {
			break;
		}
	}
	ck_assert_int_eq(fclose(in), 0);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(to, 0600), 0);
}

/* nftw() gives its callback no argument. */
static const char *copy_from, *copy_to;

static int copy_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	char to[PATH_BYTES];

	(void)st;
	(void)where;
	ck_assert_int_lt(snprintf(to, sizeof(to), "%s%s", copy_to, path + strlen(copy_from)),
			 PATH_BYTES);
	if (kind == FTW_D) {
		make_above(to);
		ck_assert(mkdir(to, 0700) == 0 || errno == EEXIST);
	} else if (kind == FTW_F) {
		copy_file(path, to);
	}
	return 0;
}

void bp_test_copy(const char *from, const char *to)
{
	copy_from = from;
	copy_to = to;
	ck_assert_msg(nftw(from, copy_one, OPEN_FOLDERS, FTW_PHYS) == 0, "%s: %s", from,
		      strerror(errno));
}
