#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/accuracy/scene.h"
#include "analyze/attribution/attribution.h"
#include "formats/util.h"
int main(int argc, char **argv)
{
	struct scene s; scene_defaults(&s);
	struct erg_attr_options o; erg_attr_options_init(&o);
	for (int i = 1; i + 1 < argc; i += 2) {
		double x = atof(argv[i+1]); const char *k = argv[i];
#define K(n, f) if (!strcmp(k, n)) f
		K("seed", s.seed = x); K("window", s.window_s = x); K("spacing", s.spacing_s = x);
		K("kind", s.kind = x); K("var", s.variation = x); K("run", s.run_s = x); K("lag", s.lag_s = x);
		K("layers", s.layers = x); K("lsb", s.lsb = x); K("period", s.period_s = x); K("alpha", s.alpha = x);
		K("noise", s.noise_w = x); K("dither", s.dither = x); K("jitter", s.jitter = x); K("idle", s.idle_s = x);
		K("round", s.round_cycle = x); K("min", s.layer_min_s = x); K("max", s.layer_max_s = x); K("drift", s.drift_w = x);
		K("lagmode", o.lag = x); K("ci", o.ci_limit = x); K("fitw", o.fit_window = x);
	}
	struct scene_trace t; scene_make(&s, &t);
	uint64_t a0 = erg_mono_ns();
	struct erg_attr *a; struct erg_err err;
	int r = erg_attr_run(&t.rail, &t.seg, &o, &a, &err);
	if (r) { puts(err.msg); return 1; }
	printf("%.3f s; cond %.3g lag %.1f us u %.2f us (%s) true %.1f us; rows %zu blocks %zu len %zu resid %.3f drift %.3f locked %d win %.3f ms\n", (erg_mono_ns()-a0)*1e-9,
		a->diag.cond, a->diag.lag_ns*1e-3, a->diag.lag_u_ns*1e-3, a->diag.lag_source, s.lag_s*1e6, a->diag.rows, a->diag.blocks, a->diag.block_length, a->diag.residual_w, a->diag.drift_w, a->diag.locked, a->diag.window_ns*1e-6);
	printf("ets %.4f [%.4f %.4f] %s true %.4f err %.3f%%\n", a->ets_j.value, a->ets_j.lo, a->ets_j.hi, a->ets_j.method, t.total_j, 100*(a->ets_j.value/t.total_j-1));
	double naive[500]; scene_naive(&t, naive);
	for (size_t k = 0; k < t.n_classes; k++) {
		struct erg_attr_class *c = &a->classes[k];
		printf("%2zu t %.3fms P %.3f true %9.4f est %9.4f [%9.4f %9.4f] stat %.2f%% err %6.2f%% %s %s g%u/%u win %.0f cov %.3f naive %.0f%% dir %.4f nn %.4f\n", k, t.time_s[k]/c->calls*1e3, t.energy_j[k]/t.time_s[k], t.energy_j[k],
			c->energy_j.value, c->energy_j.lo, c->energy_j.hi, 100*c->energy_j.stat/c->energy_j.value, 100*(c->energy_j.value/t.energy_j[k]-1), c->energy_j.method, erg_attr_gate_name(c->gate), c->group, c->group_n, c->windows, c->coverage, 100*(naive[k]/t.energy_j[k]-1), c->energy_direct_j.value, c->energy_nnls_j.value);
	}
	json_t *w; size_t i; json_array_foreach(a->warnings, i, w) printf("W %s\n", json_string_value(json_object_get(w,"text")));
	erg_attr_free(a); scene_release(&t);
}
