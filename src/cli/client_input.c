/* SPDX-License-Identifier: MIT */
#include "cli/client_input.h"

#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/money.h"
#include "event/json.h"

enum { NUMBER_BYTES = 40 };

/* The year 2255: until then the sample, whose numbers are doubles, has every microsecond. */
#define RESETS_MAX_S 9e9

void bp_client_input_read(struct bp_buf *out, int wait_ms)
{
	int64_t until = bp_clock_mono_us() + (int64_t)wait_ms * 1000;
	char bytes[4096];

	if (isatty(STDIN_FILENO) == 1) {
		return;
	}
	for (;;) {
		struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
		int64_t left = (until - bp_clock_mono_us()) / 1000;
		if (left <= 0 || poll(&in, 1, (int)left) <= 0) {
			return;
		}
		ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (n <= 0) {
			return;
		}
		bp_buf_add(out, bytes, (size_t)n);
	}
}

static void take_text(struct bp_json value, char out[BP_CLIENT_TEXT_BYTES])
{
	char space[4 * BP_CLIENT_TEXT_BYTES];
	struct bp_str text = bp_json_text(value, space, sizeof(space));

	if (text.ptr && text.len < BP_CLIENT_TEXT_BYTES && !memchr(text.ptr, '\0', text.len)) {
		(void)snprintf(out, BP_CLIENT_TEXT_BYTES, "%.*s", BP_STR_ARG(text));
	}
}

/* A number with its fraction. LC_NUMERIC is "C": strtod() knows the point. */
static bool take_real(struct bp_json value, double *out)
{
	char text[NUMBER_BYTES];
	char *end = NULL;

	if (value.type != BP_JSON_NUMBER || value.len >= sizeof(text)) {
		return false;
	}
	memcpy(text, value.ptr, value.len);
	text[value.len] = '\0';
	double number = strtod(text, &end);
	if (*end || !isfinite(number)) {
		return false;
	}
	*out = number;
	return true;
}

/* "rate_limits":{"five_hour":{"used_percentage":23.5,"resets_at":1738425600},...} */
static void take_limits(struct bp_json limits, int64_t now_us, struct bp_limits *out)
{
	struct bp_json_iter members = bp_json_each(limits);
	struct bp_json window;
	struct bp_str name;

	if (limits.type != BP_JSON_OBJECT) {
		return;
	}
	while (bp_json_next_member(&members, &name, &window)) {
		struct bp_limit limit = {
			.platform = "claude_code", .ts_us = now_us, .resets_us = BP_SQL_NULL};
		double resets = 0;
		if (name.len == 0 || name.len >= sizeof(limit.window) ||
		    window.type != BP_JSON_OBJECT ||
		    !take_real(bp_json_get(window, BP_STR("used_percentage")),
			       &limit.used_percent) ||
		    limit.used_percent < 0 || limit.used_percent > 1e6) {
			continue;
		}
		memcpy(limit.window, name.ptr, name.len);
		if (strspn(limit.window, "abcdefghijklmnopqrstuvwxyz0123456789_") != name.len) {
			continue; /* a name of a window, and nothing else, is kept */
		}
		if (take_real(bp_json_get(window, BP_STR("resets_at")), &resets) && resets > 0 &&
		    resets < RESETS_MAX_S) {
			limit.resets_us = (int64_t)resets * 1000000;
		}
		bp_limits_put(out, &limit);
	}
}

void bp_client_input_parse(struct bp_str text, int64_t now_us, struct bp_client_input *out)
{
	struct bp_json root = {0};
	double usd = 0;

	*out = (struct bp_client_input){0};
	if (!text.ptr || !bp_json_open(text, &root) || root.type != BP_JSON_OBJECT) {
		return;
	}
	out->valid = true;
	take_text(bp_json_get(root, BP_STR("session_id")), out->session);
	take_text(bp_json_get(root, BP_STR("hook_event_name")), out->event);
	struct bp_json model = bp_json_get(root, BP_STR("model"));
	take_text(bp_json_get(model, BP_STR("display_name")), out->model);
	if (!*out->model) {
		take_text(bp_json_get(model, BP_STR("id")), out->model);
	}
	struct bp_json cost = bp_json_get(root, BP_STR("cost"));
	if (take_real(bp_json_get(cost, BP_STR("total_cost_usd")), &usd) && usd >= 0 && usd < 9e6) {
		out->has_cost = true;
		out->cost_pusd = llround(usd * (double)BP_USD);
	}
	take_limits(bp_json_get(root, BP_STR("rate_limits")), now_us, &out->limits);
}

/* --- in time --- */

static const char *volatile last_words;

static void end_now(int signal_number)
{
	size_t n = strlen(last_words);

	(void)signal_number;
	if (n > 0 && write(STDOUT_FILENO, last_words, n) != (ssize_t)n) {
		/* Nobody reads. */
	}
	_exit(0);
}

void bp_client_deadline(int ms, const char *words)
{
	const struct sigaction action = {.sa_handler = end_now};
	const struct itimerval timer = {
		.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

	last_words = words;
	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &timer, NULL);
}

void bp_client_deadline_met(void)
{
	const struct itimerval never = {0};

	(void)setitimer(ITIMER_REAL, &never, NULL);
}
