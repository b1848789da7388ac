/* SPDX-License-Identifier: MIT */
/* What anybody sends to run/control.sock, in one piece or two: each line that is a request or none
 * gets one line of JSON, and the next client is served. Jobs that do something are left out: what
 * they take is checked by their own tests.
 * Seen to fail: an error without its message. */
#include <cjson/cJSON.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/home.h"
#include "base/line.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/unix_socket.h"
#include "daemon/control.h"
#include "daemon/job.h"
#include "daemon/service.h"
#include "support/fuzz_scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REQUEST_BYTES_MAX = 64 * 1024, ANSWERS_MAX_MS = 20000 };

static struct bp_service service;
static struct bp_control *control;
static char path[BP_HOME_PATH_BYTES];

static void stop(void)
{
	bp_control_stop(control);
	bp_stop_close(&service.stop);
}

static void set_up(void)
{
	(void)snprintf(service.home, sizeof(service.home), "%s", fuzz_scratch());
	BP_ASSERT(bp_home_make(service.home, NULL) == BP_OK);
	BP_ASSERT(bp_stop_open(&service.stop, NULL) == BP_OK);
	BP_ASSERT(bp_control_start(&service, &control, NULL) == BP_OK);
	BP_ASSERT(bp_home_file(service.home, "run/control.sock", path, sizeof(path), NULL) ==
		  BP_OK);
	(void)atexit(stop);
}

/* Of every line with something in it; -1 when one would do something. */
static int count_answers(struct bp_str text)
{
	struct bp_str line;
	int n = 0;

	while (bp_line_next(&text, &line)) {
		cJSON *request = cJSON_ParseWithLength(line.ptr, line.len);
		const char *name =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "job"));
		bool does = name && bp_job_find(name) && strcmp(name, "ping") != 0;

		cJSON_Delete(request);
		if (does) {
			return -1;
		}
		n += line.len > 0 ? 1 : 0;
	}
	return n;
}

static void say(int fd, struct bp_str text)
{
	while (text.len > 0) {
		ssize_t n = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
		BP_ASSERT(n > 0);
		text = bp_str_make(text.ptr + n, text.len - (size_t)n);
	}
}

static void check_answer(struct bp_str line)
{
	cJSON *answer = cJSON_ParseWithLength(line.ptr, line.len);
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");

	BP_ASSERT(cJSON_IsObject(answer));
	BP_ASSERT(cJSON_GetObjectItemCaseSensitive(answer, "result") ||
		  (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(error, "code")) &&
		   cJSON_IsString(cJSON_GetObjectItemCaseSensitive(error, "message"))));
	cJSON_Delete(answer);
}

static void hear(int fd, int wanted)
{
	struct bp_buf in;
	struct bp_str rest, line;
	int n = 0;

	bp_buf_init(&in, 16 << 20);
	while (n < wanted) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		char *space = bp_buf_reserve(&in, 65536);

		BP_ASSERT(space && poll(&wait, 1, ANSWERS_MAX_MS) == 1);
		ssize_t got = recv(fd, space, 65536, 0);
		BP_ASSERT(got > 0);
		in.len += (size_t)got;
		rest = bp_buf_str(&in);
		while (bp_line_next(&rest, &line)) {
			check_answer(line);
			n++;
		}
		bp_buf_consume(&in, in.len - rest.len);
	}
	BP_ASSERT(n == wanted && in.len == 0);
	bp_buf_done(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bp_str text = bp_str_make((const char *)data, size);
	int wanted = size <= REQUEST_BYTES_MAX ? count_answers(text) : -1;
	int fd = -1;

	if (!control) {
		set_up();
	}
	if (wanted >= 0) {
		size_t half = size > 0 ? data[0] % size : 0;

		BP_ASSERT(bp_unix_connect(path, &fd, NULL) == BP_OK);
		say(fd, bp_str_make(text.ptr, half));
		say(fd, bp_str_make(text.ptr + half, size - half));
		hear(fd, wanted);
		(void)close(fd);
	}
	return 0;
}
