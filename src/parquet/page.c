/* SPDX-License-Identifier: MIT */
#include "parquet/page.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "parquet/format.h"
#include "parquet/levels.h"

enum { BITS = 8, NUMBER_BYTES = 8, LENGTH_BYTES = 4 };

void bp_page_add_value(struct bp_buf *values, enum bp_parquet_type type,
		       const struct bp_parquet_value *value)
{
	uint32_t length = (uint32_t)value->text.len;

	switch (type) {
	case BP_PARQUET_BOOL:
		bp_buf_add_char(values, value->number != 0);
		break;
	case BP_PARQUET_INT64:
	case BP_PARQUET_TIMESTAMP_US:
		bp_buf_add(values, &value->number, NUMBER_BYTES);
		break;
	case BP_PARQUET_DOUBLE:
		bp_buf_add(values, &value->real, NUMBER_BYTES);
		break;
	case BP_PARQUET_TEXT:
	case BP_PARQUET_BYTES:
		bp_buf_add(values, &length, LENGTH_BYTES);
		bp_buf_add_str(values, value->text);
		break;
	}
}

static void pack_bits(const struct bp_buf *values, struct bp_buf *out)
{
	for (size_t i = 0; i < values->len; i += BITS) {
		unsigned byte = 0;

		for (size_t k = 0; k < BITS && i + k < values->len; k++) {
			byte |= (unsigned)(values->ptr[i + k] != 0) << k;
		}
		bp_buf_add_char(out, (char)byte);
	}
}

void bp_page_encode(const struct bp_parquet_column *column, const struct bp_buf *levels,
		    const struct bp_buf *values, struct bp_buf *out)
{
	if (column->optional) {
		bp_levels_encode((const unsigned char *)levels->ptr, levels->len, out);
	}
	if (column->type == BP_PARQUET_BOOL) {
		pack_bits(values, out);
	} else {
		bp_buf_add_str(out, bp_buf_str(values));
	}
}

bool bp_page_open(struct bp_page *page, const struct bp_parquet_column *column, size_t n,
		  struct bp_str bytes)
{
	size_t used = 0;
	size_t n_values = n;

	*page = (struct bp_page){.column = *column, .n = n};
	if (column->optional) {
		page->levels = bp_calloc(n, 1);
		if (!bp_levels_decode(bytes, n, page->levels, &used, &n_values)) {
			return false;
		}
	}
	page->rest = bp_str_make(bytes.ptr + used, bytes.len - used);
	switch (column->type) {
	case BP_PARQUET_BOOL:
		return page->rest.len == (n_values + BITS - 1) / BITS;
	case BP_PARQUET_INT64:
	case BP_PARQUET_DOUBLE:
	case BP_PARQUET_TIMESTAMP_US:
		return page->rest.len == n_values * NUMBER_BYTES;
	case BP_PARQUET_TEXT:
	case BP_PARQUET_BYTES:
		/* The last value must end where the page does. */
		return n_values > 0 || page->rest.len == 0;
	}
	return false;
}

void bp_page_done(struct bp_page *page)
{
	free(page->levels);
	page->levels = NULL;
}

static void advance(struct bp_page *page, size_t n)
{
	page->rest.ptr += n;
	page->rest.len -= n;
}

static bool next_text(struct bp_page *page, struct bp_str *out)
{
	uint32_t length = 0;

	if (page->rest.len < LENGTH_BYTES) {
		return false;
	}
	memcpy(&length, page->rest.ptr, LENGTH_BYTES);
	advance(page, LENGTH_BYTES);
	if (length > page->rest.len || length > BP_PARQUET_TEXT_BYTES_MAX) {
		return false;
	}
	*out = bp_str_make(page->rest.ptr, length);
	advance(page, length);
	return true;
}

static bool next_value(struct bp_page *page, struct bp_parquet_value *out)
{
	switch (page->column.type) {
	case BP_PARQUET_BOOL:
		out->number = page->rest.ptr[page->bit / BITS] >> page->bit % BITS & 1;
		page->bit++;
		return true;
	case BP_PARQUET_INT64:
	case BP_PARQUET_TIMESTAMP_US:
		memcpy(&out->number, page->rest.ptr, NUMBER_BYTES);
		advance(page, NUMBER_BYTES);
		return true;
	case BP_PARQUET_DOUBLE:
		memcpy(&out->real, page->rest.ptr, NUMBER_BYTES);
		advance(page, NUMBER_BYTES);
		return true;
	case BP_PARQUET_TEXT:
	case BP_PARQUET_BYTES:
		return next_text(page, &out->text);
	}
	return false;
}

bool bp_page_next(struct bp_page *page, struct bp_parquet_value *out)
{
	size_t i = page->i++;

	*out = (struct bp_parquet_value){0};
	if (page->levels && !page->levels[i]) {
		out->null = true;
	} else if (!next_value(page, out)) {
		return false;
	}
	return page->i < page->n || page->column.type == BP_PARQUET_BOOL || page->rest.len == 0;
}
