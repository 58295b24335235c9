/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SESSION_FORMAT_H
#define ERG_RECORD_SESSION_FORMAT_H

/*
 * LTTng 2.15 and later write CTF 2 unless told, which babeltrace2 reads since 2.1 only: archives are
 * CTF 1.8 whoever wrote them. meson finds out whether liblttng-ctl lets one choose.
 */
#include <lttng/lttng.h>

static inline void erg_session_format(struct lttng_session_descriptor *d)
{
#ifdef ERG_LTTNG_TRACE_FORMAT
	if (d)
		(void)lttng_session_descriptor_set_trace_format(d, LTTNG_TRACE_FORMAT_CTF_1_8);
#else
	(void)d;
#endif
}

#endif
