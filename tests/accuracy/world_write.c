/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A world as files: samples.csv and layers.csv as erg-record import takes them, truth.json, and
 * sensor.txt with what is declared. Only text crosses over to the programs under test.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/accuracy/world.h"

static FILE *create(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "we");
}

static void write_level(FILE *f, const struct work *k, int *level, double until)
{
	for (; *level < k->levels && k->level_t[*level] <= until; ++*level)
		fprintf(f, "%.9f,,%.0f\n", k->level_t[*level], 1000 * level_factor(*level));
}

static int write_samples(const struct work *k, const struct readings *r, const char *dir)
{
	bool counter = k->w->is.kind == SENSE_COUNTER;
	FILE *f = create(dir, "samples.csv");
	int level = 0;

	if (!f)
		return -errno;
	fprintf(f, "time_s,%s%s\n",
		counter              ? "package-0 [J]"
			: k->w->rail ? k->w->rail
				     : "VDD_IN [W]",
		k->levels ? ",gpu [MHz]" : "");
	for (size_t i = 0; i < r->n; i++) {
		write_level(f, k, &level, r->r[i].stamp);
		fprintf(f, "%.9f,%.9g%s\n", r->r[i].stamp, r->r[i].value, k->levels ? "," : "");
	}
	return fclose(f) ? -errno : 0;
}

/* A begin or an end as the log has it, no earlier than *LAST of its track. */
static long long layer_stamp(const struct world *w, int64_t t_ns, long long *last)
{
	double t = (double)t_ns + w->layers_off_s * 1e9 * draw_normal_at(w->seed, t_ns);
	double step = w->layers_round_s * 1e9;
	long long stamp = step > 0 ? llround(round(t / step) * step) : llround(t);

	if (!(step > 0) && !(w->layers_off_s > 0))
		return t_ns;
	*last = stamp > *last ? stamp : *last;
	return *last;
}

static int write_layers(const struct work *k, const char *dir)
{
	FILE *f = create(dir, "layers.csv");
	char name[32], module[32];
	long long last[WORLD_TRACKS] = {0};

	if (!f)
		return -errno;
	fprintf(f, "begin_ns,end_ns,layer,type,network,module,iteration,track%s\n",
		k->w->phases ? ",phase" : "");
	for (size_t i = 0; i < k->instances; i++) {
		const struct instance *n = &k->instance[i];
		long long begin = layer_stamp(k->w, n->begin_ns, &last[n->track]);
		long long end = layer_stamp(k->w, n->end_ns, &last[n->track]);

		layer_name(k, n->layer, name, sizeof(name));
		module[0] = '\0';
		if (k->module[n->layer] != WORLD_NONE)
			layer_name(k, k->module[n->layer], module, sizeof(module));
		fprintf(f, "%lld,%lld,%s,%s,%s,%s,%d,%s%d%s%s\n", begin, end, name,
			layer_type(n->layer), "world", module, n->iteration,
			k->w->track_name ? k->w->track_name : "thread ", n->track,
			k->w->phases ? "," : "", k->w->phases ? phase_names[n->phase] : "");
	}
	return fclose(f) ? -errno : 0;
}

static int write_truth(const struct work *k, const struct readings *r, const char *dir)
{
	FILE *f = create(dir, "truth.json");
	char name[32], sensor[256], peers[64];
	double hold[WORLD_LAYERS], ols[WORLD_LAYERS];

	if (!f)
		return -errno;
	peer_hold(k, r, hold);
	peer_ols(k, r, ols);
	world_sensor(k->w, sensor, sizeof(sensor));
	fprintf(f, "{\"kind\": \"%s\", \"seed\": %llu, \"sensor\": \"%s\",\n", k->w->kind,
		(unsigned long long)k->w->seed, sensor);
	fprintf(f, " \"ets_j\": %.9g, \"rest_j\": %.9g,\n \"layers\": {", truth_total(k, r),
		truth_rest(k, r));
	for (int i = 0; i < k->layers; i++) {
		layer_name(k, i, name, sizeof(name));
		peers[0] = '\0';
		if (!isnan(ols[i]))
			snprintf(peers, sizeof(peers), ", \"ols_j\": %.9g", ols[i]);
		fprintf(f,
			"%s\n  \"%s\": {\"energy_j\": %.9g, \"all_shared_equally_j\": %.9g, "
			"\"type\": \"%s\", \"time_s\": %.9g, \"hold_j\": %.9g%s}",
			i ? "," : "", name, k->energy[i], k->equal[i], layer_type(i), k->time_s[i],
			hold[i], peers);
	}
	fprintf(f, "}}\n");
	return fclose(f) ? -errno : 0;
}

void world_sensor(const struct world *w, char *buf, size_t size)
{
	static const char *const kinds_of[] = {"point", "boxcar", "ema", "counter"};
	const struct sensor *s = &w->says;
	int n;

	buf[0] = '\0';
	if (!w->declared)
		return;
	n = snprintf(buf, size, "kind=%s", kinds_of[s->kind]);
	if (s->kind != SENSE_COUNTER && s->kind != SENSE_EMA)
		n += snprintf(buf + n, size - (size_t)n, " window_s=%.9g", s->window_s);
	if (s->period_s > 0)
		n += snprintf(buf + n, size - (size_t)n, " period_s=%.9g", s->period_s);
	if (s->kind == SENSE_EMA)
		n += snprintf(buf + n, size - (size_t)n, " alpha=%.9g", s->alpha);
	if (!isnan(s->lag_s))
		n += snprintf(buf + n, size - (size_t)n, " lag_s=%.9g", s->lag_s);
	if (w->says_lsb && w->lsb > 0)
		snprintf(buf + n, size - (size_t)n, " lsb=%.9g", w->lsb);
}

int world_write(const struct work *k, const struct readings *r, const char *dir)
{
	char sensor[256];
	FILE *f;
	int e = write_samples(k, r, dir);

	if (e == 0)
		e = write_layers(k, dir);
	if (e == 0)
		e = write_truth(k, r, dir);
	if (e < 0)
		return e;
	f = create(dir, "sensor.txt");
	if (!f)
		return -errno;
	world_sensor(k->w, sensor, sizeof(sensor));
	fprintf(f, "%s\n", sensor);
	return fclose(f) ? -errno : 0;
}
