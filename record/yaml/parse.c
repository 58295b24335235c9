/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * YAML to a tree with positions; libfyaml does the parsing and is known to this file alone.
 *
 * Anchors and aliases are resolved by libfyaml, once it is known what they come to: each level of nine
 * lines can hold ten times the one before. A key that occurs twice is an error there. Depth is
 * bounded, because a plan is written by people and recursion here follows it.
 */
#include "record/yaml/yaml.h"

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
#define PAIRS_MAX 4000000   /* of keys, which are compared: 0.3 s; 2800 keys of one map */
#define LOOKUPS_MAX 4000000 /* of anchors for aliases: 0.4 s */
#define NODES_MAX 200000    /* as many as text of that size can hold, or about */

static struct erg_yaml *build_node(struct fy_node *node, int depth);

static struct erg_yaml *build_scalar(struct fy_node *node)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = calloc(1, sizeof(*y));
	struct fy_token *token = node ? fy_node_get_scalar_token(node) : NULL;
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	const char *text = node ? fy_node_get_scalar0(node) : "";

	if (!y || !(y->text = strdup(text ? text : "")))
		return NULL;
	if (mark) {
		y->line = mark->line + 1;
		y->column = mark->column + 1;
	}
	return erg_steal_ptr(&y);
}

static void stand_at(struct erg_yaml *y, const struct erg_yaml *other)
{
	y->line = other->line;
	y->column = other->column;
}

/* A collection begins where its first element does. */
static struct erg_yaml *build_list(struct fy_node *node, int depth)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = calloc(1, sizeof(*y));
	struct fy_node *item;
	void *at = NULL;

	if (!y ||
		!(y->items = calloc((size_t)fy_node_sequence_item_count(node) + 1,
			  sizeof(*y->items))))
		return NULL;
	y->kind = ERG_YAML_LIST;
	while ((item = fy_node_sequence_iterate(node, &at)))
		if (!(y->items[y->n++] = build_node(item, depth)))
			return NULL;
	if (y->n)
		stand_at(y, y->items[0]);
	return erg_steal_ptr(&y);
}

static struct erg_yaml *build_map(struct fy_node *node, int depth)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = calloc(1, sizeof(*y));
	size_t n = (size_t)fy_node_mapping_item_count(node);
	struct fy_node_pair *pair;
	void *at = NULL;

	if (!y || !(y->items = calloc(n + 1, sizeof(*y->items))) ||
		!(y->keys = calloc(n + 1, sizeof(*y->keys))))
		return NULL;
	y->kind = ERG_YAML_MAP;
	for (; (pair = fy_node_mapping_iterate(node, &at)); y->n++) {
		struct erg_yaml **key = &y->keys[y->n], **item = &y->items[y->n];

		if (!fy_node_is_scalar(fy_node_pair_key(pair)) ||
			!(*key = build_scalar(fy_node_pair_key(pair))) ||
			!(*item = build_node(fy_node_pair_value(pair), depth))) {
			y->n++; /* for what of it there is */
			return NULL;
		}
		if (!(*item)->line) /* an empty value */
			stand_at(*item, *key);
	}
	if (y->n)
		stand_at(y, y->keys[0]);
	return erg_steal_ptr(&y);
}

/* NULL: no memory, deeper than DEPTH_MAX, or a key that is no text. */
static struct erg_yaml *build_node(struct fy_node *node, int depth)
{
	if (depth > DEPTH_MAX)
		return NULL;
	if (!node || fy_node_is_scalar(node))
		return build_scalar(node);
	return fy_node_is_sequence(node) ? build_list(node, depth + 1) : build_map(node, depth + 1);
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

static void destroy_document(struct fy_document **doc)
{
	if (*doc)
		fy_document_destroy(*doc);
}

/* What its events say of a text, in a time in proportion to it. */
struct survey {
	int documents;          /* up to the second, of which nothing would be read */
	struct erg_yaml second; /* where that begins */
	long pairs;             /* of keys of one map */
	long anchors, aliases;
};

/* The collections that are open, from the outermost: values in each so far. Lists are not counted. */
struct levels {
	long n[4 * DEPTH_MAX];
	bool map[4 * DEPTH_MAX];
	size_t depth;
};

static bool level_open(struct levels *l, bool map)
{
	if (l->depth == ERG_ARRAY_SIZE(l->n))
		return false; /* libfyaml refuses it, too */
	l->n[l->depth] = 0;
	l->map[l->depth++] = map;
	return true;
}

static bool survey_event(struct survey *s, struct levels *l, const struct fy_event *e)
{
	const bool begins = e->type == FYET_MAPPING_START || e->type == FYET_SEQUENCE_START;

	if (begins || e->type == FYET_SCALAR || e->type == FYET_ALIAS) {
		if (l->depth && l->map[l->depth - 1] && ++l->n[l->depth - 1] % 2)
			s->pairs += l->n[l->depth - 1] / 2;
		s->aliases += e->type == FYET_ALIAS;
		s->anchors += (e->type == FYET_SCALAR && e->scalar.anchor) ||
			(e->type == FYET_MAPPING_START && e->mapping_start.anchor) ||
			(e->type == FYET_SEQUENCE_START && e->sequence_start.anchor);
	}
	if (begins)
		return level_open(l, e->type == FYET_MAPPING_START);
	if ((e->type == FYET_MAPPING_END || e->type == FYET_SEQUENCE_END) && l->depth)
		l->depth--;
	if (e->type == FYET_DOCUMENT_START && ++s->documents == 2) {
		struct fy_token *token = e->document_start.document_start;
		const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

		s->second.line = mark ? mark->line + 1 : 1;
		s->second.column = mark ? mark->column + 1 : 1;
	}
	return s->documents < 2;
}

static void survey(const struct fy_parse_cfg *cfg, const char *text, size_t len, struct survey *s)
{
	struct fy_parser *parser = fy_parser_create(cfg);
	struct levels levels = {.depth = 0};
	struct fy_event *e;
	bool on = true;

	if (parser && fy_parser_set_string(parser, text, len) == 0)
		while (on && (e = fy_parser_parse(parser))) {
			on = survey_event(s, &levels, e);
			fy_parser_event_free(parser, e);
		}
	if (parser)
		fy_parser_destroy(parser);
}

/* libfyaml compares each key of a map with all others, and each alias with all anchors. */
static int check_cost(const char *file, const struct survey *s, struct erg_err *err)
{
	if (s->pairs > PAIRS_MAX)
		return erg_fail(err, -EFBIG,
			"%s: maps with more keys than are compared in time: expected what people write",
			file);
	if (s->aliases && s->anchors > LOOKUPS_MAX / s->aliases)
		return erg_fail(err, -EFBIG,
			"%s: %ld aliases, and %ld anchors that they may mean: expected what people write",
			file, s->aliases, s->anchors);
	return 0;
}

/* What the one document of the text comes to. SAID: what libfyaml had to say, of which CFG takes note. */
static int parse_document(const struct fy_parse_cfg *cfg, const char *said, const char *file,
	const char *text, size_t len, struct erg_yaml **ret, struct erg_err *err)
{
	_cleanup_(destroy_document) struct fy_document *doc = NULL;
	struct survey s = {0};
	int r;

	survey(cfg, text, len, &s);
	r = check_cost(file, &s, err);
	if (r < 0)
		return r;
	doc = fy_document_build_from_string(cfg, text, len);
	if (doc && nodes_left(fy_document_root(doc), 0, NODES_MAX) < 0)
		return erg_fail(err, -EFBIG,
			"%s: its aliases come to more than %d values, or hold themselves: "
			"expected what people write",
			file, NODES_MAX);
	if (!doc || fy_document_resolve(doc) || !fy_document_root(doc))
		return said[0]
			? syntax_error(file, said, err)
			: erg_fail(err, -EINVAL, "%s: empty: expected a YAML document", file);
	if (s.documents > 1)
		return erg_yaml_fail(err, file, &s.second, "a second document: one was expected");
	if (said[0]) /* behind the first */
		return syntax_error(file, said, err);
	errno = 0;
	*ret = build_node(fy_document_root(doc), 0);
	if (!*ret && errno == ENOMEM)
		return erg_fail(err, -ENOMEM, "%s: no memory", file);
	return *ret ? 0
		    : erg_fail(err, -EINVAL, "%s: keys that are no text, or nested deeper than %d",
			      file, DEPTH_MAX);
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
	struct fy_parse_cfg cfg = {0};
	int r = check_text(file, text, len, err);

	if (r < 0)
		return r;
	cfg.diag = fy_diag_create(&diag_cfg);
	if (!cfg.diag)
		return erg_fail(err, -ENOMEM, "%s: no memory", file);
	r = parse_document(&cfg, said, file, text, len, ret, err);
	fy_diag_destroy(cfg.diag);
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
