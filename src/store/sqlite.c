/* SPDX-License-Identifier: MIT */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/connection.h"
#include "store/damage.h"

enum { PAGE_BYTES = 4096 };

struct bp_statement {
	sqlite3_stmt *handle;
};

static void initialize_once(void)
{
	/* Counting every allocation takes a process-wide mutex; nobody reads the count. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_initialize();
}

enum bp_rc bp_sql_rc(int code)
{
	switch (code & 0xFF) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return BP_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return BP_EBUSY;
	case SQLITE_FULL:
		return BP_ELIMIT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return BP_ECORRUPT;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
	case SQLITE_AUTH:
		return BP_EINVAL;
	case SQLITE_INTERRUPT:
		return BP_ESTOPPED;
	default:
		return BP_EIO;
	}
}

enum bp_rc bp_sql_error(sqlite3 *db, int code, struct bp_err *err)
{
	enum bp_rc rc = bp_sql_rc(code);

	if (rc == BP_OK) {
		return rc;
	}
	if (rc == BP_ECORRUPT && db) {
		bp_damage_found(sqlite3_db_filename(db, "main"));
	}
	if (rc == BP_ELIMIT) {
		return bp_err_set(err, rc, "the disk (or the database's size limit) is full");
	}
	if (rc == BP_EBUSY) {
		return bp_err_set(err, rc,
				  "the database is locked by another program: end that one (fuser "
				  "-v names it)");
	}
	if (rc == BP_EIO && db && sqlite3_system_errno(db) != 0) {
		return bp_err_set(err, rc, "%s (%s)", sqlite3_errmsg(db),
				  strerrordesc_np(sqlite3_system_errno(db)));
	}
	return bp_err_set(err, rc, "%s", db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

/* Remembers how long the log is: see wal_watch.h. */
static int committed(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct bp_sql *sql = arg;

	(void)db;
	(void)name;
	bp_wal_watch_commit(sql->watch, pages);
	return SQLITE_OK;
}

/*
 * A file that only its owner may read, before SQLite makes it with the umask's mode; the log and the
 * shared memory get the mode of the file. One that is there is not opened: closing any descriptor of
 * a file drops the locks that this process has on it, those of open connections too, and then another
 * program that closes the database takes the log away under them.
 */
static enum bp_rc make_file(const char *path, bool *out_empty, struct bp_err *err)
{
	struct stat st;

	if (stat(path, &st) == 0) {
		*out_empty = st.st_size == 0;
		return BP_OK;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EEXIST) {
		return bp_err_set(err, BP_EIO, "cannot open '%s': %s", path,
				  strerrordesc_np(errno));
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	*out_empty = true; /* or made by another thread since: it tells SQLite the same */
	return BP_OK;
}

static enum bp_rc pragma_int(struct bp_sql *sql, const char *name, int64_t value,
			     struct bp_err *err)
{
	char text[64];

	/* A PRAGMA takes no parameters. */
	(void)snprintf(text, sizeof(text), "PRAGMA %s = %lld", name, (long long)value);
	return bp_sql_exec(sql, text, err);
}

static enum bp_rc set_up(struct bp_sql *sql, enum bp_sql_mode mode, bool empty, int64_t cache_bytes,
			 struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	(void)sqlite3_extended_result_codes(sql->db, 1);
	(void)sqlite3_busy_timeout(sql->db, BP_SQL_BUSY_TIMEOUT_MS);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	if (mode == BP_SQL_WRITE) {
		/* Before WAL. Later the second one would change nothing but write all the same,
		 * even to a file that is refused then. */
		if (empty) {
			rc = pragma_int(sql, "page_size", PAGE_BYTES, err);
		}
		if (rc == BP_OK && empty) {
			rc = bp_sql_exec(sql, "PRAGMA auto_vacuum = INCREMENTAL", err);
		}
		if (rc == BP_OK) {
			rc = bp_sql_exec(sql,
					 "PRAGMA journal_mode = WAL;"
					 "PRAGMA synchronous = NORMAL;"
					 "PRAGMA wal_autocheckpoint = 0;"
					 "PRAGMA journal_size_limit = 67108864",
					 err);
		}
	} else {
		rc = bp_sql_exec(sql, "PRAGMA query_only = 1", err);
	}
	if (rc == BP_OK && cache_bytes > 0) {
		rc = pragma_int(sql, "cache_size", -((cache_bytes + 1023) / 1024), err);
	}
	if (rc == BP_OK) {
		rc = bp_sql_exec(sql, "PRAGMA temp_store = MEMORY; SELECT 1 FROM sqlite_schema",
				 err);
	}
	return rc;
}

enum bp_rc bp_sql_open(const char *path, enum bp_sql_mode mode, int64_t cache_bytes,
		       struct bp_sql **out, struct bp_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = SQLITE_OPEN_NOMUTEX |
		    (mode == BP_SQL_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
	enum bp_rc rc = BP_OK;
	bool empty = false;

	(void)pthread_once(&once, initialize_once);
	if (mode == BP_SQL_WRITE) {
		rc = make_file(path, &empty, err);
	} else if (access(path, F_OK) != 0 && errno == ENOENT) {
		rc = bp_err_set(err, BP_ENOTFOUND, "there is no database at '%s'", path);
	}
	if (rc != BP_OK) {
		return rc;
	}
	struct bp_sql *sql = bp_calloc(1, sizeof(*sql));
	int code = sqlite3_open_v2(path, &sql->db, flags, NULL);
	if (code != SQLITE_OK) {
		rc = bp_sql_error(sql->db, code, err);
	} else {
		rc = set_up(sql, mode, empty, cache_bytes, err);
	}
	if (rc != BP_OK) {
		bp_sql_close(sql);
		return bp_err_wrap(err, rc, "database '%s'", path);
	}
	if (mode == BP_SQL_WRITE) {
		sql->watch = bp_wal_watch_take(path);
		(void)sqlite3_wal_hook(sql->db, committed, sql);
	}
	*out = sql;
	return BP_OK;
}

void bp_sql_rest(struct bp_sql *sql)
{
	if (sql) {
		(void)sqlite3_db_release_memory(sql->db); /* cannot fail */
	}
}

void bp_sql_close(struct bp_sql *sql)
{
	if (!sql) {
		return;
	}
	bp_statement_free(sql->begin);
	bp_statement_free(sql->commit);
	bp_statement_free(sql->load_checkpoint);
	bp_statement_free(sql->save_checkpoint);
	/* Fails only when a statement is left, which is our mistake. */
	BP_ASSERT(sqlite3_close(sql->db) == SQLITE_OK);
	bp_wal_watch_give(sql->watch);
	free(sql);
}

enum bp_rc bp_sql_exec(struct bp_sql *sql, const char *text, struct bp_err *err)
{
	return bp_sql_error(sql->db, sqlite3_exec(sql->db, text, NULL, NULL, NULL), err);
}

enum bp_rc bp_sql_keep(struct bp_sql *sql, struct bp_statement **slot, const char *text,
		       struct bp_err *err)
{
	return *slot ? BP_OK : bp_statement_new(sql, text, slot, err);
}

static enum bp_rc run_kept(struct bp_sql *sql, struct bp_statement **slot, const char *text,
			   struct bp_err *err)
{
	enum bp_rc rc = bp_sql_keep(sql, slot, text, err);

	return rc == BP_OK ? bp_statement_run(*slot, err) : rc;
}

enum bp_rc bp_sql_begin(struct bp_sql *sql, struct bp_err *err)
{
	return run_kept(sql, &sql->begin, "BEGIN IMMEDIATE", err);
}

enum bp_rc bp_sql_commit(struct bp_sql *sql, struct bp_err *err)
{
	return run_kept(sql, &sql->commit, "COMMIT", err);
}

/* The file behind a connection: its own handle, see make_file(). */
static sqlite3_file *file_of(const struct bp_sql *sql, enum bp_sql_file which)
{
	sqlite3_file *file = NULL;
	int op =
		which == BP_SQL_FILE_LOG ? SQLITE_FCNTL_JOURNAL_POINTER : SQLITE_FCNTL_FILE_POINTER;

	(void)sqlite3_file_control(sql->db, "main", op, (void *)&file);
	return file && file->pMethods ? file : NULL;
}

size_t bp_sql_read_bytes(const struct bp_sql *sql, enum bp_sql_file which, int64_t offset,
			 char *out, size_t cap)
{
	sqlite3_file *file = file_of(sql, which);
	sqlite3_int64 size = 0;

	if (!file || file->pMethods->xFileSize(file, &size) != SQLITE_OK || offset >= size) {
		return 0;
	}
	size_t n = (size_t)(size - offset) < cap ? (size_t)(size - offset) : cap;
	return file->pMethods->xRead(file, out, (int)n, offset) == SQLITE_OK ? n : 0;
}

void bp_sql_rollback(struct bp_sql *sql)
{
	/* After some errors SQLite has rolled back by itself; a second time is an error. */
	if (!sqlite3_get_autocommit(sql->db)) {
		(void)sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL);
	}
}

int64_t bp_sql_changes(const struct bp_sql *sql)
{
	return sqlite3_changes64(sql->db);
}

int64_t bp_sql_last_rowid(const struct bp_sql *sql)
{
	return sqlite3_last_insert_rowid(sql->db);
}

enum bp_rc bp_statement_new(struct bp_sql *sql, const char *text, struct bp_statement **out,
			    struct bp_err *err)
{
	sqlite3_stmt *handle = NULL;
	int code = sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);

	if (code != SQLITE_OK) {
		return bp_sql_error(sql->db, code, err);
	}
	struct bp_statement *statement = bp_calloc(1, sizeof(*statement));
	statement->handle = handle;
	*out = statement;
	return BP_OK;
}

void bp_statement_free(struct bp_statement *statement)
{
	if (statement) {
		/* Returns the error of the last step, which was reported then. */
		(void)sqlite3_finalize(statement->handle);
		free(statement);
	}
}

void bp_bind_int(struct bp_statement *statement, int i, int64_t value)
{
	int code = value == BP_SQL_NULL ? sqlite3_bind_null(statement->handle, i)
					: sqlite3_bind_int64(statement->handle, i, value);

	BP_ASSERT(code == SQLITE_OK);
}

void bp_bind_real(struct bp_statement *statement, int i, double value)
{
	BP_ASSERT(sqlite3_bind_double(statement->handle, i, value) == SQLITE_OK);
}

void bp_bind_text(struct bp_statement *statement, int i, struct bp_str text)
{
	/* A NULL pointer binds NULL. */
	BP_ASSERT(sqlite3_bind_text64(statement->handle, i, text.ptr, text.len, SQLITE_STATIC,
				      SQLITE_UTF8) == SQLITE_OK);
}

void bp_bind_blob(struct bp_statement *statement, int i, const void *bytes, size_t n)
{
	BP_ASSERT(sqlite3_bind_blob64(statement->handle, i, bytes, n, SQLITE_STATIC) == SQLITE_OK);
}

void bp_bind_null(struct bp_statement *statement, int i)
{
	BP_ASSERT(sqlite3_bind_null(statement->handle, i) == SQLITE_OK);
}

enum bp_rc bp_statement_step(struct bp_statement *statement, struct bp_err *err)
{
	int code = sqlite3_step(statement->handle);

	if (code == SQLITE_ROW) {
		return BP_OK;
	}
	enum bp_rc rc = code == SQLITE_DONE
				? BP_ENOTFOUND
				: bp_sql_error(sqlite3_db_handle(statement->handle), code, err);
	(void)sqlite3_reset(statement->handle);
	return rc;
}

enum bp_rc bp_statement_run(struct bp_statement *statement, struct bp_err *err)
{
	enum bp_rc rc;

	do {
		rc = bp_statement_step(statement, err);
	} while (rc == BP_OK);
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

void bp_statement_reset(struct bp_statement *statement)
{
	/* Returns the error of the last step, which was reported then. */
	(void)sqlite3_reset(statement->handle);
}

bool bp_column_is_null(struct bp_statement *statement, int i)
{
	return sqlite3_column_type(statement->handle, i) == SQLITE_NULL;
}

bool bp_column_is_blob(struct bp_statement *statement, int i)
{
	return sqlite3_column_type(statement->handle, i) == SQLITE_BLOB;
}

int64_t bp_column_int(struct bp_statement *statement, int i)
{
	int64_t value = sqlite3_column_int64(statement->handle, i);

	/* NULL reads as 0: mostly one question is enough, and rows are many. */
	return value == 0 && bp_column_is_null(statement, i) ? BP_SQL_NULL : value;
}

double bp_column_real(struct bp_statement *statement, int i)
{
	return sqlite3_column_double(statement->handle, i);
}

static struct bp_str column_bytes(struct bp_statement *statement, int i, const void *bytes)
{
	size_t n = (size_t)sqlite3_column_bytes(statement->handle, i);

	/* An empty blob comes as NULL; only NULL is absent. */
	if (!bytes && !bp_column_is_null(statement, i)) {
		bytes = "";
	}
	return bp_str_make(bytes, n);
}

struct bp_str bp_column_text(struct bp_statement *statement, int i)
{
	return column_bytes(statement, i, sqlite3_column_text(statement->handle, i));
}

struct bp_str bp_column_blob(struct bp_statement *statement, int i)
{
	return column_bytes(statement, i, sqlite3_column_blob(statement->handle, i));
}

int bp_column_count(struct bp_statement *statement)
{
	return sqlite3_column_count(statement->handle);
}

const char *bp_column_name(struct bp_statement *statement, int i)
{
	return sqlite3_column_name(statement->handle, i);
}
