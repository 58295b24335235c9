/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When what ran, as a table that erg-record import --layers takes. A layer's modules are one cell, from the outermost
 * on, with tabulators between them, and so are their types, "-" where there is none.
 */
#include <errno.h>
#include <string.h>

#include "analyze/export/samples.h"
#include "analyze/result/csv.h"
#include "formats/base/util.h"

#define DEPTH_MAX 64
#define PATH_BYTES 4096

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

/* The modules that LAYER lies in; their types with TYPES. */
static void put_modules(const struct erg_timeline *tl, const struct erg_tl_layer *layer, bool types,
	struct erg_csv *c)
{
	const struct erg_tl_layer *path[DEPTH_MAX];
	char text[PATH_BYTES] = "";
	size_t n = 0, len = 0;

	for (uint32_t p = layer->parent; p != ERG_NONE && n < DEPTH_MAX; p = tl->layers[p].parent)
		if (tl->layers[p].level == ERG_TL_MODULE)
			path[n++] = &tl->layers[p];
	for (size_t i = n; i-- > 0 && len < sizeof(text);)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
			i + 1 < n ? "\t" : "",
			!types                   ? path[i]->name
				: *path[i]->type ? path[i]->type
						 : "-");
	erg_csv_text(c, text);
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

static void put_row(const struct erg_timeline *tl, size_t i, struct erg_csv *c)
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
	put_modules(tl, l, false, c);
	put_modules(tl, l, true, c);
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

	if (tl->iv.n == 0)
		return erg_fail(err, -ENODATA, "%s: no layer was recorded", tl->archive);
	put_titles(tl, &c);
	for (size_t i = 0; i < tl->iv.n; i++)
		put_row(tl, i, &c);
	return 0;
}
