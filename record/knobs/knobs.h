/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_KNOBS_H
#define ERG_RECORD_KNOBS_H

/*
 * Settings of the machine that a sweep varies, behind one struct of functions. A knob's name is
 * DRIVER[.DEVICE].ATTRIBUTE: cpufreq.frequency_khz, devfreq.57000000.gpu.frequency_hz.
 *
 * What a knob changes is a set of cells, each a file (or an nvml: name) that holds one text. Cells
 * are saved before the first write and written back by restore; a driver needs to know nothing of
 * that.
 */
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"
#include "formats/base/texts.h"

#define ERG_KNOB_TEXT_MAX 512
#define ERG_KNOB_UNTOUCHED "untouched" /* a cell that cannot tell what it was before */

struct erg_knob;

struct erg_knob_context {
	const char *sysfs;  /* "/sys" or the DIR of --sysfs */
	bool simulated;     /* a board: it takes writes and refuses them a little later */
	cpu_set_t affinity; /* of the workload, when has_affinity */
	bool has_affinity;
};

struct erg_knob_ops {
	const char *driver;     /* first part of the name */
	const char *attributes; /* for messages: "frequency_khz, governor, …" */
	const char *about;
	/* Fills devices and cells. DEVICE is "" when the name has none. */
	int (*find)(struct erg_knob *k, struct erg_err *err);
	/* The values that the hardware lists; none for a continuous range. LIMITS, at most SIZE
	 * bytes, is for messages: "2000000 to 30000000". */
	int (*allowed)(const struct erg_knob *k, struct erg_texts *ret, char *limits, size_t size,
		struct erg_err *err);
	/* Writes, reads back, and tells what is in force now. -EINVAL with a message that lists what is
	 * allowed when the hardware refuses. */
	int (*apply)(struct erg_knob *k, const char *value, char *applied, size_t size,
		struct erg_err *err);
	/* What is in force. */
	int (*read)(const struct erg_knob *k, char *buf, size_t size, struct erg_err *err);
};

struct erg_knob {
	const struct erg_knob_ops *ops;
	struct erg_knob_context *ctx;
	char name[128], device[96], attribute[32];
	struct erg_texts devices; /* directories, or indices of GPUs */
	struct erg_texts cells;   /* in the order in which restoring them is tried */
	char wanted[64];          /* last applied, "" before */
};

/* Resolves a knob of the plan. Unknown names: -EINVAL, listing what there is. */
int erg_knob_open(struct erg_knob_context *ctx, const char *name, struct erg_knob *ret,
	struct erg_err *err);
void erg_knob_close(struct erg_knob *k);

/* -EINVAL, naming those allowed, when VALUE cannot be set. */
int erg_knob_check(const struct erg_knob *k, const char *value, struct erg_err *err);

int erg_knob_apply(struct erg_knob *k, const char *value, char *applied, size_t size,
	struct erg_err *err);

/* Whether what was applied last is still in force. */
bool erg_knob_holds(const struct erg_knob *k);

/* ---- cells ---- */

/* The text of a cell, trimmed. */
int erg_cell_read(const char *cell, char *buf, size_t size);
int erg_cell_write(const char *cell, const char *text);

/* Writes, lets it settle and reads back: 0 when TEXT is in force, -EINVAL when it was refused, else
 * the error. GOT (ERG_KNOB_TEXT_MAX bytes, may be NULL) is what reads back. */
int erg_cell_put(const struct erg_knob_context *ctx, const char *cell, const char *text, char *got);

/* ---- for drivers ---- */

int erg_knob_cell(struct erg_knob *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int erg_knob_text(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Subdirectories of SYSFS/DIR whose name begins with PREFIX (NULL: any), in order. */
int erg_knob_list(const struct erg_knob_context *ctx, const char *dir, const char *prefix,
	struct erg_texts *ret);
/* Words of TEXT, separated by blanks. */
int erg_knob_words(const char *text, struct erg_texts *ret);
/* Whether a directory or the text of its NAME_FILE is what the user calls DEVICE ("" is any). */
bool erg_knob_is_device(const char *dir, const char *name_file, const char *device);
int erg_knob_refused(const struct erg_knob *k, const char *value, const char *got,
	struct erg_err *err);

extern const struct erg_knob_ops erg_knob_cpufreq, erg_knob_devfreq, erg_knob_powercap,
	erg_knob_cpus, erg_knob_affinity, erg_knob_fan, erg_knob_nvml;

#endif
