/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SAMPLER_WORKER_H
#define ERG_RECORD_SAMPLER_WORKER_H

/* One thread of the sampler, and the sources that it reads. Used by sampler.c alone. */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/sampler/histogram.h"
#include "record/sources/source.h"
#include "record/sampler/readings.h"
#include "record/sampler/show.h"
#include "record/sampler/tally.h"

struct erg_worker_member { /* a source of the thread */
	struct erg_source *source;
	uint32_t id;
	bool running;
	uint64_t interval_ns, due_ns;
	uint64_t backoff_ns;
};

struct erg_worker {
	const bool *stop;              /* set by another thread: come to an end; borrowed */
	struct erg_tally *tally;       /* gets every reading; borrowed; NULL: none */
	struct erg_show *show;         /* the same */
	struct erg_readings *readings; /* the same */
	double dither;                 /* see struct erg_sampler_config */
	uint64_t rng;                  /* of the dither */
	uint64_t period_ns;
	struct erg_worker_member *members;
	size_t n;
	pthread_t thread;
	bool started, realtime;
	/* What it did; written by the thread, read by others by erg_worker_load(). */
	uint64_t deadlines, missed, reads_ns, cpu_ns, first_ns;
	struct erg_histogram late;
};

static inline uint64_t erg_worker_load(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

/* Adds a source (borrowed). -ENOMEM or 0. */
int erg_worker_adopt(struct erg_worker *w, struct erg_source *src, uint32_t id,
	uint64_t interval_ns);
/* Starts the sources; one that does not start is reported to WARN and tried again later. */
void erg_worker_sources_start(struct erg_worker *w, void (*warn)(void *data, const char *line),
	void *data);
/* Starts the thread, on CPU if that is not negative. */
int erg_worker_start(struct erg_worker *w, int cpu, struct erg_err *err);
void erg_worker_move(struct erg_worker *w, int cpu);
/* Waits for its end, if it was started. */
void erg_worker_join(struct erg_worker *w);

#endif
