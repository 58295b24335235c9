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
 * With inherit what the thread starts later counts too: a team of helpers that begins within a
 * layer. The kernel then maps no page, and each reading is a call that visits every helper.
 *
 * The group is enabled when it is complete: an event that joins a group which is counting already
 * does not count itself before the thread is scheduled anew.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracepoints/liberg/internal.h"

struct erg_perf {
	uint32_t n; /* events of the group, the leader first */
	bool rdpmc; /* all of them can be read without the kernel */
	struct {
		int fd;
		uint32_t index;
		struct perf_event_mmap_page *page;
	} events[ERG_MAX_COUNTERS];
};

static int open_event(const struct erg_perf_spec *s, int group, bool inherit)
{
	struct perf_event_attr attr = {
		.type = s->type,
		.size = sizeof(attr),
		.config = s->config,
		.config1 = s->config1 | (inherit ? 0 : erg_rdpmc_config1(s->type)),
		.config2 = s->config2,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			PERF_FORMAT_TOTAL_TIME_RUNNING,
		.exclude_kernel = s->type != PERF_TYPE_SOFTWARE,
		.exclude_hv = 1,
		.disabled = group < 0,
		.inherit = inherit,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM) && !attr.exclude_kernel) {
		attr.exclude_kernel = 1;
		fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, group, PERF_FLAG_FD_CLOEXEC);
	}
	if (fd < 0 && attr.config1 != s->config1) { /* a PMU that does not know it */
		attr.config1 = s->config1;
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

struct erg_perf *erg_perf_open(const struct erg_perf_spec *specs, uint32_t n, bool inherit)
{
	static _Atomic bool said, said_inherit;
	struct erg_perf *p = calloc(1, sizeof(*p));
	bool hardware = true;

	if (!p)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		int leader = p->n ? p->events[0].fd : -1;
		int fd = open_event(&specs[i], leader, inherit);

		if (fd < 0 && errno == EINVAL && inherit && leader < 0) { /* before Linux 4.13 */
			inherit = false;
			fd = open_event(&specs[i], leader, inherit);
			if (fd >= 0)
				erg_notice(&said_inherit,
					"erg: threads that a layer starts are not counted: the "
					"kernel inherits no groups");
		}
		if (fd < 0) {
			erg_notice(&said, "erg: counter %s is left out: %s", specs[i].name,
				strerror(errno));
			continue;
		}
		p->events[p->n].fd = fd;
		p->events[p->n++].index = i;
		hardware = hardware && specs[i].type != PERF_TYPE_SOFTWARE;
	}
	if (!p->n) {
		free(p);
		return NULL;
	}
	ioctl(p->events[0].fd, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP);
	if (hardware)
		map_all(p);
	return p;
}

void erg_perf_close(struct erg_perf *p)
{
	if (!p)
		return;
	unmap_all(p);
	for (uint32_t i = p->n; i > 0; i--)
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

void erg_perf_read(struct erg_perf *p, uint32_t n, struct erg_reading *ret)
{
	uint64_t buf[3 + ERG_MAX_COUNTERS];

	for (uint32_t i = 0; i < n; i++)
		ret->values[i] = INT64_MIN;
	if (!p || (p->rdpmc && read_pages(p, ret)))
		return;
	if (read(p->events[0].fd, buf, sizeof(buf)) < (ssize_t)((3 + p->n) * sizeof(buf[0])))
		return;
	ret->enabled = buf[1];
	ret->running = buf[2];
	for (uint32_t i = 0; i < p->n; i++)
		ret->values[p->events[i].index] = (int64_t)buf[3 + i];
}
