/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rails must be accounted apart, and the loop over them. */
#include "analyze/account/apart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/timeline/rail_sum.h"
#include "formats/base/util.h"

struct apart {
	const struct erg_rail *rails; /* of the timeline */
	size_t *which;
	size_t n;
	const char *why; /* NULL: one rail, or one series */
};

static void apart_release(struct apart *a)
{
	free(a->which);
}

static int find_apart(const struct erg_timeline *tl, const char *name, struct apart *a,
	struct erg_err *err)
{
	int r;

	*a = (struct apart){.rails = tl->rails};
	if (!name || (!strchr(name, '+') && strcmp(name, ERG_RAIL_ALL_ROOTS)))
		return 0;
	if (!tl->n_rails)
		return 0;
	r = erg_rail_select(tl, name, &a->which, &a->n, err);
	if (r >= 0 && a->n > 1)
		a->why = erg_account_sum_obstacle(tl, a->which, a->n);
	return r;
}

/* Each rail's account has the same to say of the archive. */
static void say_once(json_t *doc)
{
	json_t *all = json_object_get(doc, "warnings");

	for (size_t i = json_array_size(all); i-- > 1;)
		for (size_t k = 0; k < i; k++)
			if (json_equal(json_array_get(all, k), json_array_get(all, i))) {
				json_array_remove(all, i);
				break;
			}
}

/* The run's energy of a layers document's entry, or of a totals document's. */
static json_t *ets_of(const json_t *run)
{
	json_t *e = json_object_get(run, "ets_j");

	return e ? e : json_object_get(json_array_get(json_object_get(run, "phases"), 0), "ets_j");
}

static int add_each(const struct apart *a, const struct erg_common *common, erg_apart_fn *one,
	void *ctx, json_t **ret, struct erg_err *err)
{
	json_auto_t *sum = NULL, *parts = json_array();

	for (size_t k = 0; k < a->n; k++) {
		struct erg_common c = *common;
		json_auto_t *run = NULL;
		int r;

		c.rail = a->rails[a->which[k]].name;
		r = one(ctx, &c, &run, err);
		if (r < 0)
			return r;
		json_array_append_new(parts,
			json_pack("{s:s, s:O}", "rail", c.rail, "ets_j", ets_of(run)));
		if (sum)
			erg_apart_add(sum, run);
		else
			sum = json_deep_copy(run);
		if (!sum)
			return erg_fail(err, -ENOMEM, "out of memory");
	}
	erg_apart_finish(sum);
	json_object_set_new(sum, "covariance", json_string("linear"));
	json_object_set_new(sum, "sum_why", json_string(a->why));
	json_object_set(sum, "sum_of", parts);
	*ret = json_incref(sum);
	return 0;
}

int erg_apart_run(const struct erg_timeline *tl, const struct erg_common *common, erg_apart_fn *one,
	void *ctx, json_t *doc, json_t **ret_run, struct erg_err *err)
{
	_cleanup_(apart_release) struct apart a = {0};
	int r = find_apart(tl, common->rail, &a, err);

	if (r < 0)
		return erg_wrap(err, r, "%s", tl->archive);
	if (!a.why)
		return one(ctx, common, ret_run, err);
	r = add_each(&a, common, one, ctx, ret_run, err);
	say_once(doc);
	return r;
}
