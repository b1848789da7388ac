/* SPDX-License-Identifier: MIT */
#include "capture/sender.h"

#include <string.h>

#include "base/clock.h"

enum {
	TIMEOUT_MS = 5000,
	RETRY_FIRST_US = 50 * 1000,
	RETRY_MAX_US = 2 * 1000 * 1000,
	ROOM_MAX = 4000, /* entries between two looks at the depth */
	LOG_EVERY_US = 10 * 1000 * 1000
};

void bp_sender_init(struct bp_sender *sender, const char *address, int64_t depth_max)
{
	*sender = (struct bp_sender){
		.address = address, .depth_max = depth_max, .retry_us = RETRY_FIRST_US};
}

void bp_sender_done(struct bp_sender *sender)
{
	bp_redis_close(sender->redis);
	sender->redis = NULL;
}

void bp_sender_distrust(struct bp_sender *sender, enum bp_rc rc, const char *what,
			const struct bp_err *err)
{
	sender->distrust++;
	sender->errors++;
	sender->room = 0;
	sender->group_events = 0;
	sender->group_bytes = 0;
	if (rc == BP_EIO) {
		sender->connected = false;
	}
	sender->retry_mono_us = bp_clock_mono_us() + sender->retry_us;
	sender->retry_us =
		sender->retry_us * 2 < RETRY_MAX_US ? sender->retry_us * 2 : RETRY_MAX_US;
	bp_log_every(&sender->gate, LOG_EVERY_US, BP_LOG_WARN, BP_LOG_WHO,
		     "%s: %s; trying again, sources are read from their checkpoints", what,
		     err && err->msg[0] ? err->msg : bp_rc_text(rc));
}

static bool prepare(struct bp_sender *sender, struct bp_err *err)
{
	char run_id[BP_RUN_ID_BYTES];
	enum bp_rc rc = sender->redis
				? bp_redis_reconnect(sender->redis, err)
				: bp_redis_open(sender->address, TIMEOUT_MS, &sender->redis, err);

	if (rc == BP_OK) {
		rc = bp_redis_run_id(sender->redis, run_id, err);
	}
	if (rc == BP_OK) {
		rc = bp_stream_ensure(sender->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, err);
	}
	if (rc != BP_OK) {
		bp_sender_distrust(sender, rc, "queue", err);
		return false;
	}
	memcpy(sender->run_id, run_id, sizeof(run_id));
	sender->connected = true;
	sender->room = 0;
	return true;
}

bool bp_sender_ready(struct bp_sender *sender, int64_t mono_us)
{
	struct bp_err err = {0};

	if (mono_us < sender->retry_mono_us) {
		return false;
	}
	return sender->connected || prepare(sender, &err);
}

bool bp_sender_depth(struct bp_sender *sender, int64_t *out)
{
	struct bp_stream_state state;
	struct bp_err err = {0};
	enum bp_rc rc =
		bp_stream_state(sender->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &state, &err);

	if (rc == BP_ENOTFOUND) {
		/* Redis lost its data, or somebody deleted the stream. */
		bp_sender_distrust(sender, rc, "queue", &err);
		sender->connected = false;
		return false;
	}
	if (rc != BP_OK) {
		bp_sender_distrust(sender, rc, "queue", &err);
		return false;
	}
	*out = state.lag + state.pending;
	return true;
}

int64_t bp_sender_room(struct bp_sender *sender)
{
	int64_t depth = 0;

	if (sender->room > 0) {
		return sender->room;
	}
	if (!sender->connected || !bp_sender_depth(sender, &depth)) {
		return 0;
	}
	int64_t room = sender->depth_max - depth;
	sender->room = room < 0 ? 0 : room > ROOM_MAX ? ROOM_MAX : room;
	return sender->room;
}

int bp_sender_fd(const struct bp_sender *sender)
{
	return sender->connected ? bp_redis_fd(sender->redis) : -1;
}

void bp_sender_check_server(struct bp_sender *sender)
{
	char run_id[BP_RUN_ID_BYTES];
	struct bp_err err = {0};

	if (!sender->connected) {
		return;
	}
	enum bp_rc rc = bp_redis_run_id(sender->redis, run_id, &err);
	if (rc != BP_OK) {
		bp_sender_distrust(sender, rc, "queue", &err);
	} else if (strcmp(run_id, sender->run_id) != 0) {
		(void)bp_err_set(&err, BP_EIO, "Redis was restarted");
		bp_sender_distrust(sender, BP_EIO, "queue", &err);
	}
}

void bp_sender_add(struct bp_sender *sender, const struct bp_field *fields, size_t n)
{
	if (sender->group_events == 0) {
		/* At once, so that the fast path stores it as one batch. */
		bp_redis_multi(sender->redis);
	}
	bp_redis_xadd(sender->redis, BP_STREAM_EVENTS, NULL, fields, n);
	for (size_t i = 0; i < n; i++) {
		sender->group_bytes += fields[i].name.len + fields[i].value.len;
	}
	sender->group_events++;
	sender->room--;
}

bool bp_sender_full(const struct bp_sender *sender)
{
	return sender->group_events >= BP_SENDER_GROUP_EVENTS ||
	       sender->group_bytes >= BP_SENDER_GROUP_BYTES;
}

bool bp_sender_flush(struct bp_sender *sender)
{
	struct bp_err err = {0};
	size_t refused = 0;

	if (sender->group_events == 0) {
		return true;
	}
	bp_redis_exec(sender->redis);
	enum bp_rc rc = bp_redis_flush(sender->redis, &refused, &err);
	if (rc == BP_OK && refused > 0) {
		rc = bp_err_set(&err, BP_ELIMIT, "Redis refused %zu entries", sender->group_events);
	}
	if (rc != BP_OK) {
		bp_sender_distrust(sender, rc, "queue", &err);
		return false;
	}
	sender->group_events = 0;
	sender->group_bytes = 0;
	sender->retry_us = RETRY_FIRST_US;
	return true;
}
