/* SPDX-License-Identifier: MIT */
/* The one listener. */
#include "formats/base/progress.h"

#include <stddef.h>

static const struct erg_progress_listener *listener;

void erg_progress_listen(const struct erg_progress_listener *l)
{
	listener = l;
}

bool erg_progress_wanted(void)
{
	return listener;
}

void erg_progress(const char *what, uint64_t done, uint64_t total)
{
	if (listener)
		listener->step(listener->data, what, done, total);
}
