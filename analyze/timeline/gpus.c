/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analyze/timeline/gpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

#define UUID_LENGTH 40u

static const char *uuid_in(const char *text)
{
	text = text ? strstr(text, "GPU-") : NULL;
	return text && strlen(text) >= UUID_LENGTH ? text : NULL;
}

static const char *path_of(const struct erg_timeline *tl, const struct erg_rail *rail)
{
	for (size_t i = 0; i < tl->n_channels; i++) {
		const struct erg_channel_def *d = &tl->channels[i].def;

		if ((d->quantity == ERG_Q_ENERGY || d->quantity == ERG_Q_POWER) &&
			!strcmp(d->rail, rail->name))
			return tl->sources[tl->channels[i].source].path;
	}
	return NULL;
}

static bool is_other(const char *uuid, const struct erg_tl_track *t)
{
	const char *its = t->place == ERG_TL_DEVICE ? uuid_in(t->name) : NULL;

	return uuid && its && strncmp(uuid, its, UUID_LENGTH);
}

int erg_gpus_of_rail(const struct erg_timeline *tl, const struct erg_rail *rail,
	struct erg_timeline **ret_own)
{
	const char *uuid = uuid_in(path_of(tl, rail));
	_cleanup_(erg_freep) struct erg_timeline *own = NULL;
	size_t n = 0;

	*ret_own = NULL;
	for (size_t i = 0; i < tl->n_tracks; i++)
		n += is_other(uuid, &tl->tracks[i]);
	if (!n)
		return 0;
	own = malloc(sizeof(*own));
	if (!own)
		return -ENOMEM;
	*own = *tl;
	own->tracks = malloc(tl->n_tracks * sizeof(*own->tracks));
	if (!own->tracks)
		return -ENOMEM;
	memcpy(own->tracks, tl->tracks, tl->n_tracks * sizeof(*own->tracks));
	for (size_t i = 0; i < tl->n_tracks; i++)
		if (is_other(uuid, &tl->tracks[i]))
			own->tracks[i].place = ERG_TL_ELSEWHERE;
	*ret_own = erg_steal_ptr(&own);
	return 0;
}

void erg_gpus_release(struct erg_timeline *own)
{
	if (own)
		free(own->tracks);
	free(own);
}
