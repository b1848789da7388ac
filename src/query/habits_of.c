/* SPDX-License-Identifier: MIT */
#include "query/habits_of.h"

#include "query/phases.h"

enum { SEQUENCE_MAX = 3, PATTERN_MAX = 4 };

struct counting {
	const struct bp_tool_steps *steps;
	bp_habits_of_moment where;
	void *arg;
};

/* The numbers of a kind and key in the set of a moment; NULL: not wanted. */
static struct bp_habit *at(const struct counting *counting, int64_t ts_us, enum bp_habit_kind kind,
			   struct bp_str key)
{
	struct bp_habits *habits = counting->where(counting->arg, ts_us);

	return habits ? bp_habits_at(habits, kind, key) : NULL;
}

static struct bp_str name_of(const struct bp_tool_steps *steps, uint16_t name)
{
	return bp_str_from(steps->names[name]);
}

/* The names of tools as a key. */
struct key {
	char text[PATTERN_MAX * (BP_TOOL_NAME_BYTES_MAX + 1)];
	size_t len;
};

static void add_name(struct key *key, struct bp_str name)
{
	size_t n = name.len < BP_TOOL_NAME_BYTES_MAX ? name.len : BP_TOOL_NAME_BYTES_MAX;

	if (key->len > 0) {
		key->text[key->len++] = BP_HABIT_BETWEEN;
	}
	memcpy(key->text + key->len, name.ptr, n);
	key->len += n;
}

/* --- turns --- */

static void count_sequence(const struct counting *counting, const struct bp_tool_step *last,
			   size_t n)
{
	struct key key = {.len = 0};

	for (size_t i = n; i-- > 0;) {
		add_name(&key, name_of(counting->steps, last[-(ptrdiff_t)i].tool));
	}
	struct bp_habit *habit =
		at(counting, last->ts_us, BP_HABIT_SEQUENCE, bp_str_make(key.text, key.len));
	if (habit) {
		habit->values[BP_SEQUENCE_COUNT]++;
	}
}

/* Nothing rejected or interrupted, and the last call that ran was ok. */
static bool turn_succeeded(const struct bp_tool_step *step, size_t n, bool *out_pending)
{
	bool ok = false;

	*out_pending = false;
	for (size_t i = 0; i < n; i++) {
		if (step[i].outcome == BP_OUTCOME_REJECTED ||
		    step[i].outcome == BP_OUTCOME_INTERRUPTED) {
			return false;
		}
		if (bp_outcome_executed(step[i].outcome)) {
			ok = step[i].outcome == BP_OUTCOME_OK;
		}
		*out_pending = *out_pending || step[i].outcome == BP_OUTCOME_PENDING;
	}
	return ok;
}

static void count_pattern(const struct counting *counting, const struct bp_tool_step *step,
			  size_t n)
{
	struct key key = {.len = 0};
	size_t tools = 0;
	uint16_t last = 0;
	bool pending;

	for (size_t i = 0; i < n && tools < PATTERN_MAX; i++) {
		if (tools == 0 || step[i].tool != last) {
			add_name(&key, name_of(counting->steps, step[i].tool));
			last = step[i].tool;
			tools++;
		}
	}
	bool succeeded = turn_succeeded(step, n, &pending);
	struct bp_habit *habit =
		at(counting, step->ts_us, BP_HABIT_PATTERN, bp_str_make(key.text, key.len));
	if (habit) {
		habit->values[BP_PATTERN_TURNS]++;
		habit->values[BP_PATTERN_SUCCEEDED] += succeeded && !pending;
		habit->values[BP_PATTERN_OPEN] += succeeded && pending;
	}
}

static void count_turns(const struct counting *counting)
{
	const struct bp_tool_steps *steps = counting->steps;

	for (size_t i = 0; i < steps->n;) {
		size_t n = bp_tool_steps_in_turn(steps, i);
		const struct bp_tool_step *step = &steps->items[i];
		for (size_t k = 1; k < n; k++) {
			for (size_t of = 2; of <= SEQUENCE_MAX && of <= k + 1; of++) {
				count_sequence(counting, &step[k], of);
			}
		}
		if (step->agent == 0 && step->turn != BP_SQL_NULL) {
			count_pattern(counting, step, n);
		}
		i += n;
	}
}

/* --- each call --- */

static void count_phase(const struct counting *counting, const struct bp_tool_step *step)
{
	enum bp_phase phase = bp_phase_of(counting->steps, step);
	struct bp_habit *habit =
		at(counting, step->ts_us, BP_HABIT_PHASE, bp_str_from(bp_phase_name(phase)));

	if (habit) {
		habit->values[BP_PHASE_CALLS]++;
		if (step->latency_us != BP_SQL_NULL && bp_outcome_executed(step->outcome)) {
			habit->values[BP_PHASE_LATENCY_US] += step->latency_us;
		}
	}
}

static void count_hour(const struct counting *counting, const struct bp_tool_step *step)
{
	struct bp_habit *habit = at(counting, step->ts_us, BP_HABIT_HOUR, BP_STR(""));

	if (habit) {
		habit->values[BP_HOUR_CALLS]++;
		habit->values[BP_HOUR_ERRORS] += step->outcome == BP_OUTCOME_ERROR;
		habit->values[BP_HOUR_EDITS_OK] += step->edit && step->outcome == BP_OUTCOME_OK;
		habit->values[BP_HOUR_EDITS_REJECTED] +=
			step->edit && step->outcome == BP_OUTCOME_REJECTED;
		if (bp_outcome_executed(step->outcome) && step->latency_us != BP_SQL_NULL) {
			bp_sketch_add(&habit->latency, step->latency_us);
		}
	}
}

static void count_edit(const struct counting *counting, const struct bp_tool_step *step)
{
	struct bp_habit *habit = step->edit ? at(counting, step->ts_us, BP_HABIT_FILE_TYPE,
						 name_of(counting->steps, step->extension))
					    : NULL;
	bool ok = step->outcome == BP_OUTCOME_OK;

	if (habit) {
		habit->values[BP_FILE_PROPOSED]++;
		habit->values[BP_FILE_ACCEPTED] += ok;
		habit->values[BP_FILE_REJECTED] += step->outcome == BP_OUTCOME_REJECTED;
		habit->values[BP_FILE_CREATED] += ok && step->created;
		habit->values[BP_FILE_LINES_ADDED] += ok ? step->lines_added : 0;
		habit->values[BP_FILE_LINES_REMOVED] += ok ? step->lines_removed : 0;
	}
}

static void count_day(const struct counting *counting, const struct bp_tool_step *step)
{
	struct bp_habit *habit = at(counting, step->ts_us, BP_HABIT_DAY, BP_STR(""));

	if (habit) {
		habit->values[BP_DAY_EXECUTED] += bp_outcome_executed(step->outcome);
		habit->values[BP_DAY_ERRORS] += step->outcome == BP_OUTCOME_ERROR;
		habit->values[BP_DAY_OPEN] += step->outcome == BP_OUTCOME_PENDING;
	}
}

/* Where one phase gives way to another is counted where the span begins. */
static void count_spans(const struct counting *counting)
{
	struct bp_phase_spans spans = bp_phase_spans_of(counting->steps);

	for (size_t i = 0; i < spans.n; i++) {
		const struct bp_phase_span *span = &spans.items[i];
		struct bp_habit *habit = at(counting, span->from_us, BP_HABIT_PHASE,
					    bp_str_from(bp_phase_name(span->phase)));
		if (habit) {
			habit->values[BP_PHASE_SPANS]++;
			habit->values[BP_PHASE_VERIFIED] += span->verifies;
		}
	}
	bp_phase_spans_done(&spans);
}

/* --- sub-agents and context --- */

enum bp_habit_end bp_habit_end_of(struct bp_str outcome, struct bp_str stop_reason)
{
	if (outcome.len > 0) {
		switch (bp_outcome_of(outcome, 0, BP_TIME_FIRST)) {
		case BP_OUTCOME_OK:
			return BP_HABIT_END_OK;
		case BP_OUTCOME_INTERRUPTED:
			return BP_HABIT_END_INTERRUPTED;
		case BP_OUTCOME_PENDING:
			return BP_HABIT_END_OPEN_INTERRUPTED;
		case BP_OUTCOME_ERROR:
		case BP_OUTCOME_REJECTED:
		case BP_OUTCOME_DENIED:
		case BP_OUTCOMES:
			return BP_HABIT_END_FAILED;
		}
	}
	if (stop_reason.len == 0) {
		return BP_HABIT_END_OPEN_UNKNOWN;
	}
	return bp_str_is(stop_reason, "end_turn") || bp_str_is(stop_reason, "stop_sequence")
		       ? BP_HABIT_END_OK
		       : BP_HABIT_END_OPEN_UNFINISHED;
}

static const size_t END_VALUES[] = {
	[BP_HABIT_END_OK] = BP_AGENT_ENDS,
	[BP_HABIT_END_FAILED] = BP_AGENT_ENDS + 1,
	[BP_HABIT_END_INTERRUPTED] = BP_AGENT_ENDS + 2,
	[BP_HABIT_END_OPEN_INTERRUPTED] = BP_AGENT_OPEN_INTERRUPTED,
	[BP_HABIT_END_OPEN_UNFINISHED] = BP_AGENT_OPEN_UNFINISHED,
	[BP_HABIT_END_OPEN_UNKNOWN] = BP_AGENT_OPEN_UNKNOWN,
};

/* How many work when the i-th starts, those of its type alone or all. One that starts in the moment
   another ends works beside it. */
static int64_t at_work(const struct bp_habit_source *source, size_t i, bool of_type)
{
	const struct bp_habit_agent *agent = &source->agents[i];
	int64_t n = 0;

	for (size_t k = 0; k < source->n_agents; k++) {
		const struct bp_habit_agent *other = &source->agents[k];
		n += other->started_us <= agent->started_us &&
		     other->ended_us >= agent->started_us &&
		     (!of_type || bp_str_eq(other->type, agent->type));
	}
	return n;
}

static void raise(struct bp_habit *habit, size_t value, int64_t to)
{
	if (habit && habit->values[value] < to) {
		habit->values[value] = to;
	}
}

static void count_agents(const struct counting *counting, const struct bp_habit_source *source)
{
	for (size_t i = 0; i < source->n_agents; i++) {
		const struct bp_habit_agent *agent = &source->agents[i];
		struct bp_habit *habit = at(counting, agent->ended_us, BP_HABIT_AGENT, agent->type);
		if (habit) {
			habit->values[BP_AGENT_AGENTS]++;
			habit->values[BP_AGENT_DURATION_US] += agent->ended_us - agent->started_us;
			habit->values[END_VALUES[agent->end]]++;
		}
		raise(at(counting, agent->started_us, BP_HABIT_AGENT, agent->type), BP_AGENT_PEAK,
		      at_work(source, i, true));
		raise(at(counting, agent->started_us, BP_HABIT_PEAK, BP_STR(BP_PEAK_AGENTS)),
		      BP_PEAK_VALUE, at_work(source, i, false));
	}
}

static void count_agent_call(const struct counting *counting, const struct bp_habit_source *source,
			     const struct bp_tool_step *step)
{
	for (size_t i = 0; i < source->n_agents; i++) {
		if (source->agents[i].agent == step->agent) {
			struct bp_habit *habit =
				at(counting, step->ts_us, BP_HABIT_AGENT, source->agents[i].type);
			if (habit) {
				habit->values[BP_AGENT_TOOL_CALLS]++;
			}
			return;
		}
	}
}

void bp_habits_of(const struct bp_habit_source *source, bp_habits_of_moment where, void *arg)
{
	const struct counting counting = {source->steps, where, arg};

	count_turns(&counting);
	for (size_t i = 0; i < source->steps->n; i++) {
		const struct bp_tool_step *step = &source->steps->items[i];
		count_phase(&counting, step);
		count_day(&counting, step);
		count_hour(&counting, step);
		count_edit(&counting, step);
		if (step->agent != 0) {
			count_agent_call(&counting, source, step);
		}
	}
	count_spans(&counting);
	count_agents(&counting, source);
	for (size_t i = 0; i < source->n_contexts; i++) {
		raise(at(&counting, source->contexts[i].ts_us, BP_HABIT_PEAK,
			 BP_STR(BP_PEAK_CONTEXT)),
		      BP_PEAK_VALUE, source->contexts[i].tokens);
	}
}
