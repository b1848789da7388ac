/* SPDX-License-Identifier: MIT */
/**
 * export.h - everything there is, in open formats: which rows, with which columns, in what form.
 *
 * Why:     a data set is a table of columns; the five formats know only types, so adding a column
 *          is adding a line. Rows are never collected: memory is that of one batch.
 * Shape:   data sets: sessions events turns tool_calls model_calls costs metrics, and the
 *          anonymized one, which has no name (docs/design/export.md).
 * Place:   query/export_*.c -> rows -> [export] -> bytes -> cli, http.
 * Threads: the caller's, and for events as text one of its own; sink and progress are called on the
 *          caller's.
 */
#ifndef BP_QUERY_EXPORT_H
#define BP_QUERY_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "query/filter.h"
#include "query/period.h"

enum bp_export_type {
	BP_EXPORT_TEXT,
	BP_EXPORT_INT,
	BP_EXPORT_REAL,
	BP_EXPORT_BOOL,
	BP_EXPORT_TIME, /* microseconds UTC; written as ISO-8601, in Parquet as a timestamp */
	BP_EXPORT_USD,  /* pico-USD; written in dollars, exactly; in Parquet as a double */
	BP_EXPORT_JSON  /* text that is JSON already; a text where a format has none */
};

struct bp_export_column {
	const char *name;
	enum bp_export_type type;
};

struct bp_export_value {
	bool null;
	int64_t number;     /* INT BOOL TIME USD */
	double real;        /* REAL */
	struct bp_str text; /* TEXT JSON */
};

struct bp_export_dataset;

/** What --what may say, NULL-terminated; the first is the default. */
extern const char *const bp_export_names[];

/** The data set of that name, or NULL. */
const struct bp_export_dataset *bp_export_find(const char *name);

enum { BP_EXPORT_KEYS_BYTES = 64 };

/** May this data set be filtered by that key? */
bool bp_export_may_filter(const struct bp_export_dataset *dataset, struct bp_str key);

/** The keys it may be filtered by, a comma between them. */
void bp_export_filters(const struct bp_export_dataset *dataset, char out[BP_EXPORT_KEYS_BYTES]);

/** Totals by day, platform, model family, tool and extension: nothing that names somebody. */
extern const struct bp_export_dataset bp_export_anonymous;

/** The raw events in the line format of the application telemetry seed. */
extern const struct bp_export_dataset bp_export_app;

/** What to export. Everything is borrowed until bp_export_close(). */
struct bp_export_question {
	const char *database; /* path */
	const struct bp_export_dataset *dataset;
	const struct bp_period *period;
	const struct bp_filter *filter;
	const char *event_type; /* events only; NULL: any */
	const char *session_id; /* events only: the external id of filter->conversation, or NULL */
	int64_t as_of_us;       /* calls pending 30 min before this count as interrupted */
	bool compat_ccusage;    /* costs.compat */
	const char *source;     /* of an anonymized export: its random id */
};

struct bp_export;

/** Owns: the caller, bp_export_close(), before what the question borrows goes.
 *  Errors: those of bp_query_open() and bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_export_open(const struct bp_export_question *question,
				     struct bp_export **out, struct bp_err *err);
void bp_export_close(struct bp_export *export);

/** Its columns, *out_n of them; borrowed. */
const struct bp_export_column *bp_export_columns(const struct bp_export *export, size_t *out_n);

/** The next row: values[n] of the columns, borrowed until the next call.
 *  Errors: BP_ENOTFOUND no more; those of bp_statement_step(). */
BP_MUSTUSE enum bp_rc bp_export_next(struct bp_export *export,
				     const struct bp_export_value **out_values, struct bp_err *err);

enum bp_export_format {
	BP_EXPORT_JSONL,   /* one object a line */
	BP_EXPORT_AS_JSON, /* {"schema_version":1,"what":...,"rows":[...]} */
	BP_EXPORT_CSV,     /* RFC 4180 */
	BP_EXPORT_MARKDOWN,
	BP_EXPORT_PARQUET
};

/** "jsonl", "json", ... in the order of the enum, NULL-terminated. */
extern const char *const bp_export_formats[];

/** How to write it, and where to. */
struct bp_export_target {
	enum bp_export_format format;
	bool safe_csv; /* texts that a spreadsheet would take for a formula begin with ' */
	/** Make a text harmless for a terminal; NULL: as it is. */
	void (*clean)(struct bp_buf *out, struct bp_str text);
	/** Takes the bytes in order. Anything but BP_OK ends the export and is returned. */
	enum bp_rc (*write)(void *sink, const void *bytes, size_t n, struct bp_err *err);
	void *sink;
	/** Parquet in parts by platform and month, where part_begin is not NULL: a file "name" begins,
	 *  whose bytes go to write() with *out_part in place of sink; and one ends. */
	enum bp_rc (*part_begin)(void *arg, const char *name, void **out_part, struct bp_err *err);
	enum bp_rc (*part_end)(void *arg, void *part, bool complete, struct bp_err *err);
	/** Rows so far; NULL: nobody wants to know. Anything but BP_OK ends the export. */
	enum bp_rc (*progress)(void *arg, int64_t rows, struct bp_err *err);
	void *arg; /* of the three */
};

/**
 * Export from beginning to end. *out_rows: how many there were.
 * Errors: those of bp_export_open(), bp_export_next(), and of target's functions.
 */
BP_MUSTUSE enum bp_rc bp_export_run(const struct bp_export_question *question,
				    const struct bp_export_target *target, int64_t *out_rows,
				    struct bp_err *err);

#endif
