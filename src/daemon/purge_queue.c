/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "daemon/dead_letters.h"
#include "daemon/purge.h"
#include "stream/erase.h"

enum { POLL_MS = 10, REWRITE_US = 120 * 1000 * 1000, MS_DIGITS_MAX = 18 };

/** The milliseconds of a stream id. */
static int64_t id_ms(const char *id)
{
	int64_t ms = 0;

	for (int i = 0; i < MS_DIGITS_MAX && id[i] >= '0' && id[i] <= '9'; i++) {
		ms = ms * 10 + (id[i] - '0');
	}
	return ms;
}

/** A letter of a line has no event: it goes with its platform, its age, or everything. Whose
 *  session the line was is not known; its letter names no session either. */
static bool letter_is_covered(const struct bp_purge *purge, const struct bp_entry *letter)
{
	struct bp_str event = bp_entry_get(letter, "e");

	if (event.ptr) {
		return bp_purge_covers_text(purge, event);
	}
	return purge->kind == BP_PURGE_ALL ||
	       (purge->kind == BP_PURGE_PLATFORM &&
		bp_str_eq(bp_entry_get(letter, "p"), purge->key)) ||
	       (purge->kind == BP_PURGE_BEFORE && id_ms(letter->id) * 1000 < purge->before_us);
}

enum bp_rc bp_purge_letters(struct bp_purge *purge, bool only_count, struct bp_err *err)
{
	struct bp_dead_letters letters = {0};
	size_t kept = 0;
	enum bp_rc rc = bp_dead_letters_read(purge->redis, &letters, err);

	for (size_t i = 0; rc == BP_OK && i < letters.n; i++) {
		if (!letter_is_covered(purge, &letters.items[i])) {
			letters.items[kept++] = letters.items[i];
		}
	}
	purge->dead_letters = (int64_t)(letters.n - kept);
	if (rc == BP_OK && !only_count) {
		/* Also when none goes: letters that were dropped earlier are still in the stream's
		 * nodes. */
		rc = bp_erase_letters(purge->redis, letters.items, kept, err);
	}
	bp_dead_letters_done(&letters);
	return rc;
}

struct spool_walk {
	struct bp_purge *purge;
	bool only_count;
	struct bp_buf text;
	enum bp_rc rc;
	struct bp_err *err;
};

static bool look_at_spooled(const char *path, bool is_dir, void *arg)
{
	struct spool_walk *walk = arg;

	if (is_dir || walk->rc != BP_OK) {
		return false;
	}
	bp_buf_clear(&walk->text);
	/* Replayed or renamed since it was listed: then it is not there, which is fine. */
	if (bp_file_read(path, &walk->text, NULL) != BP_OK ||
	    !bp_purge_covers_text(walk->purge, bp_buf_str(&walk->text))) {
		return false;
	}
	walk->purge->spool_files++;
	if (!walk->only_count && unlink(path) != 0) {
		walk->rc = bp_err_set(walk->err, BP_EIO, "cannot delete \"%s\"", path);
	}
	return false;
}

enum bp_rc bp_purge_spool(struct bp_purge *purge, bool only_count, struct bp_err *err)
{
	static const char *const folders[] = {"spool/new", "spool/tmp"};
	struct spool_walk walk = {.purge = purge, .only_count = only_count, .err = err};

	purge->spool_files = 0;
	bp_buf_init(&walk.text, BP_EVENT_BYTES_MAX + 1);
	for (size_t i = 0; walk.rc == BP_OK && i < 2; i++) {
		char path[BP_HOME_PATH_BYTES];

		walk.rc = bp_home_file(purge->service->home, folders[i], path, sizeof(path), err);
		if (walk.rc == BP_OK) {
			bp_file_walk(path, look_at_spooled, &walk);
		}
	}
	bp_buf_done(&walk.text);
	return walk.rc;
}

enum bp_rc bp_purge_streams(struct bp_purge *purge, bool *out_done, struct bp_err *err)
{
	bool done = false;
	enum bp_rc rc =
		bp_erase_stream(purge->redis, BP_STREAM_EVENTS, BP_GROUP_PROCESSORS, &done, err);

	if (rc != BP_OK || !done) {
		*out_done = false;
		return rc;
	}
	/* Wake-ups: what is in it is in the rows. */
	rc = bp_erase_stream(purge->redis, BP_STREAM_CDC, NULL, &done, err);
	if (rc == BP_OK) {
		rc = bp_stream_ensure(purge->redis, BP_STREAM_CDC, BP_GROUP_CONVERSATIONS, err);
	}
	if (rc == BP_OK) {
		rc = bp_erase_live(purge->redis, err);
	}
	*out_done = rc == BP_OK;
	return rc;
}

enum bp_rc bp_purge_rewrite(struct bp_purge *purge, struct bp_err *err)
{
	int64_t until_us = bp_clock_mono_us() + REWRITE_US;
	bool done = false;

	if (!purge->service->redis) {
		return BP_OK; /* redis.url: how it persists is its owner's affair */
	}
	enum bp_rc rc = bp_erase_rewrite(purge->redis, err);
	while (rc == BP_OK) {
		rc = bp_erase_rewritten(purge->redis, &done, err);
		if (rc != BP_OK || done) {
			break;
		}
		if (bp_clock_mono_us() > until_us) {
			rc = bp_err_set(err, BP_EIO, "Redis does not finish rewriting its file");
		} else if (bp_stop_wait(&purge->service->stop, POLL_MS)) {
			rc = bp_err_set(err, BP_ESTOPPED,
					"the service stops in the middle of a purge: purge again");
		}
	}
	return rc;
}
