/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A knob: a value is checked against what the hardware lists before anything is changed, so that a
 * typing error in the last line of a plan is found before the first run.
 */
#include "record/knobs/knobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

void erg_knob_close(struct erg_knob *k)
{
	erg_texts_clear(&k->devices);
	erg_texts_clear(&k->cells);
}

static void join(const struct erg_texts *t, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	for (size_t i = 0; i < t->n && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? " " : "", t->v[i]);
}

int erg_knob_check(const struct erg_knob *k, const char *value, struct erg_err *err)
{
	struct erg_texts allowed = {0};
	char limits[768] = "";
	int r = k->ops->allowed(k, &allowed, limits, sizeof(limits), err);
	bool ok = allowed.n == 0;

	for (size_t i = 0; r == 0 && i < allowed.n; i++)
		ok = ok || strcmp(allowed.v[i], value) == 0;
	if (r == 0 && !ok) {
		join(&allowed, limits, sizeof(limits));
		r = erg_fail(err, -EINVAL, "%s: %s is not allowed: expected one of %s", k->name,
			value, limits);
	} else if (r == 0 && allowed.n == 0 && limits[0]) {
		double lo, hi, v;
		char *end;

		v = strtod(value, &end);
		if (sscanf(limits, "%lf to %lf", &lo, &hi) == 2 &&
			(end == value || *end || !(v >= lo && v <= hi)))
			r = erg_fail(err, -EINVAL, "%s: %s is not allowed: expected %s", k->name,
				value, limits);
	}
	erg_texts_clear(&allowed);
	return r;
}

int erg_knob_refused(const struct erg_knob *k, const char *value, const char *got,
	struct erg_err *err)
{
	struct erg_texts allowed = {0};
	char limits[768] = "";

	if (k->ops->allowed(k, &allowed, limits, sizeof(limits), NULL) == 0 && allowed.n)
		join(&allowed, limits, sizeof(limits));
	erg_texts_clear(&allowed);
	return erg_fail(err, -EINVAL, "%s: %s was refused, it reads %s%s%s", k->name, value,
		got[0] ? got : "nothing", limits[0] ? "; allowed: " : "", limits);
}

int erg_knob_apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	int r = erg_knob_check(k, value, err);

	if (r == 0)
		r = k->ops->apply(k, value, applied, size, err);
	if (r == 0)
		snprintf(k->wanted, sizeof(k->wanted), "%s", applied);
	return r;
}

bool erg_knob_holds(const struct erg_knob *k)
{
	char now[ERG_KNOB_TEXT_MAX];

	return !k->wanted[0] ||
		(k->ops->read(k, now, sizeof(now), NULL) == 0 && strcmp(now, k->wanted) == 0);
}
