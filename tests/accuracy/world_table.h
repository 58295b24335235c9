/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_ACCURACY_WORLD_TABLE_H
#define ERG_TESTS_ACCURACY_WORLD_TABLE_H

#include "tests/accuracy/world_score.h"

/* One world: for --keep. */
void table_world(FILE *f, const struct kind *k, uint64_t seed, const struct score *s);

/* The table, a kind a line; table_row returns how many bounds were missed. */
void table_head(FILE *f, bool manual, unsigned int seeds);
int table_row(FILE *f, const struct kind *k, const struct score *s, bool manual);
void table_end(FILE *f, bool manual, int missed);

#endif
