/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_UNIT_ATTRIBUTION_RUN_H
#define ERG_TESTS_UNIT_ATTRIBUTION_RUN_H

/* What the tests of the attribution share: a scene, run through it. Include after cmocka.h. */
#include <math.h>
#include <string.h>

#include "analyze/attribution/attribution.h"
#include "tests/accuracy/scene.h"

struct result {
	struct scene_trace t;
	struct erg_attr *a;
};

/* As the program calls it. */
static inline int attribute(const struct scene_trace *t, const struct erg_attr_options *opt,
	struct erg_attr **ret, struct erg_err *err)
{
	return erg_attr_run_timeline(&t->rail, &t->tl, false, NULL, opt, ret, err);
}

static inline void run(const struct scene *s, struct erg_attr_options *opt, struct result *ret)
{
	struct erg_attr_span idle[2];
	struct erg_err err = {0};

	scene_make(s, &ret->t);
	if (s->idle_s > 0) {
		for (int i = 0; i < 2; i++)
			idle[i] = (struct erg_attr_span){ret->t.idle[i][0], ret->t.idle[i][1]};
		opt->idle = idle;
		opt->n_idle = 2;
	}
	if (attribute(&ret->t, opt, &ret->a, &err) < 0)
		fail_msg("%s", err.msg);
	if (opt)
		opt->n_idle = 0;
}

static inline void done(struct result *r)
{
	erg_attr_free(r->a);
	scene_release(&r->t);
}

static inline void close_to(double got, double want, double room)
{
	if (!(fabs(got - want) <= room))
		fail_msg("%.12g, expected %.12g +- %g", got, want, room);
}

static inline double error_of(const struct result *r, size_t k)
{
	return fabs(r->a->classes[k].energy_j.value / r->t.energy_j[k] - 1);
}

static inline size_t count_gate(const struct erg_attr *a, enum erg_attr_gate gate)
{
	size_t n = 0;

	for (size_t k = 0; k + 1 < a->n_classes; k++)
		n += a->classes[k].gate == gate;
	return n;
}

static inline bool warned(const struct erg_attr *a, const char *code)
{
	json_t *w;
	size_t i;

	json_array_foreach (a->warnings, i, w)
		if (!strcmp(json_string_value(json_object_get(w, "code")), code))
			return true;
	return false;
}

#endif
