/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_NVIDIA_H
#define ERG_RECORD_IMPORT_NVIDIA_H

/*
 * Private to nvidia_smi.c and nvidia_rows.c: rows of some GPU, and which GPU that is. Only once all
 * rows are there can it be told which column tells them apart: an index that is always 0 does not,
 * and a log may have none at all.
 */
#include "record/import/import.h"

#define ERG_NVIDIA_VALUES 16
#define ERG_NVIDIA_IDENTITIES 8 /* index, gpu, minor_number, bus id, UUID, serial, bus, name */

struct erg_nvidia_value {
	const char *suffix, *unit;
	int decimals;
	int64_t raw; /* or ERG_IMPORT_MISSING */
};

struct erg_nvidia_row {
	int64_t t; /* ERG_IMPORT_MISSING: by --interval */
	size_t line;
	char *identity[ERG_NVIDIA_IDENTITIES]; /* not its own; NULL: there is no such column */
	struct erg_nvidia_value values[ERG_NVIDIA_VALUES];
	size_t n_values;
};

struct erg_nvidia_device;

struct erg_nvidia_rows {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	struct erg_nvidia_device *devices;
	size_t n_devices;
	struct erg_import_column kept;   /* struct erg_nvidia_kept, each of the rows */
	struct erg_import_column values; /* struct erg_nvidia_value, of all rows */
};

void erg_nvidia_init(struct erg_nvidia_rows *r, struct erg_import_log *log,
	const struct erg_import_how *how);
/* Keeps a row. -ENOMEM, -ENOSPC. */
int erg_nvidia_add(struct erg_nvidia_rows *r, const struct erg_nvidia_row *row);
/* Forgets indices that no header calls so, if they are something else, since GPUs would come in turn. -ENOMEM. */
int erg_nvidia_check_index(struct erg_nvidia_rows *r);
/* Tells the GPUs apart and fills the log. */
int erg_nvidia_finish(struct erg_nvidia_rows *r, json_t *notes, struct erg_err *err);
void erg_nvidia_release(struct erg_nvidia_rows *r);

#endif
