/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The formulas of overhead.h. */
#include "analyze/account/overhead.h"

#include <math.h>

static double clamp(double share)
{
	return isnan(share) ? share : fmin(fmax(share, 0), 1);
}

/* A share within bounds; without a value it is unresolved and keeps the bounds. */
static struct erg_est share(double value, double lo, double hi, const char *method)
{
	return (struct erg_est){.value = clamp(value), .lo = clamp(lo), .hi = clamp(hi), .stat = NAN,
		.syst = NAN, .method = isnan(value) ? "unresolved" : method};
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
