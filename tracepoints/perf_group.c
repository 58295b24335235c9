/* SPDX-License-Identifier: MIT */
/*
 * One group of perf events for the calling thread, on any CPU: read together, so that all of them
 * cover the same instants, and multiplexed together, so that one factor enabled/running holds for
 * all. perf_event_open(2).
 *
 * Hardware events count user space only, which an ordinary user may (perf_event_paranoid ≤ 2) and
 * which is what a layer's own work is; software events count the kernel's part too where that is
 * permitted, because most of them happen there. An event that does not fit into the group (the PMU
 * has no counter left) or may not be opened is left out and named in one marker.
 *
 * Clocks (task-clock, cpu-clock) are brought up to date by a read only if they lead their group:
 * Linux 6.18 returns for a sibling what it had at its last tick. So a clock leads, and a second one
 * is a group of its own, at the price of one more read.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracepoints/internal.h"

struct erg_perf {
	uint32_t n;	  /* events of the group, the leader first */
	uint32_t n_alone; /* events behind them that are groups of their own */
	bool rdpmc;	  /* all of them can be read without the kernel */
	struct perf_one {
		int fd;
		uint32_t index;
		struct perf_event_mmap_page *page;
	} events[ERG_MAX_COUNTERS];
};

static int open_event(const struct erg_perf_spec *s, int group)
{
	struct perf_event_attr attr = {
		.type = s->type,
		.size = sizeof(attr),
		.config = s->config,
		.config1 = s->config1,
		.config2 = s->config2,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			PERF_FORMAT_TOTAL_TIME_RUNNING,
		.exclude_kernel = s->type != PERF_TYPE_SOFTWARE,
		.exclude_hv = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM) && !attr.exclude_kernel) {
		attr.exclude_kernel = 1;
		fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);
	}
	return fd;
}

static struct perf_event_mmap_page *map_page(int fd)
{
	void *p = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void unmap_all(struct erg_perf *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->events[i].page)
			munmap(p->events[i].page, (size_t)sysconf(_SC_PAGESIZE));
		p->events[i].page = NULL;
	}
}

static void map_all(struct erg_perf *p)
{
	p->rdpmc = true;
	for (uint32_t i = 0; i < p->n && p->rdpmc; i++) {
		p->events[i].page = map_page(p->events[i].fd);
		p->rdpmc = p->events[i].page && erg_rdpmc_possible(p->events[i].page);
	}
	if (!p->rdpmc)
		unmap_all(p);
}

static bool is_clock(const struct erg_perf_spec *s)
{
	return s->type == PERF_TYPE_SOFTWARE &&
		(s->config == PERF_COUNT_SW_CPU_CLOCK || s->config == PERF_COUNT_SW_TASK_CLOCK);
}

static void open_one(struct erg_perf *p, const struct erg_perf_spec *specs, uint32_t i, int group,
	uint32_t *n)
{
	static _Atomic bool said;
	int fd = open_event(&specs[i], group);

	if (fd >= 0)
		p->events[p->n + p->n_alone] = (struct perf_one){fd, i, NULL}, ++*n;
	else
		erg_notice(&said, "erg: counter %s is left out: %s", specs[i].name,
			strerror(errno));
}

struct erg_perf *erg_perf_open(const struct erg_perf_spec *specs, uint32_t n)
{
	struct erg_perf *p = calloc(1, sizeof(*p));
	bool hardware = true;
	uint32_t clock = n;

	if (!p)
		return NULL;
	for (uint32_t i = n; i > 0; i--) {
		clock = is_clock(&specs[i - 1]) ? i - 1 : clock;
		hardware = hardware && specs[i - 1].type != PERF_TYPE_SOFTWARE;
	}
	if (clock < n)
		open_one(p, specs, clock, -1, &p->n);
	for (uint32_t i = 0; i < n; i++)
		if (!is_clock(&specs[i]))
			open_one(p, specs, i, p->n ? p->events[0].fd : -1, &p->n);
	for (uint32_t i = clock + 1; i < n; i++)
		if (is_clock(&specs[i]))
			open_one(p, specs, i, -1, &p->n_alone);
	if (p->n + p->n_alone == 0) {
		free(p);
		return NULL;
	}
	if (hardware)
		map_all(p);
	return p;
}

void erg_perf_close(struct erg_perf *p)
{
	if (!p)
		return;
	unmap_all(p);
	for (uint32_t i = p->n + p->n_alone; i > 0; i--)
		close(p->events[i - 1].fd);
	free(p);
}

static bool read_pages(const struct erg_perf *p, struct erg_reading *ret)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (!erg_rdpmc_read(p->events[i].page, &ret->values[p->events[i].index],
			    &ret->enabled, &ret->running))
			return false;
	return true;
}

/* Reads the group of N events that begins with P->events[FIRST]. */
static void read_group(const struct erg_perf *p, uint32_t first, uint32_t n,
	struct erg_reading *ret)
{
	uint64_t buf[3 + ERG_MAX_COUNTERS];

	if (read(p->events[first].fd, buf, sizeof(buf)) < (ssize_t)((3 + n) * sizeof(buf[0])))
		return;
	ret->enabled = buf[1];
	ret->running = buf[2];
	for (uint32_t i = 0; i < n; i++)
		ret->values[p->events[first + i].index] = (int64_t)buf[3 + i];
}

void erg_perf_read(struct erg_perf *p, uint32_t n, struct erg_reading *ret)
{
	for (uint32_t i = 0; i < n; i++)
		ret->values[i] = INT64_MIN;
	if (!p || (p->rdpmc && read_pages(p, ret)))
		return;
	for (uint32_t i = p->n_alone; i > 0; i--)
		read_group(p, p->n + i - 1, 1, ret);
	if (p->n)
		read_group(p, 0, p->n, ret);
}
