/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the readers of logs share: rows and channels that grow together, numbers and times out of
 * running text. A channel may appear in any row (a GPU that comes later, a rail that is off); the
 * rows before have no reading of it.
 */
#include "record/import/import.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/base/warning.h"

void erg_import_note(json_t *notes, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	erg_warning_add(notes, code, fmt, ap);
	va_end(ap);
}

int erg_import_find_channel(const struct erg_import_log *log, const char *rail,
	enum erg_quantity quantity)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (log->channels[i].def.quantity == quantity &&
			!strcmp(log->channels[i].def.rail, rail))
			return (int)i;
	return -ENOENT;
}

static int grow_channel(const struct erg_import_log *log, struct erg_import_channel *c,
	size_t alloc)
{
	void *p = c->raw;
	int r = erg_import_store_grow(&c->store, log->folder, &p, alloc * sizeof(*c->raw));

	if (r < 0)
		return r;
	c->raw = p;
	for (size_t i = c->alloc == 0 ? 0 : log->n; erg_import_has_row(log, i); i++) {
		/* of a channel that is not the log's yet */
		if (i % ERG_IMPORT_ROWS_HELD == 0)
			erg_import_store_let_go(&c->store, c->raw, i, sizeof(*c->raw));
		c->raw[i] = ERG_IMPORT_MISSING;
	}
	c->alloc = alloc;
	return 0;
}

static int fail_growth(const struct erg_import_log *log, int r, struct erg_err *err)
{
	if (r == -ENOMEM)
		return erg_fail_errno(err, r, "%s: %zu rows", log->path, log->n);
	return erg_fail_errno(err, r, "%s: no room for more than %zu rows of %s", log->folder,
		log->n, log->path);
}

int erg_import_channel(struct erg_import_log *log, const char *rail, const char *unit, int decimals,
	struct erg_err *err)
{
	struct erg_import_channel *c;
	enum erg_quantity quantity;
	double scale;
	int i, r;

	if (!erg_unit_parse(unit, &quantity, &scale))
		return erg_fail(err, -EINVAL,
			"%s: '%s': unit '%s' is not known; one of %s was "
			"expected",
			log->path, rail, unit, erg_unit_names());
	i = erg_import_find_channel(log, rail, quantity);
	if (i >= 0)
		return i;
	c = reallocarray(log->channels, log->n_channels + 1, sizeof(*c));
	if (!c)
		return erg_fail_errno(err, -ENOMEM, "%s", log->path);
	log->channels = c;
	c = &c[log->n_channels];
	*c = (struct erg_import_channel){.decimals = decimals};
	if (strlen(rail) >= sizeof(c->def.rail))
		return erg_fail(err, -EINVAL, "%s: '%s': a name of at most %zu bytes was expected",
			log->path, rail, sizeof(c->def.rail) - 1);
	snprintf(c->def.rail, sizeof(c->def.rail), "%s", rail);
	snprintf(c->def.unit, sizeof(c->def.unit), "%s", unit);
	c->def.quantity = quantity;
	c->def.scale = scale / pow(10, decimals);
	r = log->alloc ? grow_channel(log, c, log->alloc) : 0;
	if (r < 0)
		return fail_growth(log, r, err);
	return (int)log->n_channels++;
}

static int grow_rows(struct erg_import_log *log)
{
	size_t alloc = log->alloc ? 2 * log->alloc : 1024;
	void *t = log->t, *line = log->line;
	int r = erg_import_store_grow(&log->t_store, log->folder, &t, alloc * sizeof(*log->t));

	log->t = t;
	if (r == 0)
		r = erg_import_store_grow(&log->line_store, log->folder, &line,
			alloc * sizeof(*log->line));
	log->line = line;
	for (size_t i = 0; r == 0 && i < log->n_channels; i++)
		r = grow_channel(log, &log->channels[i], alloc);
	if (r == 0)
		log->alloc = alloc;
	return r;
}

int erg_import_row(struct erg_import_log *log, int64_t t, size_t line, struct erg_err *err)
{
	int r;

	if (t < -ERG_IMPORT_TIME_MAX || t > ERG_IMPORT_TIME_MAX)
		return erg_fail(err, -ERANGE,
			"%s: line %zu: the time is more than 126 years from zero", log->path, line);
	r = log->n == log->alloc ? grow_rows(log) : 0;
	if (r < 0)
		return fail_growth(log, r, err);
	if (log->n % ERG_IMPORT_ROWS_HELD == 0)
		erg_import_let_go(log, log->n);
	log->t[log->n] = t;
	log->line[log->n] = (uint32_t)line;
	for (size_t i = 0; i < log->n_channels; i++)
		log->channels[i].raw[log->n] = ERG_IMPORT_MISSING;
	log->n++;
	return 0;
}

bool erg_import_let_go(const struct erg_import_log *log, size_t row)
{
	erg_import_store_let_go(&log->t_store, log->t, row, sizeof(*log->t));
	erg_import_store_let_go(&log->line_store, log->line, row, sizeof(*log->line));
	for (size_t i = 0; i < log->n_channels; i++)
		erg_import_store_let_go(&log->channels[i].store, log->channels[i].raw, row,
			sizeof(*log->channels[i].raw));
	return true;
}

int erg_import_put(struct erg_import_log *log, size_t channel, int64_t raw, struct erg_err *err)
{
	struct erg_import_channel *c = &log->channels[channel];
	int64_t *cell = &c->raw[log->n - 1];

	if (*cell != ERG_IMPORT_MISSING)
		return erg_fail(err, -EINVAL,
			"%s: line %u: a second %s of '%s' at one time; %s was expected", log->path,
			log->line[log->n - 1], erg_quantity_name(c->def.quantity), c->def.rail,
			log->apart
				? log->apart
				: "what tells devices apart (a column index, uuid or pci.bus_id)");
	*cell = raw;
	return 0;
}

bool erg_import_has_reading(const struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (log->channels[i].raw[log->n - 1] != ERG_IMPORT_MISSING)
			return true;
	return false;
}

bool erg_import_rows_share(const struct erg_import_log *log, size_t a, size_t b)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (log->channels[i].raw[a] != ERG_IMPORT_MISSING &&
			log->channels[i].raw[b] != ERG_IMPORT_MISSING)
			return true;
	return false;
}

bool erg_import_was_read(const struct erg_import_log *log, uint32_t group, size_t row)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (log->channels[i].group == group &&
			log->channels[i].raw[row] != ERG_IMPORT_MISSING)
			return true;
	return false;
}

void erg_import_foreign(struct erg_import_log *log, size_t line, const char *text)
{
	struct erg_import_foreign *f = &log->foreign;

	if (f->n++ > 0)
		return;
	f->line = line;
	snprintf(f->text, sizeof(f->text), "%.*s", (int)sizeof(f->text) - 1, text);
}

int erg_import_phase_add(struct erg_import_phase **list, size_t *n, const char *name, int64_t begin,
	int64_t end)
{
	struct erg_import_phase *p = reallocarray(*list, *n + 1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	*list = p;
	p += *n;
	*p = (struct erg_import_phase){strdup(name), begin, end};
	if (!p->name)
		return -ENOMEM;
	++*n;
	return 0;
}

int erg_import_phase(struct erg_import_log *log, const char *name, int64_t t)
{
	struct erg_import_phase *p = log->n_phases ? &log->phases[log->n_phases - 1] : NULL;

	if (p && name && *name && !strcmp(p->name, name)) {
		p->end = t;
		return 0;
	}
	return name && *name ? erg_import_phase_add(&log->phases, &log->n_phases, name, t, t) : 0;
}

void erg_import_log_close(struct erg_import_log *log)
{
	erg_import_store_close(&log->t_store, log->n * sizeof(*log->t));
	erg_import_store_close(&log->line_store, log->n * sizeof(*log->line));
	for (size_t i = 0; i < log->n_channels; i++)
		erg_import_store_close(&log->channels[i].store,
			log->n * sizeof(*log->channels[i].raw));
}

void erg_import_log_release(struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels; i++)
		erg_import_store_release(&log->channels[i].store, log->channels[i].raw);
	for (size_t i = 0; i < log->n_phases; i++)
		free(log->phases[i].name);
	for (size_t i = 0; i < log->n_head; i++)
		free(log->head[i]);
	free(log->head);
	free(log->channels);
	free(log->phases);
	erg_import_store_release(&log->t_store, log->t);
	erg_import_store_release(&log->line_store, log->line);
	json_decref(log->gaps);
	*log = (struct erg_import_log){0};
}

bool erg_import_decimal(const char *s, int decimals, int64_t *ret, const char **ret_end)
{
	bool negative = *s == '-', digits = false;
	int64_t v = 0;

	s += *s == '-' || *s == '+';
	for (; *s >= '0' && *s <= '9' && v < INT64_MAX / 100; s++, digits = true)
		v = 10 * v + (*s - '0');
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, digits = true) {
			if (decimals > 0 && v < INT64_MAX / 100) {
				v = 10 * v + (*s - '0');
				decimals--;
			} else if (decimals == 0) {
				v += *s >= '5';
				decimals = -1;
			}
		}
	}
	for (; decimals > 0; decimals--) {
		if (v > INT64_MAX / 10)
			return false;
		v *= 10;
	}
	*ret = negative ? -v : v;
	*ret_end = s;
	return digits;
}
