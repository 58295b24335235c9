/* SPDX-License-Identifier: MIT */
/*
 * The one place where the provider's probes are made. liberg contains it, and so does erg-record
 * (as a static library): a process must hold it only once, which is why erg-record never links
 * liberg.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_PROVIDER_HIDDEN_DEFINITION
#include "tracepoints/provider.h"
