/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of processor events by libpfm4, which knows the event tables of the processors.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <perfmon/pfmlib_perf_event.h>

#include "formats/base/util.h"
#include "record/counters/names.h"

static bool ready(void)
{
	static int state; /* 0: not tried, 1: there, -1: not */

	if (!state)
		state = pfm_initialize() == PFM_SUCCESS ? 1 : -1;
	return state > 0;
}

int erg_counter_pfm_find(const char *name, struct erg_counter_event *ret, const char **ret_reason)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	_cleanup_(erg_freep) char *full = NULL;
	pfm_perf_encode_arg_t arg = {.attr = &attr, .fstr = &full, .size = sizeof(arg)};
	pfm_err_t r;

	if (!ready()) {
		*ret_reason = "libpfm4 does not start";
		return -ENOENT;
	}
	r = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
	if (r != PFM_SUCCESS) {
		*ret_reason = pfm_strerror(r);
		return -ENOENT;
	}
	*ret = (struct erg_counter_event){.type = attr.type,
		.config = attr.config,
		.config1 = attr.config1,
		.config2 = attr.config2};
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	snprintf(ret->event, sizeof(ret->event), "%s", full ? full : name);
	return 0;
}

void erg_counter_pfm_each(void (*f)(void *arg, const char *name), void *arg)
{
	int pmu;

	if (!ready())
		return;
	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t info = {.size = sizeof(info)};

		if (pfm_get_pmu_info((pfm_pmu_t)pmu, &info) != PFM_SUCCESS || !info.is_present)
			continue;
		for (int i = info.first_event; i >= 0; i = pfm_get_event_next(i)) {
			pfm_event_info_t event = {.size = sizeof(event)};

			if (pfm_get_event_info(i, PFM_OS_PERF_EVENT, &event) == PFM_SUCCESS)
				f(arg, event.name);
		}
	}
}

const char *erg_counter_pfm_about(void)
{
	static char text[32];
	int v = pfm_get_version();

	snprintf(text, sizeof(text), "libpfm4 %d.%d", PFM_MAJ_VERSION(v), PFM_MIN_VERSION(v));
	return text;
}
