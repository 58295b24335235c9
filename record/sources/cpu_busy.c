/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of /proc/stat, one a CPU. */
#include "record/sources/cpu_busy.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Of the ten numbers behind "cpuN", user nice system idle iowait irq softirq …, the fourth and
 * fifth are idleness and those from the eighth on are not ours. */
static bool parse_busy(const char *p, uint64_t *ret)
{
	uint64_t busy = 0;

	for (int i = 0; i < 7; i++) {
		char *end;
		uint64_t v = strtoull(p, &end, 10);

		if (end == p)
			return false;
		busy += i == 3 || i == 4 ? 0 : v;
		p = end;
	}
	*ret = busy;
	return true;
}

size_t erg_cpu_busy_each(const char *text, void (*f)(void *arg, int cpu, uint64_t busy_ticks),
	void *arg)
{
	size_t n = 0;

	/* The cpuN lines come first. */
	for (const char *next, *p = text; p && !strncmp(p, "cpu", 3); p = next) {
		uint64_t busy;
		char *end;
		long cpu = strtol(p + 3, &end, 10);

		next = strchr(p, '\n');
		next = next ? next + 1 : NULL;

		/* "cpu  …" is the sum of all. */
		if (p[3] == ' ' || end == p + 3 || !parse_busy(end, &busy))
			continue;
		f(arg, (int)cpu, busy);
		n++;
	}
	return n;
}
