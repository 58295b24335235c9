/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures of each channel (formats/figures.h) while it is recorded. */
#include "record/sampler/readings.h"

#include <errno.h>
#include <stdlib.h>

#include "formats/base/util.h"
#include "formats/figures.h"
#include "record/sources/rail_power.h"

struct channel {
	struct erg_figures figures;
	struct erg_rail_form form;
	bool by_current; /* it is a rail's current, and the form says where its voltage is */
};

struct source {
	uint64_t n, read_ns;
	struct channel *channels;
};

struct erg_readings {
	const struct erg_source_list *sources;
	struct source *of; /* one a source */
};

static int source_init(struct source *of, const struct erg_source *s)
{
	of->channels = calloc(s->n_channels + 1, sizeof(*of->channels));
	if (!of->channels)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_channels; i++)
		of->channels[i].by_current = erg_rail_by_current(s, i, &of->channels[i].form);
	return 0;
}

int erg_readings_new(const struct erg_source_list *sources, struct erg_readings **ret,
	struct erg_err *err)
{
	struct erg_readings *r = calloc(1, sizeof(*r));
	int code = r ? 0 : -ENOMEM;

	if (r) {
		r->sources = sources;
		r->of = calloc(sources->n + 1, sizeof(*r->of));
		code = r->of ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !code && i < sources->n; i++)
		code = source_init(&r->of[i], sources->sources[i]);
	if (code) {
		erg_readings_free(r);
		return erg_fail_errno(err, code, "figures of the readings");
	}
	*ret = r;
	return 0;
}

void erg_readings_free(struct erg_readings *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->of && i < r->sources->n; i++)
		free(r->of[i].channels);
	free(r->of);
	free(r);
}

void erg_readings_take(struct erg_readings *r, uint32_t source, uint64_t time_ns, uint64_t read_ns,
	const int64_t *values)
{
	const struct erg_source *s;
	struct source *of;

	if (!r)
		return;
	s = r->sources->sources[source];
	of = &r->of[source];
	of->n++;
	of->read_ns += read_ns;
	for (size_t i = 0; i < s->n_channels; i++) {
		struct channel *c = &of->channels[i];
		double watts;

		if (values[i] == ERG_VALUE_NONE)
			continue;
		erg_figures_take(&c->figures, &s->channels[i], time_ns, values[i]);
		if (c->by_current && erg_rail_watts(s, &c->form, values, &watts))
			erg_figures_take_watts(&c->figures, watts);
	}
}

void erg_readings_describe(const struct erg_readings *r, size_t source, json_t *j)
{
	const struct erg_source *s;
	json_t *channels;

	if (!r)
		return;
	s = r->sources->sources[source];
	channels = json_array();
	for (size_t i = 0; i < s->n_channels; i++)
		json_array_append_new(channels,
			erg_figures_json(&r->of[source].channels[i].figures, &s->channels[i],
				s->model.kind));
	json_object_set_new(j, "channels", channels);
	if (r->of[source].n)
		json_object_set_new(j, "read_ns",
			json_real((double)r->of[source].read_ns / (double)r->of[source].n));
}
