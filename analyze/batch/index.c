/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The index that erg-record sweep keeps beside its archives, as far as an analysis needs it. */
#include "analyze/batch/index.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/regular.h"
#include "formats/base/util.h"

int erg_batch_index(const char *dir, char **ret_name, json_t **ret_analysis, struct erg_err *err)
{
	_cleanup_(erg_freep) char *path = NULL;
	json_auto_t *index = NULL;
	json_t *analysis;
	const char *name, *format;
	int r;

	if (asprintf(&path, "%s/index.json", dir) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (access(path, F_OK) == 0) {
		r = erg_regular_json(path, &index, err);
		if (r < 0)
			return r;
		format = json_string_value(json_object_get(index, "format"));
		if (!format || strcmp(format, "erg-sweep"))
			return erg_fail(err, -EINVAL, "%s: expected the index of erg-record sweep",
				path);
	}
	name = json_string_value(json_object_get(index, "plan"));
	analysis = json_object_get(index, "analysis");
	*ret_name = strdup(name ? name : dir);
	*ret_analysis =
		json_object_size(analysis) ? json_incref(analysis) : json_pack("{s:{}}", "sweep");
	return *ret_name && *ret_analysis ? 0 : erg_fail(err, -ENOMEM, "out of memory");
}
