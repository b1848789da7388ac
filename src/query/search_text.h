/* SPDX-License-Identifier: MIT */
/**
 * search_text.h - text as it stands in the search index.
 *
 * Why:     the index knows words by the blanks between them. Chinese, Japanese and Korean have
 *          none (or not where a reader looks for a word), so each of their characters is made a
 *          word: between them stands U+200B, which is no letter and is not seen. A question is
 *          split alike, and then a run of characters is a phrase.
 * Threads: any.
 */
#ifndef BP_QUERY_SEARCH_TEXT_H
#define BP_QUERY_SEARCH_TEXT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

/** Append text with U+200B around each such character; U+200B and control characters of its own
 *  become blanks. */
void bp_search_split(struct bp_str text, struct bp_buf *out);

/** Append text without U+200B. */
void bp_search_join(struct bp_str text, struct bp_buf *out);

#endif
