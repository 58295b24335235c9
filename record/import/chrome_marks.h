/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_CHROME_MARKS_H
#define ERG_RECORD_IMPORT_CHROME_MARKS_H

/*
 * Events of Chrome's format that begin (ph B) and end (ph E) on one thread. Writers that flush the buffers of
 * several threads, or sort by name, have them in any order: they are matched once all of the file was read.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/import/import.h"

struct erg_chrome_mark {
	int64_t t;
	const char *name; /* of an end: whose it is; NULL: of what began last */
	uint32_t layer;   /* of a begin, its id; 0: an end */
	uint32_t step;    /* UINT32_MAX: the event does not number itself */
	uint32_t line, order;
	bool device;
	bool taken; /* a begin, by an end of its time that was sorted before it */
};

struct erg_chrome_marks {
	struct erg_chrome_mark *marks;
	size_t n, alloc;
};

/* What was odd, over all threads. */
struct erg_chrome_odd {
	size_t unmatched, unmatched_line;
	size_t disordered, disordered_line; /* threads */
};

int erg_chrome_marks_add(struct erg_chrome_marks *m, const struct erg_chrome_mark *mark);
/* Calls SPAN, which returns a negative errno to end, for each begin that has an end. An end that has a name is of
 * the innermost of that name. */
int erg_chrome_marks_match(struct erg_chrome_marks *m, const struct erg_import_layers *layers,
	int (*span)(void *data, const struct erg_chrome_mark *begin, int64_t end), void *data,
	struct erg_chrome_odd *odd);

#endif
