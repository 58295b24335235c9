/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs that are counted as a whole: the command, and what runs beside it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/counters/counters.h"
#include "record/run/run.h"
#include "record/sources/attr.h"
#include "record/sources/process.h"

/* What the kernel calls the events; of a simulated board their names, which are those of its file. */
static int events_resolve(struct erg_run *r, bool simulated, char **ret, struct erg_err *err)
{
	const char *list = r->opt.process_counters;
	json_t *w;
	size_t i;
	int n;

	if (!list || !strcmp(list, "none"))
		return 0;
	if (simulated) {
		*ret = strdup(list);
		for (char *p = *ret; p && *p; p++)
			*p = *p == ',' ? ';' : *p;
		return *ret ? 0 : erg_fail(err, -ENOMEM, "out of memory");
	}
	r->process_counters = json_object();
	n = erg_counters_resolve(list, ret, r->process_counters, err);
	if (n < 0)
		return erg_wrap(err, n, "--process-counters");
	json_array_foreach (json_object_get(r->process_counters, "warnings"), i, w)
		erg_run_warn(r, json_string_value(w));
	return 0;
}

static int program_add(struct erg_run *r, const struct erg_process_config *base, const char *name,
	const char *file, struct erg_source **ret, struct erg_err *err)
{
	struct erg_process_config cfg = *base;
	struct erg_source *s = NULL;
	int n;

	cfg.name = name;
	cfg.file = file;
	n = erg_process_source_new(&cfg, &s, err);
	if (n < 0)
		return erg_wrap(err, n, "--process-counters");
	if (erg_source_list_add(&r->sources, s) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	*ret = s;
	return 0;
}

static const char *command_name(const struct erg_run *r)
{
	const char *workload = json_string_value(json_object_get(r->opt.tags, "workload"));

	return workload ? workload : erg_base_name(r->opt.argv[0]);
}

int erg_run_programs_add(struct erg_run *r, struct erg_err *err)
{
	_cleanup_(erg_freep) char *events = NULL;
	struct erg_process_config base = {.proc = "/proc", .sysfs = r->opt.sysfs};
	const char *name;
	json_t *file;
	int n;

	if (!r->opt.process_counters && !r->opt.progress && !json_object_size(r->opt.beside))
		return 0;
	base.simulated = erg_attr_exists("%s/simulated", r->opt.sysfs);
	n = events_resolve(r, base.simulated, &events, err);
	base.events = events;
	if (n == 0 && r->opt.argv)
		n = program_add(r, &base, command_name(r), r->opt.progress, &r->command, err);
	json_object_foreach (r->opt.beside, name, file) {
		struct erg_source *beside = NULL;

		if (n == 0)
			n = program_add(r, &base, name, json_string_value(file), &beside, err);
		if (n == 0)
			erg_text_set(beside->path, sizeof(beside->path), "beside");
	}
	return n;
}
