/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The roofs. Each round every thread does a fixed amount of one kind, between two barriers; the slowest
 * thread's time counts. How much is about ROUND_NS is found out by doubling before anything is recorded.
 * The best round is the roof: everything that disturbs makes a round slower.
 */
#include "record/calibrate/roofs.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"
#include "record/calibrate/kernels.h"
#include "tracepoints/provider.h"

#define THREADS_MAX 256
#define ROUND_NS 20000000u
#define BYTES_LEAST (64u << 20) /* of all threads' arrays: four times the last cache, within */
#define BYTES_MOST (256u << 20)

enum { LAYER_NETWORK = 1, LAYER_OPERATIONS, LAYER_BYTES };

struct roofs {
	unsigned threads;
	size_t floats; /* of each of a thread's three arrays */
	pthread_barrier_t begin, end;
	uint64_t times; /* of the round's kernel */
	int kind;       /* a layer, or 0: it is over */
};

struct thread {
	pthread_t id;
	struct roofs *all;
	float *a, *b, *c;
	float sink;
};

static void work(struct thread *t)
{
	struct roofs *r = t->all;

	if (r->kind == LAYER_OPERATIONS)
		t->sink = erg_kernel_operations(r->times);
	else
		for (uint64_t i = 0; i < r->times; i++)
			erg_kernel_bytes(t->a, t->b, t->c, r->floats);
}

static void *thread_main(void *data)
{
	struct thread *t = data;

	for (;;) {
		pthread_barrier_wait(&t->all->begin);
		if (!t->all->kind)
			return NULL;
		work(t);
		pthread_barrier_wait(&t->all->end);
	}
}

/* A round of all threads, the first of which is this one; its time in ns. */
static uint64_t round_of(struct roofs *r, struct thread *first, int kind, uint64_t times)
{
	uint64_t begin;

	r->kind = kind;
	r->times = times;
	pthread_barrier_wait(&r->begin);
	begin = erg_mono_ns();
	work(first);
	pthread_barrier_wait(&r->end);
	return erg_mono_ns() - begin;
}

static uint64_t times_for(struct roofs *r, struct thread *first, int kind)
{
	uint64_t times = 1, ns;

	while ((ns = round_of(r, first, kind, times)) < ROUND_NS / 2 && times < (1u << 30))
		times *= ns < ROUND_NS / 16 ? 4 : 2;
	return times;
}

/* Of one round: multiply-accumulates, or bytes. */
static double amount(const struct roofs *r, int kind, uint64_t times)
{
	return (double)times * r->threads *
		(kind == LAYER_OPERATIONS ? ERG_KERNEL_MACS : 12.0 * (double)r->floats);
}

static void define_roof(const struct roofs *r, uint32_t id, const char *name, const uint64_t *times)
{
	const struct erg_layer_def d = {
		.id = id,
		.parent = id == LAYER_NETWORK ? 0 : LAYER_NETWORK,
		.level = id == LAYER_NETWORK ? ERG_LEVEL_NETWORK : ERG_LEVEL_LAYER,
		.name = name,
		.type = id == LAYER_NETWORK ? "network" : "roof",
		.network = "roofs",
		.macs = id == LAYER_OPERATIONS ? (uint64_t)amount(r, LAYER_OPERATIONS, times[0])
					       : 0,
		.bytes_in = id == LAYER_BYTES ? (uint64_t)amount(r, LAYER_BYTES, times[1]) : 0,
	};

	lttng_ust_tracepoint(ergtrace, layer_define, &d);
}

static void play(struct roofs *r, struct thread *first, const char *run_id, double seconds,
	struct erg_roofs *ret)
{
	const uint64_t times[2] = {times_for(r, first, LAYER_OPERATIONS),
		times_for(r, first, LAYER_BYTES)};
	const uint64_t end = erg_mono_ns() + (uint64_t)(seconds * 1e9);
	uint64_t best[2] = {UINT64_MAX, UINT64_MAX};

	lttng_ust_tracepoint(ergtrace, process_define, run_id, "app", "erg-record calibrate");
	define_roof(r, LAYER_NETWORK, "roofs", times);
	define_roof(r, LAYER_OPERATIONS, "operations", times);
	define_roof(r, LAYER_BYTES, "bytes", times);
	for (uint32_t i = 0; i < 2 || erg_mono_ns() < end; i++) {
		const int k = i % 2, kind = k ? LAYER_BYTES : LAYER_OPERATIONS;
		const uint64_t begin = erg_mono_ns(), ns = round_of(r, first, kind, times[k]);

		lttng_ust_tracepoint(ergtrace, layer, (uint32_t)kind, i / 2, begin);
		best[k] = ns < best[k] ? ns : best[k];
	}
	ret->ops_per_s = 2 * amount(r, LAYER_OPERATIONS, times[0]) / ((double)best[0] * 1e-9);
	ret->bytes_per_s = amount(r, LAYER_BYTES, times[1]) / ((double)best[1] * 1e-9);
}

static int arrays_make(struct thread *t, size_t floats)
{
	t->a = erg_noted(malloc(3 * floats * sizeof(float)));
	if (!t->a)
		return -ENOMEM;
	t->b = t->a + floats;
	t->c = t->b + floats;
	for (size_t i = 0; i < 3 * floats; i++)
		t->a[i] = 1.0f;
	return 0;
}

static size_t floats_of_each(unsigned threads)
{
	long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
	double bytes = fmin(BYTES_MOST, fmax(BYTES_LEAST, 4.0 * (double)cache));

	return (size_t)(bytes / 12 / threads) & ~(size_t)63;
}

int erg_roofs_play(const char *run_id, double seconds, unsigned threads, struct erg_roofs *ret,
	struct erg_err *err)
{
	static struct thread t[THREADS_MAX];
	struct roofs r = {.threads = threads > THREADS_MAX ? THREADS_MAX : threads};
	unsigned started = 1;
	int e = 0;

	r.floats = floats_of_each(r.threads);
	for (unsigned i = 0; i < r.threads && e == 0; i++) {
		t[i] = (struct thread){.all = &r};
		e = arrays_make(&t[i], r.floats);
	}
	if (e == 0 &&
		(pthread_barrier_init(&r.begin, NULL, r.threads) ||
			pthread_barrier_init(&r.end, NULL, r.threads)))
		e = -EAGAIN;
	for (; e == 0 && started < r.threads; started++)
		e = -pthread_create(&t[started].id, NULL, thread_main, &t[started]);
	if (e < 0)
		return erg_fail_errno(err, e, "roofs on %u threads", r.threads); /* we exit */
	play(&r, &t[0], run_id, seconds, ret);
	r.kind = 0;
	pthread_barrier_wait(&r.begin);
	for (unsigned i = 0; i < r.threads; i++) {
		if (i)
			pthread_join(t[i].id, NULL);
		free(t[i].a);
	}
	return 0;
}
