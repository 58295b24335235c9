/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ADAPTERS_LAZY_H
#define ERG_TRACEPOINTS_ADAPTERS_LAZY_H

/*
 * For adapters that are preloaded into everything that a command starts, compiled in front of each of
 * their files: liberg, and with it all of LTTng-UST, is loaded when the framework is used for the first
 * time, by the first erg_enabled(). A shell or a compiler that the command starts pays for neither.
 */
#include "tracepoints/erg_inline.h"

/* These libraries export the framework's functions, not those of erg.h. */
#undef ERG_API
#define ERG_API __attribute__((visibility("default")))

/* To be called when liberg is there (common.c). */
void erg_adapter_loaded(void);

static inline int erg_adapter_enabled(void)
{
	if (!erg_inline_load_())
		return 0;
	erg_adapter_loaded();
	return erg_enabled();
}

#define erg_enabled erg_adapter_enabled

/* A first call may be one of these as well. */
#define erg_network(...) (erg_adapter_enabled(), erg_network(__VA_ARGS__))
#define erg_track(...) (erg_adapter_enabled(), erg_track(__VA_ARGS__))
#define erg_counter(...) (erg_adapter_enabled(), erg_counter(__VA_ARGS__))
#define erg_marker(...) (erg_adapter_enabled(), erg_marker(__VA_ARGS__))

#endif
