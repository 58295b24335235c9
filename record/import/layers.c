/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers: what the readers of them share, and layers.csv, when which layer ran. A row that cannot be (it ends before it begins, or it overlaps
 * another one of its track without lying inside it) is left out and named; rows that touch by no
 * more than their rounding are trimmed.
 */
#include <errno.h>
#include <string.h>

#include "formats/table.h"
#include "formats/base/order.h"
#include "formats/base/util.h"
#include "record/import/import.h"

#define OVERLAP_ROUNDING_NS 1000

struct columns {
	int begin, end, layer, type, network, module, iteration, track, phase, macs;
	int level, module_type, place; /* that erg-analyze export writes */
	int time_decimals;
	int *counters;
};

void erg_import_layers_init(struct erg_import_layers *l)
{
	*l = (struct erg_import_layers){0};
}

/* ---- definitions ---- */

uint32_t erg_import_layers_define(struct erg_import_layers *l, uint8_t level, uint32_t parent,
	const char *name, const char *type, const char *network)
{
	_cleanup_(erg_freep) char *key = NULL;
	struct erg_import_layer_def *d;
	size_t i;

	if (asprintf(&key, "%u\x1f%u\x1f%s\x1f%s\x1f%s", level, parent, name, type, network) < 0) {
		key = NULL;
		return 0;
	}
	if (erg_numbered_put(&l->def_keys, key, &i) < 0)
		return 0;
	if (i < l->n_defs)
		return (uint32_t)i + 1;
	d = reallocarray(l->defs, l->n_defs + 1, sizeof(*d));
	if (!d)
		return 0;
	l->defs = d;
	d += l->n_defs;
	*d = (struct erg_import_layer_def){.name = strdup(name),
		.type = strdup(type),
		.network = strdup(network),
		.parent = parent,
		.level = level};
	return d->name && d->type && d->network ? (uint32_t)++l->n_defs : 0;
}

static const char *cell_of(const struct erg_table *t, size_t row, int column)
{
	return column < 0 ? "" : erg_table_cell(t, row, (size_t)column);
}

/* The modules of a cell, from the outermost on, apart by tabulators as their types are. 0: no memory. */
static uint32_t define_modules(struct erg_import_layers *l, uint32_t parent, const char *names,
	const char *types, const char *network)
{
	_cleanup_(erg_freep) char *all = strdup(names), *kinds = strdup(types);
	char *name = all, *type = kinds;

	while (name && type) {
		char *next_name = strchr(name, '\t'), *next_type = strchr(type, '\t');

		if (next_name)
			*next_name++ = '\0';
		if (next_type)
			*next_type++ = '\0';
		parent = erg_import_layers_define(l, 1, parent, name, strcmp(type, "-") ? type : "",
			network);
		if (!next_name || !parent)
			return parent;
		name = next_name;
		type = next_type ? next_type : type + strlen(type);
	}
	return 0;
}

static uint32_t define_row(struct erg_import_layers *l, const struct erg_table *t,
	const struct columns *c, size_t row)
{
	const char *network = cell_of(t, row, c->network), *module = cell_of(t, row, c->module);
	const char *name = cell_of(t, row, c->layer), *level = cell_of(t, row, c->level);
	uint32_t parent = 0;

	if (!strcmp(level, "network"))
		return erg_import_layers_define(l, 0, 0, name, "", name);
	if (*network && (parent = erg_import_layers_define(l, 0, 0, network, "", network)) == 0)
		return 0;
	if (*module &&
		(parent = define_modules(l, parent, module, cell_of(t, row, c->module_type),
			 network)) == 0)
		return 0;
	return erg_import_layers_define(l, !strcmp(level, "module") ? 1 : 2, parent, name,
		cell_of(t, row, c->type), network);
}

uint32_t erg_import_layers_track(struct erg_import_layers *l, const char *name)
{
	enum erg_import_place *places;
	size_t i;
	char **p;

	if (!*name)
		name = "layers";
	if (erg_numbered_put(&l->track_names, name, &i) < 0)
		return 0;
	if (i < l->n_tracks)
		return (uint32_t)i + 1;
	p = reallocarray(l->tracks, l->n_tracks + 1, sizeof(*p));
	if (!p)
		return 0;
	l->tracks = p;
	places = reallocarray(l->places, l->n_tracks + 1, sizeof(*places));
	if (!places)
		return 0;
	l->places = places;
	places[l->n_tracks] = ERG_PLACE_BY_NAME;
	p[l->n_tracks] = strdup(name);
	return p[l->n_tracks] ? (uint32_t)++l->n_tracks : 0;
}

/* ---- columns ---- */

static int optional(const struct erg_table *t, const char *name)
{
	return erg_table_find(t, name, NULL);
}

static int find_counters(const struct erg_table *t, struct columns *c, struct erg_import_layers *l)
{
	size_t n = erg_table_columns(t);

	c->counters = calloc(n, sizeof(*c->counters));
	l->counters = calloc(n, sizeof(*l->counters));
	if (!c->counters || !l->counters)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *name = erg_table_column_name(t, i);

		if (strncmp(name, "counter:", 8) || !name[8])
			continue;
		c->counters[l->n_counters] = (int)i;
		l->counters[l->n_counters] = strdup(name + 8);
		if (!l->counters[l->n_counters++])
			return -ENOMEM;
	}
	l->values = calloc(erg_table_rows(t) * l->n_counters + 1, sizeof(*l->values));
	return l->values ? 0 : -ENOMEM;
}

static int find_columns(const struct erg_table *t, const char *path, struct columns *c,
	struct erg_import_layers *l, struct erg_err *err)
{
	bool ns = optional(t, "begin_ns") >= 0;

	c->time_decimals = ns ? 0 : 9;
	c->begin = erg_table_find(t, ns ? "begin_ns" : "begin_s", err);
	c->end = c->begin < 0 ? c->begin : erg_table_find(t, ns ? "end_ns" : "end_s", err);
	c->layer = c->end < 0 ? c->end : erg_table_find(t, "layer", err);
	if (c->layer < 0)
		return erg_table_columns(t) == 1 && strpbrk(erg_table_column_name(t, 0), ";\t")
			? erg_fail(err, -EINVAL,
				  "%s: line 1: '%.60s': columns begin_s,end_s,layer, apart by commas, were expected",
				  path, erg_table_column_name(t, 0))
			: c->layer;
	c->type = optional(t, "type");
	c->network = optional(t, "network");
	c->module = optional(t, "module");
	c->iteration = optional(t, "iteration");
	c->track = optional(t, "track");
	c->phase = optional(t, "phase");
	c->macs = optional(t, "macs");
	c->level = optional(t, "level");
	c->module_type = optional(t, "module_type");
	c->place = optional(t, "place");
	if (find_counters(t, c, l) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	if (l->n_counters > 255)
		return erg_fail(err, -EINVAL, "%s: %zu counters, at most 255 were expected", path,
			l->n_counters);
	return 0;
}

/* ---- rows ---- */

static int take_counters(struct erg_import_layers *l, const struct erg_table *t,
	const struct columns *c, size_t row, struct erg_err *err)
{
	for (size_t i = 0; i < l->n_counters; i++) {
		size_t column = (size_t)c->counters[i];
		int64_t *v = &l->values[row * l->n_counters + i];
		int r;

		*v = ERG_IMPORT_MISSING;
		if (!*erg_table_cell(t, row, column))
			continue;
		r = erg_table_scaled(t, row, column, 0, v, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_numbers(const struct erg_table *t, const struct columns *c, size_t row,
	const char *path, struct erg_import_span *s, struct erg_import_layer_def *d,
	struct erg_err *err)
{
	int64_t v;
	int r = 0;

	s->iteration = d->seen++;
	if (*cell_of(t, row, c->iteration)) {
		r = erg_table_scaled(t, row, (size_t)c->iteration, 0, &v, err);
		if (r == 0 && (v < 0 || v > UINT32_MAX))
			return erg_fail(err, -ERANGE,
				"%s: line %zu: iteration %lld: 0 to 2^32-1 was "
				"expected",
				path, erg_table_line(t, row), (long long)v);
		s->iteration = r == 0 ? (uint32_t)v : 0;
	}
	if (r == 0 && *cell_of(t, row, c->macs)) {
		r = erg_table_scaled(t, row, (size_t)c->macs, 0, &v, err);
		if (r == 0 && v < 0)
			return erg_fail(err, -ERANGE,
				"%s: line %zu: %lld macs: a count was expected", path,
				erg_table_line(t, row), (long long)v);
		d->macs = r == 0 ? (uint64_t)v : 0;
	}
	return r;
}

/* Returns 1 when the row became l->spans[l->n_spans]; 0 when it ends before it begins. */
static int take_row(struct erg_import_layers *l, const struct erg_table *t, const struct columns *c,
	size_t row, const char *path, struct erg_err *err)
{
	struct erg_import_span *s = &l->spans[l->n_spans];
	uint32_t id;
	int r = erg_table_scaled(t, row, (size_t)c->begin, c->time_decimals, &s->begin, err);

	if (r == 0)
		r = erg_table_scaled(t, row, (size_t)c->end, c->time_decimals, &s->end, err);
	if (r < 0)
		return r;
	s->line = (uint32_t)erg_table_line(t, row);
	if (s->begin < -ERG_IMPORT_TIME_MAX || s->end > ERG_IMPORT_TIME_MAX)
		return erg_fail(err, -ERANGE,
			"%s: line %u: the time is more than 126 years from zero", path, s->line);
	if (!*cell_of(t, row, c->layer))
		return erg_fail(err, -EINVAL, "%s: line %u: the layer has no name", path, s->line);
	if (s->end < s->begin)
		return 0;
	id = define_row(l, t, c, row);
	s->track = erg_import_layers_track(l, cell_of(t, row, c->track));
	if (id == 0 || s->track == 0)
		return erg_fail_errno(err, -ENOMEM, "%s: line %u", path, s->line);
	if (*cell_of(t, row, c->place))
		l->places[s->track - 1] = strcmp(cell_of(t, row, c->place), "device")
			? ERG_PLACE_HOST
			: ERG_PLACE_DEVICE;
	s->layer = id - 1;
	s->row = (uint32_t)row;
	r = take_numbers(t, c, row, path, s, &l->defs[s->layer], err);
	if (r == 0)
		r = take_counters(l, t, c, row, err);
	return r < 0 ? r : 1;
}

static int take_rows(struct erg_import_layers *l, const struct erg_table *t,
	const struct columns *c, const char *path, json_t *notes, struct erg_err *err)
{
	size_t rows = erg_table_rows(t), backward = 0, first = 0;

	l->rows = rows;
	l->spans = calloc(rows + 1, sizeof(*l->spans));
	if (!l->spans)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	for (size_t i = 0; i < rows; i++) {
		int r = take_row(l, t, c, i, path, err);

		if (r < 0)
			return r;
		if (r == 0 && backward++ == 0)
			first = erg_table_line(t, i);
		l->n_spans += (size_t)r;
	}
	if (backward)
		erg_import_note(notes, "layer-backward",
			"%s: line %zu: the layer ends before it "
			"begins; %zu such rows were left out",
			path, first, backward);
	return 0;
}

/* ---- overlaps ---- */

static int by_track_and_begin(const void *a, const void *b)
{
	const struct erg_import_span *x = a, *y = b;

	if (x->track != y->track)
		return x->track < y->track ? -1 : 1;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static int by_end(const void *a, const void *b)
{
	const struct erg_import_span *x = a, *y = b;

	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	if (x->begin != y->begin)
		return x->begin > y->begin ? -1 : 1;
	if (x->track != y->track) /* what is one stretch of one track follows each other */
		return x->track < y->track ? -1 : 1;
	return (x->line < y->line) - (x->line > y->line);
}

/* The open spans of a track, outermost first. Depth beyond this is left out as impossible. */
#define DEPTH_MAX 64

struct nest {
	const struct erg_import_span *open[DEPTH_MAX];
	size_t depth;
	uint32_t track;
};

/* False when the span cannot be where it is. */
static bool place_span(struct nest *n, struct erg_import_span *s)
{
	const struct erg_import_span *top;

	if (n->track != s->track)
		n->depth = 0;
	n->track = s->track;
	while (n->depth > 0 && n->open[n->depth - 1]->end <= s->begin)
		n->depth--;
	top = n->depth > 0 ? n->open[n->depth - 1] : NULL;
	if (top && s->end > top->end) {
		const bool inside = s->end - top->end <= OVERLAP_ROUNDING_NS &&
			s->end - top->end < top->end - s->begin;

		if (!inside && top->end - s->begin > OVERLAP_ROUNDING_NS)
			return false;
		if (inside) { /* their ends were rounded otherwise */
			s->end = top->end;
		} else {
			s->begin = top->end;
			n->depth--;
		}
	}
	if (n->depth == DEPTH_MAX)
		return false;
	n->open[n->depth++] = s;
	return true;
}

static void drop_overlaps(struct erg_import_layers *l, const char *path, json_t *notes)
{
	struct nest nest = {.track = 0};
	size_t kept = 0, dropped = 0;
	char first[512] = "";

	erg_sort(l->spans, l->n_spans, sizeof(*l->spans), by_track_and_begin);
	for (size_t i = 0; i < l->n_spans; i++) {
		l->spans[kept] = l->spans[i];
		if (place_span(&nest, &l->spans[kept])) {
			kept++;
			continue;
		}
		if (dropped++ == 0)
			snprintf(first, sizeof(first),
				"%s: line %u: layer '%.100s' overlaps '%.100s' "
				"of line %u on track '%.100s' without lying inside it",
				path, l->spans[i].line, l->defs[l->spans[i].layer].name,
				l->defs[nest.open[nest.depth - 1]->layer].name,
				nest.open[nest.depth - 1]->line, l->tracks[l->spans[i].track - 1]);
	}
	l->n_spans = kept;
	if (dropped)
		erg_import_note(notes, "layer-overlap",
			"%s; %zu such rows were left out (work at the "
			"same time needs a column track)",
			first, dropped);
}

struct erg_import_span *erg_import_layers_add(struct erg_import_layers *l)
{
	if (l->n_spans == l->spans_alloc) {
		size_t alloc = l->spans_alloc ? 2 * l->spans_alloc : 1024;
		struct erg_import_span *p = reallocarray(l->spans, alloc, sizeof(*p));

		if (!p)
			return NULL;
		l->spans = p;
		l->spans_alloc = alloc;
	}
	l->spans[l->n_spans] = (struct erg_import_span){0};
	return &l->spans[l->n_spans++];
}

int erg_import_layers_finish(struct erg_import_layers *l, const char *path, json_t *notes,
	struct erg_err *err)
{
	drop_overlaps(l, path, notes);
	if (l->n_spans == 0)
		return erg_fail(err, -ENODATA, "%s: no layer that could be used", path);
	erg_sort(l->spans, l->n_spans, sizeof(*l->spans), by_end);
	return 0;
}

/* ---- phases ---- */

static int add_phase(struct erg_import_layers *l, const char *name, int64_t begin, int64_t end)
{
	struct erg_import_phase *p = l->n_phases ? &l->phases[l->n_phases - 1] : NULL;

	if (p && !strcmp(p->name, name)) {
		p->end = end > p->end ? end : p->end;
		return 0;
	}
	if (p && p->end > begin)
		p->end = begin;
	return erg_import_phase_add(&l->phases, &l->n_phases, name, begin, end);
}

static int by_begin(const void *a, const void *b)
{
	const struct erg_import_span *x = a, *y = b;

	return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1)
				    : (x->line > y->line) - (x->line < y->line);
}

/* A phase lasts while rows, in the order of their beginnings, name it. */
static int find_phases(struct erg_import_layers *l, const struct erg_table *t, int column)
{
	int r = 0;

	erg_sort(l->spans, l->n_spans, sizeof(*l->spans), by_begin);
	for (size_t i = 0; i < l->n_spans && r == 0; i++) {
		const struct erg_import_span *s = &l->spans[i];

		if (*cell_of(t, s->row, column))
			r = add_phase(l, cell_of(t, s->row, column), s->begin, s->end);
	}
	return r;
}

int erg_import_layers_read(const char *path, struct erg_import_layers *ret, json_t *notes,
	struct erg_err *err)
{
	_cleanup_(erg_table_freep) struct erg_table *t = NULL;
	struct columns c = {0};
	int r;

	erg_import_layers_init(ret);
	r = erg_table_read(path, &t, err);
	if (r == 0)
		snprintf(ret->sha256, sizeof(ret->sha256), "%s", erg_table_sha256(t));
	if (r == 0)
		r = find_columns(t, path, &c, ret, err);
	if (r == 0)
		r = take_rows(ret, t, &c, path, notes, err);
	free(c.counters);
	if (r < 0)
		return r;
	drop_overlaps(ret, path, notes);
	if (ret->n_spans == 0)
		return erg_fail(err, -ENODATA, "%s: no layer that could be used", path);
	if (find_phases(ret, t, c.phase) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	erg_sort(ret->spans, ret->n_spans, sizeof(*ret->spans), by_end);
	return 0;
}

const struct erg_import_layers_reader erg_import_layers_csv = {
	.name = "csv",
	.about = "begin_s,end_s,layer and more",
	.read = erg_import_layers_read,
};

int64_t *erg_import_edges(const struct erg_import_layers *l)
{
	int64_t *edges = calloc(2 * l->n_spans + 1, sizeof(*edges));

	if (!edges)
		return NULL;
	for (size_t i = 0; i < l->n_spans; i++) {
		edges[2 * i] = l->spans[i].begin;
		edges[2 * i + 1] = l->spans[i].end;
	}
	erg_sort_i64(edges, 2 * l->n_spans);
	return edges;
}

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

void erg_import_layers_release(struct erg_import_layers *l)
{
	for (size_t i = 0; i < l->n_defs; i++) {
		free(l->defs[i].name);
		free(l->defs[i].type);
		free(l->defs[i].network);
	}
	for (size_t i = 0; i < l->n_phases; i++)
		free(l->phases[i].name);
	erg_numbered_release(&l->def_keys);
	erg_numbered_release(&l->track_names);
	free_names(l->tracks, l->n_tracks);
	free_names(l->counters, l->n_counters);
	free(l->defs);
	free(l->places);
	free(l->phases);
	free(l->spans);
	free(l->values);
	*l = (struct erg_import_layers){0};
}
