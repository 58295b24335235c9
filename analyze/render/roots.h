/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_ROOTS_H
#define ERG_ANALYZE_RENDER_ROOTS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

/* In a run's head: the rail that its power is of; POWERLESS: that there is none. */
void erg_roots_rail(const json_t *run, bool powerless, FILE *out);
/* Lines below a run's head: which other roots its figure leaves out, and how the rails of a sum were
 * added where they were not read together. Nothing where there is nothing to say. */
void erg_roots_text(const json_t *run, FILE *out);

#endif
