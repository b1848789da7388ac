/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "daemon/purge.h"
#include "event/out.h"
#include "store/archive_file.h"
#include "store/raw.h"

enum {
	CHUNK_BYTES = 1024 * 1024,
	NEEDLE_BYTES_MAX = 256,
	NEEDLES_MAX = 64, /* ids of many sessions are sampled */
	UUID_TEXT_BYTES = 36,
	READ_ROWS = 500,
	WIRE_BYTES = 4 * BP_EVENT_BYTES_MAX
};

struct needles {
	struct bp_str items[NEEDLES_MAX];
	size_t n;
};

struct search {
	struct needles needles;
	char *chunk; /* CHUNK_BYTES + NEEDLE_BYTES_MAX */
	const char *home;
	struct bp_sql *sql;
	char *where;
	int64_t files;
};

static void add_needle(struct needles *needles, struct bp_str text)
{
	/* A shorter one would be found by chance. */
	if (needles->n < NEEDLES_MAX && text.len >= 8 && text.len <= NEEDLE_BYTES_MAX) {
		needles->items[needles->n++] = text;
	}
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/** A UUID also as its 32 digits, and as 16 bytes. */
static void add_uuid_forms(struct bp_purge *purge, struct needles *needles, struct bp_str id)
{
	char digits[32];
	unsigned char bytes[16];
	size_t n = 0;

	for (size_t i = 0; i < id.len && id.len == UUID_TEXT_BYTES; i++) {
		if (hex_value(id.ptr[i]) >= 0 && n < sizeof(digits)) {
			digits[n++] = id.ptr[i];
		} else if (id.ptr[i] != '-') {
			return;
		}
	}
	if (n != sizeof(digits)) {
		return;
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (unsigned char)(hex_value(digits[2 * i]) << 4 |
					   hex_value(digits[2 * i + 1]));
	}
	add_needle(needles, bp_arena_str(&purge->arena, bp_str_make(digits, sizeof(digits))));
	add_needle(needles,
		   bp_arena_str(&purge->arena, bp_str_make((const char *)bytes, sizeof(bytes))));
}

static void make_needles(struct bp_purge *purge, struct needles *needles)
{
	for (size_t i = 0; i < purge->n_whole; i++) {
		add_needle(needles, purge->sessions[i].external_id);
		add_uuid_forms(purge, needles, purge->sessions[i].external_id);
	}
	for (size_t i = 0; i < purge->n_projects; i++) {
		add_needle(needles, purge->projects[i]);
	}
}

static bool has_needle(const struct needles *needles, const char *bytes, size_t n)
{
	for (size_t i = 0; i < needles->n; i++) {
		if (n >= needles->items[i].len &&
		    memmem(bytes, n, needles->items[i].ptr, needles->items[i].len)) {
			return true;
		}
	}
	return false;
}

/** The next bytes of a file, of the database's (fd < 0), or of its log; 0 at the end. */
static size_t read_some(const struct search *search, int fd, enum bp_sql_file file, int64_t at,
			char *out)
{
	if (fd < 0) {
		return bp_sql_read_bytes(search->sql, file, at, out, CHUNK_BYTES);
	}
	ssize_t n = read(fd, out, CHUNK_BYTES);
	return n > 0 ? (size_t)n : 0;
}

/** Search a file chunk by chunk, each with the end of the one before it. */
static bool file_has(struct search *search, int fd, enum bp_sql_file file)
{
	size_t kept = 0;

	for (int64_t at = 0;;) {
		size_t n = read_some(search, fd, file, at, search->chunk + kept);

		if (n == 0) {
			return false;
		}
		at += (int64_t)n;
		size_t len = kept + n;
		if (has_needle(&search->needles, search->chunk, len)) {
			return true;
		}
		kept = len < NEEDLE_BYTES_MAX ? len : NEEDLE_BYTES_MAX;
		memmove(search->chunk, search->chunk + len - kept, kept);
	}
}

/** A row as the wire has it: every text of it. */
static bool row_has(const struct needles *needles, const struct bp_event *event, char *space)
{
	struct bp_out out = bp_out_make(space, WIRE_BYTES);

	bp_event_encode(event, &out);
	return has_needle(needles, space, out.len);
}

/** The pages of a file of the archive, inflated. One that cannot be read has nothing to find. */
static bool archive_has(struct search *search, const char *path)
{
	struct bp_archive_reader *reader = NULL;
	struct bp_arena arena = {0};
	struct bp_raw_row row;
	bool found = false;
	char *space = bp_calloc(1, WIRE_BYTES);
	enum bp_rc rc = bp_archive_reader_open(path, &reader, NULL);

	while (rc == BP_OK && !found) {
		bp_arena_clear(&arena);
		rc = bp_archive_reader_next(reader, &arena, &row, NULL);
		found = rc == BP_OK && row_has(&search->needles, &row.event, space);
	}
	bp_archive_reader_free(reader);
	bp_arena_done(&arena);
	free(space);
	return found;
}

/** The database and its log are read through SQLite (store/sqlite.h); its shared memory has numbers of
 *  pages alone. */
static bool is_database(const struct search *search, const char *path)
{
	static const char *const names[] = {"telemetry.db", "telemetry.db-wal", "telemetry.db-shm"};
	const char *name = path + strlen(search->home) + 1;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

static void look_at_database(struct search *search)
{
	static const struct {
		enum bp_sql_file file;
		const char *name;
	} files[] = {{BP_SQL_FILE_DATABASE, "telemetry.db"}, {BP_SQL_FILE_LOG, "telemetry.db-wal"}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !search->where[0]; i++) {
		search->files++;
		if (file_has(search, -1, files[i].file)) {
			(void)snprintf(search->where, BP_HOME_PATH_BYTES, "%s", files[i].name);
		}
	}
}

static bool look_at_file(const char *path, bool is_dir, void *arg)
{
	struct search *search = arg;
	struct stat st;

	if (is_dir || search->where[0]) {
		return true;
	}
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || is_database(search, path)) {
		return false;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false; /* gone since it was listed */
	}
	search->files++;
	if (file_has(search, fd, BP_SQL_FILE_DATABASE) ||
	    (bp_str_ends(bp_str_from(path), BP_STR(".parquet")) && archive_has(search, path))) {
		(void)snprintf(search->where, BP_HOME_PATH_BYTES, "%s",
			       path + strlen(search->home) + 1);
	}
	(void)close(fd);
	return false;
}

/** What is compressed in the database shows only when it is inflated. */
static enum bp_rc search_rows(struct bp_purge *purge, struct search *search, struct bp_err *err)
{
	struct bp_raw_reader *reader = NULL;
	struct bp_raw_row *rows = bp_calloc(READ_ROWS, sizeof(*rows));
	struct bp_arena arena = {0};
	enum bp_rc rc = bp_raw_reader_new(purge->sql, purge->codec, &reader, err);

	for (int table = 0; rc == BP_OK && table < BP_RAW_TABLES; table++) {
		int64_t after = 0;
		size_t n = 1;

		while (rc == BP_OK && n > 0 && !search->where[0]) {
			bp_arena_clear(&arena);
			rc = bp_raw_read(reader, (enum bp_raw_table)table, after, READ_ROWS, &arena,
					 rows, &n, err);
			for (size_t i = 0; rc == BP_OK && i < n; i++) {
				struct bp_str payload = rows[i].event.payload;
				after = rows[i].sequence;
				if (payload.ptr &&
				    has_needle(&search->needles, payload.ptr, payload.len)) {
					(void)snprintf(search->where, BP_HOME_PATH_BYTES,
						       "telemetry.db");
				}
			}
		}
	}
	bp_raw_reader_free(reader);
	bp_arena_done(&arena);
	free(rows);
	return rc;
}

enum bp_rc bp_purge_search(struct bp_purge *purge, char *out_where, int64_t *out_files,
			   struct bp_err *err)
{
	struct search search = {
		.home = purge->service->home, .sql = purge->sql, .where = out_where};
	enum bp_rc rc = BP_OK;

	out_where[0] = '\0';
	make_needles(purge, &search.needles);
	search.chunk = bp_calloc(1, CHUNK_BYTES + NEEDLE_BYTES_MAX);
	if (search.needles.n > 0) {
		look_at_database(&search);
		bp_file_walk(search.home, look_at_file, &search);
		if (!out_where[0]) {
			rc = search_rows(purge, &search, err);
		}
	}
	*out_files = search.files;
	free(search.chunk);
	return rc;
}
