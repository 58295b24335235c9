/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loops of the least squares give the same bytes on every processor: each form that a processor may
 * get is compiled here, whatever this one would take, and compared with plain C that is not vectorised.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "analyze/attribution/gram.h"
#include "analyze/attribution/loops.h"

struct loops {
	const char *name;
	void (*add_scaled)(double *restrict, const double *restrict, double, size_t);
	void (*add_dense)(double *, size_t, const double *, size_t, const double *);
	void (*take_panel)(double *restrict, const double *restrict, const double *restrict, size_t,
		size_t, size_t, size_t);
	void (*factor_panel)(double *, size_t, size_t, size_t, const uint32_t *, size_t, double *);
	void (*forward)(const double *restrict, const uint32_t *, size_t, size_t, double *restrict);
	void (*back)(const double *restrict, const uint32_t *, size_t, double *restrict);
};

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FORMS 1
#define ERG_ONE_CLONE
#undef ERG_FORMATS_CLONES_H
/* Each form has names of its own: avx2_add_scaled() and so on. */
#define attr_add_scaled FORM(add_scaled)
#define attr_add_dense FORM(add_dense)
#define attr_take_panel FORM(take_panel)
#define attr_factor_panel FORM(factor_panel)
#define attr_forward_sides FORM(forward_sides)
#define attr_back_sides FORM(back_sides)
#define FORM(name) avx2_##name
#undef ERG_ANALYZE_ATTRIBUTION_LOOPS_H
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#include "analyze/attribution/loops.c"
#pragma GCC pop_options
#undef FORM
#define FORM(name) avx512_##name
#undef ERG_ANALYZE_ATTRIBUTION_LOOPS_H
#pragma GCC push_options
#pragma GCC target("avx512f,fma")
#include "analyze/attribution/loops.c"
#pragma GCC pop_options
#undef FORM
#undef attr_add_scaled
#undef attr_add_dense
#undef attr_take_panel
#undef attr_factor_panel
#undef attr_forward_sides
#undef attr_back_sides
#else
#define FORMS 0
#endif

/* ---- plain C ---- */

#if defined(__GNUC__) && !defined(__clang__)
#define PLAIN __attribute__((optimize("no-tree-vectorize", "fp-contract=off")))
#else
#define PLAIN
#endif

static PLAIN void plain_scaled(double *restrict out, const double *restrict sum, double w, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		volatile double product = w * sum[k];

		out[k] += product;
	}
}

static PLAIN void plain_dense(double *sum, size_t dim, const double *a, size_t n, const double *x)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < dim; j++) {
			volatile double product = a[i] * (j < n ? a[j] : x[j - n]);

			sum[attr_tri(dim, i, j)] += product;
		}
}

static PLAIN void plain_take(double *restrict li, const double *restrict x,
	const double *restrict panel, size_t n, size_t p, size_t from, size_t to)
{
	for (size_t q = 0; q < p; q++)
		for (size_t j = from; j < to; j++) {
			volatile double product = x[q] * panel[q * n + j];

			li[j] -= product;
		}
}

static PLAIN void plain_factor(double *l, size_t n, size_t from, size_t to, double *panel)
{
	for (size_t k = from; k < to; k++) {
		l[k * n + k] = sqrt(fmax(l[k * n + k], 1e-13));
		for (size_t i = k + 1; i < n; i++)
			panel[(k - from) * n + i] = l[i * n + k] /= l[k * n + k];
		for (size_t i = k + 1; i < n; i++)
			for (size_t j = k + 1; j < to && j <= i; j++) {
				volatile double product = l[i * n + k] * l[j * n + k];

				l[i * n + j] -= product;
			}
	}
}

static PLAIN void plain_forward(const double *l, size_t n, double *b)
{
	for (size_t j = 0; j < ATTR_SIDES; j++)
		for (size_t i = 0; i < n; i++) {
			for (size_t k = 0; k < i; k++) {
				volatile double product = l[i * n + k] * b[k * ATTR_SIDES + j];

				b[i * ATTR_SIDES + j] -= product;
			}
			b[i * ATTR_SIDES + j] /= l[i * n + i];
		}
}

static PLAIN void plain_back(const double *l, size_t n, double *b)
{
	for (size_t j = 0; j < ATTR_SIDES; j++)
		for (size_t i = n; i-- > 0;) {
			b[i * ATTR_SIDES + j] /= l[i * n + i];
			for (size_t k = 0; k < i; k++) {
				volatile double product = l[i * n + k] * b[i * ATTR_SIDES + j];

				b[k * ATTR_SIDES + j] -= product;
			}
		}
}

/* ---- numbers of many sizes ---- */

static uint64_t seed = 88172645463325252u;

/* xorshift64, Marsaglia 2003 */
static double number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return ((double)(seed >> 11) * 0x1p-52 - 1) * pow(10, (double)(seed % 9) - 4);
}

static double *numbers(size_t n)
{
	double *v = malloc((n + 1) * sizeof(*v));

	assert_non_null(v);
	for (size_t i = 0; i < n; i++)
		v[i] = number();
	return v;
}

static double *copy_of(const double *v, size_t n)
{
	double *c = malloc((n + 1) * sizeof(*c));

	assert_non_null(c);
	memcpy(c, v, n * sizeof(*c));
	return c;
}

/* Both start with V; frees all. */
struct two {
	double *plain, *form;
	size_t n;
};

static struct two two_of(double *v, size_t n)
{
	return (struct two){v, copy_of(v, n), n};
}

static void assert_alike(struct two t)
{
	assert_memory_equal(t.plain, t.form, t.n * sizeof(double));
	free(t.plain);
	free(t.form);
}

static void scaled_is_alike(const struct loops *f, size_t n)
{
	struct two out = two_of(numbers(n), n);
	double *sum = numbers(n), w = number();

	plain_scaled(out.plain, sum, w, n);
	f->add_scaled(out.form, sum, w, n);
	assert_alike(out);
	free(sum);
}

static void dense_is_alike(const struct loops *f, size_t n, size_t extra)
{
	size_t dim = n + extra;
	struct two sum = two_of(numbers(dim * (dim + 1) / 2), dim * (dim + 1) / 2);
	double *a = numbers(n), *x = numbers(extra);

	plain_dense(sum.plain, dim, a, n, x);
	f->add_dense(sum.form, dim, a, n, x);
	assert_alike(sum);
	free(a);
	free(x);
}

static void panel_is_alike(const struct loops *f, size_t n, size_t p)
{
	struct two li = two_of(numbers(n), n);
	double *x = numbers(p), *panel = numbers(p * n);
	size_t from = n / 5, to = n - n / 7;

	plain_take(li.plain, x, panel, n, p, from, to);
	f->take_panel(li.form, x, panel, n, p, from, to);
	assert_alike(li);
	free(x);
	free(panel);
}

/* Every third row after the columns has nothing in them. */
static void factor_is_alike(const struct loops *f, size_t n)
{
	struct two l = two_of(numbers(n * n), n * n), panel = two_of(numbers(n * n), n * n);
	size_t to = n - n / 4, n_act = 0;
	uint32_t act[64];

	for (size_t i = 0; i < n * n; i++) /* so that the diagonal outweighs them */
		l.plain[i] = l.form[i] *= 1e-3;
	for (size_t i = 0; i < n; i++)
		l.plain[i * n + i] = l.form[i * n + i] = 1e3 + (double)i;
	for (size_t i = to; i < n; i++) {
		if (i % 3)
			act[n_act++] = (uint32_t)i;
		for (size_t k = 0; k < to && i % 3 == 0; k++)
			l.plain[i * n + k] = l.form[i * n + k] = panel.plain[k * n + i] =
				panel.form[k * n + i] = 0;
	}
	plain_factor(l.plain, n, 0, to, panel.plain);
	f->factor_panel(l.form, n, 0, to, act, n_act, panel.form);
	assert_alike(l);
	assert_alike(panel);
}

/* Both ways; rows of L begin where they begin. */
static void sides_are_alike(const struct loops *f, size_t n)
{
	struct two b = two_of(numbers(n * ATTR_SIDES), n * ATTR_SIDES);
	double *l = numbers(n * n);
	uint32_t *begin = calloc(n + 1, sizeof(*begin));
	size_t from = n / 4;

	assert_non_null(begin);
	for (size_t i = 0; i < n; i++) {
		l[i * n + i] = 1e3 + (double)i;
		begin[i] = (uint32_t)(i * 3 / 7);
		for (size_t k = 0; k < begin[i]; k++)
			l[i * n + k] = 0;
	}
	memset(b.plain, 0, from * ATTR_SIDES * sizeof(double));
	memset(b.form, 0, from * ATTR_SIDES * sizeof(double));
	plain_forward(l, n, b.plain);
	f->forward(l, begin, n, from, b.form);
	assert_memory_equal(b.plain, b.form, n * ATTR_SIDES * sizeof(double));
	plain_back(l, n, b.plain);
	f->back(l, begin, n, b.form);
	assert_alike(b);
	free(l);
	free(begin);
}

static void all_are_alike(const struct loops *f)
{
	for (size_t n = 0; n < 70; n++) {
		scaled_is_alike(f, n);
		dense_is_alike(f, n, n % 5);
		panel_is_alike(f, n, n % 34);
		factor_is_alike(f, n % 33);
		sides_are_alike(f, n % 41);
	}
}

static void what_this_processor_takes(void **state)
{
	all_are_alike(&(struct loops){"taken", attr_add_scaled, attr_add_dense, attr_take_panel,
		attr_factor_panel, attr_forward_sides, attr_back_sides});
}

static void avx2(void **state)
{
#if FORMS
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
		skip();
	all_are_alike(&(struct loops){"avx2", avx2_add_scaled, avx2_add_dense, avx2_take_panel,
		avx2_factor_panel, avx2_forward_sides, avx2_back_sides});
#else
	skip();
#endif
}

static void avx512(void **state)
{
#if FORMS
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("fma"))
		skip();
	all_are_alike(&(struct loops){"avx512", avx512_add_scaled, avx512_add_dense,
		avx512_take_panel, avx512_factor_panel, avx512_forward_sides, avx512_back_sides});
#else
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_this_processor_takes),
		cmocka_unit_test(avx2),
		cmocka_unit_test(avx512),
	};

	return cmocka_run_group_tests_name("loops", tests, NULL, NULL);
}
