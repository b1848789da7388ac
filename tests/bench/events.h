/* SPDX-License-Identifier: MIT */
/**
 * events.h - events as the transcript monitor makes them, out of nothing: about 1 KB on the wire.
 *
 * Why:     what the fast path is measured on. Ids and times go up, six sessions live at a time, all
 *          other ids are random: an event can be compressed as far as a real one, and no further.
 * Threads: one thread owns a source of events.
 */
#ifndef BP_TESTS_BENCH_EVENTS_H
#define BP_TESTS_BENCH_EVENTS_H

#include <stdint.h>

#include "event/event.h"

enum {
	BENCH_WIRE_BYTES = 4096,
	BENCH_SESSIONS = 6,        /* that live at the same time */
	BENCH_SESSION_EVENTS = 800 /* of the six together, until the next six */
};

/** Every event of it is another one. {0} is one, too. */
struct bench_events {
	uint64_t random;
	unsigned next;
};

/** Where the texts of one event live. */
struct bench_event_texts {
	char session[40], uuid[40], parent[40], request[40], message[40], payload[1024];
};

/** The next event. Borrows: texts, as long as the event is used. */
void bench_event_make(struct bench_events *events, struct bench_event_texts *texts,
		      struct bp_event *event);

/** The next event as it is queued. Shape: space[BENCH_WIRE_BYTES]; the result points into it. */
struct bp_str bench_event_wire(struct bench_events *events, char *space);

#endif
