/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AMD GPUs by AMD SMI, the library of ROCm.
 *
 * Each GPU becomes up to five sources, each in a thread of its own, because a call may wait for the
 * firmware: the energy counter, power, temperatures, clocks, and what held it back. Power is of the moment on MI300 and
 * later, an average whose window is not documented on the cards before. Counter and power tell of the
 * same socket, so power is filed under the counter's rail; so is the card's power by hwmon, where both
 * are asked (rails.c).
 *
 * The counter counts in steps that the library gives, 15.3 uJ for all cards; the hardware's are
 * 2^-16 J = 15.26 uJ. The difference lies within the gain that is assumed.
 *
 * The counter's stamp is what the kernel's driver writes into the table of metrics: CLOCK_BOOTTIME. It
 * is moved to CLOCK_MONOTONIC; one that is not near the reading is not believed.
 *
 * What held it back is counted by the firmware of MI300 and later (amdsmi_get_violation_status, which waits
 * for 100 ms and is asked once a second). The flags of the cards before lie in a table that is laid out
 * otherwise in nearly each release, and are left out.
 *
 * Written by the declarations of the versions that amdsmi_lib.h names, and tried with a stand-in only.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "formats/base/util.h"
#include "record/sources/amdsmi_lib.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

#define POWER_INTERVAL_NS 10000000u
#define STATE_INTERVAL_NS 100000000u
#define SLOWING_INTERVAL_NS 1000000000u
#define STAMP_BELIEVED_NS 2000000000
#define GAIN_MAX 0.05

struct amd_source;

/* What a source reads: values, one for each channel, and the stamp (CLOCK_BOOTTIME, ns) or 0. */
typedef int amd_read_function(struct amd_source *s, int64_t *values, uint64_t *stamp_ns);

struct amd_source {
	struct erg_source src;
	struct erg_amdsmi *lib;
	struct erg_amdsmi_gpu *gpu;
	amd_read_function *read;
	bool average;        /* of power */
	float resolution_uj; /* of the counter */
	uint64_t last_stamp;
};

struct amd_gpu {
	struct erg_amdsmi *lib;
	struct erg_amdsmi_gpu *gpu;
	char rail[24], path[40];
	bool counts_energy;
};

/* ---- readings ---- */

static int read_energy(struct amd_source *s, int64_t *values, uint64_t *stamp_ns)
{
	uint64_t count;
	float resolution_uj;
	int r = erg_amdsmi_energy(s->lib, s->gpu, &count, &resolution_uj, stamp_ns);

	if (r < 0)
		return r;
	if (resolution_uj != s->resolution_uj)
		return -EBADMSG; /* the channel's definition says another */
	values[0] = (int64_t)count;
	return 0;
}

static int read_power(struct amd_source *s, int64_t *values, uint64_t *stamp_ns)
{
	uint32_t current, average, w;
	int r = erg_amdsmi_power(s->lib, s->gpu, &current, &average);

	if (r < 0)
		return r;
	w = s->average ? average : current;
	if (w == ERG_AMDSMI_NONE)
		return -ENOTSUP;
	values[0] = w;
	return 0;
}

/* Several calls make one reading: it fails when all of them do. */
static void keep_value(int result, int64_t value, int64_t *dst, int *r)
{
	*dst = result < 0 ? ERG_VALUE_NONE : value;
	if (result >= 0)
		*r = 0;
	else if (*r < 0)
		*r = result;
}

static int read_heat(struct amd_source *s, int64_t *values, uint64_t *stamp_ns)
{
	static const int sensors[] = {ERG_AMDSMI_EDGE, ERG_AMDSMI_HOTSPOT, ERG_AMDSMI_VRAM};
	int r = -ENOTSUP;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(sensors); i++) {
		int64_t degc = 0;
		int e = erg_amdsmi_temperature(s->lib, s->gpu, sensors[i], &degc);

		keep_value(e, degc, &values[i], &r);
	}
	return r;
}

static int read_clocks(struct amd_source *s, int64_t *values, uint64_t *stamp_ns)
{
	static const int types[] = {ERG_AMDSMI_CLOCK_GFX, ERG_AMDSMI_CLOCK_MEM};
	int r = -ENOTSUP;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(types); i++) {
		int64_t mhz = 0;
		int e = erg_amdsmi_clock(s->lib, s->gpu, types[i], &mhz);

		keep_value(e, mhz, &values[i], &r);
	}
	return r;
}

static int read_slowing(struct amd_source *s, int64_t *values, uint64_t *stamp_ns)
{
	uint64_t counts[ERG_AMDSMI_VIOLATIONS];
	int r = erg_amdsmi_violations(s->lib, s->gpu, counts);

	for (size_t i = 0; r >= 0 && i < ERG_AMDSMI_VIOLATIONS; i++)
		values[i] = counts[i] <= INT64_MAX ? (int64_t)counts[i] : ERG_VALUE_NONE;
	return r;
}

/* ---- operations ---- */

/* CLOCK_BOOTTIME goes on while the machine sleeps, so the difference of both is taken now. */
static uint64_t boot_to_mono(uint64_t stamp_ns)
{
	struct timespec boot;
	uint64_t mono = erg_mono_ns();
	int64_t age;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	age = (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - (int64_t)stamp_ns;
	if (age < -STAMP_BELIEVED_NS || age > STAMP_BELIEVED_NS)
		return 0;
	return mono - (uint64_t)age;
}

static int amd_read(struct erg_source *source, int64_t *values, uint64_t *native)
{
	struct amd_source *s = (struct amd_source *)source;
	uint64_t stamp_ns = 0;
	int r = s->read(s, values, &stamp_ns);

	*native = 0;
	if (r < 0)
		return r;
	if (stamp_ns) {
		if (stamp_ns == s->last_stamp)
			return ERG_READ_NOTHING;
		s->last_stamp = stamp_ns;
		*native = boot_to_mono(stamp_ns);
	}
	return ERG_READ_OK;
}

static void amd_free(struct erg_source *source)
{
	struct amd_source *s = (struct amd_source *)source;

	if (!s)
		return;
	erg_amdsmi_unref(s->lib);
	free(source->channels);
	free(s);
}

/* ---- finding ---- */

#define MEND_READ "run as root, or: sudo usermod -aG render,video \"$USER\", and log in again"
#define MEND_DRIVER "sudo modprobe amdgpu; amd-smi list says more"

static struct amd_source *amd_source_new(const struct amd_gpu *g, enum erg_source_class cls,
	amd_read_function *read, const struct erg_channel_def *channels, size_t n)
{
	struct amd_source *s = calloc(1, sizeof(*s));

	if (s)
		s->src.channels = calloc(n, sizeof(*channels));
	if (!s || !s->src.channels) {
		free(s);
		return NULL;
	}
	memcpy(s->src.channels, channels, n * sizeof(*channels));
	s->src.n_channels = n;
	s->src.ops = &erg_source_amdsmi;
	s->src.cls = cls;
	s->src.model.provenance = ERG_PROVENANCE_ASSUMED;
	s->src.simulated = g->lib->simulated;
	s->src.rate_fixed = true;
	s->src.interval_ns = cls == ERG_CLASS_POWER ? POWER_INTERVAL_NS : STATE_INTERVAL_NS;
	erg_text_set(s->src.path, sizeof(s->src.path), "%s", g->path);
	erg_text_set(s->src.device, sizeof(s->src.device), "%s", g->path);
	s->lib = erg_amdsmi_ref(g->lib);
	s->gpu = g->gpu;
	s->read = read;
	return s;
}

static void note_failure(const struct amd_gpu *g, struct erg_source_list *list, const char *what,
	int r)
{
	char text[64];

	snprintf(text, sizeof(text), "%s: %s", g->rail, what);
	erg_source_list_note_error(list, "amd-smi", g->path, MEND_READ, text, -r);
}

static int find_energy(struct amd_gpu *g, struct erg_source_list *list)
{
	struct erg_channel_def d = {.quantity = ERG_Q_ENERGY, .lsb = 1, .gain_max = GAIN_MAX};
	struct amd_source *s;
	uint64_t count, stamp_ns;
	float resolution_uj;
	int r = erg_amdsmi_energy(g->lib, g->gpu, &count, &resolution_uj, &stamp_ns);

	if (r < 0) {
		if (r != -ENOTSUP)
			note_failure(g, list, "energy", r);
		return 0;
	}
	erg_text_set(d.rail, sizeof(d.rail), "%s", g->rail);
	erg_text_set(d.unit, sizeof(d.unit), "%.4guJ", (double)resolution_uj);
	d.scale = (double)resolution_uj * 1e-6;
	s = amd_source_new(g, ERG_CLASS_POWER, read_energy, &d, 1);
	if (!s)
		return -ENOMEM;
	s->src.model.kind = ERG_SENSOR_COUNTER;
	s->resolution_uj = resolution_uj;
	g->counts_energy = true;
	return erg_source_list_add(list, &s->src);
}

/* 0 W is what a card says of a power that it does not measure, as the second die of a pair. */
static bool tells(uint32_t w)
{
	return w != ERG_AMDSMI_NONE && w != 0;
}

static int find_power(const struct amd_gpu *g, struct erg_source_list *list)
{
	struct erg_channel_def d = {.quantity = ERG_Q_POWER,
		.unit = "W",
		.scale = 1,
		.lsb = 1,
		.gain_max = GAIN_MAX};
	struct amd_source *s;
	uint32_t current, average;
	int r = erg_amdsmi_power(g->lib, g->gpu, &current, &average);

	if (r < 0 && r != -ENOTSUP)
		note_failure(g, list, "power", r);
	else if (!g->counts_energy && (r < 0 || (!tells(current) && !tells(average))))
		erg_source_list_note(list, "amd-smi", g->path, "",
			"%s tells neither power nor energy", g->rail);
	if (r < 0 || (!tells(current) && !tells(average)))
		return 0;
	if (g->counts_energy) {
		erg_text_set(d.rail, sizeof(d.rail), "%s-%s", g->rail,
			tells(current) ? "instant" : "average");
		erg_text_set(d.parent, sizeof(d.parent), "%s", g->rail);
	} else {
		erg_text_set(d.rail, sizeof(d.rail), "%s", g->rail);
	}
	s = amd_source_new(g, ERG_CLASS_POWER, read_power, &d, 1);
	if (!s)
		return -ENOMEM;
	s->average = !tells(current);
	s->src.model.kind = s->average ? ERG_SENSOR_BOXCAR : ERG_SENSOR_POINT;
	return erg_source_list_add(list, &s->src);
}

/* Adds S with the channels that can be read; takes it. */
static int offer_state(struct amd_source *s, struct erg_source_list *list)
{
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	uint64_t stamp_ns = 0;

	if (!s)
		return -ENOMEM;
	if (s->read(s, values, &stamp_ns) < 0) {
		amd_free(&s->src);
		return 0;
	}
	return erg_source_list_add(list, &s->src);
}

static int find_state(const struct amd_gpu *g, struct erg_source_list *list)
{
	static const char *const places[] = {"", "-hotspot", "-mem"},
				 *const clocked[] = {"-gfx", "-mem"};
	struct erg_channel_def heat[3], clocks[2];
	int r;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(heat); i++) {
		heat[i] = (struct erg_channel_def){.quantity = ERG_Q_TEMPERATURE,
			.unit = "degC",
			.scale = 1,
			.lsb = 1};
		erg_text_set(heat[i].rail, sizeof(heat[i].rail), "%s%s", g->rail, places[i]);
	}
	for (size_t i = 0; i < ERG_ARRAY_SIZE(clocks); i++) {
		clocks[i] = (struct erg_channel_def){.quantity = ERG_Q_FREQUENCY,
			.unit = "MHz",
			.scale = 1e6,
			.lsb = 1};
		erg_text_set(clocks[i].rail, sizeof(clocks[i].rail), "%s%s", g->rail, clocked[i]);
	}
	r = offer_state(amd_source_new(g, ERG_CLASS_THERMAL, read_heat, heat, 3), list);
	return r < 0
		? r
		: offer_state(amd_source_new(g, ERG_CLASS_FREQUENCY, read_clocks, clocks, 2), list);
}

static int find_slowing(const struct amd_gpu *g, struct erg_source_list *list)
{
	static const char *const causes[ERG_AMDSMI_VIOLATIONS] = {"prochot", "power", "socket-heat",
		"regulator-heat", "memory-heat"};
	struct erg_channel_def d[ERG_AMDSMI_VIOLATIONS];
	struct amd_source *s;

	for (size_t i = 0; i < ERG_AMDSMI_VIOLATIONS; i++) {
		d[i] = (struct erg_channel_def){.quantity = ERG_Q_COUNT,
			.unit = "1",
			.scale = 1,
			.lsb = 1};
		erg_text_set(d[i].rail, sizeof(d[i].rail), "%s-throttle-%s", g->rail, causes[i]);
	}
	s = amd_source_new(g, ERG_CLASS_THERMAL, read_slowing, d, ERG_AMDSMI_VIOLATIONS);
	if (s) {
		s->src.model.kind = ERG_SENSOR_COUNTER;
		s->src.interval_ns = SLOWING_INTERVAL_NS;
	}
	return offer_state(s, list);
}

static int find_gpu(struct amd_gpu *g, struct erg_source_list *list)
{
	char address[24];
	int r = erg_amdsmi_address(g->lib, g->gpu, address, sizeof(address));

	/* Where it sits tells whether hwmon has the same card: without it both would count. */
	if (r < 0) {
		note_failure(g, list, "PCI address", r);
		return 0;
	}
	erg_text_set(g->path, sizeof(g->path), "amd-smi:%s", address);
	r = find_energy(g, list);
	if (r >= 0)
		r = find_power(g, list);
	if (r >= 0)
		r = find_state(g, list);
	return r < 0 ? r : find_slowing(g, list);
}

static int amdsmi_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	struct erg_amdsmi_gpu *gpus[ERG_AMDSMI_GPUS_MAX];
	struct erg_amdsmi *lib;
	unsigned int without;
	struct erg_err e;
	int n, r;

	if (cfg->simulated) {
		erg_source_list_note(list, "amd-smi", "", "",
			"left out: the sensors are a simulated board's, a GPU would be real");
		return 0;
	}
	r = erg_amdsmi_open(&lib, &e);
	if (r < 0) {
		erg_source_list_note_library(list, "amd-smi", r, e.msg,
			"install ROCm's amd-smi-lib if there is such a GPU", MEND_DRIVER);
		return r == -ENOMEM ? erg_fail(err, r, "amd-smi: out of memory") : 0;
	}
	n = erg_amdsmi_gpus(lib, gpus, &without);
	if (n < 0)
		erg_source_list_note_error(list, "amd-smi", "", MEND_READ, "listing the GPUs", -n);
	else if (without)
		erg_source_list_note(list, "amd-smi", "", "", "%u sockets show no GPU", without);
	else if (!n)
		erg_source_list_note(list, "amd-smi", "", MEND_DRIVER, "the driver shows no GPU");
	for (int i = 0; r >= 0 && i < n; i++) {
		struct amd_gpu g = {.lib = lib, .gpu = gpus[i]};

		snprintf(g.rail, sizeof(g.rail), "gpu%d", i);
		r = find_gpu(&g, list);
	}
	erg_amdsmi_unref(lib);
	return r < 0 ? erg_fail_errno(err, r, "amd-smi") : 0;
}

const struct erg_source_ops erg_source_amdsmi = {
	.kind = "amd-smi",
	.about = "AMD GPUs: energy, power, temperatures, clocks, throttling",
	.slow = true,
	.find = amdsmi_find,
	.read = amd_read,
	.free = amd_free,
};
