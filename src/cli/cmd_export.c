/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/home.h"
#include "cli/cmds.h"
#include "cli/export_file.h"
#include "cli/export_folder.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "query/export.h"
#include "query/options.h"
#include "query/session.h"

enum { DRAW_EVERY_US = 100000, SOURCE_BYTES = 16 };

static const char *const SHAPES[] = {"app", NULL};

struct request {
	char home[BP_HOME_PATH_BYTES], database[BP_HOME_PATH_BYTES];
	struct bp_tz *tz;
	struct bp_period period;
	struct bp_filter filter;
	struct bp_session session;
	char source[2 * SOURCE_BYTES + 1];
	struct bp_export_question question;
	struct bp_export_target target;
	struct bp_export_file file;
	struct bp_export_folder folder;
	bool in_parts;           /* to a folder */
	struct bp_progress line; /* on stderr */
	int64_t drawn_us;
};

/* --- what is asked --- */

static enum bp_rc take_dataset(struct request *request, const struct bp_options *options,
			       struct bp_err *err)
{
	const char *what = bp_options_text(options, "what");
	const struct bp_export_dataset *dataset = bp_export_find(what ? what : bp_export_names[0]);

	if (bp_options_given(options, "shape")) {
		if (what && strcmp(what, "events") != 0) {
			return bp_err_set(err, BP_EINVAL,
					  "--shape app is a form of events, not of %s", what);
		}
		dataset = &bp_export_app;
	}
	if (bp_options_given(options, "anonymize")) {
		if (dataset == &bp_export_app || (what && strcmp(what, "metrics") != 0)) {
			return bp_err_set(
				err, BP_EINVAL,
				"--anonymize has totals only: it goes with --what metrics");
		}
		dataset = &bp_export_anonymous;
	}
	request->question.dataset = dataset;
	return BP_OK;
}

/* Of chance, so that it says nothing but "the same file". */
static enum bp_rc make_source(struct request *request, struct bp_err *err)
{
	unsigned char bytes[SOURCE_BYTES];

	/* Up to 256 bytes come whole and uninterrupted (getrandom(2)). */
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		return bp_err_set(err, BP_EIO, "no random bytes: %s", strerrordesc_np(errno));
	}
	for (size_t i = 0; i < sizeof(bytes); i++) {
		(void)snprintf(request->source + 2 * i, 3, "%02x", bytes[i]);
	}
	request->question.source = request->source;
	return BP_OK;
}

/* The format that a file's name asks for; BP_EXPORT_FORMATS: none. */
static int format_of_name(const char *path)
{
	static const struct {
		const char *extension;
		enum bp_export_format format;
	} names[] = {{".jsonl", BP_EXPORT_JSONL},     {".ndjson", BP_EXPORT_JSONL},
		     {".json", BP_EXPORT_AS_JSON},    {".csv", BP_EXPORT_CSV},
		     {".md", BP_EXPORT_MARKDOWN},     {".markdown", BP_EXPORT_MARKDOWN},
		     {".parquet", BP_EXPORT_PARQUET}, {NULL, BP_EXPORT_JSONL}};

	for (size_t i = 0; names[i].extension; i++) {
		if (bp_str_ends(bp_str_from(path), bp_str_from(names[i].extension))) {
			return (int)names[i].format;
		}
	}
	return -1;
}

static enum bp_rc take_format(struct request *request, const struct bp_options *options,
			      struct bp_err *err)
{
	const char *format = bp_options_text(options, "format");
	const char *path = bp_options_text(options, "output");
	bool to_file = path && *path && strcmp(path, "-") != 0;
	int found = (int)BP_EXPORT_JSONL;

	if (bp_options_given(options, "json")) {
		format = "json";
	}
	if (format) {
		for (int i = 0; bp_export_formats[i]; i++) {
			found = strcmp(bp_export_formats[i], format) == 0 ? i : found;
		}
	} else if (to_file && path[strlen(path) - 1] == '/') {
		found = (int)BP_EXPORT_PARQUET;
	} else if (to_file) {
		found = format_of_name(path);
		if (found < 0) {
			return bp_err_set(err, BP_EINVAL,
					  "\"%.120s\" does not say which format: add --format",
					  path);
		}
	}
	request->target.format = (enum bp_export_format)found;
	request->in_parts = to_file && *path && path[strlen(path) - 1] == '/';
	if (request->in_parts && found != (int)BP_EXPORT_PARQUET) {
		return bp_err_set(err, BP_EINVAL, "only Parquet goes to a folder in parts");
	}
	if (request->question.dataset == &bp_export_app && found != (int)BP_EXPORT_JSONL) {
		return bp_err_set(err, BP_EINVAL, "--shape app is jsonl: one event a line");
	}
	return BP_OK;
}

static enum bp_rc take_options(struct request *request, const struct bp_cli *cli,
			       struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	enum bp_rc rc = take_dataset(request, options, err);

	if (rc == BP_OK) {
		rc = take_format(request, options, err);
	}
	if (rc == BP_OK) {
		rc = bp_cli_zone(cli, &request->tz, err);
	}
	if (rc == BP_OK) {
		rc = bp_period_between(bp_options_text(options, "start"),
				       bp_options_text(options, "end"), request->tz, cli->now_us,
				       &request->period, err);
	}
	return rc;
}

static enum bp_rc take_filter(struct request *request, struct bp_sql *sql, const char *text,
			      struct bp_err *err)
{
	const char *equals = strchr(text, '=');
	struct bp_str key = bp_str_make(text, equals ? (size_t)(equals - text) : strlen(text));
	const char *value = equals ? equals + 1 : "";
	struct bp_export_question *question = &request->question;

	if (!equals || !*value) {
		return bp_err_set(err, BP_EINVAL, "--filter wants KEY=VALUE, as platform=NAME");
	}
	if (!bp_export_may_filter(question->dataset, key)) {
		char keys[BP_EXPORT_KEYS_BYTES];

		bp_export_filters(question->dataset, keys);
		return bp_err_set(err, BP_EINVAL,
				  "--filter cannot be by \"%.*s\" here; it is by: %s",
				  key.len > 60 ? 60 : (int)key.len, key.ptr, keys);
	}
	if (bp_str_is(key, "platform")) {
		return bp_filter_platform(sql, &request->filter, value, err);
	}
	if (bp_str_is(key, "project")) {
		return bp_filter_project(sql, &request->filter, value, err);
	}
	if (bp_str_is(key, "session")) {
		enum bp_rc rc = bp_session_find(sql, value, &request->session, err);

		request->filter.one_session = true;
		request->filter.conversation = request->session.conversation;
		question->session_id = request->session.id;
		return rc;
	}
	if (bp_str_is(key, "model")) {
		request->filter.model = value;
	} else if (bp_str_is(key, "tool")) {
		request->filter.tool = value;
	} else {
		question->event_type = value;
	}
	return BP_OK;
}

static enum bp_rc take_filters(struct request *request, const struct bp_cli *cli,
			       struct bp_err *err)
{
	const struct bp_options *options = &cli->options;
	struct bp_sql *sql = NULL;
	enum bp_rc rc = bp_cli_open(&sql, err);

	for (size_t i = 0; rc == BP_OK && i < options->n_given; i++) {
		if (strcmp(options->given[i].row->name, "filter") == 0) {
			rc = take_filter(request, sql, options->given[i].value, err);
		}
	}
	bp_sql_close(sql);
	return rc;
}

/* --- where it goes --- */

static void clean_utf8(struct bp_buf *out, struct bp_str text)
{
	bp_print_clean(out, text, true);
}

static void clean_ascii(struct bp_buf *out, struct bp_str text)
{
	bp_print_clean(out, text, false);
}

/* arg: the file, or the part of a folder. */
static enum bp_rc write_bytes(void *arg, const void *bytes, size_t n, struct bp_err *err)
{
	return bp_export_file_write(arg, bytes, n, err);
}

static enum bp_rc begin_part(void *arg, const char *name, void **out_part, struct bp_err *err)
{
	struct request *request = arg;

	return bp_export_folder_part(&request->folder, name, out_part, err);
}

static enum bp_rc end_part(void *arg, void *part, bool complete, struct bp_err *err)
{
	struct request *request = arg;

	return bp_export_folder_end(&request->folder, part, complete, err);
}

static enum bp_rc draw_progress(void *arg, int64_t rows, struct bp_err *err)
{
	struct request *request = arg;
	int64_t now = bp_clock_mono_us();

	(void)err;
	if (now - request->drawn_us >= DRAW_EVERY_US) {
		struct bp_text bytes = bp_text_bytes(request->file.bytes + request->folder.bytes);
		bp_progress_show(&request->line, &(struct bp_progress_at){.step = "rows",
									  .done = (double)rows,
									  .seconds = -1,
									  .more = bytes.text});
		request->drawn_us = now;
	}
	return BP_OK;
}

static enum bp_rc open_output(struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	const char *path = bp_options_text(&cli->options, "output");
	bool overwrite = bp_options_given(&cli->options, "overwrite");
	struct bp_export_target *target = &request->target;

	target->write = write_bytes;
	target->sink = &request->file;
	target->arg = request;
	target->safe_csv = bp_options_given(&cli->options, "safe-csv");
	if (request->in_parts) {
		target->part_begin = begin_part;
		target->part_end = end_part;
		return bp_export_folder_open(path, &request->folder, err);
	}
	enum bp_rc rc = bp_export_file_open(path, overwrite, &request->file, err);
	if (rc == BP_OK && isatty(request->file.fd) == 1) {
		target->clean = cli->print.utf8 ? clean_utf8 : clean_ascii;
	}
	if (target->clean && target->format == BP_EXPORT_PARQUET) {
		rc = bp_err_set(err, BP_EINVAL,
				"Parquet is nothing for a terminal: name a file with -o");
	}
	return rc;
}

static enum bp_rc write_all(struct request *request, const struct bp_cli *cli, int64_t *out_rows,
			    struct bp_err *err)
{
	enum bp_rc rc = open_output(request, cli, err);

	if (rc != BP_OK) {
		return rc;
	}
	/* Two things on one screen would run into each other. */
	bp_progress_init(&request->line);
	if (request->line.draw && !request->target.clean) {
		request->target.progress = draw_progress;
	}
	rc = bp_export_run(&request->question, &request->target, out_rows, err);
	if (rc == BP_OK) {
		rc = request->in_parts ? bp_export_folder_finish(&request->folder, err)
				       : bp_export_file_finish(&request->file, err);
	}
	bp_progress_done(&request->line);
	return rc;
}

static enum bp_rc fill_question(struct request *request, const struct bp_cli *cli,
				struct bp_err *err)
{
	struct bp_query_config config = {0};
	struct bp_export_question *question = &request->question;
	enum bp_rc rc = take_filters(request, cli, err);

	if (rc == BP_OK) {
		rc = bp_cli_home(request->home, sizeof(request->home), err);
	}
	if (rc == BP_OK) {
		rc = bp_home_file(request->home, "telemetry.db", request->database,
				  sizeof(request->database), err);
	}
	if (rc == BP_OK) {
		rc = make_source(request, err);
	}
	if (rc == BP_OK) {
		rc = bp_query_config_load(request->home, &config, err);
	}
	question->database = request->database;
	question->period = &request->period;
	question->filter = &request->filter;
	question->as_of_us = cli->now_us;
	question->compat_ccusage = config.compat == BP_COMPAT_CCUSAGE;
	return rc;
}

static enum bp_rc answer(struct request *request, const struct bp_cli *cli, struct bp_err *err)
{
	int64_t rows = 0;
	enum bp_rc rc = fill_question(request, cli, err);

	if (rc == BP_OK) {
		rc = write_all(request, cli, &rows, err);
	}
	if (rc == BP_OK && request->in_parts) {
		bp_cli_say(cli, "%s, %s in %s: %s", bp_text_of(rows, "row").text,
			   bp_text_bytes(request->folder.bytes).text,
			   bp_text_of(request->folder.files, "file").text, request->folder.path);
	} else if (rc == BP_OK && !request->file.plain) {
		bp_cli_say(cli, "%s, %s: %s", bp_text_of(rows, "row").text,
			   bp_text_bytes(request->file.bytes).text, request->file.path);
	}
	bp_export_file_close(&request->file);
	bp_export_folder_close(&request->folder);
	return rc;
}

static int run(struct bp_cli *cli)
{
	struct request request = {.file = {.fd = -1}};
	struct bp_err err = {0};
	int code = BP_EXIT_OK;

	if (take_options(&request, cli, &err) != BP_OK) {
		code = bp_cli_fail_usage(cli, "%s", err.msg);
	} else if (answer(&request, cli, &err) != BP_OK) {
		code = bp_cli_fail_err(cli, &err);
	}
	bp_tz_free(request.tz);
	return code;
}

static const struct bp_option_row OPTIONS[] = {
	{.name = "what",
	 .value = "WHAT",
	 .choices = bp_export_names,
	 .help = "sessions (default), events, turns, tool_calls, model_calls, ..."},
	{.name = "format",
	 .letter = 'f',
	 .value = "FORMAT",
	 .choices = bp_export_formats,
	 .help = "jsonl, json, csv, markdown or parquet; else as the file's name says"},
	{.name = "output", .letter = 'o', .value = "FILE", .help = "write to a file, mode 0600"},
	{.name = "overwrite", .help = "replace the file when it is there"},
	{.name = "start", .value = "TIME", .help = "from then on: 2026-01-31, yesterday, 7d"},
	{.name = "end", .value = "TIME", .help = "until then, a date with all its day"},
	{.name = "timezone", .value = "ZONE", .help = "days and times of this zone"},
	{.name = "filter",
	 .value = "KEY=VALUE",
	 .help = "platform project session model tool type; may be repeated"},
	{.name = "anonymize",
	 .help = "totals by day, platform, model family, tool, extension; no id"},
	{.name = "shape",
	 .value = "SHAPE",
	 .choices = SHAPES,
	 .help = "app: events as application telemetry writes them"},
	{.name = "safe-csv", .help = "no cell of a CSV begins as a formula"},
	{.name = NULL},
};

const struct bp_command bp_cmd_export = {
	.name = "export",
	.summary = "write everything in open formats",
	.usage = "export [--what WHAT] [-f FORMAT] [-o FILE] [--start TIME] [--filter KEY=VALUE]",
	.help = "Write what is known to a file or to stdout: sessions, raw events, turns, calls\n"
		"of tools and models, costs and metrics by day. A file appears when it is\n"
		"complete; one that is there is kept unless --overwrite says otherwise.\n\n"
		"JSON has one object a row; times are ISO-8601 in UTC, money is in dollars. CSV\n"
		"is RFC 4180 with a line of names. Members of an event that are not known or\n"
		"false are left out. A FILE that ends in / is a new folder of Parquet files by\n"
		"platform and month (platform=NAME/month=2026-01).\n\n"
		"example: blueplane export --what tool_calls -o calls.csv --start 30d\n",
	.options = OPTIONS,
	.own_format = true,
	.run = run,
};
