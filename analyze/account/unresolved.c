/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many rows of a run's table nobody can tell: counted in the table itself, when nothing refuses a row
 * any more. */
#include <stdio.h>

#include "analyze/account/layers.h"
#include "analyze/result/estimate.h"

struct tally {
	size_t all, merged, unresolved; /* rows; of a merged one each layer */
};

static struct tally tally_of(const json_t *rows, const char *energy)
{
	struct tally t = {0};
	size_t i;
	json_t *row;

	json_array_foreach ((json_t *)rows, i, row) {
		size_t n = 1 + json_array_size(json_object_get(row, "merged_with"));
		struct erg_est e = erg_est_from_json(json_object_get(row, energy));

		t.all += n;
		if (!erg_est_resolved(&e))
			t.unresolved += n;
		else if (n > 1)
			t.merged += n;
	}
	return t;
}

/* Of a run in which nothing was attributed another warning says why. */
static bool was_attributed(const json_t *run)
{
	const json_t *n = json_object_get(json_object_get(run, "attribution"), "readings");

	return !json_is_integer(n) || json_integer_value(n) > 0;
}

static const char *are(size_t n)
{
	return n == 1 ? "is" : "are";
}

void erg_layers_warn_unresolved(const json_t *run, const char *energy, json_t *doc)
{
	struct tally t = tally_of(json_object_get(run, "layers"), energy);
	char merged[64] = "";

	if (!was_attributed(run) || !(t.merged || t.unresolved))
		return;
	if (t.merged)
		snprintf(merged, sizeof(merged), " %zu are merged with a neighbour,", t.merged);
	erg_document_warn(doc, "unresolved", "%s: rail %s: of %zu %s%s%s %zu %s not resolved",
		erg_text_of(run, "archive"), erg_text_of(run, "rail"), t.all,
		erg_text_of(run, "by"), t.all == 1 ? "" : "s", merged, t.unresolved,
		are(t.unresolved));
}
