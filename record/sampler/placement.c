/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The idlest CPU, by two looks at /proc/stat. */
#include "record/sampler/placement.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "record/sources/cpu_busy.h"

/* A move costs a cold cache, and the kernel counts in ticks of 10 ms: less than this share of the
 * time is no reason. */
#define CLEARLY 0.1

struct erg_placement {
	int fd;
	cpu_set_t allowed;
	char *text;
	size_t size;
	double ns_per_tick;
	uint64_t looked_ns, own_ns;       /* at the last look; looked_ns 0: none yet */
	uint64_t busy_ticks[CPU_SETSIZE]; /* since boot, at the last look */
	double busy_ns[CPU_SETSIZE]; /* between the last look and the one before; < 0: offline */
};

int erg_placement_open(const char *proc, const cpu_set_t *allowed, struct erg_placement **ret,
	struct erg_err *err)
{
	_cleanup_(erg_placement_freep) struct erg_placement *p = calloc(1, sizeof(*p));
	_cleanup_(erg_freep) char *path = NULL;
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (!p)
		return erg_fail_errno(err, -ENOMEM, "placement");
	p->fd = -1;
	if (asprintf(&path, "%s/stat", proc) < 0)
		return erg_fail_errno(err, -ENOMEM, "placement");
	p->allowed = *allowed;
	p->ns_per_tick = 1e9 / (double)sysconf(_SC_CLK_TCK);
	/* And the line of the sum. */
	p->size = ((cpus > 0 ? (size_t)cpus : 1) + 1) * ERG_CPU_BUSY_BYTES;
	p->text = malloc(p->size);
	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (!p->text)
		return erg_fail_errno(err, -ENOMEM, "placement");
	*ret = erg_steal_ptr(&p);
	return 0;
}

static void take_cpu(void *arg, int cpu, uint64_t busy_ticks)
{
	struct erg_placement *p = arg;

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	p->busy_ns[cpu] = (double)(busy_ticks - p->busy_ticks[cpu]) * p->ns_per_tick;
	p->busy_ticks[cpu] = busy_ticks;
}

/* The idlest of the allowed CPUs that are online, the last of equals; -1: there is none. */
static int idlest(const struct erg_placement *p)
{
	int best = -1;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &p->allowed) && p->busy_ns[cpu] >= 0 &&
			(best < 0 || p->busy_ns[cpu] <= p->busy_ns[best]))
			best = cpu;
	return best;
}

int erg_placement_look(struct erg_placement *p, int current, uint64_t own_ns, uint64_t now_ns)
{
	const uint64_t elapsed = now_ns - p->looked_ns;
	const bool first = !p->looked_ns;
	ssize_t n = pread(p->fd, p->text, p->size - 1, 0);
	int best;

	if (n <= 0)
		return current;
	p->text[n] = '\0';
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		p->busy_ns[cpu] = -1;
	erg_cpu_busy_each(p->text, take_cpu, p);
	if (p->busy_ns[current] > 0)
		p->busy_ns[current] = fmax(0, p->busy_ns[current] - (double)(own_ns - p->own_ns));
	p->looked_ns = now_ns;
	p->own_ns = own_ns;
	best = idlest(p);
	if (first || best < 0)
		return current;
	if (p->busy_ns[current] < 0)
		return best;
	return p->busy_ns[current] - p->busy_ns[best] > CLEARLY * (double)elapsed ? best : current;
}

void erg_placement_free(struct erg_placement *p)
{
	if (!p)
		return;
	erg_closep(&p->fd);
	free(p->text);
	free(p);
}

void erg_placement_freep(struct erg_placement **p)
{
	erg_placement_free(*p);
}
