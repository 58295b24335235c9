/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_COUNTERS_H
#define ERG_RECORD_COUNTERS_H

/*
 * Hardware and software counters by name. Names are resolved here, once, by libpfm4 and the
 * kernel's software events; the measured process gets numbers only, in ERG_COUNTERS.
 */
#include <stdint.h>

#include <jansson.h>

#include "formats/base/err.h"

/*
 * LIST as of --counters: names joined by commas (instructions,cycles,…; any event that libpfm4
 * knows on this CPU, with its umasks: "EVENT:UMASK"; any perf software event: page-faults,
 * context-switches, task-clock, …), or "synergy" for the SIMD and bus-access events of the CPU at
 * hand. The word "inherit" among them: threads and processes that a layer's thread starts are
 * counted with it.
 *
 * *ret_env: "[inherit;]NAME=TYPE:CONFIG[:CONFIG1[:CONFIG2]];…" in hexadecimal, for the
 * environment variable ERG_COUNTERS that liberg reads; "" when none of LIST is to be had here. To
 * be freed by the caller.
 *
 * MANIFEST, a JSON object or NULL, gets
 *   "requested": LIST,
 *   "events":    [{"name", "event" (libpfm4's full name, or the kernel's), "type", "config"}],
 *   "missing":   [{"name", "reason", "near": […]}],
 *   "inherit":   bool,
 *   "synergy":   {"simd": NAME, "bus": NAME, "exact": bool} when asked for,
 *   "warnings":  [text]: one line for each thing a person should know.
 *
 * What cannot be counted here, or not at the same time as those before it, is missing.
 *
 * Returns 0 also when names are missing (they are warnings); -EINVAL for a list that is malformed,
 * -ENOMEM.
 */
int erg_counters_resolve(const char *list, char **ret_env, json_t *manifest, struct erg_err *err);

#endif
