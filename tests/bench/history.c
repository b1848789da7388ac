/* SPDX-License-Identifier: MIT */
#include "bench/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "event/timestamp.h"

enum {
	PIECES = 400, /* texts that lines are put together from */
	TEXT_MAX = 64000,
	FILE_MAX = 256 << 20,
	UUID_BYTES = 37,
	ID_BYTES = 32,
	AGENTS_MAX = 8 /* sub-agents of one session */
};

struct piece {
	char *text; /* already escaped for JSON */
	size_t len;
};

/** A session that is being written. */
struct session {
	char id[UUID_BYTES], parent[UUID_BYTES], prompt[UUID_BYTES];
	char head[400]; /* the envelope's members that stay the same */
	char agent[24]; /* "" in the main file */
	const char *project;
	const char *model;
	const char *version;
	int64_t ts_us;
	int64_t context; /* tokens */
};

struct history {
	struct history_options options;
	struct history_totals totals;
	uint64_t random;
	double scale; /* of text lengths; found while writing, so that the mean is met */
	struct piece pieces[PIECES];
	struct bp_buf out; /* the file in hand */
	size_t lines;      /* in it */
	struct session session;
	struct {
		char id[24];
		int64_t ts_us;
	} agents[AGENTS_MAX];
	size_t n_agents, next_agent;
};

static const char *const WORDS[] = {
	"alpha",  "beta",   "cache",  "stream", "merge",  "token",  "parse",  "index",
	"buffer", "worker", "queue",  "retry",  "handle", "socket", "schema", "column",
	"vector", "shard",  "commit", "branch", "config", "render", "widget", "filter",
	"cursor", "bucket", "ledger", "policy", "signal", "driver", "kernel", "module"};
static const char *const KEYWORDS[] = {"if",     "for",    "while", "return", "static", "const",
				       "struct", "size_t", "else",  "switch", "await",  "impl"};
static const char *const PROJECTS[] = {"lantern", "quarry",  "meadow", "orchard",
				       "harbour", "thimble", "cobalt", "juniper"};
static const char *const MODELS[] = {"claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929",
				     "claude-haiku-4-5-20251001"};
static const char *const VERSIONS[] = {"2.1.71", "2.1.119", "2.1.204", "2.1.328"};

#define PICK(history, list) list[below(history, sizeof(list) / sizeof((list)[0]))]

/* splitmix64 */
static uint64_t next(struct history *history)
{
	uint64_t z = history->random += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static size_t below(struct history *history, size_t limit)
{
	return (size_t)(next(history) % limit);
}

static bool chance(struct history *history, size_t percent)
{
	return below(history, 100) < percent;
}

static void put_hex(struct history *history, char *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = "0123456789abcdef"[below(history, 16)];
	}
	out[n] = '\0';
}

static void make_uuid(struct history *history, char out[UUID_BYTES])
{
	put_hex(history, out, 36);
	out[8] = out[13] = out[18] = out[23] = '-';
	out[14] = '4';
	out[19] = 'a';
}

/** "msg_01", "toolu_01", "req_011C" and 22 letters and digits. */
static void make_id(struct history *history, const char *prefix, char out[ID_BYTES])
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	char tail[23];

	for (size_t i = 0; i < sizeof(tail) - 1; i++) {
		tail[i] = digits[below(history, sizeof(digits) - 1)];
	}
	tail[sizeof(tail) - 1] = '\0';
	(void)snprintf(out, ID_BYTES, "%s%s", prefix, tail);
}

/* --- text --- */

static void make_piece(struct history *history, struct piece *piece, size_t wanted)
{
	struct bp_buf text;

	bp_buf_init(&text, TEXT_MAX);
	while (text.len < wanted) {
		switch (below(history, 8)) {
		case 0:
			bp_buf_printf(&text, "printf(\\\"%%s: %%d\\\\n\\\", \\\"%s\\\", %zu);\\n",
				      PICK(history, WORDS), below(history, 100000));
			break;
		case 1:
			bp_buf_printf(&text, "/home/dev/work/%s/src/%s.c:%zu:\\t%s\\n",
				      PICK(history, PROJECTS), PICK(history, WORDS),
				      below(history, 2000), PICK(history, WORDS));
			break;
		case 2:
			for (size_t i = 5 + below(history, 9); i > 0; i--) {
				bp_buf_printf(&text, "%s ", PICK(history, WORDS));
			}
			bp_buf_add_str(&text, BP_STR("\xe2\x80\x94 caf\xc3\xa9.\\n"));
			break;
		default:
			bp_buf_printf(
				&text, "%.*s%s %s_%s(%s, %zu);\\n", (int)(4 * below(history, 4)),
				"            ", PICK(history, KEYWORDS), PICK(history, WORDS),
				PICK(history, WORDS), PICK(history, WORDS), below(history, 1000));
		}
	}
	piece->text = text.ptr;
	piece->len = text.len;
}

static void make_pieces(struct history *history)
{
	static const size_t lengths[] = {60, 60, 180, 180, 420, 420, 900, 1900, 4200, 12000};

	for (size_t i = 0; i < PIECES; i++) {
		make_piece(history, &history->pieces[i],
			   lengths[i % (sizeof(lengths) / sizeof(lengths[0]))]);
	}
}

/** A text of about wanted x scale bytes. */
static void put_text(struct history *history, size_t wanted)
{
	size_t limit = (size_t)((double)wanted * history->scale);
	size_t start = history->out.len;

	limit = limit < 12 ? 12 : limit > TEXT_MAX ? TEXT_MAX : limit;
	while (history->out.len - start < limit) {
		const struct piece *piece = &history->pieces[below(history, PIECES)];
		size_t left = limit - (history->out.len - start);
		if (piece->len < 2 * left + 200) {
			bp_buf_add(&history->out, piece->text, piece->len);
		}
	}
}

/** The same text once more: it stands from `from` to `until` in what was written. */
static void put_again(struct history *history, size_t from, size_t until)
{
	size_t n = until - from;
	char *room = bp_buf_reserve(&history->out, n);

	if (room) {
		memcpy(room, history->out.ptr + from, n);
		history->out.len += n;
		history->out.ptr[history->out.len] = '\0';
	}
}

/** Lengths as in real sessions: most are short, a few are very long. */
static size_t body_bytes(struct history *history)
{
	static const unsigned short lengths[] = {40,  80,  80,   160,  160,  300,  300,  500,
						 500, 800, 1200, 1900, 3000, 5000, 9000, 24000};

	return PICK(history, lengths);
}

/* --- lines --- */

#define PUT(history, ...) bp_buf_printf(&(history)->out, __VA_ARGS__)

static void put_raw(struct history *history, const char *text)
{
	bp_buf_add_str(&history->out, bp_str_from(text));
}

static void pass_time(struct history *history, int64_t at_most_ms)
{
	history->session.ts_us += 1000 * (int64_t)(1 + below(history, (size_t)at_most_ms));
}

static void end_line(struct history *history)
{
	bp_buf_add_char(&history->out, '\n');
	history->lines++;
}

/** ,"uuid":...,"timestamp":... ; the line becomes the parent of the next. */
static void put_identity(struct history *history)
{
	struct session *s = &history->session;
	char ts[BP_TIMESTAMP_BYTES];

	(void)bp_timestamp_format(s->ts_us, ts);
	make_uuid(history, s->parent);
	PUT(history, ",\"uuid\":\"%s\",\"timestamp\":\"%s\"", s->parent, ts);
}

static void put_start(struct history *history)
{
	PUT(history, "{\"parentUuid\":\"%s\",%s", history->session.parent, history->session.head);
}

static void put_snapshot(struct history *history)
{
	char id[UUID_BYTES];
	char ts[BP_TIMESTAMP_BYTES];

	make_uuid(history, id);
	(void)bp_timestamp_format(history->session.ts_us, ts);
	PUT(history,
	    "{\"type\":\"file-history-snapshot\",\"messageId\":\"%s\",\"snapshot\":{\"messageId\":"
	    "\"%s\",\"trackedFileBackups\":{},\"timestamp\":\"%s\"},\"isSnapshotUpdate\":false}",
	    id, id, ts);
	end_line(history);
}

static void put_prompt(struct history *history)
{
	make_uuid(history, history->session.prompt);
	put_start(history);
	PUT(history,
	    ",\"promptId\":\"%s\",\"type\":\"user\",\"message\":{\"role\":\"user\","
	    "\"content\":\"",
	    history->session.prompt);
	put_text(history, 60 + below(history, 400));
	put_raw(history, "\"}");
	put_identity(history);
	put_raw(history, ",\"permissionMode\":\"default\"}");
	end_line(history);
}

static void put_queue(struct history *history)
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
			put_text(history, 120);
			put_raw(history, "\"");
		}
		put_raw(history, "}");
		end_line(history);
		pass_time(history, 9000);
	}
}

static void put_attachment(struct history *history)
{
	put_start(history);
	if (chance(history, 70)) {
		PUT(history,
		    ",\"attachment\":{\"type\":\"hook_success\",\"hookName\":\"PostToolUse:"
		    "Edit\",\"hookEvent\":\"PostToolUse\",\"command\":\"make lint\","
		    "\"exitCode\":0,\"stdout\":\"");
		put_text(history, 200);
		PUT(history, "\",\"stderr\":\"\",\"durationMs\":%zu}", below(history, 4000));
	} else {
		PUT(history,
		    ",\"attachment\":{\"type\":\"edited_text_file\",\"filename\":"
		    "\"/home/dev/work/%s/src/%s.c\",\"snippet\":\"",
		    history->session.project, PICK(history, WORDS));
		put_text(history, 900);
		put_raw(history, "\"}");
	}
	put_raw(history, ",\"type\":\"attachment\"");
	put_identity(history);
	put_raw(history, "}");
	end_line(history);
}

static void put_system(struct history *history)
{
	put_start(history);
	if (chance(history, 80)) {
		PUT(history,
		    ",\"type\":\"system\",\"subtype\":\"turn_duration\",\"durationMs\":%zu,"
		    "\"messageCount\":%zu",
		    2000 + below(history, 600000), 1 + below(history, 90));
	} else if (chance(history, 50)) {
		PUT(history,
		    ",\"type\":\"system\",\"subtype\":\"api_error\",\"level\":\"error\","
		    "\"error\":{\"status\":529},\"retryInMs\":%zu.5,\"retryAttempt\":1,"
		    "\"maxRetries\":10",
		    below(history, 4000));
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
	end_line(history);
}

/** A call that waits for its result. */
struct call {
	char id[ID_BYTES];
	const char *tool;
};

static void put_call(struct history *history, struct call *call)
{
	static const char *const tools[] = {"Bash", "Bash",  "Bash",     "Read", "Read",
					    "Read", "Edit",  "Edit",     "Edit", "Grep",
					    "Glob", "Write", "TodoWrite"};
	const char *project = history->session.project;

	call->tool = PICK(history, tools);
	make_id(history, "toolu_01", call->id);
	PUT(history, "{\"type\":\"tool_use\",\"id\":\"%s\",\"name\":\"%s\",\"input\":{", call->id,
	    call->tool);
	if (strcmp(call->tool, "Bash") == 0) {
		PUT(history,
		    "\"command\":\"cd /home/dev/work/%s && make -j2 %s 2>&1 | tail -40\","
		    "\"description\":\"Run %s\"",
		    project, PICK(history, WORDS), PICK(history, WORDS));
	} else if (strcmp(call->tool, "Edit") == 0) {
		PUT(history, "\"file_path\":\"/home/dev/work/%s/src/%s.c\",\"old_string\":\"",
		    project, PICK(history, WORDS));
		put_text(history, 180);
		put_raw(history, "\",\"new_string\":\"");
		put_text(history, 300);
		put_raw(history, "\",\"replace_all\":false");
	} else if (strcmp(call->tool, "Write") == 0) {
		PUT(history, "\"file_path\":\"/home/dev/work/%s/src/%s.c\",\"content\":\"", project,
		    PICK(history, WORDS));
		put_text(history, 1500);
		put_raw(history, "\"");
	} else {
		PUT(history,
		    "\"file_path\":\"/home/dev/work/%s/src/%s.c\",\"pattern\":\"%s\","
		    "\"limit\":%zu",
		    project, PICK(history, WORDS), PICK(history, WORDS), below(history, 2000));
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
	struct session *s = &history->session;
	char message[ID_BYTES];
	char request[ID_BYTES];
	size_t n_calls = chance(history, 85) ? 1 : 2 + below(history, 2);
	bool thinks = chance(history, 35);
	bool says = chance(history, 55);
	size_t n = n_calls + (size_t)thinks + (size_t)says;
	int64_t tokens[4] = {(int64_t)(1 + below(history, 12)),
			     (int64_t)(40 + below(history, 3000)), s->context,
			     (int64_t)(8 + below(history, 900))};

	s->context += tokens[1] + tokens[3];
	make_id(history, "msg_01", message);
	make_id(history, "req_011C", request);
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
			put_text(history, 400);
			put_raw(history, "\",\"signature\":\"");
			for (size_t k = 6 + below(history, 20); k > 0; k--) {
				PUT(history, "%016" PRIx64 "%016" PRIx64 "/+", next(history),
				    next(history));
			}
			put_raw(history, "\"}");
		} else if (says && i == (size_t)thinks) {
			put_raw(history, "{\"type\":\"text\",\"text\":\"");
			put_text(history, 60 + below(history, 500));
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
		end_line(history);
		pass_time(history, 1800);
	}
}

static void put_patch(struct history *history)
{
	size_t removed = 1 + below(history, 3);
	size_t added = 1 + below(history, 6);
	size_t at = 1 + below(history, 900);

	PUT(history,
	    "\"structuredPatch\":[{\"oldStart\":%zu,\"oldLines\":%zu,\"newStart\":%zu,"
	    "\"newLines\":%zu,\"lines\":[\" {\"",
	    at, removed + 2, at, added + 2);
	for (size_t i = 0; i < removed + added; i++) {
		PUT(history, ",\"%c\\t%s_%s(%s);\"", i < removed ? '-' : '+', PICK(history, WORDS),
		    PICK(history, WORDS), PICK(history, WORDS));
	}
	put_raw(history, ",\" }\"]}]");
}

static void put_edit_result(struct history *history, const struct call *call)
{
	bool create = strcmp(call->tool, "Write") == 0;

	PUT(history, "\"The file has been updated.\"}]}");
	put_identity(history);
	PUT(history, ",\"toolUseResult\":{\"filePath\":\"/home/dev/work/%s/src/%s.c\",",
	    history->session.project, PICK(history, WORDS));
	if (create) {
		put_raw(history, "\"type\":\"create\",\"content\":\"");
		put_text(history, 1500);
		put_raw(history, "\",\"structuredPatch\":[],\"originalFile\":null}}");
		return;
	}
	put_raw(history, "\"oldString\":\"");
	put_text(history, 180);
	put_raw(history, "\",\"newString\":\"");
	put_text(history, 300);
	put_raw(history, "\",\"originalFile\":\"");
	put_text(history, chance(history, 50) ? 4 * body_bytes(history) : 20);
	put_raw(history, "\",");
	put_patch(history);
	put_raw(history, ",\"userModified\":false,\"replaceAll\":false}}");
}

static void put_result(struct history *history, const struct call *call)
{
	bool edits = strcmp(call->tool, "Edit") == 0 || strcmp(call->tool, "Write") == 0;
	bool failed = !edits && chance(history, 6);
	bool rejected = edits && chance(history, 4);

	pass_time(history, 4000);
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
		put_text(history, body_bytes(history));
		size_t until = history->out.len;
		put_raw(history, "\"}]}");
		put_identity(history);
		put_raw(history, failed ? ",\"toolUseResult\":\"Error: Exit code 2\\n"
					: ",\"toolUseResult\":{\"stdout\":\"");
		put_again(history, from, until);
		put_raw(history, failed ? "\"}"
					: "\",\"stderr\":\"\",\"interrupted\":false,"
					  "\"isImage\":false}}");
	}
	end_line(history);
}

static void put_exchange(struct history *history, size_t responses)
{
	struct call calls[4];
	size_t n = 0;

	for (size_t i = 0; i < responses; i++) {
		pass_time(history, 20000);
		put_response(history, calls, &n);
		for (size_t k = 0; k < n; k++) {
			put_result(history, &calls[k]);
		}
		if (chance(history, 12)) {
			put_attachment(history);
		}
	}
}

/* --- files --- */

static void begin_file(struct history *history)
{
	bp_buf_clear(&history->out);
	history->lines = 0;
}

static void end_file(struct history *history, struct history_file *out)
{
	const struct session *s = &history->session;
	struct history_totals *totals = &history->totals;

	(void)snprintf(out->session, sizeof(out->session), "%s", s->id);
	(void)snprintf(out->agent, sizeof(out->agent), "%s", s->agent);
	if (s->agent[0]) {
		(void)snprintf(out->path, sizeof(out->path),
			       "-home-dev-work-%s/%s/subagents/agent-%s.jsonl", s->project, s->id,
			       s->agent);
	} else {
		(void)snprintf(out->path, sizeof(out->path), "-home-dev-work-%s/%s.jsonl",
			       s->project, s->id);
	}
	out->text = bp_buf_str(&history->out);
	totals->bytes += out->text.len;
	totals->lines += history->lines;
	totals->files++;
	totals->sessions += s->agent[0] == '\0';
	/* What is not text is about 900 bytes a line: the rest follows the scale. */
	double mean = (double)totals->bytes / (double)totals->lines;
	double wanted = (double)history->options.line_bytes;
	double step = mean > 950 ? (wanted - 900) / (mean - 900) : 1.5;
	history->scale *= step > 1.3 ? 1.3 : step < 0.8 ? 0.8 : step;
}

static void make_head(struct session *s)
{
	(void)snprintf(
		s->head, sizeof(s->head),
		"\"isSidechain\":%s,%s%s%s\"userType\":\"external\",\"cwd\":\"/home/dev/work/"
		"%s\",\"sessionId\":\"%s\",\"version\":\"%s\",\"gitBranch\":\"main\"",
		s->agent[0] ? "true" : "false", s->agent[0] ? "\"agentId\":\"" : "", s->agent,
		s->agent[0] ? "\"," : "", s->project, s->id, s->version);
}

static void begin_session(struct history *history)
{
	struct session *s = &history->session;
	size_t days = history->options.days > 0 ? (size_t)history->options.days : 1;

	memset(s, 0, sizeof(*s));
	make_uuid(history, s->id);
	make_uuid(history, s->parent);
	make_uuid(history, s->prompt);
	s->project = PICK(history, PROJECTS);
	s->model = PICK(history, MODELS);
	s->version = PICK(history, VERSIONS);
	s->ts_us = history->options.end_us -
		   INT64_C(86400000000) * (int64_t)(1 + below(history, days)) +
		   INT64_C(1000000) * (int64_t)below(history, 36000);
	s->context = 11000 + (int64_t)below(history, 8000);
	make_head(s);
}

static void make_main(struct history *history, struct history_file *out)
{
	size_t turns = 2 + below(history, 14);

	begin_session(history);
	begin_file(history);
	history->n_agents = history->next_agent = 0;
	PUT(history,
	    "{\"type\":\"permission-mode\",\"permissionMode\":\"default\",\"sessionId\":"
	    "\"%s\"}",
	    history->session.id);
	end_line(history);
	for (size_t turn = 0; turn < turns; turn++) {
		pass_time(history, 240000);
		put_snapshot(history);
		put_prompt(history);
		put_exchange(history, 1 + below(history, 9));
		if (chance(history, 10)) {
			put_queue(history);
		}
		if (chance(history, 30)) {
			put_system(history);
		}
		if (chance(history, 6) && history->n_agents < AGENTS_MAX) {
			size_t i = history->n_agents++;
			put_hex(history, history->agents[i].id, 17);
			history->agents[i].ts_us = history->session.ts_us;
		}
	}
	PUT(history, "{\"type\":\"ai-title\",\"aiTitle\":\"%s %s\",\"sessionId\":\"%s\"}",
	    PICK(history, WORDS), PICK(history, WORDS), history->session.id);
	end_line(history);
	end_file(history, out);
}

static void make_agent(struct history *history, struct history_file *out)
{
	struct session *s = &history->session;
	size_t i = history->next_agent++;

	begin_file(history);
	memcpy(s->agent, history->agents[i].id, sizeof(s->agent));
	s->ts_us = history->agents[i].ts_us;
	s->model = MODELS[2];
	make_head(s);
	put_prompt(history);
	put_exchange(history, 2 + below(history, 12));
	end_file(history, out);
	s->agent[0] = '\0';
}

void history_next(struct history *history, struct history_file *out)
{
	if (history->next_agent < history->n_agents) {
		make_agent(history, out);
	} else {
		make_main(history, out);
	}
}

struct history *history_new(const struct history_options *options)
{
	struct history *history = bp_calloc(1, sizeof(*history));

	history->options = *options;
	history->random = options->seed;
	history->scale = (double)options->line_bytes / 2000;
	bp_buf_init(&history->out, FILE_MAX);
	make_pieces(history);
	return history;
}

void history_free(struct history *history)
{
	if (!history) {
		return;
	}
	for (size_t i = 0; i < PIECES; i++) {
		free(history->pieces[i].text);
	}
	bp_buf_done(&history->out);
	free(history);
}

const struct history_totals *history_totals(const struct history *history)
{
	return &history->totals;
}

static bool write_file(const char *root, const struct history_file *file)
{
	char path[1024];

	int n = snprintf(path, sizeof(path), "%s/%s", root, file->path);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	char *slash = strrchr(path, '/');
	*slash = '\0';
	if (bp_file_make_dirs(path, 0700, NULL) != BP_OK) {
		return false;
	}
	*slash = '/';
	FILE *out = fopen(path, "we");
	bool ok = out && fwrite(file->text.ptr, 1, file->text.len, out) == file->text.len;
	return out && fclose(out) == 0 && ok;
}

bool history_write(struct history *history, const char *root, size_t size_bytes)
{
	size_t start = history->totals.bytes;
	struct history_file file;

	while (history->totals.bytes - start < size_bytes) {
		history_next(history, &file);
		if (!write_file(root, &file)) {
			return false;
		}
	}
	return true;
}

void history_prompt(struct bp_buf *out, const char *session, uint64_t n, int64_t now_us)
{
	char ts[BP_TIMESTAMP_BYTES];

	(void)bp_timestamp_format(now_us, ts);
	bp_buf_printf(
		out,
		"{\"parentUuid\":null,\"isSidechain\":false,\"userType\":\"external\",\"cwd\":"
		"\"/home/dev/work/lantern\",\"sessionId\":\"%s\",\"version\":\"2.1.328\","
		"\"gitBranch\":\"main\",\"type\":\"user\",\"message\":{\"role\":\"user\","
		"\"content\":\"please look at the parser once more\"},\"uuid\":"
		"\"%08" PRIx64 "-0000-4000-8000-%012" PRIx64 "\",\"timestamp\":\"%s\","
		"\"permissionMode\":\"default\"}\n",
		session, n & 0xffffffff, n, ts);
}
