/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_ATTR_H
#define ERG_RECORD_SOURCES_ATTR_H

/*
 * Files of one value, as sysfs has them, and sources that are a set of such files. What all drivers
 * of sensors share; see attr.c.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "record/sources/source.h"

/* ---- single files ---- */

/* How attributes are read: pread(2), unless a test puts a faulty one here. */
extern ssize_t (*erg_attr_pread)(int fd, void *buf, size_t n, off_t offset);

/* A decimal integer followed by white space or the end of TEXT. -EBADMSG for anything else, -ERANGE
 * beyond 64 bits. */
int erg_attr_parse(const char *text, int64_t *ret);

/* Reads an open attribute from its beginning. EAGAIN and EINTR are tried again TRIES - 1 times;
 * -ENODATA: it is empty. */
int erg_attr_pread_text(int fd, unsigned int tries, char *buf, size_t size);
int erg_attr_pread_int(int fd, unsigned int tries, int64_t *ret);

/* Opens a regular file for reading, and waits for nobody; a negative errno, -EINVAL for what is none. */
int erg_attr_open(const char *path);

/* Files by path (printf-style, relative to nothing): negative errno, or 0. */
int erg_attr_read_int(int64_t *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* First line without its newline and trailing space, cut to SIZE; returns its length. */
int erg_attr_read_line(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Up to SIZE bytes as they are; returns how many. */
int erg_attr_read_bytes(void *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* VALUE and a newline. -EIO when only a part of it was taken. */
int erg_attr_write_int(int64_t value, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool erg_attr_exists(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Names in the directory that begin with PREFIX, in the order of people (2 before 10), freed by
 * erg_names_freep. 0 names when there is no such directory. */
struct erg_names {
	char **name;
	size_t n;
};
int erg_names_list(struct erg_names *ret, const char *dir, const char *prefix);
void erg_names_freep(struct erg_names *names);

/* ---- sources of attributes ---- */

struct erg_attr {
	char *path;
	int fd;
	unsigned int every; /* read at every n-th reading; between them the last value counts */
	unsigned int tries; /* see erg_attr_pread_int */
	int64_t last;
};

/* A reading that takes longer than this holds up the other sources of a thread. */
#define ERG_ATTR_SLOW_NS 100000u

struct erg_attr_source {
	struct erg_source src;
	struct erg_attr *attrs; /* src.n_channels of them */
	uint64_t tick;
	uint64_t retry_ns; /* when lost files are looked for again */
	/* What ops becomes when a first reading takes longer than ERG_ATTR_SLOW_NS; NULL: never. */
	const struct erg_source_ops *slow_ops;
	bool asleep;          /* files that fail now may be read later: they are offered, too */
	void *priv;           /* of the driver, freed with the source */
	struct erg_attr time; /* of the readings; path NULL: not known */
};

/* PATH is for people. NULL when memory runs out. */
struct erg_attr_source *erg_attr_source_new(const struct erg_source_ops *ops,
	const struct erg_source_config *cfg, enum erg_source_class cls, const char *path);

/* One more channel, whose file is given printf-style. A channel beyond ERG_SOURCE_CHANNELS_MAX is
 * -ENOSPC. The defaults (every tick, two tries) may be changed through *ret (NULL: not asked). */
int erg_attr_source_add(struct erg_attr_source *s, const struct erg_channel_def *def,
	struct erg_attr **ret, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* When DIR has the file ergtrace_time of a simulated board, readings carry the time in it and each is
 * read once: the file holds the time (CLOCK_MONOTONIC ns) of the reading that the others show,
 * and 0 while they are being replaced. */
int erg_attr_source_time(struct erg_attr_source *s, const char *dir);

/* Hands S to LIST if it has channels whose files can be read, or notes why not (with MEND, shown
 * for -EACCES), or drops it silently when it has no channels. *s becomes NULL. */
int erg_attr_source_offer(struct erg_attr_source **s, struct erg_source_list *list,
	const char *mend);

/* The operations, for the driver's table. */
int erg_attr_source_start(struct erg_source *s, struct erg_err *err);
int erg_attr_source_read(struct erg_source *s, int64_t *values, uint64_t *native);
void erg_attr_source_stop(struct erg_source *s);
void erg_attr_source_free(struct erg_source *s);
void erg_attr_source_freep(struct erg_attr_source **s);

/* ---- small things of all drivers ---- */

/* Text of at most SIZE - 1 bytes, cut if need be, with control characters made '_' and '?' for each byte
 * that is no UTF-8. */
void erg_text_set(char *dst, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Items "KEY=VALUE" (kind, alpha, window_ns, period_ns, lag_ns, lag_u_ns) between white space replace
 * fields of *model, whose provenance becomes "driver"; others are ignored. TEXT is used up. */
void erg_model_set(struct erg_sensor_model *model, char *text);

/* DIR/ergtrace_model, written by a simulated board, replaces the fields of *model that it names. */
void erg_model_override(struct erg_sensor_model *model, const char *dir);

/* How a file that may not be read is mended; FILE is that of the note. */
#define ERG_MEND_READ                                                                              \
	"run as root; or, until the next start, give your group the right to read it: "            \
	"sudo chgrp \"$(id -gn)\" FILE && sudo chmod g+r FILE"

#endif
