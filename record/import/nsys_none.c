/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Without SQLite: the form is there, and says what it lacks. */
#include <errno.h>

#include "record/import/import.h"

static int read_nothing(const char *path, struct erg_import_layers *ret, json_t *notes,
	struct erg_err *err)
{
	erg_import_layers_init(ret);
	return erg_fail(err, -ENOTSUP,
		"%s: this build cannot read it (libsqlite3-dev when building)", path);
}

const struct erg_import_layers_reader erg_import_nsys = {
	.name = "nsys",
	.about = "Nsight Systems: nsys export --type sqlite (not in this build)",
	.read = read_nothing,
};
