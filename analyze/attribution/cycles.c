/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analyze/attribution/cycles.h"

#include "formats/base/util.h"

struct attr_cycles attr_cycles_of(const struct attr_view *v)
{
	struct attr_cycles c = {v, ERG_NONE, 0, 0, 0};

	for (uint32_t k = 0; k < v->gap_class; k++)
		if (v->class_calls[k] >= ATTR_CYCLES_MIN &&
			(c.ref == ERG_NONE || v->class_calls[k] < v->class_calls[c.ref]))
			c.ref = k;
	return c;
}

static bool is_ref(const struct attr_cycles *c, size_t seg)
{
	const struct attr_view *v = c->view;

	return v->col_class[v->col[attr_first(v, seg)]] == c->ref;
}

bool attr_cycles_next(struct attr_cycles *c)
{
	const struct attr_view *v = c->view;

	if (c->ref == ERG_NONE)
		return false;
	for (; c->seg < v->n; c->seg++) {
		if (!is_ref(c, c->seg) || (c->seg && is_ref(c, c->seg - 1)))
			continue;
		c->from = c->to;
		c->to = attr_begin(v, c->seg);
		if (!c->from)
			continue;
		c->seg++;
		return true;
	}
	return false;
}
