/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time zero, names of processes and the order of phases, as both forms of a trace for Perfetto want them. */
#include "analyze/export/perfetto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

uint64_t erg_perfetto_zero(const struct erg_timeline *tl)
{
	uint64_t t = tl->begin;

	if (tl->iv.n && erg_tl_begin(&tl->iv, 0) < t)
		t = erg_tl_begin(&tl->iv, 0);
	for (size_t i = 0; i < tl->n_channels; i++)
		if (tl->channels[i].n && tl->channels[i].t[0] < t)
			t = tl->channels[i].t[0];
	for (size_t i = 0; i < tl->n_phases; i++)
		t = tl->phases[i].begin < t ? tl->phases[i].begin : t;
	for (size_t i = 0; i < tl->n_markers; i++)
		t = tl->markers[i].t < t ? tl->markers[i].t : t;
	return t;
}

void erg_perfetto_process(const struct erg_timeline *tl, uint32_t pid, char *buf, size_t size)
{
	const char *command =
		json_string_value(json_array_get(json_object_get(tl->manifest, "command"), 0));
	bool only = true;

	snprintf(buf, size, pid ? "process %u" : "tracks", pid);
	for (size_t i = 0; pid && i < tl->n_tracks; i++) {
		const struct erg_tl_track *t = &tl->tracks[i];

		only = only && (!t->pid || t->pid == pid);
		if (t->pid == pid && t->tid == pid && strncmp(t->name, "thread ", 7)) {
			snprintf(buf, size, "%s", t->name);
			return;
		}
	}
	if (pid && only && command)
		snprintf(buf, size, "%s", erg_base_name(command));
}

static int by_begin(const void *a, const void *b)
{
	const struct erg_tl_phase *x = *(const struct erg_tl_phase *const *)a;
	const struct erg_tl_phase *y = *(const struct erg_tl_phase *const *)b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

const struct erg_tl_phase **erg_perfetto_phases(const struct erg_timeline *tl)
{
	const struct erg_tl_phase **sorted = erg_noted(calloc(tl->n_phases + 1, sizeof(*sorted)));

	for (size_t i = 0; sorted && i < tl->n_phases; i++)
		sorted[i] = &tl->phases[i];
	if (sorted)
		erg_sort(sorted, tl->n_phases, sizeof(*sorted), by_begin);
	return sorted;
}
