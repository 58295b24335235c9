/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boards without a rail of everything, and machines of several GPUs, have their energy in several
 * roots. tegrastats and the like read them together: their sum is then one series like any other, and
 * every attribution, gate and interval of it comes from the sum's own readings.
 */
#include "analyze/timeline/rail_sum.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

static size_t index_of(const struct erg_rail *rails, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(rails[i].name) == len && !strncmp(rails[i].name, name, len))
			return i;
	return n;
}

/* Is rail I part of OF, at any depth? A circle of parents, which only a damaged archive has, ends. */
static bool is_part(const struct erg_rail *rails, size_t n, size_t i, size_t of)
{
	for (size_t depth = 0; depth < n && rails[i].parent[0]; depth++) {
		i = index_of(rails, n, rails[i].parent, strlen(rails[i].parent));
		if (i == of)
			return true;
		if (i == n)
			return false;
	}
	return false;
}

static int check_apart(const struct erg_rail *rails, size_t n, const size_t *which, size_t n_which,
	struct erg_err *err)
{
	for (size_t a = 0; a < n_which; a++)
		for (size_t b = 0; b < n_which; b++) {
			if (a != b && which[a] == which[b])
				return erg_fail(err, -EINVAL, "rail '%s' is there twice",
					rails[which[a]].name);
			if (a != b && is_part(rails, n, which[a], which[b]))
				return erg_fail(err, -EINVAL,
					"rail '%s' is part of '%s': their sum "
					"would count it twice",
					rails[which[a]].name, rails[which[b]].name);
		}
	return 0;
}

/* Names joined by '+'; of several that fit, the longest is taken. */
static int split(const struct erg_rail *rails, size_t n, const char *text, size_t *which,
	size_t *ret_n, struct erg_err *err)
{
	*ret_n = 0;
	for (const char *p = text;; p++) {
		size_t len = strlen(p), i = n;

		for (; len; len--)
			if ((!p[len] || p[len] == '+') && (i = index_of(rails, n, p, len)) < n)
				break;
		if (i == n || *ret_n == n) {
			_cleanup_(erg_freep) char *name = strndup(p, strcspn(p, "+"));
			size_t none;

			return i < n
				? erg_fail(err, -EINVAL, "rail '%s' is there twice", rails[i].name)
				: erg_rail_choose(rails, n, name ? name : p, &none, err);
		}
		which[(*ret_n)++] = i;
		p += len;
		if (!*p)
			return 0;
	}
}

static size_t roots(const struct erg_rail *rails, size_t n, size_t *which)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (!rails[i].parent[0] ||
			index_of(rails, n, rails[i].parent, strlen(rails[i].parent)) == n)
			which[k++] = i;
	return k;
}

int erg_rail_select(const struct erg_rail *rails, size_t n, const char *name, size_t **ret,
	size_t *ret_n, struct erg_err *err)
{
	_cleanup_(erg_freep) size_t *which = malloc((n + 1) * sizeof(*which));
	int r = 0;

	if (!which)
		return erg_fail_errno(err, -ENOMEM, "rails");
	*ret_n = 0;
	if (n && name && !strcmp(name, ERG_RAIL_ALL_ROOTS) &&
		index_of(rails, n, name, strlen(name)) == n)
		*ret_n = roots(rails, n, which);
	else if (n && name && strchr(name, '+'))
		r = split(rails, n, name, which, ret_n, err);
	if (r >= 0 &&
		!*ret_n) { /* one name, or none; roots are none only where parents are a circle */
		r = erg_rail_choose(rails, n,
			name && strcmp(name, ERG_RAIL_ALL_ROOTS) ? name : NULL, which, err);
		*ret_n = 1;
	}
	if (r >= 0)
		r = check_apart(rails, n, which, *ret_n, err);
	if (r >= 0)
		*ret = erg_steal_ptr(&which);
	return r;
}

static bool same_model(const struct erg_rail *a, const struct erg_rail *b)
{
	const struct erg_sensor_model *x = &a->model, *y = &b->model;

	return a->counter == b->counter && a->at_stamp == b->at_stamp &&
		a->interval_ns == b->interval_ns && x->kind == y->kind &&
		x->provenance == y->provenance && x->window_ns == y->window_ns &&
		x->period_ns == y->period_ns && x->lag_ns == y->lag_ns &&
		x->lag_u_ns == y->lag_u_ns && fabs(x->alpha - y->alpha) < 1e-12;
}

/* A register, of which nobody knows when within its period it was brought up to date: two of them are
 * not of the same stretch of time, though they were read at the same. */
static bool is_of_its_time(const struct erg_rail *r)
{
	return r->at_stamp && r->model.period_ns <= r->interval_ns + r->interval_ns / 20;
}

static bool same_times(const struct erg_rail *a, const struct erg_rail *b)
{
	return a->n == b->n && !(a->n && memcmp(a->t, b->t, a->n * sizeof(*a->t)));
}

const char *erg_rail_sum_obstacle(const struct erg_rail *rails, const size_t *which, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const struct erg_rail *a = &rails[which[0]], *b = &rails[which[k]];

		if (!same_times(a, b))
			return "they were not read at the same times";
		if (!same_model(a, b))
			return "their sensors differ";
		if (!is_of_its_time(b))
			return "each shows what it last measured, at a time of its own";
	}
	return NULL;
}

static int join_names(const struct erg_rail *rails, const size_t *which, size_t n, char *ret,
	size_t size, struct erg_err *err)
{
	size_t len = 0;

	for (size_t k = 0; k < n; k++) {
		len += (size_t)snprintf(ret + len, size - len, "%s%s", k ? "+" : "",
			rails[which[k]].name);
		if (len >= size)
			return erg_fail(err, -E2BIG, "the names of %zu rails have no room", n);
	}
	return 0;
}

static void add_rail(struct erg_rail *sum, const struct erg_rail *r)
{
	sum->simulated |= r->simulated;
	sum->lsb_w += r->lsb_w;
	sum->offset_max += r->offset_max;
	/* Of a sum of what is not negative, the greatest is a bound. */
	sum->gain_max = fmax(sum->gain_max, r->gain_max);
	sum->unordered = r->unordered > sum->unordered ? r->unordered : sum->unordered;
	for (size_t i = 0; i < sum->n; i++) {
		sum->v[i] += r->v[i];
		sum->half[i] = r->half[i] > sum->half[i] ? r->half[i] : sum->half[i];
	}
}

int erg_rail_sum(const struct erg_rail *rails, const size_t *which, size_t n, struct erg_rail *ret,
	struct erg_err *err)
{
	const struct erg_rail *first = &rails[which[0]];
	int r;

	*ret = (struct erg_rail){.counter = first->counter,
		.model = first->model,
		.interval_ns = first->interval_ns,
		.at_stamp = first->at_stamp,
		.n = first->n};
	r = join_names(rails, which, n, ret->name, sizeof(ret->name), err);
	if (r < 0)
		return r;
	ret->t = erg_noted(malloc((ret->n + 1) * sizeof(*ret->t)));
	ret->half = calloc(ret->n + 1, sizeof(*ret->half));
	ret->v = calloc(ret->n + 1, sizeof(*ret->v));
	if (!ret->t || !ret->half || !ret->v) {
		free(ret->t);
		free(ret->half);
		free(ret->v);
		*ret = (struct erg_rail){0};
		return erg_fail_errno(err, -ENOMEM, "rails");
	}
	memcpy(ret->t, first->t, ret->n * sizeof(*ret->t));
	for (size_t k = 0; k < n; k++)
		add_rail(ret, &rails[which[k]]);
	return 0;
}

/* What their readings themselves do not allow, whatever is known of the sensors. */
static const char *readings_obstacle(const struct erg_rail *rails, const size_t *which, size_t n)
{
	for (size_t k = 1; k < n; k++) {
		if (!same_times(&rails[which[0]], &rails[which[k]]))
			return "they were not read at the same times";
		if (rails[which[0]].counter != rails[which[k]].counter)
			return "one counts energy, another tells power";
	}
	return NULL;
}

static int pick(struct erg_rail *rails, size_t n, const char *name,
	const char *(*obstacle)(const struct erg_rail *rails, const size_t *which, size_t n),
	size_t *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) size_t *which = NULL;
	const char *why;
	size_t n_which;
	int r = erg_rail_select(rails, n, name, &which, &n_which, err);

	if (r < 0)
		return r;
	*ret = which[0];
	if (n_which == 1)
		return 0;
	why = obstacle(rails, which, n_which);
	if (why)
		return erg_fail(err, -ENOTSUP, "rails '%s' cannot be one series: %s", name, why);
	*ret = n;
	return erg_rail_sum(rails, which, n_which, &rails[n], err);
}

int erg_rail_pick(struct erg_rail *rails, size_t n, const char *name, size_t *ret,
	struct erg_err *err)
{
	return pick(rails, n, name, erg_rail_sum_obstacle, ret, err);
}

int erg_rail_pick_readings(struct erg_rail *rails, size_t n, const char *name, size_t *ret,
	struct erg_err *err)
{
	return pick(rails, n, name, readings_obstacle, ret, err);
}
