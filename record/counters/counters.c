/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From names of events to the numbers that the measured process opens.
 *
 * Each name is looked up among the kernel's (cycles, page-faults), then by libpfm4, and is opened
 * once here, because a name that is known need not be countable: virtual machines often have no
 * performance counters at all. What cannot be had is left out with a warning; the run goes on.
 *
 * "synergy" are the two events of the SyNERGY study's power model (Rodrigues, Riley, Lujan,
 * PDPTA'18): SIMD instructions and bus accesses. Arm has both (ASE_SPEC 0x74, BUS_ACCESS 0x19:
 * Arm Architecture Reference Manual, D11.10.2); other processors have neighbours, and the
 * manifest says which was taken.
 */
#include "record/counters/counters.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/counters/names.h"

#define EVENTS_MAX 32 /* what liberg takes: ERG_MAX_COUNTERS */
#define NEAR_MAX 5

struct resolved {
	struct erg_counter_event ev[EVENTS_MAX];
	size_t n;
	bool inherit;
	json_t *events, *missing, *warnings;
};

/* ---- synergy ---- */

struct candidate {
	const char *name;
	bool exact;
	uint64_t raw; /* 0: by name */
};

#if defined(__aarch64__) || defined(__arm__)
static const struct candidate simd[] = {{"ASE_SPEC", true, 0x74}, {NULL, false, 0}};
static const struct candidate bus[] = {{"BUS_ACCESS", true, 0x19}, {NULL, false, 0}};
#elif defined(__powerpc64__)
static const struct candidate simd[] = {{"PM_VECTOR_FLOP_CMPL", false, 0}, {"PM_VSU_FIN", false, 0},
	{"PM_VSU0_16FLOP", false, 0}, {NULL, false, 0}};
static const struct candidate bus[] = {{"PM_MEM_READ", false, 0}, {"PM_DATA_FROM_MEMORY", false, 0},
	{"PM_DATA_FROM_LMEM", false, 0}, {"cache-misses", false, 0}, {NULL, false, 0}};
#else
static const struct candidate simd[] = {{"FP_ARITH_INST_RETIRED:VECTOR", false, 0},
	{"FP_ARITH_INST_RETIRED:256B_PACKED_SINGLE", false, 0},
	{"FP_ARITH:256B_PACKED_SINGLE", false, 0}, {"SIMD_FP_256:PACKED_SINGLE", false, 0},
	{"RETIRED_SSE_AVX_FLOPS:ANY", false, 0}, {NULL, false, 0}};
static const struct candidate bus[] = {{"OFFCORE_REQUESTS:ALL_REQUESTS", false, 0},
	{"LONGEST_LAT_CACHE:MISS", false, 0}, {"cache-misses", false, 0}, {NULL, false, 0}};
#endif

/* ---- results ---- */

static void warn(struct resolved *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct resolved *r, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(r->warnings, json_string(text));
}

static const char *open_reason(int r, const struct erg_counter_event *ev)
{
	switch (r) {
	case -ENOENT:
	case -ENODEV:
	case -EOPNOTSUPP:
	case -ENXIO:
		return ev->type == PERF_TYPE_SOFTWARE
			? "the kernel does not have it"
			: "this machine has no such hardware counter (virtual machines often have "
			  "none)";
	case -EACCES:
	case -EPERM:
		return "not permitted: set kernel.perf_event_paranoid to 2 or less, or give "
		       "CAP_PERFMON";
	case -EBUSY:
		return "every counter of this CPU is in use (kernel.nmi_watchdog holds one)";
	case -ENOSYS:
		return "the kernel has no perf events";
	default:
		return strerror(-r);
	}
}

static void miss(struct resolved *res, const char *name, const char *reason, bool unknown)
{
	char near[NEAR_MAX][ERG_COUNTER_NAME], names[NEAR_MAX * ERG_COUNTER_NAME] = "";
	size_t n = unknown ? erg_counter_near(name, near, NEAR_MAX) : 0, len = 0;
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, json_string(near[i]));
		len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
			near[i]);
	}
	warn(res, "counter %s: %s%s%s", name, reason, n ? "; near names: " : "", names);
	json_array_append_new(res->missing,
		json_pack("{s:s, s:s, s:o}", "name", name, "reason", reason, "near", list));
}

static bool has(const struct resolved *res, const char *name)
{
	for (size_t i = 0; i < res->n; i++)
		if (!strcmp(res->ev[i].name, name))
			return true;
	return false;
}

/* Takes EV if it can be counted together with those before it: the measured process reads all in
 * one group, which a PMU counts as a whole or not at all. */
static bool take_event(struct resolved *res, const struct erg_counter_event *ev)
{
	char text[64];

	if (has(res, ev->name))
		return true;
	if (res->n < EVENTS_MAX)
		res->ev[res->n] = *ev;
	if (res->n == EVENTS_MAX || erg_counter_fit(res->ev, res->n + 1) <= (int)res->n) {
		snprintf(text, sizeof(text), "left out, only %zu of the list fit at a time",
			res->n);
		miss(res, ev->name, text, false);
		return false;
	}
	res->n++;
	snprintf(text, sizeof(text), "0x%" PRIx64, ev->config);
	json_array_append_new(res->events,
		json_pack("{s:s, s:s, s:i, s:s}", "name", ev->name, "event", ev->event, "type",
			(int)ev->type, "config", text));
	return true;
}

/* ---- names ---- */

/* 0: EV is set and can be opened. Else a reason; *unknown: nobody knows the name. */
static int look_up(const char *name, struct erg_counter_event *ev, const char **ret_reason,
	bool *unknown)
{
	int r;

	*unknown = false;
	if (!erg_counter_kernel_find(name, ev) && erg_counter_pfm_find(name, ev, ret_reason) < 0) {
		*unknown = true;
		return -ENOENT;
	}
	r = erg_counter_fit(ev, 1);
	if (r > 0)
		return 0;
	*ret_reason = open_reason(r, ev);
	return -ENODEV;
}

static void resolve_name(struct resolved *res, const char *name)
{
	struct erg_counter_event ev;
	const char *reason = "";
	bool unknown;

	if (!look_up(name, &ev, &reason, &unknown))
		take_event(res, &ev);
	else
		miss(res, name, reason, unknown);
}

/* The first candidate that can be opened. */
static const struct candidate *pick(struct resolved *res, const struct candidate *c)
{
	const char *reason = "";
	bool unknown;

	for (; c->name; c++) {
		struct erg_counter_event ev = {.type = PERF_TYPE_RAW, .config = c->raw};

		if (c->raw) {
			snprintf(ev.name, sizeof(ev.name), "%s", c->name);
			snprintf(ev.event, sizeof(ev.event), "raw:%s", c->name);
		}
		if (c->raw ? erg_counter_fit(&ev, 1) > 0
			   : !look_up(c->name, &ev, &reason, &unknown))
			return take_event(res, &ev) ? c : NULL;
	}
	return NULL;
}

static json_t *name_or_null(const struct candidate *c)
{
	return c ? json_string(c->name) : json_null();
}

static void resolve_synergy(struct resolved *res, json_t *manifest)
{
	const struct candidate *s = pick(res, simd), *b = pick(res, bus);

	if (!s)
		miss(res, "synergy:simd", "SIMD instructions cannot be counted here", false);
	if (!b)
		miss(res, "synergy:bus", "bus or memory accesses cannot be counted here", false);
	if (s && b && !(s->exact && b->exact))
		warn(res, "counters synergy: %s and %s stand in for Arm's ASE_SPEC and BUS_ACCESS",
			s->name, b->name);
	if (manifest)
		json_object_set_new(manifest, "synergy",
			json_pack("{s:o, s:o, s:b}", "simd", name_or_null(s), "bus",
				name_or_null(b), "exact", s && b && s->exact && b->exact));
}

static int resolve_list(struct resolved *res, const char *list, json_t *manifest,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(list);
	char *rest = copy, *name;

	if (!copy)
		return erg_fail(err, -ENOMEM, "--counters: out of memory");
	while ((name = strsep(&rest, ","))) {
		name += strspn(name, " \t");
		for (size_t n = strlen(name); n > 0 && strchr(" \t", name[n - 1]); n--)
			name[n - 1] = '\0';
		if (!*name || strlen(name) >= ERG_COUNTER_NAME || strpbrk(name, "; \t"))
			return erg_fail(err, -EINVAL,
				"--counters %s: expected names of events joined by commas, as in "
				"instructions,cycles",
				list);
		if (!strcmp(name, "synergy"))
			resolve_synergy(res, manifest);
		else if (!strcmp(name, "inherit"))
			res->inherit = true;
		else
			resolve_name(res, name);
	}
	return 0;
}

/* ---- output ---- */

static int write_env(const struct resolved *res, char **ret)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return -ENOMEM;
	if (res->inherit && res->n)
		fputs("inherit;", f);
	for (size_t i = 0; i < res->n; i++) {
		const struct erg_counter_event *e = &res->ev[i];

		fprintf(f, "%s%s=%x:%" PRIx64, i ? ";" : "", e->name, e->type, e->config);
		if (e->config1 || e->config2)
			fprintf(f, ":%" PRIx64, e->config1);
		if (e->config2)
			fprintf(f, ":%" PRIx64, e->config2);
	}
	if (fclose(f))
		return -ENOMEM;
	*ret = erg_steal_ptr(&text);
	return 0;
}

static void describe_events(struct resolved *res, const char *list, json_t *manifest)
{
	if (!manifest)
		return;
	json_object_set_new(manifest, "requested", json_string(list));
	json_object_set_new(manifest, "inherit", json_boolean(res->inherit));
	json_object_set_new(manifest, "names_by", json_string(erg_counter_pfm_about()));
	json_object_set(manifest, "events", res->events);
	json_object_set(manifest, "missing", res->missing);
	json_object_set(manifest, "warnings", res->warnings);
}

int erg_counters_resolve(const char *list, char **ret_env, json_t *manifest, struct erg_err *err)
{
	struct resolved *res = calloc(1, sizeof(*res));
	int r;

	if (!res)
		return erg_fail(err, -ENOMEM, "--counters: out of memory");
	res->events = json_array();
	res->missing = json_array();
	res->warnings = json_array();
	r = resolve_list(res, list, manifest, err);
	if (r >= 0) {
		describe_events(res, list, manifest);
		r = write_env(res, ret_env);
		if (r < 0)
			r = erg_fail(err, r, "--counters: out of memory");
	}
	json_decref(res->events);
	json_decref(res->missing);
	json_decref(res->warnings);
	free(res);
	return r;
}
