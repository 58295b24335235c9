/* SPDX-License-Identifier: MIT */
#ifndef ERG_TESTS_UNIT_ERG_FIXTURE_H
#define ERG_TESTS_UNIT_ERG_FIXTURE_H

/*
 * liberg from the inside, without a session daemon: probes of our own are attached to the
 * tracepoints, so that the events are enabled and every one of them comes here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tracepoints/liberg/internal.h"

struct seen {
	uint32_t layer, iteration;
	uint64_t begin;
	uint64_t end;   /* of what was written later; 0: when it was seen */
	uint32_t track; /* the same */
	uint32_t n;
	int64_t deltas[ERG_MAX_COUNTERS];
};

#define MAX_SEEN 4096
static struct seen seen[MAX_SEEN];
static uint32_t n_seen, n_defined, n_markers;
static struct erg_layer_def last_def;
static char last_marker[ERG_TEXT_MAX];
static char last_name[ERG_TEXT_MAX];
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static inline void on_counted(void *data, uint32_t id, uint32_t iteration, uint64_t begin,
	uint64_t enabled, uint64_t running, const int64_t *deltas, uint32_t n)
{
	pthread_mutex_lock(&seen_lock);
	if (n_seen < MAX_SEEN) {
		struct seen *s = &seen[n_seen++];

		*s = (struct seen){.layer = id, .iteration = iteration, .begin = begin, .n = n};
		for (uint32_t i = 0; i < n; i++)
			s->deltas[i] = deltas[i];
	}
	pthread_mutex_unlock(&seen_lock);
}

static inline void on_layer(void *data, uint32_t id, uint32_t iteration, uint64_t begin)
{
	on_counted(data, id, iteration, begin, 0, 0, NULL, 0);
}

static inline void on_span(void *data, uint32_t id, uint32_t iteration, uint64_t begin,
	uint64_t end, uint32_t track)
{
	on_counted(data, id, iteration, begin, 0, 0, NULL, 0);
	seen[n_seen - 1].end = end;
	seen[n_seen - 1].track = track;
}

static inline void on_define(void *data, const struct erg_layer_def *d)
{
	n_defined++;
	last_def = *d;
}

static inline void on_marker(void *data, const char *text, uint32_t color)
{
	n_markers++;
	snprintf(last_marker, sizeof(last_marker), "%s", text);
}

static inline void on_phase(void *data, const char *name)
{
	snprintf(last_name, sizeof(last_name), "%s", name);
}

#define ATTACH(event, fn)                                                                          \
	assert_int_equal(ERG_PROBE_ATTACH(lttng_ust_tracepoint_provider_register, event, fn), 0)
#define DETACH(event, fn) ERG_PROBE_DETACH(lttng_ust_tracepoint_provider_unregister, event, fn)

static inline int attach_all(void **state)
{
	ATTACH(layer, on_layer);
	ATTACH(layer_define, on_define);
	ATTACH(marker, on_marker);
	ATTACH(phase_begin, on_phase);
	n_seen = n_defined = n_markers = 0;
	return 0;
}

static inline int detach_all(void **state)
{
	DETACH(layer, on_layer);
	DETACH(layer_define, on_define);
	DETACH(marker, on_marker);
	DETACH(phase_begin, on_phase);
	return 0;
}

static inline uint32_t layer_named(uint32_t parent, const char *name)
{
	struct erg_layer_info i = {.size = sizeof(i), .name = name, .type = "conv"};

	return erg_layer(parent, &i);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, attach_all, detach_all)

/* Runs the cases of TESTS, of group NAME. Another session that records this process would be seen,
 * too. */
#define RUN(name, tests)                                                                           \
	(erg_enabled()                                                                             \
		? puts("1..1\nok 1 - erg # skip a session on this machine records ergtrace"),      \
		0 : cmocka_run_group_tests_name(name, tests, NULL, NULL))

#endif
