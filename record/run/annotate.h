/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_ANNOTATE_H
#define ERG_RECORD_ANNOTATE_H

/* --annotate: adapters that are loaded into the command by its environment. */
#include <stdbool.h>

#include "formats/base/err.h"
#include "record/run/workload.h"

/* Is every name of LIST (names joined by commas, or auto) known? If not, RET says which is not and
 * which there are. */
bool erg_annotate_known(const char *list, struct erg_err *ret);
/* Changes the command's environment; says by WARN what is not installed. */
int erg_annotate_apply(const char *list, struct erg_environ *env,
	void (*warn)(void *data, const char *line), void *data, struct erg_err *err);

#endif
