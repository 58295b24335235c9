/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_TRACE_FAKE_CUPTI_H
#define ERG_TESTS_TRACE_FAKE_CUPTI_H

#include <stdint.h>

/* A kernel (a copy if NAME is NULL) of NS ns on a stream; BEGIN 0: now. Returns its end, 0 if the
 * activities are not switched on. NAME must live on. */
uint64_t fake_launch(const char *name, uint32_t stream, uint64_t begin, uint64_t ns);

#endif
