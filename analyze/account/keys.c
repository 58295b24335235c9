/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layers are one row of a table by type, block, module or network, and in which order the rows stand:
 * by what the layers are called, and by when they ran. */
#include "analyze/account/keys.h"

#include <string.h>

#include "analyze/account/calls.h"
#include "formats/base/order.h"

const char *erg_key_block(const struct erg_timeline *tl, const struct erg_tl_layer *l)
{
	const char *type = l->level == ERG_TL_LAYER ? l->type : "";
	uint32_t p = l->parent;

	if (l->level == ERG_TL_MODULE)
		type = l->type;
	for (size_t depth = 0; p < tl->n_layers && depth < tl->n_layers;
		p = tl->layers[p].parent, depth++)
		if (tl->layers[p].level == ERG_TL_MODULE && *tl->layers[p].type)
			type = tl->layers[p].type;
	return type;
}

static const char *key_of(const struct erg_timeline *tl, const struct erg_tl_layer *l,
	const char *by)
{
	if (!strcmp(by, "type"))
		return l->level == ERG_TL_LAYER ? l->type : "";
	if (!strcmp(by, "network"))
		return erg_layer_network(l);
	if (!strcmp(by, "block"))
		return erg_key_block(tl, l);
	if (l->level == ERG_TL_MODULE)
		return l->name;
	return l->level == ERG_TL_LAYER ? (*l->module ? l->module : l->name) : "";
}

static int same_row(const struct erg_keyed *x, const struct erg_keyed *y)
{
	int c = strcmp(x->key, y->key);

	return c ? c : strcmp(x->network, y->network);
}

static int by_begin(const void *a, const void *b)
{
	const struct erg_keyed *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->k > y->k) - (x->k < y->k);
}

static int by_row_and_begin(const void *a, const void *b)
{
	int c = same_row(a, b);

	return c ? c : by_begin(a, b);
}

size_t erg_keys_sort(const struct erg_timeline *tl, const uint64_t *first, const char *by,
	struct erg_keyed *sorted, struct erg_keyed *heads)
{
	bool networks = strcmp(by, "network") != 0;
	size_t n = 0, rows = 0;

	for (uint32_t k = 0; k < tl->n_layers; k++) {
		const char *key = key_of(tl, &tl->layers[k], by);

		if (*key)
			sorted[n++] = (struct erg_keyed){key, networks ? tl->layers[k].network : "",
				first[k], k, 0, 0};
	}
	erg_sort(sorted, n, sizeof(*sorted), by_row_and_begin);
	for (size_t i = 0; i < n; i++) {
		if (!i || same_row(&sorted[i - 1], &sorted[i])) {
			heads[rows] = sorted[i];
			heads[rows++].at = i;
		}
		heads[rows - 1].n++;
	}
	erg_sort(heads, rows, sizeof(*heads), by_begin);
	return rows;
}
