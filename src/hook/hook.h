/* SPDX-License-Identifier: MIT */
/**
 * hook.h - the parts of blueplane-hook: its configuration, its way into Redis, its spool.
 *
 * Why:     it runs at every tool call, so start-up is its whole cost: static, no heap, no stdio,
 *          few pages touched. It must never disturb the assistant: no output, no waiting.
 * Place:   src/event and libc only.
 * Threads: one.
 */
#ifndef BP_HOOK_HOOK_H
#define BP_HOOK_HOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "event/event.h"
#include "event/projection.h"

enum {
	BP_HOOK_SOCKET_BYTES = 108,    /* sun_path */
	BP_HOOK_CONF_BYTES_MAX = 8192, /* of run/hook.conf */
	BP_HOOK_INPUT_MAX = 16 << 20,  /* of standard input */
	BP_HOOK_FRAME_HEAD = 512,      /* room for the command before the event */
	BP_HOOK_REDIS_MS = 50,         /* all waiting for Redis together */
	BP_HOOK_SPOOL_FILES_MAX = 100000,
	BP_HOOK_SPOOL_BYTES_MAX = 256 << 20
};

/** What run/hook.conf says. */
struct bp_hook_conf {
	bool enabled;
	char socket[BP_HOOK_SOCKET_BYTES]; /* "" when there is none */
	struct bp_policy policy;
};

/** Read the text of a hook.conf; absent text is a home without one. */
void bp_hook_conf_parse(struct bp_str text, struct bp_hook_conf *out);

/** Read run/hook.conf below the open folder home_fd; a missing one is as an absent text. */
void bp_hook_conf_read(int home_fd, struct bp_hook_conf *out);

/** The wire form of an event with room around it for the command, so that one write sends both. */
struct bp_hook_frame {
	char head[BP_HOOK_FRAME_HEAD];     /* the command, ending where json begins */
	char json[BP_EVENT_BYTES_MAX + 2]; /* the event, then CR LF */
	size_t json_len;                   /* without CR LF */
	char id_hex[BP_EVENT_ID_HEX_BYTES + 1];
	struct bp_str platform;
	struct bp_str event_type; /* at most BP_EVENT_NAME_MAX bytes */
};

/** Encode the event. False when it is larger than an event may be. */
bool bp_hook_frame_make(const struct bp_event *event, struct bp_hook_frame *out);

/**
 * XADD it to telemetry:events of the Redis at the socket. True when Redis said it did, within
 * BP_HOOK_REDIS_MS. After false it may still be there: the same id in the spool is then the
 * same row.
 */
bool bp_hook_send(const char *socket_path, struct bp_hook_frame *frame);

/** Put it into the spool below home_fd. False: it is lost, and counted where that is possible. */
bool bp_hook_spool(int home_fd, const struct bp_hook_frame *frame);

/** Count one event as lost. */
void bp_hook_lost(int home_fd);

#endif
