/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The power of a rail from the channels of a source: for calibrations, the sum of energy and what is shown. */
#include "record/sources/rail_power.h"

#include <string.h>

/* The number of channels where there is none. */
static size_t channel_of(const struct erg_source *s, const char *rail, enum erg_quantity q)
{
	size_t i = 0;

	while (i < s->n_channels &&
		(s->channels[i].quantity != q || strcmp(s->channels[i].rail, rail)))
		i++;
	return i;
}

bool erg_rail_by_current(const struct erg_source *s, size_t i, struct erg_rail_form *ret)
{
	*ret = (struct erg_rail_form){.value = i,
		.volts = channel_of(s, s->channels[i].rail, ERG_Q_VOLTAGE),
		.by = ERG_Q_CURRENT};
	return s->channels[i].quantity == ERG_Q_CURRENT && ret->volts < s->n_channels;
}

bool erg_rail_form(const struct erg_source *s, size_t i, struct erg_rail_form *ret)
{
	const char *rail = s->channels[i].rail;
	int rank = erg_rail_rank(s->channels[i].quantity);

	for (size_t k = 0; k < s->n_channels; k++)
		if (!strcmp(s->channels[k].rail, rail) &&
			erg_rail_rank(s->channels[k].quantity) > rank)
			return false;
	if (s->channels[i].quantity == ERG_Q_CURRENT)
		return erg_rail_by_current(s, i, ret);
	*ret = (struct erg_rail_form){.value = i, .by = s->channels[i].quantity};
	return rank > 0;
}

bool erg_rail_find(const struct erg_source *s, const char *rail, struct erg_rail_form *ret)
{
	for (size_t i = 0; i < s->n_channels; i++)
		if (!strcmp(s->channels[i].rail, rail) && erg_rail_form(s, i, ret))
			return true;
	return false;
}

bool erg_rail_watts(const struct erg_source *s, const struct erg_rail_form *f,
	const int64_t *values, double *ret_w)
{
	double w;

	if (f->by == ERG_Q_ENERGY || values[f->value] == ERG_VALUE_NONE)
		return false;
	w = erg_channel_si(&s->channels[f->value], values[f->value]);
	if (f->by == ERG_Q_CURRENT) {
		if (values[f->volts] == ERG_VALUE_NONE)
			return false;
		w *= erg_channel_si(&s->channels[f->volts], values[f->volts]);
	}
	*ret_w = w;
	return true;
}

uint64_t erg_rail_difference(int64_t from, int64_t to, uint64_t wrap)
{
	uint64_t d = (uint64_t)to - (uint64_t)from;

	return to < from ? d + wrap : d;
}
