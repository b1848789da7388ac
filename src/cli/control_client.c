/* SPDX-License-Identifier: MIT */
#include "cli/control_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/home.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/unix_socket.h"
#include "cli/process.h"

enum { REPLY_BYTES_MAX = 64 * 1024 * 1024, PING_MS = 2000 };

static char *make_request(const char *job, cJSON *args)
{
	cJSON *request = cJSON_CreateObject();

	cJSON_AddStringToObject(request, "job", job);
	cJSON_AddItemToObject(request, "args", args ? args : cJSON_CreateObject());
	char *text = cJSON_PrintUnformatted(request);
	cJSON_Delete(request);
	return text;
}

/** The job's own error. Its code is not ours: BP_ENOTFOUND means "no service" here. */
static enum bp_rc take_error(const cJSON *error, struct bp_err *err)
{
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(error, "message");
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "code");
	enum bp_rc rc = BP_EINVAL;

	if (cJSON_IsString(code) && strcmp(code->valuestring, bp_rc_text(BP_ESTOPPED)) == 0) {
		rc = BP_ESTOPPED;
	}
	return bp_err_set(err, rc, "%s",
			  cJSON_IsString(message) ? message->valuestring : "the job failed");
}

/** Look at one line. *out_result stays NULL for progress. */
static enum bp_rc take_line(const struct bp_call *call, struct bp_str line, cJSON **out_result,
			    struct bp_err *err)
{
	cJSON *root = cJSON_ParseWithLength(line.ptr, line.len);
	const cJSON *progress = cJSON_GetObjectItemCaseSensitive(root, "progress");
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(root, "error");
	enum bp_rc rc = BP_OK;

	if (error) {
		rc = take_error(error, err);
	} else if (progress) {
		if (call->progress) {
			call->progress(progress, call->arg);
		}
	} else {
		*out_result = cJSON_DetachItemFromObjectCaseSensitive(root, "result");
		if (!*out_result) {
			rc = bp_err_set(err, BP_EIO, "the service gave an answer that is none");
		}
	}
	cJSON_Delete(root);
	return rc;
}

/** Take all whole lines out of buf, until the result. */
static enum bp_rc take_lines(const struct bp_call *call, struct bp_buf *buf, cJSON **out_result,
			     struct bp_err *err)
{
	struct bp_str rest = bp_buf_str(buf);
	struct bp_str line;
	enum bp_rc rc = BP_OK;

	while (rc == BP_OK && !*out_result && bp_line_next(&rest, &line)) {
		rc = take_line(call, line, out_result, err);
	}
	bp_buf_consume(buf, buf->len - rest.len);
	return rc;
}

/** Read lines from fd until the result. */
static enum bp_rc read_answer(const struct bp_call *call, int fd, cJSON **out_result,
			      struct bp_err *err)
{
	struct bp_buf buf;
	enum bp_rc rc = BP_OK;

	bp_buf_init(&buf, REPLY_BYTES_MAX);
	while (rc == BP_OK && !*out_result) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int ready = poll(&wait, 1, call->timeout_ms);

		if (ready < 0 && errno == EINTR) {
			continue;
		}
		if (ready == 0) {
			rc = bp_err_set(err, BP_EBUSY,
					"the service does not answer: see "
					"`blueplane logs`, or `blueplane restart`");
			break;
		}
		char *to = bp_buf_reserve(&buf, 65536);
		ssize_t n = to ? read(fd, to, 65536) : -1;
		if (n > 0) {
			buf.len += (size_t)n;
			rc = take_lines(call, &buf, out_result, err);
		} else if (n == 0 || errno != EINTR) {
			rc = bp_err_set(err, BP_EIO,
					"the service ended before it answered: see "
					"`blueplane logs`");
		}
	}
	bp_buf_done(&buf);
	return rc;
}

enum bp_rc bp_control_ask(const struct bp_call *call, const char *job, cJSON *args,
			  cJSON **out_result, struct bp_err *err)
{
	char *request = make_request(job, args);
	char path[BP_HOME_PATH_BYTES];
	cJSON *result = NULL;
	int fd = -1;
	enum bp_rc rc = bp_home_file(call->home, "run/control.sock", path, sizeof(path), err);

	if (rc == BP_OK) {
		rc = bp_unix_connect(path, &fd, err);
	}
	if (rc == BP_OK) {
		rc = bp_file_write_all(fd, request, strlen(request), err);
	}
	if (rc == BP_OK) {
		rc = bp_file_write_all(fd, "\n", 1, err);
	}
	if (rc == BP_OK) {
		rc = read_answer(call, fd, &result, err);
	}
	if (rc == BP_OK) {
		*out_result = result;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	cJSON_free(request);
	return rc;
}

/** The last line that the child wrote on stderr, without its name in front. */
static void take_last_line(const struct bp_buf *text, struct bp_err *err)
{
	static const char name[] = "blueplaned: ";
	struct bp_str rest = bp_buf_str(text);
	struct bp_str line;
	struct bp_str last = BP_STR("see `blueplane doctor`");

	while (bp_line_next(&rest, &line)) {
		last = line.len > 0 ? line : last;
	}
	if (bp_str_starts(last, BP_STR(name))) {
		last = bp_str_make(last.ptr + sizeof(name) - 1, last.len - (sizeof(name) - 1));
	}
	(void)bp_err_set(err, BP_EIO, "%.*s", BP_STR_ARG(last));
}

static enum bp_rc run_once(const struct bp_call *call, char *request, cJSON **out_result,
			   struct bp_err *err)
{
	char program[BP_HOME_PATH_BYTES];
	char *home = bp_strdup(bp_str_from(call->home));
	struct bp_child child;
	struct bp_buf talk;
	cJSON *result = NULL;

	bp_buf_init(&talk, 65536);
	enum bp_rc rc = bp_process_find("blueplaned", program, sizeof(program), err);
	if (rc == BP_OK) {
		/* Only what it says when it fails is wanted, so its log level is error. */
		char *const argv[] = {program,
				      (char[]){"--home"},
				      home,
				      (char[]){"--set"},
				      (char[]){"log.level=error"},
				      (char[]){"--once"},
				      request,
				      NULL};
		rc = bp_process_start(argv, &child, err);
	}
	if (rc == BP_OK) {
		enum bp_rc answer = read_answer(call, child.out_fd, &result, err);
		/* It still stores and closes; the next command must find the lock free. */
		int code = bp_process_finish(&child, &talk);
		if (answer == BP_EIO && talk.len > 0 && code != 0) {
			take_last_line(&talk, err);
		}
		rc = answer;
	}
	if (rc == BP_OK) {
		*out_result = result;
	}
	bp_buf_done(&talk);
	free(home);
	return rc;
}

enum bp_rc bp_control_run(const struct bp_call *call, const char *job, cJSON *args,
			  cJSON **out_result, struct bp_err *err)
{
	cJSON *copy = args ? cJSON_Duplicate(args, true) : NULL;
	enum bp_rc rc = bp_control_ask(call, job, args, out_result, err);

	if (rc == BP_ENOTFOUND) {
		char *request = make_request(job, copy);
		copy = NULL;
		memset(err, 0, sizeof(*err));
		rc = run_once(call, request, out_result, err);
		cJSON_free(request);
	}
	cJSON_Delete(copy);
	return rc;
}

bool bp_control_ping(const char *home, long *out_pid)
{
	const struct bp_call call = {.home = home, .timeout_ms = PING_MS};
	struct bp_err err = {0};
	cJSON *result = NULL;

	if (bp_control_ask(&call, "ping", NULL, &result, &err) != BP_OK) {
		return false;
	}
	const cJSON *pid = cJSON_GetObjectItemCaseSensitive(result, "pid");
	*out_pid = cJSON_IsNumber(pid) ? (long)pid->valuedouble : 0;
	cJSON_Delete(result);
	return true;
}
