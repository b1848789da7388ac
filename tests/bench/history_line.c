/* SPDX-License-Identifier: MIT */
/* The lines of Claude Code, as its versions 2.1 write them. */
#include "bench/history_parts.h"

#include <inttypes.h>
#include <string.h>

#include "event/timestamp.h"

static void put_raw(struct history *history, const char *text)
{
	bp_buf_add_str(&history->out, bp_str_from(text));
}

void history_pass_time(struct history *history, int64_t at_most_ms)
{
	history->session.ts_us += 1000 * (int64_t)(1 + history_below(history, (size_t)at_most_ms));
}

void history_end_line(struct history *history)
{
	bp_buf_add_char(&history->out, '\n');
	history->lines++;
}

/** ,"uuid":...,"timestamp":... ; the line becomes the parent of the next. */
static void put_identity(struct history *history)
{
	struct history_session *s = &history->session;
	char ts[BP_TIMESTAMP_BYTES];

	(void)bp_timestamp_format(s->ts_us, ts);
	history_uuid(history, s->parent);
	PUT(history, ",\"uuid\":\"%s\",\"timestamp\":\"%s\"", s->parent, ts);
}

static void put_start(struct history *history)
{
	PUT(history, "{\"parentUuid\":\"%s\",%s", history->session.parent, history->session.head);
}

void history_snapshot(struct history *history)
{
	char id[HISTORY_UUID_BYTES];
	char ts[BP_TIMESTAMP_BYTES];

	history_uuid(history, id);
	(void)bp_timestamp_format(history->session.ts_us, ts);
	PUT(history,
	    "{\"type\":\"file-history-snapshot\",\"messageId\":\"%s\",\"snapshot\":{\"messageId\":"
	    "\"%s\",\"trackedFileBackups\":{},\"timestamp\":\"%s\"},\"isSnapshotUpdate\":false}",
	    id, id, ts);
	history_end_line(history);
}

void history_human(struct history *history)
{
	history_uuid(history, history->session.prompt);
	put_start(history);
	PUT(history,
	    ",\"promptId\":\"%s\",\"type\":\"user\",\"message\":{\"role\":\"user\","
	    "\"content\":\"",
	    history->session.prompt);
	history_text(history, 60 + history_below(history, 400));
	put_raw(history, "\"}");
	put_identity(history);
	put_raw(history, ",\"permissionMode\":\"default\"}");
	history_end_line(history);
}

void history_queue(struct history *history)
{
	char ts[BP_TIMESTAMP_BYTES];

	for (int i = 0; i < 2; i++) {
		(void)bp_timestamp_format(history->session.ts_us, ts);
		PUT(history,
		    "{\"type\":\"queue-operation\",\"operation\":\"%s\",\"timestamp\":"
		    "\"%s\",\"sessionId\":\"%s\"",
		    i ? "dequeue" : "enqueue", ts, history->session.id);
		if (i == 0) {
			put_raw(history, ",\"content\":\"");
			history_text(history, 120);
			put_raw(history, "\"");
		}
		put_raw(history, "}");
		history_end_line(history);
		history_pass_time(history, 9000);
	}
}

static void put_attachment(struct history *history)
{
	put_start(history);
	if (history_chance(history, 70)) {
		PUT(history,
		    ",\"attachment\":{\"type\":\"hook_success\",\"hookName\":\"PostToolUse:"
		    "Edit\",\"hookEvent\":\"PostToolUse\",\"command\":\"make lint\","
		    "\"exitCode\":0,\"stdout\":\"");
		history_text(history, 200);
		PUT(history, "\",\"stderr\":\"\",\"durationMs\":%zu}",
		    history_below(history, 4000));
	} else {
		PUT(history,
		    ",\"attachment\":{\"type\":\"edited_text_file\",\"filename\":"
		    "\"/home/dev/work/%s/src/%s.c\",\"snippet\":\"",
		    history->session.project, PICK(history, history_words));
		history_text(history, 900);
		put_raw(history, "\"}");
	}
	put_raw(history, ",\"type\":\"attachment\"");
	put_identity(history);
	put_raw(history, "}");
	history_end_line(history);
}

void history_system(struct history *history)
{
	put_start(history);
	if (history_chance(history, 80)) {
		PUT(history,
		    ",\"type\":\"system\",\"subtype\":\"turn_duration\",\"durationMs\":%zu,"
		    "\"messageCount\":%zu",
		    2000 + history_below(history, 600000), 1 + history_below(history, 90));
	} else if (history_chance(history, 50)) {
		PUT(history,
		    ",\"type\":\"system\",\"subtype\":\"api_error\",\"level\":\"error\","
		    "\"error\":{\"status\":529},\"retryInMs\":%zu.5,\"retryAttempt\":1,"
		    "\"maxRetries\":10",
		    history_below(history, 4000));
	} else {
		PUT(history,
		    ",\"type\":\"system\",\"subtype\":\"compact_boundary\",\"content\":"
		    "\"Conversation compacted\",\"level\":\"info\",\"compactMetadata\":{"
		    "\"trigger\":\"auto\",\"preTokens\":%" PRId64 "}",
		    history->session.context);
		history->session.context = 0;
	}
	put_identity(history);
	put_raw(history, ",\"isMeta\":false}");
	history_end_line(history);
}

/** A call that waits for its result. */
struct call {
	char id[HISTORY_ID_BYTES];
	const char *tool;
};

static void put_call(struct history *history, struct call *call)
{
	static const char *const tools[] = {"Bash", "Bash",  "Bash",     "Read", "Read",
					    "Read", "Edit",  "Edit",     "Edit", "Grep",
					    "Glob", "Write", "TodoWrite"};
	const char *project = history->session.project;

	call->tool = PICK(history, tools);
	history_id(history, "toolu_01", call->id);
	PUT(history, "{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":{", call->id,
	    call->tool);
	if (strcmp(call->tool, "Bash") == 0) {
		PUT(history,
		    "\"command\":\"cd /home/dev/work/%s && make -j2 %s 2>&1 | tail -40\","
		    "\"description\":\"Run %s\"",
		    project, PICK(history, history_words), PICK(history, history_words));
	} else if (strcmp(call->tool, "Edit") == 0) {
		PUT(history, "\"file_path\":\"/home/dev/work/%s/src/%s.c\",\"old_string\":\"",
		    project, PICK(history, history_words));
		history_text(history, 180);
		put_raw(history, "\",\"new_string\":\"");
		history_text(history, 300);
		put_raw(history, "\",\"replace_all\":false");
	} else if (strcmp(call->tool, "Write") == 0) {
		PUT(history, "\"file_path\":\"/home/dev/work/%s/src/%s.c\",\"content\":\"", project,
		    PICK(history, history_words));
		history_text(history, 1500);
		put_raw(history, "\"");
	} else {
		PUT(history,
		    "\"file_path\":\"/home/dev/work/%s/src/%s.c\",\"pattern\":\"%s\","
		    "\"limit\":%zu",
		    project, PICK(history, history_words), PICK(history, history_words),
		    history_below(history, 2000));
	}
	put_raw(history, "}}");
}

static void put_usage(struct history *history, const int64_t tokens[4])
{
	PUT(history,
	    "{\"input_tokens\":%" PRId64 ",\"cache_creation_input_tokens\":%" PRId64
	    ",\"cache_read_input_tokens\":%" PRId64
	    ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":0,\"ephemeral_1h_input_tokens\":"
	    "%" PRId64 "},\"output_tokens\":%" PRId64 ",\"service_tier\":\"standard\"}",
	    tokens[0], tokens[1], tokens[2], tokens[1], tokens[3]);
}

/** A response: one line per block, all with one message id. *out_n calls wait for results. */
static void put_response(struct history *history, struct call *calls, size_t *out_n)
{
	struct history_session *s = &history->session;
	char message[HISTORY_ID_BYTES];
	char request[HISTORY_ID_BYTES];
	size_t n_calls = history_chance(history, 85) ? 1 : 2 + history_below(history, 2);
	bool thinks = history_chance(history, 35);
	bool says = history_chance(history, 55);
	size_t n = n_calls + (size_t)thinks + (size_t)says;
	int64_t tokens[4] = {(int64_t)(1 + history_below(history, 12)),
			     (int64_t)(40 + history_below(history, 3000)), s->context,
			     (int64_t)(8 + history_below(history, 900))};

	s->context += tokens[1] + tokens[3];
	history_id(history, "msg_01", message);
	history_id(history, "req_011C", request);
	*out_n = 0;
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n;
		int64_t shown[4] = {tokens[0], tokens[1], tokens[2], last ? tokens[3] : 1};
		put_start(history);
		PUT(history,
		    ",\"message\":{\"model\":\"%s\",\"id\":\"%s\",\"type\":\"message\","
		    "\"role\":\"assistant\",\"content\":[",
		    s->model, message);
		if (thinks && i == 0) {
			put_raw(history, "{\"type\":\"thinking\",\"thinking\":\"");
			history_text(history, 400);
			put_raw(history, "\",\"signature\":\"");
			for (size_t k = 6 + history_below(history, 20); k > 0; k--) {
				PUT(history, "%016" PRIx64 "%016" PRIx64 "/+",
				    history_random(history), history_random(history));
			}
			put_raw(history, "\"}");
		} else if (says && i == (size_t)thinks) {
			put_raw(history, "{\"type\":\"text\",\"text\":\"");
			history_text(history, 60 + history_below(history, 500));
			put_raw(history, "\"}");
		} else {
			put_call(history, &calls[(*out_n)++]);
		}
		PUT(history, "],\"stop_reason\":%s,\"stop_sequence\":null,\"usage\":",
		    last ? "\"tool_use\"" : "null");
		put_usage(history, shown);
		PUT(history, "},\"requestId\":\"%s\",\"type\":\"assistant\"", request);
		put_identity(history);
		put_raw(history, "}");
		history_end_line(history);
		history_pass_time(history, 1800);
	}
}

static void put_patch(struct history *history)
{
	size_t removed = 1 + history_below(history, 3);
	size_t added = 1 + history_below(history, 6);
	size_t at = 1 + history_below(history, 900);

	PUT(history,
	    "\"structuredPatch\":[{\"oldStart\":%zu,\"oldLines\":%zu,\"newStart\":%zu,"
	    "\"newLines\":%zu,\"lines\":[\" {\"",
	    at, removed + 2, at, added + 2);
	for (size_t i = 0; i < removed + added; i++) {
		PUT(history, ",\"%c\\t%s_%s(%s);\"", i < removed ? '-' : '+',
		    PICK(history, history_words), PICK(history, history_words),
		    PICK(history, history_words));
	}
	put_raw(history, ",\" }\"]}]");
}

static void put_edit_result(struct history *history, const struct call *call)
{
	bool create = strcmp(call->tool, "Write") == 0;

	PUT(history, "\"The file has been updated.\"}]}");
	put_identity(history);
	PUT(history, ",\"toolUseResult\":{\"filePath\":\"/home/dev/work/%s/src/%s.c\",",
	    history->session.project, PICK(history, history_words));
	if (create) {
		put_raw(history, "\"type\":\"create\",\"content\":\"");
		history_text(history, 1500);
		put_raw(history, "\",\"structuredPatch\":[],\"originalFile\":null}}");
		return;
	}
	put_raw(history, "\"oldString\":\"");
	history_text(history, 180);
	put_raw(history, "\",\"newString\":\"");
	history_text(history, 300);
	put_raw(history, "\",\"originalFile\":\"");
	history_text(history, history_chance(history, 50) ? 4 * history_body_bytes(history) : 20);
	put_raw(history, "\",");
	put_patch(history);
	put_raw(history, ",\"userModified\":false,\"replaceAll\":false}}");
}

static void put_result(struct history *history, const struct call *call)
{
	bool edits = strcmp(call->tool, "Edit") == 0 || strcmp(call->tool, "Write") == 0;
	bool failed = !edits && history_chance(history, 6);
	bool rejected = edits && history_chance(history, 4);

	history_pass_time(history, 4000);
	put_start(history);
	PUT(history,
	    ",\"promptId\":\"%s\",\"type\":\"user\",\"message\":{\"role\":\"user\","
	    "\"content\":[{\"tool_use_id\":\"%s\",\"type\":\"tool_result\","
	    "\"is_error\":%s,\"content\":",
	    history->session.prompt, call->id, failed || rejected ? "true" : "false");
	if (rejected) {
		put_raw(history, "\"The user doesn't want to proceed with this tool use. The tool "
				 "use was rejected.\"}]}");
		put_identity(history);
		put_raw(history, ",\"toolUseResult\":\"User rejected tool use\"}");
	} else if (edits) {
		put_edit_result(history, call);
	} else {
		put_raw(history, failed ? "\"Error: Exit code 2\\n" : "\"");
		size_t from = history->out.len;
		history_text(history, history_body_bytes(history));
		size_t until = history->out.len;
		put_raw(history, "\"}]}");
		put_identity(history);
		put_raw(history, failed ? ",\"toolUseResult\":\"Error: Exit code 2\\n"
					: ",\"toolUseResult\":{\"stdout\":\"");
		history_again(history, from, until);
		put_raw(history, failed ? "\"}"
					: "\",\"stderr\":\"\",\"interrupted\":false,"
					  "\"isImage\":false}}");
	}
	history_end_line(history);
}

void history_exchange(struct history *history, size_t responses)
{
	struct call calls[4];
	size_t n = 0;

	for (size_t i = 0; i < responses; i++) {
		history_pass_time(history, 20000);
		put_response(history, calls, &n);
		for (size_t k = 0; k < n; k++) {
			put_result(history, &calls[k]);
		}
		if (history_chance(history, 12)) {
			put_attachment(history);
		}
	}
}
