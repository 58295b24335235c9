/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a merged row is called wherever it is shown: the sum of several layers under the name of one would be taken for
 * that one's. */
#include "analyze/result/merged.h"

#include <stdio.h>

#include "analyze/result/estimate.h"

char *erg_merged_name(const json_t *row, size_t most)
{
	const json_t *others = json_object_get(row, "merged_with"), *other;
	char *name = NULL;
	size_t len, i;
	FILE *out = open_memstream(&name, &len);

	if (!out)
		return NULL;
	fputs(erg_text_of(row, "name"), out);
	if (json_array_size(others) > most)
		fprintf(out, " + %zu more", json_array_size(others));
	else
		json_array_foreach ((json_t *)others, i, other)
			fprintf(out, " + %s", json_string_value(other));
	fclose(out);
	return name;
}

const json_t *erg_merged_get(const json_t *row, const char *key)
{
	const json_t *of_all = json_object_get(json_object_get(row, "merged"), key);

	return of_all ? of_all : json_object_get(row, key);
}
