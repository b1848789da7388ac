/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "base/config.h"

enum {
	LENGTH_MAX = 64, /* longer texts are nobody's typing mistake */
	PREFIX_MIN = 3   /* "sess" stands for "sessions" */
};

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/** Insertions, deletions, changes and swaps of neighbours that turn a into b. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][LENGTH_MAX + 1];
	size_t *before = rows[0]; /* row i - 2 */
	size_t *above = rows[1];  /* row i - 1 */
	size_t *row = rows[2];

	memset(rows, 0, sizeof(rows));
	for (size_t j = 0; j <= b_len; j++) {
		above[j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);

			row[j] = min3(above[j] + 1, row[j - 1] + 1, change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j]) {
				row[j] = before[j - 2] + 1;
			}
		}
		size_t *next = before;
		before = above;
		above = row;
		row = next;
	}
	return above[b_len];
}

const char *bp_nearest(const char *text, const char *const *candidates)
{
	size_t len = strlen(text);
	size_t best = SIZE_MAX;
	const char *nearest = NULL;

	if (len == 0 || len > LENGTH_MAX) {
		return NULL;
	}
	for (; *candidates; candidates++) {
		size_t their_len = strlen(*candidates);
		size_t far = 1 + (len > their_len ? len : their_len) / 3;

		if (their_len > LENGTH_MAX) {
			continue;
		}
		size_t d = distance(text, len, *candidates, their_len);
		if (d > far && len >= PREFIX_MIN && strncmp(text, *candidates, len) == 0) {
			d = far; /* a beginning is near, though less than a slip */
		}
		if (d <= far && d < best) {
			best = d;
			nearest = *candidates;
		}
	}
	return nearest;
}
