/* SPDX-License-Identifier: MIT */
/**
 * schema.h - the live schema, for `db schema`.
 */
#ifndef BP_QUERY_SCHEMA_H
#define BP_QUERY_SCHEMA_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/sqlite.h"

/** Called with each table, view, index and trigger: tables first, by name. Borrowed. */
typedef void (*bp_schema_each)(struct bp_str type, struct bp_str name, struct bp_str sql,
			       void *arg);

/** Read the schema and its version. Errors: those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_schema_read(struct bp_sql *sql, int64_t *out_version, bp_schema_each each,
				     void *arg, struct bp_err *err);

#endif
