/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kinds of sensors: one kernel each, and the way to their rows. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

const struct attr_kernel_ops *attr_kernel_ops_of(enum erg_sensor_kind kind)
{
	static const struct attr_kernel_ops *const table[] = {&attr_kernel_point,
		&attr_kernel_boxcar, &attr_kernel_ema, &attr_kernel_counter};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(table); i++)
		if (table[i]->kind == kind)
			return table[i];
	return &attr_kernel_point;
}

static int open_buffers(struct attr_kernel *k, struct erg_err *err)
{
	size_t n = k->view->n_cols;

	k->dense = calloc(n + 1, sizeof(double));
	k->seen = calloc(n + 1, 1);
	k->row.col = calloc(n + 1, sizeof(uint16_t));
	k->row.a = calloc(n + 1, sizeof(double));
	if (!k->dense || !k->seen || !k->row.col || !k->row.a)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", n);
	return k->ops->start ? k->ops->start(k, err) : 0;
}

int attr_kernel_open(struct attr_kernel *k, const struct attr_view *view,
	const struct attr_readings *r, const struct attr_shape *shape, size_t first, size_t end,
	struct erg_err *err)
{
	double from;
	int rc;

	memset(k, 0, sizeof(*k));
	k->ops = attr_kernel_ops_of(shape->kind);
	k->view = view;
	k->r = r;
	k->shape = *shape;
	k->m = first;
	k->stride = 1;
	k->end = end < r->n ? end : r->n;
	from = first < r->n ? (double)r->t[first] : 0;
	from -= shape->lag_ns + k->ops->memory(shape, r) + 2 * r->spacing_ns;
	if (first)
		from = fmin(from, (double)r->t[first - 1] - shape->lag_ns - shape->stale_ns);
	if (from > 0)
		k->seg = attr_view_find(view, (uint64_t)from);
	k->head = k->tail = k->seg;
	rc = open_buffers(k, err);
	if (rc >= 0)
		rc = attr_lowpass_open(k, err);
	if (rc < 0)
		attr_kernel_close(k);
	return rc;
}

void attr_kernel_close(struct attr_kernel *k)
{
	free(k->dense);
	free(k->seen);
	free(k->row.col);
	free(k->row.a);
	for (size_t i = 0; k->ema && i < k->n_phases; i++)
		free(k->ema[i].state);
	free(k->ema);
	attr_lowpass_close(k);
	memset(k, 0, sizeof(*k));
}
