/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_PROGRESS_H
#define ERG_FORMATS_PROGRESS_H

/*
 * How far a long step is. A library tells whoever asked, and never prints: it calls erg_progress()
 * from its loops, which costs a load when nobody asked. Who asks is a property of the process (a
 * person at a terminal), not of a timeline or an archive: so there is one listener, set once
 * before the work begins, and not a parameter of every function in between. One thread.
 *
 * A step begins with its first call and ends with DONE == TOTAL. One that begins before another has
 * ended is a part of that: decoding is a part of reading the third of ten archives.
 */
#include <stdbool.h>
#include <stdint.h>

struct erg_progress_listener {
	/* WHAT: static text, one or two words. DONE of TOTAL units. */
	void (*step)(void *data, const char *what, uint64_t done, uint64_t total);
	void *data;
};

/* NULL: nobody. L is borrowed. */
void erg_progress_listen(const struct erg_progress_listener *l);
/* Does anybody listen? For steps where telling itself costs something. */
bool erg_progress_wanted(void);
void erg_progress(const char *what, uint64_t done, uint64_t total);

#endif
