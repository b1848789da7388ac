/* SPDX-License-Identifier: MIT */
/**
 * names.h - text to name.id and back, remembered.
 *
 * Why:     a row has up to 16 names, and they are nearly always the same ones.
 * Contract: ids are never given twice (AUTOINCREMENT), so what a reader remembers stays true;
 *          what a writer remembers must be forgotten after a rollback and after names were deleted.
 * Place:   inside src/store.
 * Threads: one thread owns it.
 */
#ifndef BP_STORE_NAMES_H
#define BP_STORE_NAMES_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "store/sqlite.h"

struct bp_names;

/** Borrows sql. Owns: the caller, bp_names_free(). Errors: as bp_statement_new(). */
BP_MUSTUSE enum bp_rc bp_names_new(struct bp_sql *sql, struct bp_names **out, struct bp_err *err);
void bp_names_free(struct bp_names *names);
void bp_names_forget(struct bp_names *names);

/** The id of a text; stored when it is new (inside the caller's transaction). BP_SQL_NULL for
 *  absent text. Errors: as bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_names_id(struct bp_names *names, struct bp_str text, int64_t *out,
				  struct bp_err *err);

/** The text of an id, borrowed until the next call; absent for BP_SQL_NULL and for an id that is
 *  not there. Errors: as bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_names_text(struct bp_names *names, int64_t id, struct bp_str *out,
				    struct bp_err *err);

#endif
