/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of CPUs. */
#include "record/sources/cpulist.h"

#include <errno.h>
#include <stdlib.h>

int erg_cpulist_parse(const char *text, cpu_set_t *ret)
{
	CPU_ZERO(ret);
	while (*text) {
		char *end;
		unsigned long a = strtoul(text, &end, 10), b = a;

		if (end == text || *text == '-')
			return -EINVAL;
		if (*end == '-') {
			text = end + 1;
			b = strtoul(text, &end, 10);
			if (end == text || *text == '-')
				return -EINVAL;
		}
		if (b < a || b >= CPU_SETSIZE || (*end && *end != ','))
			return -EINVAL;
		for (; a <= b; a++)
			CPU_SET(a, ret);
		if (*end == ',' && !end[1])
			return -EINVAL;
		text = *end ? end + 1 : end;
	}
	return CPU_COUNT(ret) ? 0 : -EINVAL;
}
