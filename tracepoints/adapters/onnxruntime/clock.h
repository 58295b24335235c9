/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_CLOCK_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_CLOCK_H

#include <stdint.h>

/* Notes what CLOCK_MONOTONIC and CLOCK_REALTIME are now. Some 60 ns; any thread. */
void erg_ort_clock_note(void);

/* CLOCK_MONOTONIC of REAL_NS of CLOCK_REALTIME, by the last note before it, or else the first. */
uint64_t erg_ort_clock_mono_ns(uint64_t real_ns);

/* The largest jump of CLOCK_REALTIME from one note to the next since FROM_NS of it, ns. */
uint64_t erg_ort_clock_jump_ns(uint64_t from_ns);

#endif
