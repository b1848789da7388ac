/* SPDX-License-Identifier: MIT */
#include "query/insights_rules.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"

const struct bp_insight_minima bp_insight_minimum = {
	.edits = 30,
	.acceptance_fall = 0.05,
	.acceptance_high = 0.15,
	.sure = 2,
	.tool_calls = 30,
	.tool_errors = 10,
	.tool_error_rate = 0.10,
	.tool_error_high = 0.25,
	.file_edits = 10,
	.file_reads = 10,
	.answers = 20,
	.think_ratio = 2,
	.prompt_tokens = 10000000,
	.cache_fall = 0.05,
	.model_sessions = 5,
	.model_lines = 500,
	.model_ratio = 2,
	.compacting = 3,
	.compacting_share = 0.10,
	.jump_days_before = 7,
	.jump_days_after = 3,
	.jump_ratio = 2,
	.jump_pusd = INT64_C(1000000000000),
	.hour_edits = 30,
	.hours = 3,
	.hour_gain = 0.05,
	.agents = 10,
	.agents_unfinished = 3,
	.agents_share = 0.10,
	.limit_percent = 80,
	.limit_high = 95,
};

/* --- making one --- */

struct bp_insight *bp_insight_add(struct bp_insights *out, const char *kind,
				  enum bp_insight_type type, enum bp_insight_priority priority)
{
	if (out->n == out->cap) {
		out->cap = out->cap ? 2 * out->cap : 16;
		out->items = bp_realloc(out->items, out->cap, sizeof(out->items[0]));
	}
	struct bp_insight *insight = &out->items[out->n++];
	*insight = (struct bp_insight){
		.kind = kind, .type = type, .priority = priority, .evidence = cJSON_CreateObject()};
	return insight;
}

void bp_insight_number(struct bp_insight *insight, const char *name, double value)
{
	(void)cJSON_AddNumberToObject(insight->evidence, name, value);
}

void bp_insight_sessions(struct bp_insight *insight, const char *const *ids, size_t n)
{
	cJSON *list = cJSON_AddArrayToObject(insight->evidence, "sessions");

	for (size_t i = 0; i < n; i++) {
		(void)cJSON_AddItemToArray(list, cJSON_CreateString(ids[i]));
	}
}

double bp_insight_z(int64_t a1, int64_t b1, int64_t a2, int64_t b2)
{
	double n1 = (double)(a1 + b1), n2 = (double)(a2 + b2);
	double all = n1 > 0 && n2 > 0 ? (double)(a1 + a2) / (n1 + n2) : 0;
	double error = n1 > 0 && n2 > 0 ? sqrt(all * (1 - all) * (1 / n1 + 1 / n2)) : 0;

	return error > 0 ? ((double)a1 / n1 - (double)a2 / n2) / error : 0;
}

static double rate(int64_t part, int64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

/* A tool whose name no source told. */
static const char *named(const char *name)
{
	return *name ? name : "(none)";
}

/* --- the rules --- */

static void acceptance_falling(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	const struct bp_insight_side *now = &numbers->now, *then = &numbers->then;
	int64_t n_now = now->edits_ok + now->edits_rejected;
	int64_t n_then = then->edits_ok + then->edits_rejected;
	double is = rate(now->edits_ok, n_now), was = rate(then->edits_ok, n_then);

	if (!numbers->has_before || n_now < min->edits || n_then < min->edits ||
	    was - is < min->acceptance_fall ||
	    bp_insight_z(then->edits_ok, then->edits_rejected, now->edits_ok, now->edits_rejected) <
		    min->sure) {
		return;
	}
	struct bp_insight *insight = bp_insight_add(
		out, "acceptance_falling", BP_INSIGHT_PRODUCTIVITY,
		was - is >= min->acceptance_high ? BP_INSIGHT_HIGH : BP_INSIGHT_MEDIUM);
	insight->title = bp_asprintf("Fewer edits are accepted: %.1f %%, before %.1f %%", is * 100,
				     was * 100);
	insight->detail =
		bp_asprintf("You accepted %" PRId64 " of %" PRId64
			    " edits; in the period before it was %" PRId64 " of %" PRId64 ".",
			    now->edits_ok, n_now, then->edits_ok, n_then);
	insight->action = bp_asprintf("Look at what was rejected (blueplane sessions "
				      "--max-acceptance 0.8) and ask for smaller steps there.");
	bp_insight_number(insight, "edits_ok", (double)now->edits_ok);
	bp_insight_number(insight, "edits_rejected", (double)now->edits_rejected);
	bp_insight_number(insight, "acceptance_rate", is);
	bp_insight_number(insight, "acceptance_rate_before", was);
	bp_insight_number(insight, "edits_before", (double)n_then);
}

/* What helps against a class of errors. */
static const char *cure(const char *class)
{
	static const struct {
		const char *class;
		const char *cure;
	} cures[] = {
		{"precondition",
		 "Files are edited that were not read before, or changed since: let "
		 "the assistant read a file right before it edits it."},
		{"edit_mismatch", "The text to replace was not there: ask for smaller edits, after "
				  "reading the file anew."},
		{"not_found", "Paths are guessed: name files and commands in your instructions "
			      "(CLAUDE.md)."},
		{"timeout", "Commands run too long: give them a longer timeout, or let them run in "
			    "the background."},
		{"permission", "Something is not allowed: allow what is harmless in the settings, "
			       "or say what to do instead."},
		{"exit_code", "Commands fail: write the ones that work into your instructions "
			      "(CLAUDE.md)."},
		{"network", "The network fails: check the proxy, or cache what is fetched again "
			    "and again."},
		{"syntax", "Commands are mistyped: name the shell and its version in your "
			   "instructions."},
		{"api", "The service behind it fails: try again later, or another one."},
	};

	for (size_t i = 0; i < sizeof(cures) / sizeof(cures[0]); i++) {
		if (strcmp(cures[i].class, class) == 0) {
			return cures[i].cure;
		}
	}
	return "Look at the failed calls (blueplane analyze last --timeline) for what they share.";
}

static void tool_fails(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;

	for (size_t i = 0; i < numbers->n_tools && i < BP_INSIGHT_FAILING_MAX; i++) {
		const struct bp_insight_tool *tool = &numbers->tools[i];
		double failed = rate(tool->errors, tool->executed);
		if (tool->executed < min->tool_calls || tool->errors < min->tool_errors ||
		    failed < min->tool_error_rate) {
			continue;
		}
		struct bp_insight *insight = bp_insight_add(
			out, "tool_fails", BP_INSIGHT_ERRORS,
			failed >= min->tool_error_high ? BP_INSIGHT_HIGH : BP_INSIGHT_MEDIUM);
		insight->scope = bp_asprintf("%s", tool->tool);
		insight->title = bp_asprintf("%s fails in %.1f %% of its calls", named(tool->tool),
					     failed * 100);
		insight->detail = *tool->class ? bp_asprintf("%" PRId64 " of %" PRId64
							     " calls failed; %" PRId64
							     " of these errors are of class %s.",
							     tool->errors, tool->executed,
							     tool->class_errors, tool->class)
					       : bp_asprintf("%" PRId64 " of %" PRId64
							     " calls failed; no source told why.",
							     tool->errors, tool->executed);
		insight->action = bp_asprintf("%s", cure(tool->class));
		bp_insight_number(insight, "calls", (double)tool->executed);
		bp_insight_number(insight, "errors", (double)tool->errors);
		bp_insight_number(insight, "error_rate", failed);
		(void)cJSON_AddItemToObject(insight->evidence, "error_class",
					    *tool->class ? cJSON_CreateString(tool->class)
							 : cJSON_CreateNull());
		bp_insight_number(insight, "class_errors", (double)tool->class_errors);
	}
}

static void file_churn(struct bp_insights *out, const struct bp_insight_file *file, bool edited)
{
	int64_t min = edited ? bp_insight_minimum.file_edits : bp_insight_minimum.file_reads;

	if (!file->session || file->times < min) {
		return;
	}
	struct bp_insight *insight = bp_insight_add(
		out, edited ? "file_edited_again" : "file_read_again", BP_INSIGHT_PATTERNS,
		file->times >= 2 * min ? BP_INSIGHT_MEDIUM : BP_INSIGHT_LOW);
	insight->scope = bp_asprintf("%s", file->session);
	insight->title =
		bp_asprintf("One %s%s%sfile was %s %" PRId64 " times in a session",
			    *file->extension ? "." : "", file->extension,
			    *file->extension ? " " : "", edited ? "edited" : "read", file->times);
	insight->detail = bp_asprintf("In session %s the same file was %s %" PRId64 " times.",
				      file->session, edited ? "edited" : "read", file->times);
	insight->action =
		edited ? bp_asprintf("Say what the file should look like in the end before the "
				     "first edit, or divide it.")
		       : bp_asprintf("Divide the file, or put what is looked up in it into "
				     "CLAUDE.md: each reading is paid for.");
	bp_insight_number(insight, edited ? "edits" : "reads", (double)file->times);
	(void)cJSON_AddItemToObject(insight->evidence, "extension",
				    *file->extension ? cJSON_CreateString(file->extension)
						     : cJSON_CreateNull());
	bp_insight_sessions(insight, &file->session, 1);
}

static void file_edited_again(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	file_churn(out, &numbers->edited, true);
}

static void file_read_again(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	file_churn(out, &numbers->read, false);
}

static void long_thinking(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	double after_long = (double)numbers->think_long_us / 1e6;
	double after_short = (double)numbers->think_short_us / 1e6;

	if (numbers->long_answers < min->answers || numbers->short_answers < min->answers ||
	    after_short <= 0 || after_long < min->think_ratio * after_short) {
		return;
	}
	struct bp_insight *insight =
		bp_insight_add(out, "long_thinking", BP_INSIGHT_PRODUCTIVITY, BP_INSIGHT_LOW);
	insight->title = bp_asprintf("After long answers you take %.1f times as long to go on",
				     after_long / after_short);
	insight->detail = bp_asprintf(
		"Half of the answers of two minutes and more are followed by the next prompt "
		"within %.0f s (%" PRId64 " answers); after shorter ones it is %.0f s (%" PRId64
		").",
		after_long, numbers->long_answers, after_short, numbers->short_answers);
	insight->action = bp_asprintf("Ask for a summary at the end of long work, or divide the "
				      "task: what is read slowly is long.");
	bp_insight_number(insight, "long_answers", (double)numbers->long_answers);
	bp_insight_number(insight, "short_answers", (double)numbers->short_answers);
	bp_insight_number(insight, "think_after_long_s", after_long);
	bp_insight_number(insight, "think_after_short_s", after_short);
}

static void compacts_often(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	double share = rate(numbers->compacting, numbers->sessions);

	if (numbers->compacting < min->compacting || share < min->compacting_share) {
		return;
	}
	struct bp_insight *insight =
		bp_insight_add(out, "compacts_often", BP_INSIGHT_PATTERNS, BP_INSIGHT_MEDIUM);
	insight->title =
		bp_asprintf("%" PRId64 " sessions compacted twice or more", numbers->compacting);
	insight->detail =
		bp_asprintf("That is %.1f %% of %" PRId64 " sessions; all together %" PRId64
			    " compactions. Each one forgets, and is paid for.",
			    share * 100, numbers->sessions, numbers->compactions);
	insight->action = bp_asprintf("Begin a new session (/clear) for a new task; let sub-agents "
				      "read what is long.");
	bp_insight_number(insight, "sessions_compacting", (double)numbers->compacting);
	bp_insight_number(insight, "sessions_all", (double)numbers->sessions);
	bp_insight_number(insight, "share", share);
	bp_insight_number(insight, "compactions", (double)numbers->compactions);
	bp_insight_sessions(insight, numbers->compacting_ids, numbers->n_compacting_ids);
}

static void best_hour(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	int64_t ok = 0, rejected = 0, hours = 0;
	int best = -1;

	for (int i = 0; i < 24; i++) {
		int64_t n = numbers->hours[i].ok + numbers->hours[i].rejected;
		ok += numbers->hours[i].ok;
		rejected += numbers->hours[i].rejected;
		if (n < min->hour_edits) {
			continue;
		}
		hours++;
		double is = rate(numbers->hours[i].ok, n);
		if (best < 0 ||
		    is > rate(numbers->hours[best].ok,
			      numbers->hours[best].ok + numbers->hours[best].rejected)) {
			best = i;
		}
	}
	if (best < 0 || hours < min->hours) {
		return;
	}
	int64_t hour_ok = numbers->hours[best].ok, hour_rejected = numbers->hours[best].rejected;
	double is = rate(hour_ok, hour_ok + hour_rejected);
	double else_is = rate(ok - hour_ok, ok - hour_ok + rejected - hour_rejected);
	if (is - else_is < min->hour_gain || bp_insight_z(hour_ok, hour_rejected, ok - hour_ok,
							  rejected - hour_rejected) < min->sure) {
		return;
	}
	struct bp_insight *insight =
		bp_insight_add(out, "best_hour", BP_INSIGHT_PATTERNS, BP_INSIGHT_LOW);
	insight->scope = bp_asprintf("%02d:00", best);
	insight->title = bp_asprintf("Between %02d:00 and %02d:00 most is accepted: %.1f %%", best,
				     (best + 1) % 24, is * 100);
	insight->detail = bp_asprintf("%" PRId64 " of %" PRId64
				      " edits were accepted in this hour; in all others %.1f %%.",
				      hour_ok, hour_ok + hour_rejected, else_is * 100);
	insight->action = bp_asprintf("Keep the work that needs the most judgement for this hour.");
	bp_insight_number(insight, "hour", best);
	bp_insight_number(insight, "edits_ok", (double)hour_ok);
	bp_insight_number(insight, "edits_rejected", (double)hour_rejected);
	bp_insight_number(insight, "acceptance_rate", is);
	bp_insight_number(insight, "acceptance_rate_else", else_is);
	bp_insight_number(insight, "hours_compared", (double)hours);
}

static void agents_unfinished(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	const struct bp_insight_minima *min = &bp_insight_minimum;
	int64_t lost = numbers->agents_unfinished + numbers->agents_interrupted;
	double share = rate(lost, numbers->agents);

	if (numbers->agents < min->agents || lost < min->agents_unfinished ||
	    share < min->agents_share) {
		return;
	}
	struct bp_insight *insight =
		bp_insight_add(out, "agents_unfinished", BP_INSIGHT_ERRORS, BP_INSIGHT_MEDIUM);
	insight->title =
		bp_asprintf("%" PRId64 " of the last %" PRId64 " sub-agents did not finish", lost,
			    numbers->agents);
	insight->detail =
		bp_asprintf("%" PRId64 " were interrupted, %" PRId64
			    " stopped in the middle (%.1f %% together); what they found "
			    "was paid for and lost.",
			    numbers->agents_interrupted, numbers->agents_unfinished, share * 100);
	insight->action = bp_asprintf("Give sub-agents smaller tasks, and let those that are under "
				      "way end before you go on.");
	bp_insight_number(insight, "agents", (double)numbers->agents);
	bp_insight_number(insight, "unfinished", (double)numbers->agents_unfinished);
	bp_insight_number(insight, "interrupted", (double)numbers->agents_interrupted);
	bp_insight_number(insight, "share", share);
	bp_insight_sessions(insight, numbers->agent_ids, numbers->n_agent_ids);
}

void bp_insight_rules_apply(const struct bp_insight_numbers *numbers, struct bp_insights *out)
{
	static void (*const rules[])(const struct bp_insight_numbers *, struct bp_insights *) = {
		bp_insight_rule_limit, bp_insight_rule_cost_jump,
		acceptance_falling,    tool_fails,
		bp_insight_rule_cache, bp_insight_rule_model_cost,
		agents_unfinished,     compacts_often,
		file_edited_again,     file_read_again,
		long_thinking,         best_hour,
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		rules[i](numbers, out);
	}
}
