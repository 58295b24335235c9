/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why something is not said, in the words of the documents; and the power that cannot be. A leaf:
 * single layers and sums pass the same gates.
 */
#include <math.h>

#include "analyze/attribution/gates.h"
#include "analyze/attribution/state.h"

const char *erg_attr_gate_name(enum erg_attr_gate gate)
{
	static const char *const names[ERG_GATE_N] = {"resolved", "no-data", "windows", "condition",
		"interval", "phase-locked", "blocks", "unfair", "unobserved", "misfit",
		"impossible", "too-many", "clipped"};

	return gate < ERG_GATE_N ? names[gate] : "?";
}

const char *attr_reason(const struct erg_attr *a, enum erg_attr_gate gate)
{
	if (gate != ERG_GATE_MISFIT)
		return erg_attr_gate_name(gate);
	return a->misfit ? a->misfit : "misfit: clock"; /* of a class alone: attr_rounded_away() */
}

const char *erg_attr_class_reason(const struct erg_attr *a, size_t k)
{
	enum erg_attr_gate gate = a->classes[k].gate;

	return attr_reason(a, gate);
}

/*
 * Readings are means over a window of powers that are not negative: while an instance of DUR_S is in
 * the window for the share f of it, a reading is at least f times its power. Many instances were seen
 * (min_windows), some of them as a whole.
 */
double attr_power_limit(const struct erg_attr_state *st, double dur_s)
{
	double window = st->memory_ns * 1e-9;

	return (st->peak_w + 3 * sqrt(st->sigma2)) * (dur_s > 0 ? 1 + window / dur_s : INFINITY);
}
