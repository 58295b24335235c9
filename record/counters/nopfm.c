/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Without libpfm4: the kernel's own names are all there is.
 */
#include <errno.h>

#include "record/counters/names.h"

int erg_counter_pfm_find(const char *name, struct erg_counter_event *ret, const char **ret_reason)
{
	*ret_reason = "not one of the kernel's names, and erg-record was built without libpfm4";
	return -ENOENT;
}

void erg_counter_pfm_each(void (*f)(void *arg, const char *name), void *arg)
{
}

const char *erg_counter_pfm_about(void)
{
	return "built without libpfm4";
}
