/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a timeline and options to an attribution. A rail of a GPU is attributed by the time of device
 * tracks when the run has any, every other rail by the host's threads (two occupancies, one
 * solver). A clock that changes during the run splits the classes.
 */
#include "analyze/account.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/util.h"

#define IDLE_MAX 64

/* The frequency channel that changed the most, as steps; none when no clock moved. */
static int frequency_steps(const struct erg_timeline *tl, struct erg_attr_steps *ret, double **ret_v)
{
	const struct erg_tl_channel *best = NULL;
	double widest = 0;

	*ret = (struct erg_attr_steps){0};
	*ret_v = NULL;
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];
		int64_t lo = INT64_MAX, hi = INT64_MIN;

		if (c->def.quantity != ERG_Q_FREQUENCY)
			continue;
		for (size_t k = 0; k < c->n; k++) {
			lo = c->raw[k] < lo ? c->raw[k] : lo;
			hi = c->raw[k] > hi ? c->raw[k] : hi;
		}
		if (c->n && hi > 0 && (double)(hi - lo) / (double)hi > widest) {
			widest = (double)(hi - lo) / (double)hi;
			best = c;
		}
	}
	if (!best || widest < 0.01)
		return 0;
	*ret_v = malloc(best->n * sizeof(**ret_v));
	if (!*ret_v)
		return -ENOMEM;
	for (size_t k = 0; k < best->n; k++)
		(*ret_v)[k] = (double)best->raw[k] * best->def.scale;
	*ret = (struct erg_attr_steps){best->n, best->t, *ret_v};
	return 0;
}

static size_t idle_spans(const struct erg_timeline *tl, struct erg_attr_span *ret, double *ret_s)
{
	size_t n = 0;

	*ret_s = 0;
	for (size_t i = 0; i < tl->n_phases && n < IDLE_MAX; i++) {
		const struct erg_tl_phase *p = &tl->phases[i];

		if (strcmp(p->name, "idle") || p->open || p->end <= p->begin)
			continue;
		ret[n++] = (struct erg_attr_span){p->begin, p->end};
		*ret_s += (double)(p->end - p->begin) * 1e-9;
	}
	return n;
}

static void set_options(const struct erg_common *common, struct erg_attr_options *opt)
{
	erg_attr_options_init(opt);
	opt->seed = common->seed;
	if (common->rounds)
		opt->rounds = common->rounds;
	if (common->ci_limit > 0)
		opt->ci_limit = common->ci_limit;
	if (common->cond_limit > 0)
		opt->cond_limit = common->cond_limit;
	if (common->lag_given) {
		opt->lag = ERG_LAG_OVERRIDE;
		opt->lag_ns = common->lag_s * 1e9;
		opt->lag_u_ns = common->lag_u_s * 1e9;
	}
}

static bool has_device_work(const struct erg_timeline *tl)
{
	for (size_t i = 0; i < tl->iv.n; i++)
		if (tl->tracks[tl->iv.track[i]].device)
			return true;
	return false;
}

/*
 * The own time of modules and networks (calls between layers) is usually microseconds, for which no
 * power can be told and which would only widen the layers' intervals: under 1 % of the run it
 * counts as time in no layer.
 */
static int fold_small(struct erg_account *a, struct erg_err *err)
{
	const struct erg_timeline *tl = a->tl;
	_cleanup_(erg_freep) double *time = calloc(a->seg.n_classes + 1, sizeof(*time));
	uint32_t gap = (uint32_t)tl->n_layers;
	bool layers = false;
	double total = 0;

	if (!time)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < a->seg.n; i++)
		for (uint32_t e = a->seg.first[i]; e < a->seg.first[i + 1]; e++) {
			double t = (double)(a->seg.begin[i + 1] - a->seg.begin[i]) *
				   (a->seg.share ? (double)a->seg.share[e] : 1);

			time[a->seg.class_[e]] += t;
			total += t;
		}
	for (size_t k = 0; k < tl->n_layers; k++)
		layers = layers || (tl->layers[k].level == ERG_TL_LAYER && time[k] > 0);
	for (uint32_t e = 0; layers && e < a->seg.first[a->seg.n]; e++) {
		uint32_t k = a->seg.class_[e];

		if (k < gap && tl->layers[k].level != ERG_TL_LAYER && time[k] < 0.01 * total)
			a->seg.class_[e] = gap;
	}
	return 0;
}

static int attribute(struct erg_account *a, const struct erg_common *common, struct erg_err *err)
{
	struct erg_attr_span idle[IDLE_MAX];
	struct erg_attr_options opt;
	_cleanup_(erg_freep) double *levels = NULL;

	set_options(common, &opt);
	opt.idle = idle;
	opt.n_idle = idle_spans(a->tl, idle, &a->idle_s);
	if (frequency_steps(a->tl, &opt.frequency, &levels) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	return erg_attr_run(&a->rails[a->rail], &a->seg, &opt, &a->attr, err);
}

int erg_account_open(struct erg_account *a, const struct erg_timeline *tl,
	const struct erg_common *common, struct erg_err *err)
{
	int r;

	*a = (struct erg_account){.tl = tl};
	r = erg_rails_build(tl, &a->rails, &a->n_rails, err);
	if (r >= 0)
		r = erg_rail_choose(a->rails, a->n_rails, common->rail, &a->rail, err);
	if (r >= 0) {
		a->device = strcasestr(a->rails[a->rail].name, "gpu") && has_device_work(tl);
		r = erg_segments_build(tl, a->device, &a->seg, err);
	}
	if (r >= 0)
		r = fold_small(a, err);
	return r < 0 ? r : attribute(a, common, err);
}

void erg_account_release(struct erg_account *a)
{
	erg_attr_free(a->attr);
	erg_segments_release(&a->seg);
	erg_rails_free(a->rails, a->n_rails);
	*a = (struct erg_account){0};
}

int erg_account_total(const struct erg_rail *rail, uint64_t begin, uint64_t end,
	struct erg_attr **ret, struct erg_err *err)
{
	uint64_t edges[2] = {begin, end};
	uint32_t first[2] = {0, 1}, class_ = 0, iteration = 0;
	struct erg_segments seg = {.n = 1, .begin = edges, .first = first, .class_ = &class_,
		.iteration = &iteration, .n_classes = 1};
	struct erg_attr_options opt;

	erg_attr_options_init(&opt);
	opt.lag = ERG_LAG_MODEL;
	return erg_attr_run(rail, &seg, &opt, ret, err);
}

uint64_t erg_account_lost(const struct erg_timeline *tl)
{
	uint64_t n = 0;

	for (size_t i = 0; i < tl->n_losses; i++)
		n += tl->losses[i].events;
	return n;
}
