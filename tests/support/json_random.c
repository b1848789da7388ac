/* SPDX-License-Identifier: MIT */
#include "support/json_random.h"

#include <stdio.h>
#include <string.h>

struct json_random json_random_make(uint64_t seed, char *text, size_t cap)
{
	return (struct json_random){
		.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1, .text = text, .cap = cap};
}

/* xorshift64*: good enough, and the same everywhere. */
static uint64_t next(struct json_random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * UINT64_C(0x2545F4914F6CDD1D);
}

uint64_t json_random_below(struct json_random *random, uint64_t limit)
{
	return (next(random) >> 16) % limit;
}

static void put(struct json_random *random, const char *text)
{
	size_t n = strlen(text);

	if (n <= random->cap - random->len) {
		memcpy(random->text + random->len, text, n);
		random->len += n;
	}
}

static void put_blanks(struct json_random *random)
{
	static const char *const blanks[] = {" ", "\n", "\t", "\r\n", "  ", "\n\t\t\t"};

	if (json_random_below(random, 6) == 0) {
		put(random, blanks[json_random_below(random, 6)]);
	}
}

static void put_string(struct json_random *random, uint64_t pieces)
{
	static const char *const odd[] = {"\\\"",
					  "\\\\",
					  "\\/",
					  "\\n",
					  "\\t",
					  "\\r",
					  "\\b",
					  "\\f",
					  "\\u00e9",
					  "\\u20AC",
					  "\\ud83d\\ude00",
					  "\xC3\xA9",
					  "\xE2\x82\xAC",
					  "\xF0\x9F\x98\x80",
					  "{",
					  "}",
					  "[",
					  "]",
					  ":",
					  ",",
					  "\\\\\\\"",
					  "\x7f"};

	put(random, "\"");
	while (pieces-- > 0) {
		if (json_random_below(random, 4) == 0) {
			put(random, odd[json_random_below(random, sizeof(odd) / sizeof(odd[0]))]);
		} else {
			char letter[2] = {(char)('a' + json_random_below(random, 26)), 0};
			put(random, json_random_below(random, 5) ? letter : " ");
		}
	}
	put(random, "\"");
}

static void put_number(struct json_random *random)
{
	char text[40];
	uint64_t bits = json_random_below(random, 50);
	long long n = (long long)(next(random) & ((UINT64_C(1) << bits) - 1));

	n = json_random_below(random, 3) ? n : -n;
	switch (json_random_below(random, 4)) {
	case 0:
		(void)snprintf(text, sizeof(text), "%lld.%llu", n, n < 0 ? 5ULL : 25ULL);
		break;
	case 1:
		(void)snprintf(text, sizeof(text), "%llde%s3", n % 1000, n % 2 ? "+" : "-");
		break;
	default:
		(void)snprintf(text, sizeof(text), "%lld", n);
		break;
	}
	put(random, text);
}

static void put_key(struct json_random *random)
{
	static const char *const names[] = {"\"type\"",       "\"id\"",
					    "\"session_id\"", "\"a\"",
					    "\"\"",           "\"cache_creation_input_tokens\""};

	if (json_random_below(random, 3)) {
		put(random, names[json_random_below(random, 6)]);
	} else {
		put_string(random, json_random_below(random, 12));
	}
}

static void put_value(struct json_random *random, int depth);

static void put_container(struct json_random *random, int depth, int is_object)
{
	uint64_t n = json_random_below(random, depth < 3 ? 12 : 3);

	put(random, is_object ? "{" : "[");
	for (uint64_t i = 0; i < n && random->len < random->cap / 2; i++) {
		put(random, i ? "," : "");
		put_blanks(random);
		if (is_object) {
			put_key(random);
			put_blanks(random);
			put(random, ":");
			put_blanks(random);
		}
		put_value(random, depth + 1);
		put_blanks(random);
	}
	put_blanks(random);
	put(random, is_object ? "}" : "]");
}

static void put_value(struct json_random *random, int depth)
{
	static const char *const words[] = {"true", "false", "null"};

	switch (json_random_below(random, 8)) {
	case 0:
	case 1:
		if (depth < 12) {
			put_container(random, depth, json_random_below(random, 2) == 0);
			break;
		}
		/* fallthrough */
	case 2:
		put(random, words[json_random_below(random, 3)]);
		break;
	case 3:
	case 4:
		put_number(random);
		break;
	case 5:
		put_string(random, json_random_below(random, 300));
		break;
	default:
		put_string(random, json_random_below(random, 24));
		break;
	}
}

void json_random_document(struct json_random *random)
{
	/* The texts below half of cap close in the other half. */
	random->len = 0;
	put_blanks(random);
	put_container(random, 0, json_random_below(random, 4) != 0);
	put_blanks(random);
}

void json_random_mutate(struct json_random *random)
{
	static const char bytes[] = "\"\"\\\\{}[]:,0-etn \n\x01\x80\xFF";

	for (uint64_t i = 1 + json_random_below(random, 3); i > 0 && random->len > 0; i--) {
		size_t at = (size_t)json_random_below(random, random->len);
		size_t n = (size_t)json_random_below(random, random->len - at) + 1;
		char *here = random->text + at;

		switch (json_random_below(random, 5)) {
		case 0:
			random->len = at;
			break;
		case 1:
			n = json_random_below(random, 4) ? 1 : n;
			memmove(here, here + n, random->len - at - n);
			random->len -= n;
			break;
		case 2:
			n = n < 100 ? n : 100;
			if (random->len + n <= random->cap) {
				memmove(here + n, here, random->len - at);
				random->len += n;
			}
			break;
		default:
			*here = bytes[json_random_below(random, sizeof(bytes) - 1)];
			break;
		}
	}
}
