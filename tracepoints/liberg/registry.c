/* SPDX-License-Identifier: MIT */
/*
 * The definitions of a process. Ids are dense and begin with 1; the same parent and name give the
 * same id. Definitions are only ever added, and a reader sees the first `count` of them complete
 * without taking a lock: the dump for a new session runs in a thread of LTTng that holds LTTng's
 * own lock, and must wait for nobody. Writers are serialized by one mutex.
 *
 * Entries live in chunks that never move. The hash table (chained, doubled when full) belongs to
 * the writers.
 *
 * Threads come and go and change their names, so theirs are no list that grows: a ring of places,
 * each one word, which a reader sees whole. The texts stay, for a reader may hold one; when there
 * are too many of them, a thread's name is emitted and not kept.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/liberg/internal.h"

#define CHUNK 512u
#define CHUNKS 2048u /* 2^20 definitions */
#define TRACKS 1024u
#define TEXTS 1024u

struct entry {
	struct erg_layer_def def;
	uint32_t live;
	struct entry *next;
	uint64_t hash;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *_Atomic chunks[CHUNKS];
static _Atomic uint32_t count;
static struct entry **buckets;
static uint32_t n_buckets;
static struct erg_track_def tracks[TRACKS];
static _Atomic uint32_t n_tracks;
static char *texts[TEXTS];
static uint32_t n_texts;
static _Atomic uint64_t threads[ERG_THREADS]; /* tid << 32 | number of the name, 0: not kept */
static uint32_t next_thread;

void erg_registry_lock(void)
{
	pthread_mutex_lock(&lock);
}

void erg_registry_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

uint32_t erg_registry_layers(void)
{
	return atomic_load(&count);
}

const struct erg_layer_def *erg_registry_get(uint32_t id)
{
	if (id == 0 || id > atomic_load(&count))
		return NULL;
	return &atomic_load(&chunks[(id - 1) / CHUNK])[(id - 1) % CHUNK].def;
}

uint32_t erg_registry_live(uint32_t id)
{
	if (id == 0 || id > atomic_load(&count))
		return ERG_LIVE_UNKNOWN;
	return atomic_load(&chunks[(id - 1) / CHUNK])[(id - 1) % CHUNK].live;
}

static uint64_t hash_of(const struct erg_layer_def *d)
{
	uint64_t h = (ERG_HASH_SEED ^ d->parent) * 0x100000001b3u;

	h = (h ^ (d->level == ERG_LEVEL_NETWORK)) * 0x100000001b3u;
	return erg_text_hash(h, d->name, strlen(d->name));
}

static struct entry *find_layer(const struct erg_layer_def *d, uint64_t hash)
{
	if (!n_buckets)
		return NULL;
	for (struct entry *e = buckets[hash & (n_buckets - 1)]; e; e = e->next)
		if (e->hash == hash && e->def.parent == d->parent && !strcmp(e->def.name, d->name))
			return e;
	return NULL;
}

static bool grow_buckets(uint32_t n)
{
	struct entry **grown = calloc(n, sizeof(*grown));

	if (!grown)
		return false;
	for (uint32_t i = 0; i < n_buckets; i++) {
		for (struct entry *e = buckets[i], *next; e; e = next) {
			next = e->next;
			e->next = grown[e->hash & (n - 1)];
			grown[e->hash & (n - 1)] = e;
		}
	}
	free(buckets);
	buckets = grown;
	n_buckets = n;
	return true;
}

/* The next free entry, NULL when memory or ids run out. */
static struct entry *next_entry(void)
{
	uint32_t at = atomic_load(&count);
	struct entry *chunk;

	if (at >= CHUNK * CHUNKS)
		return NULL;
	if (at >= n_buckets && !grow_buckets(n_buckets ? 2 * n_buckets : 256) && !n_buckets)
		return NULL;
	chunk = atomic_load(&chunks[at / CHUNK]);
	if (!chunk) {
		chunk = calloc(CHUNK, sizeof(*chunk));
		if (!chunk)
			return NULL;
		atomic_store(&chunks[at / CHUNK], chunk);
	}
	return &chunk[at % CHUNK];
}

/* Name of the network that encloses D; D's own if it is one. Points into the registry. */
static const char *network_of(const struct erg_layer_def *d)
{
	const struct erg_layer_def *up = d;

	while (up && up->level != ERG_LEVEL_NETWORK)
		up = erg_registry_get(up->parent);
	return up ? up->name : "";
}

static uint32_t add_layer(const struct erg_layer_def *d, uint64_t hash)
{
	struct entry *e = next_entry();
	char *name = NULL, *type = NULL;

	if (!e || !(name = strdup(d->name)) || !(type = strdup(d->type))) {
		free(name);
		return 0;
	}
	e->def = *d;
	e->def.id = atomic_load(&count) + 1;
	e->def.name = name;
	e->def.type = type;
	e->def.network = network_of(&e->def);
	e->live = erg_live_name(&e->def);
	e->hash = hash;
	e->next = buckets[hash & (n_buckets - 1)];
	buckets[hash & (n_buckets - 1)] = e;
	atomic_store(&count, e->def.id);
	return e->def.id;
}

uint32_t erg_registry_layer(const struct erg_layer_def *d, bool *ret_new)
{
	uint64_t hash = hash_of(d);
	struct entry *e;
	uint32_t id;

	erg_registry_lock();
	e = find_layer(d, hash);
	id = e ? e->def.id : add_layer(d, hash);
	*ret_new = !e && id;
	erg_registry_unlock();
	return id;
}

const struct erg_track_def *erg_registry_track_get(uint32_t track)
{
	return track && track <= atomic_load(&n_tracks) ? &tracks[track - 1] : NULL;
}

uint32_t erg_registry_tracks(void)
{
	return atomic_load(&n_tracks);
}

uint32_t erg_registry_track(const char *name, bool device, bool *ret_new)
{
	uint32_t n, id = 0;

	*ret_new = false;
	erg_registry_lock();
	n = atomic_load(&n_tracks);
	for (uint32_t i = 0; i < n && !id; i++)
		if (tracks[i].device == device && !strcmp(tracks[i].name, name))
			id = tracks[i].track;
	if (!id && n < TRACKS) {
		char *copy = strdup(name);

		if (copy) {
			id = n + 1;
			tracks[n] = (struct erg_track_def){id, copy, device};
			atomic_store(&n_tracks, id);
			*ret_new = true;
		}
	}
	erg_registry_unlock();
	return id;
}

/* 1 and up; 0 when there is no room for another text. */
static uint32_t number_of(const char *text)
{
	for (uint32_t i = 0; i < n_texts; i++)
		if (!strcmp(texts[i], text))
			return i + 1;
	if (n_texts == TEXTS || !(texts[n_texts] = strdup(text)))
		return 0;
	return ++n_texts;
}

static uint64_t named(uint32_t tid, uint32_t number)
{
	return (uint64_t)tid << 32 | number;
}

bool erg_registry_thread(uint32_t tid, const char *name)
{
	uint32_t place = 0, number;
	bool changed;

	erg_registry_lock();
	number = number_of(name);
	while (place < ERG_THREADS && atomic_load(&threads[place]) >> 32 != tid)
		place++;
	if (place == ERG_THREADS)
		place = next_thread++ % ERG_THREADS;
	changed = atomic_exchange(&threads[place], named(tid, number)) != named(tid, number);
	erg_registry_unlock();
	return changed || !number;
}

bool erg_registry_thread_get(uint32_t place, struct erg_thread_def *ret)
{
	uint64_t t = atomic_load(&threads[place]);

	if (!(uint32_t)t)
		return false;
	*ret = (struct erg_thread_def){(uint32_t)(t >> 32), texts[(uint32_t)t - 1]};
	return true;
}

void erg_registry_threads_forked(uint32_t old, uint32_t tid)
{
	for (uint32_t i = 0; i < ERG_THREADS; i++) {
		uint64_t t = atomic_load(&threads[i]);

		atomic_store(&threads[i], t >> 32 == old ? named(tid, (uint32_t)t) : 0);
	}
}
