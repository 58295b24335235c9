/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * NVIDIA GPUs by NVML.
 *
 * Each GPU becomes up to six sources, each in a thread of its own, because a call may wait for
 * the driver: the energy counter (mJ since the driver was loaded; Volta and later), instant power
 * (field 186) and averaged power (185), then temperature with the reasons of throttling and the
 * power limit, clocks, and utilisation. On drivers that know no such fields
 * nvmlDeviceGetPowerUsage is power.
 *
 * All three tell of the same board, so power is filed under the counter's rail and never added to
 * it.
 *
 * On a Grace superchip NVML tells the power of the module, too: GPU, CPU and what is around them
 * (scope 1 of the fields). It contains the GPU's rail, and it is asked of no other board, as a driver
 * that knows no scopes answers with the GPU's.
 *
 * What a power reading means is not documented; the windows are those measured by Yang, Adamek
 * and Armour (arXiv 2312.02741, SC'24): A100 and H100 class sensors see 25 ms of every 100 ms,
 * Turing and later GeForce class ones all of 100 ms, Volta and Pascal 10 of 20 ms, older ones are
 * a low pass; the average is over 1 s on Ampere and later except GA100 (A100, A30, A800). So
 * provenance is "assumed", the gain is within 6 to 16 %, and the counter is the one to believe for
 * energy.
 *
 * Time stamps are microseconds of CLOCK_REALTIME and are moved to CLOCK_MONOTONIC by the difference
 * of both clocks at the reading; one that is not near the reading is not believed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"
#include "record/sources/nvml_lib.h"

#define POWER_INTERVAL_NS 10000000u
#define STATE_INTERVAL_NS 100000000u
#define STAMP_BELIEVED_NS 2000000000
#define CLOCK_PAIRS 8
#define CLOCK_PAIR_NS 2000
#define RETRY_NS 1000000000u
#define GAIN_MAX 0.05

struct nvml_source;

/* What a source reads: values, one for each channel, and the stamp (us) or 0. */
typedef int read_function(struct nvml_source *s, int64_t *values, long long *stamp_us);

struct nvml_source {
	struct erg_source src;
	struct erg_nvml *nvml;
	unsigned int index;
	struct erg_nvml_device *device;
	read_function *read;
	int field;
	unsigned int scope;
	long long last_stamp;
	uint64_t retry_ns;
};

/* ---- readings ---- */

static int field_value(const struct erg_nvml_field *f, int64_t *ret)
{
	switch (f->type) {
	case ERG_NVML_UINT:
		*ret = f->value.ui;
		return 0;
	case ERG_NVML_ULONG:
		*ret = (int64_t)f->value.ul;
		return 0;
	case ERG_NVML_ULONGLONG:
	case ERG_NVML_LONGLONG:
		*ret = f->value.sll;
		return 0;
	case ERG_NVML_DOUBLE:
		*ret = (int64_t)f->value.d;
		return 0;
	default:
		return -EBADMSG;
	}
}

static int read_field(struct nvml_source *s, int64_t *values, long long *stamp_us)
{
	struct erg_nvml_field f = {.field = (unsigned int)s->field, .scope = s->scope};
	int r = s->nvml->fields(s->device, 1, &f);

	if (!r)
		r = f.result;
	if (r)
		return erg_nvml_errno(r);
	*stamp_us = f.timestamp_us;
	return field_value(&f, values);
}

static int read_energy_call(struct nvml_source *s, int64_t *values, long long *stamp_us)
{
	unsigned long long mj;
	int r = s->nvml->energy(s->device, &mj);

	values[0] = (int64_t)mj;
	return erg_nvml_errno(r);
}

static int read_power_call(struct nvml_source *s, int64_t *values, long long *stamp_us)
{
	unsigned int mw;
	int r = s->nvml->power(s->device, &mw);

	values[0] = mw;
	return erg_nvml_errno(r);
}

/* Several calls make one reading: it fails when all of them do. */
static void keep_value(int result, int64_t value, int64_t *dst, int *r)
{
	*dst = result ? ERG_VALUE_NONE : value;
	if (!result)
		*r = 0;
	else if (*r)
		*r = erg_nvml_errno(result);
}

static int read_heat(struct nvml_source *s, int64_t *values, long long *stamp_us)
{
	const struct erg_nvml *n = s->nvml;
	unsigned long long bits = 0;
	unsigned int degc = 0, mw = 0;
	int r = -ENOTSUP;
	int e = n->temperature ? n->temperature(s->device, ERG_NVML_TEMPERATURE_GPU, &degc)
			       : ERG_NVML_NOT_SUPPORTED;

	keep_value(e, degc, &values[0], &r);
	e = n->event_reasons ? n->event_reasons(s->device, &bits) : ERG_NVML_NOT_SUPPORTED;
	keep_value(e, (int64_t)bits, &values[1], &r);
	e = n->power_limit ? n->power_limit(s->device, &mw) : ERG_NVML_NOT_SUPPORTED;
	keep_value(e, mw, &values[2], &r);
	return r;
}

static int read_clocks(struct nvml_source *s, int64_t *values, long long *stamp_us)
{
	const struct erg_nvml *n = s->nvml;
	unsigned int sm = 0, mem = 0;
	int r = -ENOTSUP, e;

	if (!n->clock)
		return r;
	e = n->clock(s->device, ERG_NVML_CLOCK_SM, &sm);
	keep_value(e, sm, &values[0], &r);
	e = n->clock(s->device, ERG_NVML_CLOCK_MEM, &mem);
	keep_value(e, mem, &values[1], &r);
	return r;
}

static int read_load(struct nvml_source *s, int64_t *values, long long *stamp_us)
{
	struct erg_nvml_utilization u = {0};
	int r = s->nvml->utilization ? s->nvml->utilization(s->device, &u) : ERG_NVML_NOT_SUPPORTED;

	values[0] = u.gpu;
	values[1] = u.memory;
	return erg_nvml_errno(r);
}

/* ---- operations ---- */

/* Two clocks cannot be read at once, and a thread that has to wait between them would move the
 * reading by its wait: the closest of a few pairs counts, the first that is close enough. */
static uint64_t stamp_to_mono(long long stamp_us)
{
	uint64_t before = erg_mono_ns(), closest = UINT64_MAX, mono = 0;
	int64_t age = 0;

	for (int i = 0; i < CLOCK_PAIRS && closest > CLOCK_PAIR_NS; i++) {
		struct timespec real;
		uint64_t after;

		clock_gettime(CLOCK_REALTIME, &real);
		after = erg_mono_ns();
		if (after - before < closest) {
			closest = after - before;
			mono = before + closest / 2;
			age = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec - stamp_us * 1000;
		}
		before = after;
	}
	if (age < -STAMP_BELIEVED_NS || age > STAMP_BELIEVED_NS)
		return 0;
	return mono - (uint64_t)age;
}

/* A GPU that is lost may come back after a reset, under a new handle. */
static int find_again(struct nvml_source *s)
{
	uint64_t now = erg_mono_ns();

	if (now < s->retry_ns)
		return -ENODEV;
	s->retry_ns = now + RETRY_NS;
	if (s->nvml->device(s->index, &s->device))
		s->device = NULL;
	return s->device ? 0 : -ENODEV;
}

static int nvml_read(struct erg_source *source, int64_t *values, uint64_t *native)
{
	struct nvml_source *s = (struct nvml_source *)source;
	long long stamp_us = 0;
	int r = s->device ? 0 : find_again(s);

	*native = 0;
	if (r >= 0)
		r = s->read(s, values, &stamp_us);
	if (r < 0) {
		if (r == -ENODEV)
			s->device = NULL;
		return r;
	}
	if (stamp_us) {
		if (stamp_us == s->last_stamp)
			return ERG_READ_NOTHING;
		s->last_stamp = stamp_us;
		*native = stamp_to_mono(stamp_us);
	}
	return ERG_READ_OK;
}

static void nvml_free(struct erg_source *source)
{
	struct nvml_source *s = (struct nvml_source *)source;

	if (!s)
		return;
	erg_nvml_unref(s->nvml);
	free(source->channels);
	free(s);
}

/* ---- finding ---- */

#define MEND_READ                                                                                  \
	"run as root; or, where a group may use /dev/nvidia0: sudo usermod -aG "                   \
	"\"$(stat -c %G /dev/nvidia0)\" \"$USER\", and log in again"
#define MEND_DRIVER "sudo modprobe nvidia; nvidia-smi says more"

struct gpu {
	struct erg_nvml *nvml;
	unsigned int index, architecture;
	struct erg_nvml_device *device;
	char name[96], rail[24];
	char uuid[96]; /* " GPU-…", or nothing */
	bool counts_energy;
};

static struct nvml_source *source_new(const struct gpu *g, enum erg_source_class cls,
	read_function *read, int field, const struct erg_channel_def *channels, size_t n)
{
	struct nvml_source *s = calloc(1, sizeof(*s));

	if (s)
		s->src.channels = calloc(n, sizeof(*channels));
	if (!s || !s->src.channels) {
		free(s);
		return NULL;
	}
	memcpy(s->src.channels, channels, n * sizeof(*channels));
	s->src.n_channels = n;
	s->src.ops = &erg_source_nvml;
	s->src.cls = cls;
	s->src.simulated = g->nvml->simulated;
	s->src.rate_fixed = true;
	s->src.interval_ns = cls == ERG_CLASS_POWER ? POWER_INTERVAL_NS : STATE_INTERVAL_NS;
	erg_text_set(s->src.path, sizeof(s->src.path), "nvml:%u (%s)%s", g->index, g->name,
		g->uuid);
	erg_text_set(s->src.device, sizeof(s->src.device), "%s", *g->uuid ? g->uuid + 1 : "");
	s->nvml = erg_nvml_ref(g->nvml);
	s->index = g->index;
	s->device = g->device;
	s->read = read;
	s->field = field;
	return s;
}

/* The chip of data centres of the Ampere generation, by the names of its boards: as words, as an
 * A3000 is no A30. */
static bool is_ga100(const struct gpu *g)
{
	static const char *const boards[] = {"A100", "A30", "A800"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(boards); i++) {
		const char *at = strstr(g->name, boards[i]);
		char after = at ? at[strlen(boards[i])] : '0';

		if (!(after >= '0' && after <= '9'))
			return true;
	}
	return false;
}

/* GPUs whose sensor sees a quarter of the time. */
static bool is_part_time(const struct gpu *g)
{
	return g->architecture >= ERG_NVML_HOPPER || is_ga100(g);
}

static struct erg_sensor_model power_model(const struct gpu *g, bool average)
{
	struct erg_sensor_model m = {.kind = ERG_SENSOR_BOXCAR,
		.provenance = ERG_PROVENANCE_ASSUMED,
		.window_ns = 100000000,
		.period_ns = 100000000};

	if (average)
		m.window_ns = 1000000000;
	else if (is_part_time(g))
		m.window_ns = 25000000;
	else if (g->architecture == ERG_NVML_VOLTA || g->architecture == ERG_NVML_PASCAL) {
		m.window_ns = 10000000;
		m.period_ns = 20000000;
	} else if (g->architecture && g->architecture < ERG_NVML_PASCAL) {
		/* A low pass (Burtscher, Zecena, Zong, GPGPU-7 2014). */
		m.kind = ERG_SENSOR_EMA;
		m.period_ns = 15000000;
		m.window_ns = 0;
		m.alpha = 0.02;
	}
	return m;
}

/* Offers S if one reading works; *ret_found tells. Takes S. */
static int offer_nvml(struct nvml_source *s, struct erg_source_list *list, bool *ret_found)
{
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	long long stamp;
	int r;

	*ret_found = false;
	if (!s)
		return -ENOMEM;
	r = s->read(s, values, &stamp);
	if (r == -EACCES)
		erg_source_list_note_error(list, "nvml", s->src.path, MEND_READ,
			s->src.channels[0].rail, EACCES);
	if (r < 0) {
		nvml_free(&s->src);
		return 0;
	}
	*ret_found = true;
	return erg_source_list_add(list, &s->src);
}

static int find_energy(struct gpu *g, struct erg_source_list *list)
{
	struct erg_channel_def d = {.quantity = ERG_Q_ENERGY,
		.unit = "mJ",
		.scale = 1e-3,
		.lsb = 1,
		.gain_max = GAIN_MAX};
	struct erg_sensor_model model = {.kind = ERG_SENSOR_COUNTER,
		.provenance = ERG_PROVENANCE_ASSUMED,
		.period_ns = 100000000};
	struct nvml_source *s;
	int r = 0;

	strcpy(d.rail, g->rail);
	if (g->nvml->fields) {
		s = source_new(g, ERG_CLASS_POWER, read_field, ERG_NVML_FIELD_ENERGY, &d, 1);
		if (s)
			s->src.model = model;
		r = offer_nvml(s, list, &g->counts_energy);
	}
	if (r >= 0 && !g->counts_energy && g->nvml->energy) {
		s = source_new(g, ERG_CLASS_POWER, read_energy_call, 0, &d, 1);
		if (s)
			s->src.model = model;
		r = offer_nvml(s, list, &g->counts_energy);
	}
	return r;
}

static int find_power_of(const struct gpu *g, read_function *read, int field, bool average,
	const char *suffix, struct erg_source_list *list, bool *ret_found)
{
	struct erg_channel_def d = {.quantity = ERG_Q_POWER,
		.unit = "mW",
		.scale = 1e-3,
		.lsb = 1,
		.gain_max = GAIN_MAX};
	struct nvml_source *s;

	if (*suffix) {
		erg_text_set(d.rail, sizeof(d.rail), "%s-%s", g->rail, suffix);
		strcpy(d.parent, g->rail);
	} else {
		strcpy(d.rail, g->rail);
	}
	s = source_new(g, ERG_CLASS_POWER, read, field, &d, 1);
	if (s)
		s->src.model = power_model(g, average);
	return offer_nvml(s, list, ret_found);
}

static int find_power(const struct gpu *g, struct erg_source_list *list)
{
	bool averages = g->architecture >= ERG_NVML_AMPERE && !is_ga100(g);
	bool instant = false, average = false;
	const char *first = g->counts_energy ? "instant" : "";
	int r = 0;

	if (g->nvml->fields) {
		r = find_power_of(g, read_field, ERG_NVML_FIELD_POWER_INSTANT, false, first, list,
			&instant);
		if (r >= 0)
			r = find_power_of(g, read_field, ERG_NVML_FIELD_POWER_AVERAGE, true,
				instant || g->counts_energy ? "average" : "", list, &average);
	}
	if (r >= 0 && !instant && !average && g->nvml->power)
		r = find_power_of(g, read_power_call, 0, averages, first, list, &instant);
	return r;
}

static bool is_superchip(const struct gpu *g)
{
	return strstr(g->name, "GH200") || strstr(g->name, "GB200") || strstr(g->name, "GB300");
}

/* The module, and the rails of G among the sources of LIST from FROM as its parts. */
static int find_module(const struct gpu *g, struct erg_source_list *list, size_t from)
{
	struct erg_channel_def d = {.quantity = ERG_Q_POWER,
		.unit = "mW",
		.scale = 1e-3,
		.lsb = 1,
		.gain_max = GAIN_MAX};
	struct nvml_source *s;
	size_t until = list->n;
	bool found;
	int r;

	if (!g->nvml->fields || !is_superchip(g))
		return 0;
	erg_text_set(d.rail, sizeof(d.rail), "%s-module", g->rail);
	s = source_new(g, ERG_CLASS_POWER, read_field, ERG_NVML_FIELD_POWER_INSTANT, &d, 1);
	if (s) {
		s->scope = ERG_NVML_SCOPE_MODULE;
		s->src.model = power_model(g, false);
	}
	r = offer_nvml(s, list, &found);
	for (size_t i = from; r >= 0 && found && i < until; i++)
		if (!strcmp(list->sources[i]->channels[0].rail, g->rail))
			memcpy(list->sources[i]->channels[0].parent, d.rail, sizeof(d.rail));
	return r;
}

static int find_state(const struct gpu *g, struct erg_source_list *list)
{
	struct erg_channel_def heat[] = {
		{.quantity = ERG_Q_TEMPERATURE, .unit = "degC", .scale = 1, .lsb = 1},
		{.quantity = ERG_Q_COUNT, .unit = "bits", .scale = 1, .lsb = 1},
		{.quantity = ERG_Q_COUNT, .unit = "mW", .scale = 1, .lsb = 1},
	};
	struct erg_channel_def clocks[] = {
		{.quantity = ERG_Q_FREQUENCY, .unit = "MHz", .scale = 1e6, .lsb = 1},
		{.quantity = ERG_Q_FREQUENCY, .unit = "MHz", .scale = 1e6, .lsb = 1},
	};
	struct erg_channel_def load[] = {
		{.quantity = ERG_Q_UTILIZATION, .unit = "%", .scale = 1e-2, .lsb = 1},
		{.quantity = ERG_Q_UTILIZATION, .unit = "%", .scale = 1e-2, .lsb = 1},
	};
	bool found;
	int r;

	strcpy(heat[0].rail, g->rail);
	erg_text_set(heat[1].rail, sizeof(heat[1].rail), "%s-throttle-reasons", g->rail);
	erg_text_set(heat[2].rail, sizeof(heat[2].rail), "%s-power-limit", g->rail);
	erg_text_set(clocks[0].rail, sizeof(clocks[0].rail), "%s-sm", g->rail);
	erg_text_set(clocks[1].rail, sizeof(clocks[1].rail), "%s-mem", g->rail);
	strcpy(load[0].rail, g->rail);
	erg_text_set(load[1].rail, sizeof(load[1].rail), "%s-mem", g->rail);
	r = offer_nvml(source_new(g, ERG_CLASS_THERMAL, read_heat, 0, heat, 3), list, &found);
	if (r >= 0)
		r = offer_nvml(source_new(g, ERG_CLASS_FREQUENCY, read_clocks, 0, clocks, 2), list,
			&found);
	if (r >= 0)
		r = offer_nvml(source_new(g, ERG_CLASS_UTILIZATION, read_load, 0, load, 2), list,
			&found);
	return r;
}

static int find_gpu(struct erg_nvml *nvml, unsigned int index, struct erg_source_list *list)
{
	struct gpu g = {.nvml = nvml, .index = index};
	size_t before = list->n;
	int r = nvml->device(index, &g.device);

	snprintf(g.rail, sizeof(g.rail), "gpu%u", index);
	if (r) {
		erg_source_list_note(list, "nvml", g.rail,
			r == ERG_NVML_GPU_IS_LOST ? "reset the GPU or restart the machine" : "",
			"%s", nvml->error(r));
		return 0;
	}
	if (nvml->name(g.device, g.name, sizeof(g.name)))
		strcpy(g.name, "unknown");
	if (!nvml->uuid || nvml->uuid(g.device, g.uuid + 1, sizeof(g.uuid) - 1))
		g.uuid[0] = '\0';
	else
		g.uuid[0] = ' ';
	if (nvml->architecture && nvml->architecture(g.device, &g.architecture))
		g.architecture = 0;
	r = find_energy(&g, list);
	if (r >= 0)
		r = find_power(&g, list);
	if (r >= 0)
		r = find_module(&g, list, before);
	if (r >= 0 && list->n == before)
		erg_source_list_note(list, "nvml", g.rail, "", "%s tells neither power nor energy",
			g.name);
	return r < 0 ? r : find_state(&g, list);
}

static int nvml_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	struct erg_nvml *nvml;
	struct erg_err e;
	unsigned int n = 0;
	int r;

	if (cfg->simulated) {
		erg_source_list_note(list, "nvml", "", "",
			"left out: the sensors are a simulated board's, a GPU would be real");
		return 0;
	}
	r = erg_nvml_open(&nvml, &e);
	if (r < 0) {
		erg_source_list_note_library(list, "nvml", r, e.msg,
			"install NVIDIA's driver if there is such a GPU", MEND_DRIVER);
		return r == -ENOMEM ? erg_fail(err, r, "nvml: out of memory") : 0;
	}
	r = nvml->count(&n) ? 0 : 1;
	if (!r || !n)
		erg_source_list_note(list, "nvml", "",
			"see nvidia-smi -L; a container wants --gpus all",
			"the driver shows no GPU");
	for (unsigned int i = 0; r >= 0 && i < n; i++)
		r = find_gpu(nvml, i, list);
	erg_nvml_unref(nvml);
	return r < 0 ? erg_fail_errno(err, r, "nvml") : 0;
}

const struct erg_source_ops erg_source_nvml = {
	.kind = "nvml",
	.about = "NVIDIA GPUs: energy, power, temperature, clocks, load, throttling",
	.slow = true,
	.find = nvml_find,
	.read = nvml_read,
	.free = nvml_free,
};
