/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of drivers, and what --source means.
 *
 * "auto" asks every driver that needs no argument, in the order of the table; where two tell of the
 * same rail, the earlier one is preferred and the later one says so in a note.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/device.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

const struct erg_source_ops *const erg_source_drivers[] = {
	&erg_source_ina3221x,
	&erg_source_hwmon,
	&erg_source_iio,
	&erg_source_perf,
	&erg_source_powercap,
	&erg_source_opal,
	&erg_source_nvml,
	&erg_source_amdsmi,
	&erg_source_thermal,
	&erg_source_cpufreq,
	&erg_source_devfreq,
	&erg_source_procstat,
	&erg_source_powersensor3,
	&erg_source_exec,
	NULL,
};

/* The driver whose name TEXT begins with, followed by the end, a comma or a colon. */
static const struct erg_source_ops *driver_at(const char *text)
{
	for (const struct erg_source_ops *const *d = erg_source_drivers; *d; d++) {
		size_t len = strlen((*d)->kind);

		if (!strncmp(text, (*d)->kind, len) && strchr(",:", text[len]))
			return *d;
	}
	return NULL;
}

static int unknown_kind(const char *item, struct erg_err *err)
{
	char names[512] = "auto";

	for (const struct erg_source_ops *const *d = erg_source_drivers; *d; d++) {
		size_t len = strlen(names);

		snprintf(names + len, sizeof(names) - len, ", %s%s%s", (*d)->kind,
			(*d)->arg ? ":" : "", (*d)->arg ? (*d)->arg : "");
	}
	return erg_fail(err, -EINVAL, "--source: unknown source \"%.*s\": expected one of %s",
		(int)strcspn(item, ",:"), item, names);
}

/* ---- filters ---- */

static bool source_matches(const struct erg_source *s, const char *arg)
{
	const char *at = strstr(s->path, arg);
	char after = at ? at[strlen(arg)] : 'x';

	for (size_t c = 0; c < s->n_channels; c++)
		if (!strcmp(s->channels[c].rail, arg))
			return true;
	/* a whole part of the path, or the path from its beginning */
	return at && (at == s->path || at[-1] == '/') && (after == '/' || !after);
}

static void list_rails(const struct erg_source_list *l, char *dst, size_t size)
{
	size_t len = 0;

	*dst = '\0';
	for (size_t i = 0; i < l->n; i++)
		for (size_t c = 0; c < l->sources[i]->n_channels && len < size; c++)
			if (!strstr(dst, l->sources[i]->channels[c].rail))
				len += (size_t)snprintf(dst + len, size - len, "%s%s",
					len ? ", " : "", l->sources[i]->channels[c].rail);
}

/* Keeps of FOUND what has ARG. */
static int filter(struct erg_source_list *found, const char *kind, const char *arg,
	struct erg_err *err)
{
	char rails[700];
	size_t kept = 0;

	for (size_t i = 0; i < found->n; i++)
		kept += source_matches(found->sources[i], arg);
	if (!kept) {
		list_rails(found, rails, sizeof(rails));
		return erg_fail(err, -ENOENT, "--source %s:%s: no such rail, chip or path: %s%s",
			kind, arg, found->n ? "there are " : "nothing of this kind was found",
			rails);
	}
	kept = 0;
	for (size_t i = 0; i < found->n; i++) {
		if (source_matches(found->sources[i], arg))
			found->sources[kept++] = found->sources[i];
		else
			found->sources[i]->ops->free(found->sources[i]);
	}
	found->n = kept;
	return 0;
}

/* ---- putting together ---- */

static bool same_place(const struct erg_source_list *l, const struct erg_source *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->sources[i]->ops->kind == s->ops->kind && l->sources[i]->cls == s->cls &&
			l->sources[i]->model.kind == s->model.kind && s->n_channels &&
			!strcmp(l->sources[i]->path, s->path) &&
			!strcmp(l->sources[i]->channels[0].rail, s->channels[0].rail) &&
			l->sources[i]->channels[0].quantity == s->channels[0].quantity)
			return true;
	return false;
}

/* Moves sources and notes of FROM to TO, leaving out what TO has already (hwmon,hwmon). */
static int append_sources(struct erg_source_list *to, struct erg_source_list *from)
{
	int r = 0;

	for (size_t i = 0; i < from->n; i++) {
		struct erg_source *s = from->sources[i];

		if (r < 0 || (strcmp(s->ops->kind, "exec") && same_place(to, s)))
			s->ops->free(s);
		else
			r = erg_source_list_add(to, s);
	}
	from->n = 0;
	for (size_t i = 0; i < from->n_notes; i++) {
		const struct erg_probe_note *n = &from->notes[i];

		erg_source_list_note_copy(to, n);
	}
	return r;
}

/* Asked for by name and nothing there: say why, from the first note. */
static int nothing_found(const char *kind, const struct erg_source_list *found, struct erg_err *err)
{
	const struct erg_probe_note *n = found->n_notes ? &found->notes[0] : NULL;

	return erg_fail(err, -ENOENT, "--source %s: %s%s%s%s%s", kind, n && *n->path ? n->path : "",
		n && *n->path ? ": " : "", n ? n->reason : "nothing found",
		n && *n->mend ? "; " : "", n && *n->mend ? n->mend : "");
}

static int find_one(const struct erg_source_ops *d, const char *arg,
	const struct erg_source_config *base, bool by_name, struct erg_source_list *ret,
	struct erg_err *err)
{
	_cleanup_(erg_source_list_release) struct erg_source_list found = {0};
	struct erg_source_config cfg = *base;
	int r;

	cfg.arg = arg;
	r = d->find(&cfg, &found, err);
	if (r < 0)
		return r;
	if (arg && !d->arg)
		r = filter(&found, d->kind, arg, err);
	else if (by_name && !found.n)
		r = nothing_found(d->kind, &found, err);
	if (r < 0)
		return r;
	r = append_sources(ret, &found);
	return r < 0 ? erg_fail_errno(err, r, "%s", d->kind) : 0;
}

static bool is_auto(const char *text)
{
	return !strncmp(text, "auto", 4) && strchr(",", text[4]);
}

/* Where the item at TEXT ends: at a comma that a driver's name or auto follows, or at the end. */
static const char *item_end(const char *text)
{
	const char *p = strchr(text, ',');

	if (driver_at(text) != &erg_source_exec)
		return p ? p : text + strlen(text);
	while (p && !driver_at(p + 1) && !is_auto(p + 1))
		p = strchr(p + 1, ',');
	return p ? p : text + strlen(text);
}

static int find_item(const char *text, const char *end, const struct erg_source_config *cfg,
	struct erg_source_list *ret, struct erg_err *err)
{
	const struct erg_source_ops *d = driver_at(text);
	_cleanup_(erg_freep) char *item = strndup(text, (size_t)(end - text));
	char *colon;

	if (!d)
		return unknown_kind(text, err);
	if (!item)
		return erg_fail(err, -ENOMEM, "--source: out of memory");
	colon = strchr(item, ':');
	return find_one(d, colon ? colon + 1 : NULL, cfg, true, ret, err);
}

static size_t count_kind(const struct erg_source_list *l, const struct erg_source_ops *d)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->sources[i]->ops == d;
	return n;
}

static int find_auto(const struct erg_source_config *cfg, struct erg_source_list *ret,
	struct erg_err *err)
{
	for (const struct erg_source_ops *const *d = erg_source_drivers; *d; d++) {
		int r = 0;

		/* The same counters twice would be rails of the same energy twice. */
		if (*d == &erg_source_powercap && count_kind(ret, &erg_source_perf))
			erg_source_list_note(ret, "powercap", "", "",
				"left out: perf reads the same counters at less cost");
		else if (!(*d)->arg)
			r = find_one(*d, NULL, cfg, false, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int erg_sources_check(const char *list, struct erg_err *err)
{
	for (const char *p = list;;) {
		const char *end = is_auto(p) ? p + 4 : item_end(p);

		if (!is_auto(p) && !driver_at(p))
			return unknown_kind(p, err);
		if (!*end)
			return 0;
		p = end + 1;
	}
}

int erg_sources_find(const char *list, const struct erg_source_config *cfg,
	struct erg_source_list *ret, struct erg_err *err)
{
	_cleanup_(erg_source_list_release) struct erg_source_list found = {0};
	const char *p = list;
	int r;

	for (;;) {
		const char *end = is_auto(p) ? p + 4 : item_end(p);

		r = is_auto(p) ? find_auto(cfg, &found, err) : find_item(p, end, cfg, &found, err);
		if (r < 0)
			return r;
		if (!*end)
			break;
		p = end + 1;
	}
	r = erg_rails_arrange(&found);
	if (r < 0)
		return erg_fail_errno(err, r, "--source %s: naming the rails", list);
	for (size_t i = 0; i < found.n; i++)
		erg_source_device_find(found.sources[i]);
	*ret = found;
	found = (struct erg_source_list){0};
	return 0;
}
