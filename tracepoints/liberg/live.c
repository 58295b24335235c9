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

struct erg_live_layer *erg_live_place(const struct erg_layer_def *d)
{
	struct erg_live_page *page = erg_state_.live;
	uint64_t key;

	if (!page || d->level >= ERG_LIVE_LEVELS)
		return NULL;
	key = key_of(d);
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

static struct erg_live_thread *line_of(struct erg_thread *t, struct erg_live_page *page)
{
	if (!t->live) {
		t->live =
			&page->threads[atomic_fetch_add(&page->next_thread, 1) % ERG_LIVE_THREADS];
		atomic_store_explicit(&t->live->process, (uint32_t)getpid(), memory_order_relaxed);
	}
	return t->live;
}

void erg_live_count(struct erg_thread *t, uint32_t level, struct erg_live_layer *l)
{
	if (level >= ERG_LIVE_LEVELS)
		return;
	atomic_fetch_add_explicit(&line_of(t, erg_state_.live)->calls[level], 1,
		memory_order_relaxed);
	if (l && !atomic_load_explicit(&l->seen, memory_order_relaxed))
		atomic_store_explicit(&l->seen, 1, memory_order_relaxed);
}

/* Only the thread writes here, but where threads share a line; then it is one of theirs. */
void erg_live_now(struct erg_thread *t, bool inside, const struct erg_live_layer *l)
{
	struct erg_live_page *page = erg_state_.live;
	struct erg_live_thread *line = line_of(t, page);
	uint64_t changes =
		atomic_load_explicit(&line->now, memory_order_relaxed) >> ERG_LIVE_PLACE_BITS;
	uint64_t place = l ? (uint64_t)(l - page->layers) + 1 : inside ? ERG_LIVE_NOWHERE : 0;

	atomic_store_explicit(&line->now, (changes + 1) << ERG_LIVE_PLACE_BITS | place,
		memory_order_relaxed);
}

void erg_live_leave(struct erg_thread *t)
{
	if (erg_state_.live && t->live)
		erg_live_now(t, false, NULL);
	t->live = NULL;
}
