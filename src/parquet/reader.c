/* SPDX-License-Identifier: MIT */
#include "parquet/parquet.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "parquet/crc32.h"
#include "parquet/footer.h"
#include "parquet/format.h"
#include "parquet/page.h"

enum {
	TAIL_BYTES = BP_PARQUET_LENGTH_BYTES + BP_PARQUET_MAGIC_BYTES,
	INFLATED_BYTES_MAX = BP_PARQUET_PAGE_BYTES + BP_PARQUET_TEXT_BYTES_MAX + 1024 * 1024
};

/* Where a column is read. */
struct cursor {
	int64_t at;          /* the next page's place in the file */
	int64_t left_bytes;  /* of the chunk */
	int64_t left_rows;   /* of the chunk, in pages not yet opened */
	char *inflated;      /* the open page */
	size_t inflated_len; /* its bytes */
	struct bp_page page; /* points into it */
};

struct bp_parquet_reader {
	int fd;
	int64_t bytes; /* of the file */
	struct bp_arena arena;
	struct bp_parquet_footer footer;
	struct cursor *cursors;
	ZSTD_DCtx *zstd;
	struct bp_buf packed; /* a page as it is in the file */
	size_t group;         /* the next one to open */
	int64_t group_rows;   /* left in the open one */
	size_t held_bytes;    /* of all open pages */
};

static enum bp_rc corrupt(struct bp_err *err, const char *what)
{
	return bp_err_set(err, BP_ECORRUPT, "the Parquet file is broken: %s", what);
}

static enum bp_rc read_at(const struct bp_parquet_reader *reader, int64_t at, void *out, size_t n,
			  struct bp_err *err)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(reader->fd, (char *)out + done, n - done, at + (int64_t)done);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return bp_err_set(err, BP_EIO, "read: %s", strerrordesc_np(errno));
		}
		if (got == 0) {
			return corrupt(err, "it became shorter");
		}
		done += (size_t)got;
	}
	return BP_OK;
}

/* [pages][seal and CRC][footer][its length][magic] */
static enum bp_rc read_footer(struct bp_parquet_reader *reader, struct bp_err *err)
{
	char head[BP_PARQUET_MAGIC_BYTES];
	char tail[TAIL_BYTES];
	uint32_t length = 0;
	uint32_t crc = 0;
	const int64_t least = BP_PARQUET_MAGIC_BYTES + BP_PARQUET_SEAL_BYTES + TAIL_BYTES;

	if (reader->bytes < least) {
		return corrupt(err, "it is too short");
	}
	enum bp_rc rc = read_at(reader, 0, head, sizeof(head), err);
	if (rc == BP_OK) {
		rc = read_at(reader, reader->bytes - TAIL_BYTES, tail, sizeof(tail), err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	memcpy(&length, tail, sizeof(length));
	if (memcmp(head, BP_PARQUET_MAGIC, sizeof(head)) != 0 ||
	    memcmp(tail + BP_PARQUET_LENGTH_BYTES, BP_PARQUET_MAGIC, sizeof(head)) != 0 ||
	    length > reader->bytes - least || length > BP_PARQUET_FOOTER_BYTES_MAX) {
		return corrupt(err, "it has no whole beginning and end");
	}
	size_t n = BP_PARQUET_SEAL_BYTES + (size_t)length;
	int64_t at = reader->bytes - TAIL_BYTES - (int64_t)n;
	char *bytes = bp_calloc(n, 1);
	rc = read_at(reader, at, bytes, n, err);
	if (rc == BP_OK) {
		struct bp_str text = bp_str_make(bytes + BP_PARQUET_SEAL_BYTES, length);

		memcpy(&crc, bytes + BP_PARQUET_MAGIC_BYTES, sizeof(crc));
		if (memcmp(bytes, BP_PARQUET_SEAL, BP_PARQUET_MAGIC_BYTES) != 0 ||
		    crc != bp_crc32(text)) {
			rc = corrupt(err, "the footer's checksum differs");
		} else {
			rc = bp_parquet_read_footer(text, &reader->arena, &reader->footer, err);
		}
	}
	free(bytes);
	/* Where the pages must end. */
	reader->bytes = at;
	return rc;
}

/* The pages fill the file from its magic to the footer, chunk by chunk: none is shared or lost. */
static bool chunks_are_whole(const struct bp_parquet_reader *reader)
{
	const struct bp_parquet_footer *footer = &reader->footer;
	int64_t at = BP_PARQUET_MAGIC_BYTES;

	for (size_t g = 0; g < footer->n_groups; g++) {
		for (size_t i = 0; i < footer->n_columns; i++) {
			const struct bp_parquet_chunk *chunk = &footer->groups[g].chunks[i];

			if (chunk->offset != at || chunk->bytes > reader->bytes - at) {
				return false;
			}
			at += chunk->bytes;
		}
	}
	return at == reader->bytes;
}

enum bp_rc bp_parquet_reader_open(const char *path, struct bp_parquet_reader **out,
				  struct bp_err *err)
{
	struct stat st;
	enum bp_rc rc = BP_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return bp_err_set(err, errno == ENOENT ? BP_ENOTFOUND : BP_EIO, "%s: %s", path,
				  strerrordesc_np(errno));
	}
	struct bp_parquet_reader *reader = bp_calloc(1, sizeof(*reader));
	reader->fd = fd;
	bp_buf_init(&reader->packed, INFLATED_BYTES_MAX + INFLATED_BYTES_MAX / 8);
	reader->zstd = ZSTD_createDCtx();
	BP_ASSERT(reader->zstd);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		rc = bp_err_set(err, BP_EIO, "not a file");
	} else {
		reader->bytes = st.st_size;
		rc = read_footer(reader, err);
	}
	if (rc == BP_OK && !chunks_are_whole(reader)) {
		rc = corrupt(err, "the footer does not fit the pages");
	}
	if (rc != BP_OK) {
		bp_parquet_reader_free(reader);
		return bp_err_wrap(err, rc, "%s", path);
	}
	reader->cursors = bp_calloc(reader->footer.n_columns, sizeof(*reader->cursors));
	*out = reader;
	return BP_OK;
}

void bp_parquet_reader_free(struct bp_parquet_reader *reader)
{
	if (!reader) {
		return;
	}
	for (size_t i = 0; reader->cursors && i < reader->footer.n_columns; i++) {
		bp_page_done(&reader->cursors[i].page);
		free(reader->cursors[i].inflated);
	}
	free(reader->cursors);
	bp_buf_done(&reader->packed);
	bp_arena_done(&reader->arena);
	(void)ZSTD_freeDCtx(reader->zstd);
	(void)close(reader->fd);
	free(reader);
}

int64_t bp_parquet_reader_rows(const struct bp_parquet_reader *reader)
{
	return reader->footer.rows;
}

const struct bp_parquet_column *bp_parquet_reader_columns(const struct bp_parquet_reader *reader,
							  size_t *out_n)
{
	*out_n = reader->footer.n_columns;
	return reader->footer.columns;
}

const char *bp_parquet_reader_metadata(const struct bp_parquet_reader *reader, const char *key)
{
	for (size_t i = 0; i < reader->footer.n_metadata; i++) {
		if (strcmp(reader->footer.metadata[i].key, key) == 0) {
			return reader->footer.metadata[i].value;
		}
	}
	return NULL;
}

static enum bp_rc read_head(struct bp_parquet_reader *reader, struct cursor *cursor,
			    struct bp_parquet_page_head *out, struct bp_err *err)
{
	char bytes[BP_PARQUET_PAGE_HEAD_BYTES_MAX];
	size_t n = sizeof(bytes);
	size_t used = 0;

	if (cursor->left_bytes < (int64_t)n) {
		n = (size_t)cursor->left_bytes;
	}
	enum bp_rc rc = read_at(reader, cursor->at, bytes, n, err);
	if (rc != BP_OK) {
		return rc;
	}
	if (!bp_parquet_read_page_head(bp_str_make(bytes, n), out, &used)) {
		return corrupt(err, "a page has no header");
	}
	cursor->at += (int64_t)used;
	cursor->left_bytes -= (int64_t)used;
	if (out->bytes > cursor->left_bytes || out->rows > cursor->left_rows ||
	    out->inflated_bytes > INFLATED_BYTES_MAX) {
		return corrupt(err, "a page's header does not fit its chunk");
	}
	return BP_OK;
}

static enum bp_rc inflate_page(struct bp_parquet_reader *reader, struct cursor *cursor,
			       const struct bp_parquet_page_head *head, struct bp_err *err)
{
	size_t n = (size_t)head->inflated_bytes;

	bp_buf_clear(&reader->packed);
	char *packed = bp_buf_reserve(&reader->packed, (size_t)head->bytes);
	if (!packed) {
		return corrupt(err, "a page is too large");
	}
	enum bp_rc rc = read_at(reader, cursor->at, packed, (size_t)head->bytes, err);
	if (rc != BP_OK) {
		return rc;
	}
	cursor->at += head->bytes;
	cursor->left_bytes -= head->bytes;
	if (bp_crc32(bp_str_make(packed, (size_t)head->bytes)) != head->crc ||
	    ZSTD_getFrameContentSize(packed, (size_t)head->bytes) != n) {
		return corrupt(err, "a page's checksum differs");
	}
	reader->held_bytes += n - cursor->inflated_len;
	if (reader->held_bytes > BP_PARQUET_HELD_BYTES_MAX) {
		return corrupt(err, "its pages inflate to too much");
	}
	cursor->inflated = bp_realloc(cursor->inflated, n + 1, 1);
	cursor->inflated_len = n;
	if (ZSTD_decompressDCtx(reader->zstd, cursor->inflated, n, packed, (size_t)head->bytes) !=
	    n) {
		return corrupt(err, "a page cannot be inflated");
	}
	return BP_OK;
}

static enum bp_rc open_page(struct bp_parquet_reader *reader, size_t i, struct bp_err *err)
{
	struct cursor *cursor = &reader->cursors[i];
	struct bp_parquet_page_head head = {0};
	enum bp_rc rc = read_head(reader, cursor, &head, err);

	if (rc == BP_OK) {
		rc = inflate_page(reader, cursor, &head, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	bp_page_done(&cursor->page);
	cursor->left_rows -= head.rows;
	/* A chunk ends with its last page. */
	if ((cursor->left_rows == 0) != (cursor->left_bytes == 0) ||
	    !bp_page_open(&cursor->page, &reader->footer.columns[i], (size_t)head.rows,
			  bp_str_make(cursor->inflated, cursor->inflated_len))) {
		return corrupt(err, "a page is not what its header says");
	}
	return BP_OK;
}

static void open_group(struct bp_parquet_reader *reader)
{
	const struct bp_parquet_group *group = &reader->footer.groups[reader->group++];

	for (size_t i = 0; i < reader->footer.n_columns; i++) {
		struct cursor *cursor = &reader->cursors[i];

		cursor->at = group->chunks[i].offset;
		cursor->left_bytes = group->chunks[i].bytes;
		cursor->left_rows = group->rows;
	}
	reader->group_rows = group->rows;
}

enum bp_rc bp_parquet_reader_next(struct bp_parquet_reader *reader, struct bp_parquet_value *values,
				  struct bp_err *err)
{
	if (reader->group_rows == 0) {
		if (reader->group == reader->footer.n_groups) {
			return BP_ENOTFOUND;
		}
		open_group(reader);
	}
	for (size_t i = 0; i < reader->footer.n_columns; i++) {
		struct cursor *cursor = &reader->cursors[i];

		if (cursor->page.i == cursor->page.n) {
			enum bp_rc rc = open_page(reader, i, err);

			if (rc != BP_OK) {
				return rc;
			}
		}
		if (!bp_page_next(&cursor->page, &values[i])) {
			return corrupt(err, "a page ends in the middle of a value");
		}
	}
	reader->group_rows--;
	return BP_OK;
}
