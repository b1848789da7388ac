/* SPDX-License-Identifier: MIT */
#include "capture/sources.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "capture/import.h"
#include "capture/tail.h"
#include "event/out.h"
#include "store/sqlite.h"

enum {
	SLICE_LINES = 500, /* of one file before others get their turn */
	SLICES_MAX = 16,   /* of files that were just written to, sent together */
	MONITORS_MAX = 16,
	KEY_BYTES = 64,
	STEP_BYTES_MAX = 1024,
	CACHE_BYTES = 256 * 1024 /* of the connection that reads checkpoints */
};

enum queue { QUEUE_NONE, QUEUE_LIVE, QUEUE_BULK };

struct source {
	char *path;
	const struct bp_monitor *monitor;
	size_t monitor_index;
	char key[KEY_BYTES];
	struct bp_hash_hex path_hash;
	struct bp_tail tail;
	dev_t device; /* when it was first seen, with inode: for files with several names */
	ino_t inode;
	bool loaded;  /* the tail stands where checkpoint or reading put it */
	bool watched; /* below a root; else it came by an import */
	bool gone;
	enum queue queue;
	int64_t stored_generation;
	int64_t confirmed_generation, confirmed_bytes; /* known to be stored */
	bool unconfirmed;                              /* something was sent since */
	bool refresh;                                  /* wanted: to be read from its start again */
	int64_t refresh_generation;                    /* which does so; 0: none */
	bool agreed; /* with its checkpoint, since it was loaded and with the queue empty */
	int64_t lag_bytes;
	struct bp_import_item *waiting;
	TAILQ_ENTRY(source) link;
	UT_hash_handle hh;
};

TAILQ_HEAD(source_queue, source);

struct bp_sources {
	struct bp_sources_options options;
	struct source *all; /* by path */
	struct source_queue live, bulk;
	struct bp_sources_state state[MONITORS_MAX];
	uint64_t trusted;   /* the sender's distrust when all were last rewound */
	struct bp_sql *sql; /* NULL when closed */
	struct bp_tail_space space;
	struct bp_projector *projector;
	char *wire; /* BP_EVENT_BYTES_MAX */
	struct bp_buf step;
};

struct bp_sources *bp_sources_new(const struct bp_sources_options *options)
{
	struct bp_sources *sources = bp_calloc(1, sizeof(*sources));

	sources->options = *options;
	TAILQ_INIT(&sources->live);
	TAILQ_INIT(&sources->bulk);
	sources->projector = bp_calloc(1, sizeof(*sources->projector));
	sources->projector->policy = *options->policy;
	sources->wire = bp_calloc(1, BP_EVENT_BYTES_MAX);
	bp_buf_init(&sources->step, STEP_BYTES_MAX);
	sources->trusted = options->sender->distrust;
	for (size_t i = 0; i < MONITORS_MAX; i++) {
		sources->state[i].last_event_us = BP_ABSENT;
	}
	return sources;
}

static void dequeue(struct bp_sources *sources, struct source *source)
{
	if (source->queue == QUEUE_LIVE) {
		TAILQ_REMOVE(&sources->live, source, link);
	} else if (source->queue == QUEUE_BULK) {
		TAILQ_REMOVE(&sources->bulk, source, link);
	}
	source->queue = QUEUE_NONE;
}

static void enqueue(struct bp_sources *sources, struct source *source, enum queue queue)
{
	if (source->queue == queue) {
		return;
	}
	dequeue(sources, source);
	source->queue = queue;
	if (queue == QUEUE_LIVE) {
		TAILQ_INSERT_TAIL(&sources->live, source, link);
	} else {
		TAILQ_INSERT_TAIL(&sources->bulk, source, link);
	}
}

static void set_lag(struct bp_sources *sources, struct source *source, int64_t lag_bytes)
{
	sources->state[source->monitor_index].lag_bytes += lag_bytes - source->lag_bytes;
	source->lag_bytes = lag_bytes;
}

static void set_watched(struct bp_sources *sources, struct source *source, bool watched)
{
	sources->state[source->monitor_index].files +=
		(watched ? 1 : 0) - (source->watched ? 1 : 0);
	source->watched = watched;
}

static void drop(struct bp_sources *sources, struct source *source)
{
	dequeue(sources, source);
	set_lag(sources, source, 0);
	set_watched(sources, source, false);
	HASH_DEL(sources->all, source);
	free(source->path);
	free(source);
}

void bp_sources_free(struct bp_sources *sources)
{
	struct source *source = NULL;
	struct source *next = NULL;

	if (!sources) {
		return;
	}
	HASH_ITER (hh, sources->all, source, next) {
		drop(sources, source);
	}
	bp_sql_close(sources->sql);
	bp_tail_space_done(&sources->space);
	bp_buf_done(&sources->step);
	free(sources->projector);
	free(sources->wire);
	free(sources);
}

static size_t index_of(const struct bp_monitor *monitor)
{
	size_t i = 0;

	while (bp_monitors[i] && bp_monitors[i] != monitor) {
		i++;
	}
	BP_ASSERT(i < MONITORS_MAX);
	return i;
}

static struct source *find(const struct bp_sources *sources, const char *path)
{
	struct source *source = NULL;

	HASH_FIND(hh, sources->all, path, strlen(path), source);
	return source;
}

/** The source of a file with several names that is known by another one. */
static struct source *find_linked(const struct bp_sources *sources, const struct stat *st)
{
	struct source *source = NULL;
	struct source *next = NULL;

	if (st->st_nlink < 2) {
		return NULL;
	}
	HASH_ITER (hh, sources->all, source, next) {
		if (source->inode == st->st_ino && source->device == st->st_dev) {
			return source;
		}
	}
	return NULL;
}

static struct source *find_or_add(struct bp_sources *sources, const struct bp_monitor *monitor,
				  const char *path)
{
	struct bp_str text = bp_str_from(path);
	struct source *source = find(sources, path);
	struct stat st = {0};

	if (!source && stat(path, &st) == 0) {
		source = find_linked(sources, &st);
	}
	if (source) {
		return source;
	}
	source = bp_calloc(1, sizeof(*source));
	source->path = bp_strdup(text);
	source->monitor = monitor;
	source->monitor_index = index_of(monitor);
	source->device = st.st_dev;
	source->inode = st.st_ino;
	source->path_hash =
		bp_hash_path(&sources->options.policy->key, text, (struct bp_str){NULL, 0});
	(void)snprintf(source->key, sizeof(source->key), "%s:%s", monitor->name,
		       source->path_hash.text);
	HASH_ADD_KEYPTR(hh, sources->all, source->path, text.len, source);
	return source;
}

void bp_sources_seen(struct bp_sources *sources, const struct bp_monitor *monitor, const char *path)
{
	const struct source *source = find(sources, path);

	if (!source || source->gone || !source->watched) {
		bp_sources_touch(sources, monitor, path);
	}
}

void bp_sources_touch(struct bp_sources *sources, const struct bp_monitor *monitor,
		      const char *path)
{
	struct source *source = find_or_add(sources, monitor, path);

	set_watched(sources, source, true);
	source->gone = false;
	/* What was never read may be long: it must not hold up lines that were just written. */
	enqueue(sources, source, source->loaded ? QUEUE_LIVE : QUEUE_BULK);
}

void bp_sources_import(struct bp_sources *sources, struct bp_import_item *item)
{
	struct source *source = find_or_add(sources, item->monitor, item->path);

	item->next_waiting = source->waiting;
	source->waiting = item;
	source->gone = false;
	if (item->import->refresh) {
		source->refresh = true;
		source->loaded = false;
	}
	if (source->queue == QUEUE_NONE) {
		enqueue(sources, source, QUEUE_BULK);
	}
}

void bp_sources_forget_import(struct bp_sources *sources, const struct bp_import *import)
{
	struct source *source = NULL;
	struct source *next = NULL;

	HASH_ITER (hh, sources->all, source, next) {
		struct bp_import_item **link = &source->waiting;
		bool waited = source->waiting != NULL;

		while (*link) {
			if ((*link)->import == import) {
				*link = (*link)->next_waiting;
			} else {
				link = &(*link)->next_waiting;
			}
		}
		if (waited && !source->waiting && !source->watched) {
			dequeue(sources, source);
		}
	}
}

bool bp_sources_busy(const struct bp_sources *sources)
{
	return sources->trusted != sources->options.sender->distrust ||
	       !TAILQ_EMPTY(&sources->live) || !TAILQ_EMPTY(&sources->bulk);
}

void bp_sources_rewind(struct bp_sources *sources)
{
	struct source *source = NULL;
	struct source *next = NULL;

	/* The database may have been set aside meanwhile. */
	bp_sql_close(sources->sql);
	sources->sql = NULL;
	sources->trusted = sources->options.sender->distrust;
	HASH_ITER (hh, sources->all, source, next) {
		source->loaded = false;
		enqueue(sources, source, QUEUE_BULK);
	}
}

/** The stored checkpoint of a file; all zero when there is none. */
static enum bp_rc load(struct bp_sources *sources, const struct source *source,
		       struct bp_checkpoint *out, struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	*out = (struct bp_checkpoint){.at.last_ts_us = BP_SQL_NULL};
	if (!sources->sql) {
		rc = bp_sql_open(sources->options.database_path, BP_SQL_READ, CACHE_BYTES,
				 &sources->sql, err);
	}
	if (rc == BP_OK) {
		rc = bp_checkpoint_load(sources->sql, bp_str_from(source->key), out, err);
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc; /* never stored */
}

/** Where its checkpoint stands, or at its start when it is to be read again: then in a generation
 *  that was never sent, so that its steps are new. */
static void start_tail(struct source *source, const struct bp_checkpoint_step *stored)
{
	struct bp_checkpoint_step at = *stored;

	if (source->refresh) {
		int64_t sent = source->tail.at.generation;
		source->refresh_generation = 1 + (sent > at.generation ? sent : at.generation);
		source->refresh = false;
	}
	if (at.generation < source->refresh_generation) {
		at = (struct bp_checkpoint_step){.generation = source->refresh_generation,
						 .last_ts_us = BP_SQL_NULL};
	}
	bp_tail_start(&source->tail, &at);
}

static bool load_position(struct bp_sources *sources, struct source *source)
{
	struct bp_checkpoint stored;
	struct bp_err err = {0};
	enum bp_rc rc = load(sources, source, &stored, &err);

	if (rc != BP_OK) {
		bp_sql_close(sources->sql);
		sources->sql = NULL;
		bp_sender_distrust(sources->options.sender, BP_EBUSY, "checkpoints", &err);
		return false;
	}
	start_tail(source, &stored.at);
	source->stored_generation = stored.at.generation;
	source->confirmed_generation = stored.at.generation;
	source->confirmed_bytes = stored.at.to_bytes;
	source->unconfirmed = false;
	source->agreed = false;
	source->loaded = true;
	return true;
}

/* One slice. */
struct slice {
	struct bp_sources *sources;
	struct source *source;
	int64_t now_us;
	int lines;
	bool failed; /* distrusted: what was read counts for nothing */
};

/** Append an entry; false: the slice ends here. */
static bool add_entry(struct slice *slice, const struct bp_field *fields, size_t n)
{
	struct bp_sender *sender = slice->sources->options.sender;

	bp_sender_add(sender, fields, n);
	slice->lines++;
	if (bp_sender_full(sender) && !bp_sender_flush(sender)) {
		slice->failed = true;
		return false;
	}
	return sender->room > 0 && slice->lines < SLICE_LINES;
}

static struct bp_str step_text(struct bp_sources *sources, const struct bp_checkpoint_step *step)
{
	bp_buf_clear(&sources->step);
	bp_checkpoint_step_encode(step, &sources->step);
	BP_ASSERT(bp_buf_ok(&sources->step));
	return bp_buf_str(&sources->step);
}

/** A line that is no event: where it stands and why, never its text. */
static bool add_dead(struct slice *slice, const struct bp_tail_line *line, const char *reason)
{
	char offset[24];
	char length[24];

	(void)snprintf(offset, sizeof(offset), "%" PRId64, line->offset_bytes);
	(void)snprintf(length, sizeof(length), "%" PRId64,
		       line->step.to_bytes - line->offset_bytes);
	const struct bp_field fields[] = {
		{BP_STR("t"), BP_STR("_dead")},
		{BP_STR("reason"), bp_str_from(reason)},
		{BP_STR("off"), bp_str_from(offset)},
		{BP_STR("len"), bp_str_from(length)},
		{BP_STR("ck"), bp_str_from(slice->source->key)},
		{BP_STR("cv"), step_text(slice->sources, &line->step)},
	};
	return add_entry(slice, fields, sizeof(fields) / sizeof(fields[0]));
}

static bool add_event(struct slice *slice, const struct bp_tail_line *line,
		      const struct bp_event *event)
{
	struct bp_sources *sources = slice->sources;
	struct bp_out out = bp_out_make(sources->wire, BP_EVENT_BYTES_MAX);
	char id[BP_EVENT_ID_HEX_BYTES + 1];

	bp_event_encode(event, &out);
	if (out.full) {
		return add_dead(slice, line, "too_large");
	}
	bp_event_id_hex(event->id, id);
	const struct bp_field fields[] = {
		{BP_STR("id"), bp_str_make(id, BP_EVENT_ID_HEX_BYTES)},
		{BP_STR("p"), event->platform},
		{BP_STR("t"), event->event_type},
		{BP_STR("e"), bp_out_str(&out)},
		{BP_STR("ck"), bp_str_from(slice->source->key)},
		{BP_STR("cv"), step_text(sources, &line->step)},
		{BP_STR("r"), BP_STR("1")},
	};
	bool again = line->step.generation == slice->source->refresh_generation &&
		     slice->source->refresh_generation > 0;
	sources->state[slice->source->monitor_index].last_event_us = slice->now_us;
	return add_entry(slice, fields, sizeof(fields) / sizeof(fields[0]) - (again ? 0 : 1));
}

static bool take(struct bp_tail_line *line, void *arg)
{
	struct slice *slice = arg;
	const struct source *source = slice->source;
	struct bp_event event;

	if (line->oversize) {
		return add_dead(slice, line, "oversize");
	}
	if (memchr(line->text.ptr, '\0', line->text.len)) {
		return add_dead(slice, line, "malformed");
	}
	struct bp_line_origin origin = {
		.path_hash = bp_str_from(source->path_hash.text),
		.offset_bytes = line->offset_bytes,
		.inherited_us = line->step.last_ts_us,
		.received_us = slice->now_us,
	};
	source->monitor->origin(bp_str_from(source->path), &origin);
	switch (source->monitor->project(slice->sources->projector, line->text, &origin, &event)) {
	case BP_PROJECTED:
		if (event.ts_source == BP_TS_OWN) {
			line->step.last_ts_us = event.ts_us;
		}
		return add_event(slice, line, &event);
	case BP_PROJECT_TOO_LARGE:
		return add_dead(slice, line, "too_large");
	case BP_PROJECT_MALFORMED:
		break;
	}
	return add_dead(slice, line, "malformed");
}

/** Tell imports how far it is. done: at its end, or it cannot be read. */
static void tell(struct source *source, bool done, bool failed)
{
	const struct bp_checkpoint_step *at = &source->tail.at;
	struct bp_import_item *item = source->waiting;

	while (item) {
		struct bp_import_item *next = item->next_waiting;

		/* A generation that sent nothing will never be stored. */
		bp_import_item_at(item, source->key, at->to_bytes,
				  at->to_bytes > 0 ? at->generation : source->stored_generation,
				  done, failed);
		item = next;
	}
	if (done) {
		source->waiting = NULL;
	}
}

static void after_slice(struct bp_sources *sources, struct source *source, enum bp_rc rc, bool more)
{
	const struct bp_checkpoint_step *at = &source->tail.at;

	source->unconfirmed = at->to_bytes > 0 && (at->generation != source->confirmed_generation ||
						   at->to_bytes != source->confirmed_bytes);
	source->gone = rc == BP_ENOTFOUND;
	if (rc != BP_OK && rc != BP_ENOTFOUND) {
		sources->state[source->monitor_index].errors++;
	}
	int64_t lag_bytes = source->tail.seen_size_bytes - at->to_bytes;
	set_lag(sources, source, rc != BP_OK || lag_bytes < 0 ? 0 : lag_bytes);
	tell(source, rc != BP_OK || !more, rc != BP_OK);
	if (rc == BP_OK && more) {
		enqueue(sources, source, QUEUE_BULK);
	}
}

/** What a slice was, until it is known whether it was sent. */
struct taken {
	struct source *source;
	enum bp_rc rc;
	bool more;
};

/** Read a slice of the first source. False: distrusted. */
static bool take_slice(struct bp_sources *sources, struct source *source, struct taken *out)
{
	struct slice slice = {.sources = sources, .source = source, .now_us = bp_clock_wall_us()};

	dequeue(sources, source);
	*out = (struct taken){.source = source};
	/* Why a file cannot be read is counted, not told: its path is the user's. */
	out->rc = bp_tail_read(&source->tail, source->path, &sources->options.policy->key,
			       sources->options.line_max, &sources->space, take, &slice, &out->more,
			       NULL);
	return !slice.failed;
}

/** The next source of which a few lines may go with what was taken: no other send, no other batch. */
static struct source *next_live(const struct bp_sources *sources)
{
	const struct bp_sender *sender = sources->options.sender;
	struct source *source = TAILQ_FIRST(&sources->live);

	return source && source->loaded && sender->room > 0 &&
			       sender->group_events < BP_SENDER_GROUP_EVENTS / 2
		       ? source
		       : NULL;
}

bool bp_sources_step(struct bp_sources *sources)
{
	struct bp_sender *sender = sources->options.sender;
	struct taken taken[SLICES_MAX];
	bool fine = true;
	size_t n = 0;

	if (sources->trusted != sender->distrust) {
		bp_sources_rewind(sources);
	}
	struct source *source = TAILQ_FIRST(&sources->live);
	if (!source) {
		source = TAILQ_FIRST(&sources->bulk);
	}
	if (!source) {
		return true;
	}
	if (bp_sender_room(sender) == 0 || (!source->loaded && !load_position(sources, source))) {
		return false;
	}
	while (source && fine && n < SLICES_MAX) {
		fine = take_slice(sources, source, &taken[n++]);
		source = next_live(sources);
	}
	fine = fine && bp_sender_flush(sender);
	for (size_t i = 0; i < n; i++) {
		if (fine) {
			after_slice(sources, taken[i].source, taken[i].rc, taken[i].more);
		} else {
			enqueue(sources, taken[i].source, QUEUE_BULK);
		}
	}
	return fine;
}

void bp_sources_check(struct bp_sources *sources)
{
	struct source *source = NULL;
	struct source *next = NULL;

	HASH_ITER (hh, sources->all, source, next) {
		if (source->watched && !source->gone && source->queue == QUEUE_NONE &&
		    bp_tail_changed(&source->tail, source->path)) {
			enqueue(sources, source, QUEUE_LIVE);
		}
	}
}

/**
 * True when the checkpoint has reached what was sent, and is not beyond it: entries that were in
 * the queue when this file was loaded may have moved it since, even into another generation (an
 * earlier service saw the file cut, and now it is whole again).
 */
static bool confirm(struct bp_sources *sources, struct source *source)
{
	const struct bp_checkpoint_step *at = &source->tail.at;
	struct bp_checkpoint stored;
	enum bp_rc rc = load(sources, source, &stored, NULL);

	if (rc != BP_OK) {
		return true; /* unknown: asked again the next time */
	}
	bool same = stored.at.generation == at->generation;
	if (stored.at.generation > at->generation || (same && stored.at.to_bytes > at->to_bytes)) {
		return false;
	}
	if (source->unconfirmed && (!same || stored.at.to_bytes < at->to_bytes)) {
		return false;
	}
	source->agreed = true;
	if (!source->unconfirmed) {
		return true;
	}
	source->stored_generation = stored.at.generation;
	source->confirmed_generation = at->generation;
	source->confirmed_bytes = at->to_bytes;
	source->unconfirmed = false;
	if (!source->waiting && !source->refresh) {
		source->refresh_generation = 0; /* all of it is stored */
	}
	return true;
}

void bp_sources_heal(struct bp_sources *sources)
{
	struct source *source = NULL;
	struct source *next = NULL;

	HASH_ITER (hh, sources->all, source, next) {
		if (source->queue != QUEUE_NONE || !source->loaded) {
			continue;
		}
		if ((source->unconfirmed || !source->agreed) && !confirm(sources, source)) {
			source->loaded = false;
			enqueue(sources, source, QUEUE_BULK);
		} else if (!source->unconfirmed && !source->waiting &&
			   (source->gone || !source->watched)) {
			drop(sources, source);
		}
	}
}

void bp_sources_state(const struct bp_sources *sources, const struct bp_monitor *monitor,
		      struct bp_sources_state *out)
{
	*out = sources->state[index_of(monitor)];
}
