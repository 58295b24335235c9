/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCE_H
#define ERG_RECORD_SOURCE_H

/*
 * A source of readings, behind one struct of functions. A driver (hwmon, powercap, nvml, …) finds
 * its sources on this machine; each source is a group of channels that are read together, at one
 * rate, with one sensor model. Drivers are rows of the table in sources/drivers.c.
 *
 * read() is on the sampling path: descriptors are open, no allocation, no stdio, raw integers only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "formats/sensor.h"

struct erg_source;

struct erg_source_config {
	const char *sysfs;    /* "/sys", or the DIR of --sysfs */
	const char *proc;     /* "/proc" */
	const char *arg;      /* text behind "kind:" in --source, or NULL */
	bool simulated;       /* DIR holds a file "simulated": a board of tests/board */
	uint64_t interval_ns; /* of the fast sources */
};

/* What probing found, or why not: a line of `erg-record sources`. */
struct erg_probe_note {
	char kind[24];
	char path[256];
	char reason[256]; /* why it is not usable */
	char mend[512];   /* what the person can do: a command, a udev rule; "" if nothing */
	bool refused;     /* it is there, and the kernel or the driver does not let this user */
	bool broken;      /* power or energy is told there, and nothing can be made of it */
};

/* Where drivers put what they find. Takes ownership of the source. */
struct erg_source_list {
	struct erg_source **sources;
	size_t n;
	struct erg_probe_note *notes;
	size_t n_notes;
};

int erg_source_list_add(struct erg_source_list *l, struct erg_source *s);
void erg_source_list_note(struct erg_source_list *l, const char *kind, const char *path,
	const char *mend, const char *reason_fmt, ...) __attribute__((format(printf, 5, 6)));
/* What is there and of no use: a recording says it, too. */
void erg_source_list_note_broken(struct erg_source_list *l, const char *kind, const char *path,
	const char *reason_fmt, ...) __attribute__((format(printf, 4, 5)));
/* A driver's library could not be opened, by ERROR (negative) and the text WHY: it is to be installed as
 * INSTALL says, it is broken, or its driver is to be started as START says. */
void erg_source_list_note_library(struct erg_source_list *l, const char *kind, int error,
	const char *why, const char *install, const char *start);
/* "WHAT: (text of ERROR)", ERROR positive. MEND is for a refusal (EACCES, EPERM) alone. */
void erg_source_list_note_error(struct erg_source_list *l, const char *kind, const char *path,
	const char *mend, const char *what, int error);
void erg_source_list_note_copy(struct erg_source_list *l, const struct erg_probe_note *note);
void erg_source_list_release(struct erg_source_list *l);

/* A channel that could not be read. */
#define ERG_VALUE_NONE INT64_MIN

/* What read() returns besides a negative errno. */
enum erg_read { ERG_READ_OK, ERG_READ_NOTHING, ERG_READ_MORE };

struct erg_source_ops {
	const char *kind;  /* the name used in --source */
	const char *about; /* one line for --help and the manual */
	const char *arg;   /* what must stand behind "KIND:", or NULL: then auto asks it */
	bool slow;         /* each source gets a thread of its own */
	/* Adds every source there is to LIST; a thing that is there and cannot be used is a note, not
	 * an error. Errors are for what the user asked for by name and cannot have. */
	int (*find)(const struct erg_source_config *cfg, struct erg_source_list *list,
		struct erg_err *err);
	/* Prepares for reading: opens descriptors, saves and changes settings. May change model and
	 * settings, so define the source after it. May be NULL. */
	int (*start)(struct erg_source *s, struct erg_err *err);
	/* Fills values[channels]; ERG_VALUE_NONE for a channel that failed. *native: the sensor's own
	 * time on CLOCK_MONOTONIC, or 0. Returns ERG_READ_OK, ERG_READ_NOTHING for "nothing new, emit
	 * nothing", ERG_READ_MORE for "filled, and more readings wait: call again at once" (sources
	 * that buffer), or a negative errno when nothing could be read. A source that failed may be
	 * read again at the next deadline: it finds its files, device or child again by itself. */
	int (*read)(struct erg_source *s, int64_t *values, uint64_t *native);
	/* Puts settings back, closes. May be NULL. Must be safe to call twice. */
	void (*stop)(struct erg_source *s);
	void (*free)(struct erg_source *s);
};

#define ERG_SOURCE_CHANNELS_MAX 64

/* Embedded as first member of each driver's own struct. */
struct erg_source {
	const struct erg_source_ops *ops;
	char path[256]; /* where it is, for people */
	char device
		[256]; /* which piece of hardware, whatever its number is now; "": not known (device.h) */
	enum erg_source_class cls;
	struct erg_sensor_model model;
	bool simulated;
	bool rate_fixed;      /* reads at interval_ns whatever --rate says */
	uint64_t interval_ns; /* between two reads; 0: as --rate */
	size_t n_channels;
	struct erg_channel_def *channels;
	json_t *settings; /* what start() changed and what it was before, or NULL */
	/* of the sampler */
	uint64_t errors, reads;
	int last_error;
	unsigned int in_a_row;  /* readings that failed since the last one that did not */
	uint64_t failing_since; /* when the first of them was; of no meaning without one */
};

/* The table of all drivers, NULL-terminated. */
extern const struct erg_source_ops *const erg_source_drivers[];

/*
 * LIST as of --source: "auto", or items "KIND" or "KIND:ARG" joined by commas:
 * "hwmon,thermal,exec:COMMAND". ARG of exec is a shell command, which may hold commas (an item ends
 * only at a comma that is followed by the name of a driver); ARG of any other kind is the name of a
 * rail, a chip or a path: only the sources that have it are kept.
 *
 * On success rails are unique among the channels of one quantity, and parents name rails that are
 * there. -EINVAL: an unknown kind (the message lists those that exist); -ENOENT: what was asked for
 * by name is not there (the message lists what is, or says why). "auto" that finds nothing is an
 * empty list with notes, not an error. To be called from the thread that stays to the end of the
 * recording: children of exec sources die with it.
 */
int erg_sources_find(const char *list, const struct erg_source_config *cfg,
	struct erg_source_list *ret, struct erg_err *err);
/* The words of LIST alone, before anything is looked for: 0, or -EINVAL as above. */
int erg_sources_check(const char *list, struct erg_err *err);

#endif
