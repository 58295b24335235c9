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

/* tl->n_rails: none is called so. */
static size_t index_of(const struct erg_timeline *tl, const char *name, size_t len)
{
	for (size_t i = 0; i < tl->n_rails; i++)
		if (strlen(tl->rails[i].name) == len && !strncmp(tl->rails[i].name, name, len))
			return i;
	return tl->n_rails;
}

/* Is rail I part of OF, at any depth? A circle of parents, which only a damaged archive has, ends. */
static bool is_part(const struct erg_timeline *tl, size_t i, size_t of)
{
	const struct erg_rail *rails = tl->rails;

	for (size_t depth = 0; depth < tl->n_rails && rails[i].parent[0]; depth++) {
		i = index_of(tl, rails[i].parent, strlen(rails[i].parent));
		if (i == of)
			return true;
		if (i == tl->n_rails)
			return false;
	}
	return false;
}

static int check_apart(const struct erg_timeline *tl, const size_t *which, size_t n_which,
	struct erg_err *err)
{
	const struct erg_rail *rails = tl->rails;

	for (size_t a = 0; a < n_which; a++)
		for (size_t b = 0; b < n_which; b++) {
			if (a != b && which[a] == which[b])
				return erg_fail(err, -EINVAL, "rail '%s' is there twice",
					rails[which[a]].name);
			if (a != b && is_part(tl, which[a], which[b]))
				return erg_fail(err, -EINVAL,
					"rail '%s' is part of '%s': their sum "
					"would count it twice",
					rails[which[a]].name, rails[which[b]].name);
		}
	return 0;
}

/* Names joined by '+'; of several that fit, the longest is taken. */
static int split_names(const struct erg_timeline *tl, const char *text, size_t *which,
	size_t *ret_n, struct erg_err *err)
{
	size_t n = tl->n_rails;

	*ret_n = 0;
	for (const char *p = text;; p++) {
		size_t len = strlen(p), i = n;

		for (; len; len--)
			if ((!p[len] || p[len] == '+') && (i = index_of(tl, p, len)) < n)
				break;
		if (i == n || *ret_n == n) {
			_cleanup_(erg_freep) char *name = strndup(p, strcspn(p, "+"));
			size_t none;

			return i < n ? erg_fail(err, -EINVAL, "rail '%s' is there twice",
					       tl->rails[i].name)
				     : erg_rail_choose(tl, name ? name : p, &none, err);
		}
		which[(*ret_n)++] = i;
		p += len;
		if (!*p)
			return 0;
	}
}

static size_t find_roots(const struct erg_timeline *tl, size_t *which)
{
	const struct erg_rail *rails = tl->rails;
	size_t k = 0;

	for (size_t i = 0; i < tl->n_rails; i++)
		if (!rails[i].parent[0] ||
			index_of(tl, rails[i].parent, strlen(rails[i].parent)) == tl->n_rails)
			which[k++] = i;
	return k;
}

int erg_rail_select(const struct erg_timeline *tl, const char *name, size_t **ret, size_t *ret_n,
	struct erg_err *err)
{
	size_t n = tl->n_rails;
	_cleanup_(erg_freep) size_t *which = malloc((n + 1) * sizeof(*which));
	int r = 0;

	if (!which)
		return erg_fail_errno(err, -ENOMEM, "rails");
	*ret_n = 0;
	if (n && name && !strcmp(name, ERG_RAIL_ALL_ROOTS) && index_of(tl, name, strlen(name)) == n)
		*ret_n = find_roots(tl, which);
	else if (n && name && strchr(name, '+'))
		r = split_names(tl, name, which, ret_n, err);
	if (r >= 0 &&
		!*ret_n) { /* one name, or none; roots are none only where parents are a circle */
		r = erg_rail_choose(tl, name && strcmp(name, ERG_RAIL_ALL_ROOTS) ? name : NULL,
			which, err);
		*ret_n = 1;
	}
	if (r >= 0)
		r = check_apart(tl, which, *ret_n, err);
	if (r >= 0)
		*ret = erg_steal_ptr(&which);
	return r;
}

static bool same_model(const struct erg_rail *a, const struct erg_rail *b)
{
	const struct erg_sensor_model *x = &a->model, *y = &b->model;

	return a->counter == b->counter && a->at_stamp == b->at_stamp &&
		a->own_time == b->own_time && a->interval_ns == b->interval_ns &&
		x->kind == y->kind && x->provenance == y->provenance &&
		x->window_ns == y->window_ns && x->period_ns == y->period_ns &&
		x->lag_ns == y->lag_ns && x->lag_u_ns == y->lag_u_ns &&
		fabs(x->alpha - y->alpha) < 1e-12;
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

const char *erg_rail_sum_obstacle(const struct erg_timeline *tl, const size_t *which, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const struct erg_rail *a = &tl->rails[which[0]], *b = &tl->rails[which[k]];

		if (!same_times(a, b))
			return "they were not read at the same times";
		if (!same_model(a, b))
			return "their sensors differ";
		if (!is_of_its_time(b))
			return "each shows what it last measured, at a time of its own";
	}
	return NULL;
}

static int join_names(const struct erg_timeline *tl, const size_t *which, size_t n, char *ret,
	size_t size, struct erg_err *err)
{
	size_t len = 0;

	for (size_t k = 0; k < n; k++) {
		len += (size_t)snprintf(ret + len, size - len, "%s%s", k ? "+" : "",
			tl->rails[which[k]].name);
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

int erg_rail_sum(const struct erg_timeline *tl, const size_t *which, size_t n, struct erg_rail *ret,
	struct erg_err *err)
{
	const struct erg_rail *first = &tl->rails[which[0]];
	int r;

	*ret = (struct erg_rail){.counter = first->counter,
		.model = first->model,
		.interval_ns = first->interval_ns,
		.at_stamp = first->at_stamp,
		.own_time = first->own_time,
		.n = first->n};
	r = join_names(tl, which, n, ret->name, sizeof(ret->name), err);
	if (r < 0)
		return r;
	ret->t = erg_noted(malloc((ret->n + 1) * sizeof(*ret->t)));
	ret->half = calloc(ret->n + 1, sizeof(*ret->half));
	ret->v = calloc(ret->n + 1, sizeof(*ret->v));
	if (!ret->t || !ret->half || !ret->v) {
		erg_rail_release(ret);
		return erg_fail_errno(err, -ENOMEM, "rails");
	}
	memcpy(ret->t, first->t, ret->n * sizeof(*ret->t));
	for (size_t k = 0; k < n; k++)
		add_rail(ret, &tl->rails[which[k]]);
	return 0;
}

/* What their readings themselves do not allow, whatever is known of the sensors. */
static const char *readings_obstacle(const struct erg_timeline *tl, const size_t *which, size_t n)
{
	for (size_t k = 1; k < n; k++) {
		if (!same_times(&tl->rails[which[0]], &tl->rails[which[k]]))
			return "they were not read at the same times";
		if (tl->rails[which[0]].counter != tl->rails[which[k]].counter)
			return "one counts energy, another tells power";
	}
	return NULL;
}

static int pick_rail(const struct erg_timeline *tl, const char *name,
	const char *(*obstacle)(const struct erg_timeline *tl, const size_t *which, size_t n),
	struct erg_rail *sum, const struct erg_rail **ret, struct erg_err *err)
{
	_cleanup_(erg_freep) size_t *which = NULL;
	const char *why;
	size_t n_which;
	int r = erg_rail_select(tl, name, &which, &n_which, err);

	*sum = (struct erg_rail){0};
	if (r < 0)
		return r;
	*ret = n_which == 1 ? &tl->rails[which[0]] : sum;
	if (n_which == 1)
		return 0;
	why = obstacle(tl, which, n_which);
	if (why)
		return erg_fail(err, -ENOTSUP, "rails '%s' cannot be one series: %s", name, why);
	return erg_rail_sum(tl, which, n_which, sum, err);
}

int erg_rail_pick(const struct erg_timeline *tl, const char *name, struct erg_rail *sum,
	const struct erg_rail **ret, struct erg_err *err)
{
	return pick_rail(tl, name, erg_rail_sum_obstacle, sum, ret, err);
}

int erg_rail_pick_readings(const struct erg_timeline *tl, const char *name, struct erg_rail *sum,
	const struct erg_rail **ret, struct erg_err *err)
{
	return pick_rail(tl, name, readings_obstacle, sum, ret, err);
}
