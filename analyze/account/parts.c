/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parts are made by a walk whose steps are files of their own (parts_walk.h), and summed here.
 */
#include "analyze/account/parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/calls.h"
#include "analyze/account/counts.h"
#include "analyze/account/parts_walk.h"
#include "analyze/result/document.h"
#include "formats/base/util.h"

uint32_t erg_parts_counter(const struct erg_timeline *tl, const char *name)
{
	for (uint32_t i = 0; i < tl->n_counters; i++)
		if (!strcmp(tl->counters[i].name, name) && erg_counts_work(&tl->counters[i]))
			return i;
	return ERG_NONE;
}

static double *no_counts(size_t n)
{
	double *v = malloc((n + 1) * sizeof(*v));

	for (size_t i = 0; v && i < n; i++)
		v[i] = NAN;
	return v;
}

static int allocate(struct parts_walk *w)
{
	struct erg_parts *p = w->p;
	const struct erg_timeline *tl = p->tl;

	w->inst = calloc(tl->n_phases + 1, sizeof(*w->inst));
	w->threads = calloc(tl->n_phases + 1, sizeof(*w->threads));
	w->counts = no_counts((tl->n_phases + 1) * tl->n_counters);
	p->part = calloc(tl->n_phases + 1, sizeof(*p->part));
	p->layer_part = calloc(tl->n_layers + 1, sizeof(*p->layer_part));
	p->layer_calls = calloc(tl->n_layers + 1, sizeof(*p->layer_calls));
	p->run.count = no_counts(tl->n_counters);
	return w->inst && w->threads && w->counts && p->part && p->layer_part && p->layer_calls &&
			p->run.count
		? 0
		: -ENOMEM;
}

static void release_walk(struct parts_walk *w)
{
	free(w->inst);
	free(w->counts);
	free(w->threads);
	free(w->part_calls);
	free(w->summed);
}

static int allocate_parts(struct parts_walk *w)
{
	for (size_t k = 0; k < w->p->n; k++)
		if (!(w->p->part[k].count = no_counts(w->p->tl->n_counters)))
			return -ENOMEM;
	w->part_calls = calloc(w->p->n * w->p->tl->n_layers + 1, sizeof(*w->part_calls));
	w->summed = calloc(w->p->n + 1, sizeof(*w->summed));
	return w->part_calls && w->summed ? 0 : -ENOMEM;
}

/* To its own part and those of the phases around it, to each once. */
static void sum_instance(struct parts_walk *w, uint32_t i)
{
	const struct parts_inst *in = &w->inst[i];
	struct erg_part *own = &w->p->part[in->part];
	bool within_itself = false;

	for (uint32_t a = i; a != ERG_NONE; a = w->inst[a].around) {
		const uint32_t part = w->inst[a].part;
		struct erg_part *to = &w->p->part[part];

		within_itself |= a != i && part == in->part;
		if (w->summed[part] == i + 1)
			continue;
		w->summed[part] = i + 1;
		to->macs += in->macs;
		for (size_t c = 0; c < w->p->tl->n_counters; c++)
			parts_add_count(&to->count[c], parts_counts(w, in)[c]);
	}
	own->calls++;
	own->open |= w->p->tl->phases[in->phase].open;
	if (!within_itself)
		own->time_s += (double)(in->end - in->begin) * 1e-9;
}

/* Sums of a part hold what the phases within it hold. A part within itself counts once. */
static void sum_parts(struct parts_walk *w)
{
	const size_t n_layers = w->p->tl->n_layers;

	for (uint32_t i = 0; i < w->n; i++)
		sum_instance(w, i);
	for (size_t k = 0; k < w->p->n; k++)
		for (size_t l = 0; l < n_layers; l++)
			if (w->part_calls[k * n_layers + l] > w->p->part[k].inferences)
				w->p->part[k].inferences = w->part_calls[k * n_layers + l];
}

static int count_run(struct erg_parts *p)
{
	const struct erg_timeline *tl = p->tl;
	_cleanup_(erg_freep) uint64_t *calls = calloc(tl->n_layers + 1, sizeof(*calls));
	_cleanup_(erg_freep) uint64_t *ran = calloc(tl->n_layers + 1, sizeof(*ran));

	if (!calls || !ran || erg_layer_calls(tl, false, calls, ran) < 0)
		return -ENOMEM;
	p->run.name = "run";
	p->run.calls = 1;
	p->run.time_s = (double)(tl->end - tl->begin) * 1e-9;
	for (size_t k = 0; k < tl->n_layers; k++)
		p->run.inferences = ran[k] > p->run.inferences ? ran[k] : p->run.inferences;
	return 0;
}

static int open_parts(struct parts_walk *w)
{
	int r = allocate(w);

	if (r >= 0)
		r = erg_parts_phases(w);
	if (r >= 0)
		r = allocate_parts(w);
	if (r >= 0)
		r = erg_parts_layers(w);
	if (r >= 0)
		r = erg_parts_contexts(w);
	if (r >= 0)
		r = erg_parts_latencies(w);
	if (r >= 0)
		r = erg_parts_view(w);
	if (r >= 0)
		r = count_run(w->p);
	if (r >= 0)
		sum_parts(w);
	return r;
}

int erg_parts_open(struct erg_parts *p, const struct erg_timeline *tl, struct erg_err *err)
{
	_cleanup_(release_walk) struct parts_walk w = {.p = p,
		.macs = erg_parts_counter(tl, "MACs"),
		.requests = erg_parts_counter(tl, "requests"),
		.context = erg_parts_counter(tl, "context"),
		.tokens = erg_parts_counter(tl, "tokens"),
		.answered = erg_parts_counter(tl, "first_tokens"),
		.waited = erg_parts_counter(tl, "first_token_ns")};
	int r;

	*p = (struct erg_parts){.tl = tl};
	r = open_parts(&w);
	if (r == -E2BIG)
		return erg_fail(err, r, "%s: phases of more than %u threads", tl->archive,
			UINT16_MAX);
	return r < 0 ? erg_fail(err, r, "%s: out of memory", tl->archive) : 0;
}

void erg_parts_warn(const struct erg_parts *p, json_t *doc)
{
	if (p->n_too_deep)
		erg_document_warn(doc, "deep-phases",
			"%s: %zu phases begin within %d others or more, as those do that never end "
			"(erg_phase_end): what is in them counts as if it were in the %d",
			p->tl->archive, p->n_too_deep, ERG_PARTS_DEEPEST, ERG_PARTS_DEEPEST);
}

void erg_parts_release(struct erg_parts *p)
{
	for (size_t k = 0; k < p->n; k++)
		free(p->part[k].count);
	free(p->part);
	erg_numbered_release(&p->names);
	free(p->run.count);
	free(p->layer_part);
	free(p->layer_calls);
	free(p->latency_s);
	free(p->weight);
	erg_account_release(&p->account);
	if (p->view) {
		free(p->view->layers);
		free(p->view->tracks);
		free(p->view->iv.layer);
		free(p->view->iv.iteration);
		free(p->view->iv.track);
		free(p->view->iv.depth);
		erg_times_release(&p->view->iv.begin);
		erg_times_release(&p->view->iv.end);
	}
	free(p->view);
	*p = (struct erg_parts){0};
}

const struct erg_part *erg_parts_named(const struct erg_parts *p, const char *name)
{
	size_t k;

	return erg_numbered_find(&p->names, name, &k) ? &p->part[k] : NULL;
}
