/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_TURNS_H
#define ERG_RECORD_IMPORT_TURNS_H

/*
 * Private to named.c: whether a column that names devices has several that come in turn. Their rows have
 * times of their own as a rule, so that nothing else shows that one rail would be made of several.
 */
#include <stdbool.h>
#include <stddef.h>

struct erg_import_turns;

/* Whether a column of this name tells devices, or parts of one, apart: gpu, DeviceId, _field, Core. */
bool erg_import_names_devices(const char *column);
/* NULL: no memory. */
struct erg_import_turns *erg_import_turns_new(void);
/* The column's cell of the next row. -ENOMEM. */
int erg_import_turns_add(struct erg_import_turns *t, const char *cell);
/* How many values took turns, 2 and more, of which *ret_a and *ret_b are the first two; 0: none did. */
size_t erg_import_turns_count(const struct erg_import_turns *t, const char **ret_a,
	const char **ret_b);
void erg_import_turns_free(struct erg_import_turns *t);

#endif
