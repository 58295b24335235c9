/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A rail's GPU and the tracks of it, by UUID or by number. */
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

/* 1 of "gpu1", "gpu1.module" and "GPU 1 stream 7"; -1: none. */
static long number_in(const char *name)
{
	char *end;
	long n;

	if (!name || strncasecmp(name, "gpu", 3))
		return -1;
	name += 3 + (name[3] == ' ');
	if (*name < '0' || *name > '9')
		return -1;
	n = strtol(name, &end, 10);
	return *end && !strchr(" .-", *end) ? -1 : n;
}

/* What tells the GPU of a rail. */
struct which {
	const char *uuid;
	long number; /* -1: none by which tracks could be told apart */
};

static struct which gpu_of_rail(const struct erg_timeline *tl, const struct erg_rail *rail)
{
	struct which w = {uuid_in(path_of(tl, rail)), -1};
	const long number = number_in(rail->name);
	bool mine = false, others = false;

	if (!w.uuid)
		w.uuid = uuid_in(rail->name);
	for (size_t i = 0; i < tl->n_tracks && number >= 0 && !w.uuid; i++) {
		const long its =
			tl->tracks[i].place == ERG_TL_DEVICE ? number_in(tl->tracks[i].name) : -1;

		mine |= its == number;
		others |= its >= 0 && its != number;
	}
	if (mine && others)
		w.number = number;
	return w;
}

static bool is_other(const struct which *w, const struct erg_tl_track *t)
{
	const char *uuid = t->place == ERG_TL_DEVICE ? uuid_in(t->name) : NULL;
	const long number = t->place == ERG_TL_DEVICE ? number_in(t->name) : -1;

	if (w->uuid && uuid)
		return strncmp(w->uuid, uuid, UUID_LENGTH);
	return w->number >= 0 && number >= 0 && number != w->number;
}

int erg_gpus_of_rail(const struct erg_timeline *tl, const struct erg_rail *rail,
	struct erg_timeline **ret_own)
{
	const struct which w = gpu_of_rail(tl, rail);
	_cleanup_(erg_freep) struct erg_timeline *own = NULL;
	size_t n = 0;

	*ret_own = NULL;
	for (size_t i = 0; i < tl->n_tracks; i++)
		n += is_other(&w, &tl->tracks[i]);
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
		if (is_other(&w, &tl->tracks[i]))
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
