/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_TRACE_FAKE_CUPTI_H
#define ERG_TESTS_TRACE_FAKE_CUPTI_H

#include <stdint.h>

struct fake_work {
	const char *name; /* of a kernel, which must live on; NULL: a copy */
	uint32_t device, stream;
	uint64_t begin, ns; /* begin 0: now */
};

/* A call that launches WORK. Returns its end, 0 if the activities are not switched on. */
uint64_t fake_launch(const struct fake_work *work);
/* More work of the last call, as a CUDA graph has it. */
uint64_t fake_launch_more(const struct fake_work *work);
/* How many external ids, of all kinds, are pushed in this thread. */
unsigned fake_depth(void);

#endif
