/* SPDX-License-Identifier: MIT */
/* Processors, or C libraries, for which dlsym is left alone: programs that open a framework's library by
 * themselves have no layers. See lookup.h. */
#include "tracepoints/adapters/lookup.h"
