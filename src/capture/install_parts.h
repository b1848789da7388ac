/* SPDX-License-Identifier: MIT */
/**
 * install_parts.h - inside src/capture: checking, splicing and comparing a settings file.
 */
#ifndef BP_CAPTURE_INSTALL_PARTS_H
#define BP_CAPTURE_INSTALL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "event/json.h"

enum { BP_INSTALL_BYTES_MAX = 16 * 1024 * 1024 };

/** Strict RFC 8259. False: *out_at is the first byte that is wrong. */
bool bp_json_check(struct bp_str text, size_t *out_at);

/** Where a byte is, as people count: from 1. */
void bp_text_place(struct bp_str text, size_t at, size_t *out_line, size_t *out_column);

/** How a file is laid out. */
struct bp_json_style {
	bool pretty;   /* one member a line */
	char unit[17]; /* one step of indentation */
	char eol[3];   /* "\n" or "\r\n" */
};

/** Found at the root's first member; an empty root is pretty with two blanks. */
struct bp_json_style bp_json_style(struct bp_str text, struct bp_json root);

/**
 * Put an item at the end of a container that is in text. item is written compactly (as JSON) and
 * laid out by the style; key is absent for arrays.
 */
void bp_json_insert(struct bp_buf *text, struct bp_json container, struct bp_str key,
		    struct bp_str item, const struct bp_json_style *style);

/** Take the i-th item (with its key and comma) out of a container that is in text. */
void bp_json_remove(struct bp_buf *text, struct bp_json container, size_t i);

/** Replace the bytes of a value that is in text. */
void bp_json_replace(struct bp_buf *text, struct bp_json value, struct bp_str bytes);

/** A unified diff with three lines of context, of texts up to some thousand lines; more come as
 *  one change. Nothing when they are equal. */
void bp_diff_unified(struct bp_str before, struct bp_str after, const char *name,
		     struct bp_buf *out);

#endif
