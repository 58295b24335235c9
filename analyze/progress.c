/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one listener. */
#include "analyze/progress.h"

#include <stddef.h>

static const struct erg_progress_listener *listener;

void erg_progress_listen(const struct erg_progress_listener *l)
{
	listener = l;
}

void erg_progress(const char *what, uint64_t done, uint64_t total)
{
	if (listener)
		listener->step(listener->data, what, done, total);
}
