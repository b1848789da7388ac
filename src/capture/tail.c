/* SPDX-License-Identifier: MIT */
#include "capture/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "event/json.h"

enum {
	PIECE_BYTES = 1024 * 1024,
	KEEP_BYTES = 4 * PIECE_BYTES, /* of the space between two files */
	PASS_BYTES = 64 * PIECE_BYTES /* read at most before others get their turn */
};

/** One call of bp_tail_read(). */
struct pass {
	struct bp_tail *tail;
	struct bp_tail_space *space; /* holds the file's bytes from base_bytes on */
	const struct bp_hash_key *key;
	int fd;
	int64_t base_bytes;
	int64_t size_bytes;
	int64_t read_bytes; /* so far */
	int64_t line_max;
	bp_tail_take take;
	void *arg;
	bool stopped;                  /* the taker has enough, or the file is another one now */
	char head[BP_TAIL_HEAD_BYTES]; /* the bytes that the last step's hash covers */
};

void bp_tail_space_done(struct bp_tail_space *space)
{
	free(space->ptr);
	*space = (struct bp_tail_space){0};
}

void bp_tail_start(struct bp_tail *tail, const struct bp_checkpoint_step *at)
{
	*tail = (struct bp_tail){.at = *at,
				 .next_bytes = at->to_bytes,
				 .scanned_bytes = at->to_bytes,
				 .seen_size_bytes = -1};
	if (at->generation == 0 && at->to_bytes == 0) {
		tail->at.last_ts_us = BP_SQL_NULL;
	}
}

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

bool bp_tail_changed(const struct bp_tail *tail, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		return true;
	}
	return st.st_size != tail->seen_size_bytes || mtime_ns(&st) != tail->seen_mtime_ns ||
	       (int64_t)st.st_ino != tail->seen_inode;
}

static ssize_t read_at(int fd, char *to, size_t n, int64_t offset_bytes)
{
	for (;;) {
		ssize_t got = pread(fd, to, n, offset_bytes);

		if (got >= 0 || errno != EINTR) {
			return got;
		}
	}
}

/** Are the bytes that the last step's hash covers still there? */
static bool check_head(struct pass *pass)
{
	const struct bp_checkpoint_step *at = &pass->tail->at;

	if (at->head_bytes <= 0 || at->head_bytes > BP_TAIL_HEAD_BYTES) {
		return true;
	}
	return read_at(pass->fd, pass->head, (size_t)at->head_bytes, 0) == at->head_bytes &&
	       strcmp(bp_hash_text(pass->key, bp_str_make(pass->head, (size_t)at->head_bytes)).text,
		      at->head_hash) == 0;
}

/**
 * Let the hash of a step cover what is behind it: a torn line may yet change. False: these are not
 * the bytes that were read, so somebody writes another text over the file right now.
 */
static bool extend_head(struct pass *pass, struct bp_str text, struct bp_checkpoint_step *step)
{
	char head[BP_TAIL_HEAD_BYTES];
	int64_t n = step->to_bytes < BP_TAIL_HEAD_BYTES ? step->to_bytes : BP_TAIL_HEAD_BYTES;
	int64_t same = n - pass->tail->next_bytes; /* of the line's bytes */

	if (read_at(pass->fd, head, (size_t)n, 0) != n ||
	    memcmp(head, pass->head, (size_t)step->head_bytes) != 0) {
		return false;
	}
	same = same < (int64_t)text.len ? same : (int64_t)text.len;
	if (text.ptr && same > 0 &&
	    memcmp(head + pass->tail->next_bytes, text.ptr, (size_t)same) != 0) {
		return false;
	}
	memcpy(pass->head, head, (size_t)n);
	memcpy(step->head_hash, bp_hash_text(pass->key, bp_str_make(head, (size_t)n)).text,
	       sizeof(step->head_hash));
	step->head_bytes = n;
	return true;
}

/** Is this the file that was read so far? If not, begin at 0 in a new generation. */
static void check_identity(struct pass *pass, const struct stat *st)
{
	struct bp_tail *tail = pass->tail;
	struct bp_checkpoint_step *at = &tail->at;
	bool moved = at->device != (int64_t)st->st_dev || at->inode != (int64_t)st->st_ino;
	bool same = check_head(pass);

	if (at->to_bytes > 0 && (moved || st->st_size < at->to_bytes || !same)) {
		at->generation++;
		at->from_bytes = 0;
		at->to_bytes = 0;
		at->head_bytes = 0;
		at->last_ts_us = BP_SQL_NULL;
		tail->next_bytes = 0;
		tail->scanned_bytes = 0;
	} else if (moved || !same || st->st_size < tail->scanned_bytes) {
		/* What was looked at behind the last line may be another text now. */
		tail->next_bytes = at->to_bytes;
		tail->scanned_bytes = at->to_bytes;
	}
	at->device = (int64_t)st->st_dev;
	at->inode = (int64_t)st->st_ino;
	tail->seen_size_bytes = st->st_size;
	tail->seen_mtime_ns = mtime_ns(st);
	tail->seen_inode = (int64_t)st->st_ino;
}

static bool is_blank(struct bp_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
			return false;
		}
	}
	return true;
}

/** Give one line that covers everything up to end_bytes. */
static void give(struct pass *pass, struct bp_str text, bool oversize, int64_t end_bytes)
{
	struct bp_tail *tail = pass->tail;
	struct bp_tail_line line = {.text = text,
				    .offset_bytes = tail->next_bytes,
				    .oversize = oversize,
				    .step = tail->at};

	line.step.from_bytes = tail->at.to_bytes;
	line.step.to_bytes = end_bytes;
	line.step.size_bytes = end_bytes > pass->size_bytes ? end_bytes : pass->size_bytes;
	if (line.step.head_bytes < BP_TAIL_HEAD_BYTES && !extend_head(pass, text, &line.step)) {
		/* The next pass finds that its head is not the one of the last step. */
		pass->stopped = true;
		tail->next_bytes = tail->at.to_bytes;
		tail->scanned_bytes = tail->at.to_bytes;
		return;
	}
	pass->stopped = !pass->take(&line, pass->arg);
	tail->at = line.step;
	tail->next_bytes = end_bytes;
	tail->scanned_bytes = end_bytes;
}

/** The bytes of a line that ends (with its '\n', if it has one) at end_bytes. */
static void give_text(struct pass *pass, struct bp_str text, int64_t end_bytes)
{
	if (text.len > 0 && text.ptr[text.len - 1] == '\r') {
		text.len--;
	}
	if (is_blank(text)) {
		pass->tail->next_bytes = end_bytes;
		pass->tail->scanned_bytes = end_bytes;
		return;
	}
	if ((int64_t)text.len > pass->line_max) {
		give(pass, (struct bp_str){NULL, 0}, true, end_bytes);
		return;
	}
	give(pass, text, false, end_bytes);
}

/** All whole lines in the space; new_from: where bytes begin that nobody searched yet. */
static void give_lines(struct pass *pass, size_t new_from)
{
	struct bp_tail_space *space = pass->space;
	size_t start = 0;
	size_t search = new_from;

	while (!pass->stopped && search < space->len) {
		const char *end = memchr(space->ptr + search, '\n', space->len - search);

		if (!end) {
			break;
		}
		size_t at = (size_t)(end - space->ptr);
		give_text(pass, bp_str_make(space->ptr + start, at - start),
			  pass->base_bytes + (int64_t)at + 1);
		start = at + 1;
		search = start;
	}
	if (start > 0) {
		memmove(space->ptr, space->ptr + start, space->len - start);
		space->len -= start;
		pass->base_bytes += (int64_t)start;
	}
}

/** Append the next piece of the file to the space. 0 at its end, <0 cannot be read. */
static ssize_t read_piece(struct pass *pass)
{
	struct bp_tail_space *space = pass->space;

	if (space->cap - space->len < PIECE_BYTES) {
		space->cap = space->len + PIECE_BYTES + space->len / 2;
		space->ptr = bp_realloc(space->ptr, space->cap, 1);
	}
	ssize_t n = read_at(pass->fd, space->ptr + space->len, PIECE_BYTES,
			    pass->base_bytes + (int64_t)space->len);
	if (n > 0) {
		space->len += (size_t)n;
		pass->read_bytes += n;
	}
	return n;
}

/** A last line without an end that is one JSON object stands as it is. */
static bool is_complete(struct bp_str text)
{
	struct bp_json value;

	while (text.len > 0 && is_blank(bp_str_make(text.ptr + text.len - 1, 1))) {
		text.len--;
	}
	return text.len > 1 && text.ptr[text.len - 1] == '}' && bp_json_open(text, &value) &&
	       value.type == BP_JSON_OBJECT;
}

/**
 * Search on for the end of a line that is not kept, be it too long or torn.
 * True: go on reading at next_bytes. False: nothing to do until the file changes.
 */
static bool search_end(struct pass *pass, bool *failed)
{
	struct bp_tail *tail = pass->tail;
	struct bp_tail_space *space = pass->space;
	char last = '\0';

	for (;;) {
		if (pass->read_bytes > PASS_BYTES + pass->line_max) {
			pass->stopped = true;
			return false;
		}
		space->len = 0;
		pass->base_bytes = tail->scanned_bytes;
		ssize_t n = read_piece(pass);
		if (n <= 0) {
			*failed = n < 0;
			/* The torn line may have become a whole object. */
			return n == 0 && last == '}' &&
			       tail->scanned_bytes - tail->next_bytes <= pass->line_max;
		}
		const char *end = memchr(space->ptr, '\n', (size_t)n);
		if (!end) {
			tail->scanned_bytes += n;
			last = space->ptr[n - 1];
			continue;
		}
		int64_t end_bytes = tail->scanned_bytes + (end - space->ptr) + 1;
		if (end_bytes - tail->next_bytes - 1 > pass->line_max) {
			give(pass, (struct bp_str){NULL, 0}, true, end_bytes);
		}
		return !pass->stopped;
	}
}

/** The lines from next_bytes on, until the end of the file or of the pass. */
static bool read_lines(struct pass *pass)
{
	struct bp_tail *tail = pass->tail;
	struct bp_tail_space *space = pass->space;

	space->len = 0;
	pass->base_bytes = tail->next_bytes;
	while (!pass->stopped && pass->read_bytes < PASS_BYTES + pass->line_max) {
		size_t new_from = space->len;
		ssize_t n = read_piece(pass);

		if (n < 0) {
			return false;
		}
		if (n == 0) {
			struct bp_str rest = bp_str_make(space->ptr, space->len);

			tail->scanned_bytes = pass->base_bytes + (int64_t)space->len;
			if ((int64_t)rest.len <= pass->line_max && is_complete(rest)) {
				give_text(pass, rest, tail->scanned_bytes);
			}
			return true;
		}
		give_lines(pass, new_from);
		if (!pass->stopped && (int64_t)space->len > pass->line_max) {
			bool failed = false;

			tail->scanned_bytes = pass->base_bytes + (int64_t)space->len;
			if (!search_end(pass, &failed) || failed) {
				return !failed;
			}
			space->len = 0;
			pass->base_bytes = tail->next_bytes;
		}
	}
	pass->stopped = true;
	return true;
}

static bool read_pass(struct pass *pass)
{
	struct bp_tail *tail = pass->tail;
	bool failed = false;

	if (tail->scanned_bytes > tail->next_bytes && !search_end(pass, &failed)) {
		return !failed;
	}
	return read_lines(pass);
}

enum bp_rc bp_tail_read(struct bp_tail *tail, const char *path, const struct bp_hash_key *key,
			int64_t line_max, struct bp_tail_space *space, bp_tail_take take, void *arg,
			bool *out_more, struct bp_err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR
			       ? bp_err_set(err, BP_ENOTFOUND, "the file is gone")
			       : bp_err_set(err, BP_EIO, "cannot open: %s", strerrordesc_np(errno));
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return bp_err_set(err, BP_EIO, "not a regular file");
	}
	struct pass pass = {.tail = tail,
			    .space = space,
			    .key = key,
			    .fd = fd,
			    .size_bytes = st.st_size,
			    .line_max = line_max,
			    .take = take,
			    .arg = arg};
	check_identity(&pass, &st);
	bool fine = read_pass(&pass);
	int reason = errno;
	(void)close(fd);
	if (space->cap > KEEP_BYTES) {
		bp_tail_space_done(space);
	}
	if (!fine) {
		return bp_err_set(err, BP_EIO, "cannot read: %s", strerrordesc_np(reason));
	}
	*out_more = pass.stopped;
	return BP_OK;
}
