/* SPDX-License-Identifier: MIT */
#include "parquet/thrift.h"

static size_t left(const struct bp_thrift_in *in)
{
	return (size_t)(in->end - in->at);
}

/* Nothing more is read from a bad message. */
static void fail(struct bp_thrift_in *in)
{
	in->bad = true;
	in->at = in->end;
}

static unsigned get_byte(struct bp_thrift_in *in)
{
	if (in->at == in->end) {
		fail(in);
		return 0;
	}
	return *in->at++;
}

static uint64_t get_varint(struct bp_thrift_in *in)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned byte = get_byte(in);

		if (shift == 63 && byte > 1) {
			break;
		}
		value |= (uint64_t)(byte & 0x7F) << shift;
		if (!(byte & 0x80)) {
			return value;
		}
	}
	fail(in);
	return 0;
}

static int64_t get_zigzag(struct bp_thrift_in *in)
{
	uint64_t value = get_varint(in);

	return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

void bp_thrift_in_init(struct bp_thrift_in *in, struct bp_str bytes)
{
	*in = (struct bp_thrift_in){.at = (const unsigned char *)bytes.ptr,
				    .end = (const unsigned char *)bytes.ptr + bytes.len};
}

enum bp_thrift_type bp_thrift_next(struct bp_thrift_in *in, int *out_id)
{
	unsigned head = get_byte(in);
	unsigned type = head & 0x0F;
	int64_t id = in->last[in->depth] + (int64_t)(head >> 4);

	if (in->bad || head == BP_THRIFT_STOP) {
		in->depth -= in->depth > 0;
		return BP_THRIFT_STOP;
	}
	if (head >> 4 == 0) {
		id = get_zigzag(in);
	}
	if (type > BP_THRIFT_STRUCT || type == BP_THRIFT_STOP || id <= 0 || id > INT16_MAX) {
		fail(in);
		return BP_THRIFT_STOP;
	}
	in->last[in->depth] = (int)id;
	*out_id = (int)id;
	return (enum bp_thrift_type)type;
}

void bp_thrift_enter(struct bp_thrift_in *in)
{
	if (in->depth == BP_THRIFT_DEPTH_MAX) {
		fail(in);
		return;
	}
	in->last[++in->depth] = 0;
}

int64_t bp_thrift_get_i64(struct bp_thrift_in *in, enum bp_thrift_type type)
{
	if (type != BP_THRIFT_I64 && type != BP_THRIFT_I32) {
		fail(in);
		return 0;
	}
	return get_zigzag(in);
}

int32_t bp_thrift_get_i32(struct bp_thrift_in *in, enum bp_thrift_type type)
{
	int64_t value = type == BP_THRIFT_I32 ? get_zigzag(in) : INT64_MAX;

	if (value < INT32_MIN || value > INT32_MAX) {
		fail(in);
		return 0;
	}
	return (int32_t)value;
}

struct bp_str bp_thrift_get_text(struct bp_thrift_in *in, enum bp_thrift_type type)
{
	uint64_t n = type == BP_THRIFT_BINARY ? get_varint(in) : UINT64_MAX;
	const char *at = (const char *)in->at;

	if (in->bad || n > left(in)) {
		fail(in);
		return bp_str_make("", 0);
	}
	in->at += n;
	return bp_str_make(at, (size_t)n);
}

size_t bp_thrift_get_list(struct bp_thrift_in *in, enum bp_thrift_type type,
			  enum bp_thrift_type element)
{
	unsigned head = type == BP_THRIFT_LIST || type == BP_THRIFT_SET ? get_byte(in) : 0;
	uint64_t n = head >> 4;

	if (n == 0x0F) {
		n = get_varint(in);
	}
	if (in->bad || (head & 0x0F) != (unsigned)element || n > left(in)) {
		fail(in);
		return 0;
	}
	return (size_t)n;
}

static void skip_value(struct bp_thrift_in *in, unsigned type, int depth);

static void skip_list(struct bp_thrift_in *in, int depth)
{
	unsigned head = get_byte(in);
	uint64_t n = head >> 4;
	unsigned element = head & 0x0F;

	if (n == 0x0F) {
		n = get_varint(in);
	}
	if (n > left(in)) {
		fail(in);
	}
	for (uint64_t i = 0; i < n && !in->bad; i++) {
		/* A bool that is an element has a byte of its own. */
		skip_value(in,
			   element == BP_THRIFT_TRUE || element == BP_THRIFT_FALSE ? BP_THRIFT_BYTE
										   : element,
			   depth + 1);
	}
}

static void skip_struct(struct bp_thrift_in *in, int depth)
{
	for (;;) {
		unsigned head = get_byte(in);

		if (in->bad || head == BP_THRIFT_STOP) {
			return;
		}
		if (head >> 4 == 0) {
			(void)get_varint(in); /* the field's id */
		}
		skip_value(in, head & 0x0F, depth + 1);
	}
}

static void skip_bytes(struct bp_thrift_in *in, uint64_t n)
{
	if (in->bad || n > left(in)) {
		fail(in);
		return;
	}
	in->at += n;
}

static void skip_value(struct bp_thrift_in *in, unsigned type, int depth)
{
	if (depth > BP_THRIFT_DEPTH_MAX) {
		fail(in);
		return;
	}
	switch (type) {
	case BP_THRIFT_TRUE:
	case BP_THRIFT_FALSE:
		break;
	case BP_THRIFT_BYTE:
		skip_bytes(in, 1);
		break;
	case BP_THRIFT_I16:
	case BP_THRIFT_I32:
	case BP_THRIFT_I64:
		(void)get_varint(in);
		break;
	case BP_THRIFT_DOUBLE:
		skip_bytes(in, 8);
		break;
	case BP_THRIFT_BINARY:
		skip_bytes(in, get_varint(in));
		break;
	case BP_THRIFT_LIST:
	case BP_THRIFT_SET:
		skip_list(in, depth);
		break;
	case BP_THRIFT_STRUCT:
		skip_struct(in, depth);
		break;
	default:
		/* Parquet's metadata has no map. */
		fail(in);
	}
}

void bp_thrift_skip(struct bp_thrift_in *in, enum bp_thrift_type type)
{
	skip_value(in, type, 0);
}

bool bp_thrift_ok(const struct bp_thrift_in *in)
{
	return !in->bad;
}
