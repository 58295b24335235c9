/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file of calibrations, and what one does to a source.
 *
 * A sensor shows y = o + g p. Its channel gets scale/g and -o/g in place of scale and 0, so whatever reads
 * raw values by scale and offset has p. Current times voltage becomes p where the current alone is changed,
 * with the offset over the mean voltage of the calibration. A counter has no offset that could be taken out
 * of it: then what the offset is of the lowest power that was calibrated widens the bound of the gain.
 *
 * A calibration of a simulated board is for simulated boards, and that of a machine for the machine: files of
 * home directories are shared between both.
 */
#include "record/sources/calibration.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/folders.h"
#include "formats/base/kept.h"
#include "formats/base/outfile.h"
#include "formats/base/util.h"
#include "record/sources/rail_power.h"

#define FORMAT "erg-calibrations"
#define BYTES_MAX (4 << 20)
#define NAME "calibrations.json"
#define TIME_MAX_S 86400.0 /* of a lag or a window */
#define LOCK_TRIES 1000
#define LOCK_PAUSE_US 10000

/* ---- the file ---- */

/* False: there is none. MACHINE: what all users share. */
static bool file_path(bool machine, char *path, size_t size)
{
	const char *named = getenv("ERG_CALIBRATIONS");
	char folder[PATH_MAX] = ERG_KEPT_MACHINE;

	if (named && *named)
		return !machine && strcmp(named, "none") &&
			snprintf(path, size, "%s", named) < (int)size;
	if (machine ? geteuid() == 0 : !erg_kept_folder(folder, sizeof(folder)))
		return false; /* root's own is the machine's */
	return snprintf(path, size, "%s/%s", folder, NAME) < (int)size;
}

static bool is_estimate(const json_t *c, const char *key, bool positive)
{
	const json_t *e = json_object_get(c, key), *v = json_object_get(e, "value");
	const json_t *u = json_object_get(e, "u");

	return json_is_number(v) && json_is_number(u) && json_number_value(u) >= 0 &&
		(!positive || json_number_value(v) > 0);
}

/* A time, which has to fit as nanoseconds. */
static bool is_time(const json_t *c, const char *key)
{
	const json_t *e = json_object_get(c, key);

	return is_estimate(c, key, false) &&
		fabs(json_number_value(json_object_get(e, "value"))) <= TIME_MAX_S &&
		json_number_value(json_object_get(e, "u")) <= TIME_MAX_S;
}

static bool is_calibration(const json_t *c)
{
	return json_is_string(json_object_get(c, "host")) &&
		json_is_string(json_object_get(c, "kind")) &&
		json_is_string(json_object_get(c, "rail")) &&
		json_is_boolean(json_object_get(c, "simulated")) &&
		json_is_string(json_object_get(c, "date")) &&
		json_is_string(json_object_get(c, "against")) &&
		json_is_object(json_object_get(c, "model")) && is_estimate(c, "gain", true) &&
		is_estimate(c, "offset_w", false) && is_time(c, "lag_s") && is_time(c, "window_s");
}

/* 0: *RET is the array; 1: there is no such file. Others could make every figure of a user wrong by it. */
static int file_load(const char *path, json_t **ret, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = erg_kept_open(path, 0, BYTES_MAX, err);
	json_error_t error;
	json_t *doc, *list, *c;
	size_t i;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 1 : fd;
	doc = json_loadfd(fd, 0, &error);
	list = json_object_get(doc, "calibrations");
	if (!doc)
		return erg_fail(err, -EINVAL, "%s: line %d: %s", path, error.line, error.text);
	if (strcmp(json_string_value(json_object_get(doc, "format"))
			    ? json_string_value(json_object_get(doc, "format"))
			    : "",
		    FORMAT) ||
		json_integer_value(json_object_get(doc, "version")) != 1 || !json_is_array(list)) {
		json_decref(doc);
		return erg_fail(err, -EINVAL, "%s: expected \"format\": \"%s\", version 1", path,
			FORMAT);
	}
	json_array_foreach (list, i, c)
		if (!is_calibration(c)) {
			json_decref(doc);
			return erg_fail(err, -EINVAL,
				"%s: entry %zu is no calibration, as calibrate --against writes it",
				path, i + 1);
		}
	*ret = json_incref(list);
	json_decref(doc);
	return 0;
}

int erg_calibrations_load(json_t **ret, struct erg_err *err)
{
	json_auto_t *all = json_array();
	char path[PATH_MAX];

	for (int machine = 0; machine < 2; machine++) {
		json_auto_t *list = NULL;
		int r = file_path(machine, path, sizeof(path)) ? file_load(path, &list, err) : 1;

		if (r < 0)
			return r;
		if (list && json_array_extend(all, list) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", path);
	}
	if (!all)
		return erg_fail_errno(err, -ENOMEM, "calibrations");
	*ret = json_incref(all);
	return 0;
}

static bool same_text(const json_t *a, const json_t *b, const char *key)
{
	return json_equal(json_object_get(a, key), json_object_get(b, key));
}

/* Who does not tell may be either. */
static bool may_be_device(const json_t *c, const char *device)
{
	const char *of = json_string_value(json_object_get(c, "device"));

	return !of || !*of || !device || !*device || !strcmp(of, device);
}

static bool same_sensor(const json_t *a, const json_t *b)
{
	return may_be_device(a, json_string_value(json_object_get(b, "device"))) &&
		same_text(a, b, "host") && same_text(a, b, "kind") && same_text(a, b, "rail") &&
		same_text(a, b, "simulated");
}

static int folder_make(const char *path, struct erg_err *err)
{
	char dir[PATH_MAX], *slash;
	int r;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return 0;
	*slash = '\0';
	r = erg_folders_make(dir);
	return r < 0 ? erg_fail_errno(err, r, "%s", dir) : 0;
}

/* Of who reads the file, changes it and writes it: many hosts may share it, and calibrate at a time. *RET_FD is
 * to be closed. */
static int lock_take(const char *path, int *ret_fd, struct erg_err *err)
{
	char lock[PATH_MAX];
	int r;

	if (snprintf(lock, sizeof(lock), "%s.lock", path) >= (int)sizeof(lock))
		return erg_fail_errno(err, -ENAMETOOLONG, "%s", path);
	*ret_fd = erg_kept_lock(lock, err);
	if (*ret_fd < 0)
		return *ret_fd;
	for (int i = 0; (r = flock(*ret_fd, LOCK_EX | LOCK_NB)) < 0 && i < LOCK_TRIES; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0; /* a file system without locks */
		usleep(LOCK_PAUSE_US);
	}
	return r < 0 ? erg_fail(err, -EBUSY, "%s: another process holds it", lock) : 0;
}

static int store_at(const json_t *c, const char *path, struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile o = {0};
	_cleanup_(erg_closep) int lock = -1;
	json_auto_t *list = NULL, *doc = NULL;
	int r;

	if (folder_make(path, err) < 0 || lock_take(path, &lock, err) < 0)
		return err->code;
	r = file_load(path, &list, err);
	if (r > 0)
		list = json_array();
	if (r < 0 || erg_outfile_open(&o, path, err) < 0)
		return err->code;
	for (size_t i = json_array_size(list); i-- > 0;)
		if (same_sensor(json_array_get(list, i), c))
			json_array_remove(list, i);
	json_array_append(list, (json_t *)c);
	doc = json_pack("{s:s, s:i, s:O}", "format", FORMAT, "version", 1, "calibrations", list);
	if (!doc || json_dumpf(doc, o.f, JSON_INDENT(2) | JSON_PRESERVE_ORDER) < 0 ||
		fputc('\n', o.f) == EOF)
		return erg_fail_errno(err, -EIO, "%s", path);
	return erg_outfile_commit(&o, err);
}

int erg_calibration_store(const json_t *c, char *path, size_t size, struct erg_err *err)
{
	mode_t before;
	int r;

	if (!file_path(false, path, size))
		return erg_fail(err, -ENOENT,
			"no place for the calibration: expected HOME, XDG_STATE_HOME or "
			"ERG_CALIBRATIONS=FILE in the environment");
	/* what others can write is not believed; root's is for all users to read */
	before = umask(022);
	if (geteuid() != 0)
		umask(before | 022);
	r = store_at(c, path, err);
	umask(before);
	return r;
}

/* ---- what it does ---- */

static const char *text_of(const json_t *c, const char *key)
{
	const char *s = json_string_value(json_object_get(c, key));

	return s ? s : "";
}

static double part(const json_t *c, const char *key, const char *which)
{
	return json_number_value(json_object_get(json_object_get(c, key), which));
}

json_t *erg_calibration_model(const struct erg_sensor_model *m)
{
	return json_pack("{s:s, s:I, s:I, s:f}", "kind", erg_sensor_kind_name(m->kind), "window_ns",
		(json_int_t)m->window_ns, "period_ns", (json_int_t)m->period_ns, "alpha", m->alpha);
}

static void channel_correct(struct erg_channel_def *d, const json_t *c)
{
	double gain = part(c, "gain", "value"), offset_w = part(c, "offset_w", "value");
	double u_w = 2 * part(c, "offset_w", "u") / gain;
	double volts = json_number_value(json_object_get(c, "mean_v"));
	double low = json_number_value(json_array_get(json_object_get(c, "watts"), 0));

	d->scale /= gain;
	d->gain_max = 2 * part(c, "gain", "u") / gain;
	if (d->quantity == ERG_Q_ENERGY) {
		d->gain_max += low > 0 ? fabs(offset_w) / low : 0;
		return;
	}
	if (d->quantity == ERG_Q_POWER)
		volts = 1;
	if (!(volts > 0))
		return;
	d->offset = -offset_w / gain / volts;
	d->offset_max = u_w / volts;
}

static bool same_settings(const struct erg_sensor_model *m, const json_t *c)
{
	json_auto_t *now = erg_calibration_model(m);

	return json_equal(now, json_object_get(c, "model"));
}

static void model_correct(struct erg_sensor_model *m, const json_t *c)
{
	double window_s = part(c, "window_s", "value");

	m->lag_ns = llround(1e9 * part(c, "lag_s", "value"));
	m->lag_u_ns = (uint64_t)llround(1e9 * part(c, "lag_s", "u"));
	m->provenance = ERG_PROVENANCE_MEASURED;
	if (m->kind == ERG_SENSOR_BOXCAR || m->kind == ERG_SENSOR_POINT)
		m->window_ns = (uint64_t)llround(1e9 * fmax(window_s, 0));
	else if (m->kind == ERG_SENSOR_EMA && m->period_ns && window_s > 0)
		m->alpha = -expm1(-1e-9 * (double)m->period_ns / window_s);
}

static void say_applied(const struct erg_channel_def *d, const json_t *c, bool fits,
	void (*say)(void *data, const char *line), void *data)
{
	char line[512];

	snprintf(line, sizeof(line),
		"%s: read by the calibration of %s against %s: gain %.4g, offset %.3g W%s", d->rail,
		text_of(c, "date"), text_of(c, "against"), part(c, "gain", "value"),
		part(c, "offset_w", "value"),
		fits ? ""
		     : "; its lag and window are not, for the sensor's settings are others now");
	say(data, line);
}

void erg_calibrations_apply(const struct erg_source_list *list, const json_t *all, json_t *applied,
	void (*say)(void *data, const char *line), void *data)
{
	char host[256] = "";
	json_t *c;
	size_t k;

	gethostname(host, sizeof(host) - 1);
	for (size_t i = 0; i < list->n; i++) {
		struct erg_source *s = list->sources[i];
		const struct erg_sensor_model before = s->model;
		bool taken[ERG_SOURCE_CHANNELS_MAX] = {false}, timed = false;

		json_array_foreach ((json_t *)all, k, c) {
			struct erg_rail_form form;
			struct erg_channel_def *d;
			bool fits;

			if (!erg_rail_find(s, text_of(c, "rail"), &form) || taken[form.value] ||
				strcmp(text_of(c, "host"), host) ||
				strcmp(text_of(c, "kind"), s->ops->kind) ||
				!may_be_device(c, s->device) ||
				json_is_true(json_object_get(c, "simulated")) != s->simulated)
				continue;
			d = &s->channels[form.value];
			taken[form.value] = true;
			channel_correct(d, c);
			fits = same_settings(&before, c);
			if (fits && !timed) /* all rails of a sensor have one lag and one window */
				model_correct(&s->model, c);
			timed |= fits;
			say_applied(d, c, fits, say, data);
			if (applied)
				json_array_append(applied, c);
		}
	}
}
