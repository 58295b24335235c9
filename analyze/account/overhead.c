/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The formulas of overhead.h. */
#include "analyze/account/overhead.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/account.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

static double clamp(double share)
{
	return isnan(share) ? share : fmin(fmax(share, 0), 1);
}

/* A share within bounds; without a value it is unresolved and keeps the bounds. */
static struct erg_est share(double value, double lo, double hi, const char *method)
{
	return (struct erg_est){.value = clamp(value),
		.lo = clamp(lo),
		.hi = clamp(hi),
		.stat = NAN,
		.syst = NAN,
		.method = isnan(value) ? "unresolved" : method};
}

static struct erg_est in_threads(const struct erg_overhead_facts *f)
{
	double each = f->events_thread / f->time_s;

	if (!f->events)
		return erg_est_exact(0, "event-cost");
	if (f->counted)
		return share(NAN, each * f->event_lo_s, NAN, "event-cost");
	return share(each * f->event_s, each * f->event_lo_s, each * f->event_hi_s, "event-cost");
}

static struct erg_est beside(const struct erg_overhead_facts *f)
{
	double cpu_s = f->recorder_s + f->daemons_s;

	return share(cpu_s / (f->cpus * f->time_s), 0, cpu_s / f->time_s, "cpu-time");
}

/* Energy of a CPU second above idle, J; NaN when the run does not stand out from idle. */
static double joules_of_cpu_second(const struct erg_overhead_facts *f)
{
	double w = f->energy_j.value / f->time_s - f->idle_w.value;
	double busy = f->busy_s / f->time_s - f->idle_busy;

	return w > 0 && busy > f->busy_u_s / f->time_s ? w / busy : NAN;
}

static struct erg_est energy(const struct erg_overhead_facts *f)
{
	double beside_s = f->recorder_s + f->daemons_s, busy_lo_s = f->busy_s - f->busy_u_s, hi, v;
	double events_s = f->events ? f->events * f->event_s : 0;
	double events_hi_s = f->events ? f->events * f->event_hi_s : 0;

	if (!erg_est_resolved(&f->energy_j) || !(f->energy_j.value > 0) || isnan(f->busy_s) ||
		(f->counted && f->events))
		return ERG_EST_UNRESOLVED;
	hi = busy_lo_s > 0 ? (beside_s + events_hi_s) / fmin(f->time_s, busy_lo_s) : 1;
	v = joules_of_cpu_second(f) * (beside_s + events_s) / f->energy_j.value;
	return share(v > hi ? hi : v, 0, hi, "cpu-time");
}

void erg_overhead_estimate(const struct erg_overhead_facts *f, struct erg_overhead *ret)
{
	ret->threads = in_threads(f);
	ret->beside = beside(f);
	ret->time = share(ret->threads.value + ret->beside.value, ret->threads.lo + ret->beside.lo,
		ret->threads.hi + ret->beside.hi, "sum");
	ret->energy = energy(f);
}

/*
 * What a timeline knows of the recorder's share. What the recorder cost is in the summary; how busy
 * the CPUs were is in the samples of procstat, where they were taken.
 */

/* The ns of KEY as seconds; NaN where O does not have it. */
static double seconds_of(const json_t *o, const char *key)
{
	return erg_number_of(o, key) * 1e-9;
}

/* ---- events ---- */

/* Spans were emitted by some thread, nobody knows which: the busiest gets them. */
static void count_events(const struct erg_timeline *tl, struct erg_overhead_facts *f)
{
	_cleanup_(erg_freep) double *of_track =
		erg_noted(calloc(tl->n_tracks + 1, sizeof(*of_track)));
	const json_t *options = json_object_get(tl->manifest, "options");
	/* --layer-begin: one more at each layer's beginning */
	double each = json_is_true(json_object_get(options, "layer_begin")) ? 2 : 1, spans = 0;

	for (size_t i = 0; of_track && i < tl->iv.n; i++)
		if (erg_tl_end(&tl->iv, i) >= tl->begin && erg_tl_end(&tl->iv, i) <= tl->end)
			of_track[tl->iv.track[i]] += each;
	for (size_t i = 0; of_track && i < tl->n_tracks; i++) {
		f->events += of_track[i];
		if (!tl->tracks[i].tid)
			spans += of_track[i];
		else if (of_track[i] > f->events_thread)
			f->events_thread = of_track[i];
	}
	f->events_thread += spans;
	for (size_t i = 0; i < tl->n_counters; i++)
		f->counted |= !strcmp(tl->counters[i].origin, "perf");
}

/* A layer: the clock at its beginning, and the event at its end. */
static void event_cost(const json_t *event, struct erg_overhead_facts *f)
{
	const json_t *warm = json_object_get(event, "warm_ns");
	const json_t *cold = json_object_get(event, "cold_ns");
	double clock = seconds_of(event, "clock_ns");

	f->event_lo_s = seconds_of(warm, "min") + clock;
	f->event_s = seconds_of(cold, "p50") + clock;
	f->event_hi_s = seconds_of(cold, "p95") + clock;
}

/* ---- CPUs ---- */

/* Error of a value between two readings DT apart, as a variance: half a tick, and a step of the
 * slope anywhere between them, which is off by DT / 4 at most. */
static double edge_variance(const struct erg_tl_channel *c)
{
	double dt = (double)(c->t[c->n - 1] - c->t[0]) * 1e-9 / (double)(c->n - 1);

	return c->def.lsb * c->def.scale * c->def.lsb * c->def.scale / 12 + dt * dt / 48;
}

/* CPU seconds of all CPUs from BEGIN to END; NaN where that was not sampled. *RET_U: half width. */
static double busy_seconds(const struct erg_timeline *tl, uint64_t begin, uint64_t end,
	double *ret_u)
{
	double sum = NAN, variance = 0;

	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_tl_channel *c = &tl->channels[i];
		uint64_t from, to;
		size_t at = 0;
		double v;

		if (strcmp(tl->sources[c->source].kind, "procstat") || c->n < 2)
			continue;
		from = begin > c->t[0] ? begin : c->t[0];
		to = end < c->t[c->n - 1] ? end : c->t[c->n - 1];
		if (to <= from)
			continue;
		v = -erg_timeline_value_at(c, from, &at);
		v += erg_timeline_value_at(c, to, &at);
		v *= (double)(end - begin) / (double)(to - from);
		sum = isnan(sum) ? v : sum + v;
		variance += 2 * edge_variance(c);
	}
	*ret_u = 1.96 * sqrt(variance);
	return sum;
}

static void busy(const struct erg_timeline *tl, const struct erg_account_idle *idle,
	struct erg_overhead_facts *f)
{
	double sum = 0, u;

	f->busy_s = busy_seconds(tl, tl->begin, tl->end, &f->busy_u_s);
	for (size_t i = 0; i < idle->n; i++)
		sum += busy_seconds(tl, idle->span[i].begin, idle->span[i].end, &u);
	f->idle_busy = idle->n ? sum / idle->time_s : NAN;
}

/* ---- energy ---- */

static void energy_facts(const struct erg_timeline *tl, const struct erg_rail *rail,
	const struct erg_account_idle *idle, struct erg_overhead_facts *f)
{
	_cleanup_(erg_attr_freep) struct erg_attr *total = NULL;

	f->energy_j = f->idle_w = ERG_EST_UNRESOLVED;
	if (!rail || tl->end <= tl->begin ||
		erg_account_total(rail, tl->begin, tl->end, idle, &total, NULL) < 0)
		return;
	f->energy_j = erg_attr_interval(total, tl->begin, tl->end, NULL, NULL);
	f->idle_w = total->idle_w;
}

/* ---- JSON ---- */

static json_t *facts_json(const struct erg_overhead_facts *f, const json_t *overhead)
{
	struct erg_est event = ERG_EST_UNRESOLVED;

	if (!isnan(f->event_s))
		event = (struct erg_est){f->event_s, f->event_lo_s, f->event_hi_s, NAN, NAN,
			"calibration"};
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "events",
		erg_num_json(f->events), "event_s", erg_est_json(&event), "recorder_cpu_s",
		erg_num_json(f->recorder_s), "sampler_cpu_s",
		erg_num_json(seconds_of(overhead, "sampler_cpu_ns")), "compress_cpu_s",
		erg_num_json(seconds_of(overhead, "compress_cpu_ns")), "daemons_cpu_s",
		erg_num_json(f->daemons_s), "busy_cpu_s", erg_num_json(f->busy_s), "cpus",
		erg_num_json(f->cpus));
}

json_t *erg_overhead_result(const struct erg_timeline *tl, const struct erg_rail *rail)
{
	const json_t *overhead = json_object_get(tl->summary, "overhead");
	struct erg_overhead_facts f = {
		.time_s = (double)(tl->end - tl->begin) * 1e-9,
		.recorder_s = seconds_of(overhead, "recorder_cpu_ns"),
		.daemons_s = seconds_of(overhead, "daemons_cpu_ns"),
		.cpus = erg_number_of(overhead, "cpus"),
	};
	struct erg_account_idle idle;
	struct erg_overhead o;
	json_t *j;

	if (!json_is_object(overhead) || tl->end <= tl->begin)
		return json_null();
	erg_account_idle(tl, &idle);
	count_events(tl, &f);
	if (tl->undecoded)
		f.events = f.events_thread = NAN;
	event_cost(json_object_get(overhead, "event"), &f);
	busy(tl, &idle, &f);
	energy_facts(tl, rail, &idle, &f);
	erg_overhead_estimate(&f, &o);
	j = facts_json(&f, overhead);
	json_object_set_new(j, "time_share", erg_est_json(&o.time));
	json_object_set_new(j, "time_share_threads", erg_est_json(&o.threads));
	json_object_set_new(j, "time_share_beside", erg_est_json(&o.beside));
	json_object_set_new(j, "energy_share", erg_est_json(&o.energy));
	json_object_set_new(j, "rail", rail ? json_string(rail->name) : json_null());
	json_object_set_new(j, "simulated", json_boolean(rail && rail->simulated));
	return j;
}
