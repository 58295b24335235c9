/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stands in for parse.c where libfyaml is not installed: every plan is refused, with the reason. */
#include "record/yaml/yaml.h"

#include <errno.h>

int erg_yaml_parse(const char *file, const char *text, size_t len, struct erg_yaml **ret,
	struct erg_err *err)
{
	return erg_fail(err, -ENOTSUP, "%s: this erg-record was built without libfyaml", file);
}

int erg_yaml_read(const char *file, struct erg_yaml **ret, struct erg_err *err)
{
	return erg_yaml_parse(file, NULL, 0, ret, err);
}
