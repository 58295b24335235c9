/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_PROGRESS_H
#define ERG_ANALYZE_PROGRESS_H

/*
 * How far a long step is. The library tells whoever asked, and never prints: it calls erg_progress()
 * from its loops, which costs a load when nobody asked. Who asks is a property of the process (a
 * person at a terminal), not of a timeline or an attribution: so there is one listener, set once
 * before the work begins, and not a parameter of every function in between. One thread.
 */
#include <stdint.h>

struct erg_progress_listener {
	/* WHAT: static text, one or two words. DONE of TOTAL units; DONE == TOTAL ends the step. */
	void (*step)(void *data, const char *what, uint64_t done, uint64_t total);
	void *data;
};

/* NULL: nobody. L is borrowed. */
void erg_progress_listen(const struct erg_progress_listener *l);
void erg_progress(const char *what, uint64_t done, uint64_t total);

#endif
