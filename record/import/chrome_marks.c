/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which end is of which begin: see chrome_marks.h. */
#include "record/import/chrome_marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

#define NESTED_MAX 256u /* that the search for one's begin goes through */

/* The begins that have no end yet, the outermost first. */
struct open_ones {
	size_t *at, n;
};

int erg_chrome_marks_add(struct erg_chrome_marks *m, const struct erg_chrome_mark *mark)
{
	if (m->n == m->alloc) {
		size_t alloc = m->alloc ? 2 * m->alloc : 16;
		struct erg_chrome_mark *p = reallocarray(m->marks, alloc, sizeof(*p));

		if (!p)
			return -ENOMEM;
		m->marks = p;
		m->alloc = alloc;
	}
	m->marks[m->n] = *mark;
	m->marks[m->n].order = (uint32_t)m->n;
	m->n++;
	return 0;
}

/* Of one time what ends is before what begins. */
static int compare_marks(const void *a, const void *b)
{
	const struct erg_chrome_mark *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	if (!x->layer != !y->layer)
		return x->layer ? 1 : -1;
	return x->order < y->order ? -1 : 1;
}

static void put_marks_in_order(struct erg_chrome_marks *m, struct erg_chrome_odd *odd)
{
	size_t i = 1;

	while (i < m->n && m->marks[i].t >= m->marks[i - 1].t)
		i++;
	if (i >= m->n)
		return;
	if (odd->disordered++ == 0)
		odd->disordered_line = m->marks[i].line;
	erg_sort(m->marks, m->n, sizeof(*m->marks), compare_marks);
}

static void count_unmatched(struct erg_chrome_odd *odd, const struct erg_chrome_mark *m)
{
	if (odd->unmatched++ == 0)
		odd->unmatched_line = m->line;
}

/* Which of the open ones END is of; their number: of none. */
static size_t find_mark_of(const struct erg_chrome_marks *m, const struct erg_import_layers *layers,
	const struct open_ones *open, const struct erg_chrome_mark *end)
{
	const size_t lowest = open->n > NESTED_MAX ? open->n - NESTED_MAX : 0;

	if (!end->name)
		return open->n ? open->n - 1 : 0;
	for (size_t i = open->n; i > lowest; i--)
		if (!strcmp(layers->defs[m->marks[open->at[i - 1]].layer - 1].name, end->name))
			return i - 1;
	return open->n;
}

/*
 * Of what lasts no time the end is sorted before the begin: which begin of its time END, which has none, is of;
 * the number of marks: of none. A begin that the next end of the name needs is that one's, and one that was
 * written behind END is another one's.
 */
static size_t find_begin_behind(const struct erg_chrome_marks *m,
	const struct erg_import_layers *layers, size_t end)
{
	const struct erg_chrome_mark *e = &m->marks[end];
	size_t found = m->n, begins = 0;

	for (size_t i = end + 1; e->name && i < m->n && i - end <= NESTED_MAX; i++) {
		const struct erg_chrome_mark *k = &m->marks[i];
		const char *name = k->layer ? layers->defs[k->layer - 1].name : k->name;

		if (k->t > e->t && begins == 0)
			break;
		if (k->taken || !name || strcmp(name, e->name))
			continue;
		if (k->t > e->t) {
			begins -= !k->layer;
			break;
		}
		begins += k->layer != 0;
		if (k->layer && k->order < e->order && found == m->n)
			found = i;
	}
	return begins > 0 ? found : m->n;
}

/* What began within the one that ends has no end, but for what begins as it ends. */
static void close_one(const struct erg_chrome_marks *m, struct open_ones *open, size_t which,
	int64_t end, struct erg_chrome_odd *odd)
{
	size_t left = which;

	for (size_t i = which + 1; i < open->n; i++) {
		if (m->marks[open->at[i]].t == end)
			open->at[left++] = open->at[i];
		else
			count_unmatched(odd, &m->marks[open->at[i]]);
	}
	open->n = left;
}

int erg_chrome_marks_match(struct erg_chrome_marks *m, const struct erg_import_layers *layers,
	int (*span)(void *data, const struct erg_chrome_mark *begin, int64_t end), void *data,
	struct erg_chrome_odd *odd)
{
	_cleanup_(erg_freep) size_t *at = calloc(m->n + 1, sizeof(*at));
	struct open_ones open = {at, 0};

	if (!at)
		return -ENOMEM;
	put_marks_in_order(m, odd);
	for (size_t i = 0; i < m->n; i++) {
		const struct erg_chrome_mark *mark = &m->marks[i], *begin;
		size_t which;
		int r;

		if (mark->layer) {
			if (!mark->taken)
				open.at[open.n++] = i;
			continue;
		}
		which = find_mark_of(m, layers, &open, mark);
		if (which < open.n) {
			begin = &m->marks[open.at[which]];
			close_one(m, &open, which, mark->t, odd);
		} else {
			which = find_begin_behind(m, layers, i);
			if (which == m->n) {
				count_unmatched(odd, mark);
				continue;
			}
			begin = &m->marks[which];
			m->marks[which].taken = true;
		}
		r = span(data, begin, mark->t);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < open.n; i++)
		count_unmatched(odd, &m->marks[open.at[i]]);
	return 0;
}
