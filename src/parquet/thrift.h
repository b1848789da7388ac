/* SPDX-License-Identifier: MIT */
/**
 * thrift.h - as much of Thrift's compact protocol as Parquet's metadata needs.
 *
 * Place:     inside src/parquet.
 * Invariant: a reader never passes its end, and once bad it stays bad and gives zeros: ask
 *            bp_thrift_ok() at the end. A count that is read is at most the bytes that are left.
 * Threads:   a value of its caller.
 * Source:    thrift/doc/specs/thrift-compact-protocol.md
 */
#ifndef BP_PARQUET_THRIFT_H
#define BP_PARQUET_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum bp_thrift_type {
	BP_THRIFT_STOP,
	BP_THRIFT_TRUE,
	BP_THRIFT_FALSE,
	BP_THRIFT_BYTE,
	BP_THRIFT_I16,
	BP_THRIFT_I32,
	BP_THRIFT_I64,
	BP_THRIFT_DOUBLE,
	BP_THRIFT_BINARY,
	BP_THRIFT_LIST,
	BP_THRIFT_SET,
	BP_THRIFT_MAP,
	BP_THRIFT_STRUCT
};

enum { BP_THRIFT_DEPTH_MAX = 16 };

struct bp_thrift_out {
	struct bp_buf *buf;                /* where the bytes go */
	int last[BP_THRIFT_DEPTH_MAX + 1]; /* the last field's id of each open struct */
	int depth;                         /* of open structs */
};

/** Begin a message (one struct) at the end of buf, which is borrowed. */
void bp_thrift_out_init(struct bp_thrift_out *out, struct bp_buf *buf);

/* Fields of the open struct; ids must rise. */

void bp_thrift_put_bool(struct bp_thrift_out *out, int id, bool value);
void bp_thrift_put_i32(struct bp_thrift_out *out, int id, int32_t value);
void bp_thrift_put_i64(struct bp_thrift_out *out, int id, int64_t value);
void bp_thrift_put_text(struct bp_thrift_out *out, int id, struct bp_str value);

/** Open a struct that is a field; id 0: that is an element of a list. */
void bp_thrift_begin(struct bp_thrift_out *out, int id);

/** Close the open struct (the message itself as well). */
void bp_thrift_end(struct bp_thrift_out *out);

/** A list's header; n elements of the type must follow. */
void bp_thrift_put_list(struct bp_thrift_out *out, int id, enum bp_thrift_type type, size_t n);

/* Elements of a list. */

void bp_thrift_add_i32(struct bp_thrift_out *out, int32_t value);
void bp_thrift_add_text(struct bp_thrift_out *out, struct bp_str value);

struct bp_thrift_in {
	const unsigned char *at;           /* the next byte */
	const unsigned char *end;          /* behind the last one */
	int last[BP_THRIFT_DEPTH_MAX + 1]; /* as above */
	int depth;                         /* of open structs */
	bool bad;                          /* sticky */
};

/** Begin to read a message (one struct). */
void bp_thrift_in_init(struct bp_thrift_in *in, struct bp_str bytes);

/** The next field's type and id; BP_THRIFT_STOP at the struct's end, which is then closed. */
enum bp_thrift_type bp_thrift_next(struct bp_thrift_in *in, int *out_id);

/** Enter a struct: the field just met, or the next element of a list. */
void bp_thrift_enter(struct bp_thrift_in *in);

/* The value of the field just met, which must be of that type. */

int32_t bp_thrift_get_i32(struct bp_thrift_in *in, enum bp_thrift_type type);
int64_t bp_thrift_get_i64(struct bp_thrift_in *in, enum bp_thrift_type type);

/** Borrowed from the bytes. */
struct bp_str bp_thrift_get_text(struct bp_thrift_in *in, enum bp_thrift_type type);

/** The number of elements of a list of elements of that type. */
size_t bp_thrift_get_list(struct bp_thrift_in *in, enum bp_thrift_type type,
			  enum bp_thrift_type element);

/** Pass over the value of the field just met. */
void bp_thrift_skip(struct bp_thrift_in *in, enum bp_thrift_type type);

/** Everything was what it had to be. */
bool bp_thrift_ok(const struct bp_thrift_in *in);

#endif
