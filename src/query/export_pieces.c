/* SPDX-License-Identifier: MIT */
/*
 * Events as text on two cores: pieces of the log are read and written by two threads with a
 * connection each, and leave in their order. Memory is that of the few pieces between them.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/thread.h"
#include "query/export_private.h"

enum {
	WORKERS = 2,
	SLOTS = 4 /* finished pieces that wait for their turn */
};

struct slot {
	bool ready;
	enum bp_rc rc;
	struct bp_err err;
	int64_t rows;
	struct bp_buf text;
};

struct run {
	const struct bp_export_text_form *form;
	const struct bp_export_piece *pieces;
	size_t n;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t given;   /* pieces that a worker has taken */
	size_t written; /* pieces that left */
	bool stop;
	struct slot slots[SLOTS]; /* piece i is in slot i % SLOTS; guarded by lock until ready */
};

struct worker {
	struct run *run;
	struct bp_export *export;
	struct bp_thread thread;
};

static void fill(struct worker *worker, size_t i, struct slot *slot)
{
	const struct bp_export_value *values;

	bp_export_events_piece(worker->export, &worker->run->pieces[i]);
	bp_buf_clear(&slot->text);
	slot->rows = 0;
	while ((slot->rc = bp_export_next(worker->export, &values, &slot->err)) == BP_OK) {
		bp_export_text_row(worker->run->form, values, &slot->text);
		slot->rows++;
	}
	if (slot->rc == BP_ENOTFOUND) {
		slot->rc = bp_buf_ok(&slot->text)
				   ? BP_OK
				   : bp_err_set(&slot->err, BP_ELIMIT, "a row is too large");
	}
}

/* The next piece whose slot is free; false: no more. */
static bool take(struct run *run, size_t *out)
{
	bool more;

	(void)pthread_mutex_lock(&run->lock);
	while (!run->stop && run->given < run->n && run->given >= run->written + SLOTS) {
		(void)pthread_cond_wait(&run->changed, &run->lock);
	}
	more = !run->stop && run->given < run->n;
	if (more) {
		*out = run->given++;
	}
	(void)pthread_mutex_unlock(&run->lock);
	return more;
}

static void work(void *arg)
{
	struct worker *worker = arg;
	struct run *run = worker->run;
	size_t i = 0;

	while (take(run, &i)) {
		struct slot *slot = &run->slots[i % SLOTS];

		fill(worker, i, slot);
		(void)pthread_mutex_lock(&run->lock);
		slot->ready = true;
		(void)pthread_cond_broadcast(&run->changed);
		(void)pthread_mutex_unlock(&run->lock);
	}
}

/* Write the pieces in their order. */
static enum bp_rc collect(struct run *run, const struct bp_export_target *target, int64_t *out_rows,
			  struct bp_err *err)
{
	enum bp_rc rc = BP_OK;
	int64_t rows = 0;

	for (size_t i = 0; rc == BP_OK && i < run->n; i++) {
		struct slot *slot = &run->slots[i % SLOTS];

		(void)pthread_mutex_lock(&run->lock);
		while (!slot->ready) {
			(void)pthread_cond_wait(&run->changed, &run->lock);
		}
		(void)pthread_mutex_unlock(&run->lock);
		rc = slot->rc == BP_OK ? BP_OK : bp_err_set(err, slot->rc, "%s", slot->err.msg);
		size_t skip = rows == 0 && bp_export_text_divides(run->form) ? 1 : 0;
		if (rc == BP_OK && slot->rows > 0) {
			rc = target->write(target->sink, slot->text.ptr + skip,
					   slot->text.len - skip, err);
			rows += slot->rows;
		}
		if (rc == BP_OK && target->progress) {
			rc = target->progress(target->arg, rows, err);
		}
		(void)pthread_mutex_lock(&run->lock);
		slot->ready = false;
		run->written++;
		(void)pthread_cond_broadcast(&run->changed);
		(void)pthread_mutex_unlock(&run->lock);
	}
	*out_rows = rows;
	return rc;
}

static enum bp_rc run_workers(struct run *run, struct worker *workers, size_t n,
			      const struct bp_export_target *target, int64_t *out_rows,
			      struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	for (size_t i = 0; rc == BP_OK && i < n; i++) {
		rc = bp_thread_start(&workers[i].thread, "bp-export", work, &workers[i], err);
	}
	if (rc == BP_OK) {
		rc = collect(run, target, out_rows, err);
	}
	(void)pthread_mutex_lock(&run->lock);
	run->stop = true;
	(void)pthread_cond_broadcast(&run->changed);
	(void)pthread_mutex_unlock(&run->lock);
	for (size_t i = 0; i < n; i++) {
		bp_thread_join(&workers[i].thread);
	}
	return rc;
}

enum bp_rc bp_export_pieces(struct bp_export *first, const struct bp_export_text_form *form,
			    const struct bp_export_target *target, int64_t *out_rows,
			    struct bp_err *err)
{
	struct bp_export_piece *pieces = NULL;
	struct run run = {.form = form};
	struct worker workers[WORKERS] = {{.run = &run, .export = first}};
	enum bp_rc rc = bp_export_events_pieces(first, &pieces, &run.n, err);

	*out_rows = 0;
	/* A connection belongs to one thread: each further worker has its own. */
	size_t n = run.n > 1 ? WORKERS : 1;
	for (size_t i = 1; rc == BP_OK && i < n; i++) {
		workers[i].run = &run;
		rc = bp_export_open(first->question, &workers[i].export, err);
	}
	if (rc == BP_OK) {
		run.pieces = pieces;
		(void)pthread_mutex_init(&run.lock, NULL);
		(void)pthread_cond_init(&run.changed, NULL);
		for (size_t i = 0; i < SLOTS; i++) {
			bp_buf_init(&run.slots[i].text, BP_EXPORT_TEXT_MAX);
		}
		rc = run_workers(&run, workers, n, target, out_rows, err);
		for (size_t i = 0; i < SLOTS; i++) {
			bp_buf_done(&run.slots[i].text);
		}
		(void)pthread_cond_destroy(&run.changed);
		(void)pthread_mutex_destroy(&run.lock);
	}
	for (size_t i = 1; i < n; i++) {
		bp_export_close(workers[i].export);
	}
	free(pieces);
	return rc;
}
