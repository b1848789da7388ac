/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "event/timestamp.h"
#include "torture/torture.h"

enum {
	PROJECTS = 5,
	FILE_BYTES_MAX = 512 * 1024 * 1024,
	OVERSIZE_BYTES = 64 * 1024 * 1024 + 10,
	OVERSIZE_MAX = 2
};

static const int64_t FIRST_US = INT64_C(1767225600000000); /* 2026-01-01 */

/* What a line is; its text follows from world seed, id, session and this. */
enum kind { PROMPT, RESPONSE, RESULT, PLAIN, MALFORMED, BLANK, OVERSIZE };

static enum kind kind_of_id(uint32_t id)
{
	return id % 3 == 0 ? PROMPT : id % 3 == 1 ? RESPONSE : RESULT;
}

void world_init(struct world *world, const char *home, uint64_t seed, size_t lines)
{
	struct bp_err err = {0};

	*world = (struct world){.random = seed, .seed = seed, .next_id = 1};
	world->files_max = 8 + lines / 250;
	world->files = bp_calloc(world->files_max, sizeof(*world->files));
	(void)snprintf(world->root, sizeof(world->root), "%s/.claude/projects", home);
	(void)snprintf(world->spare, sizeof(world->spare), "%s/spare", home);
	if (bp_file_make_dirs(world->root, 0755, &err) != BP_OK) {
		torture_give_up("%s", err.msg);
	}
}

void world_done(struct world *world)
{
	for (size_t i = 0; i < world->n_files; i++) {
		bp_buf_done(&world->files[i].pending);
		free(world->files[i].ids);
	}
	free(world->files);
}

static void make_uuid(uint64_t seed, const char *what, uint64_t n, char out[40])
{
	uint64_t state = seed ^ n * UINT64_C(0x2545F4914F6CDD1D) ^ (uint64_t)what[0] << 56;
	uint64_t a = torture_random(&state);
	uint64_t b = torture_random(&state);

	(void)snprintf(out, 40,
		       "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64,
		       a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 48 & 0xfff,
		       b & UINT64_C(0xffffffffffff));
}

static void put_words(struct bp_buf *out, uint64_t *state)
{
	static const char *const words[] = {"alpha", "queue",  "merge", "\\u00e4pfel", "token",
					    "a\\nb", "worker", "retry", "\\\"so\\\""};
	uint64_t n = torture_chance(state, 50) ? 100 + torture_below(state, 900)
					       : 2 + torture_below(state, 60);

	for (uint64_t i = 0; i < n; i++) {
		bp_buf_printf(out, "%s%s", i ? " " : "",
			      words[torture_below(state, sizeof(words) / sizeof(words[0]))]);
	}
}

static void put_content(struct bp_buf *out, enum kind kind, uint32_t id, uint64_t *state)
{
	if (kind == PROMPT) {
		bp_buf_printf(out,
			      "\"type\":\"user\",\"promptId\":\"p%u\",\"message\":{\"role\":"
			      "\"user\",\"content\":\"",
			      id);
		put_words(out, state);
		bp_buf_printf(out, "\"}");
	} else if (kind == RESPONSE) {
		bp_buf_printf(
			out,
			"\"type\":\"assistant\",\"requestId\":\"req_%u\",\"message\":{\"id\":"
			"\"msg_%u\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
			"\"claude-opus-4-5-20251101\",\"content\":[{\"type\":\"text\",\"text\":\"",
			id, id);
		put_words(out, state);
		bp_buf_printf(out,
			      "\"},{\"type\":\"tool_use\",\"id\":\"toolu_%u\",\"name\":\"Bash\","
			      "\"input\":{\"command\":\"ls\"}}],\"stop_reason\":\"tool_use\","
			      "\"usage\":{\"input_tokens\":%u,\"output_tokens\":%u}}",
			      id, id % 97, 1 + id % 1013);
	} else {
		bp_buf_printf(
			out,
			"\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{"
			"\"tool_use_id\":\"toolu_%u\",\"type\":\"tool_result\",\"content\":\"",
			id - 1);
		put_words(out, state);
		bp_buf_printf(out, "\"}]},\"toolUseResult\":{\"stdout\":\"x\",\"stderr\":\"\","
				   "\"interrupted\":false}");
	}
}

/** The text of a good line. A copy (another session) keeps everything else. */
static void put_line(const struct world *world, struct bp_buf *out, uint32_t id, uint32_t session,
		     bool agent)
{
	uint64_t state = world->seed ^ (uint64_t)id << 20;
	char uuid[40];
	char name[40];
	char time[BP_TIMESTAMP_BYTES];

	make_uuid(world->seed, "line", id, uuid);
	make_uuid(world->seed, "session", session, name);
	(void)bp_timestamp_format(FIRST_US + (int64_t)id * 7001000, time);
	bp_buf_printf(out,
		      "{\"parentUuid\":null,\"isSidechain\":%s,\"userType\":\"external\",\"cwd\":"
		      "\"/home/dev/p%u\",\"sessionId\":\"%s\",\"version\":\"2.1.0\",\"gitBranch\":"
		      "\"main\",",
		      agent ? "true" : "false", session % PROJECTS, name);
	if (agent) {
		bp_buf_printf(out, "\"agentId\":\"a%u\",", session);
	}
	put_content(out, kind_of_id(id), id, &state);
	bp_buf_printf(out, ",\"uuid\":\"%s\",\"timestamp\":\"%s\"}", uuid, time);
}

static void put_end(struct world *world, struct bp_buf *out)
{
	bp_buf_printf(out, "%s", torture_chance(&world->random, 30) ? "\r\n" : "\n");
}

static void count_good(struct world *world, struct world_file *file, enum kind kind, uint32_t id)
{
	file->lines++;
	world->truth.lines++;
	world->truth.rows++;
	world->truth.prompts += kind == PROMPT && !file->agent ? 1 : 0;
	world->truth.model_calls += kind == RESPONSE ? 1 : 0;
	world->truth.tool_calls += kind == RESPONSE ? 1 : 0;
	world->truth.output_tokens += kind == RESPONSE ? 1 + id % 1013 : 0;
}

static void remember(struct world_file *file, uint32_t id)
{
	if ((file->n_ids & (file->n_ids - 1)) == 0) {
		file->ids = bp_realloc(file->ids, file->n_ids ? file->n_ids * 2 : 1,
				       sizeof(file->ids[0]));
	}
	file->ids[file->n_ids++] = id;
}

static void add_good(struct world *world, struct world_file *file, struct bp_buf *out)
{
	uint32_t id = world->next_id++;

	put_line(world, out, id, file->session, file->agent);
	put_end(world, out);
	count_good(world, file, kind_of_id(id), id);
	remember(file, id);
}

/** A line of another main file again: as it is (resume), or in this file's session (fork). */
static bool add_copy(struct world *world, struct world_file *file, struct bp_buf *out)
{
	struct world_file *from = &world->files[torture_below(&world->random, world->n_files)];
	bool fork = torture_chance(&world->random, 400) && from->session != file->session &&
		    from->n_forked < from->n_ids;

	if (from->n_ids == 0 || from->agent || file->agent) {
		return false;
	}
	uint32_t id = fork ? from->ids[from->n_forked++]
			   : from->ids[torture_below(&world->random, from->n_ids)];
	put_line(world, out, id, fork ? file->session : from->session, false);
	put_end(world, out);
	file->lines++;
	world->truth.lines++;
	/* Another session makes another row, and no other fact. */
	world->truth.rows += fork ? 1 : 0;
	return true;
}

static void add_malformed(struct world *world, struct world_file *file, struct bp_buf *out)
{
	/* Broken for a reader that checks structure only; and none begins with a whole object,
	 * which at the end of a file would be a line. */
	static const char *const texts[] = {"not json at all",  "{\"type\":\"user\",\"uuid\":",
					    "[1,2,3]",          "{\"type\":\"user}",
					    "\xff\xfe{\"a\":1", "{\"a\":[1,2}",
					    "\"text\""};

	bp_buf_printf(out, "%s",
		      texts[torture_below(&world->random, sizeof(texts) / sizeof(texts[0]))]);
	put_end(world, out);
	file->lines++;
	file->dead++;
	world->truth.lines++;
	world->truth.dead++;
}

static void add_plain(struct world *world, struct world_file *file, struct bp_buf *out)
{
	bp_buf_printf(out, "{\"type\":\"custom-title\",\"customTitle\":\"n%lld\"}",
		      (long long)world->truth.lines);
	put_end(world, out);
	file->lines++;
	world->truth.lines++;
	world->truth.rows++;
}

/** One more line, or blank ones before it. */
static void add_line(struct world *world, struct world_file *file, struct bp_buf *out)
{
	uint64_t dice = torture_below(&world->random, 1000);

	if (dice < 10) {
		bp_buf_printf(out, "%s", dice < 5 ? "\n" : " \t\r\n\n");
	}
	if (dice >= 10 && dice < 25) {
		add_malformed(world, file, out);
	} else if (dice >= 25 && dice < 60 && add_copy(world, file, out)) {
		return;
	} else if (dice >= 60 && dice < 90 && file->plain) {
		add_plain(world, file, out);
	} else {
		add_good(world, file, out);
	}
}

static void append(const struct world_file *file, const char *bytes, size_t n)
{
	struct bp_err err = {0};
	int fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || bp_file_write_all(fd, bytes, n, &err) != BP_OK) {
		torture_give_up("cannot write \"%s\": %s", file->path, strerrordesc_np(errno));
	}
	(void)close(fd);
}

/** A line of 64 MiB and more, as a hole that costs no space. */
static void append_oversize(struct world *world, struct world_file *file)
{
	struct stat st;
	int fd = open(file->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || fstat(fd, &st) != 0 ||
	    pwrite(fd, "\n", 1, st.st_size + OVERSIZE_BYTES) != 1) {
		torture_give_up("cannot write \"%s\": %s", file->path, strerrordesc_np(errno));
	}
	(void)close(fd);
	file->lines++;
	file->oversize++;
	world->truth.lines++;
	world->truth.oversize++;
}

static void bring_back(struct world_file *file)
{
	append(file, file->pending.ptr ? file->pending.ptr : "", file->pending.len);
	bp_buf_clear(&file->pending);
	file->away = false;
}

static struct world_file *new_file(struct world *world)
{
	struct world_file *file = &world->files[world->n_files];
	uint64_t dice = torture_below(&world->random, 10);
	struct bp_err err = {0};
	char name[40];
	char folder[TORTURE_PATH_BYTES - 64];

	file->agent = dice == 0 && world->n_files > 0;
	file->plain = dice > 6;
	/* A sub-agent belongs to the session of the file before it. */
	file->session = file->agent ? world->files[world->n_files - 1].session
				    : (uint32_t)world->n_files + 1;
	make_uuid(world->seed, "session", file->session, name);
	if (file->agent) {
		(void)snprintf(folder, sizeof(folder), "%s/-home-dev-p%u/%s/subagents", world->root,
			       file->session % PROJECTS, name);
		(void)snprintf(file->path, sizeof(file->path), "%s/agent-a%zu.jsonl", folder,
			       world->n_files);
	} else {
		(void)snprintf(folder, sizeof(folder), "%s/-home-dev-p%u", world->root,
			       file->session % PROJECTS);
		(void)snprintf(file->path, sizeof(file->path), "%s/%s.jsonl", folder, name);
	}
	if (bp_file_make_dirs(folder, 0755, &err) != BP_OK) {
		torture_give_up("%s", err.msg);
	}
	bp_buf_init(&file->pending, FILE_BYTES_MAX);
	world->n_files++;
	return file;
}

/** Everything in it, read. */
static void read_file(const struct world_file *file, struct bp_buf *out)
{
	struct bp_err err = {0};

	bp_buf_clear(out);
	if (bp_file_read(file->path, out, &err) != BP_OK) {
		torture_give_up("%s", err.msg);
	}
}

/** Shrink it; what was behind comes back later. */
static void cut(struct world *world, struct world_file *file)
{
	struct bp_buf text;

	bp_buf_init(&text, FILE_BYTES_MAX);
	read_file(file, &text);
	/* Some are cut to nothing, most somewhere in the middle of a line. */
	size_t at = torture_chance(&world->random, 200)
			    ? 0
			    : (size_t)torture_below(&world->random, text.len + 1);
	bp_buf_add(&file->pending, text.ptr + at, text.len - at);
	if (truncate(file->path, (off_t)at) != 0) {
		torture_give_up("cannot cut \"%s\": %s", file->path, strerrordesc_np(errno));
	}
	bp_buf_done(&text);
	world->changes[1]++;
}

/** The old lines behind one new first line: renamed into place, or written over. */
static void rewrite(struct world *world, struct world_file *file)
{
	struct bp_buf old;
	struct bp_buf fresh;
	int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
	struct bp_err err = {0};

	bp_buf_init(&old, FILE_BYTES_MAX);
	bp_buf_init(&fresh, FILE_BYTES_MAX);
	read_file(file, &old);
	add_good(world, file, &fresh);
	bp_buf_add(&fresh, old.ptr, old.len);
	bool over = torture_chance(&world->random, 300);
	int fd = open(over ? file->path : world->spare, flags, 0600);
	if (fd < 0 || bp_file_write_all(fd, fresh.ptr, fresh.len, &err) != BP_OK ||
	    (!over && rename(world->spare, file->path) != 0)) {
		torture_give_up("cannot rewrite \"%s\": %s", file->path, strerrordesc_np(errno));
	}
	(void)close(fd);
	bp_buf_done(&old);
	bp_buf_done(&fresh);
	world->changes[2]++;
}

static void delete_for_now(struct world *world, struct world_file *file)
{
	read_file(file, &file->pending);
	if (unlink(file->path) != 0) {
		torture_give_up("cannot delete \"%s\": %s", file->path, strerrordesc_np(errno));
	}
	file->away = true;
	world->changes[3]++;
}

/** Keep a part of the last line back. */
static void tear(struct world *world, struct world_file *file, struct bp_buf *out)
{
	size_t end = out->len;

	while (end > 0 && (out->ptr[end - 1] == '\n' || out->ptr[end - 1] == '\r')) {
		end--;
	}
	size_t back = torture_chance(&world->random, 300)
			      ? out->len - end
			      : (size_t)torture_below(&world->random, out->len - 1) + 1;
	bp_buf_add(&file->pending, out->ptr + out->len - back, back);
	out->len -= back;
	world->changes[0]++;
}

/** Something that does not only append. Files with a hole in them stay as they are. */
static void upset(struct world *world, struct world_file *file)
{
	uint64_t dice = torture_below(&world->random, 100);

	if (file->oversize > 0 || file->lines == 0) {
		return;
	}
	if (dice < 40) {
		cut(world, file);
	} else if (dice < 80) {
		if (!file->plain) {
			rewrite(world, file);
		}
	} else if (!file->plain) {
		delete_for_now(world, file);
	}
}

int64_t world_grow(struct world *world, int64_t n, bool quick)
{
	int64_t before = world->truth.lines;
	struct bp_buf out;

	bp_buf_init(&out, FILE_BYTES_MAX);
	while (world->truth.lines - before < n) {
		bool fresh =
			world->n_files == 0 || (world->n_files < world->files_max &&
						torture_chance(&world->random, quick ? 300 : 30));
		struct world_file *file =
			fresh ? new_file(world)
			      : &world->files[torture_below(&world->random, world->n_files)];
		uint64_t most = quick ? 60 : torture_chance(&world->random, 50) ? 200 : 6;
		uint64_t lines = 1 + torture_below(&world->random, most);

		if (file->pending.len > 0 || file->away) {
			bring_back(file);
		}
		bp_buf_clear(&out);
		for (uint64_t i = 0; i < lines; i++) {
			add_line(world, file, &out);
		}
		if (!quick && torture_chance(&world->random, 100)) {
			tear(world, file, &out);
		}
		append(file, out.ptr, out.len);
		if (file->pending.len == 0 && torture_chance(&world->random, quick ? 5 : 60)) {
			upset(world, file);
		}
		if (quick && world->truth.oversize < OVERSIZE_MAX && world->n_files > 3 &&
		    file->pending.len == 0 && !file->away && file->plain) {
			append_oversize(world, file);
		}
	}
	bp_buf_done(&out);
	return world->truth.lines - before;
}

void world_settle(struct world *world)
{
	for (size_t i = 0; i < world->n_files; i++) {
		struct world_file *file = &world->files[i];

		if (file->pending.len > 0 || file->away) {
			bring_back(file);
		}
		if (i % 7 == 3) {
			/* Half a line that nobody ever ends: it waits, and is no line. */
			append(file, "{\"type\":\"user\",\"mess", 20);
			file->open_end = true;
		}
	}
}
