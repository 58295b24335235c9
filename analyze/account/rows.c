/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rows. Energies are exclusive: what an enclosing module does itself is not its layers', and all
 * rows of one table and the rest add up to the total, as each class is in one of them. The inclusive energy stands beside where
 * layers nest. Sums over classes are formed with their covariance (erg_attr_combine), never by
 * adding interval ends.
 */
#include "analyze/account/rows.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/calls.h"
#include "analyze/account/keys.h"
#include "analyze/account/phases.h"
#include "analyze/account/work.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

/* Which layers lie directly inside of which. */
static void find_children(struct erg_rows *r)
{
	const struct erg_timeline *tl = r->a->tl;

	for (size_t k = 0; k <= tl->n_layers; k++)
		r->child[k] = r->next[k] = ERG_NONE;
	for (uint32_t k = (uint32_t)tl->n_layers; k-- > 0;) {
		uint32_t parent = tl->layers[k].parent;

		if (parent >= tl->n_layers || parent == k)
			continue;
		r->next[k] = r->child[parent];
		r->child[parent] = k;
	}
}

/* Which classes share a group, in ascending order. */
static void find_groups(struct erg_rows *r)
{
	const struct erg_attr *attr = r->a->attr;

	for (size_t k = 0; k < attr->n_classes; k++)
		r->group_first[k] = ERG_NONE;
	for (uint32_t k = (uint32_t)attr->n_classes; k-- > 0;) {
		uint32_t g = attr->classes[k].group;

		r->group_next[k] = r->group_first[g];
		r->group_first[g] = k;
	}
}

static void count_one(struct erg_rows *r, size_t i)
{
	const struct erg_timeline *tl = r->a->tl;
	const struct erg_tl_intervals *iv = &tl->iv;
	uint32_t l = iv->layer[i];

	r->span_ns[l] += erg_tl_duration(iv, i);
	if (erg_tl_begin(iv, i) < r->first[l])
		r->first[l] = erg_tl_begin(iv, i);
	erg_layer_counts_add(&r->counts, i);
}

int erg_rows_init(struct erg_rows *r, const struct erg_account *a, struct erg_err *err)
{
	const struct erg_timeline *tl = a->tl;

	*r = (struct erg_rows){.a = a, .total_j = a->attr->ets_j.value};
	r->calls = erg_noted(calloc(tl->n_layers + 1, sizeof(*r->calls)));
	r->inferences = erg_noted(calloc(tl->n_layers + 1, sizeof(*r->inferences)));
	r->span_ns = erg_noted(calloc(tl->n_layers + 1, sizeof(*r->span_ns)));
	r->first = erg_noted(malloc((tl->n_layers + 1) * sizeof(*r->first)));
	r->weight = erg_noted(calloc(a->attr->n_classes + 1, sizeof(*r->weight)));
	r->done = calloc(a->attr->n_classes + 1, sizeof(*r->done));
	r->row = calloc(a->attr->n_classes + 1, sizeof(*r->row));
	r->set = calloc(a->attr->n_classes + 1, sizeof(*r->set));
	r->whole = calloc(a->attr->n_classes + 1, sizeof(*r->whole));
	r->group_first = calloc(a->attr->n_classes + 1, sizeof(*r->group_first));
	r->group_next = calloc(a->attr->n_classes + 1, sizeof(*r->group_next));
	r->child = calloc(tl->n_layers + 1, sizeof(*r->child));
	r->next = calloc(tl->n_layers + 1, sizeof(*r->next));
	r->path = calloc(tl->n_layers + 1, sizeof(*r->path));
	if (!r->calls || !r->inferences || !r->span_ns || !r->first || !r->weight || !r->done ||
		!r->row || !r->set || !r->whole || !r->group_first || !r->group_next || !r->child ||
		!r->next || !r->path || erg_layer_counts_init(&r->counts, tl) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	find_children(r);
	find_groups(r);
	erg_rows_restart(r);
	memset(r->first, 0xff, (tl->n_layers + 1) * sizeof(*r->first));
	for (size_t i = 0; i < tl->iv.n; i++)
		if (erg_tl_track_is(&tl->tracks[tl->iv.track[i]], a->device))
			count_one(r, i);
	if (erg_layer_calls(tl, a->device, r->calls, r->inferences) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t k = 0; k < tl->n_layers; k++) {
		r->whole[k] = r->calls[k] > 0;
		if (r->inferences[k] > r->iterations)
			r->iterations = r->inferences[k];
	}
	return 0;
}

void erg_rows_release(struct erg_rows *r)
{
	free(r->calls);
	free(r->inferences);
	free(r->span_ns);
	free(r->first);
	erg_layer_counts_release(&r->counts);
	free(r->weight);
	free(r->done);
	free(r->row);
	free(r->set);
	free(r->whole);
	free(r->group_first);
	free(r->group_next);
	free(r->child);
	free(r->next);
	free(r->path);
}

/* ---- sums over a set of classes: r->weight and r->set are the set ---- */

static void clear(struct erg_rows *r)
{
	for (size_t i = 0; i < r->n_set; i++)
		r->weight[r->set[i]] = 0;
	r->n_set = 0;
}

static void put_class(struct erg_rows *r, uint32_t k, double weight)
{
	r->weight[k] = weight;
	r->set[r->n_set++] = k;
}

struct sums {
	double time_s, read_bytes; /* of parameters, in all inferences */
	double moved_bytes;        /* inputs, outputs and parameters, in all calls */
	uint64_t calls, macs, params, bytes;
	uint64_t inferences; /* 0: of several networks that ran not equally often, or of none */
};

/* Of what is no layer: those of the only network. */
static uint64_t inferences_of_rest(const struct erg_rows *r)
{
	for (size_t k = 0; k < r->a->tl->n_layers; k++)
		if (r->calls[k] && r->inferences[k] != r->iterations)
			return 0;
	return r->iterations;
}

static struct sums sums_of(const struct erg_rows *r)
{
	const struct erg_timeline *tl = r->a->tl;
	struct sums s = {0};
	bool any = false;

	for (size_t i = 0; i < r->n_set; i++) {
		uint32_t k = r->set[i];
		uint64_t n;

		s.time_s += r->a->attr->classes[k].time_s;
		n = k < tl->n_layers ? r->inferences[k] : inferences_of_rest(r);
		s.inferences = any && n != s.inferences ? 0 : n;
		any = true;
		if (k >= tl->n_layers)
			continue;
		s.read_bytes += (double)tl->layers[k].bytes_params * (double)n;
		s.moved_bytes += (double)(tl->layers[k].bytes_in + tl->layers[k].bytes_out +
					 tl->layers[k].bytes_params) *
			(double)r->calls[k];
		s.calls += r->calls[k];
		s.macs += tl->layers[k].macs * r->calls[k];
		s.params += tl->layers[k].params;
		s.bytes += tl->layers[k].bytes_params;
	}
	return s;
}

/* Of the set; of a sum that is not resolved there is no share. */
static json_t *share_json(const struct erg_rows *r, const struct erg_est *e)
{
	struct erg_est s = erg_est_resolved(e) ? erg_attr_combine_share(r->a->attr, r->weight)
					       : ERG_EST_UNRESOLVED;

	return erg_est_json(&s);
}

static json_t *per(const struct erg_est *e, double n)
{
	struct erg_est x;

	if (!(n > 0) || !erg_est_resolved(e))
		return json_null();
	x = erg_est_scaled(e, 1 / n);
	return erg_est_json(&x);
}

static void add_energy(const struct erg_rows *r, json_t *row, const struct erg_est *energy,
	const struct sums *s)
{
	struct erg_est time = erg_est_exact(s->time_s, "trace");
	struct erg_est above = erg_attr_combine(r->a->attr, r->weight, true);
	struct erg_est power = *energy;

	power = erg_est_scaled(&power, 1 / s->time_s);
	if (!(s->time_s > 0))
		power = ERG_EST_UNRESOLVED;
	json_object_set_new(row, "time_s", erg_est_json(&time));
	json_object_set_new(row, "energy_j", erg_est_json(energy));
	json_object_set_new(row, "above_idle_j", erg_est_json(&above));
	json_object_set_new(row, "power_w", erg_est_json(&power));
	json_object_set_new(row, "share", share_json(r, energy));
	json_object_set_new(row, "per_call_j", per(energy, (double)s->calls));
	json_object_set_new(row, "per_inference_j", per(energy, (double)s->inferences));
	json_object_set_new(row, "per_mac_j", per(energy, (double)s->macs));
	json_object_set_new(row, "per_param_byte_j", per(energy, s->read_bytes));
	json_object_set_new(row, "work",
		erg_work_json((double)s->macs, s->moved_bytes, s->time_s, energy));
	json_object_set_new(row, "inferences",
		s->inferences ? json_integer((json_int_t)s->inferences) : json_null());
}

/* That of the class, or of what refused the energy afterwards. */
static const char *gate_of(const struct erg_rows *r, const struct erg_est *energy, size_t k)
{
	const bool late = r->a->attr->classes[k].gate == ERG_GATE_NONE && !erg_est_resolved(energy);

	return late && energy->reason ? energy->reason : erg_attr_class_reason(r->a->attr, k);
}

static double counter_named(const json_t *counters, const char *name)
{
	const json_t *v = json_object_get(counters, name);

	return v ? json_number_value(v) : NAN;
}

static void add_counters(const struct erg_rows *r, json_t *row)
{
	json_t *counters = erg_layer_counts_json(&r->counts, r->weight, r->set, r->n_set);

	json_object_set_new(row, "ipc",
		erg_num_json(counter_named(counters, "instructions") /
			counter_named(counters, "cycles")));
	json_object_set_new(row, "counters", counters);
}

void erg_rows_restart(struct erg_rows *r)
{
	r->n_rows = 0;
	for (size_t k = 0; k < r->a->attr->n_classes; k++) {
		r->done[k] = false;
		r->row[k] = ERG_NONE;
	}
}

/* The set is in a row, of this energy: what is in none is the rest. */
static void note_done(struct erg_rows *r, const struct erg_est *energy)
{
	bool resolved = erg_est_resolved(energy);

	for (size_t i = 0; i < r->n_set; i++) {
		uint32_t k = r->set[i];

		if (r->done[k])
			continue;
		r->done[k] = true;
		if (resolved)
			r->row[k] = (uint32_t)r->n_rows;
	}
	r->n_rows += resolved;
}

/* Energy of the set: the sum with its covariance. CALLS: of the set as one thing; 0: of its layers. */
static json_t *row_of_set(struct erg_rows *r, const char *name, uint64_t calls)
{
	struct sums s = sums_of(r);
	struct erg_est energy = erg_attr_combine(r->a->attr, r->weight, false);
	json_t *row;

	if (calls)
		s.calls = calls;
	note_done(r, &energy);
	row = json_pack("{s:s, s:I, s:I, s:I, s:I}", "name", name, "calls", (json_int_t)s.calls,
		"macs", (json_int_t)s.macs, "params", (json_int_t)s.params, "bytes_params",
		(json_int_t)s.bytes);

	add_energy(r, row, &energy, &s);
	add_counters(r, row);
	return row;
}

/* ---- by layer ---- */

/* Layers are what the application called so; where it named only modules or networks, those. */
static enum erg_tl_level deepest(const struct erg_timeline *tl)
{
	enum erg_tl_level level = ERG_TL_NETWORK;

	for (size_t i = 0; i < tl->n_layers; i++)
		level = tl->layers[i].level > level ? tl->layers[i].level : level;
	return level;
}

static bool is_row(const struct erg_rows *r, size_t k, enum erg_tl_level level)
{
	return r->a->tl->layers[k].level == level && r->calls[k];
}

static json_t *members_json(const struct erg_rows *r, size_t head)
{
	const struct erg_attr *attr = r->a->attr;
	const struct erg_timeline *tl = r->a->tl;
	json_t *list = json_array();

	for (uint32_t k = r->group_first[attr->classes[head].group]; k != ERG_NONE;
		k = r->group_next[k])
		if (k != head)
			json_array_append_new(list,
				json_string(k < tl->n_layers ? tl->layers[k].name
							     : "(between layers)"));
	return list;
}

static bool merged(const struct erg_attr_class *c)
{
	return c->group_n > 1 && erg_est_resolved(&c->group_energy_j);
}

/* Of a merged group, the first layer with calls has the row; the others are in merged_with. */
static bool heads_group(const struct erg_rows *r, size_t k, enum erg_tl_level level)
{
	const struct erg_attr_class *c = r->a->attr->classes;

	if (!merged(&c[k]))
		return true;
	for (uint32_t i = r->group_first[c[k].group]; i < k; i = r->group_next[i])
		if (is_row(r, i, level))
			return false;
	return true;
}

/* A count as it is, where it is one; of members that are not called alike it may be no whole number. */
static json_t *count_json(double v)
{
	return v < 9e15 && v == floor(v) ? json_integer((json_int_t)v) : erg_num_json(v);
}

/* What the members of K's group have together, for one call of K, as a model of energy needs it; and what they are, each
 * by itself. */
static json_t *merged_json(const struct erg_rows *r, size_t k)
{
	static const char *const keys[] = {"macs", "params", "bytes_in", "bytes_out",
		"bytes_params"};
	const struct erg_attr_class *c = r->a->attr->classes;
	json_t *o = json_object(), *types = json_array(), *modules = json_array(),
	       *networks = json_array();
	double sum[5] = {0};

	for (uint32_t i = r->group_first[c[k].group]; i < r->a->tl->n_layers;
		i = r->group_next[i]) {
		const struct erg_tl_layer *l = &r->a->tl->layers[i];
		const uint64_t v[5] = {l->macs, l->params, l->bytes_in, l->bytes_out,
			l->bytes_params};

		if (!r->calls[i])
			continue;
		for (size_t j = 0; j < 5; j++)
			sum[j] += (double)v[j] * (double)r->calls[i] / (double)r->calls[k];
		json_array_append_new(types, json_string(l->type));
		json_array_append_new(modules, json_string(l->module));
		json_array_append_new(networks, json_string(l->network));
	}
	for (size_t j = 0; j < 5; j++)
		json_object_set_new(o, keys[j], count_json(sum[j]));
	json_object_set_new(o, "types", types);
	json_object_set_new(o, "modules", modules);
	json_object_set_new(o, "networks", networks);
	return o;
}

static void shape_json(json_t *row, const char *key, const uint32_t *v, uint8_t n)
{
	json_t *list = json_array();

	for (uint8_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(v[i]));
	json_object_set_new(row, key, list);
}

static void describe_row(const struct erg_rows *r, size_t k, json_t *row)
{
	const struct erg_tl_layer *l = &r->a->tl->layers[k];

	json_object_set_new(row, "type", json_string(l->type));
	json_object_set_new(row, "network", json_string(l->network));
	json_object_set_new(row, "module", json_string(l->module));
	json_object_set_new(row, "macs", json_integer((json_int_t)l->macs));
	json_object_set_new(row, "params", json_integer((json_int_t)l->params));
	json_object_set_new(row, "bytes_in", json_integer((json_int_t)l->bytes_in));
	json_object_set_new(row, "bytes_out", json_integer((json_int_t)l->bytes_out));
	json_object_set_new(row, "bytes_params", json_integer((json_int_t)l->bytes_params));
	shape_json(row, "in_shape", l->in_shape, l->in_dims);
	shape_json(row, "out_shape", l->out_shape, l->out_dims);
	shape_json(row, "kernel_shape", l->kernel_shape, l->kernel_dims);
}

/* Into the set: K and what is inside of it. The weight marks what was visited, so that parents in a
 * circle, which only a damaged archive has, end. Returns how many of them were called. */
static size_t add_inside(struct erg_rows *r, uint32_t k)
{
	size_t depth = 0, called = 0;

	r->path[depth++] = k;
	while (depth) {
		uint32_t i = r->path[--depth];

		if (r->weight[i] != 0)
			continue;
		put_class(r, i, r->calls[i] ? 1 : -1);
		for (uint32_t c = r->child[i]; c != ERG_NONE; c = r->next[c])
			if (r->weight[c] == 0)
				r->path[depth++] = c;
	}
	for (size_t i = 0; i < r->n_set; i++) {
		uint32_t inside = r->set[i];

		if (r->weight[inside] > 0)
			r->set[called++] = inside;
		else
			r->weight[inside] = 0;
	}
	return r->n_set = called;
}

/* With the energy of the layers inside K; of a layer that encloses none its own. */
static json_t *inclusive_json(struct erg_rows *r, uint32_t k, const struct erg_est *own)
{
	struct erg_est e = *own;

	if (r->child[k] != ERG_NONE) {
		clear(r);
		if (add_inside(r, k) > 1)
			e = erg_attr_combine(r->a->attr, r->weight, false);
	}
	return erg_est_json(&e);
}

/* The layer's or its group's: its own gates have passed it, those of sums do too. */
static struct erg_est energy_of_row(const struct erg_rows *r, const struct erg_attr_class *c)
{
	struct erg_est e = merged(c) ? c->group_energy_j : c->energy_j;

	return erg_est_resolved(&e) ? erg_attr_combine(r->a->attr, r->weight, false) : e;
}

static json_t *layer_row(struct erg_rows *r, uint32_t k)
{
	const struct erg_attr_class *c = &r->a->attr->classes[k];
	struct erg_est energy;
	struct sums s;
	json_t *row;

	clear(r);
	for (uint32_t i = merged(c) ? r->group_first[c->group] : k; i != ERG_NONE;
		i = merged(c) ? r->group_next[i] : ERG_NONE)
		put_class(r, i, 1);
	energy = energy_of_row(r, c);
	note_done(r, &energy);
	s = sums_of(r);
	if (merged(c)) {
		s.time_s = c->group_time_s;
		s.calls = r->calls[k]; /* as the row has them */
	}
	row = json_pack("{s:s, s:I}", "name", r->a->tl->layers[k].name, "calls",
		(json_int_t)r->calls[k]);
	describe_row(r, k, row);
	add_energy(r, row, &energy, &s);
	add_counters(r, row);
	json_object_set_new(row, "merged_with", merged(c) ? members_json(r, k) : json_array());
	if (merged(c))
		json_object_set_new(row, "merged", merged_json(r, k));
	json_object_set_new(row, "gate", json_string(gate_of(r, &energy, k)));
	json_object_set_new(row, "coverage", erg_num_json(c->coverage));
	json_object_set_new(row, "windows", erg_num_json(c->windows));
	json_object_set_new(row, "direct_j", erg_est_json(&c->energy_direct_j));
	json_object_set_new(row, "nnls_j", erg_est_json(&c->energy_nnls_j));
	json_object_set_new(row, "inclusive_j", inclusive_json(r, k, &energy));
	return row;
}

void erg_rows_by_layer(struct erg_rows *r, json_t *list)
{
	enum erg_tl_level level = deepest(r->a->tl);

	for (uint32_t k = 0; k < r->a->tl->n_layers; k++)
		if (is_row(r, k, level) && heads_group(r, k, level))
			json_array_append_new(list, layer_row(r, k));
}

/* ---- by type, module, network ---- */

/*
 * How often the set ran as one thing: a module or network its own calls, or those of the most called
 * layer in it where it has none; a type (0) as often as its layers together.
 */
static uint64_t calls_of_set(const struct erg_rows *r, const char *by)
{
	enum erg_tl_level whole = !strcmp(by, "network") ? ERG_TL_NETWORK : ERG_TL_MODULE;
	uint64_t own = 0, most = 0;

	if (!strcmp(by, "type") || !strcmp(by, "block"))
		return 0;
	for (size_t i = 0; i < r->n_set; i++) {
		uint32_t k = r->set[i];

		if (r->a->tl->layers[k].level == whole)
			own += r->calls[k];
		most = !strcmp(by, "network") && r->inferences[k] > most ? r->inferences[k]
			: r->calls[k] > most && strcmp(by, "network")    ? r->calls[k]
									 : most;
	}
	return own ? own : most;
}

/* Of the energy of all layers, modules and networks: of the inferences, without what was before, after
 * and between them. WEIGHT is still the row's set. */
static void add_layer_share(const struct erg_rows *r, json_t *row)
{
	struct erg_est share = erg_work_share(r->a->attr, r->weight, r->whole);

	json_object_set_new(row, "share_of_layers", erg_est_json(&share));
}

/* What all of the set are parts of, by the type of their outermost module: "" where they differ. */
static const char *type_of_set(const struct erg_rows *r)
{
	const struct erg_timeline *tl = r->a->tl;
	const char *type = r->n_set ? erg_key_block(tl, &tl->layers[r->set[0]]) : "";

	for (size_t i = 1; i < r->n_set; i++)
		if (strcmp(erg_key_block(tl, &tl->layers[r->set[i]]), type))
			return "";
	return type;
}

static void add_row_of_key(struct erg_rows *r, const char *by, const struct erg_keyed *head,
	json_t *list)
{
	json_t *row = row_of_set(r, head->key, calls_of_set(r, by));

	json_object_set_new(row, "network", json_string(r->a->tl->layers[head->k].network));
	if (!strcmp(by, "module"))
		json_object_set_new(row, "type", json_string(type_of_set(r)));
	add_layer_share(r, row);
	json_array_append_new(list, row);
}

void erg_rows_by_key(struct erg_rows *r, const char *by, json_t *list)
{
	const struct erg_timeline *tl = r->a->tl;
	size_t all = tl->n_layers + 1, n = 0;
	_cleanup_(erg_freep) struct erg_keyed *sorted = erg_noted(calloc(all, sizeof(*sorted)));
	_cleanup_(erg_freep) struct erg_keyed *heads = erg_noted(calloc(all, sizeof(*heads)));

	if (sorted && heads)
		n = erg_keys_sort(tl, r->first, by, sorted, heads);
	for (size_t h = 0; h < n; h++) {
		clear(r);
		for (size_t i = heads[h].at; i < heads[h].at + heads[h].n; i++)
			if (r->calls[sorted[i].k])
				put_class(r, sorted[i].k, 1);
		if (r->n_set)
			add_row_of_key(r, by, &heads[h], list);
	}
}

/* ---- by phase ---- */

static json_t *phase_row(const struct erg_rows *r, const struct erg_phase *p)
{
	const struct erg_attr *attr = r->a->attr;
	struct erg_attr_over own, whole;
	struct erg_est time = erg_est_exact(p->own.time_s, "trace"), power, share;

	erg_attr_over(attr, p->own.at, p->own.n, &own);
	erg_attr_over(attr, p->whole.at, p->whole.n, &whole);
	power = erg_est_scaled(&own.energy_j, 1 / p->own.time_s);
	share = erg_est_scaled(&own.energy_j, 1 / r->total_j);
	if (isnan(r->total_j))
		share = erg_est_because(attr->ets_j.reason, 0);
	return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name",
		*p->name ? p->name : "(no phase)", "calls", (json_int_t)p->count, "count",
		(json_int_t)p->count, "time_s", erg_est_json(&time), "energy_j",
		erg_est_json(&own.energy_j), "above_idle_j", erg_est_json(&own.above_idle_j),
		"power_w", erg_est_json(&power), "share", erg_est_json(&share), "per_call_j",
		per(&own.energy_j, (double)p->count), "inclusive_j",
		erg_est_json(*p->name ? &whole.energy_j : &own.energy_j), "coverage",
		erg_num_json(own.coverage), "open", p->open);
}

int erg_rows_by_phase(struct erg_rows *r, json_t *rows, json_t *rest, struct erg_err *err)
{
	_cleanup_(erg_phases_release) struct erg_phases p = {0};
	int n = erg_phases_find(r->a->tl, &p, err);

	for (size_t i = 0; n >= 0 && i <= p.n; i++) {
		if (i < p.n ? !p.phase[i].inside : !p.phase[i].own.n)
			continue;
		if (p.phase[i].own.n)
			json_array_append_new(i < p.n ? rows : rest, phase_row(r, &p.phase[i]));
	}
	return n;
}

/* ---- the rest ---- */

void erg_rows_rest(struct erg_rows *r, json_t *list)
{
	const struct erg_timeline *tl = r->a->tl;
	const struct erg_attr *attr = r->a->attr;

	for (size_t k = 0; k < attr->n_classes; k++) {
		char name[256];
		json_t *row;

		if (r->done[k] || !(attr->classes[k].time_s > 0))
			continue;
		clear(r);
		put_class(r, (uint32_t)k, 1);
		if (k < tl->n_layers)
			snprintf(name, sizeof(name), "(%.240s itself)", tl->layers[k].name);
		else
			snprintf(name, sizeof(name), "%s",
				k == tl->n_layers ? "(no layer)" : "(idle)");
		row = row_of_set(r, name, 0);
		if (k == tl->n_layers && r->a->folded_s > 0)
			json_object_set_new(row, "own_time_s", erg_num_json(r->a->folded_s));
		json_array_append_new(list, row);
	}
}
