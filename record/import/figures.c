/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the readings of an imported log came to, for its summary (formats/figures.h). */
#include <stdlib.h>
#include <string.h>

#include "formats/figures.h"
#include "record/import/import.h"

/* The voltage of the rail whose current C is, which is read with it; NULL where there is none. */
static const struct erg_import_channel *volts_of(const struct erg_import_log *log,
	const struct erg_import_channel *c)
{
	const struct erg_import_channel *volts = NULL;

	for (size_t i = 0; c->def.quantity == ERG_Q_CURRENT && i < log->n_channels; i++) {
		const struct erg_import_channel *o = &log->channels[i];

		if (o->def.quantity == ERG_Q_VOLTAGE && !strcmp(o->def.rail, c->def.rail))
			volts = o;
	}
	return volts;
}

static void take_reading(struct erg_figures *f, const struct erg_import_channel *c,
	const struct erg_import_channel *volts, size_t row, int64_t time_ns)
{
	if (c->raw[row] == ERG_IMPORT_MISSING)
		return;
	erg_figures_take(f, &c->def, (uint64_t)time_ns, c->raw[row]);
	if (volts && volts->raw[row] != ERG_IMPORT_MISSING)
		erg_figures_take_watts(f,
			erg_channel_si(&c->def, c->raw[row]) *
				erg_channel_si(&volts->def, volts->raw[row]));
}

static struct erg_figures *count_log(const struct erg_import_log *log, int64_t origin_ns)
{
	struct erg_figures *f = calloc(log->n_channels + 1, sizeof(*f));
	const struct erg_import_channel **volts = calloc(log->n_channels + 1, sizeof(*volts));

	for (size_t i = 0; volts && i < log->n_channels; i++)
		volts[i] = volts_of(log, &log->channels[i]);
	for (size_t row = 0; f && volts && erg_import_has_row(log, row); row++)
		for (size_t i = 0; i < log->n_channels; i++)
			take_reading(&f[i], &log->channels[i], volts[i], row,
				log->t[row] - origin_ns);
	if (!volts) {
		free(f);
		f = NULL;
	}
	free(volts);
	return f;
}

/* Channels in the order of the manifest's. */
static json_t *source(const struct erg_import_log *log, const struct erg_figures *f, uint32_t id)
{
	json_t *channels = json_array();
	uint64_t reads = 0;

	for (size_t i = 0; i < log->n_channels; i++) {
		const struct erg_import_channel *c = &log->channels[i];

		if (c->source != id)
			continue;
		reads = f[i].readings > reads ? f[i].readings : reads;
		json_array_append_new(channels, erg_figures_json(&f[i], &c->def, c->model.kind));
	}
	return json_pack("{s:I, s:i, s:i, s:o}", "reads", (json_int_t)reads, "errors", 0, "read_ns",
		0, "channels", channels);
}

json_t *erg_import_figures(const struct erg_import_log *log, const char *kind, int64_t origin_ns,
	uint32_t first_source)
{
	struct erg_figures *f = count_log(log, origin_ns);
	json_t *all = f ? json_array() : NULL;

	for (uint32_t i = 0; all && i < erg_import_sources(log); i++) {
		json_t *s = source(log, f, i);

		json_object_update_new(s,
			json_pack("{s:I, s:s, s:s}", "id", (json_int_t)(first_source + i), "kind",
				kind, "path", log->path));
		json_array_append_new(all, s);
	}
	free(f);
	return all;
}
