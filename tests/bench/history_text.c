/* SPDX-License-Identifier: MIT */
/* Random numbers, ids and texts of the history generator. */
#include "bench/history_parts.h"

#include <stdio.h>
#include <string.h>

const char *const history_words[32] = {
	"alpha",  "beta",   "cache",  "stream", "merge",  "token",  "parse",  "index",
	"buffer", "worker", "queue",  "retry",  "handle", "socket", "schema", "column",
	"vector", "shard",  "commit", "branch", "config", "render", "widget", "filter",
	"cursor", "bucket", "ledger", "policy", "signal", "driver", "kernel", "module"};
const char *const history_projects[8] = {"lantern", "quarry",  "meadow", "orchard",
					 "harbour", "thimble", "cobalt", "juniper"};
static const char *const KEYWORDS[] = {"if",     "for",    "while", "return", "static", "const",
				       "struct", "size_t", "else",  "switch", "await",  "impl"};

uint64_t history_random(struct history *history)
{
	uint64_t z = history->random += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

size_t history_below(struct history *history, size_t limit)
{
	return (size_t)(history_random(history) % limit);
}

bool history_chance(struct history *history, size_t percent)
{
	return history_below(history, 100) < percent;
}

void history_hex(struct history *history, char *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = "0123456789abcdef"[history_below(history, 16)];
	}
	out[n] = '\0';
}

void history_uuid(struct history *history, char out[HISTORY_UUID_BYTES])
{
	history_hex(history, out, 36);
	out[8] = out[13] = out[18] = out[23] = '-';
	out[14] = '4';
	out[19] = 'a';
}

void history_id(struct history *history, const char *prefix, char out[HISTORY_ID_BYTES])
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	char tail[23];

	for (size_t i = 0; i < sizeof(tail) - 1; i++) {
		tail[i] = digits[history_below(history, sizeof(digits) - 1)];
	}
	tail[sizeof(tail) - 1] = '\0';
	(void)snprintf(out, HISTORY_ID_BYTES, "%s%s", prefix, tail);
}

static void make_piece(struct history *history, struct history_piece *piece, size_t wanted)
{
	struct bp_buf text;

	bp_buf_init(&text, HISTORY_TEXT_MAX);
	while (text.len < wanted) {
		switch (history_below(history, 8)) {
		case 0:
			bp_buf_printf(&text, "printf(\\\"%%s: %%d\\\\n\\\", \\\"%s\\\", %zu);\\n",
				      PICK(history, history_words), history_below(history, 100000));
			break;
		case 1:
			bp_buf_printf(&text, "/home/dev/work/%s/src/%s.c:%zu:\\t%s\\n",
				      PICK(history, history_projects), PICK(history, history_words),
				      history_below(history, 2000), PICK(history, history_words));
			break;
		case 2:
			for (size_t i = 5 + history_below(history, 9); i > 0; i--) {
				bp_buf_printf(&text, "%s ", PICK(history, history_words));
			}
			bp_buf_add_str(&text, BP_STR("\xe2\x80\x94 caf\xc3\xa9.\\n"));
			break;
		default:
			bp_buf_printf(&text, "%.*s%s %s_%s(%s, %zu);\\n",
				      (int)(4 * history_below(history, 4)), "            ",
				      PICK(history, KEYWORDS), PICK(history, history_words),
				      PICK(history, history_words), PICK(history, history_words),
				      history_below(history, 1000));
		}
	}
	piece->text = text.ptr;
	piece->len = text.len;
}

void history_make_pieces(struct history *history)
{
	static const size_t lengths[] = {60, 60, 180, 180, 420, 420, 900, 1900, 4200, 12000};

	for (size_t i = 0; i < HISTORY_PIECES; i++) {
		make_piece(history, &history->pieces[i],
			   lengths[i % (sizeof(lengths) / sizeof(lengths[0]))]);
	}
}

void history_text(struct history *history, size_t wanted)
{
	size_t limit = (size_t)((double)wanted * history->scale);
	size_t start = history->out.len;

	limit = limit < 12 ? 12 : limit > HISTORY_TEXT_MAX ? HISTORY_TEXT_MAX : limit;
	while (history->out.len - start < limit) {
		const struct history_piece *piece =
			&history->pieces[history_below(history, HISTORY_PIECES)];
		size_t left = limit - (history->out.len - start);
		if (piece->len < 2 * left + 200) {
			bp_buf_add(&history->out, piece->text, piece->len);
		}
	}
}

void history_again(struct history *history, size_t from, size_t until)
{
	size_t n = until - from;
	char *room = bp_buf_reserve(&history->out, n);

	if (room) {
		memcpy(room, history->out.ptr + from, n);
		history->out.len += n;
		history->out.ptr[history->out.len] = '\0';
	}
}

size_t history_body_bytes(struct history *history)
{
	static const unsigned short lengths[] = {40,  80,  80,   160,  160,  300,  300,  500,
						 500, 800, 1200, 1900, 3000, 5000, 9000, 24000};

	return PICK(history, lengths);
}
