/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The aligned timeline and the folded stacks. Series of different rates are aligned by holding the
 * last value that was known at the row's time; nothing is interpolated, so that a cell is always a
 * value that was read.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/export/export.h"
#include "analyze/timeline/rail.h"
#include "analyze/result/csv.h"
#include "analyze/result/estimate.h"
#include "analyze/result/merged.h"
#include "analyze/timeline/segments.h"
#include "formats/base/order.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define TOLD 4096u /* rows between two words on progress */

static bool is_shown(const struct erg_tl_channel *c)
{
	return c->def.quantity == ERG_Q_TEMPERATURE || c->def.quantity == ERG_Q_FREQUENCY;
}

static void put_titles(const struct erg_timeline *tl, const struct erg_rail *const *rails,
	size_t n_rails, struct erg_csv *c)
{
	char title[sizeof(rails[0]->name) + 32];

	erg_csv_text(c, "time_s");
	for (size_t i = 0; i < n_rails; i++) {
		snprintf(title, sizeof(title), "%s [W]%s", rails[i]->name,
			rails[i]->simulated ? " simulated" : "");
		erg_csv_text(c, title);
	}
	for (size_t i = 0; i < tl->n_channels; i++) {
		if (!is_shown(&tl->channels[i]))
			continue;
		snprintf(title, sizeof(title), "%s [%s]", tl->channels[i].def.rail,
			tl->channels[i].def.quantity == ERG_Q_TEMPERATURE ? "degC" : "Hz");
		erg_csv_text(c, title);
	}
	erg_csv_text(c, "network");
	erg_csv_text(c, "module");
	erg_csv_text(c, "layer");
	erg_csv_text(c, "iteration");
	erg_csv_text(c, "phase");
	erg_csv_text(c, "thread");
	erg_csv_end(c);
}

/* Moves *AT to the last of T[0..N) not after NOW; false when all are later. */
static bool hold(const uint64_t *t, size_t n, uint64_t now, size_t *at)
{
	while (*at + 1 < n && t[*at + 1] <= now)
		++*at;
	return n && t[*at] <= now;
}

struct cursor {
	struct erg_segment_iter *it;
	struct erg_segment seg;
	bool valid;
	const struct erg_rail **rails; /* the columns */
	size_t n_rails, *rail_at, *channel_at;
	size_t *phase,
		n_begun; /* of the timeline in the order of their beginnings; how many have begun */
	size_t *open, n_open; /* phases of which NOW may be a time */
};

static void cursor_release(struct cursor *c)
{
	erg_segment_iter_free(c->it);
	free(c->rails);
	free(c->rail_at);
	free(c->channel_at);
	free(c->phase);
	free(c->open);
}

/* Goes to the segment of NOW: 1 if a layer runs in it, 0 if none does. */
static int seek_layer(const struct erg_timeline *tl, struct cursor *cur, uint64_t now,
	struct erg_err *err)
{
	while (cur->valid && cur->seg.end <= now) {
		int r = erg_segment_next(cur->it, &cur->seg, err);

		if (r < 0)
			return r;
		cur->valid = r > 0;
	}
	return cur->valid && cur->seg.begin <= now && cur->seg.class_[0] < tl->n_layers;
}

static void put_layer(const struct erg_timeline *tl, const struct erg_segment *seg,
	struct erg_csv *c)
{
	const struct erg_tl_layer *l = seg ? &tl->layers[seg->class_[0]] : NULL;

	erg_csv_text(c, l ? l->network : "");
	erg_csv_text(c, l ? l->module : "");
	erg_csv_text(c, l ? l->name : "");
	if (l)
		erg_csv_integer(c, seg->iteration[0]);
	else
		erg_csv_text(c, "");
}

static int phase_by_begin(const void *a, const void *b, void *phases)
{
	const struct erg_tl_phase *p = phases;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	if (p[x].begin != p[y].begin)
		return p[x].begin < p[y].begin ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Goes to the phases of NOW, which never decreases. */
static void seek_phases(const struct erg_timeline *tl, struct cursor *cur, uint64_t now)
{
	size_t kept = 0;

	for (; cur->n_begun < tl->n_phases && tl->phases[cur->phase[cur->n_begun]].begin <= now;
		cur->n_begun++)
		cur->open[cur->n_open++] = cur->phase[cur->n_begun];
	for (size_t i = 0; i < cur->n_open; i++)
		if (now < tl->phases[cur->open[i]].end)
			cur->open[kept++] = cur->open[i];
	cur->n_open = kept;
}

/* Of those of NOW the one that the timeline has last. */
static const char *phase_at(const struct erg_timeline *tl, const struct cursor *cur)
{
	size_t last = 0;

	for (size_t i = 0; i < cur->n_open; i++)
		last = cur->open[i] > last ? cur->open[i] : last;
	return cur->n_open ? tl->phases[last].name : "";
}

static int put_row(const struct erg_timeline *tl, uint64_t now, struct cursor *cur,
	struct erg_csv *c, struct erg_err *err)
{
	int r;

	fprintf(c->out, "%.9f", ((double)now - (double)tl->begin) * 1e-9);
	c->column = 1;
	for (size_t i = 0; i < cur->n_rails; i++)
		erg_csv_number(c,
			hold(cur->rails[i]->t, cur->rails[i]->n, now, &cur->rail_at[i])
				? erg_rail_power(cur->rails[i], cur->rail_at[i])
				: NAN);
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *ch = &tl->channels[i];

		if (is_shown(ch))
			erg_csv_number(c,
				hold(ch->t, ch->n, now, &cur->channel_at[i])
					? erg_channel_si(&ch->def, ch->raw[cur->channel_at[i]])
					: NAN);
	}
	r = seek_layer(tl, cur, now, err);
	put_layer(tl, r > 0 ? &cur->seg : NULL, c);
	erg_csv_text(c, phase_at(tl, cur));
	erg_csv_text(c, r > 0 ? tl->tracks[cur->seg.track[0]].name : "");
	erg_csv_end(c);
	return r;
}

static bool is_within(const struct erg_timeline *tl, const struct cursor *cur, const char *phase)
{
	for (size_t i = 0; i < cur->n_open; i++)
		if (!strcmp(tl->phases[cur->open[i]].name, phase))
			return true;
	return false;
}

static int check_phase(const struct erg_timeline *tl, const char *phase, struct erg_err *err)
{
	for (size_t i = 0; phase && i < tl->n_phases; i++)
		if (!strcmp(tl->phases[i].name, phase))
			return 0;
	return phase ? erg_fail(err, -ENOENT,
			       "%s: no phase '%s' (erg-analyze totals lists those there are)",
			       tl->archive, phase)
		     : 0;
}

/* RAIL has a column among the others, or behind them. */
static int open_columns(const struct erg_timeline *tl, const struct erg_rail *rail,
	struct cursor *cur, struct erg_err *err)
{
	bool own = true;

	cur->rails = calloc(tl->n_rails + 1, sizeof(*cur->rails));
	cur->rail_at = calloc(tl->n_rails + 1, sizeof(*cur->rail_at));
	cur->channel_at = calloc(tl->n_channels + 1, sizeof(*cur->channel_at));
	cur->phase = calloc(tl->n_phases + 1, sizeof(*cur->phase));
	cur->open = calloc(tl->n_phases + 1, sizeof(*cur->open));
	if (!cur->rails || !cur->rail_at || !cur->channel_at || !cur->phase || !cur->open)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < tl->n_phases; i++)
		cur->phase[i] = i;
	erg_sort_by(cur->phase, tl->n_phases, sizeof(*cur->phase), phase_by_begin, tl->phases);
	for (size_t i = 0; i < tl->n_rails; i++) {
		cur->rails[cur->n_rails++] = &tl->rails[i];
		own = own && rail != &tl->rails[i];
	}
	if (own)
		cur->rails[cur->n_rails++] = rail;
	return 0;
}

int erg_export_csv(const struct erg_timeline *tl, const struct erg_rail *rail, const char *phase,
	FILE *out, struct erg_err *err)
{
	_cleanup_(cursor_release) struct cursor cur = {0};
	struct erg_csv c = {out, 0};
	int r = check_phase(tl, phase, err);

	if (r >= 0)
		r = erg_segment_iter_new(tl, false, NULL, &cur.it, err);
	if (r >= 0)
		r = open_columns(tl, rail, &cur, err);
	if (r >= 0)
		r = erg_segment_next(cur.it, &cur.seg, err);
	cur.valid = r > 0;
	if (r >= 0)
		put_titles(tl, cur.rails, cur.n_rails, &c);
	for (size_t i = 0; r >= 0 && i < rail->n; i++) {
		seek_phases(tl, &cur, rail->t[i]);
		if (!phase || is_within(tl, &cur, phase))
			r = put_row(tl, rail->t[i], &cur, &c, err);
		if (i % TOLD == 0)
			erg_progress("rows", i, rail->n);
	}
	erg_progress("rows", 1, 1);
	return r < 0 ? r : 0;
}

/* A frame of a stack: ';' separates frames and a line is one stack, so neither may stand in a
 * name. */
static void put_frame(FILE *out, const char *name, bool first)
{
	if (!first)
		fputc(';', out);
	for (; *name; name++)
		fputc(*name == ';' || *name == '\n' || *name == '\r' ? '_' : *name, out);
}

/* The network, or module, of a row; "" of merged layers that are not all of one. */
static const char *common_frame(const json_t *row, const char *key, const char *of_members)
{
	const json_t *all = json_object_get(json_object_get(row, "merged"), of_members), *one;
	const char *name = erg_text_of(row, key);
	size_t i;

	json_array_foreach ((json_t *)all, i, one)
		if (strcmp(json_string_value(one), name))
			return "";
	return name;
}

/* Stacks of simulated power have that as their root: a flame graph has no other place to say it. */
static int put_stack(const json_t *row, bool simulated, FILE *out, double microjoules)
{
	_cleanup_(erg_freep) char *name = erg_merged_name(row, SIZE_MAX);
	const char *const frames[] = {simulated ? "SIMULATED power" : "",
		common_frame(row, "network", "networks"), common_frame(row, "module", "modules"),
		name};
	bool first = true;

	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(frames); i++) {
		if (!*frames[i])
			continue;
		put_frame(out, frames[i], first);
		first = false;
	}
	fprintf(out, " %.0f\n", microjoules);
	return 0;
}

int erg_export_folded(const json_t *run, FILE *out, size_t *ret_unresolved, struct erg_err *err)
{
	static const char *const parts[] = {"layers", "rest"};
	bool simulated = json_is_true(json_object_get(run, "simulated"));
	size_t i;
	json_t *row;
	int r = 0;

	*ret_unresolved = 0;
	for (size_t p = 0; p < ERG_ARRAY_SIZE(parts); p++)
		json_array_foreach (json_object_get(run, parts[p]), i, row) {
			const json_t *v =
				json_object_get(json_object_get(row, "energy_j"), "value");
			double uj = json_is_number(v) ? json_number_value(v) * 1e6 : NAN;

			if (uj >= 0.5 && r == 0)
				r = put_stack(row, simulated, out, uj);
			else if (isnan(uj))
				++*ret_unresolved;
		}
	return r < 0 ? erg_fail_errno(err, r, "the stacks") : 0;
}
