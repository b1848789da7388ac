/* SPDX-License-Identifier: MIT */
/*
 * test_projection_canary.c - a unique word in every place where content can be, and none of them
 * comes out, in no encoding.
 *
 * "@" in a template (support/canary_templates.h) becomes "canary<number>Q7": a word that would pass as a name, so that a place
 * which is wrongly taken for a name is found too. Places that are names by contract (ids, types,
 * models, versions) hold fixed words.
 */
#include "support/canary_templates.h"
#include "support/run.h"
#include "unit/event/projected.h"

static char filled[65536];
static unsigned n_canaries;

static void setup(void)
{
	test_policy(0, false, false);
	n_canaries = 0;
}

/* "@" -> a word of its own. */
static const char *fill(const char *template)
{
	size_t n = 0;

	for (const char *at = template; *at; at++) {
		if (*at == '@') {
			n += (size_t)snprintf(filled + n, sizeof(filled) - n, "canary%05uQ7",
					      n_canaries++);
		} else {
			filled[n++] = *at;
		}
		ck_assert_uint_lt(n, sizeof(filled) - 16);
	}
	filled[n] = '\0';
	return filled;
}

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Base64 of text at one of three places in its group, without the digits its neighbours share. */
static void base64_at(const char *text, size_t shift, char *out)
{
	char padded[64] = {0};
	size_t n = strlen(text) + shift;
	size_t len = 0;

	memcpy(padded + shift, text, strlen(text));
	size_t first = (shift * 8 + 5) / 6;
	for (size_t digit = first; digit * 6 + 6 <= n * 8; digit++) {
		size_t bit = digit * 6;
		unsigned pair = (unsigned)(unsigned char)padded[bit / 8] << 8 |
				(unsigned char)padded[bit / 8 + 1];
		out[len++] = BASE64[pair >> (10 - bit % 8) & 63];
	}
	out[len] = '\0';
}

/* True when the word is in text: plain, in any letter case, base64, hex, percent or \u escaped. */
static bool finds(const char *text, const char *word)
{
	char form[256];
	char hex[128] = "";
	char percent[128] = "";
	char escaped[256] = "";

	if (strcasestr(text, word)) {
		return true;
	}
	for (size_t shift = 0; shift < 3; shift++) {
		base64_at(word, shift, form);
		if (strstr(text, form)) {
			return true;
		}
	}
	for (size_t i = 0; word[i]; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", (unsigned char)word[i]);
		(void)snprintf(percent + 3 * i, 4, "%%%02x", (unsigned char)word[i]);
		(void)snprintf(escaped + 6 * i, 7, "\\u%04x", (unsigned char)word[i]);
	}
	return strcasestr(text, hex) || strcasestr(text, percent) || strcasestr(text, escaped);
}

static void assert_silent(const char *template, bool is_hook)
{
	unsigned first = n_canaries;
	char word[32];

	struct bp_str json = quoted(fill(template));
	ck_assert_msg((is_hook ? project_hook_text(json) : project_line_text(json)) == BP_PROJECTED,
		      "%s", template);
	const char *wire = wire_of(&test_event);
	ck_assert_msg(n_canaries > first || !strchr(template, '@'), "%s", template);
	for (unsigned i = first; i < n_canaries; i++) {
		(void)snprintf(word, sizeof(word), "canary%05uQ7", i);
		ck_assert_msg(!finds(wire, word), "word %u of %s\nis in %s", i - first, template,
			      wire);
	}
	/* No piece of one either. */
	ck_assert_msg(!strcasestr(wire, "canary"), "%s\ngives %s", template, wire);
}

START_TEST(no_line_lets_a_word_out)
{
	for (size_t i = 0; i < sizeof(bp_canary_lines) / sizeof(bp_canary_lines[0]); i++) {
		assert_silent(bp_canary_lines[i], false);
	}
	ck_assert_uint_gt(n_canaries, 400);
}
END_TEST

START_TEST(no_hook_lets_a_word_out)
{
	for (size_t i = 0; i < sizeof(bp_canary_hooks) / sizeof(bp_canary_hooks[0]); i++) {
		assert_silent(bp_canary_hooks[i], true);
	}
	ck_assert_uint_gt(n_canaries, 200);
}
END_TEST

START_TEST(higher_levels_are_projected_at_strict_too)
{
	test_projector.policy.level = BP_LEVEL_FULL;
	for (size_t i = 0; i < sizeof(bp_canary_lines) / sizeof(bp_canary_lines[0]); i++) {
		assert_silent(bp_canary_lines[i], false);
		ck_assert_int_eq(test_event.level, BP_LEVEL_STRICT);
	}
}
END_TEST

START_TEST(nothing_gets_out_without_a_salt)
{
	test_policy(0, true, true);
	for (size_t i = 0; i < sizeof(bp_canary_hooks) / sizeof(bp_canary_hooks[0]); i++) {
		assert_silent(bp_canary_hooks[i], true);
	}
}
END_TEST

START_TEST(a_project_name_is_the_only_piece_of_a_path_that_may_pass)
{
	test_policy(0, true, false);
	project_line_text(quoted("{'type':'user','cwd':'/canary1/canary2/name'}"));
	ck_assert_text(test_event.project_name, "name");
	ck_assert(!strstr(wire_of(&test_event), "canary"));
}
END_TEST

START_TEST(the_search_finds_what_leaks)
{
	static const char *const leaks[] = {
		"{\"x\":\"canary00007Q7\"}",
		"{\"x\":\"CANARY00007q7\"}",
		"Y2FuYXJ5MDAwMDdRNw==",
		"IGNhbmFyeTAwMDA3UTc=",
		"ICBjYW5hcnkwMDAwN1E3",
		"63616e617279303030303751 37 63616e6172793030303037513700",
		"%63%61%6e%61%72%79%30%30%30%30%37%51%37",
		"\\u0063\\u0061\\u006e\\u0061\\u0072\\u0079\\u0030\\u0030\\u0030\\u0030\\u0037\\u00"
		"51"
		"\\u0037"};

	for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++) {
		ck_assert_msg(finds(leaks[i], "canary00007Q7"), "%s", leaks[i]);
	}
	ck_assert(!finds("canary00008Q7", "canary00007Q7"));
}
END_TEST

BP_TEST_MAIN(setup, NULL, no_line_lets_a_word_out, no_hook_lets_a_word_out,
	     higher_levels_are_projected_at_strict_too, nothing_gets_out_without_a_salt,
	     a_project_name_is_the_only_piece_of_a_path_that_may_pass, the_search_finds_what_leaks)
