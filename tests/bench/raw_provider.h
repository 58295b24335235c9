/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a person would write who marks layers by LTTng alone: one tracepoint at each boundary. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER ergbench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tests/bench/raw_provider.h"

#if !defined(ERG_TESTS_RAW_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ) ||       \
	defined(TRACEPOINT_HEADER_MULTI_READ) /* 2.12 */
#define ERG_TESTS_RAW_PROVIDER_H

#include "tracepoints/lttng.h"
#include <stdint.h>

/* One field a line. */
/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT_CLASS(ergbench, boundary,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(uint32_t, id, id)
		lttng_ust_field_integer(uint32_t, iteration, iteration)))
LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(ergbench, boundary, ergbench, begin,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration))
LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(ergbench, boundary, ergbench, end,
	LTTNG_UST_TP_ARGS(uint32_t, id, uint32_t, iteration))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
