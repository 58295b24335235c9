/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_LINES_H
#define ERG_FORMATS_LINES_H

/*
 * A text file line by line, in memory that does not grow with it: logs of 10^7 rows. See input.h
 * for what a text file may be.
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"
#include "formats/input.h"

struct erg_lines;

int erg_lines_open(const char *path, struct erg_lines **ret, struct erg_err *err);
/*
 * 1: *ret is the next line that is not blank, ended by a NUL in place of its line end, writable
 * until the next call; 0: there is none left. A NUL byte within a line shows as '?', which is in no
 * number and no time. -EINVAL for a line of more than a mebibyte.
 */
int erg_lines_next(struct erg_lines *l, char **ret, struct erg_err *err);
/* Of the line given last, from 1. */
size_t erg_lines_number(const struct erg_lines *l);
/* The line given last is the file's last one and has no line end: its writer may have been stopped
 * in the middle of it. */
bool erg_lines_cut(const struct erg_lines *l);
/* Tells the progress of reading, now and then. */
void erg_lines_progress(const struct erg_lines *l);
/* Of all bytes, once the last line was given; the rest is read for it if need be. */
int erg_lines_sha256(struct erg_lines *l, char ret[ERG_INPUT_SHA256_SIZE], struct erg_err *err);
void erg_lines_free(struct erg_lines *l);
void erg_lines_freep(struct erg_lines **l);

/*
 * LINE into cells at SEPARATOR, in place: blanks around a cell and RFC 4180 quotes are taken off.
 * Returns how many there are, of which the first MAX are in CELLS; 0 when a quote is not closed.
 */
size_t erg_lines_split(char *line, char separator, char **cells, size_t max);

#endif
