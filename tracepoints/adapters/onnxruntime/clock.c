/* SPDX-License-Identifier: MIT */
/*
 * ONNX Runtime times its profile by std::chrono::high_resolution_clock, which libstdc++ takes from
 * CLOCK_REALTIME. That clock is slewed by up to 500 us a second and may be set, so the difference to
 * CLOCK_MONOTONIC is noted at every run, and kept where it has changed by more than CHANGE_NS.
 *
 * The uncertainty of a converted time is half of what a note takes (some 30 ns), CHANGE_NS, and what
 * the clock was slewed since the note; a profile's own microsecond is more than that. Setting the
 * clock shows as a jump, and whoever converts times says so.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/onnxruntime/clock.h"

#define CHANGE_NS 100
#define TRIES 3
#define SURE_NS 500 /* a note that took longer was interrupted, and is made again */
#define NOTES_MAX (1u << 22)

struct note {
	int64_t real, offset; /* CLOCK_MONOTONIC less CLOCK_REALTIME */
	int64_t jump;         /* of the offset since the look before, more than slewing explains */
};

static struct note *notes;
static size_t n_notes, room;
static struct note last; /* looked at, kept or not */

static int64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static struct note look_at_clocks(void)
{
	struct note best = {0};
	int64_t least = INT64_MAX;

	for (int i = 0; i < TRIES && least > SURE_NS; i++) {
		int64_t before = now(CLOCK_MONOTONIC), real = now(CLOCK_REALTIME);
		int64_t took = now(CLOCK_MONOTONIC) - before;

		if (took < least) {
			best = (struct note){real, before + took / 2 - real, 0};
			least = took;
		}
	}
	return best;
}

static bool keep_note(struct note n)
{
	if (n_notes == room) {
		size_t more = room ? 2 * room : 64;
		struct note *p = more > NOTES_MAX ? NULL : realloc(notes, more * sizeof(*p));

		if (!p)
			return false;
		notes = p;
		room = more;
	}
	notes[n_notes++] = n;
	return true;
}

void erg_ort_clock_note(void)
{
	struct note n = look_at_clocks();

	erg_adapter_lock();
	if (n_notes)
		n.jump = llabs(n.offset - last.offset) - llabs(n.real - last.real) / 2000;
	if (!n_notes || llabs(n.offset - notes[n_notes - 1].offset) > CHANGE_NS)
		keep_note(n);
	last = n;
	erg_adapter_unlock();
}

uint64_t erg_ort_clock_mono_ns(uint64_t real_ns)
{
	size_t lo = 0, hi;
	int64_t offset = 0;

	erg_adapter_lock();
	hi = n_notes;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (notes[mid].real <= (int64_t)real_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (n_notes)
		offset = notes[lo ? lo - 1 : 0].offset;
	erg_adapter_unlock();
	return (uint64_t)((int64_t)real_ns + offset);
}

uint64_t erg_ort_clock_jump_ns(uint64_t from_ns)
{
	int64_t most = 0;

	erg_adapter_lock();
	for (size_t i = 1; i < n_notes; i++)
		if (notes[i].jump > most && notes[i].real >= (int64_t)from_ns)
			most = notes[i].jump;
	erg_adapter_unlock();
	return (uint64_t)most;
}
