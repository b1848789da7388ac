/* SPDX-License-Identifier: MIT */
#include "parquet/thrift.h"

#include "base/err.h"

enum { LIST_SHORT_MAX = 14, DELTA_MAX = 15 };

static void put_varint(struct bp_thrift_out *out, uint64_t value)
{
	char bytes[10];
	size_t n = 0;

	while (value > 0x7F) {
		bytes[n++] = (char)((value & 0x7F) | 0x80);
		value >>= 7;
	}
	bytes[n++] = (char)value;
	bp_buf_add(out->buf, bytes, n);
}

static uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static void put_field(struct bp_thrift_out *out, int id, enum bp_thrift_type type)
{
	int delta = id - out->last[out->depth];

	BP_ASSERT(delta > 0 && delta <= DELTA_MAX);
	bp_buf_add_char(out->buf, (char)(delta << 4 | (int)type));
	out->last[out->depth] = id;
}

void bp_thrift_out_init(struct bp_thrift_out *out, struct bp_buf *buf)
{
	*out = (struct bp_thrift_out){.buf = buf};
}

void bp_thrift_put_bool(struct bp_thrift_out *out, int id, bool value)
{
	put_field(out, id, value ? BP_THRIFT_TRUE : BP_THRIFT_FALSE);
}

void bp_thrift_put_i32(struct bp_thrift_out *out, int id, int32_t value)
{
	put_field(out, id, BP_THRIFT_I32);
	put_varint(out, zigzag(value));
}

void bp_thrift_put_i64(struct bp_thrift_out *out, int id, int64_t value)
{
	put_field(out, id, BP_THRIFT_I64);
	put_varint(out, zigzag(value));
}

void bp_thrift_put_text(struct bp_thrift_out *out, int id, struct bp_str value)
{
	put_field(out, id, BP_THRIFT_BINARY);
	bp_thrift_add_text(out, value);
}

void bp_thrift_begin(struct bp_thrift_out *out, int id)
{
	if (id > 0) {
		put_field(out, id, BP_THRIFT_STRUCT);
	}
	BP_ASSERT(out->depth < BP_THRIFT_DEPTH_MAX);
	out->last[++out->depth] = 0;
}

void bp_thrift_end(struct bp_thrift_out *out)
{
	bp_buf_add_char(out->buf, BP_THRIFT_STOP);
	out->depth--;
}

void bp_thrift_put_list(struct bp_thrift_out *out, int id, enum bp_thrift_type type, size_t n)
{
	put_field(out, id, BP_THRIFT_LIST);
	if (n <= LIST_SHORT_MAX) {
		bp_buf_add_char(out->buf, (char)(n << 4 | type));
	} else {
		bp_buf_add_char(out->buf, (char)(0xF0 | type));
		put_varint(out, n);
	}
}

void bp_thrift_add_i32(struct bp_thrift_out *out, int32_t value)
{
	put_varint(out, zigzag(value));
}

void bp_thrift_add_text(struct bp_thrift_out *out, struct bp_str value)
{
	put_varint(out, value.len);
	bp_buf_add_str(out->buf, value);
}
