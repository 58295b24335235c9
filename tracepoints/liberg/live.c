/* SPDX-License-Identifier: MIT */
/*
 * What the recorder is told of layers while they run (live_page.h). Processes that name a layer alike
 * share its place: whoever comes first takes it by its hash and writes the level.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracepoints/liberg/internal.h"

/* What of SRC has room in SIZE bytes, no character cut in two. */
static void text_cut(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size - 1);

	if (src[n])
		while (n && ((unsigned char)src[n] & 0xc0) == 0x80)
			n--;
	memcpy(dst, src, n);
	dst[n] = '\0';
}

static struct erg_live_page *page_map(const char *path)
{
	struct erg_live_page *page;
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || st.st_size != (off_t)sizeof(*page)) {
		close(fd);
		return NULL;
	}
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return NULL;
	if (page->magic == ERG_LIVE_MAGIC && page->version == ERG_LIVE_VERSION &&
		page->size == sizeof(*page))
		return page;
	munmap(page, sizeof(*page));
	return NULL;
}

void erg_live_init(const char *path)
{
	if (path && *path)
		erg_state_.live = page_map(path);
}

static uint64_t key_of(const struct erg_layer_def *d)
{
	uint64_t h = erg_text_hash(ERG_HASH_SEED ^ d->level, d->network, strlen(d->network) + 1);

	h = erg_text_hash(h, d->name, strlen(d->name));
	return h ? h : 1;
}

static struct erg_live_layer *place_take(struct erg_live_page *page, const struct erg_layer_def *d)
{
	uint64_t key = key_of(d);

	for (uint32_t i = 0; i < ERG_LIVE_PROBES; i++) {
		struct erg_live_layer *l = &page->layers[(key + i) & (ERG_LIVE_LAYERS - 1)];
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(&l->key, &found, key)) {
			l->level = d->level;
			text_cut(l->network, sizeof(l->network), d->network);
			text_cut(l->name, sizeof(l->name), d->name);
			atomic_store(&l->ready, 1);
			return l;
		}
		if (found == key)
			return l;
	}
	atomic_fetch_add(&page->without_room, 1);
	return NULL;
}

#define LEVEL_OF(name) ((name) >> ERG_LIVE_PLACE_BITS)

uint32_t erg_live_name(const struct erg_layer_def *d)
{
	struct erg_live_page *page = erg_state_.live;
	const struct erg_live_layer *l;

	if (!page || d->level >= ERG_LIVE_LEVELS)
		return ERG_LIVE_UNKNOWN;
	l = place_take(page, d);
	return (uint32_t)d->level << ERG_LIVE_PLACE_BITS |
		(l ? (uint32_t)(l - page->layers) + 1 : ERG_LIVE_NOWHERE);
}

static __attribute__((noinline)) struct erg_live_thread *line_take(struct erg_thread *t)
{
	struct erg_live_page *page = erg_state_.live;
	uint32_t at = atomic_fetch_add(&page->next_thread, 1);

	t->live_owned = at < ERG_LIVE_OWNED;
	if (!t->live_owned)
		at = ERG_LIVE_OWNED + at % (ERG_LIVE_THREADS - ERG_LIVE_OWNED);
	t->live = &page->threads[at];
	atomic_store_explicit(&t->live->process, (uint32_t)getpid(), memory_order_relaxed);
	return t->live;
}

static inline struct erg_live_thread *line_of(struct erg_thread *t)
{
	return t->live ? t->live : line_take(t);
}

/* Its place, or NULL. */
static inline struct erg_live_layer *layer_of(uint32_t name)
{
	uint32_t place = name & ERG_LIVE_PLACE_MASK;

	return place == ERG_LIVE_NOWHERE ? NULL : &erg_state_.live->layers[place - 1];
}

static inline void count_in(const struct erg_thread *t, struct erg_live_thread *line, uint32_t name)
{
	struct erg_live_layer *l = layer_of(name);
	_Atomic uint64_t *calls;

	if (LEVEL_OF(name) >= ERG_LIVE_LEVELS)
		return;
	calls = &line->calls[LEVEL_OF(name)];
	if (t->live_owned)
		atomic_store_explicit(calls, atomic_load_explicit(calls, memory_order_relaxed) + 1,
			memory_order_relaxed);
	else
		atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
	if (l && !atomic_load_explicit(&l->seen, memory_order_relaxed))
		atomic_store_explicit(&l->seen, 1, memory_order_relaxed);
}

/* Only the thread writes here, but where threads share a line; then it is one of theirs. */
static inline void now_in(struct erg_live_thread *line, uint32_t name)
{
	uint64_t changes =
		atomic_load_explicit(&line->now, memory_order_relaxed) >> ERG_LIVE_PLACE_BITS;

	atomic_store_explicit(&line->now,
		(changes + 1) << ERG_LIVE_PLACE_BITS | (name & ERG_LIVE_PLACE_MASK),
		memory_order_relaxed);
}

void erg_live_now(struct erg_thread *t, uint32_t name)
{
	now_in(line_of(t), name);
}

void erg_live_ended(struct erg_thread *t, uint32_t name, uint32_t back)
{
	struct erg_live_thread *line = line_of(t);

	now_in(line, back);
	count_in(t, line, name);
}

void erg_live_span(struct erg_thread *t, uint32_t name, uint64_t dur_ns)
{
	struct erg_live_layer *l = layer_of(name);

	count_in(t, line_of(t), name);
	if (l)
		atomic_fetch_add_explicit(&l->span_ns, dur_ns, memory_order_relaxed);
}

void erg_live_leave(struct erg_thread *t)
{
	if (erg_state_.live && t->live)
		erg_live_now(t, 0);
	t->live = NULL;
}
