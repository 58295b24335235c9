/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events of whole programs, by perf_event_open(2): one group a thread that is there when the program is
 * followed, inherited by all that it starts. Kernels before 4.13 do not read inherited events as a
 * group: there each is read by itself.
 *
 * What the kernel counted for a part of the time, since others wanted the counters, is scaled up to all
 * of it.
 */
#include "record/sources/process.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

#define TIMES (PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING)

int erg_process_perf_parse(const char *text, struct erg_process_perf *p, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = erg_noted(strdup(text));
	char *rest = copy, *item;

	if (!copy)
		return erg_fail(err, -ENOMEM, "out of memory");
	while ((item = strsep(&rest, ";"))) {
		struct erg_process_event *e = &p->event[p->n_events];
		char *eq = strrchr(item, '=');

		if (!*item || !strcmp(item, "inherit"))
			continue;
		if (p->n_events == ERG_PROCESS_EVENTS)
			return erg_fail(err, -EINVAL, "more than %d events", ERG_PROCESS_EVENTS);
		*e = (struct erg_process_event){0};
		if (eq &&
			sscanf(eq + 1, "%" SCNx32 ":%" SCNx64 ":%" SCNx64 ":%" SCNx64, &e->type,
				&e->config[0], &e->config[1], &e->config[2]) < 2)
			return erg_fail(err, -EINVAL, "event \"%s\"", item);
		snprintf(e->name, sizeof(e->name), "%.*s",
			(int)(eq ? (size_t)(eq - item) : strlen(item)), item);
		p->n_events++;
	}
	return 0;
}

static int event_open(const struct erg_process_perf *p, const struct erg_process_event *e,
	pid_t tid, int group)
{
	struct perf_event_attr attr = {
		.type = e->type,
		.size = sizeof(attr),
		.config = e->config[0],
		.config1 = e->config[1],
		.config2 = e->config[2],
		.read_format = TIMES | (p->alone ? 0 : PERF_FORMAT_GROUP),
		.inherit = 1,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, tid, -1, group, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		attr.exclude_kernel = 1;
		fd = syscall(SYS_perf_event_open, &attr, tid, -1, group, PERF_FLAG_FD_CLOEXEC);
	}
	return fd < 0 ? -errno : (int)fd;
}

static void group_close(int *fd, size_t n)
{
	while (n-- > 0)
		close(fd[n]);
}

static int group_open(struct erg_process_perf *p, pid_t tid, int *fd)
{
	for (size_t i = 0; i < p->n_events; i++) {
		fd[i] = event_open(p, &p->event[i], tid, i ? fd[0] : -1);
		if (fd[i] == -EINVAL && i == 0 && !p->alone && !p->n_groups) {
			p->alone = true;
			fd[i] = event_open(p, &p->event[i], tid, -1);
		}
		if (fd[i] < 0) {
			int r = fd[i];

			group_close(fd, i);
			return r;
		}
	}
	return 0;
}

int erg_process_perf_open(struct erg_process_perf *p, pid_t tid)
{
	int fd[ERG_PROCESS_EVENTS], r, *grown;

	if (!p->n_events)
		return 0;
	r = group_open(p, tid, fd);
	if (r < 0)
		return r;
	grown = erg_noted(reallocarray(p->fd, (p->n_groups + 1) * p->n_events, sizeof(*grown)));
	if (!grown) {
		group_close(fd, p->n_events);
		return -ENOMEM;
	}
	p->fd = grown;
	memcpy(&p->fd[p->n_groups++ * p->n_events], fd, p->n_events * sizeof(*fd));
	return 0;
}

static double scaled(uint64_t value, uint64_t enabled, uint64_t running)
{
	return running ? (double)value * ((double)enabled / (double)running) : 0;
}

static void group_read(const struct erg_process_perf *p, const int *fd, double *sum)
{
	uint64_t data[3 + ERG_PROCESS_EVENTS];

	if (!p->alone) {
		if (read(fd[0], data, sizeof(data)) < (ssize_t)((3 + p->n_events) * sizeof(*data)))
			return;
		for (size_t i = 0; i < p->n_events; i++)
			sum[i] += scaled(data[3 + i], data[1], data[2]);
		return;
	}
	for (size_t i = 0; i < p->n_events; i++)
		if (read(fd[i], data, 3 * sizeof(*data)) == (ssize_t)(3 * sizeof(*data)))
			sum[i] += scaled(data[0], data[1], data[2]);
}

void erg_process_perf_read(const struct erg_process_perf *p, double *sum)
{
	for (size_t g = 0; g < p->n_groups; g++)
		group_read(p, &p->fd[g * p->n_events], sum);
}

void erg_process_perf_close(struct erg_process_perf *p)
{
	group_close(p->fd, p->n_groups * p->n_events);
	free(p->fd);
	p->fd = NULL;
	p->n_groups = 0;
}
