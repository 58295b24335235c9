/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs of several nodes. No two nodes are alike, so a node is a block: within a group, the logarithms of
 * energy and of time are sums of what the setting does and of what the node does, by least squares, and each
 * run is divided by its node's part. What is left differs by setting and by chance; the degrees of freedom that
 * the nodes took are missing from the intervals. Where no setting was measured on two nodes that could join
 * them, settings and nodes cannot be told apart: nothing is divided then, and that is said.
 *
 * Reference: Montgomery, Design and Analysis of Experiments, 10th ed. 2020, sections 4.1 and 4.4.
 */
#include "analyze/experiment/nodes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/result/document.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define ROUNDS_MAX 1000
#define ENOUGH 1e-12

struct block {
	struct erg_observations *o;
	const size_t *order;
	const struct erg_point *points; /* of the group */
	size_t n_points, n_nodes;
	const char **names; /* of the nodes */
	size_t *node;       /* of each observation */
	double *part[2];    /* of each node, as logarithms: of the energy and of the time */
	double *sum, *count;
};

static const char *node_of(const struct erg_obs *b)
{
	const char *tag = erg_text_of(json_object_get(b->run, "tags"), "node");

	return *tag ? tag : erg_text_of(b->run, "host");
}

static size_t nth_of(const struct block *k, const struct erg_point *p, size_t i)
{
	return k->order[p->first + i];
}

static void name_nodes(struct block *k)
{
	k->n_nodes = 0;
	for (size_t s = 0; s < k->n_points; s++)
		for (size_t i = 0; i < k->points[s].n; i++) {
			size_t obs = nth_of(k, &k->points[s], i), at = 0;
			const char *name = node_of(&k->o->obs[obs]);

			while (at < k->n_nodes && strcmp(k->names[at], name))
				at++;
			if (at == k->n_nodes)
				k->names[k->n_nodes++] = name;
			k->node[obs] = at;
		}
}

/* Every node is reached from the first by settings that two have. COUNT: room. */
static bool is_connected(const struct block *k)
{
	double *in = k->count;
	size_t reached = 1, before = 0;

	memset(in, 0, k->n_nodes * sizeof(*in));
	in[0] = 1;
	while (reached != before) {
		before = reached;
		for (size_t s = 0; s < k->n_points; s++) {
			bool any = false;

			for (size_t i = 0; i < k->points[s].n; i++)
				any = any || in[k->node[nth_of(k, &k->points[s], i)]] > 0;
			for (size_t i = 0; any && i < k->points[s].n; i++) {
				double *node = &in[k->node[nth_of(k, &k->points[s], i)]];

				reached += *node == 0;
				*node = 1;
			}
		}
	}
	return reached == k->n_nodes;
}

static bool is_positive(const struct block *k)
{
	for (size_t s = 0; s < k->n_points; s++)
		for (size_t i = 0; i < k->points[s].n; i++)
			if (!(k->o->obs[nth_of(k, &k->points[s], i)].energy_j > 0))
				return false;
	return true;
}

/* What the nodes leave of the setting P. */
static double setting_of(const struct block *k, const struct erg_point *p, int what)
{
	double sum = 0;

	for (size_t i = 0; i < p->n; i++) {
		size_t obs = nth_of(k, p, i);
		const struct erg_obs *b = &k->o->obs[obs];

		sum += log(what ? b->time_s : b->energy_j) - k->part[what][k->node[obs]];
	}
	return sum / (double)p->n;
}

/* The settings' means of what the nodes leave, then the nodes' of what those leave; how far these moved. */
static double fit_round(const struct block *k, int what)
{
	double mean = 0, moved = 0;

	memset(k->sum, 0, k->n_nodes * sizeof(*k->sum));
	memset(k->count, 0, k->n_nodes * sizeof(*k->count));
	for (size_t s = 0; s < k->n_points; s++) {
		double setting = setting_of(k, &k->points[s], what);

		for (size_t i = 0; i < k->points[s].n; i++) {
			size_t obs = nth_of(k, &k->points[s], i);
			const struct erg_obs *b = &k->o->obs[obs];

			k->sum[k->node[obs]] += log(what ? b->time_s : b->energy_j) - setting;
			k->count[k->node[obs]]++;
		}
	}
	for (size_t b = 0; b < k->n_nodes; b++)
		mean += k->sum[b] / k->count[b] / (double)k->n_nodes;
	for (size_t b = 0; b < k->n_nodes; b++) {
		double now = k->sum[b] / k->count[b] - mean;

		moved = fmax(moved, fabs(now - k->part[what][b]));
		k->part[what][b] = now;
	}
	return moved;
}

/* The run as it would have been on the mean node. WIDER: how much of a deviation the fit took. */
static void divide_run(const struct block *k, size_t obs, double wider)
{
	struct erg_obs *b = &k->o->obs[obs];
	const double energy = exp(-k->part[0][k->node[obs]]);
	const double time = exp(-k->part[1][k->node[obs]]);

	b->energy_j *= energy;
	b->time_s *= time;
	b->mean_w *= energy / time;
	b->peak_w *= energy / time;
	b->ets.value *= energy;
	b->ets.lo *= energy;
	b->ets.hi *= energy;
	b->ets.stat *= energy;
	b->ets.syst *= energy;
	b->time = erg_est_exact(b->time_s, "single run");
	b->wider = wider;
}

static void tell_block(const struct block *k, json_t *doc)
{
	json_t *list = json_object_get(doc, "nodes");

	if (!list)
		json_object_set_new(doc, "nodes", list = json_array());
	for (size_t b = 0; b < k->n_nodes; b++)
		json_array_append_new(list,
			json_pack("{s:o, s:s, s:I, s:o, s:o}", "group",
				erg_point_levels(k->o, &k->points[0], true), "node", k->names[b],
				"runs", (json_int_t)k->count[b], "energy_ratio",
				erg_num_json(exp(k->part[0][b])), "time_ratio",
				erg_num_json(exp(k->part[1][b]))));
}

static void block_group(struct block *k, json_t *doc, size_t *blocked, size_t *mixed)
{
	size_t n = 0, naive;
	double wider;

	name_nodes(k);
	if (k->n_nodes < 2)
		return;
	if (!is_connected(k) || !is_positive(k)) {
		++*mixed;
		return;
	}
	for (int what = 0; what < 2; what++) {
		memset(k->part[what], 0, k->n_nodes * sizeof(**k->part));
		for (int i = 0; i < ROUNDS_MAX && fit_round(k, what) > ENOUGH; i++)
			;
	}
	for (size_t s = 0; s < k->n_points; s++)
		n += k->points[s].n;
	naive = n - k->n_points;
	wider = naive > k->n_nodes - 1
		? sqrt((double)naive / (double)(naive - (k->n_nodes - 1)))
		: NAN; /* nothing is left that could tell how much chance does */
	for (size_t s = 0; s < k->n_points; s++)
		for (size_t i = 0; i < k->points[s].n; i++)
			divide_run(k, nth_of(k, &k->points[s], i), wider);
	++*blocked;
	if (doc)
		tell_block(k, doc);
}

static void warn(size_t blocked, size_t mixed, json_t *doc)
{
	if (blocked && doc)
		erg_document_warn(doc, "nodes",
			"runs of several nodes: each node is a block: settings are compared within nodes, "
			"and figures are of the mean node (JSON: nodes)");
	if (mixed && doc)
		erg_document_warn(doc, "nodes-confounded",
			"runs of several nodes, and no settings that two nodes have made: what differs "
			"between settings may be the nodes': expected whole repetitions a node "
			"(erg-record sweep --shard)");
}

/* Somebody asked for nodes as what they are. */
static bool is_named(const struct erg_observations *o)
{
	for (size_t d = 0; d < o->n_dims; d++)
		if (!strcmp(o->dims[d].name, "node") || !strcmp(o->dims[d].name, "machine"))
			return true;
	return false;
}

int erg_nodes_block(struct erg_observations *o, json_t *doc, struct erg_err *err)
{
	struct erg_points p = {0};
	size_t blocked = 0, mixed = 0;
	_cleanup_(erg_freep) const char **names = calloc(o->n + 1, sizeof(*names));
	_cleanup_(erg_freep) size_t *node = calloc(o->n + 1, sizeof(*node));
	_cleanup_(erg_freep) double *room = calloc(4 * (o->n + 1), sizeof(*room));
	struct block k = {.o = o, .names = names, .node = node, .sum = room};
	int r;

	if (!names || !node || !room)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (is_named(o))
		return 0;
	r = erg_points_build(o, &p, err);
	k.count = room + o->n + 1;
	k.part[0] = room + 2 * (o->n + 1);
	k.part[1] = room + 3 * (o->n + 1);
	k.order = p.order;
	for (size_t g = 0; r >= 0 && g < p.n_groups; g++) {
		k.points = &p.points[p.group_first[g]];
		k.n_points = p.group_first[g + 1] - p.group_first[g];
		block_group(&k, doc, &blocked, &mixed);
	}
	erg_points_release(&p);
	warn(blocked, mixed, doc);
	return r < 0 ? r : 0;
}
