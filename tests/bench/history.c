/* SPDX-License-Identifier: MIT */
#include "bench/history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "bench/history_parts.h"
#include "event/timestamp.h"

static const char *const MODELS[] = {"claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929",
				     "claude-haiku-4-5-20251001"};
static const char *const VERSIONS[] = {"2.1.71", "2.1.119", "2.1.204", "2.1.328"};

static void begin_file(struct history *history)
{
	bp_buf_clear(&history->out);
	history->lines = 0;
}

static void end_file(struct history *history, struct history_file *out)
{
	const struct history_session *s = &history->session;
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

static void make_head(struct history_session *s)
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
	struct history_session *s = &history->session;
	size_t days = history->options.days > 0 ? (size_t)history->options.days : 1;

	memset(s, 0, sizeof(*s));
	history_uuid(history, s->id);
	history_uuid(history, s->parent);
	history_uuid(history, s->prompt);
	s->project = PICK(history, history_projects);
	s->model = PICK(history, MODELS);
	s->version = PICK(history, VERSIONS);
	s->ts_us = history->begin_us;
	if (s->ts_us == 0) {
		s->ts_us = history->options.end_us -
			   INT64_C(86400000000) * (int64_t)(1 + history_below(history, days)) +
			   INT64_C(1000000) * (int64_t)history_below(history, 36000);
	}
	s->context = 11000 + (int64_t)history_below(history, 8000);
	make_head(s);
}

static void make_main(struct history *history, struct history_file *out)
{
	size_t turns = 2 + history_below(history, 14);

	begin_session(history);
	begin_file(history);
	history->n_agents = history->next_agent = 0;
	PUT(history,
	    "{\"type\":\"permission-mode\",\"permissionMode\":\"default\",\"sessionId\":"
	    "\"%s\"}",
	    history->session.id);
	history_end_line(history);
	for (size_t turn = 0; turn < turns; turn++) {
		history_pass_time(history, 240000);
		history_snapshot(history);
		history_human(history);
		history_exchange(history, 1 + history_below(history, 9));
		if (history_chance(history, 10)) {
			history_queue(history);
		}
		if (history_chance(history, 30)) {
			history_system(history);
		}
		if (history_chance(history, 6) && history->n_agents < HISTORY_AGENTS_MAX) {
			size_t i = history->n_agents++;
			history_hex(history, history->agents[i].id, 17);
			history->agents[i].ts_us = history->session.ts_us;
		}
	}
	PUT(history, "{\"type\":\"ai-title\",\"aiTitle\":\"%s %s\",\"sessionId\":\"%s\"}",
	    PICK(history, history_words), PICK(history, history_words), history->session.id);
	history_end_line(history);
	end_file(history, out);
}

static void make_agent(struct history *history, struct history_file *out)
{
	struct history_session *s = &history->session;
	size_t i = history->next_agent++;

	begin_file(history);
	memcpy(s->agent, history->agents[i].id, sizeof(s->agent));
	s->ts_us = history->agents[i].ts_us;
	s->model = MODELS[2];
	make_head(s);
	history_human(history);
	history_exchange(history, 2 + history_below(history, 12));
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
	bp_buf_init(&history->out, (size_t)256 << 20);
	history_make_pieces(history);
	return history;
}

void history_begin_at(struct history *history, int64_t ts_us)
{
	history->begin_us = ts_us;
}

void history_free(struct history *history)
{
	if (!history) {
		return;
	}
	for (size_t i = 0; i < HISTORY_PIECES; i++) {
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
