/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "store/schema.h"
#include "store/store.h"

int bp_store_version(void)
{
	int version = 0;

	for (const struct bp_schema_migration *m = bp_schema_migrations; m->version != 0; m++) {
		version = m->version;
	}
	return version;
}

static enum bp_rc read_version(struct bp_sql *sql, int *out, struct bp_err *err)
{
	struct bp_statement *statement = NULL;
	enum bp_rc rc = bp_statement_new(sql, "PRAGMA user_version", &statement, err);

	if (rc == BP_OK) {
		rc = bp_statement_step(statement, err);
	}
	if (rc == BP_OK) {
		*out = (int)bp_column_int(statement, 0);
	}
	bp_statement_free(statement);
	return rc;
}

static enum bp_rc apply(struct bp_sql *sql, const struct bp_schema_migration *migration,
			struct bp_err *err)
{
	char text[64];
	enum bp_rc rc = bp_sql_exec(sql, migration->sql, err);

	if (rc == BP_OK) {
		/* A PRAGMA takes no parameters. */
		(void)snprintf(text, sizeof(text), "PRAGMA user_version = %d", migration->version);
		rc = bp_sql_exec(sql, text, err);
	}
	if (rc != BP_OK) {
		return bp_err_wrap(err, rc == BP_EINVAL ? BP_EIO : rc, "schema %04d (%s)",
				   migration->version, migration->name);
	}
	return BP_OK;
}

/* One file, or none when another process was faster; *more tells whether to go on. */
static enum bp_rc migrate_one(struct bp_sql *sql, bool *more, struct bp_err *err)
{
	int newest = bp_store_version();
	int version = 0;
	enum bp_rc rc = bp_sql_begin(sql, err);

	if (rc != BP_OK) {
		return rc;
	}
	/* Read inside the transaction: two processes cannot both see the old version. */
	rc = read_version(sql, &version, err);
	if (rc == BP_OK && version > newest) {
		rc = bp_err_set(err, BP_EVERSION,
				"the database has schema %d, this program knows %d: use a newer "
				"blueplane",
				version, newest);
	}
	if (rc == BP_OK && version < newest) {
		rc = apply(sql, &bp_schema_migrations[version], err);
		if (rc == BP_OK) {
			rc = bp_sql_commit(sql, err);
		}
	}
	*more = version + 1 < newest;
	/* Does nothing after a commit. */
	bp_sql_rollback(sql);
	return rc;
}

enum bp_rc bp_store_migrate(struct bp_sql *sql, struct bp_err *err)
{
	int version = 0;
	bool more = true;
	enum bp_rc rc = read_version(sql, &version, err);

	if (rc == BP_OK && version == bp_store_version()) {
		return BP_OK;
	}
	while (rc == BP_OK && more) {
		rc = migrate_one(sql, &more, err);
	}
	return rc;
}
