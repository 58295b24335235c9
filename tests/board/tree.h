/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_TREE_H
#define ERG_TESTS_BOARD_TREE_H

/*
 * Real files that behave like sysfs attributes: each is kept open and rewritten in place, so a
 * reader that keeps its own descriptor open sees every update, and one pread gives a whole value.
 */
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"

#define ERG_TREE_TEXT_MAX 512

struct erg_tree_file {
	int fd;
	int width; /* > 0: numbers are padded to this width, so the length never changes */
	char text[ERG_TREE_TEXT_MAX]; /* as last written, without the newline */
};

/* Makes ROOT/PATH with its directories and writes TEXT and a newline. */
int erg_tree_make(int root_fd, const char *path, unsigned mode, int width, const char *text,
	struct erg_tree_file *ret, struct erg_err *err);

/* The same for a file that never changes; not kept open. */
int erg_tree_static(int root_fd, const char *path, const char *text, struct erg_err *err);

/* Rewrites the file when TEXT differs from what it says. */
void erg_tree_put(struct erg_tree_file *f, const char *text);
void erg_tree_put_int(struct erg_tree_file *f, int64_t value);

/* True when someone else has written: *RET_TEXT is what (trimmed). The file keeps it until the next
 * erg_tree_put. */
bool erg_tree_poll(struct erg_tree_file *f, char ret_text[ERG_TREE_TEXT_MAX]);

void erg_tree_close(struct erg_tree_file *f);

#endif
