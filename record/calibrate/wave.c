/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The square wave of the calibration.
 *
 * Its autocorrelation is that of white noise down to the length of one bit, so the response of a
 * sensor to it determines lag and window together, where a regular square wave leaves them
 * ambiguous modulo its period (Godfrey, Perturbation Signals for System Identification, 1993). Bits
 * of one kind in a row are one layer instance; the longest run is ten bits. Bits differ in length, by up to
 * half: edges that kept step with a sensor would all fall into one place of its windows, which tells their
 * begin from their end no more.
 *
 * Busy is a chain of dependent multiplications on each thread: a steady load that no compiler and
 * no cache changes.
 */
#include "record/calibrate/wave.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "formats/board_page.h"
#include "tracepoints/provider.h"

#define THREADS_MAX 256

enum { LAYER_NETWORK = 1, LAYER_IDLE, LAYER_BUSY };

unsigned erg_wave_next(uint32_t *state)
{
	unsigned bit = (*state >> 9 ^ *state >> 6) & 1;

	*state = (*state << 1 | bit) & 0x3ff;
	return bit;
}

static void define_step(uint32_t id, uint8_t level, const char *name, const char *type)
{
	const struct erg_layer_def d = {
		.id = id,
		.parent = level == ERG_LEVEL_NETWORK ? 0 : LAYER_NETWORK,
		.level = level,
		.name = name,
		.type = type,
		.network = "calibration",
	};

	lttng_ust_tracepoint(ergtrace, layer_define, &d);
}

static void sleep_until(uint64_t t_ns)
{
	const struct timespec ts = {(time_t)(t_ns / ERG_NSEC_PER_SEC),
		(long)(t_ns % ERG_NSEC_PER_SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void spin_until(uint64_t t_ns)
{
	volatile uint64_t sink;
	uint64_t x = 1;

	while (erg_mono_ns() < t_ns) {
		for (int i = 0; i < 500; i++)
			x = x * 6364136223846793005u + 1442695040888963407u;
		sink = x;
	}
	(void)sink;
}

/* On the simulated board the wave is what the threads say, however little of a processor they get. */
static void tell_board(struct erg_board_ring *ring, const struct erg_board_page *page, bool busy)
{
	struct erg_board_transition does = {0};

	if (!ring)
		return;
	if (busy) {
		does.cpu_activity = 1;
		does.simd_rate = 2 * (double)atomic_load(&page->state.cpu_hz);
	}
	(void)erg_board_publish(ring, &does);
}

struct player {
	pthread_t thread;
	bool emits;
	uint64_t begin_ns, end_ns, chip_ns;
};

/* Of bit I: evenly spread from CHIP to half as much again (Weyl's sequence of the golden ratio), the same in each thread. */
static uint64_t chip_length(uint64_t chip_ns, uint32_t i)
{
	double share = 1 + 0.5 * fmod(0.6180339887498949 * i, 1);

	return (uint64_t)((double)chip_ns * share);
}

static void *play(void *data)
{
	const struct player *p = data;
	uint32_t state = 1, iteration = 0, chip = 0;
	uint64_t edge = p->begin_ns, t = p->begin_ns;
	struct erg_board_page *page = getenv("ERG_BOARD_PAGE") ? erg_board_page_open(NULL) : NULL;
	struct erg_board_ring *ring =
		page ? erg_board_ring_take(page, (uint32_t)syscall(SYS_gettid)) : NULL;
	unsigned bit = erg_wave_next(&state);

	sleep_until(t);
	while (t < p->end_ns) {
		unsigned now = bit;

		do {
			t += chip_length(p->chip_ns, chip++);
			bit = erg_wave_next(&state);
		} while (bit == now && t < p->end_ns);
		tell_board(ring, page, now);
		if (now)
			spin_until(t);
		else
			sleep_until(t);
		if (p->emits)
			lttng_ust_tracepoint(ergtrace, layer, now ? LAYER_BUSY : LAYER_IDLE,
				iteration++, edge);
		edge = erg_mono_ns();
	}
	if (ring)
		erg_board_ring_drop(ring);
	if (page)
		munmap(page, sizeof(*page));
	return NULL;
}

int erg_wave_play(const char *run_id, double seconds, uint64_t chip_ns, unsigned threads)
{
	const uint64_t begin = erg_mono_ns() + 10000000;
	struct player players[THREADS_MAX];
	int r = 0;

	lttng_ust_tracepoint(ergtrace, process_define, run_id, "app", "erg-record calibrate");
	define_step(LAYER_NETWORK, ERG_LEVEL_NETWORK, "calibration", "network");
	define_step(LAYER_IDLE, ERG_LEVEL_LAYER, "idle", "idle");
	define_step(LAYER_BUSY, ERG_LEVEL_LAYER, "busy", "busy");
	lttng_ust_tracepoint(ergtrace, phase_begin, "calibration");
	threads = threads > THREADS_MAX ? THREADS_MAX : threads;
	for (unsigned i = 0; i < threads; i++) {
		players[i] = (struct player){.emits = i == 0,
			.begin_ns = begin,
			.end_ns = begin + (uint64_t)(seconds * 1e9),
			.chip_ns = chip_ns};
		if (i && !r)
			r = -pthread_create(&players[i].thread, NULL, play, &players[i]);
		if (r) {
			threads = i;
			break;
		}
	}
	play(&players[0]);
	for (unsigned i = 1; i < threads; i++)
		pthread_join(players[i].thread, NULL);
	lttng_ust_tracepoint(ergtrace, phase_end, "calibration");
	return r;
}
