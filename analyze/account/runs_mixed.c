/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * By what results were made. A document of erg-analyze batch says with which options, any document by which
 * version; a folder of results that was made in two parts, or by nodes of two installations, has both kinds.
 */
#include "analyze/account/runs_mixed.h"

#include <string.h>

#include "analyze/result/document.h"
#include "analyze/result/estimate.h"
#include "formats/base/util.h"

#define ORIGIN "made_by"

void erg_runs_note_origin(json_t *result)
{
	const json_t *batch = json_object_get(result, "batch");
	const json_t *from = batch ? batch : json_object_get(result, "tool");
	json_auto_t *origin = json_pack("{s:O*, s:O*}", "version", json_object_get(from, "version"),
		"analysis", json_object_get(batch, "analysis"));
	json_t *run;
	size_t i;

	json_array_foreach (json_object_get(result, "runs"), i, run)
		json_object_set(run, ORIGIN, origin);
}

/* Whether two origins say something of KEY, and not the same. */
static bool differ(const json_t *a, const json_t *b, const char *key)
{
	const json_t *x = json_object_get(a, key), *y = json_object_get(b, key);

	return x && y && !json_equal(x, y);
}

/* "layers --by type, erg-analyze 0.1.0" */
static void put_origin(const json_t *origin, char *ret, size_t size)
{
	json_t *word;
	size_t i, n = 0;

	json_array_foreach (json_object_get(origin, "analysis"), i, word)
		if (n < size)
			n += (size_t)snprintf(ret + n, size - n, "%s ", json_string_value(word));
	if (n < size)
		snprintf(ret + n, size - n, "(erg-analyze %s)", erg_text_of(origin, "version"));
}

static void tell_two(const json_t *a, const json_t *b, json_t *doc)
{
	char by_a[300], by_b[300];

	put_origin(json_object_get(a, ORIGIN), by_a, sizeof(by_a));
	put_origin(json_object_get(b, ORIGIN), by_b, sizeof(by_b));
	erg_document_warn(doc, "mixed",
		"results of several analyses: %s by %s, %s by %s: what differs may be theirs and not "
		"the runs'",
		erg_text_of(a, "archive"), by_a, erg_text_of(b, "archive"), by_b);
}

void erg_runs_tell_mixed(const json_t *runs, json_t *doc)
{
	const json_t *first[2] = {NULL, NULL}; /* of those that say a version, and an analysis */
	static const char *const keys[2] = {"version", "analysis"};
	bool told = false;
	json_t *run;
	size_t i;

	json_array_foreach ((json_t *)runs, i, run)
		for (int k = 0; k < 2; k++) {
			const json_t *origin = json_object_get(run, ORIGIN);

			if (!first[k] && json_object_get(origin, keys[k]))
				first[k] = run;
			if (told || !differ(json_object_get(first[k], ORIGIN), origin, keys[k]))
				continue;
			tell_two(first[k], run, doc);
			told = true;
		}
	json_array_foreach ((json_t *)runs, i, run)
		json_object_del(run, ORIGIN);
}
