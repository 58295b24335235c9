/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * YAML to a tree with positions; libfyaml does the parsing and is known to this file alone.
 *
 * Anchors and aliases are resolved by libfyaml, once it is known what they come to: each level of nine
 * lines can hold ten times the one before. A key that occurs twice is an error there. Depth is
 * bounded, because a plan is written by people and recursion here follows it.
 */
#include "record/sweep/yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "formats/base/terminal.h"
#include "formats/base/util.h"

#define DEPTH_MAX 32
#define SIZE_MAX_BYTES (1u << 20)
#define NODES_MAX 200000 /* as many as text of that size can hold, or about */

struct builder {
	const char *file;
	struct erg_err *err;
};

static struct erg_yaml *build(const struct builder *b, struct fy_node *node, int depth);

static struct erg_yaml *build_scalar(const struct builder *b, struct fy_node *node)
{
	struct erg_yaml *y = calloc(1, sizeof(*y));
	struct fy_token *token = node ? fy_node_get_scalar_token(node) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	const char *text = node ? fy_node_get_scalar0(node) : "";

	if (y && mark) {
		y->line = mark->line + 1;
		y->column = mark->column + 1;
	}
	if (y)
		y->text = strdup(text ? text : "");
	return y;
}

static int append(struct erg_yaml *y, struct erg_yaml *key, struct erg_yaml *item)
{
	struct erg_yaml **items = reallocarray(y->items, y->n + 1, sizeof(*items)), **keys;

	if (items)
		y->items = items;
	keys = reallocarray(y->keys, y->n + 1, sizeof(*keys));
	if (keys)
		y->keys = keys;
	if (!items || !keys || !item) {
		erg_yaml_free(key);
		erg_yaml_free(item);
		return -ENOMEM;
	}
	y->items[y->n] = item;
	y->keys[y->n++] = key;
	if (y->n == 1) { /* a collection begins where its first element does */
		y->line = key ? key->line : item->line;
		y->column = key ? key->column : item->column;
	}
	return 0;
}

static struct erg_yaml *build_collection(const struct builder *b, struct fy_node *node, int depth)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = calloc(1, sizeof(*y));
	struct fy_node_pair *pair;
	struct fy_node *item;
	void *at = NULL;

	if (!y)
		return NULL;
	if (fy_node_is_sequence(node)) {
		y->kind = ERG_YAML_LIST;
		while ((item = fy_node_sequence_iterate(node, &at)))
			if (append(y, NULL, build(b, item, depth + 1)) < 0)
				return NULL;
		return erg_steal_ptr(&y);
	}
	y->kind = ERG_YAML_MAP;
	while ((pair = fy_node_mapping_iterate(node, &at))) {
		struct erg_yaml *key;

		if (!fy_node_is_scalar(fy_node_pair_key(pair)))
			return NULL;
		key = build_scalar(b, fy_node_pair_key(pair));
		item = fy_node_pair_value(pair);
		if (!key)
			return NULL;
		if (append(y, key, build(b, item, depth + 1)) < 0)
			return NULL;
		if (y->items[y->n - 1]->line == 0) { /* an empty value */
			y->items[y->n - 1]->line = y->keys[y->n - 1]->line;
			y->items[y->n - 1]->column = y->keys[y->n - 1]->column;
		}
	}
	return erg_steal_ptr(&y);
}

static struct erg_yaml *build(const struct builder *b, struct fy_node *node, int depth)
{
	if (depth > DEPTH_MAX)
		return NULL;
	if (!node || fy_node_is_scalar(node))
		return build_scalar(b, node);
	return build_collection(b, node, depth);
}

/* What is left of LEFT behind the nodes of NODE, aliases being copies of what they name; negative where
 * that is not enough, or they go too deep, as in one that holds itself. */
static long nodes_left(struct fy_node *node, int depth, long left)
{
	struct fy_node_pair *pair;
	struct fy_node *item;
	void *at = NULL;

	if (node && fy_node_is_alias(node))
		node = fy_node_resolve_alias(node);
	left--;
	if (depth > 4 * DEPTH_MAX)
		return -1;
	if (!node || left < 0)
		return left;
	if (fy_node_is_sequence(node))
		while (left >= 0 && (item = fy_node_sequence_iterate(node, &at)))
			left = nodes_left(item, depth + 1, left);
	else if (fy_node_is_mapping(node))
		while (left >= 0 && (pair = fy_node_mapping_iterate(node, &at)))
			left = nodes_left(fy_node_pair_value(pair), depth + 1,
				nodes_left(fy_node_pair_key(pair), depth + 1, left));
	return left;
}

/* Keeps the first line that libfyaml has to say. */
static void first_error(struct fy_diag *diag, void *user, const char *buf, size_t len)
{
	char *text = user;

	if (!text[0])
		snprintf(text, 512, "%.*s", (int)(len < 511 ? len : 511), buf);
}

/* libfyaml says "FILE:LINE:COLUMN: error: what" with our own name for the file, or only what. */
static int syntax_error(const char *file, const char *said, struct erg_err *err)
{
	const char *p = said, *colon;
	int line = 0, column = 0, n = 0;
	char text[512];

	for (colon = strchr(p, ':'); colon; colon = strchr(colon + 1, ':'))
		if (sscanf(colon, ":%d:%d:%n", &line, &column, &n) == 2 && n > 0)
			break;
	if (colon)
		p = colon + n;
	p += strspn(p, " ");
	if (strncmp(p, "error: ", 7) == 0)
		p += 7;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(p, "\n"), p);
	if (colon)
		return erg_fail(err, -EINVAL, "%s:%d:%d: %s", file, line, column, text);
	return erg_fail(err, -EINVAL, "%s: empty, or not text: expected a YAML document", file);
}

/* YAML is text without control characters; libfyaml 0.7 never ends on some others. */
static int check_text(const char *file, const char *text, size_t len, struct erg_err *err)
{
	_cleanup_(erg_freep) char *plain = malloc(len + 1), *shown = NULL;
	const char *line = text;
	struct erg_yaml at = {.line = 1};

	if (!plain)
		return erg_fail(err, -ENOMEM, "%s: no memory", file);
	for (size_t i = 0; i < len; i++)
		plain[i] = text[i] && strchr("\n\r\t", text[i]) ? ' ' : text[i] ? text[i] : 1;
	plain[len] = '\0';
	shown = erg_terminal_copy(plain);
	if (!shown)
		return erg_fail(err, -ENOMEM, "%s: no memory", file);
	for (size_t i = 0; i < len; i++) {
		if (shown[i] != plain[i]) {
			at.column = (int)(text + i - line) + 1;
			return erg_yaml_fail(err, file, &at,
				"byte 0x%02x: expected UTF-8 without control characters",
				(unsigned char)text[i]);
		}
		if (text[i] == '\n') {
			at.line++;
			line = text + i + 1;
		}
	}
	return 0;
}

/* Where a second document begins, of which nothing would be read. False: there is none. */
static bool second_document(const struct fy_parse_cfg *cfg, const char *text, size_t len,
	struct erg_yaml *ret_at)
{
	struct fy_parser *parser = fy_parser_create(cfg);
	struct fy_event *e = NULL;
	int documents = 0;

	if (parser && fy_parser_set_string(parser, text, len) == 0)
		while (documents < 2 && (e = fy_parser_parse(parser))) {
			documents += e->type == FYET_DOCUMENT_START;
			if (documents == 2 && e->document_start.document_start) {
				const struct fy_mark *mark =
					fy_token_start_mark(e->document_start.document_start);

				ret_at->line = mark ? mark->line + 1 : 0;
				ret_at->column = mark ? mark->column + 1 : 0;
			}
			fy_parser_event_free(parser, e);
		}
	if (parser)
		fy_parser_destroy(parser);
	return documents > 1;
}

int erg_yaml_parse(const char *file, const char *text, size_t len, struct erg_yaml **ret,
	struct erg_err *err)
{
	char said[512] = "";
	struct fy_diag_cfg diag_cfg = {.output_fn = first_error,
		.user = said,
		.level = FYET_ERROR,
		.module_mask = ~0u,
		.show_position = true};
	struct fy_diag *diag = fy_diag_create(&diag_cfg);
	struct fy_parse_cfg cfg = {.diag = diag};
	struct builder b = {.file = file, .err = err};
	struct erg_yaml second = {.line = 1, .column = 1};
	struct fy_document *doc;
	int r = diag ? check_text(file, text, len, err)
		     : erg_fail(err, -ENOMEM, "%s: no memory", file);

	if (r < 0) {
		if (diag)
			fy_diag_destroy(diag);
		return r;
	}
	doc = fy_document_build_from_string(&cfg, text, len);
	if (doc && nodes_left(fy_document_root(doc), 0, NODES_MAX) < 0) {
		r = erg_fail(err, -EFBIG,
			"%s: its aliases come to more than %d values, or hold themselves: "
			"expected what people write",
			file, NODES_MAX);
	} else if (!doc || fy_document_resolve(doc) || !fy_document_root(doc)) {
		r = said[0] ? syntax_error(file, said, err)
			    : erg_fail(err, -EINVAL, "%s: empty: expected a YAML document", file);
	} else if (second_document(&cfg, text, len, &second)) {
		r = erg_yaml_fail(err, file, &second, "a second document: one was expected");
	} else if (said[0]) { /* behind the first */
		r = syntax_error(file, said, err);
	} else {
		*ret = build(&b, fy_document_root(doc), 0);
		if (!*ret)
			r = erg_fail(err, -EINVAL,
				"%s: keys that are no text, or nested deeper than %d", file,
				DEPTH_MAX);
	}
	if (doc)
		fy_document_destroy(doc);
	fy_diag_destroy(diag);
	return r;
}

int erg_yaml_read(const char *file, struct erg_yaml **ret, struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(file, "re");
	_cleanup_(erg_freep) char *text = malloc(SIZE_MAX_BYTES + 1);
	size_t n;

	if (!f)
		return erg_fail_errno(err, -errno, "%s", file);
	if (!text)
		return erg_fail(err, -ENOMEM, "%s: no memory", file);
	n = fread(text, 1, SIZE_MAX_BYTES + 1, f);
	if (ferror(f))
		return errno == EISDIR
			? erg_fail(err, -EISDIR, "%s: is a folder: expected a YAML file", file)
			: erg_fail_errno(err, -EIO, "%s", file);
	if (n > SIZE_MAX_BYTES)
		return erg_fail(err, -EFBIG, "%s: larger than %u bytes: expected what people write",
			file, SIZE_MAX_BYTES);
	return erg_yaml_parse(file, text, n, ret, err);
}
