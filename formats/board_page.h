/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_BOARD_PAGE_H
#define ERG_FORMATS_BOARD_PAGE_H

/*
 * The page of memory between a workload and the simulated board (erg-board).
 *
 * The workload publishes what it does as a list of exact transitions: from time_ns on, so many
 * SIMD operations and bus transactions a second, so much of a core busy. Each publishing thread has
 * a ring of its own, so there is one writer and one reader (the board), and nobody waits. The board
 * publishes the clock it currently grants, so that a workload written for it really runs slower at
 * a lower frequency, under a power cap, or when it throttles.
 *
 * Exactness. The writer raises `pending` before it takes the time and lowers it after the
 * transition is in the ring; the board takes the time first and integrates up to it only when no
 * ring is pending. So every transition up to the board's horizon is known to it, however late
 * either of them was scheduled: energy is integrated exactly, not sampled.
 *
 * The page is a file of sizeof(struct erg_board_page) bytes, made by the board, mapped shared by
 * both. Its path is in the environment variable ERG_BOARD_PAGE. Times are CLOCK_MONOTONIC ns.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ERG_BOARD_MAGIC 0x3144524f42475245u /* "ERGBORD1" */
#define ERG_BOARD_VERSION 1u
#define ERG_BOARD_RINGS 32u
#define ERG_BOARD_SLOTS 2048u /* of a ring; a power of two */

/* What a thread does from time_ns until its next transition. */
struct erg_board_transition {
	uint64_t time_ns;
	double simd_rate;   /* SIMD multiply-accumulates per second */
	double bus_rate;    /* bus transactions (64 bytes) per second */
	float cpu_activity; /* busy cores: 1.0 is one core busy all the time */
	float gpu_activity; /* 0..1 of the GPU */
};

struct erg_board_ring {
	_Atomic uint32_t owner;   /* 0: free; else the thread's id */
	_Atomic uint32_t pending; /* 1 while a transition is being made */
	_Atomic uint64_t head;    /* transitions written */
	_Atomic uint64_t tail;    /* transitions consumed by the board */
	struct erg_board_transition slots[ERG_BOARD_SLOTS];
};

/* What the board grants and shows; each field is read on its own. */
struct erg_board_state {
	_Atomic uint64_t changes;    /* raised whenever a field below but temp_mdegc changed */
	_Atomic uint64_t cpu_hz;     /* current CPU clock, after caps and throttling */
	_Atomic uint64_t cpu_max_hz; /* highest CPU clock of the board */
	_Atomic uint64_t gpu_hz;     /* current GPU clock */
	_Atomic uint64_t gpu_max_hz;
	_Atomic uint64_t bus_max;  /* bus transactions per second that memory can serve */
	_Atomic uint64_t bus_load; /* transactions per second of all rings, in the last ms */
	_Atomic uint32_t cpus_online;
	_Atomic uint32_t throttled; /* 1: thermal, 2: power cap, 3: both; 0: none */
	_Atomic int32_t temp_mdegc; /* of the die */
};

struct erg_board_page {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* sizeof(struct erg_board_page) */
	struct erg_board_state state;
	struct erg_board_ring rings[ERG_BOARD_RINGS];
};

static inline uint64_t erg_board_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Maps the page at PATH (NULL: $ERG_BOARD_PAGE). Returns NULL with errno set when there is none, or
 * when it is not a page of this version (EPROTO). */
static inline struct erg_board_page *erg_board_page_open(const char *path)
{
	struct erg_board_page *page;
	struct stat st;
	int fd;

	if (!path)
		path = getenv("ERG_BOARD_PAGE");
	if (!path || !*path) {
		errno = ENOENT;
		return NULL;
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || (size_t)st.st_size != sizeof(*page)) {
		close(fd);
		errno = EPROTO;
		return NULL;
	}
	page = (struct erg_board_page *)mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
		MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return NULL;
	if (page->magic != ERG_BOARD_MAGIC || page->version != ERG_BOARD_VERSION ||
		page->size != sizeof(*page)) {
		munmap(page, sizeof(*page));
		errno = EPROTO;
		return NULL;
	}
	return page;
}

/* Takes a free ring for the calling thread; OWNER is its id, not 0. NULL when all are taken. The
 * board frees rings whose thread has died. */
static inline struct erg_board_ring *erg_board_ring_take(struct erg_board_page *page,
	uint32_t owner)
{
	for (uint32_t i = 0; i < ERG_BOARD_RINGS; i++) {
		uint32_t none = 0;

		if (atomic_compare_exchange_strong(&page->rings[i].owner, &none, owner))
			return &page->rings[i];
	}
	return NULL;
}

/*
 * Publishes that from now on the thread does *DOES (its time_ns is ignored); returns the time that
 * was given to the transition. When the board is so late that the ring is full, waits for it.
 */
static inline uint64_t erg_board_publish(struct erg_board_ring *ring,
	const struct erg_board_transition *does)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	struct erg_board_transition *slot = &ring->slots[head & (ERG_BOARD_SLOTS - 1)];
	struct timespec pause = {0, 1000000};

	while (head - atomic_load(&ring->tail) >= ERG_BOARD_SLOTS)
		nanosleep(&pause, NULL);
	*slot = *does;
	atomic_store(&ring->pending, 1);
	slot->time_ns = erg_board_now_ns();
	atomic_store(&ring->head, head + 1);
	atomic_store(&ring->pending, 0);
	return slot->time_ns;
}

/* Publishes idleness and gives the ring back. */
static inline void erg_board_ring_drop(struct erg_board_ring *ring)
{
	struct erg_board_transition idle = {0};

	erg_board_publish(ring, &idle);
	atomic_store(&ring->owner, 0);
}

/*
 * How much longer memory takes for a thread that itself makes OWN transactions a second while
 * others load the bus: 1 when it is free, rising as the others take their part, at most 5.
 */
static inline double erg_board_bus_slowdown(struct erg_board_page *page, double own)
{
	double max = (double)atomic_load(&page->state.bus_max);
	double others = (double)atomic_load(&page->state.bus_load) - own;

	if (max <= 0 || others <= 0)
		return 1.0;
	if (others > 0.8 * max)
		others = 0.8 * max;
	return 1.0 / (1.0 - others / max);
}

#endif
