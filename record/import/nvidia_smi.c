/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of `nvidia-smi --query-gpu=timestamp,… --format=csv -lms N`, with units or without
 * (nounits: the header's units count). A GPU is told by its index, bus id or UUID, whichever was
 * asked for; each has its own rails. What it cannot read is in brackets, [N/A], and is missing.
 * power.draw is a mean over a time that depends on the GPU (MEASUREMENT: from 25 ms to 1 s); which
 * one is for --sensor to say.
 */
#include <errno.h>
#include <string.h>

#include "formats/table.h"
#include "formats/base/util.h"
#include "record/import/import.h"

enum role { NONE, TIME, GPU, VALUE };

struct column {
	enum role role;
	const char *suffix; /* of the rail: gpu0, gpu0.sm */
	const char *unit;
	int decimals;
};

static const struct known {
	const char *name; /* what the column's name begins with */
	struct column column;
} known[] = {
	{"timestamp", {TIME, NULL, NULL, 0}},
	{"index", {GPU, NULL, NULL, 0}},
	{"pci.bus_id", {GPU, NULL, NULL, 0}},
	{"gpu_bus_id", {GPU, NULL, NULL, 0}},
	{"uuid", {GPU, NULL, NULL, 0}},
	{"gpu_uuid", {GPU, NULL, NULL, 0}},
	{"power.draw.instant", {VALUE, ".instant", "W", 3}},
	{"power.draw.average", {VALUE, ".average", "W", 3}},
	{"power.draw", {VALUE, "", "W", 3}},
	{"module.power.draw.instant", {VALUE, ".module.instant", "W", 3}},
	{"module.power.draw.average", {VALUE, ".module.average", "W", 3}},
	{"temperature.gpu", {VALUE, "", "degC", 0}},
	{"temperature.memory", {VALUE, ".memory", "degC", 0}},
	{"utilization.gpu", {VALUE, "", "%", 0}},
	{"utilization.memory", {VALUE, ".memory", "%", 0}},
	{"clocks.current.sm", {VALUE, ".sm", "MHz", 0}},
	{"clocks.sm", {VALUE, ".sm", "MHz", 0}},
	{"clocks.current.memory", {VALUE, ".memory", "MHz", 0}},
	{"clocks.mem", {VALUE, ".memory", "MHz", 0}},
	{"clocks.current.graphics", {VALUE, ".graphics", "MHz", 0}},
	{"clocks.gr", {VALUE, ".graphics", "MHz", 0}},
	{"clocks.current.video", {VALUE, ".video", "MHz", 0}},
	{"clocks.video", {VALUE, ".video", "MHz", 0}},
};

/* The name is followed by nothing or by a unit in brackets. */
static struct column classify(const char *name)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(known); i++) {
		size_t len = strlen(known[i].name);

		if (!strncmp(name, known[i].name, len) &&
			(!name[len] || (name[len] == ' ' && name[len + 1] == '[')))
			return known[i].column;
	}
	return (struct column){NONE, NULL, NULL, 0};
}

struct table {
	const struct erg_table *t;
	const char *path;
	struct column *columns;
	int time, gpu;
};

static int classify_columns(struct table *s, struct erg_err *err)
{
	size_t n = erg_table_columns(s->t), values = 0;

	s->time = s->gpu = -1;
	s->columns = calloc(n, sizeof(*s->columns));
	if (!s->columns)
		return erg_fail_errno(err, -ENOMEM, "%s", s->path);
	for (size_t i = 0; i < n; i++) {
		s->columns[i] = classify(erg_table_column_name(s->t, i));
		values += s->columns[i].role == VALUE;
		if (s->columns[i].role == TIME)
			s->time = (int)i;
		if (s->columns[i].role == GPU && s->gpu < 0)
			s->gpu = (int)i;
	}
	if (s->time < 0)
		return erg_fail(err, -EINVAL, "%s: no column timestamp; a log of nvidia-smi "
			"--query-gpu=timestamp,power.draw,… --format=csv was expected", s->path);
	if (values == 0)
		return erg_fail(err, -EINVAL, "%s: no column with power, temperature, utilisation or "
			"clocks", s->path);
	return 0;
}

static int set_value(struct table *s, struct erg_import_log *log, size_t row, size_t column,
	const char *gpu, struct erg_err *err)
{
	const struct column *c = &s->columns[column];
	const char *cell = erg_table_cell(s->t, row, column), *end;
	char rail[96];
	int64_t v;
	int i;

	if (*cell == '[' || !*cell || !strcmp(cell, "N/A") || !strcmp(cell, "ERR!"))
		return 0;
	if (!erg_import_decimal(cell, c->decimals, &v, &end))
		return erg_fail(err, -EINVAL, "%s: line %zu, column '%s': '%.40s' is not a number",
			s->path, erg_table_line(s->t, row), erg_table_column_name(s->t, column), cell);
	while (*end == ' ')
		end++;
	if (*end && strcmp(end, c->unit))
		return erg_fail(err, -EINVAL, "%s: line %zu, column '%s': '%.40s': unit %s was "
			"expected", s->path, erg_table_line(s->t, row),
			erg_table_column_name(s->t, column), cell, c->unit);
	snprintf(rail, sizeof(rail), "gpu%s%s", gpu, c->suffix);
	i = erg_import_channel(log, rail, c->unit, c->decimals, err);
	if (i < 0)
		return i;
	log->channels[i].raw[log->n - 1] = v;
	return 0;
}

static int take_row(struct table *s, struct erg_import_log *log, size_t row, struct erg_err *err)
{
	const char *text = erg_table_cell(s->t, row, (size_t)s->time), *end;
	const char *gpu = s->gpu < 0 ? "0" : erg_table_cell(s->t, row, (size_t)s->gpu);
	size_t line = erg_table_line(s->t, row);
	int64_t t;
	int r = 0;

	if (!erg_import_time(text, false, &t, &end))
		return erg_fail(err, -EINVAL, "%s: line %zu: '%.40s': a time like "
			"'2023/11/14 12:13:14.123' was expected", s->path, line, text);
	/* GPUs that were asked together share a row */
	if (log->n == 0 || log->t[log->n - 1] != t)
		r = erg_import_row(log, t, line, err);
	for (size_t i = 0; r == 0 && i < erg_table_columns(s->t); i++)
		if (s->columns[i].role == VALUE)
			r = set_value(s, log, row, i, gpu, err);
	return r;
}

static int read_nvidia_smi(const char *path, const struct erg_import_how *how, struct erg_import_log *ret,
	json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_table_freep) struct erg_table *t = NULL;
	struct table s = {.path = path};
	int r = erg_table_read(path, &t, err);

	if (r < 0)
		return r;
	ret->path = path;
	s.t = t;
	r = classify_columns(&s, err);
	for (size_t i = 0; r == 0 && i < erg_table_rows(t); i++)
		r = take_row(&s, ret, i, err);
	free(s.columns);
	return r;
}

const struct erg_import_reader erg_import_nvidia_smi = {
	.name = "nvidia-smi",
	.about = "nvidia-smi --query-gpu=timestamp,… --format=csv",
	.read = read_nvidia_smi,
};
