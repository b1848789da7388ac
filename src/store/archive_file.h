/* SPDX-License-Identifier: MIT */
/**
 * archive_file.h - rows of the log as a Parquet file, and back.
 *
 * Why:     here and not in src/daemon, because raw_columns.h (which field is which column) is
 *          private to this folder, and because rebuild and purge read archived rows too.
 * Shape:   one column per column of the row: names resolved, ids and UUIDs as text, the payload as
 *          JSON text; nothing of a row is left out (docs/design/archive.md).
 * Threads: one thread owns a writer or a reader.
 */
#ifndef BP_STORE_ARCHIVE_FILE_H
#define BP_STORE_ARCHIVE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/raw.h"

enum { BP_ARCHIVE_SHA256_BYTES = 32 };

/** What a file has, as the database keeps it. */
struct bp_archive_seen {
	int64_t rows;                                  /* in it */
	int64_t bytes;                                 /* of it */
	int64_t min_ts_us;                             /* of its rows */
	int64_t max_ts_us;                             /* the same */
	unsigned char sha256[BP_ARCHIVE_SHA256_BYTES]; /* of its bytes */
};

struct bp_archive_writer;

/** Begin a file of a platform's rows of a month ("2026-01"), mode 0600; one that is there is
 *  replaced. Owns: bp_archive_writer_free(). Errors: BP_EIO, BP_ELIMIT disk full. */
BP_MUSTUSE enum bp_rc bp_archive_writer_new(const char *path, const char *platform,
					    const char *month, struct bp_archive_writer **out,
					    struct bp_err *err);

/** Add a row, which must have a payload. Errors: as above. */
BP_MUSTUSE enum bp_rc bp_archive_writer_add(struct bp_archive_writer *writer,
					    const struct bp_raw_row *row, struct bp_err *err);

/** Write the end, fsync, and say what is in it. Errors: as above. */
BP_MUSTUSE enum bp_rc bp_archive_writer_finish(struct bp_archive_writer *writer,
					       struct bp_archive_seen *out, struct bp_err *err);
void bp_archive_writer_free(struct bp_archive_writer *writer);

struct bp_archive_reader;

/** Open a file. Owns: bp_archive_reader_free(). Errors: BP_ENOTFOUND, BP_EIO, BP_ECORRUPT not such
 *  a file. */
BP_MUSTUSE enum bp_rc bp_archive_reader_open(const char *path, struct bp_archive_reader **out,
					     struct bp_err *err);
void bp_archive_reader_free(struct bp_archive_reader *reader);

/** The next row; texts live in the arena. Errors: BP_ENOTFOUND no more; BP_EIO; BP_ECORRUPT. */
BP_MUSTUSE enum bp_rc bp_archive_reader_next(struct bp_archive_reader *reader,
					     struct bp_arena *arena, struct bp_raw_row *out,
					     struct bp_err *err);

/** Read every byte of a file: its size and checksum (the rest of *out is untouched).
 *  Errors: BP_ENOTFOUND, BP_EIO. */
BP_MUSTUSE enum bp_rc bp_archive_digest(const char *path, struct bp_archive_seen *out,
					struct bp_err *err);

/** True when both are the same row in every column, payload included. */
bool bp_raw_row_same(const struct bp_raw_row *a, const struct bp_raw_row *b);

#endif
