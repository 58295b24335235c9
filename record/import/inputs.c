/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inputs of an import, brought to one clock: the readings, the layers, and the recording that they
 * are added to.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/import/job.h"

int64_t erg_import_first_time(const struct erg_import_job *j)
{
	int64_t t = j->log.n ? j->log.t[0] : INT64_MAX;

	for (size_t i = 0; i < j->layers.n_spans; i++)
		t = j->layers.spans[i].begin < t ? j->layers.spans[i].begin : t;
	for (size_t i = 0; i < j->layers.n_phases; i++)
		t = j->layers.phases[i].begin < t ? j->layers.phases[i].begin : t;
	return t;
}

int64_t erg_import_last_time(const struct erg_import_job *j)
{
	int64_t t = j->log.n ? j->log.t[j->log.n - 1] : INT64_MIN;

	if (j->layers.n_spans && j->layers.spans[j->layers.n_spans - 1].end > t)
		t = j->layers.spans[j->layers.n_spans - 1].end;
	return t;
}

/* ---- reading ---- */

/* Times of the log's own clock and of the layers' are only the same when somebody says so. */
static int check_clocks(const struct erg_import_job *j, struct erg_err *err)
{
	const struct erg_import_how *how = &j->o->how;

	if (!(j->o->layers || j->o->onto) || how->offset_given)
		return 0;
	if (j->log.clock == ERG_CLOCK_WALL)
		return erg_fail(err, -EINVAL,
			"%s: the times are of a wall clock, and nothing says in which "
			"zone: --time-zone (UTC, local, +02:00 or Europe/Berlin) was expected, to put %s "
			"beside them",
			j->log.path, j->o->layers ? j->o->layers : j->o->onto);
	if (j->log.clock == ERG_CLOCK_TIME_OF_DAY)
		return erg_fail(err, -EINVAL,
			"%s: the times have no date: --time-offset, the seconds from "
			"them to those of %s, was expected",
			j->log.path, j->o->layers ? j->o->layers : j->o->onto);
	return 0;
}

/* How much of the layers' time, and how many, lie outside of the readings. Most: the clocks differ. */
static int check_coverage(struct erg_import_job *j, struct erg_err *err)
{
	const int64_t slack = (int64_t)j->log.interval_ns;
	const int64_t begin = j->log.t[0] - slack, end = j->log.t[j->log.n - 1] + slack;
	double all = 0, inside = 0;
	size_t outside = 0;
	uint32_t line = 0;

	for (size_t i = 0; i < j->layers.n_spans; i++) {
		const struct erg_import_span *s = &j->layers.spans[i];
		int64_t from = s->begin > begin ? s->begin : begin,
			to = s->end < end ? s->end : end;

		all += (double)(s->end - s->begin);
		inside += to > from ? (double)(to - from) : 0;
		if ((s->begin < begin || s->end > end) && outside++ == 0)
			line = s->line;
	}
	if (outside * 2 > j->layers.n_spans && inside * 2 <= all)
		return erg_fail(err, -EINVAL,
			"%s: line %u: the layer is outside the time of the readings, "
			"%.12g to %.12g s, as %zu of %zu layers are: another clock? --time-offset or "
			"--time-zone brings the readings to the layers' clock",
			j->o->layers, line, (double)(begin + slack) * 1e-9,
			(double)(end - slack) * 1e-9, outside, j->layers.n_spans);
	if (outside)
		erg_import_note(j->notes, "layer-outside",
			"%s: line %u: the layer is outside the time "
			"of the readings, %.12g to %.12g s; %zu of %zu layers are",
			j->o->layers, line, (double)(begin + slack) * 1e-9,
			(double)(end - slack) * 1e-9, outside, j->layers.n_spans);
	return 0;
}

static int move_times(struct erg_import_job *j, struct erg_err *err)
{
	const int64_t by = j->o->how.offset_ns;

	if (by == 0 || j->log.n == 0)
		return 0;
	for (size_t i = 0; erg_import_has_row(&j->log, i); i++) {
		j->log.t[i] += by;
		if (llabs(j->log.t[i]) > ERG_IMPORT_TIME_MAX)
			return erg_fail(err, -ERANGE,
				"%s: line %u: with --time-offset the time is more than "
				"126 years from zero",
				j->log.path, j->log.line[i]);
	}
	for (size_t i = 0; i < j->log.n_phases; i++) {
		j->log.phases[i].begin += by;
		j->log.phases[i].end += by;
	}
	j->log.run_begin += by;
	j->log.run_end += by;
	return 0;
}

/* A file of another form is refused with the one it looks like. */
static int hint(const char *path, const char *form, bool json, int r, struct erg_err *err)
{
	const bool other = r == -EINVAL || r == -ENODATA || r == -ENOENT;
	const char *kind = other ? erg_import_stranger(path) : NULL,
		   *like = other && !kind ? erg_import_looks_like(path) : NULL;
	size_t len = strlen(err->msg);

	kind = other && !kind && !like && !json ? erg_import_no_text(path) : kind;
	if (kind)
		snprintf(err->msg + len, sizeof(err->msg) - len, " (it is %s)", kind);
	if (like && strcmp(like, form))
		snprintf(err->msg + len, sizeof(err->msg) - len, " (it looks like --from %s)",
			like);
	return r;
}

static int read_samples(struct erg_import_job *j, struct erg_err *err)
{
	const struct erg_import_options *o = j->o;
	int r = o->from->read(o->samples, &o->how, &j->log, j->notes, err);

	erg_import_log_close(&j->log);
	return hint(o->samples, o->from->name, o->from->json, r, err);
}

static int read_layers(struct erg_import_job *j, struct erg_err *err)
{
	const struct erg_import_options *o = j->o;
	int r = o->rules
		? erg_import_layers_by_rules(o->layers, o->rules, &j->layers, j->notes, err)
		: o->layers_from->read(o->layers, &j->layers, j->notes, err);

	return hint(o->layers, o->layers_from->name, o->layers_from->json, r, err);
}

/* ---- onto a recording ---- */

static int join_samples(struct erg_import_job *j, struct erg_err *err)
{
	int64_t first = INT64_MAX, last = INT64_MIN, by;
	int r;

	if (j->log.n == 0)
		return 0; /* the checks say so */
	for (size_t i = 0; erg_import_has_row(&j->log, i); i++) {
		first = j->log.t[i] < first ? j->log.t[i] : first;
		last = j->log.t[i] > last ? j->log.t[i] : last;
	}
	r = erg_import_onto_join(&j->onto, j->o->samples, first, last, j->o->clock_u_s,
		&j->samples_join, err);
	by = j->samples_join.shift_ns;
	for (size_t i = 0; r == 0 && erg_import_has_row(&j->log, i); i++)
		j->log.t[i] += by;
	for (size_t i = 0; r == 0 && i < j->log.n_phases; i++) {
		j->log.phases[i].begin += by;
		j->log.phases[i].end += by;
	}
	return r;
}

static void move_layers(struct erg_import_layers *l, int64_t by)
{
	for (size_t i = 0; i < l->n_spans; i++) {
		l->spans[i].begin += by;
		l->spans[i].end += by;
	}
	for (size_t i = 0; i < l->n_phases; i++) {
		l->phases[i].begin += by;
		l->phases[i].end += by;
	}
}

/* --time-offset is of the layers where no log comes with them. */
static int offset_layers(struct erg_import_job *j, struct erg_err *err)
{
	struct erg_import_layers *l = &j->layers;
	const int64_t by = j->o->samples ? 0 : j->o->how.offset_ns;

	for (size_t i = 0; by && i < l->n_spans; i++)
		if (llabs(l->spans[i].begin + by) > ERG_IMPORT_TIME_MAX ||
			llabs(l->spans[i].end + by) > ERG_IMPORT_TIME_MAX)
			return erg_fail(err, -ERANGE,
				"%s: with --time-offset a layer is more than 126 years from zero",
				j->o->layers);
	move_layers(l, by);
	return 0;
}

static int join_layers(struct erg_import_job *j, struct erg_err *err)
{
	struct erg_import_layers *l = &j->layers;
	int64_t first = INT64_MAX;
	int r = offset_layers(j, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < l->n_spans; i++)
		first = l->spans[i].begin < first ? l->spans[i].begin : first;
	r = erg_import_onto_join(&j->onto, j->o->layers, first, l->spans[l->n_spans - 1].end,
		j->o->clock_u_s, &j->layers_join, err);
	if (r == 0)
		move_layers(l, j->layers_join.shift_ns);
	return r;
}

/* Clocks that are joined by a guess of how well they agree. */
static void note_join(struct erg_import_job *j, const char *file,
	const struct erg_import_join *join)
{
	if (join->clock && join->u_ns > 0)
		erg_import_note(j->notes, "clock",
			"%s: joined with %s by its %s clock, to %.3g s (%s)", file, j->o->onto,
			join->clock, join->u_ns * 1e-9,
			j->o->clock_u_s < 0
				? "assumed: one machine's clock; --clock-u says otherwise"
				: "--clock-u");
}

/* Half of what was added must be of the time of the recording. */
static int check_meeting(struct erg_import_job *j, struct erg_err *err)
{
	const struct erg_import_onto *o = &j->onto;
	size_t outside = 0, rows = 0;

	for (size_t i = 0; i < j->layers.n_spans; i++)
		outside += j->layers.spans[i].end <= o->begin_ns ||
			j->layers.spans[i].begin >= o->end_ns;
	if (outside * 2 > j->layers.n_spans)
		return erg_fail(err, -EINVAL,
			"%s: %zu of %zu layers are outside the time of %s: another "
			"clock? --time-offset was expected",
			j->o->layers, outside, j->layers.n_spans, j->o->onto);
	if (outside)
		erg_import_note(j->notes, "layer-outside",
			"%s: %zu of %zu layers are outside the time of %s", j->o->layers, outside,
			j->layers.n_spans, j->o->onto);
	for (size_t i = 0; erg_import_has_row(&j->log, i); i++)
		rows += j->log.t[i] >= o->run_begin_ns && j->log.t[i] <= o->run_end_ns;
	if (j->o->samples &&
		(j->log.t[0] > o->run_begin_ns || j->log.t[j->log.n - 1] < o->run_end_ns))
		erg_import_note(j->notes, "coverage",
			"%s: the readings do not cover all of %s: %zu of %zu are of "
			"its time",
			j->o->samples, j->o->onto, rows, j->log.n);
	return 0;
}

/* What is not known of the clocks is not known of the sensor's lag. */
static void add_doubt(struct erg_import_job *j)
{
	for (size_t i = 0; i < j->log.n_channels; i++) {
		uint64_t *u = &j->log.channels[i].model.lag_u_ns;

		*u = (uint64_t)llround(hypot((double)*u, j->samples_join.u_ns));
	}
}

/* What was given to tell times that the log tells itself. */
static void note_unused(struct erg_import_job *j)
{
	const struct erg_import_how *how = &j->o->how;

	if (how->interval_ns && !j->log.spaced)
		erg_import_note(j->notes, "interval",
			"%s: --interval is of no use: its lines have times of their own that tell them apart",
			j->log.path);
	if (how->zone && !j->log.wall.ready)
		erg_import_note(j->notes, "zone",
			"%s: --time-zone is of no use: none of its times is of a wall clock without a zone",
			j->log.path);
}

static int read_log(struct erg_import_job *j, struct erg_err *err)
{
	int r = read_samples(j, err);

	if (r == 0)
		r = erg_import_spread_told(&j->log, &j->o->how, j->notes, err);
	if (r == 0)
		note_unused(j);
	if (r == 0)
		r = move_times(j, err);
	if (r == 0)
		r = check_clocks(j, err);
	if (r == 0 && j->o->onto)
		r = join_samples(j, err);
	erg_import_default_models(&j->log);
	if (r == 0)
		r = erg_import_apply_samples_head(&j->log, err);
	if (r == 0)
		r = erg_import_settings(&j->log, j->o->sensors, err);
	return r < 0 ? r
		     : hint(j->o->samples, j->o->from->name, j->o->from->json,
			       erg_import_check(&j->log, j->notes, err), err);
}

int erg_import_inputs(struct erg_import_job *j, struct erg_err *err)
{
	const struct erg_import_options *o = j->o;
	int r = o->onto ? erg_import_onto_open(o->onto, &j->onto, err) : 0;

	j->log.path = o->samples ? o->samples : o->layers;
	if (r == 0 && o->samples)
		r = read_log(j, err);
	if (r == 0 && o->layers)
		r = read_layers(j, err);
	if (r == 0 && o->layers && o->onto)
		r = join_layers(j, err);
	if (r == 0 && o->samples)
		r = erg_import_models(&j->log, o->layers ? &j->layers : NULL, j->stale, j->notes,
			err);
	if (r == 0 && o->layers && o->samples)
		r = check_coverage(j, err);
	if (r == 0 && o->onto)
		r = check_meeting(j, err);
	if (r < 0)
		return r;
	if (o->onto) {
		note_join(j, o->samples, &j->samples_join);
		note_join(j, o->layers, &j->layers_join);
		add_doubt(j);
	}
	j->origin_ns = erg_import_first_time(j) < 0 && !o->onto ? erg_import_first_time(j) : 0;
	snprintf(j->kind, sizeof(j->kind), "imported:%s", o->from->name);
	return 0;
}
