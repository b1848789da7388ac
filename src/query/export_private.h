/* SPDX-License-Identifier: MIT */
/**
 * export_private.h - what the files of export share: data sets, cursors and writers of formats.
 *
 * Place:   private to export*.c.
 */
#ifndef BP_QUERY_EXPORT_PRIVATE_H
#define BP_QUERY_EXPORT_PRIVATE_H

#include "query/export.h"
#include "store/sqlite.h"

enum { BP_EXPORT_COLUMNS_MAX = 128, BP_EXPORT_TEXT_MAX = 64 << 20 };

/** A data set in the course of being read. Its kind embeds it as the first member. */
struct bp_export {
	const struct bp_export_question *question;
	const struct bp_export_dataset *dataset;
	const struct bp_export_column *columns;
	size_t n_columns;
	struct bp_export_value values[BP_EXPORT_COLUMNS_MAX]; /* of the present row */
	struct bp_sql *sql;                                   /* closed by bp_export_close() */
};

enum bp_export_key {
	BP_EXPORT_BY_PLATFORM = 1,
	BP_EXPORT_BY_PROJECT = 2,
	BP_EXPORT_BY_SESSION = 4,
	BP_EXPORT_BY_MODEL = 8,
	BP_EXPORT_BY_TOOL = 16,
	BP_EXPORT_BY_TYPE = 32,
	BP_EXPORT_BY_OWNER = BP_EXPORT_BY_PLATFORM | BP_EXPORT_BY_PROJECT | BP_EXPORT_BY_SESSION
};

struct bp_export_dataset {
	const char *name;
	bool sparse;      /* in JSON, members that are null or false are left out */
	bool log;         /* reads the log instead of facts */
	unsigned filters; /* enum bp_export_key bits: what rows may be chosen by */
	/** Make the cursor over sql; columns and n_columns are set by it. *out owned by _close,
	 *  also after an error, when it is not NULL. */
	enum bp_rc (*open)(const struct bp_export_question *question, struct bp_sql *sql,
			   struct bp_export **out, struct bp_err *err);
	enum bp_rc (*next)(struct bp_export *export, struct bp_err *err);
	void (*close)(struct bp_export *export); /* frees it */
};

extern const struct bp_export_dataset bp_export_sessions, bp_export_events, bp_export_turns,
	bp_export_tool_calls, bp_export_model_calls, bp_export_costs, bp_export_metrics;

/* --- values --- */

static inline struct bp_export_value bp_export_text(struct bp_str text)
{
	return (struct bp_export_value){.null = text.ptr == NULL, .text = text};
}

static inline struct bp_export_value bp_export_int(int64_t number)
{
	return (struct bp_export_value){.null = number == BP_SQL_NULL, .number = number};
}

/* --- events in pieces: export_events.c --- */

/** A row of the log again, from which values are made. */
struct bp_export_piece {
	int table;            /* enum bp_raw_table */
	int64_t after, until; /* after < sequence <= until */
};

/** The pieces that the log of this moment has, in order; together they are everything. *out_n of
 *  them, each of some thousand rows. Owns: the caller, free(). Errors: as bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_export_events_pieces(struct bp_export *events,
					      struct bp_export_piece **out, size_t *out_n,
					      struct bp_err *err);

/** Read only this piece from here on. */
void bp_export_events_piece(struct bp_export *events, const struct bp_export_piece *piece);

/* --- formats: export_text.c --- */

/** What a writer of text knows beforehand. Made once; may be shared by threads. */
struct bp_export_text_form;

/** Owns: bp_export_text_form_free(). */
struct bp_export_text_form *bp_export_text_form_new(const struct bp_export *export,
						    const struct bp_export_target *target);
void bp_export_text_form_free(struct bp_export_text_form *form);

/** Append what stands before the first row, a row, and what stands behind the last one. In JSON a
 *  row begins with a comma: who writes the first one leaves out its first byte. */
void bp_export_text_begin(const struct bp_export_text_form *form, struct bp_buf *out);
void bp_export_text_row(const struct bp_export_text_form *form,
			const struct bp_export_value *values, struct bp_buf *out);
void bp_export_text_end(const struct bp_export_text_form *form, struct bp_buf *out);

/** Does the first row begin with a byte that only divides? */
bool bp_export_text_divides(const struct bp_export_text_form *form);

/* --- Parquet: export_parquet.c --- */

/** The same export as a Parquet file. Errors: as bp_export_run(). */
BP_MUSTUSE enum bp_rc bp_export_parquet(struct bp_export *export,
					const struct bp_export_target *target, int64_t *out_rows,
					struct bp_err *err);

/** The same events as text, two pieces at a time: export_pieces.c. Errors: as bp_export_run(). */
BP_MUSTUSE enum bp_rc bp_export_pieces(struct bp_export *first,
				       const struct bp_export_text_form *form,
				       const struct bp_export_target *target, int64_t *out_rows,
				       struct bp_err *err);

#endif
