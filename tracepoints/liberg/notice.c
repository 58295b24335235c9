/* SPDX-License-Identifier: MIT */
/* What liberg has to say: it never prints, so a notice is a marker in the trace. A leaf. */
#include <stdarg.h>
#include <stdio.h>

#include "tracepoints/liberg/internal.h"

void erg_notice(_Atomic bool *said, const char *fmt, ...)
{
	char text[ERG_TEXT_MAX];
	va_list ap;

	if (atomic_exchange(said, true))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	erg_fork_settle();
	lttng_ust_tracepoint(ergtrace, marker, text, 0);
}
