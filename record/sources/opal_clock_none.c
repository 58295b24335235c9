/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processors without a timebase. */
#include "record/sources/opal_clock.h"

bool erg_timebase_measure(struct erg_timebase *tb)
{
	return false;
}
