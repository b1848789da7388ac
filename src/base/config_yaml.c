/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/config_private.h"
#include "base/mem.h"

enum {
	DEPTH_MAX = 8, /* sections in sections; also stops an alias that contains itself */
	NAME_BYTES_MAX = 256,
	PATH_SHOWN_MAX = 80 /* the tail of a longer path: the reason must fit as well */
};

struct bp_config_document {
	yaml_document_t yaml;
	struct bp_str text; /* borrowed */
	const char *path;   /* borrowed */
};

/** "path:line: " before what is there. */
static enum bp_rc at_line(const char *path, size_t line, struct bp_err *err)
{
	size_t len = strlen(path);
	bool cut = len > PATH_SHOWN_MAX;

	return bp_err_wrap(err, BP_EINVAL, "%s%s:%zu", cut ? "..." : "",
			   cut ? path + (len - PATH_SHOWN_MAX) : path, line + 1);
}

enum bp_rc bp_config_document_parse(struct bp_str text, const char *path,
				    struct bp_config_document **out, struct bp_err *err)
{
	struct bp_config_document *document = bp_calloc(1, sizeof(*document));
	yaml_parser_t parser;
	enum bp_rc rc = BP_OK;

	if (!yaml_parser_initialize(&parser)) {
		free(document);
		return bp_err_set(err, BP_EIO, "the YAML parser does not start");
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
	document->text = text;
	document->path = path;
	if (yaml_parser_load(&parser, &document->yaml)) {
		*out = document;
	} else {
		(void)bp_err_set(err, BP_EINVAL, "not YAML: %s",
				 parser.problem ? parser.problem : "unreadable");
		rc = at_line(path, parser.problem_mark.line, err);
		free(document);
	}
	yaml_parser_delete(&parser);
	return rc;
}

void bp_config_document_free(struct bp_config_document *document)
{
	if (document) {
		yaml_document_delete(&document->yaml);
		free(document);
	}
}

void bp_config_pendings_done(struct bp_config_pendings *pendings)
{
	for (size_t i = 0; i < pendings->n; i++) {
		bp_config_value_done(&pendings->items[i].value);
	}
	free(pendings->items);
	*pendings = (struct bp_config_pendings){0};
}

/** A scalar's text, or NULL when the node is none or holds a NUL byte. */
static const char *scalar_text(const yaml_node_t *node)
{
	if (!node || node->type != YAML_SCALAR_NODE ||
	    memchr(node->data.scalar.value, '\0', node->data.scalar.length)) {
		return NULL;
	}
	return (const char *)node->data.scalar.value;
}

/** "key:" with nothing after it, or null written out. */
static bool is_null(const yaml_node_t *node)
{
	const char *text = scalar_text(node);

	return text && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/** Parse the value node of one option. */
static enum bp_rc parse_value(struct bp_config_document *document, const yaml_node_t *node,
			      const struct bp_option *option, struct bp_config_value *out,
			      struct bp_err *err)
{
	enum bp_rc rc = BP_OK;

	if (node->type == YAML_SEQUENCE_NODE) {
		const yaml_node_item_t *first = node->data.sequence.items.start;
		size_t n = (size_t)(node->data.sequence.items.top - first);
		const char **items = bp_calloc(n + 1, sizeof(*items));

		for (size_t i = 0; rc == BP_OK && i < n; i++) {
			items[i] = scalar_text(yaml_document_get_node(&document->yaml, first[i]));
			if (!items[i]) {
				rc = bp_err_set(err, BP_EINVAL, "item %zu is no plain text", i + 1);
			}
		}
		if (rc == BP_OK) {
			rc = bp_config_value_from_items(option, items, out, err);
		}
		free(items);
		return rc;
	}
	const char *text = scalar_text(node);
	if (!text) {
		return bp_err_set(err, BP_EINVAL, "takes a value, not a section");
	}
	if (is_null(node)) {
		return bp_err_set(err, BP_EINVAL, "has no value");
	}
	return bp_config_value_parse(option, text, out, err);
}

/** One option of the file into out. */
static enum bp_rc collect_option(const struct bp_config *config,
				 struct bp_config_document *document, const char *name,
				 const yaml_node_t *node, struct bp_config_pendings *out,
				 struct bp_err *err)
{
	struct bp_config_entry *entry = bp_config_find(config, name);
	struct bp_config_value value = {0};

	if (!entry) {
		return config->skip_unknown ? BP_OK
					    : bp_config_unknown(config, BP_EINVAL, name, err);
	}
	for (size_t i = 0; i < out->n; i++) {
		if (out->items[i].entry == entry) {
			return bp_err_set(err, BP_EINVAL, "%s: is set twice", name);
		}
	}
	enum bp_rc rc = parse_value(document, node, entry->option, &value, err);
	if (rc != BP_OK) {
		return bp_err_wrap(err, rc, "%s", name);
	}
	out->items = bp_realloc(out->items, out->n + 1, sizeof(*out->items));
	out->items[out->n++] = (struct bp_config_pending){.entry = entry, .value = value};
	return BP_OK;
}

static enum bp_rc collect_mapping(const struct bp_config *config,
				  struct bp_config_document *document, const yaml_node_t *mapping,
				  const char *prefix, struct bp_config_pendings *out,
				  struct bp_err *err);

/** One "key: value" below prefix; name is room for the whole name. */
static enum bp_rc collect_pair(const struct bp_config *config, struct bp_config_document *document,
			       const yaml_node_pair_t *pair, struct bp_buf *name,
			       struct bp_config_pendings *out, struct bp_err *err)
{
	const yaml_node_t *key = yaml_document_get_node(&document->yaml, pair->key);
	const yaml_node_t *value = yaml_document_get_node(&document->yaml, pair->value);
	const char *text = scalar_text(key);
	enum bp_rc rc = BP_OK;

	bp_buf_add_str(name, bp_str_from(text));
	if (!text || !bp_buf_ok(name)) {
		rc = bp_err_set(err, BP_EINVAL, "the key is no option's name");
	} else if (value->type != YAML_MAPPING_NODE || bp_config_find(config, name->ptr)) {
		/* A section whose lines are all comments is fine. */
		if (!is_null(value) || !bp_config_has_section(config, name->ptr)) {
			rc = collect_option(config, document, name->ptr, value, out, err);
		}
	} else if (value->data.mapping.pairs.start == value->data.mapping.pairs.top &&
		   !bp_config_has_section(config, name->ptr)) {
		rc = config->skip_unknown ? BP_OK
					  : bp_config_unknown(config, BP_EINVAL, name->ptr, err);
	} else {
		bp_buf_add_char(name, '.');
		/* An alias that holds itself ends here: every level adds a byte. */
		if (bp_buf_ok(name)) {
			return collect_mapping(config, document, value, name->ptr, out, err);
		}
		rc = bp_err_set(err, BP_EINVAL, "the key is no option's name");
	}
	return rc == BP_OK ? rc : at_line(document->path, key->start_mark.line, err);
}

static enum bp_rc collect_mapping(const struct bp_config *config,
				  struct bp_config_document *document, const yaml_node_t *mapping,
				  const char *prefix, struct bp_config_pendings *out,
				  struct bp_err *err)
{
	const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	enum bp_rc rc = BP_OK;
	struct bp_buf name;

	bp_buf_init(&name, NAME_BYTES_MAX);
	for (; rc == BP_OK && pair < mapping->data.mapping.pairs.top; pair++) {
		bp_buf_clear(&name);
		bp_buf_add_str(&name, bp_str_from(prefix));
		rc = collect_pair(config, document, pair, &name, out, err);
	}
	bp_buf_done(&name);
	return rc;
}

enum bp_rc bp_config_document_collect(const struct bp_config *config,
				      struct bp_config_document *document,
				      struct bp_config_pendings *out, struct bp_err *err)
{
	const yaml_node_t *root = yaml_document_get_root_node(&document->yaml);

	if (!root || is_null(root)) {
		return BP_OK;
	}
	if (root->type != YAML_MAPPING_NODE) {
		(void)bp_err_set(err, BP_EINVAL, "expected \"section:\" lines at the top");
		return at_line(document->path, root->start_mark.line, err);
	}
	return collect_mapping(config, document, root, "", out, err);
}

/** The byte of a mark: libyaml counts characters. */
static size_t offset_of(const struct bp_config_document *document, yaml_mark_t mark)
{
	const char *text = document->text.ptr;
	size_t len = document->text.len;
	size_t at = 0;

	for (size_t line = 0; line < mark.line && at < len; line++) {
		const char *end = memchr(text + at, '\n', len - at);

		at = end ? (size_t)(end - text) + 1 : len;
	}
	for (size_t column = 0; column < mark.column && at < len; column++) {
		at++;
		while (at < len && ((unsigned char)text[at] & 0xc0) == 0x80) {
			at++;
		}
	}
	return at;
}

static size_t line_start(struct bp_str text, size_t at)
{
	while (at > 0 && text.ptr[at - 1] != '\n') {
		at--;
	}
	return at;
}

static size_t next_line(struct bp_str text, size_t at)
{
	while (at < text.len && text.ptr[at] != '\n') {
		at++;
	}
	return at < text.len ? at + 1 : at;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/** Fill in a key that is there. */
static void place_found(struct bp_config_document *document, const yaml_node_t *key,
			const yaml_node_t *value, struct bp_config_place *place)
{
	const struct bp_str text = document->text;
	yaml_mark_t end = value->end_mark;

	/* A block list ends, for libyaml, at the next key: its last item ends where we want. */
	if (value->type == YAML_SEQUENCE_NODE &&
	    value->data.sequence.style == YAML_BLOCK_SEQUENCE_STYLE &&
	    value->data.sequence.items.top > value->data.sequence.items.start) {
		end = yaml_document_get_node(&document->yaml, value->data.sequence.items.top[-1])
			      ->end_mark;
	}
	place->found = true;
	place->key = offset_of(document, key->start_mark);
	place->value = offset_of(document, key->end_mark);
	while (place->value < text.len && text.ptr[place->value] != ':') {
		place->value++;
	}
	place->value += place->value < text.len ? 1 : 0;
	place->value_end = offset_of(document, end);
	while (place->value_end > place->value && is_blank(text.ptr[place->value_end - 1])) {
		place->value_end--;
	}
	if (place->value_end < place->value) {
		place->value_end = place->value; /* an empty value may be marked at its key */
	}
}

/** Fill in where a missing key would go, below this section. */
static void place_in_section(const struct bp_config_document *document, const yaml_node_t *key,
			     const yaml_node_t *section, struct bp_config_place *place)
{
	if (is_null(section)) {
		place->in_section = true;
		place->insert_at = next_line(document->text, offset_of(document, key->end_mark));
		place->indent = key->start_mark.column + 2;
	} else if (section->type == YAML_MAPPING_NODE &&
		   section->data.mapping.style != YAML_FLOW_MAPPING_STYLE &&
		   section->start_mark.line > key->start_mark.line) {
		place->in_section = true;
		place->insert_at =
			line_start(document->text, offset_of(document, section->start_mark));
		place->indent = section->start_mark.column;
	} else {
		place->taken = true;
	}
}

struct bp_config_place bp_config_document_find(struct bp_config_document *document,
					       const char *name)
{
	yaml_document_t *yaml = &document->yaml;
	const yaml_node_t *mapping = yaml_document_get_root_node(yaml);
	struct bp_config_place place = {.rest = name};

	for (int depth = 0; mapping && mapping->type == YAML_MAPPING_NODE && depth < DEPTH_MAX;
	     depth++) {
		const yaml_node_t *below = NULL;
		const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;

		for (; pair < mapping->data.mapping.pairs.top; pair++) {
			const yaml_node_t *key = yaml_document_get_node(yaml, pair->key);
			const yaml_node_t *value = yaml_document_get_node(yaml, pair->value);
			const char *text = scalar_text(key);
			size_t len = text ? strlen(text) : 0;

			if (text && strcmp(text, place.rest) == 0) {
				place_found(document, key, value, &place);
				return place;
			}
			if (text && strncmp(text, place.rest, len) == 0 && place.rest[len] == '.') {
				below = value;
				place.rest += len + 1;
				place.in_section = false;
				place.taken = false;
				place_in_section(document, key, value, &place);
				break;
			}
		}
		mapping = below;
	}
	return place;
}
