/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Phases of the run as steps of time. Layers of one name do another work in each of them (prefill and decode),
 * which no duration need tell, where those of one phase reach into those of the other.
 */
#include "analyze/attribution/phases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/timeline/timeline.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

struct attr_phase_step {
	uint64_t t;
	uint8_t phase; /* from then on */
};

struct open {
	uint64_t begin, end;
	uint8_t phase;
};

static int by_begin(const void *a, const void *b)
{
	const struct open *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->end < y->end) - (x->end > y->end); /* the outer one first */
}

/* Numbers the names from 1; 0: there are too many, or none. */
static size_t number_names(const struct erg_timeline *tl, struct open *ret)
{
	const char *name[ATTR_PHASES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < tl->n_phases; i++) {
		size_t k = 0;

		while (k < n && strcmp(name[k], tl->phases[i].name))
			k++;
		if (k == ATTR_PHASES_MAX)
			return 0;
		name[k] = tl->phases[i].name;
		n += k == n;
		ret[i] = (struct open){tl->phases[i].begin, tl->phases[i].end, (uint8_t)(k + 1)};
	}
	return n;
}

static void add_step(struct attr_phases *p, uint64_t t, uint8_t phase)
{
	if (p->n_steps && p->step[p->n_steps - 1].t == t)
		p->n_steps--;
	p->step[p->n_steps++] = (struct attr_phase_step){t, phase};
}

/* STACK: of those that are open the one that began last is on top; what ended below it waits there. */
static void close_until(struct attr_phases *p, const struct open *stack, size_t *n, uint64_t t)
{
	while (*n && stack[*n - 1].end <= t) {
		uint64_t end = stack[*n - 1].end;

		while (*n && stack[*n - 1].end <= end)
			--*n;
		add_step(p, end, *n ? stack[*n - 1].phase : 0);
	}
}

int attr_phases_find(const struct erg_timeline *tl, struct attr_phases *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) struct open *all = calloc(tl->n_phases + 1, sizeof(*all));
	_cleanup_(erg_freep) struct open *stack = calloc(tl->n_phases + 1, sizeof(*stack));
	size_t n = 0;

	*ret = (struct attr_phases){.n = 1,
		.step = calloc(2 * tl->n_phases + 1, sizeof(*ret->step))};
	if (!all || !stack || !ret->step)
		return erg_fail(err, -ENOMEM, "out of memory for %zu phases", tl->n_phases);
	ret->n += number_names(tl, all);
	if (ret->n == 1)
		return 0;
	erg_sort(all, tl->n_phases, sizeof(*all), by_begin);
	for (size_t i = 0; i < tl->n_phases; i++) {
		close_until(ret, stack, &n, all[i].begin);
		stack[n++] = all[i];
		add_step(ret, all[i].begin, all[i].phase);
	}
	close_until(ret, stack, &n, UINT64_MAX);
	return 0;
}

void attr_phases_release(struct attr_phases *p)
{
	free(p->step);
	memset(p, 0, sizeof(*p));
}

uint8_t attr_phases_at(struct attr_phases *p, uint64_t t)
{
	if (p->at && p->step[p->at - 1].t > t)
		p->at = 0;
	while (p->at < p->n_steps && p->step[p->at].t <= t)
		p->at++;
	return p->at ? p->step[p->at - 1].phase : 0;
}
