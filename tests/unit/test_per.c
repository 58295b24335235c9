/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Work done and energy per unit of it, on runs whose truth is arithmetic: a server that reads prompts
 * at 10 W and writes tokens at 5 W, 1 ms and 10 us more for each token of context, with 1 W between.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/account/per.h"
#include "analyze/timeline/rail.h"
#include "formats/base/util.h"

#define REQUESTS 10
#define PROMPT 20 /* tokens */
#define ANSWER 120
#define MS 1000000u
#define PHASES (REQUESTS * (ANSWER + 2))

enum { TOKENS, REQUESTS_BEGUN, CONTEXT, COUNTERS };
enum { NETWORK, BLOCK, LAYERS };

struct world {
	struct erg_timeline *tl;
	double power[2]; /* joules: prefill, decode */
	double time[2];
	double ets;
};

static char *text(const char *s)
{
	return strdup(s);
}

static void add_interval(struct erg_timeline *tl, uint32_t layer, uint64_t begin, uint64_t end,
	uint8_t depth, const int64_t counts[COUNTERS])
{
	struct erg_tl_intervals *iv = &tl->iv;

	iv->layer[iv->n] = layer;
	iv->depth[iv->n] = depth;
	erg_times_push(&iv->begin, begin);
	erg_times_push(&iv->end, end);
	for (int c = 0; c < COUNTERS; c++)
		iv->counter[c][iv->n] = counts[c];
	iv->n++;
}

static void add_phase(struct erg_timeline *tl, const char *name, uint64_t begin, uint64_t end)
{
	tl->phases[tl->n_phases++] = (struct erg_tl_phase){text(name), 7, 8, begin, end, false};
}

/* A step: a phase, the network in it, a block in that. */
static uint64_t add_step(struct world *w, int kind, uint64_t at, uint64_t ns,
	const int64_t counts[COUNTERS])
{
	static const int64_t none[COUNTERS] = {0};
	static const char *const names[] = {"prefill", "decode"};
	const double watts[] = {10, 5};

	add_phase(w->tl, names[kind], at, at + ns);
	add_interval(w->tl, NETWORK, at + 10, at + ns - 10, 0, counts);
	add_interval(w->tl, BLOCK, at + 20, at + ns - 20, 1, none);
	w->power[kind] += watts[kind] * (double)ns * 1e-9;
	w->time[kind] += (double)ns * 1e-9;
	return at + ns;
}

static void add_reading(struct erg_tl_channel *c, uint64_t t, double watts)
{
	c->t[c->n] = t;
	c->half[c->n] = 0;
	c->raw[c->n++] = (int64_t)(watts * 1000);
}

static void allocate(struct erg_timeline *tl)
{
	const size_t n = 2 * PHASES;

	tl->archive = text("a.erg");
	tl->manifest = json_object();
	tl->warnings = json_array();
	tl->n_layers = LAYERS;
	tl->layers = calloc(LAYERS, sizeof(*tl->layers));
	tl->layers[NETWORK] = (struct erg_tl_layer){text("net"), text("network"), text("net"),
		text(""), ERG_NONE, ERG_TL_NETWORK, .macs = 0};
	tl->layers[BLOCK] = (struct erg_tl_layer){text("block"), text("block"), text("net"),
		text(""), NETWORK, ERG_TL_LAYER, .macs = 100};
	tl->n_tracks = 1;
	tl->tracks = calloc(1, sizeof(*tl->tracks));
	tl->tracks[0] = (struct erg_tl_track){text("main"), 7, 8, ERG_TL_HOST};
	tl->n_counters = COUNTERS;
	tl->counters = calloc(COUNTERS, sizeof(*tl->counters));
	for (int c = 0; c < COUNTERS; c++)
		tl->counters[c] = (struct erg_tl_counter){text((const char *[]){"tokens",
								  "requests", "context"}[c]),
			text("app")};
	tl->phases = calloc(PHASES, sizeof(*tl->phases));
	tl->iv.layer = calloc(n, sizeof(*tl->iv.layer));
	tl->iv.iteration = calloc(n, sizeof(*tl->iv.iteration));
	tl->iv.track = calloc(n, sizeof(*tl->iv.track));
	tl->iv.depth = calloc(n, sizeof(*tl->iv.depth));
	tl->iv.counter = calloc(COUNTERS, sizeof(*tl->iv.counter));
	for (int c = 0; c < COUNTERS; c++)
		tl->iv.counter[c] = calloc(n, sizeof(*tl->iv.counter[c]));
}

/* Power at the middle of each ms, of the step that runs then. */
static void add_power(struct erg_timeline *tl)
{
	const size_t n = (tl->end - tl->begin) / MS;
	struct erg_tl_channel *c = calloc(1, sizeof(*c));
	size_t k = 0;

	tl->n_sources = tl->n_channels = 1;
	tl->sources = calloc(1, sizeof(*tl->sources));
	tl->sources[0] = (struct erg_tl_source){.kind = text("test"),
		.path = text(""),
		.model = {.kind = ERG_SENSOR_POINT,
			.provenance = ERG_PROVENANCE_DRIVER,
			.period_ns = MS},
		.interval_ns = MS};
	tl->channels = c;
	strcpy(c->def.rail, "VDD");
	strcpy(c->def.unit, "mW");
	c->def.quantity = ERG_Q_POWER;
	c->def.scale = 1e-3;
	c->def.lsb = 1;
	c->t = calloc(n, sizeof(*c->t));
	c->half = calloc(n, sizeof(*c->half));
	c->raw = calloc(n, sizeof(*c->raw));
	for (size_t i = 0; i < n; i++) {
		/* Not in step with anything. */
		uint64_t t = tl->begin + i * MS + (i * 7919) % 1000 * 1000;
		double watts = 1;

		while (k < tl->n_phases && tl->phases[k].end <= t)
			k++;
		if (k < tl->n_phases && tl->phases[k].begin <= t)
			watts = strcmp(tl->phases[k].name, "prefill") ? 5 : 10;
		add_reading(c, t, watts);
	}
	assert_int_equal(erg_rails_form(tl, NULL), 0);
}

static void make(struct world *w)
{
	uint64_t at = 1000 * MS;
	struct erg_timeline *tl = calloc(1, sizeof(*tl));

	*w = (struct world){.tl = tl};
	allocate(tl);
	tl->begin = at;
	for (int r = 0; r < REQUESTS; r++) {
		/* The prompt comes in two batches. */
		at = add_step(w, 0, at + 300 * MS, 40 * MS, (int64_t[]){PROMPT - 5, 1, PROMPT - 5});
		at = add_step(w, 0, at + MS / 10, 20 * MS, (int64_t[]){5, 0, PROMPT});
		for (int i = 1; i <= ANSWER; i++)
			at = add_step(w, 1, at + MS / 10, MS + (uint64_t)(PROMPT + i) * 10000,
				(int64_t[]){1, 0, PROMPT + i});
	}
	tl->end = at + 300 * MS;
	w->ets = w->power[0] + w->power[1] +
		1 * ((double)(tl->end - tl->begin) * 1e-9 - w->time[0] - w->time[1]);
	add_power(tl);
}

static struct erg_per per_of(const char *text_)
{
	struct erg_err err = {0};
	struct erg_per per;

	assert_int_equal(erg_per_parse(text_, &per, &err), 0);
	return per;
}

static void open_world(struct world *w, struct erg_parts *p)
{
	struct erg_common common = {.rounds = 200};
	struct erg_err err = {0};

	make(w);
	if (erg_parts_open(p, w->tl, &err) < 0 || erg_parts_attribute(p, &common, &err) < 0)
		fail_msg("%s", err.msg);
}

static void close_world(struct world *w, struct erg_parts *p)
{
	erg_parts_release(p);
	erg_timeline_free(w->tl);
}

static void assert_covers(const struct erg_est *e, double truth, double within)
{
	if (!(e->lo <= truth && truth <= e->hi) || !(fabs(e->value / truth - 1) < within))
		fail_msg("%g (%g to %g), expected %g within %g", e->value, e->lo, e->hi, truth,
			within);
}

static const struct erg_part *part(const struct erg_parts *p, const char *name)
{
	for (size_t k = 0; k < p->n; k++)
		if (!strcmp(p->part[k].name, name))
			return &p->part[k];
	fail_msg("no part %s", name);
	return NULL;
}

static void test_counts(void **state)
{
	struct world w;
	struct erg_parts p;
	const struct erg_part *prefill, *decode;
	struct erg_per token, request = per_of("request"), macs = per_of("macs");

	token = per_of("token");
	open_world(&w, &p);
	assert_int_equal(p.n, 2);
	prefill = part(&p, "prefill");
	decode = part(&p, "decode");
	assert_int_equal(prefill->calls, 2 * REQUESTS);
	assert_int_equal(decode->calls, REQUESTS * ANSWER);
	assert_float_equal(decode->time_s, w.time[1], 1e-9);
	assert_float_equal(erg_per_count(&token, &p, prefill), REQUESTS * PROMPT, 0);
	assert_float_equal(erg_per_count(&token, &p, decode), REQUESTS * ANSWER, 0);
	assert_float_equal(erg_per_count(&token, &p, &p.run), REQUESTS * (PROMPT + ANSWER), 0);
	/* Requests begin in prefill; decode's energy is of them too. */
	assert_float_equal(erg_per_count(&request, &p, decode), REQUESTS, 0);
	assert_float_equal(erg_per_count(&macs, &p, decode), 100 * REQUESTS * ANSWER, 0);
	assert_int_equal(decode->inferences, REQUESTS * ANSWER);
	assert_int_equal(p.run.inferences, REQUESTS * (ANSWER + 2));
	close_world(&w, &p);
}

static void test_energy(void **state)
{
	struct world w;
	struct erg_parts p;
	struct erg_est e;

	open_world(&w, &p);
	e = erg_parts_energy(&p, part(&p, "prefill"), false);
	assert_covers(&e, w.power[0], 0.02);
	e = erg_parts_energy(&p, part(&p, "decode"), false);
	assert_covers(&e, w.power[1], 0.02);
	e = erg_parts_energy(&p, &p.run, false);
	assert_covers(&e, w.ets, 0.01);
	close_world(&w, &p);
}

/* 5 W for 1 ms + 10 us a token: 5 mJ, and 50 uJ more for each token of context. */
static void test_context(void **state)
{
	const struct erg_per token = per_of("token");
	struct world w;
	struct erg_parts p;
	struct erg_est e;
	json_t *list, *line, *points;

	open_world(&w, &p);
	list = erg_per_context_json(&token, &p);
	assert_int_equal(json_array_size(list), 1);
	line = json_array_get(list, 0);
	assert_string_equal(erg_text_of(line, "phase"), "decode");
	points = json_object_get(line, "points");
	assert_int_equal(json_array_size(points), ERG_PARTS_BINS);
	e = erg_est_from_json(json_object_get(line, "per_context_j"));
	assert_covers(&e, 5 * 10e-6, 0.1);
	e = erg_est_from_json(json_object_get(line, "at_zero_j"));
	assert_covers(&e, 5 * 1e-3, 0.1);
	/* 15 steps of each request: the first bin holds contexts 21 to 35. */
	assert_float_equal(erg_number_of(json_array_get(points, 0), "context"), 28, 1e-9);
	assert_float_equal(erg_number_of(json_array_get(points, 0), "count"), 150, 1e-9);
	assert_float_equal(erg_number_of(json_array_get(points, 0), "seconds"), 1.28e-3, 1e-9);
	json_decref(list);
	close_world(&w, &p);
}

static void test_first_token(void **state)
{
	struct world w;
	struct erg_parts p;
	json_t *l;

	open_world(&w, &p);
	l = erg_per_latency_json(&p);
	assert_int_equal(json_integer_value(json_object_get(l, "n")), REQUESTS);
	assert_float_equal(erg_number_of(l, "median_s"), 60.1e-3, 1e-9);
	assert_float_equal(erg_number_of(l, "max_s"), 60.1e-3, 1e-9);
	json_decref(l);
	close_world(&w, &p);
}

/* A prompt of two steps waits for its own second one, whatever other threads write in between. */
static void test_first_token_of_threads(void **state)
{
	struct erg_timeline *tl = calloc(1, sizeof(*tl));
	struct erg_err err = {0};
	struct erg_parts p;

	allocate(tl);
	tl->end = 100 * MS;
	tl->n_tracks = 2;
	tl->tracks = reallocarray(tl->tracks, 2, sizeof(*tl->tracks));
	tl->tracks[1] = (struct erg_tl_track){text("b"), 7, 9, ERG_TL_HOST};
	add_phase(tl, "prefill", 10 * MS, 20 * MS);
	add_phase(tl, "prefill", 30 * MS, 40 * MS);
	add_phase(tl, "decode", 50 * MS, 60 * MS);
	for (uint64_t at = 12 * MS; at < 90 * MS; at += 10 * MS) {
		add_phase(tl, "decode", at, at + 5 * MS);
		tl->phases[tl->n_phases - 1].tid = 9;
	}
	add_interval(tl, NETWORK, 11 * MS, 19 * MS, 0, (int64_t[]){5, 1, 5});
	add_interval(tl, NETWORK, 31 * MS, 39 * MS, 0, (int64_t[]){5, 0, 10});
	add_interval(tl, NETWORK, 51 * MS, 59 * MS, 0, (int64_t[]){1, 0, 11});
	assert_int_equal(erg_parts_open(&p, tl, &err), 0);
	assert_int_equal(p.n_latency, 1);
	assert_float_equal(p.latency_s[0], 0.03, 1e-12);
	erg_parts_release(&p);
	erg_timeline_free(tl);
}

/* A phase within another counts for both; one that begins within a layer takes its counts with it. */
static void test_nested(void **state)
{
	struct erg_timeline *tl = calloc(1, sizeof(*tl));
	struct erg_err err = {0};
	struct erg_parts p;

	allocate(tl);
	tl->end = 100 * MS;
	add_phase(tl, "serve", 0, 100 * MS);
	add_phase(tl, "decode", 20 * MS, 40 * MS);
	add_phase(tl, "decode", 60 * MS, 70 * MS);
	add_interval(tl, NETWORK, 10 * MS, 50 * MS, 0, (int64_t[]){10, 1, 0});
	add_interval(tl, BLOCK, 22 * MS, 30 * MS, 1, (int64_t[]){4, 0, 0});
	add_interval(tl, BLOCK, 62 * MS, 64 * MS, 0, (int64_t[]){3, 0, 0});
	add_interval(tl, BLOCK, 80 * MS, 81 * MS, 0, (int64_t[]){INT64_MIN, 0, 0});
	assert_int_equal(erg_parts_open(&p, tl, &err), 0);
	assert_float_equal(part(&p, "serve")->count[TOKENS], 13, 0);
	assert_float_equal(part(&p, "decode")->count[TOKENS], 7, 0);
	assert_float_equal(p.run.count[TOKENS], 13, 0);
	assert_float_equal(part(&p, "decode")->time_s, 0.03, 1e-12);
	assert_float_equal(part(&p, "serve")->time_s, 0.1, 1e-12);
	assert_int_equal(part(&p, "decode")->inferences, 2);
	erg_parts_release(&p);
	erg_timeline_free(tl);
}

/* N phases within each other, each 1 ms more than the one in it on both sides, and a token in the first ms of each. */
static struct erg_timeline *make_deep(int n)
{
	struct erg_timeline *tl = calloc(1, sizeof(*tl));
	char name[16];

	allocate(tl);
	tl->end = 1000 * MS;
	for (unsigned int i = 0; i < (unsigned int)n; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		add_phase(tl, name, i * MS, tl->end - i * MS);
		add_interval(tl, NETWORK, i * MS + 1000, i * MS + 2000, 0, (int64_t[]){1, 0, 0});
	}
	return tl;
}

static void test_deep(void **state)
{
	struct erg_timeline *tl = make_deep(100);
	json_auto_t *doc = json_pack("{s:[]}", "warnings");
	struct erg_err err = {0};
	struct erg_parts p;

	assert_int_equal(erg_parts_open(&p, tl, &err), 0);
	for (int i = 0; i < 100; i++) {
		assert_float_equal(p.part[i].count[TOKENS], 100 - i, 0);
		assert_float_equal(p.part[i].time_s, (1000 - 2 * i) * 1e-3, 1e-12);
		assert_int_equal(p.view->iv.depth[i], i);
	}
	erg_parts_warn(&p, doc);
	assert_int_equal(json_array_size(json_object_get(doc, "warnings")), 0);
	erg_parts_release(&p);
	erg_timeline_free(tl);
}

/* The first 255 are told within each other; the other 45 count as if they were in the last of these. */
static void test_too_deep(void **state)
{
	struct erg_timeline *tl = make_deep(300);
	json_auto_t *doc = json_pack("{s:[]}", "warnings");
	struct erg_err err = {0};
	struct erg_parts p;

	assert_int_equal(erg_parts_open(&p, tl, &err), 0);
	assert_int_equal(p.n_too_deep, 45);
	assert_float_equal(p.part[0].count[TOKENS], 300, 0);
	assert_float_equal(p.part[254].count[TOKENS], 46, 0);
	erg_parts_warn(&p, doc);
	assert_string_equal(erg_text_of(json_array_get(json_object_get(doc, "warnings"), 0),
				    "code"),
		"deep-phases");
	erg_parts_release(&p);
	erg_timeline_free(tl);
}

/* A hundred pauses of a server: the account tells that not all of them count as idle. */
static void test_many_idle(void **state)
{
	const struct erg_common common = {.rounds = 20};
	struct erg_timeline *tl = calloc(1, sizeof(*tl));
	struct erg_account a;
	struct erg_err err = {0};
	json_t *w, *told = NULL;
	size_t i;

	allocate(tl);
	tl->end = 200 * 20 * MS;
	for (unsigned int k = 0; k < 100; k++) {
		add_phase(tl, "idle", 40 * k * MS, (40 * k + 20) * MS);
		add_interval(tl, NETWORK, (40 * k + 20) * MS, (40 * k + 40) * MS, 0,
			(int64_t[]){1, 1, 1});
	}
	add_power(tl);
	assert_int_equal(erg_account_open(&a, tl, &common, &err), 0);
	json_array_foreach (a.attr->warnings, i, w)
		if (!strcmp(erg_text_of(w, "code"), "idle-phases"))
			told = w;
	assert_non_null(strstr(erg_text_of(told, "text"),
		"100 phases are named idle, of which the first 64"));
	assert_float_equal(a.idle_s, 64 * 20e-3, 1e-9);
	erg_account_release(&a);
	erg_timeline_free(tl);
}

static void test_units(void **state)
{
	struct erg_timeline *tl = calloc(1, sizeof(*tl));
	struct erg_err err = {0};
	struct erg_per per;

	assert_int_equal(erg_per_parse("joule", &per, &err), -EINVAL);
	assert_int_equal(erg_per_parse("counter:", &per, &err), -EINVAL);
	allocate(tl);
	per = per_of("counter:images");
	assert_int_equal(erg_per_check(&per, tl, &err), -ENODATA);
	assert_string_equal(err.msg,
		"a.erg: no counter 'images' was recorded; the application has "
		"tokens, requests, context");
	per = per_of("counter:context");
	assert_int_equal(erg_per_check(&per, tl, &err), 0);
	erg_timeline_free(tl);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_energy),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_first_token),
		cmocka_unit_test(test_first_token_of_threads),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_many_idle),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
