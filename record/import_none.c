/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In place of import_ctf.c where babeltrace2 was not there when erg-record was built. */
#include <errno.h>

#include "record/import.h"

int erg_import_write(const struct erg_import_trace *trace, const char *dir, struct erg_err *err)
{
	return erg_fail(err, -ENOTSUP, "this erg-record was built without babeltrace2, which writes "
		"imported traces (package libbabeltrace2-dev)");
}
