/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When what ran, as a table that erg-record import --layers takes. A layer's modules are one cell, from the outermost
 * on, with tabulators between them, and so are their types, "-" where there is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/export/samples.h"
#include "analyze/result/csv.h"
#include "formats/base/util.h"

static void put_titles(const struct erg_timeline *tl, struct erg_csv *c)
{
	static const char *const titles[] = {"begin_ns", "end_ns", "level", "layer", "type",
		"network", "module", "module_type", "iteration", "track", "place", "macs"};
	char title[512];

	for (size_t i = 0; i < ERG_ARRAY_SIZE(titles); i++)
		erg_csv_text(c, titles[i]);
	for (size_t i = 0; tl->iv.counter && i < tl->n_counters; i++) {
		snprintf(title, sizeof(title), "counter:%s", tl->counters[i].name);
		erg_csv_text(c, title);
	}
	erg_csv_end(c);
}

/* The modules from LAYER outwards, the outermost first; their types with TYPES. Whether there is any. */
static bool put_modules(const struct erg_timeline *tl, uint32_t layer, bool types, FILE *out)
{
	const struct erg_tl_layer *l;
	bool any;

	if (layer == ERG_NONE)
		return false;
	l = &tl->layers[layer];
	any = put_modules(tl, l->parent, types, out);
	if (l->level != ERG_TL_MODULE)
		return any;
	fprintf(out, "%s%s", any ? "\t" : "", !types ? l->name : *l->type ? l->type : "-");
	return true;
}

/* To be freed; NULL: no memory. */
static char *modules_of(const struct erg_timeline *tl, const struct erg_tl_layer *layer, bool types)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	put_modules(tl, layer->parent, types, f);
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* Cells that are the same in all rows of a layer. */
struct layer_cells {
	char *modules, *module_types;
};

static void cells_release(struct layer_cells *cells, size_t n)
{
	for (size_t k = 0; cells && k < n; k++) {
		free(cells[k].modules);
		free(cells[k].module_types);
	}
	free(cells);
}

static struct layer_cells *cells_new(const struct erg_timeline *tl)
{
	struct layer_cells *cells = calloc(tl->n_layers + 1, sizeof(*cells));

	for (size_t k = 0; cells && k < tl->n_layers; k++) {
		cells[k].modules = modules_of(tl, &tl->layers[k], false);
		cells[k].module_types = modules_of(tl, &tl->layers[k], true);
		if (!cells[k].modules || !cells[k].module_types) {
			cells_release(cells, k + 1);
			return NULL;
		}
	}
	return cells;
}

/* A name that another track has too gets its number. */
static void put_track(const struct erg_timeline *tl, size_t track, struct erg_csv *c)
{
	const char *name = tl->tracks[track].name;
	char numbered[256];
	size_t same = 0;

	for (size_t i = 0; i < tl->n_tracks; i++)
		same += !strcmp(tl->tracks[i].name, name);
	snprintf(numbered, sizeof(numbered), "%.200s (%zu)", name, track + 1);
	erg_csv_text(c, same > 1 || !*name ? numbered : name);
	erg_csv_text(c, tl->tracks[track].place == ERG_TL_HOST ? "host" : "device");
}

static void put_row(const struct erg_timeline *tl, size_t i, const struct layer_cells *cells,
	struct erg_csv *c)
{
	static const char *const levels[] = {"network", "module", "layer"};
	const struct erg_tl_intervals *iv = &tl->iv;
	const struct erg_tl_layer *l = &tl->layers[iv->layer[i]];

	erg_csv_integer(c, (long long)erg_tl_begin(iv, i));
	erg_csv_integer(c, (long long)erg_tl_end(iv, i));
	erg_csv_text(c, levels[l->level]);
	erg_csv_text(c, l->name);
	erg_csv_text(c, l->type);
	erg_csv_text(c, l->network);
	erg_csv_text(c, cells[iv->layer[i]].modules);
	erg_csv_text(c, cells[iv->layer[i]].module_types);
	erg_csv_integer(c, iv->iteration[i]);
	put_track(tl, iv->track[i], c);
	erg_csv_integer(c, (long long)l->macs);
	for (size_t k = 0; iv->counter && k < tl->n_counters; k++) {
		if (iv->counter[k][i] == INT64_MIN)
			erg_csv_text(c, "");
		else
			erg_csv_integer(c, iv->counter[k][i]);
	}
	erg_csv_end(c);
}

int erg_export_layers(const struct erg_timeline *tl, FILE *out, struct erg_err *err)
{
	struct erg_csv c = {out, 0};
	struct layer_cells *cells;

	if (tl->iv.n == 0)
		return erg_fail(err, -ENODATA, "%s: no layer was recorded", tl->archive);
	cells = cells_new(tl);
	if (!cells)
		return erg_fail(err, -ENOMEM, "out of memory for %zu layers", tl->n_layers);
	put_titles(tl, &c);
	for (size_t i = 0; i < tl->iv.n; i++)
		put_row(tl, i, cells, &c);
	cells_release(cells, tl->n_layers);
	return 0;
}
