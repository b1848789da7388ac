/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/config_private.h"
#include "base/file.h"
#include "base/home.h"
#include "base/mem.h"

enum { FILE_BYTES_MAX = 1024 * 1024, FILE_MODE = 0600 };

/** Read a file that may be missing. */
static enum bp_rc read_text(const char *path, struct bp_buf *out, struct bp_err *err)
{
	enum bp_rc rc = bp_file_read(path, out, err);

	if (rc == BP_ELIMIT) {
		rc = bp_err_set(err, BP_EINVAL, "\"%.120s\" is too large for a config", path);
	}
	return rc == BP_ENOTFOUND ? BP_OK : rc;
}

enum bp_rc bp_config_read_file(struct bp_config *config, const char *path, struct bp_err *err)
{
	struct bp_config_document *document = NULL;
	struct bp_config_pendings pendings = {0};
	struct bp_buf text;

	bp_buf_init(&text, FILE_BYTES_MAX);
	enum bp_rc rc = read_text(path, &text, err);
	if (rc != BP_OK) {
		goto out;
	}
	rc = bp_config_document_parse(bp_buf_str(&text), path, &document, err);
	if (rc != BP_OK) {
		goto out;
	}
	rc = bp_config_document_collect(config, document, &pendings, err);
	if (rc != BP_OK) {
		goto out;
	}
	/* Only now: nothing is set when a later line is wrong. */
	for (size_t i = 0; i < pendings.n; i++) {
		bp_config_apply(pendings.items[i].entry, &pendings.items[i].value, BP_FROM_FILE);
	}
out:
	bp_config_pendings_done(&pendings);
	bp_config_document_free(document);
	bp_buf_done(&text);
	return rc;
}

/** Read the per-user file, which the home's own file goes over. */
static enum bp_rc read_user_file(struct bp_config *config, struct bp_err *err)
{
	const char *folder = getenv("XDG_CONFIG_HOME"); /* NOLINT(concurrency-mt-unsafe) */
	const char *user = getenv("HOME");              /* NOLINT(concurrency-mt-unsafe) */
	char *path = NULL;

	if (folder && folder[0] == '/') {
		path = bp_asprintf("%s/blueplane/config.yaml", folder);
	} else if (user && user[0] == '/') {
		path = bp_asprintf("%s/.config/blueplane/config.yaml", user);
	} else {
		return BP_OK;
	}
	enum bp_rc rc = bp_config_read_file(config, path, err);
	free(path);
	return rc;
}

enum bp_rc bp_config_read_files(struct bp_config *config, const char *home, struct bp_err *err)
{
	char path[BP_HOME_PATH_BYTES];
	enum bp_rc rc = read_user_file(config, err);

	if (rc == BP_OK) {
		rc = bp_home_file(home, "config.yaml", path, sizeof(path), err);
	}
	return rc == BP_OK ? bp_config_read_file(config, path, err) : rc;
}

static void add_spaces(struct bp_buf *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bp_buf_add_char(out, ' ');
	}
}

/** The key is there: change its value, or drop its lines. */
static void edit_found(struct bp_str text, const struct bp_config_place *place, const char *yaml,
		       struct bp_buf *out)
{
	size_t from = place->value;
	size_t to = place->value_end;

	if (!yaml) {
		from = place->key;
		while (from > 0 && text.ptr[from - 1] != '\n') {
			from--;
		}
		while (to < text.len && text.ptr[to] != '\n') {
			to++;
		}
		to += to < text.len ? 1 : 0;
	}
	bp_buf_add(out, text.ptr, from);
	if (yaml) {
		bp_buf_printf(out, " %s", yaml);
	}
	bp_buf_add(out, text.ptr + to, text.len - to);
}

/** The key is not there: add a line to its section, or a section to the end. */
static void edit_missing(struct bp_str text, const struct bp_config_place *place, const char *name,
			 const char *yaml, struct bp_buf *out)
{
	size_t at = place->in_section ? place->insert_at : text.len;

	bp_buf_add(out, text.ptr, at);
	if (at > 0 && text.ptr[at - 1] != '\n') {
		bp_buf_add_char(out, '\n');
	}
	if (place->in_section) {
		add_spaces(out, place->indent);
		bp_buf_printf(out, "%s: %s\n", place->rest, yaml);
	} else if (place->taken || !strchr(name, '.')) {
		bp_buf_printf(out, "%s: %s\n", name, yaml);
	} else {
		size_t section = strcspn(name, ".");

		bp_buf_printf(out, "%.*s:\n", (int)section, name);
		add_spaces(out, 2);
		bp_buf_printf(out, "%s: %s\n", name + section + 1, yaml);
	}
	bp_buf_add(out, text.ptr + at, text.len - at);
}

/** What pendings say about every option but one. Owns: the caller, free(). */
static char *describe(const struct bp_config *config, const struct bp_config_pendings *pendings,
		      const struct bp_config_entry *except, const char *instead)
{
	struct bp_buf buf;

	bp_buf_init(&buf, (size_t)16 * FILE_BYTES_MAX);
	for (size_t i = 0; i < config->n; i++) {
		const struct bp_config_entry *entry = &config->entries[i];

		if (entry == except && instead) {
			bp_buf_printf(&buf, "%s: %s\n", entry->option->name, instead);
		}
		for (size_t j = 0; j < pendings->n; j++) {
			const struct bp_config_pending *item = &pendings->items[j];

			if (item->entry == entry && entry != except) {
				char *yaml = bp_config_value_yaml(entry->option, &item->value);

				bp_buf_printf(&buf, "%s: %s\n", entry->option->name, yaml);
				free(yaml);
			}
		}
	}
	bp_buf_add_char(&buf, '\n'); /* never NULL */
	return buf.ptr;
}

/** True when the edited text says what the old one said, but for that one option. */
static bool edit_is_right(const struct bp_config *config, const struct bp_config_pendings *before,
			  const struct bp_config_entry *entry, const char *yaml,
			  struct bp_str edited)
{
	struct bp_config_document *document = NULL;
	struct bp_config_pendings after = {0};
	char *want = describe(config, before, entry, yaml);
	char *got = NULL;

	if (bp_config_document_parse(edited, "", &document, NULL) == BP_OK &&
	    bp_config_document_collect(config, document, &after, NULL) == BP_OK) {
		got = describe(config, &after, NULL, NULL);
	}
	bool right = got && strcmp(want, got) == 0;
	free(got);
	free(want);
	bp_config_pendings_done(&after);
	bp_config_document_free(document);
	return right;
}

/** text with the option set to yaml (NULL: removed) into out. */
static enum bp_rc edit(const struct bp_config *config, const struct bp_config_entry *entry,
		       const char *yaml, const char *path, struct bp_str text, struct bp_buf *out,
		       struct bp_err *err)
{
	struct bp_config_document *document = NULL;
	struct bp_config_pendings before = {0};
	const char *name = entry->option->name;

	enum bp_rc rc = bp_config_document_parse(text, path, &document, err);
	if (rc != BP_OK) {
		return rc;
	}
	rc = bp_config_document_collect(config, document, &before, err);
	if (rc == BP_OK) {
		struct bp_config_place place = bp_config_document_find(document, name);

		if (place.found) {
			edit_found(text, &place, yaml, out);
		} else if (yaml) {
			edit_missing(text, &place, name, yaml, out);
		} else {
			bp_buf_add_str(out, text);
		}
		/* People write YAML in many ways: better refuse than spoil their file. */
		if (!bp_buf_ok(out) ||
		    !edit_is_right(config, &before, entry, yaml, bp_buf_str(out))) {
			rc = bp_err_set(err, BP_EINVAL,
					"\"%.120s\" is written in a way that cannot be changed by "
					"program: edit %s by hand",
					path, name);
		}
	}
	bp_config_pendings_done(&before);
	bp_config_document_free(document);
	return rc;
}

enum bp_rc bp_config_write(struct bp_config *config, const char *path, const char *name,
			   const char *value, struct bp_err *err)
{
	const struct bp_config_entry *entry = bp_config_find(config, name);
	struct bp_config_value parsed = {0};
	char *yaml = NULL;
	struct bp_buf text;
	struct bp_buf edited;

	if (!entry) {
		return bp_config_unknown(config, BP_ENOTFOUND, name, err);
	}
	if (value) {
		enum bp_rc bad = bp_config_value_parse(entry->option, value, &parsed, err);

		if (bad != BP_OK) {
			return bp_err_wrap(err, bad, "%s", name);
		}
		yaml = bp_config_value_yaml(entry->option, &parsed);
		bp_config_value_done(&parsed);
	}
	bp_buf_init(&text, FILE_BYTES_MAX);
	bp_buf_init(&edited, (size_t)2 * FILE_BYTES_MAX);
	enum bp_rc rc = read_text(path, &text, err);
	if (rc == BP_OK) {
		rc = edit(config, entry, yaml, path, bp_buf_str(&text), &edited, err);
	}
	if (rc == BP_OK && !bp_str_eq(bp_buf_str(&text), bp_buf_str(&edited))) {
		rc = bp_file_replace(path, bp_buf_str(&edited), FILE_MODE, err);
	}
	bp_buf_done(&edited);
	bp_buf_done(&text);
	free(yaml);
	return rc;
}
