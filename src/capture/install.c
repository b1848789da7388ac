/* SPDX-License-Identifier: MIT */
#include "capture/install.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "capture/install_claude.h"
#include "capture/install_parts.h"
#include "event/hash.h"
#include "event/timestamp.h"

/*
 * The record of an installation, <home>/install/<hash of the settings' path>: two lines, the name
 * of the copy beside the settings ("-" when there were none) and the SHA-256 of what we wrote.
 * Uninstall believes it only while the settings have that hash.
 */

enum { HEX_BYTES = 2 * BP_SHA256_BYTES + 1, PATH_BYTES = PATH_MAX + 128 };

static const char BOM[] = "\xEF\xBB\xBF";

/** One settings file at work. */
struct settings {
	char path[PATH_MAX];     /* real */
	char record[PATH_BYTES]; /* empty: none is kept */
	bool there;
	bool blank; /* nothing in it but blanks */
	bool bom;
	mode_t mode;
	struct bp_buf before; /* its bytes */
	struct bp_buf text;   /* without BOM, to be changed */
};

static void hash_hex(struct bp_str text, char out[HEX_BYTES])
{
	unsigned char digest[BP_SHA256_BYTES];
	struct bp_sha256 sha;

	bp_sha256_init(&sha);
	bp_sha256_add(&sha, text.ptr, text.len);
	bp_sha256_end(&sha, digest);
	for (size_t i = 0; i < BP_SHA256_BYTES; i++) {
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
	}
}

static void put_quoted(const char *word, struct bp_buf *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-./+:,@%=";

	if (*word && strspn(word, plain) == strlen(word)) {
		bp_buf_add_str(out, bp_str_from(word));
		return;
	}
	bp_buf_add_char(out, '\'');
	for (; *word; word++) {
		if (*word == '\'') {
			bp_buf_add_str(out, BP_STR("'\\''"));
		} else {
			bp_buf_add_char(out, *word);
		}
	}
	bp_buf_add_char(out, '\'');
}

void bp_install_command(const char *hook_path, const char *home, struct bp_buf *out)
{
	put_quoted(hook_path, out);
	if (home) {
		bp_buf_add_str(out, BP_STR(" --home "));
		put_quoted(home, out);
	}
}

void bp_install_verb_command(const char *program_path, const char *home, const char *verb,
			     struct bp_buf *out)
{
	if (home) {
		bp_buf_add_str(out, BP_STR("env BLUEPLANE_HOME="));
		put_quoted(home, out);
		bp_buf_add_char(out, ' ');
	}
	put_quoted(program_path, out);
	bp_buf_printf(out, " %s", verb);
}

static bool is_blank(struct bp_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!strchr(" \t\r\n", text.ptr[i]) || text.ptr[i] == '\0') {
			return false;
		}
	}
	return true;
}

/** The real path: of the file behind a link, or, when there is none yet, of its folder. */
static enum bp_rc find_path(const char *path, struct settings *out, struct bp_err *err)
{
	struct stat st;

	if (realpath(path, out->path)) {
		if (stat(out->path, &st) != 0 || !S_ISREG(st.st_mode)) {
			return bp_err_set(err, BP_EIO, "\"%s\" is not a file", path);
		}
		out->there = true;
		out->mode = st.st_mode & 07777;
		return BP_OK;
	}
	int n = snprintf(out->path, sizeof(out->path), "%s", path);
	if (errno != ENOENT || n < 0 || (size_t)n >= sizeof(out->path)) {
		return bp_err_set(err, BP_EIO, "cannot find \"%s\": %s", path,
				  strerrordesc_np(errno));
	}
	out->there = false;
	out->mode = 0600;
	return BP_OK;
}

static enum bp_rc check(struct settings *settings, const char *path, struct bp_err *err)
{
	struct bp_str text = bp_buf_str(&settings->text);
	struct bp_json root;
	size_t at = 0;
	size_t line = 0;
	size_t column = 0;

	if (!bp_json_check(text, &at)) {
		bp_text_place(text, at, &line, &column);
		return bp_err_set(err, BP_EINVAL, "\"%s\" is not JSON: line %zu, column %zu", path,
				  line, column);
	}
	if (!bp_json_open(text, &root) || root.type != BP_JSON_OBJECT) {
		return bp_err_set(err, BP_EINVAL, "\"%s\" is not a JSON object: line 1, column 1",
				  path);
	}
	return BP_OK;
}

static void done(struct settings *settings)
{
	bp_buf_done(&settings->before);
	bp_buf_done(&settings->text);
}

static enum bp_rc load(const struct bp_install_options *options, struct settings *out,
		       struct bp_err *err)
{
	char hex[HEX_BYTES];

	memset(out, 0, sizeof(*out));
	bp_buf_init(&out->before, BP_INSTALL_BYTES_MAX);
	bp_buf_init(&out->text, BP_INSTALL_BYTES_MAX);
	enum bp_rc rc = find_path(options->settings_path, out, err);
	if (rc == BP_OK && out->there) {
		rc = bp_file_read(out->path, &out->before, err);
	}
	if (rc != BP_OK) {
		return rc;
	}
	if (options->home) {
		hash_hex(bp_str_from(out->path), hex);
		(void)snprintf(out->record, sizeof(out->record), "%.*s/install/%.16s", PATH_MAX,
			       options->home, hex);
	}
	struct bp_str text = bp_buf_str(&out->before);
	out->bom = bp_str_starts(text, bp_str_from(BOM));
	if (out->bom) {
		text = bp_str_make(text.ptr + 3, text.len - 3);
	}
	out->blank = is_blank(text);
	bp_buf_add_str(&out->text, out->blank ? BP_STR("{}\n") : text);
	return check(out, options->settings_path, err);
}

/** The name of the record's copy and whether the settings are as we left them. */
static bool as_we_left(const struct settings *settings, char copy[NAME_MAX + 1])
{
	struct bp_buf record;
	char hex[HEX_BYTES];
	bool same = false;

	bp_buf_init(&record, NAME_MAX + 2 * HEX_BYTES);
	if (settings->record[0] && settings->there &&
	    bp_file_read(settings->record, &record, NULL) == BP_OK) {
		const char *end = memchr(record.ptr, '\n', record.len);
		size_t n = end ? (size_t)(end - record.ptr) : 0;

		hash_hex(bp_buf_str(&settings->before), hex);
		if (n > 0 && n <= NAME_MAX && !memchr(record.ptr, '/', n) &&
		    strncmp(end + 1, hex, HEX_BYTES - 1) == 0) {
			memcpy(copy, record.ptr, n);
			copy[n] = '\0';
			same = true;
		}
	}
	bp_buf_done(&record);
	return same;
}

static enum bp_rc write_record(const struct settings *settings, const char *copy,
			       struct bp_str after, struct bp_err *err)
{
	char folder[PATH_BYTES];
	char hex[HEX_BYTES];
	char text[NAME_MAX + 2 * HEX_BYTES];

	(void)snprintf(folder, sizeof(folder), "%.*s",
		       (int)(strrchr(settings->record, '/') - settings->record), settings->record);
	enum bp_rc rc = bp_file_make_dirs(folder, 0700, err);
	if (rc == BP_OK) {
		hash_hex(after, hex);
		(void)snprintf(text, sizeof(text), "%s\n%s\n", copy, hex);
		rc = bp_file_replace(settings->record, bp_str_from(text), 0600, err);
	}
	return rc;
}

static void beside(const struct settings *settings, const char *name, char out[PATH_BYTES])
{
	const char *slash = strrchr(settings->path, '/');
	int folder = slash ? (int)(slash - settings->path) : 1;

	(void)snprintf(out, PATH_BYTES, "%.*s/%.*s", folder, slash ? settings->path : ".", NAME_MAX,
		       name);
}

/** A dated copy in the same folder; its name alone comes back. */
static enum bp_rc make_copy(const struct settings *settings, char name[NAME_MAX + 1],
			    struct bp_err *err)
{
	const char *slash = strrchr(settings->path, '/');
	char date[BP_TIMESTAMP_BYTES];
	char path[PATH_BYTES];
	size_t n = 0;

	/* 2025-11-09T12:34:56.789012Z as 20251109T123456 */
	(void)bp_timestamp_format(bp_clock_wall_us(), date);
	for (const char *at = date; *at && *at != '.' && n < 15; at++) {
		if (*at != '-' && *at != ':') {
			date[n++] = *at;
		}
	}
	date[n] = '\0';
	for (int i = 1; i < 1000; i++) {
		char suffix[8] = "";

		if (i > 1) {
			(void)snprintf(suffix, sizeof(suffix), "-%d", i);
		}
		(void)snprintf(name, NAME_MAX + 1, "%.200s.blueplane-%s%s.bak",
			       slash ? slash + 1 : settings->path, date, suffix);
		beside(settings, name, path);
		if (access(path, F_OK) != 0) {
			return bp_file_replace(path, bp_buf_str(&settings->before), settings->mode,
					       err);
		}
	}
	return bp_err_set(err, BP_EIO, "too many copies of \"%s\"", settings->path);
}

static enum bp_rc make_folder(const struct settings *settings, struct bp_err *err)
{
	char folder[PATH_BYTES];
	const char *slash = strrchr(settings->path, '/');

	if (settings->there || !slash || slash == settings->path) {
		return BP_OK;
	}
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - settings->path),
		       settings->path);
	return bp_file_make_dirs(folder, 0700, err);
}

/** The bytes to write: the text, with the BOM that was there. */
static void finish_text(const struct settings *settings, struct bp_buf *out)
{
	bp_buf_init(out, BP_INSTALL_BYTES_MAX + 3);
	if (settings->bom) {
		bp_buf_add_str(out, bp_str_from(BOM));
	}
	bp_buf_add_str(out, bp_buf_str(&settings->text));
}

/** Replace the settings, unless somebody wrote them since we read them. */
static enum bp_rc replace(const struct settings *settings, struct bp_str after, struct bp_err *err)
{
	struct bp_buf now;
	enum bp_rc rc = BP_OK;

	bp_buf_init(&now, BP_INSTALL_BYTES_MAX);
	rc = bp_file_read(settings->path, &now, NULL);
	if (rc == (settings->there ? BP_OK : BP_ENOTFOUND) &&
	    bp_str_eq(bp_buf_str(&now), bp_buf_str(&settings->before))) {
		rc = bp_file_replace(settings->path, after, settings->mode, err);
	} else {
		rc = bp_err_set(err, BP_EBUSY, "\"%s\" was changed just now: try again",
				settings->path);
	}
	bp_buf_done(&now);
	return rc;
}

static enum bp_rc write_installed(struct settings *settings, bool had_ours, struct bp_str after,
				  struct bp_err *err)
{
	char copy[NAME_MAX + 1] = "-";
	char old_copy[NAME_MAX + 1] = "-";
	bool known = as_we_left(settings, old_copy);
	enum bp_rc rc = make_folder(settings, err);

	if (rc == BP_OK && settings->there) {
		rc = make_copy(settings, copy, err);
	}
	if (rc == BP_OK) {
		rc = replace(settings, after, err);
	}
	if (rc != BP_OK || !settings->record[0]) {
		return rc;
	}
	if (had_ours && !known) {
		/* The copy holds entries of ours: there is nothing to go back to. */
		(void)unlink(settings->record);
		return BP_OK;
	}
	return write_record(settings, had_ours ? old_copy : copy, after, err);
}

enum bp_rc bp_install_claude(const struct bp_install_options *options, struct bp_buf *out_diff,
			     bool *out_changed, struct bp_err *err)
{
	struct settings settings;
	struct bp_buf after;
	enum bp_rc rc = load(options, &settings, err);
	bool had_ours = rc == BP_OK && bp_claude_hooks_count(&settings.text) > 0;

	if (rc == BP_OK) {
		rc = bp_claude_hooks_add(&settings.text, options->hook_command, err);
		if (rc == BP_OK && options->guard_command) {
			rc = bp_claude_guard_add(&settings.text, options->guard_command, err);
		}
		if (rc == BP_OK && options->statusline_command) {
			rc = bp_claude_statusline_add(&settings.text, options->statusline_command,
						      err);
		}
		if (rc != BP_OK) {
			rc = bp_err_wrap(err, rc, "\"%s\" cannot take them", settings.path);
		}
	}
	if (rc != BP_OK) {
		done(&settings);
		return rc;
	}
	finish_text(&settings, &after);
	bool changed = !bp_str_eq(bp_buf_str(&after), bp_buf_str(&settings.before));
	if (out_diff) {
		bp_diff_unified(bp_buf_str(&settings.before), bp_buf_str(&after),
				options->settings_path, out_diff);
	}
	if (changed && !options->dry_run) {
		rc = write_installed(&settings, had_ours, bp_buf_str(&after), err);
	}
	if (rc == BP_OK) {
		*out_changed = changed;
	}
	bp_buf_done(&after);
	done(&settings);
	return rc;
}

/** The bytes from before the installation, when they can be given back. */
static bool find_before(const struct settings *settings, struct bp_buf *out,
			char copy[NAME_MAX + 1], bool *out_absent)
{
	char path[PATH_BYTES];

	*out_absent = false;
	if (!as_we_left(settings, copy)) {
		return false;
	}
	if (strcmp(copy, "-") == 0) {
		*out_absent = true;
		return true;
	}
	beside(settings, copy, path);
	return bp_file_read(path, out, NULL) == BP_OK;
}

static enum bp_rc write_before(const struct settings *settings, struct bp_str before, bool absent,
			       const char *copy, struct bp_err *err)
{
	char path[PATH_BYTES];
	enum bp_rc rc = BP_OK;

	if (absent) {
		if (unlink(settings->path) != 0 && errno != ENOENT) {
			rc = bp_err_set(err, BP_EIO, "cannot remove \"%s\": %s", settings->path,
					strerrordesc_np(errno));
		}
	} else {
		rc = replace(settings, before, err);
	}
	if (rc == BP_OK) {
		(void)unlink(settings->record);
		if (!absent) {
			/* The same bytes are in their place again. */
			beside(settings, copy, path);
			(void)unlink(path);
		}
	}
	return rc;
}

enum bp_rc bp_uninstall_claude(const struct bp_install_options *options, struct bp_buf *out_diff,
			       bool *out_changed, struct bp_err *err)
{
	struct settings settings;
	struct bp_buf after;
	char copy[NAME_MAX + 1] = "-";
	bool absent = false;
	enum bp_rc rc = load(options, &settings, err);

	if (rc != BP_OK || bp_claude_hooks_count(&settings.text) == 0) {
		done(&settings);
		if (rc == BP_OK) {
			*out_changed = false;
		}
		return rc;
	}
	bp_buf_init(&after, BP_INSTALL_BYTES_MAX + 3);
	bool back = find_before(&settings, &after, copy, &absent);
	if (!back) {
		bp_claude_hooks_remove(&settings.text);
		bp_buf_done(&after);
		finish_text(&settings, &after);
	}
	if (out_diff) {
		bp_diff_unified(bp_buf_str(&settings.before), bp_buf_str(&after),
				options->settings_path, out_diff);
	}
	if (!options->dry_run && back) {
		rc = write_before(&settings, bp_buf_str(&after), absent, copy, err);
	} else if (!options->dry_run) {
		rc = make_copy(&settings, copy, err);
		if (rc == BP_OK) {
			rc = replace(&settings, bp_buf_str(&after), err);
		}
		if (rc == BP_OK && settings.record[0]) {
			(void)unlink(settings.record);
		}
	}
	if (rc == BP_OK) {
		*out_changed = true;
	}
	bp_buf_done(&after);
	done(&settings);
	return rc;
}
