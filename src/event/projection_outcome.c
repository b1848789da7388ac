/* SPDX-License-Identifier: MIT */
/*
 * projection_outcome.c - what one record says about the outcome of a call (evidence 2.1, 2.2).
 *
 * A verdict is a function of one record alone; the slow path takes the maximum of the ranks, so
 * the order in which records arrive never matters.
 */
#include "event/projection_parts.h"

enum {
	RANK_REJECTED = 90,
	RANK_DENIED = 80,
	RANK_INTERRUPTED = 60,
	RANK_ERROR = 50,
	RANK_OK = 40,
	RANK_WEAK = 32,
	RANK_DENIAL_KIND = 20,
	DECISION_CONFIG = 1, /* any other denial */
	DECISION_TEXT = 2,   /* the sentence says who */
	DECISION_GIVEN = 3   /* the client names the source */
};

enum how { STARTS, HAS };

enum meaning {
	MEANS_ERROR, /* nothing more is known */
	MEANS_REJECTED,
	MEANS_HOOK_DENIED,
	MEANS_DENIED,
	MEANS_INTERRUPTED,
	MEANS_PRECONDITION,
	MEANS_EXIT_CODE
};

/* The first rule that fits decides. Beginnings stand before the rest: a command that ran may
   print any of these sentences after its exit code. */
static const struct {
	enum how how;
	enum meaning meaning;
	struct bp_str text;
} SENTENCES[] = {
	{STARTS, MEANS_REJECTED, BP_KEY("The user doesn't want to proceed with this tool use")},
	{STARTS, MEANS_REJECTED, BP_KEY("The user doesn't want to take this action right now")},
	{STARTS, MEANS_REJECTED, BP_KEY("Permission for this tool use was denied.")},
	{STARTS, MEANS_HOOK_DENIED, BP_KEY("PreToolUse:")},
	{STARTS, MEANS_DENIED, BP_KEY("Permission to use ")},
	{STARTS, MEANS_PRECONDITION, BP_KEY("<tool_use_error>")},
	{STARTS, MEANS_EXIT_CODE, BP_KEY("Exit code ")},
	{STARTS, MEANS_INTERRUPTED, BP_KEY("[Request interrupted")},
	{HAS, MEANS_DENIED, BP_KEY("you haven't granted it yet")},
	{HAS, MEANS_DENIED, BP_KEY(" needs approval. ")},
	{HAS, MEANS_DENIED, BP_KEY(" was blocked. For security, ")},
	{HAS, MEANS_DENIED, BP_KEY("This command requires approval")},
};

/* Classes of errors (metrics 2), the first that fits. "<tool_use_error>" is precondition and
   "Exit code N" is exit_code before this table is asked, but a command that was cut by its time
   limit says so after its exit code. */
static const struct {
	enum how how;
	struct bp_str text;
	const char *class;
} ERROR_CLASSES[] = {
	{STARTS, BP_KEY("File has not been read yet"), "precondition"},
	{STARTS, BP_KEY("File has been modified since read"), "precondition"},
	{STARTS, BP_KEY("File has been unexpectedly modified"), "precondition"},
	{STARTS, BP_KEY("Sibling tool call errored"), "precondition"},
	{STARTS, BP_KEY("No such tool available"), "precondition"},
	{STARTS, BP_KEY("InputValidationError"), "precondition"},
	{STARTS, BP_KEY("String to replace not found"), "edit_mismatch"},
	{HAS, BP_KEY("matches of the string to replace"), "edit_mismatch"},
	{STARTS, BP_KEY("API Error"), "api"},
	{HAS, BP_KEY("timed out"), "timeout"},
	{HAS, BP_KEY("ETIMEDOUT"), "timeout"},
	{HAS, BP_KEY("does not exist"), "not_found"},
	{HAS, BP_KEY("No such file or directory"), "not_found"},
	{HAS, BP_KEY("ENOENT"), "not_found"},
	{HAS, BP_KEY("not found"), "not_found"},
	{HAS, BP_KEY("Permission denied"), "permission"},
	{HAS, BP_KEY("permission denied"), "permission"},
	{HAS, BP_KEY("EACCES"), "permission"},
	{HAS, BP_KEY("EPERM"), "permission"},
	{HAS, BP_KEY("Operation not permitted"), "permission"},
	{HAS, BP_KEY("ECONNREFUSED"), "network"},
	{HAS, BP_KEY("ECONNRESET"), "network"},
	{HAS, BP_KEY("ENOTFOUND"), "network"},
	{HAS, BP_KEY("getaddrinfo"), "network"},
	{HAS, BP_KEY("fetch failed"), "network"},
	{HAS, BP_KEY("socket hang up"), "network"},
	{HAS, BP_KEY("Request failed with status code"), "network"},
	{HAS, BP_KEY("SyntaxError"), "syntax"},
	{HAS, BP_KEY("syntax error"), "syntax"},
	{HAS, BP_KEY("Unexpected token"), "syntax"},
	{HAS, BP_KEY("regex parse error"), "syntax"},
};

/* The words of `permissionDecision.source` and OTLP's tool_decision. */
static const char *const SOURCES[] = {"config",         "hook",       "user_permanent",
				      "user_temporary", "user_abort", "user_reject"};

/* What Anthropic's API and the client call an error. Anything else is "other". */
static const char *const API_CLASSES[] = {
	"rate_limit",       "overloaded",        "authentication_failed", "billing_error",
	"invalid_request",  "model_not_found",   "server_error",          "max_output_tokens",
	"unknown",          "network",           "overloaded_error",      "api_error",
	"rate_limit_error", "permission_error",  "invalid_request_error", "authentication_error",
	"not_found_error",  "request_too_large", "timeout_error",         "oauth_org_not_allowed"};

static bool fits(enum how how, struct bp_str head, struct bp_str text)
{
	return how == STARTS ? bp_str_starts(head, text)
			     : memmem(head.ptr, head.len, text.ptr, text.len) != NULL;
}

static enum meaning meaning_of(struct bp_str head)
{
	for (size_t i = 0; i < sizeof(SENTENCES) / sizeof(SENTENCES[0]); i++) {
		if (fits(SENTENCES[i].how, head, SENTENCES[i].text)) {
			return SENTENCES[i].meaning;
		}
	}
	return MEANS_ERROR;
}

static const char *class_of(struct bp_str head)
{
	for (size_t i = 0; i < sizeof(ERROR_CLASSES) / sizeof(ERROR_CLASSES[0]); i++) {
		if (fits(ERROR_CLASSES[i].how, head, ERROR_CLASSES[i].text)) {
			return ERROR_CLASSES[i].class;
		}
	}
	return "other";
}

/* N of "Exit code N", a small number. */
static int64_t exit_code_of(struct bp_str head)
{
	size_t i = sizeof("Exit code ") - 1;
	bool negative = i < head.len && head.ptr[i] == '-';
	int64_t code = 0;
	size_t digits = 0;

	i += negative ? 1 : 0;
	for (; i < head.len && head.ptr[i] >= '0' && head.ptr[i] <= '9' && digits < 10; i++) {
		code = code * 10 + (head.ptr[i] - '0');
		digits++;
	}
	if (digits == 0 || digits == 10) {
		return BP_ABSENT;
	}
	return negative ? -code : code;
}

/* The head of a text, without the "Error: " that some places put before it. */
static struct bp_str head_of(struct bp_json text, char space[BP_PROJECTION_HEAD_MAX])
{
	const struct bp_str prefix = BP_STR("Error: ");
	struct bp_str head =
		bp_str_make(space, bp_projection_head(text, space, BP_PROJECTION_HEAD_MAX));

	if (bp_str_starts(head, prefix)) {
		head.ptr += prefix.len;
		head.len -= prefix.len;
	}
	return head;
}

static struct bp_verdict verdict_make(int rank)
{
	return (struct bp_verdict){.rank = rank, .exit_code = BP_ABSENT};
}

static void decide(struct bp_verdict *verdict, const char *source, int rank)
{
	if (rank > verdict->decision_rank) {
		verdict->decision = source;
		verdict->decision_rank = rank;
	}
}

static void raise_rank(struct bp_verdict *verdict, int rank)
{
	if (rank > verdict->rank) {
		verdict->rank = rank;
	}
}

/* Class and exit code of a text that tells of an error. */
static void classify_error(struct bp_verdict *verdict, struct bp_str head, enum meaning meaning)
{
	verdict->error_class = meaning == MEANS_PRECONDITION ? "precondition" : class_of(head);
	if (meaning == MEANS_EXIT_CODE) {
		verdict->exit_code = exit_code_of(head);
		if (memmem(head.ptr, head.len, "Command timed out after", 23) == NULL) {
			verdict->error_class = "exit_code";
		} else {
			verdict->error_class = "timeout";
		}
	}
}

/* What the text of a result says. weak: without an is_error beside it. */
static struct bp_verdict verdict_of_text(struct bp_json text, bool weak)
{
	char space[BP_PROJECTION_HEAD_MAX];
	struct bp_str head = head_of(text, space);
	enum meaning meaning = meaning_of(head);
	struct bp_verdict verdict = verdict_make(0);

	switch (meaning) {
	case MEANS_REJECTED:
		verdict.rank = RANK_REJECTED;
		verdict.weak = "rejected";
		decide(&verdict, "user_reject", DECISION_TEXT);
		break;
	case MEANS_HOOK_DENIED:
		verdict.rank = RANK_DENIED;
		verdict.weak = "denied";
		decide(&verdict, "hook", DECISION_TEXT);
		break;
	case MEANS_DENIED:
		verdict.rank = RANK_DENIED;
		verdict.weak = "denied";
		decide(&verdict, "config", DECISION_CONFIG);
		break;
	case MEANS_INTERRUPTED:
		verdict.rank = RANK_INTERRUPTED;
		break;
	case MEANS_PRECONDITION:
	case MEANS_EXIT_CODE:
	case MEANS_ERROR:
	default:
		verdict.rank = RANK_ERROR;
		verdict.weak = meaning == MEANS_ERROR ? NULL : "error";
		classify_error(&verdict, head, meaning);
		break;
	}
	if (!weak) {
		verdict.weak = NULL;
	} else if (verdict.weak) {
		verdict.rank = RANK_WEAK;
	} else {
		verdict = verdict_make(0);
	}
	return verdict;
}

static const char *source_of(struct bp_json value)
{
	for (size_t i = 0; i < sizeof(SOURCES) / sizeof(SOURCES[0]); i++) {
		if (bp_projection_is(value, SOURCES[i])) {
			return SOURCES[i];
		}
	}
	return NULL;
}

static void take_permission(struct bp_verdict *verdict, struct bp_json permission)
{
	const char *source = source_of(bp_json_get(permission, BP_STR("source")));

	if (!source) {
		return;
	}
	decide(verdict, source, DECISION_GIVEN);
	if (!bp_projection_is(bp_json_get(permission, BP_STR("decision")), "reject")) {
		return;
	}
	if (strcmp(source, "user_reject") == 0) {
		raise_rank(verdict, RANK_REJECTED);
	} else if (strcmp(source, "config") == 0 || strcmp(source, "hook") == 0) {
		raise_rank(verdict, RANK_DENIED);
	} else if (strcmp(source, "user_abort") == 0) {
		raise_rank(verdict, RANK_INTERRUPTED);
	}
}

struct bp_verdict bp_verdict_of_line(const struct bp_verdict_line *line)
{
	struct bp_verdict verdict;

	if (bp_json_true(line->is_error)) {
		verdict = verdict_of_text(bp_projection_content_text(line->content), false);
	} else {
		verdict = verdict_make(RANK_OK);
	}
	if (bp_json_true(bp_json_get(line->structured, BP_STR("interrupted")))) {
		raise_rank(&verdict, RANK_INTERRUPTED);
	}
	take_permission(&verdict, line->permission);
	if (line->denial.type == BP_JSON_STRING) {
		raise_rank(&verdict, RANK_DENIAL_KIND);
	}
	if (verdict.rank != RANK_ERROR) {
		verdict.error_class = NULL;
	}
	return verdict;
}

struct bp_verdict bp_verdict_of_batch(struct bp_json response)
{
	struct bp_json text = bp_projection_content_text(response);

	return text.type == BP_JSON_STRING ? verdict_of_text(text, true) : verdict_make(0);
}

struct bp_verdict bp_verdict_of_success(struct bp_json response)
{
	return verdict_make(bp_json_true(bp_json_get(response, BP_STR("interrupted")))
				    ? RANK_INTERRUPTED
				    : RANK_OK);
}

struct bp_verdict bp_verdict_of_failure(struct bp_json error, bool is_interrupt)
{
	char space[BP_PROJECTION_HEAD_MAX];
	struct bp_verdict verdict = verdict_make(RANK_ERROR);
	struct bp_str head = head_of(error, space);
	enum meaning meaning = meaning_of(head);

	if (is_interrupt || meaning == MEANS_INTERRUPTED) {
		verdict.rank = RANK_INTERRUPTED;
	} else {
		classify_error(&verdict, head, meaning);
	}
	return verdict;
}

struct bp_verdict bp_verdict_of_denial(void)
{
	struct bp_verdict verdict = verdict_make(RANK_DENIED);

	decide(&verdict, "config", DECISION_CONFIG);
	return verdict;
}

static const char *class_of_status(int64_t status)
{
	if (status == BP_ABSENT) {
		return NULL;
	}
	switch (status) {
	case 400:
		return "invalid_request";
	case 401:
	case 403:
		return "authentication_failed";
	case 404:
		return "model_not_found";
	case 408:
		return "timeout_error";
	case 413:
		return "request_too_large";
	case 429:
		return "rate_limit";
	case 529:
		return "overloaded";
	default:
		return status >= 500 && status < 600 ? "server_error" : "other";
	}
}

const char *bp_api_error_class(const struct bp_json *words, size_t n, int64_t status)
{
	bool other = false;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sizeof(API_CLASSES) / sizeof(API_CLASSES[0]); k++) {
			if (bp_projection_is(words[i], API_CLASSES[k])) {
				return API_CLASSES[k];
			}
		}
		other = other || (words[i].type == BP_JSON_STRING && words[i].len > 2);
	}
	const char *class = class_of_status(status);
	return class ? class : other ? "other" : NULL;
}
