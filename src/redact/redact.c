/* SPDX-License-Identifier: MIT */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "redact/redact.h"

#include <pcre2.h>

#include "base/buf.h"
#include "base/mem.h"
#include "redact/patterns.h"

enum {
	STACK_START = 32 * 1024,
	STACK_MAX = 512 * 1024,
	TAIL_BYTES =
		8 * 1024, /* of what is read beyond a cut is not kept: it may end in half a key */
	PASSES_MAX = 5
};

static const char OPENING[] = "[redacted:";

struct bp_redact {
	pcre2_code **codes; /* bp_redact_patterns_n */
	pcre2_code *path, *name;
};

struct bp_redact_scratch {
	const struct bp_redact *redact;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	struct bp_buf a, b; /* what a pattern reads and what it writes */
};

/* --- compiling --- */

static enum bp_rc compile(const char *regex, const char *kind, pcre2_code **out, struct bp_err *err)
{
	int code = 0;
	PCRE2_SIZE at = 0;
	PCRE2_UCHAR text[128];

	*out = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &at, NULL);
	if (!*out) {
		(void)pcre2_get_error_message(code, text, sizeof(text));
		return bp_err_set(err, BP_EINVAL, "pattern %s, byte %zu: %s", kind, (size_t)at,
				  (const char *)text);
	}
	/* Without a compiler for this machine patterns are interpreted: slower, the same result. */
	(void)pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE);
	return BP_OK;
}

enum bp_rc bp_redact_new(struct bp_redact **out, struct bp_err *err)
{
	struct bp_redact *redact = bp_calloc(1, sizeof(*redact));
	enum bp_rc rc = compile(bp_redact_path_pattern.regex, "path", &redact->path, err);

	redact->codes = bp_calloc(bp_redact_patterns_n, sizeof(pcre2_code *));
	if (rc == BP_OK) {
		rc = compile(bp_redact_secret_name, "name", &redact->name, err);
	}
	for (size_t i = 0; rc == BP_OK && i < bp_redact_patterns_n; i++) {
		rc = compile(bp_redact_patterns[i].regex, bp_redact_patterns[i].kind,
			     &redact->codes[i], err);
	}
	if (rc != BP_OK) {
		bp_redact_free(redact);
		return rc;
	}
	*out = redact;
	return BP_OK;
}

void bp_redact_free(struct bp_redact *redact)
{
	if (!redact) {
		return;
	}
	for (size_t i = 0; i < bp_redact_patterns_n; i++) {
		pcre2_code_free(redact->codes[i]);
	}
	pcre2_code_free(redact->path);
	pcre2_code_free(redact->name);
	free(redact->codes);
	free(redact);
}

struct bp_redact_scratch *bp_redact_scratch_new(const struct bp_redact *redact,
						uint32_t match_limit)
{
	struct bp_redact_scratch *scratch = bp_calloc(1, sizeof(*scratch));

	scratch->redact = redact;
	scratch->data = pcre2_match_data_create(2, NULL);
	scratch->context = pcre2_match_context_create(NULL);
	scratch->stack = pcre2_jit_stack_create(STACK_START, STACK_MAX, NULL);
	BP_ASSERT(scratch->data && scratch->context && scratch->stack); /* out of memory */
	pcre2_jit_stack_assign(scratch->context, NULL, scratch->stack);
	(void)pcre2_set_match_limit(scratch->context,
				    match_limit > 0 ? match_limit : BP_REDACT_MATCH_LIMIT);
	bp_buf_init(&scratch->a, 2 * (size_t)BP_REDACT_BYTES_MAX);
	bp_buf_init(&scratch->b, 2 * (size_t)BP_REDACT_BYTES_MAX);
	return scratch;
}

void bp_redact_scratch_free(struct bp_redact_scratch *scratch)
{
	if (!scratch) {
		return;
	}
	pcre2_match_data_free(scratch->data);
	pcre2_match_context_free(scratch->context);
	pcre2_jit_stack_free(scratch->stack);
	bp_buf_done(&scratch->a);
	bp_buf_done(&scratch->b);
	free(scratch);
}

/* --- well-formed text --- */

/** The length of the well-formed sequence at bytes (n >= 1), 0 when it is none (RFC 3629). */
static size_t sequence(const unsigned char *bytes, size_t n)
{
	unsigned char lead = bytes[0];
	size_t len = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

	if (len == 1) {
		return 1;
	}
	if (lead < 0xC2 || lead > 0xF4 || n < len) {
		return 0;
	}
	if ((lead == 0xE0 && bytes[1] < 0xA0) || (lead == 0xED && bytes[1] > 0x9F) ||
	    (lead == 0xF0 && bytes[1] < 0x90) || (lead == 0xF4 && bytes[1] > 0x8F)) {
		return 0;
	}
	for (size_t i = 1; i < len; i++) {
		if ((bytes[i] & 0xC0) != 0x80) {
			return 0;
		}
	}
	return len;
}

/** Copy text; what is no UTF-8, and NUL, becomes U+FFFD: a pattern sees one text from end to end.*/
static void copy_clean(struct bp_str text, struct bp_buf *out)
{
	const unsigned char *bytes = (const unsigned char *)text.ptr;
	size_t from = 0;

	bp_buf_clear(out);
	for (size_t i = 0; i < text.len;) {
		size_t n = bytes[i] == 0 ? 0 : sequence(bytes + i, text.len - i);
		if (n > 0) {
			i += n;
			continue;
		}
		bp_buf_add(out, text.ptr + from, i - from);
		bp_buf_add(out, "\xEF\xBF\xBD", 3);
		from = ++i;
	}
	if (text.len > from) {
		bp_buf_add(out, text.ptr + from, text.len - from);
	}
}

/** The bytes of the first max_chars characters. */
static size_t bytes_of(struct bp_str text, size_t max_chars)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (((unsigned char)text.ptr[i] & 0xC0) != 0x80 && n++ == max_chars) {
			return i;
		}
	}
	return text.len;
}

/** Shorten to at most max bytes, between characters. True when something went. */
static bool cut(struct bp_buf *text, size_t max)
{
	if (text->len <= max) {
		return false;
	}
	while (max > 0 && ((unsigned char)text->ptr[max] & 0xC0) == 0x80) {
		max--;
	}
	text->len = max;
	text->ptr[max] = '\0';
	return true;
}

/* --- matching --- */

enum look { LOOK_NONE, LOOK_FOUND, LOOK_LIMIT };

/** The next secret at or after from. What stands for a secret already is none. */
static enum look next_secret(const struct bp_redact_scratch *scratch, const pcre2_code *code,
			     struct bp_str text, size_t from, size_t *out_start, size_t *out_end)
{
	while (from < text.len) {
		int n = pcre2_match(code, (PCRE2_SPTR)text.ptr, text.len, from, PCRE2_NO_UTF_CHECK,
				    scratch->data, scratch->context);
		if (n == PCRE2_ERROR_NOMATCH) {
			return LOOK_NONE;
		}
		if (n < 0) {
			return LOOK_LIMIT;
		}
		const PCRE2_SIZE *span = pcre2_get_ovector_pointer(scratch->data);
		bool group = n > 1 && span[2] != PCRE2_UNSET;
		size_t start = group ? span[2] : span[0];
		size_t end = group ? span[3] : span[1];
		struct bp_str secret = bp_str_make(text.ptr + start, end - start);
		if (end > start && !bp_str_starts(secret, BP_STR(OPENING))) {
			*out_start = start;
			*out_end = end;
			return LOOK_FOUND;
		}
		from = end > from ? end : from + 1;
		while (from < text.len && ((unsigned char)text.ptr[from] & 0xC0) == 0x80) {
			from++;
		}
	}
	return LOOK_NONE;
}

static bool can_match(const struct bp_redact_pattern *pattern, struct bp_str text)
{
	return !pattern->needle ||
	       memmem(text.ptr, text.len, pattern->needle, strlen(pattern->needle)) != NULL;
}

/** Rewrite scratch->a without the matches of one pattern. */
static enum look rewrite(struct bp_redact_scratch *scratch, const pcre2_code *code,
			 const struct bp_redact_pattern *pattern)
{
	struct bp_str text = bp_buf_str(&scratch->a);
	struct bp_buf *out = &scratch->b;
	size_t from = 0;
	size_t start = 0;
	size_t end = 0;
	enum look look;

	if (text.len == 0 || !can_match(pattern, text)) {
		return LOOK_NONE;
	}
	bp_buf_clear(out);
	while ((look = next_secret(scratch, code, text, from, &start, &end)) == LOOK_FOUND) {
		bp_buf_add(out, text.ptr + from, start - from);
		bp_buf_printf(out, "%s%s]", OPENING, pattern->kind);
		from = end;
	}
	if (look == LOOK_LIMIT || from == 0) {
		return look;
	}
	bp_buf_add(out, text.ptr + from, text.len - from);
	if (!bp_buf_ok(out)) {
		return LOOK_LIMIT;
	}
	struct bp_buf other = scratch->a;
	scratch->a = scratch->b;
	scratch->b = other;
	return LOOK_FOUND;
}

/** Every pattern once over scratch->a. */
static enum look pass(struct bp_redact_scratch *scratch, bool paths)
{
	enum look all = LOOK_NONE;

	for (size_t i = 0; i < bp_redact_patterns_n; i++) {
		enum look one = rewrite(scratch, scratch->redact->codes[i], &bp_redact_patterns[i]);
		all = one > all ? one : all;
	}
	if (paths) {
		enum look one = rewrite(scratch, scratch->redact->path, &bp_redact_path_pattern);
		all = one > all ? one : all;
	}
	return all;
}

static bool is_secret_name(const struct bp_redact_scratch *scratch, struct bp_str key)
{
	return key.len > 0 && pcre2_match(scratch->redact->name, (PCRE2_SPTR)key.ptr, key.len, 0, 0,
					  scratch->data, scratch->context) != PCRE2_ERROR_NOMATCH;
}

static struct bp_str all_redacted(struct bp_redact_scratch *scratch, const char *kind)
{
	bp_buf_clear(&scratch->a);
	bp_buf_printf(&scratch->a, "%s%s]", OPENING, kind);
	return bp_buf_str(&scratch->a);
}

struct bp_str bp_redact_text(struct bp_redact_scratch *scratch,
			     const struct bp_redact_request *request, bool *out_cut)
{
	struct bp_str text = request->text;
	size_t max =
		request->max_bytes < BP_REDACT_BYTES_MAX ? request->max_bytes : BP_REDACT_BYTES_MAX;
	bool shortened = text.len > max + BP_REDACT_SLACK_BYTES;

	*out_cut = false;
	if (text.len == 0) {
		return text;
	}
	if (is_secret_name(scratch, request->key)) {
		return all_redacted(scratch, "password");
	}
	if (shortened) {
		text.len = max + BP_REDACT_SLACK_BYTES;
	}
	copy_clean(text, &scratch->a);
	for (int i = 0; i < PASSES_MAX; i++) {
		enum look look = pass(scratch, request->paths);
		if (look == LOOK_LIMIT || !bp_buf_ok(&scratch->a)) {
			break;
		}
		/* A cut may make a secret of what was none, so it is looked at again. */
		if (i == 0 && shortened) {
			size_t len = scratch->a.len;
			*out_cut = cut(&scratch->a, len > TAIL_BYTES ? len - TAIL_BYTES : 0);
		}
		bool went = cut(&scratch->a, max);
		if (request->max_chars > 0) {
			size_t bytes = bytes_of(bp_buf_str(&scratch->a), request->max_chars);
			went = cut(&scratch->a, bytes) || went;
		}
		*out_cut = *out_cut || went;
		if (look == LOOK_NONE && !went && !(i == 0 && shortened)) {
			return bp_buf_str(&scratch->a);
		}
	}
	return all_redacted(scratch, "limit");
}

const char *bp_redact_find(struct bp_redact_scratch *scratch, struct bp_str key, struct bp_str text)
{
	size_t start = 0;
	size_t end = 0;

	if (text.len == 0) {
		return NULL;
	}
	if (is_secret_name(scratch, key) && !bp_str_starts(text, BP_STR(OPENING))) {
		return "password";
	}
	copy_clean(text, &scratch->a);
	if (!bp_buf_ok(&scratch->a)) {
		return "limit";
	}
	text = bp_buf_str(&scratch->a);
	for (size_t i = 0; i < bp_redact_patterns_n; i++) {
		const struct bp_redact_pattern *pattern = &bp_redact_patterns[i];
		enum look look = can_match(pattern, text)
					 ? next_secret(scratch, scratch->redact->codes[i], text, 0,
						       &start, &end)
					 : LOOK_NONE;
		if (look != LOOK_NONE) {
			return look == LOOK_LIMIT ? "limit" : pattern->kind;
		}
	}
	return NULL;
}
