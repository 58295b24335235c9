/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layers' table without power: what becomes of counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/account/counts.h"
#include "analyze/reader/worker.h"
#include "formats/base/util.h"

#define N 4

/* A network of one layer, each with two instances: two counters, the kernel's and one of the
 * application's own. */
static struct erg_timeline *timeline(void)
{
	static const int64_t counts[2][N] = {{10, 30, 100, 100}, {1, 2, 3, 4}};
	static const uint32_t layer[N] = {0, 0, 1, 1};
	struct erg_timeline *tl = calloc(1, sizeof(*tl));

	tl->warnings = json_array();
	tl->n_layers = 2;
	tl->layers = calloc(2, sizeof(*tl->layers));
	tl->layers[0].parent = 1;
	tl->layers[1].parent = ERG_NONE;
	tl->n_counters = 2;
	tl->counters = calloc(2, sizeof(*tl->counters));
	tl->counters[0] = (struct erg_tl_counter){strdup("cycles"), strdup("perf")};
	tl->counters[1] = (struct erg_tl_counter){strdup("images"), strdup("app")};
	tl->iv.n = N;
	tl->iv.layer = memcpy(malloc(sizeof(layer)), layer, sizeof(layer));
	tl->iv.enabled = calloc(N, sizeof(*tl->iv.enabled));
	tl->iv.running = calloc(N, sizeof(*tl->iv.running));
	tl->iv.counter = calloc(2, sizeof(*tl->iv.counter));
	for (size_t c = 0; c < 2; c++)
		tl->iv.counter[c] = memcpy(malloc(sizeof(counts[c])), counts[c], sizeof(counts[c]));
	for (size_t i = 0; i < N; i++)
		tl->iv.enabled[i] = tl->iv.running[i] = 100;
	return tl;
}

/* Count of NAME in the layers with these weights; INT64_MIN: there is none. */
static int64_t count(const struct erg_timeline *tl, double layer, double network, const char *name)
{
	struct erg_layer_counts c;
	json_t *all, *v;
	int64_t ret;
	uint32_t set[2];
	size_t n = 0;

	assert_int_equal(erg_layer_counts_init(&c, tl), 0);
	for (size_t i = 0; i < tl->iv.n; i++)
		erg_layer_counts_add(&c, i);
	if (layer != 0)
		set[n++] = 0;
	if (network != 0)
		set[n++] = 1;
	all = erg_layer_counts_json(&c, (double[]){layer, network}, set, n);
	v = json_object_get(all, name);
	ret = v ? json_integer_value(v) : INT64_MIN;
	json_decref(all);
	erg_layer_counts_release(&c);
	return ret;
}

static void test_sums(void **state)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = timeline();

	assert_int_equal(count(tl, 1, 0, "cycles"), 40);
	assert_int_equal(count(tl, 0, 1, "cycles"), 200);
	assert_int_equal(count(tl, 1, 1, "cycles"), 200); /* the layer's are within the network's */
	assert_int_equal(count(tl, 1, 1, "images"), 7);
	assert_int_equal(erg_reader_finish(tl, NULL, NULL, 0, NULL), 0);
	assert_int_equal(json_array_size(tl->warnings), 0);
}

/* The kernel's counts are scaled over all instances of a layer; the application's are what they
 * are. */
static void test_multiplexed(void **state)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = timeline();

	tl->iv.running[0] = 0;
	tl->iv.counter[0][0] = 0;
	assert_int_equal(count(tl, 1, 0, "cycles"), 60);
	assert_int_equal(count(tl, 1, 0, "images"), 3);
	assert_int_equal(count(tl, 0, 1, "cycles"), 200);
	assert_int_equal(erg_reader_finish(tl, NULL, NULL, 0, NULL), 0);
	assert_int_equal(json_array_size(tl->warnings), 1);
	assert_string_equal(json_string_value(
				    json_object_get(json_array_get(tl->warnings, 0), "text")),
		"counters ran 75.0 % of the layers' time, beside counters of others: counts are "
		"scaled up");
}

static void test_never_ran(void **state)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = timeline();

	tl->iv.running[0] = tl->iv.running[1] = 0;
	assert_int_equal(count(tl, 1, 0, "cycles"), INT64_MIN);
	assert_int_equal(count(tl, 1, 0, "images"), 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_multiplexed),
		cmocka_unit_test(test_never_ran),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
