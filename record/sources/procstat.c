/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How busy each CPU was: cumulative busy time of /proc/stat (user, nice, system, irq, softirq; not
 * idle, iowait or what a hypervisor stole), in milliseconds. The kernel counts in ticks of USER_HZ
 * (proc(5)), so one step is 10 ms and ten readings a second lose nothing.
 *
 * One read of the file gives all CPUs. Lines are found by their number, because offline CPUs have
 * none; such a CPU is ERG_VALUE_NONE.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/cpu_busy.h"
#include "record/sources/drivers.h"

struct procstat {
	struct erg_source src;
	char path[256];
	int fd;
	long ticks_per_s;
	int cpus[ERG_SOURCE_CHANNELS_MAX]; /* of each channel */
	char *text;
	size_t size;
};

static int read_text(struct procstat *p)
{
	ssize_t n = erg_attr_pread(p->fd, p->text, p->size - 1, 0);

	if (n < 0)
		return -errno;
	p->text[n] = '\0';
	return 0;
}

struct filling {
	struct procstat *p;
	int64_t *values;
};

static void fill_cpu(void *arg, int cpu, uint64_t busy_ticks)
{
	struct filling *f = arg;

	for (size_t i = 0; i < f->p->src.n_channels; i++)
		if (f->p->cpus[i] == cpu)
			f->values[i] = (int64_t)(busy_ticks * 1000 / (uint64_t)f->p->ticks_per_s);
}

static int procstat_read(struct erg_source *s, int64_t *values, uint64_t *native)
{
	struct procstat *p = (struct procstat *)s;
	struct filling f = {.p = p, .values = values};
	int r = read_text(p);

	if (r < 0)
		return r;
	*native = 0;
	for (size_t i = 0; i < s->n_channels; i++)
		values[i] = ERG_VALUE_NONE;
	return erg_cpu_busy_each(p->text, fill_cpu, &f) ? ERG_READ_OK : -EBADMSG;
}

static int procstat_start(struct erg_source *s, struct erg_err *err)
{
	struct procstat *p = (struct procstat *)s;

	if (p->fd < 0)
		p->fd = open(p->path, O_RDONLY | O_CLOEXEC);
	return p->fd < 0 ? erg_fail_errno(err, -errno, "%s", p->path) : 0;
}

static void procstat_stop(struct erg_source *s)
{
	struct procstat *p = (struct procstat *)s;

	erg_closep(&p->fd);
	p->fd = -1;
}

static void procstat_free(struct erg_source *s)
{
	struct procstat *p = (struct procstat *)s;

	if (!s)
		return;
	procstat_stop(s);
	free(p->text);
	free(s->channels);
	free(p);
}

static struct procstat *procstat_new(const struct erg_source_config *cfg, size_t cpus_of_machine)
{
	_cleanup_(erg_freep) struct procstat *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->src.ops = &erg_source_procstat;
	p->src.cls = ERG_CLASS_UTILIZATION;
	p->src.model = (struct erg_sensor_model){.kind = ERG_SENSOR_COUNTER,
		.provenance = ERG_PROVENANCE_DRIVER,
		.period_ns = 10000000};
	p->src.rate_fixed = true;
	p->src.interval_ns = ERG_UTILIZATION_INTERVAL_NS;
	p->fd = -1;
	p->ticks_per_s = sysconf(_SC_CLK_TCK);
	p->size = (cpus_of_machine + 2) * ERG_CPU_BUSY_BYTES;
	p->text = malloc(p->size);
	p->src.channels = calloc(ERG_SOURCE_CHANNELS_MAX, sizeof(*p->src.channels));
	snprintf(p->path, sizeof(p->path), "%s/stat", cfg->proc);
	erg_text_set(p->src.path, sizeof(p->src.path), "%s", p->path);
	if (!p->text || !p->src.channels) {
		free(p->text);
		free(p->src.channels);
		return NULL;
	}
	return erg_steal_ptr(&p);
}

struct finding {
	const struct erg_source_config *cfg;
	struct erg_source_list *list;
	struct procstat *p; /* the last one of the list */
	size_t cpus_of_machine;
	int r;
};

static void add_cpu(void *arg, int cpu, uint64_t busy_ticks)
{
	struct finding *f = arg;
	struct erg_channel_def *d;

	if (!f->p || f->p->src.n_channels == ERG_SOURCE_CHANNELS_MAX) {
		f->p = procstat_new(f->cfg, f->cpus_of_machine);
		if (!f->p || erg_source_list_add(f->list, &f->p->src) < 0) {
			f->p = NULL;
			f->r = -ENOMEM;
			return;
		}
	}
	f->p->cpus[f->p->src.n_channels] = cpu;
	d = &f->p->src.channels[f->p->src.n_channels++];
	*d = (struct erg_channel_def){.quantity = ERG_Q_TIME,
		.unit = "ms",
		.scale = 1e-3,
		.lsb = 1000.0 / (double)f->p->ticks_per_s};
	erg_text_set(d->rail, sizeof(d->rail), "cpu%d", cpu);
}

static int procstat_find(const struct erg_source_config *cfg, struct erg_source_list *list,
	struct erg_err *err)
{
	long configured = sysconf(_SC_NPROCESSORS_CONF);
	struct finding f = {.cfg = cfg,
		.list = list,
		.cpus_of_machine = configured > 0 ? (size_t)configured : 1};
	_cleanup_(erg_freep) char *text = NULL;
	size_t size = (f.cpus_of_machine + 1024) * ERG_CPU_BUSY_BYTES;
	int n;

	text = malloc(size);
	if (!text)
		return erg_fail(err, -ENOMEM, "procstat: out of memory");
	n = erg_attr_read_bytes(text, size - 1, "%s/stat", cfg->proc);
	if (n < 0) {
		erg_source_list_note(list, "procstat", cfg->proc, "mount /proc", "%s/stat: %s",
			cfg->proc, strerror(-n));
		return 0;
	}
	text[n] = '\0';
	if (!erg_cpu_busy_each(text, add_cpu, &f))
		erg_source_list_note(list, "procstat", cfg->proc, "", "%s/stat has no cpuN line",
			cfg->proc);
	return f.r < 0 ? erg_fail_errno(err, f.r, "procstat") : 0;
}

const struct erg_source_ops erg_source_procstat = {
	.kind = "procstat",
	.about = "busy time of each CPU",
	.slow = true,
	.find = procstat_find,
	.start = procstat_start,
	.read = procstat_read,
	.stop = procstat_stop,
	.free = procstat_free,
};
