/* SPDX-License-Identifier: MIT */
/**
 * config_private.h - what config.c and config_file.c share.
 *
 * Place:   private to config*.c.
 */
#ifndef BP_BASE_CONFIG_PRIVATE_H
#define BP_BASE_CONFIG_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"
#include "base/config_value.h"

/** One option and what it is set to. */
struct bp_config_entry {
	const struct bp_option *option; /* borrowed row */
	void *target;                   /* borrowed struct of its folder */
	struct bp_config_value value;   /* owns what the target points to */
	char *text;                     /* the value as text */
	enum bp_config_origin origin;
};

struct bp_config {
	struct bp_config_entry *entries; /* sorted by name */
	size_t n;
	const char **names; /* the entries' names, NULL-terminated */
	bool skip_unknown;
};

/** The entry of that name, or NULL. */
struct bp_config_entry *bp_config_find(const struct bp_config *config, const char *name);

/** True when some option's name begins with "section.". */
bool bp_config_has_section(const struct bp_config *config, const char *section);

/** "no such option; did you mean ...": returns rc. */
enum bp_rc bp_config_unknown(const struct bp_config *config, enum bp_rc rc, const char *name,
			     struct bp_err *err);

/** Take value, unless what is there comes from a stronger origin. Owns: takes *value. */
void bp_config_apply(struct bp_config_entry *entry, struct bp_config_value *value,
		     enum bp_config_origin origin);

/** One option as a file sets it. */
struct bp_config_pending {
	struct bp_config_entry *entry; /* borrowed */
	struct bp_config_value value;
};

/** Everything a file sets, in the file's order. Start with {0}. */
struct bp_config_pendings {
	struct bp_config_pending *items;
	size_t n;
};

void bp_config_pendings_done(struct bp_config_pendings *pendings);

/** One parsed YAML text: marks in it tell where things are. */
struct bp_config_document;

/**
 * Parse YAML text; path is for messages only.
 *
 * Owns:   the caller owns *out: bp_config_document_free(). Borrows text.
 * Errors: BP_EINVAL "path:line: what"; *out is untouched.
 */
BP_MUSTUSE enum bp_rc bp_config_document_parse(struct bp_str text, const char *path,
					       struct bp_config_document **out, struct bp_err *err);
void bp_config_document_free(struct bp_config_document *document);

/**
 * Collect what the document sets.
 *
 * Owns:   the caller calls bp_config_pendings_done(out), on failure too.
 * Errors: BP_EINVAL "path:line: key: what is wrong".
 */
BP_MUSTUSE enum bp_rc bp_config_document_collect(const struct bp_config *config,
						 struct bp_config_document *document,
						 struct bp_config_pendings *out,
						 struct bp_err *err);

/** Where in the text an option is, or where it would go. Offsets are bytes. */
struct bp_config_place {
	bool found;       /* the key is there: */
	size_t key;       /*   first byte of the key */
	size_t value;     /*   first byte after the key's colon */
	size_t value_end; /*   end of the value, before white space and comments */
	const char *rest; /* not found: the name below the deepest section that is there */
	bool in_section;  /*   there is a section to put it into: */
	size_t insert_at; /*   first byte of a line */
	size_t indent;    /*   spaces */
	bool taken;       /*   the section is there but not as lines: use the dotted name */
};

/** Look an option up in the document's text. */
struct bp_config_place bp_config_document_find(struct bp_config_document *document,
					       const char *name);

#endif
