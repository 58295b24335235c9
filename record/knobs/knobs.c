/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of knobs, their names, and the cells that they write.
 *
 * Nothing is believed because it was written: each write is read back, and a simulated board (or a
 * slow embedded controller) gets a moment before that. A value is checked against what the hardware
 * lists before anything is changed, so that a typing error in the last line of a plan is found
 * before the first run.
 */
#include "record/knobs/knobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "formats/base/util.h"

#define SETTLE_NS 50000000
#define NVML_PREFIX "nvml:"

static const struct erg_knob_ops *const drivers[] = {&erg_knob_cpufreq, &erg_knob_devfreq,
	&erg_knob_powercap, &erg_knob_cpus, &erg_knob_affinity, &erg_knob_fan, &erg_knob_nvml};

int erg_cell_read(const char *cell, char *buf, size_t size)
{
	_cleanup_(erg_closep) int fd = -1;
	ssize_t n;
	char *p;

	if (strncmp(cell, NVML_PREFIX, strlen(NVML_PREFIX)) == 0)
		return erg_nvml_cell_read(cell, buf, size);
	fd = open(cell, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && strchr(" \t\n", buf[n - 1]))
		n--;
	buf[n] = 0;
	p = buf + strspn(buf, " \t");
	memmove(buf, p, strlen(p) + 1);
	return 0;
}

int erg_cell_write(const char *cell, const char *text)
{
	_cleanup_(erg_closep) int fd = -1;
	char line[ERG_KNOB_TEXT_MAX + 2];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	if (strncmp(cell, NVML_PREFIX, strlen(NVML_PREFIX)) == 0)
		return erg_nvml_cell_write(cell, text);
	fd = open(cell, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, line, (size_t)n) < 0)
		return -errno;
	return 0;
}

int erg_cell_put(const struct erg_knob_context *ctx, const char *cell, const char *text, char *got)
{
	char buf[ERG_KNOB_TEXT_MAX];
	struct timespec pause = {0, ctx->simulated ? SETTLE_NS : 1000000};
	int r = erg_cell_write(cell, text);

	if (!got)
		got = buf;
	if (r < 0) {
		if (erg_cell_read(cell, got, ERG_KNOB_TEXT_MAX) < 0)
			got[0] = 0;
		return r;
	}
	nanosleep(&pause, NULL);
	r = erg_cell_read(cell, got, ERG_KNOB_TEXT_MAX);
	if (r < 0)
		return r;
	return strcmp(got, text) == 0 ? 0 : -EINVAL;
}

static int format_path(char **ret, const char *fmt, va_list ap)
{
	return vasprintf(ret, fmt, ap) < 0 ? -ENOMEM : 0;
}

int erg_knob_cell(struct erg_knob *k, const char *fmt, ...)
{
	_cleanup_(erg_freep) char *path = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(&path, fmt, ap);
	va_end(ap);
	return r < 0 ? r : erg_texts_add(&k->cells, path);
}

int erg_knob_text(char *buf, size_t size, const char *fmt, ...)
{
	_cleanup_(erg_freep) char *path = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(&path, fmt, ap);
	va_end(ap);
	return r < 0 ? r : erg_cell_read(path, buf, size);
}

int erg_knob_words(const char *text, struct erg_texts *ret)
{
	char *save = NULL, *word;
	_cleanup_(erg_freep) char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	for (word = strtok_r(copy, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save))
		if (erg_texts_add(ret, word) < 0)
			return -ENOMEM;
	return 0;
}

static int by_version(const struct dirent **a, const struct dirent **b)
{
	return versionsort(a, b);
}

int erg_knob_list(const struct erg_knob_context *ctx, const char *dir, const char *prefix,
	struct erg_texts *ret)
{
	char path[512];
	struct dirent **names = NULL;
	int n, r = 0;

	snprintf(path, sizeof(path), "%s/%s", ctx->sysfs, dir);
	n = scandir(path, &names, NULL, by_version);
	for (int i = 0; i < n; i++) {
		char full[1024];

		snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
		if (r == 0 && names[i]->d_name[0] != '.' &&
			(!prefix || strncmp(names[i]->d_name, prefix, strlen(prefix)) == 0))
			r = erg_texts_add(ret, full);
		free(names[i]);
	}
	free(names);
	return r;
}

bool erg_knob_is_device(const char *dir, const char *name_file, const char *device)
{
	const char *base = strrchr(dir, '/') ? strrchr(dir, '/') + 1 : dir;
	char name[ERG_KNOB_TEXT_MAX];

	if (!device[0] || strcmp(base, device) == 0)
		return true;
	if (name_file && erg_knob_text(name, sizeof(name), "%s/%s", dir, name_file) == 0)
		return strcmp(name, device) == 0;
	/* "gpu" is enough for 57000000.gpu */
	return !name_file && strstr(base, device);
}

static void list_drivers(char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(drivers) && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s%s", n ? "; " : "", drivers[i]->driver,
			drivers[i]->attributes[0] ? "." : "", drivers[i]->attributes);
}

/* DRIVER[.DEVICE].ATTRIBUTE; devices may have dots. */
static const struct erg_knob_ops *split_name(const char *name, struct erg_knob *k)
{
	const char *first = strchrnul(name, '.'), *last = strrchr(name, '.');

	snprintf(k->name, sizeof(k->name), "%s", name);
	if (last && last > first)
		snprintf(k->device, sizeof(k->device), "%.*s", (int)(last - first - 1), first + 1);
	snprintf(k->attribute, sizeof(k->attribute), "%s", last ? last + 1 : "");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(drivers); i++)
		if (strlen(drivers[i]->driver) == (size_t)(first - name) &&
			strncmp(drivers[i]->driver, name, (size_t)(first - name)) == 0)
			return drivers[i];
	return NULL;
}

static bool has_attribute(const struct erg_knob_ops *ops, const char *attribute)
{
	size_t len = strlen(attribute);

	if (!ops->attributes[0])
		return len == 0;
	for (const char *at = ops->attributes; len && at; at = strchr(at, ' ')) {
		at += strspn(at, ", ");
		if (strncmp(at, attribute, len) == 0 && (at[len] == ',' || at[len] == 0))
			return true;
	}
	return false;
}

int erg_knob_open(struct erg_knob_context *ctx, const char *name, struct erg_knob *ret,
	struct erg_err *err)
{
	char known[512];
	int r;

	*ret = (struct erg_knob){.ctx = ctx};
	ret->ops = split_name(name, ret);
	if (!ret->ops) {
		list_drivers(known, sizeof(known));
		return erg_fail(err, -EINVAL, "unknown knob \"%s\": expected one of %s", name, known);
	}
	if (!has_attribute(ret->ops, ret->attribute))
		return erg_fail(err, -EINVAL, "unknown knob \"%s\": %s has %s", name, ret->ops->driver,
			ret->ops->attributes[0] ? ret->ops->attributes : "no attributes");
	r = ret->ops->find(ret, err);
	if (r < 0)
		erg_knob_close(ret);
	return r;
}

void erg_knob_close(struct erg_knob *k)
{
	erg_texts_clear(&k->devices);
	erg_texts_clear(&k->cells);
}

static void join(const struct erg_texts *t, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	for (size_t i = 0; i < t->n && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? " " : "", t->v[i]);
}

int erg_knob_check(const struct erg_knob *k, const char *value, struct erg_err *err)
{
	struct erg_texts allowed = {0};
	char limits[768] = "";
	int r = k->ops->allowed(k, &allowed, limits, sizeof(limits), err);
	bool ok = allowed.n == 0;

	for (size_t i = 0; r == 0 && i < allowed.n; i++)
		ok = ok || strcmp(allowed.v[i], value) == 0;
	if (r == 0 && !ok) {
		join(&allowed, limits, sizeof(limits));
		r = erg_fail(err, -EINVAL, "%s: %s is not allowed: expected one of %s", k->name, value,
			limits);
	} else if (r == 0 && allowed.n == 0 && limits[0]) {
		double lo, hi, v;
		char *end;

		v = strtod(value, &end);
		if (sscanf(limits, "%lf to %lf", &lo, &hi) == 2 &&
			(end == value || *end || !(v >= lo && v <= hi)))
			r = erg_fail(err, -EINVAL, "%s: %s is not allowed: expected %s", k->name, value,
				limits);
	}
	erg_texts_clear(&allowed);
	return r;
}

int erg_knob_refused(const struct erg_knob *k, const char *value, const char *got,
	struct erg_err *err)
{
	struct erg_texts allowed = {0};
	char limits[768] = "";

	if (k->ops->allowed(k, &allowed, limits, sizeof(limits), NULL) == 0 && allowed.n)
		join(&allowed, limits, sizeof(limits));
	erg_texts_clear(&allowed);
	return erg_fail(err, -EINVAL, "%s: %s was refused, it reads %s%s%s", k->name, value,
		got[0] ? got : "nothing", limits[0] ? "; allowed: " : "", limits);
}

int erg_knob_apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err)
{
	int r = erg_knob_check(k, value, err);

	if (r == 0)
		r = k->ops->apply(k, value, applied, size, err);
	if (r == 0)
		snprintf(k->wanted, sizeof(k->wanted), "%s", applied);
	return r;
}

bool erg_knob_holds(const struct erg_knob *k)
{
	char now[ERG_KNOB_TEXT_MAX];

	return !k->wanted[0] ||
		(k->ops->read(k, now, sizeof(now), NULL) == 0 && strcmp(now, k->wanted) == 0);
}
