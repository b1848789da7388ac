/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hook/hook.h"

bool bp_hook_frame_make(const struct bp_event *event, struct bp_hook_frame *out)
{
	struct bp_out json = bp_out_make(out->json, sizeof(out->json) - 2);

	bp_event_encode(event, &json);
	if (json.full || event->event_type.len > BP_EVENT_NAME_MAX) {
		return false;
	}
	out->json_len = json.len;
	memcpy(out->json + json.len, "\r\n", 2);
	bp_event_id_hex(event->id, out->id_hex);
	out->platform = event->platform;
	out->event_type = event->event_type;
	return true;
}

struct head {
	char *at;
	size_t len;
};

static void put(struct head *head, struct bp_str text)
{
	memcpy(head->at + head->len, text.ptr, text.len);
	head->len += text.len;
}

static void put_count(struct head *head, char mark, size_t value)
{
	char digits[24];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	digits[--n] = mark;
	put(head, bp_str_make(digits + n, sizeof(digits) - n));
	put(head, BP_STR("\r\n"));
}

static void put_word(struct head *head, struct bp_str word)
{
	put_count(head, '$', word.len);
	put(head, word);
	put(head, BP_STR("\r\n"));
}

/* Write the command so that it ends where the event begins; returns the whole message. */
static struct bp_str make_command(struct bp_hook_frame *frame)
{
	char text[BP_HOOK_FRAME_HEAD];
	struct head head = {.at = text};
	const struct bp_str words[] = {
		BP_STR("XADD"),
		BP_STR("telemetry:events"),
		BP_STR("*"),
		BP_STR("id"),
		bp_str_make(frame->id_hex, BP_EVENT_ID_HEX_BYTES),
		BP_STR("p"),
		frame->platform,
		BP_STR("t"),
		frame->event_type,
		BP_STR("e"),
	};
	const size_t n = sizeof(words) / sizeof(words[0]);

	put_count(&head, '*', n + 1);
	for (size_t i = 0; i < n; i++) {
		put_word(&head, words[i]);
	}
	put_count(&head, '$', frame->json_len);
	char *start = frame->json - head.len;
	memcpy(start, text, head.len);
	return bp_str_make(start, head.len + frame->json_len + 2);
}

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait for the socket; false at the deadline. */
static bool wait_for(int fd, short events, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = events};
		int64_t left_ms = deadline_ms - now_ms();
		if (left_ms <= 0) {
			return false;
		}
		int n = poll(&poll_fd, 1, (int)left_ms);
		if (n > 0) {
			return true;
		}
		if (n == 0 || errno != EINTR) {
			return false;
		}
	}
}

static bool send_all(int fd, struct bp_str message, int64_t deadline_ms)
{
	while (message.len > 0) {
		ssize_t n = send(fd, message.ptr, message.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			message.ptr += n;
			message.len -= (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n >= 0 || errno != EAGAIN || !wait_for(fd, POLLOUT, deadline_ms)) {
			return false;
		}
	}
	return true;
}

/* The id of the entry is a bulk string; anything else is a refusal. */
static bool read_reply(int fd, int64_t deadline_ms)
{
	char reply[256];

	while (wait_for(fd, POLLIN, deadline_ms)) {
		ssize_t n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
		if (n > 0) {
			return reply[0] == '$';
		}
		if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
			return false;
		}
	}
	return false;
}

bool bp_hook_send(const char *socket_path, struct bp_hook_frame *frame)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(socket_path);
	int64_t deadline_ms = now_ms() + BP_HOOK_REDIS_MS;

	if (len == 0 || len >= sizeof(address.sun_path)) {
		return false;
	}
	memcpy(address.sun_path, socket_path, len + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return false;
	}
	/* A Unix socket connects at once or not at all: EAGAIN is a full backlog. */
	bool ok = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
		  send_all(fd, make_command(frame), deadline_ms) && read_reply(fd, deadline_ms);
	close(fd);
	return ok;
}
