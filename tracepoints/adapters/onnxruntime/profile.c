/* SPDX-License-Identifier: MIT */
/*
 * A whole profile as spans. All of it is read first, because an event is written when it ends and its
 * run after it, and because the shapes of a node may change from run to run: its MACs are their mean.
 *
 * Times are whole microseconds, cut off: a beginning is up to 1 us late, and a duration up to 1 us
 * too short, so half of one is added to both, and what then reaches into the next node or out of its
 * run is cut. Nodes within one microsecond share it evenly. A run's number is its place among the
 * session's runs; a node belongs to the run of its thread that it lies in, else (a node that ran on a
 * thread of a pool) to any run that it lies in.
 *
 * Half a million spans come in one go. They are written no faster than the consumer daemon takes
 * them.
 */
#include "tracepoints/adapters/onnxruntime/profile.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracepoints/adapters/common.h"

#define PACE 512u
#define PACE_US 4000u
#define OVERLAPS_MAX 64 /* runs of one session at a time */

struct span {
	uint64_t begin, end;            /* ns of the profile */
	uint32_t tid, layer, iteration; /* the layer's place while reading, then its id */
	uint32_t order;                 /* in the file */
	bool around; /* others may lie in it: a run, a node with a graph of its own */
	bool run;
};

struct spans {
	struct span *at;
	size_t n, room;
	uint64_t unreadable;
	bool no_memory;
};

/* From 64-bit hashes, which count as different where what they are of is, to numbers. */
struct map {
	struct map_entry {
		uint64_t key; /* 0: empty */
		uint64_t value;
	} * at;
	size_t n, room; /* a power of two */
};

struct layer {
	char *name, *type;
	struct erg_layer_info info; /* of the first call */
	uint64_t macs, calls;       /* of all */
	uint32_t id;
};

struct known {
	struct map places; /* of name and number to the layer's place, counted from 1 */
	struct map first;  /* of a name to the number that has it for itself */
	struct layer *at;
	size_t n, room;
};

static struct span *push_span(struct spans *s)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 4096;
		struct span *at = realloc(s->at, room * sizeof(*at));

		if (!at) {
			s->no_memory = true;
			return NULL;
		}
		s->at = at;
		s->room = room;
	}
	return &s->at[s->n++];
}

static struct map_entry *map_place(const struct map *m, uint64_t key)
{
	size_t i = (size_t)(key ^ key >> 32) & (m->room - 1);

	while (m->at[i].key && m->at[i].key != key)
		i = (i + 1) & (m->room - 1);
	return &m->at[i];
}

static bool map_grow(struct map *m)
{
	struct map grown = {.room = m->room ? 2 * m->room : 256, .n = m->n};

	grown.at = calloc(grown.room, sizeof(*grown.at));
	if (!grown.at)
		return false;
	for (size_t i = 0; i < m->room; i++)
		if (m->at[i].key)
			*map_place(&grown, m->at[i].key) = m->at[i];
	free(m->at);
	*m = grown;
	return true;
}

/* The entry of KEY, made with VALUE if there is none; NULL when memory runs out. */
static struct map_entry *map_enter(struct map *m, uint64_t key, uint64_t value)
{
	struct map_entry *e;

	if (2 * m->n >= m->room && !map_grow(m))
		return NULL;
	e = map_place(m, key);
	if (!e->key) {
		*e = (struct map_entry){key, value};
		m->n++;
	}
	return e;
}

static uint64_t hash_of(const char *name, uint64_t number)
{
	uint64_t h = (0xcbf29ce484222325u ^ number) * 0x100000001b3u;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	return h ? h : 1;
}

/* Names need not be different in ONNX: a second node of a name gets its number. 0 without memory. */
static size_t add_layer(struct known *k, const struct erg_ort_node *n, bool taken)
{
	struct layer *l;
	char name[sizeof(n->name) + 24];

	if (k->n == k->room) {
		size_t room = k->room ? 2 * k->room : 64;
		struct layer *at = realloc(k->at, room * sizeof(*at));

		if (!at)
			return 0;
		k->at = at;
		k->room = room;
	}
	snprintf(name, sizeof(name), taken ? "%s#%lld" : "%s", n->name, (long long)n->index);
	l = &k->at[k->n];
	*l = (struct layer){.info = {.size = sizeof(l->info)}};
	erg_ort_describe(n, &l->info);
	l->info.name = l->name = strdup(name);
	l->info.type = l->type = strdup(l->info.type);
	if (l->name && l->type)
		return ++k->n;
	free(l->name);
	free(l->type);
	return 0;
}

static uint32_t layer_of(const struct erg_ort_node *n, struct known *k)
{
	uint64_t index = (uint64_t)n->index;
	struct map_entry *place = map_enter(&k->places, hash_of(n->name, index), 0);
	const struct map_entry *first;

	if (place && !place->value) {
		first = map_enter(&k->first, hash_of(n->name, 0), index);
		place->value = add_layer(k, n, first && first->value != index);
	}
	if (!place || !place->value)
		return 0;
	k->at[place->value - 1].macs += erg_ort_macs(n);
	k->at[place->value - 1].calls++;
	return (uint32_t)place->value;
}

static void define_layers(const struct known *k, uint32_t network)
{
	for (size_t i = 0; i < k->n; i++) {
		struct layer *l = &k->at[i];

		l->info.macs = (l->macs + l->calls / 2) / l->calls;
		l->id = erg_layer(network, &l->info);
	}
}

static void known_free(struct known *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->at[i].name);
		free(k->at[i].type);
	}
	free(k->at);
	free(k->places.at);
	free(k->first.at);
}

static bool has_graph(const char *op)
{
	return !strcmp(op, "If") || !strcmp(op, "Loop") || !strcmp(op, "Scan");
}

static void take_event(struct spans *s, const struct erg_ort_profile *p,
	const struct erg_ort_event *e, struct known *known)
{
	struct span *x = push_span(s);

	if (!x)
		return;
	*x = (struct span){.begin = e->begin_us * 1000,
		.end = (e->begin_us + e->dur_us) * 1000,
		.tid = e->tid,
		.order = (uint32_t)s->n,
		.run = e->kind == ORT_EVENT_RUN};
	x->around = x->run || has_graph(e->node.op);
	x->layer = x->run ? p->id : layer_of(&e->node, known);
	s->no_memory |= !x->run && !x->layer;
}

/* What was read is another process's, who wrote into the same file before. */
static void forget(struct spans *s, struct known *k)
{
	s->n = 0;
	s->unreadable = 0;
	known_free(k);
	*k = (struct known){0};
}

static bool is_wanted(const struct erg_ort_event *e, const struct erg_ort_profile *p)
{
	return e->kind != ORT_EVENT_OTHER && (!p->process || e->pid == p->process);
}

static void read_all(FILE *f, const struct erg_ort_profile *p, struct spans *s)
{
	struct erg_ort_event *e = malloc(sizeof(*e));
	struct known known = {0};
	char *line = NULL;
	size_t size = 0;

	s->no_memory = !e;
	while (!s->no_memory && getline(&line, &size, f) > 0) {
		int r = erg_ort_event_read(line, e);

		if (*line == '[')
			forget(s, &known);
		s->unreadable += r < 0;
		if (r > 0 && is_wanted(e, p))
			take_event(s, p, e, &known);
	}
	define_layers(&known, p->id);
	for (size_t i = 0; i < s->n; i++)
		if (!s->at[i].run)
			s->at[i].layer = s->at[i].layer ? known.at[s->at[i].layer - 1].id : 0;
	free(line);
	free(e);
	known_free(&known);
}

/* Runs first, by their beginning; then the nodes, by thread and beginning. */
static int by_place(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->run != y->run)
		return x->run ? -1 : 1;
	if (!x->run && x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->around != y->around)
		return x->around ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* Nodes of one microsecond share it; each ends where the next begins, if not before. */
static void spread(struct span *at, size_t n)
{
	for (size_t i = 0, k; i < n; i += k) {
		for (k = 1; i + k < n && !at[i].around && at[i + k].tid == at[i].tid &&
			at[i + k].begin == at[i].begin;
			k++)
			;
		for (size_t j = 0; j < k; j++) {
			at[i + j].end += 1000;
			at[i + j].begin += (2 * j + 1) * 500 / k;
		}
	}
	for (size_t i = 0; i + 1 < n; i++)
		if (!at[i].around && at[i + 1].tid == at[i].tid && at[i].end > at[i + 1].begin)
			at[i].end = at[i + 1].begin;
}

/* The run that a node lies in: one of its own thread if there is one. */
static struct span *run_of(struct span *runs, size_t n, const struct span *x)
{
	struct span *found = NULL;
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (runs[mid].begin <= x->begin)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo; i > 0 && lo - i < OVERLAPS_MAX; i--) {
		struct span *r = &runs[i - 1];

		if (r->end + 2000 < x->end)
			continue;
		if (r->tid == x->tid)
			return r;
		if (!found)
			found = r;
	}
	return found;
}

/* Numbers the nodes by their runs, which are made to contain them. Returns the number of runs. */
static uint32_t number_runs(struct spans *s, uint32_t first)
{
	size_t runs = 0;

	while (runs < s->n && s->at[runs].run)
		runs++;
	spread(s->at + runs, s->n - runs);
	for (size_t i = 0; i < runs; i++) {
		s->at[i].iteration = first + (uint32_t)i;
		s->at[i].end += 1000;
	}
	for (size_t i = runs; i < s->n; i++) {
		struct span *x = &s->at[i], *r = run_of(s->at, runs, x);

		x->iteration = r ? r->iteration : first;
		if (r && r->tid == x->tid && x->end > r->end)
			x->end = r->end;
	}
	return (uint32_t)runs;
}

static void write_all(const struct spans *s, const struct erg_ort_profile *p)
{
	uint32_t track = 0, tid = 0;
	char name[48];

	for (size_t i = 0; i < s->n; i++) {
		const struct span *x = &s->at[i];
		uint64_t begin = p->time_ns(p->data, x->begin), end = p->time_ns(p->data, x->end);

		if (!track || tid != x->tid) {
			snprintf(name, sizeof(name), "onnxruntime thread %u", x->tid);
			track = erg_track(name, false);
			tid = x->tid;
		}
		erg_span(x->layer, x->iteration, begin, end, track);
		if (i % PACE == PACE - 1)
			usleep(PACE_US);
	}
}

static void say_losses(const struct spans *s, const struct erg_ort_profile *p, uint32_t runs)
{
	char text[256];

	if (s->no_memory || s->unreadable) {
		snprintf(text, sizeof(text),
			"erg: onnxruntime: %s: %llu lines of the profile could not be read%s",
			p->network, (unsigned long long)s->unreadable,
			s->no_memory ? ", and memory ran out" : "");
		erg_marker(text, 0);
	}
	if (p->runs > runs) {
		snprintf(text, sizeof(text),
			"erg: onnxruntime: %s: %llu of %llu runs have no layers: the profile of a "
			"session ends with its millionth event",
			p->network, (unsigned long long)(p->runs - runs),
			(unsigned long long)p->runs);
		erg_marker(text, 0);
	}
}

uint32_t erg_ort_profile_emit(FILE *f, const struct erg_ort_profile *p)
{
	struct spans s = {0};
	uint32_t runs;

	read_all(f, p, &s);
	if (s.n)
		qsort(s.at, s.n, sizeof(*s.at), by_place);
	runs = number_runs(&s, p->iteration);
	write_all(&s, p);
	say_losses(&s, p, runs);
	free(s.at);
	return runs;
}
