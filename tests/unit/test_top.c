/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page of readings, and what is seen of a recording by looking: shares, power, who is gone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/base/util.h"
#include "record/top/look.h"
#include "record/top/text.h"

#define MS 1000000u
#define T0 1000000000u

static const struct erg_source_ops ops = {.kind = "test"};

static void channel(struct erg_source *s, const char *rail, enum erg_quantity q, double scale)
{
	struct erg_channel_def *c = &s->channels[s->n_channels++];

	*c = (struct erg_channel_def){.quantity = q, .scale = scale};
	snprintf(c->rail, sizeof(c->rail), "%s", rail);
}

/* ---- the page of readings ---- */

static void test_readings(void **state)
{
	struct erg_channel_def a_channels[3], b_channels[1];
	struct erg_source a = {.ops = &ops, .cls = ERG_CLASS_POWER, .channels = a_channels};
	struct erg_source b = {.ops = &ops, .cls = ERG_CLASS_POWER, .channels = b_channels};
	struct erg_source *all[] = {&a, &b};
	const struct erg_source_list list = {.sources = all, .n = 2};
	struct erg_show *s;
	struct erg_show_value v;
	int64_t x[3];

	channel(&a, "VI", ERG_Q_CURRENT, 1e-3);
	channel(&a, "VI", ERG_Q_VOLTAGE, 1e-3);
	channel(&b, "C", ERG_Q_ENERGY, 1e-6);
	b_channels[0].wrap = 1000000;
	b.model.kind = ERG_SENSOR_COUNTER;
	a.model.window_ns = 2 * MS;
	assert_int_equal(erg_show_new(&list, "run", "what", &s, NULL), 0);
	assert_int_equal(erg_show_page(s)->n, 2);
	assert_false(erg_show_read(&erg_show_page(s)->lines[0], &v));
	/* 2 A at 5 V, then 4 A: 10 W, 20 W; between them 15 W for 10 ms */
	memcpy(x, (int64_t[]){2000, 5000, 0}, sizeof(x));
	erg_show_take(s, 0, 10 * MS, x);
	x[0] = 4000;
	erg_show_take(s, 0, 20 * MS, x);
	x[1] = ERG_VALUE_NONE;
	erg_show_take(s, 0, 30 * MS, x);
	assert_true(erg_show_read(&erg_show_page(s)->lines[0], &v));
	assert_true(fabs(v.value - 20) < 1e-9 && fabs(v.energy_j - .15) < 1e-12);
	assert_int_equal(v.saw_ns, 2 * MS);
	assert_int_equal(v.time_ns, 20 * MS);
	/* a counter: 0.3 J in 100 ms, stands still, then past its end 0.2 J in 200 ms */
	x[0] = 600000;
	erg_show_take(s, 1, 100 * MS, x);
	x[0] = 900000;
	erg_show_take(s, 1, 200 * MS, x);
	erg_show_take(s, 1, 300 * MS, x);
	assert_true(erg_show_read(&erg_show_page(s)->lines[1], &v));
	assert_true(fabs(v.value - 3) < 1e-9);
	assert_int_equal(v.saw_ns, 100 * MS);
	x[0] = 100000;
	erg_show_take(s, 1, 400 * MS, x);
	assert_true(erg_show_read(&erg_show_page(s)->lines[1], &v));
	assert_true(fabs(v.value - 1) < 1e-9 && fabs(v.energy_j - .5) < 1e-12);
	erg_show_free(s);
}

/* ---- looking ---- */

struct world {
	struct erg_show_page show;
	struct erg_live_page live;
	struct erg_top_pages pages;
	struct erg_top *top;
	uint64_t now_ns, words[4];
};

static struct world *world_new(void)
{
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	static const char *const names[] = {"a", "b"};

	assert_non_null(w);
	memset(w, 0, sizeof(*w));
	w->show.n = 1;
	w->show.begin_ns = T0;
	w->show.lines[0].quantity = ERG_Q_POWER;
	strcpy(w->show.lines[0].rail, "VDD");
	w->live.next_thread = 2;
	for (size_t i = 0; i < 2; i++) {
		struct erg_live_layer *l = &w->live.layers[7 + i];

		l->level = 2;
		l->ready = 1;
		strcpy(l->name, names[i]);
		strcpy(l->network, "net");
	}
	w->pages = (struct erg_top_pages){.pid = getpid(), .show = &w->show, .live = &w->live};
	w->now_ns = T0;
	assert_int_equal(erg_top_new(&w->pages, 1, 1, &w->top, NULL), 0);
	return w;
}

static void world_free(struct world *w)
{
	erg_top_free(w->top);
	free(w);
}

/* Thread I is in layer L (7 a, 8 b) from now on; -1: in none. */
static void be_in(struct world *w, unsigned i, int l)
{
	w->words[i]++;
	w->live.threads[i].now = w->words[i] << ERG_LIVE_PLACE_BITS | (uint64_t)(l + 1);
	w->live.threads[i].process = (uint32_t)getpid();
}

static void reading(struct world *w, double watts)
{
	struct erg_show_value *v = &w->show.lines[0].last;

	if (v->time_ns)
		v->energy_j += watts * (double)(w->now_ns - v->time_ns) * 1e-9;
	v->time_ns = w->now_ns;
	v->value = watts;
	v->saw_ns = 4 * MS;
}

/* N looks, a millisecond apart, each with a reading. */
static void looks(struct world *w, unsigned n, double watts)
{
	while (n--) {
		w->now_ns += MS;
		reading(w, watts);
		erg_top_look(w->top, w->now_ns);
	}
}

static const struct erg_top_layer *layer(const struct erg_top_frame *f, const char *name)
{
	for (size_t i = 0; i < f->n_layers; i++)
		if (!strcmp(f->layers[i].name, name))
			return &f->layers[i];
	return NULL;
}

/* The window before, so that the rail is known. */
static void warm_up(struct world *w)
{
	looks(w, 10, 1);
	assert_string_equal(erg_top_see(w->top, w->now_ns)->root->rail, "VDD");
}

static void test_shares_and_power(void **state)
{
	struct world *w = world_new();
	const struct erg_top_frame *f;
	const struct erg_top_layer *a, *b;

	warm_up(w);
	for (int i = 0; i < 10; i++) {
		be_in(w, 0, 7);
		w->live.threads[0].calls[2] += 1;
		looks(w, 30, 5);
		be_in(w, 0, 8);
		w->live.threads[0].calls[2] += 1;
		looks(w, 60, 9);
		be_in(w, 0, -1);
		looks(w, 10, 2);
	}
	f = erg_top_see(w->top, w->now_ns);
	a = layer(f, "a");
	b = layer(f, "b");
	assert_true(fabs(a->share - .3) < 1e-9 && fabs(b->share - .6) < 1e-9);
	assert_true(fabs(layer(f, "(no layer)")->share - .1) < 1e-9);
	assert_true(fabs(a->time_s - .3) < 1e-9);
	/* readings at the borders saw both, and do not count */
	assert_true(fabs(a->mean_w - 5) < 1e-12 && fabs(b->mean_w - 9) < 1e-12);
	assert_true(fabs(b->energy_j - 9 * .6) < 1e-9);
	assert_true(a->readings < 300 && a->readings >= 240);
	assert_true(fabs(f->calls_per_s - 20) < 1e-6);
	assert_true(fabs(f->root->mean_w - (5 * .3 + 9 * .6 + 2 * .1)) < .01);
	assert_false(f->short_layers);
	world_free(w);
}

/* Calls that are shorter than what a reading sees have no power, whatever their share. */
static void test_short_calls(void **state)
{
	struct world *w = world_new();
	const struct erg_top_frame *f;

	warm_up(w);
	for (int i = 0; i < 100; i++) {
		be_in(w, 0, 7);
		looks(w, 2, 5);
		be_in(w, 0, 8);
		looks(w, 2, 9);
	}
	f = erg_top_see(w->top, w->now_ns);
	assert_true(isnan(layer(f, "a")->mean_w) && isnan(layer(f, "b")->energy_j));
	assert_true(fabs(layer(f, "a")->share - .5) < 1e-9);
	assert_true(f->short_layers);
	/* the same layer at every look, and many calls of it between */
	for (int i = 0; i < 200; i++) {
		be_in(w, 0, 7);
		looks(w, 1, 5);
	}
	f = erg_top_see(w->top, w->now_ns);
	assert_true(fabs(layer(f, "a")->share - 1) < 1e-9);
	assert_true(isnan(layer(f, "a")->mean_w));
	/* among a thousand such calls one that was long is no sample of them */
	be_in(w, 0, 7);
	looks(w, 15, 8);
	for (int i = 0; i < 200; i++) {
		be_in(w, 0, 7);
		looks(w, 1, 5);
	}
	f = erg_top_see(w->top, w->now_ns);
	assert_true(layer(f, "a")->readings >= ERG_TOP_READINGS_MIN);
	assert_true(isnan(layer(f, "a")->mean_w));
	world_free(w);
}

static void test_at_once(void **state)
{
	struct world *w = world_new();
	const struct erg_top_frame *f;

	warm_up(w);
	be_in(w, 0, 7);
	be_in(w, 1, 8);
	looks(w, 100, 12);
	f = erg_top_see(w->top, w->now_ns);
	assert_true(fabs(layer(f, "a")->share - 1) < 1e-9 && fabs(layer(f, "b")->share - 1) < 1e-9);
	assert_true(isnan(layer(f, "a")->mean_w) && isnan(layer(f, "b")->mean_w));
	assert_null(layer(f, "(no layer)"));
	world_free(w);
}

/* Time that was told of as spans is exact; that of modules holds that of their layers. */
static void test_spans(void **state)
{
	struct world *w = world_new();
	const struct erg_top_frame *f;

	warm_up(w);
	w->live.layers[8].level = 1;
	w->live.layers[7].span_ns = 40 * MS;
	w->live.layers[8].span_ns = 50 * MS;
	looks(w, 100, 12);
	f = erg_top_see(w->top, w->now_ns);
	assert_true(fabs(layer(f, "a")->time_s - .04) < 1e-12);
	assert_true(isnan(layer(f, "a")->mean_w));
	assert_null(layer(f, "b"));
	world_free(w);
}

static void test_killed_within_a_layer(void **state)
{
	struct world *w = world_new();
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	warm_up(w);
	be_in(w, 0, 7);
	w->live.threads[0].process = (uint32_t)pid;
	looks(w, 100, 5);
	assert_non_null(layer(erg_top_see(w->top, w->now_ns), "a"));
	looks(w, 2500, 5);
	erg_top_see(w->top, w->now_ns);
	looks(w, 100, 5);
	assert_null(layer(erg_top_see(w->top, w->now_ns), "a"));
	world_free(w);
}

/* ---- text ---- */

struct lines {
	char text[64][256];
	size_t n;
};

static void keep(void *data, bool head, const char *text)
{
	struct lines *l = data;

	snprintf(l->text[l->n++], sizeof(l->text[0]), "%s", text);
}

static bool says(const struct lines *l, const char *words)
{
	for (size_t i = 0; i < l->n; i++)
		if (strstr(l->text[i], words))
			return true;
	return false;
}

static void test_text(void **state)
{
	struct world *w = world_new();
	const struct erg_top_frame *f;
	struct lines l = {.n = 0};
	char line[512];
	json_t *j;

	w->show.lines[0].simulated = 1;
	strcpy(w->live.layers[7].name, "evil\033[2Jname");
	warm_up(w);
	be_in(w, 0, 7);
	looks(w, 50, 5);
	be_in(w, 0, 8);
	looks(w, 50, 5);
	f = erg_top_see(w->top, w->now_ns);
	erg_top_text_screen(f, &w->pages, 60, 24, keep, &l);
	assert_true(says(&l, "VDD (SIMULATED)"));
	assert_true(says(&l, "evil?[2Jname"));
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(strlen(l.text[i]), 60);
	l.n = 0;
	erg_top_text_screen(f, &w->pages, 80, 6, keep, &l);
	assert_int_equal(l.n, 6);
	erg_top_text_line(f, line, sizeof(line));
	assert_non_null(strstr(line, "VDD 5 W (SIMULATED)"));
	assert_null(strchr(line, '\033'));
	j = erg_top_text_json(f, &w->pages);
	assert_true(json_is_true(json_object_get(j, "simulated")));
	assert_int_equal(json_array_size(json_object_get(j, "layers")), 2);
	json_decref(j);
	world_free(w);
}

/* What finds no room among the layers is counted, and JSON says how much it is. */
static void test_many_layers(void **state)
{
	struct world *w = world_new();
	const struct erg_top_frame *f;
	json_t *j;

	warm_up(w);
	for (int i = 0; i < 70; i++) {
		w->live.layers[20 + i].level = 2;
		w->live.layers[20 + i].ready = 1;
		snprintf(w->live.layers[20 + i].name, sizeof(w->live.layers[0].name), "l%d", i);
		be_in(w, 0, 20 + i);
		looks(w, (unsigned)i + 1, 5);
	}
	f = erg_top_see(w->top, w->now_ns);
	assert_int_equal(f->n_layers, 64);
	assert_string_equal(f->layers[0].name, "l69");
	assert_null(layer(f, "l5"));
	assert_non_null(layer(f, "l6"));
	j = erg_top_text_json(f, &w->pages);
	assert_int_equal(json_array_size(json_object_get(j, "layers")), 64);
	assert_int_equal(json_integer_value(json_object_get(j, "more_layers")), 6);
	json_decref(j);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readings),
		cmocka_unit_test(test_shares_and_power),
		cmocka_unit_test(test_short_calls),
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_killed_within_a_layer),
		cmocka_unit_test(test_many_layers),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
