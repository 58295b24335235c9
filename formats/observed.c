/* SPDX-License-Identifier: MIT */
/* One definition, so that a recording and its analysis cannot say two things of one run. */
#include "formats/observed.h"

#define GAP_PERIODS 3

bool erg_observed_gap(double distance, double period, double window)
{
	return distance - window > GAP_PERIODS * period;
}

double erg_observed_half(double period, double window)
{
	return (period > window ? period : window) / 2;
}
