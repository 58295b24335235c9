/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What rail a figure is of, and what to know of it where a machine has its energy in several roots. */
#include "analyze/render/roots.h"

#include "analyze/render/table.h"
#include "analyze/result/estimate.h"

void erg_roots_rail(const json_t *run, bool powerless, FILE *out)
{
	if (powerless)
		fputs("no power was read: times only", out);
	else
		fprintf(out, "rail %s%s", erg_text_of(run, "rail"),
			json_is_true(json_object_get(run, "simulated")) ? " (SIMULATED power)"
									: "");
}

void erg_roots_text(const json_t *run, FILE *out)
{
	const json_t *others = json_object_get(run, "other_roots"),
		     *of = json_object_get(run, "sum_of");
	char share[64];
	size_t i;
	json_t *o;

	if (json_array_size(others)) {
		fprintf(out, "one root of %zu; not in it:", json_array_size(others) + 1);
		json_array_foreach (others, i, o)
			fprintf(out, "%s %s (%s of the power)", i ? "," : "",
				erg_text_of(o, "rail"),
				erg_text_percent(share, sizeof(share), erg_number_of(o, "share")));
		fputs("; --rail all-roots adds them\n", out);
	}
	if (json_array_size(of))
		fprintf(out, "each of the %zu rails for itself, ends of intervals added: %s\n",
			json_array_size(of), erg_text_of(run, "sum_why"));
}
