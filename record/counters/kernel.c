/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events that the kernel names itself (perf_event_open(2)): generic hardware events and software
 * events, which exist on any machine, and what the kernel says when they are opened.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>

#include "formats/base/util.h"
#include "record/counters/names.h"

#define GROUP_MAX 64

static const struct kernel_event {
	const char *name;
	uint32_t type;
	uint64_t config;
} kernel_events[] = {
	{"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	{"cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
	{"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
	{"cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES},
	{"cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES},
	{"branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
	{"branch-instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
	{"branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES},
	{"bus-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES},
	{"ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES},
	{"stalled-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND},
	{"stalled-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND},
	{"cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK},
	{"task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
	{"page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
	{"faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
	{"minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN},
	{"major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ},
	{"context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
	{"cs", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES},
	{"cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
	{"migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS},
	{"alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS},
	{"emulation-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS},
};

bool erg_counter_kernel_find(const char *name, struct erg_counter_event *ret)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(kernel_events); i++) {
		if (strcasecmp(kernel_events[i].name, name))
			continue;
		*ret = (struct erg_counter_event){.type = kernel_events[i].type,
			.config = kernel_events[i].config};
		snprintf(ret->name, sizeof(ret->name), "%s", name);
		snprintf(ret->event, sizeof(ret->event), "kernel:%s", kernel_events[i].name);
		return true;
	}
	return false;
}

void erg_counter_kernel_each(void (*f)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(kernel_events); i++)
		f(arg, kernel_events[i].name);
}

/* ---- opening ---- */

/* As liberg opens them: this thread, any CPU; without the kernel's part where that is forbidden. */
static int open_event(const struct erg_counter_event *ev, int group)
{
	struct perf_event_attr attr = {
		.type = ev->type,
		.size = sizeof(attr),
		.config = ev->config,
		.config1 = ev->config1,
		.config2 = ev->config2,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			PERF_FORMAT_TOTAL_TIME_RUNNING,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		attr.exclude_kernel = 1;
		fd = syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);
	}
	return fd < 0 ? -errno : (int)fd;
}

int (*erg_counter_open)(const struct erg_counter_event *ev, int group) = open_event;

/* Whether the group ran at all within a few ms of being enabled. */
static bool is_scheduled(int leader)
{
	uint64_t data[3 + GROUP_MAX], end = erg_mono_ns() + 5000000;

	do {
		if (read(leader, data, sizeof(data)) < (ssize_t)(3 * sizeof(data[0])))
			return false;
		if (data[2]) /* number of events, time enabled, time running */
			return true;
	} while (erg_mono_ns() < end);
	return false;
}

int erg_counter_fit(const struct erg_counter_event *ev, size_t n)
{
	int fds[GROUP_MAX], r = 0;
	size_t opened;

	if (n > GROUP_MAX)
		n = GROUP_MAX;
	for (opened = 0; opened < n; opened++) {
		fds[opened] = erg_counter_open(&ev[opened], opened ? fds[0] : -1);
		if (fds[opened] < 0) {
			r = fds[opened];
			break;
		}
		if (!is_scheduled(fds[0])) {
			close(fds[opened]);
			r = -EBUSY;
			break;
		}
	}
	for (size_t i = opened; i-- > 0;)
		close(fds[i]);
	return opened ? (int)opened : r;
}
