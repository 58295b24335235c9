/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an attribution warns of: a leaf, since every part may. */
#include <stdarg.h>

#include "analyze/attribution/warn.h"
#include "formats/base/warning.h"

void attr_warn(struct erg_attr *a, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	erg_warning_add(a->warnings, code, fmt, ap);
	va_end(ap);
}
