/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_OPTIONS_H
#define ERG_TESTS_BOARD_OPTIONS_H

#include <stdio.h>

#include "tests/board/board.h"

void erg_board_config_defaults(struct erg_board_config *cfg);

/* Reads the command line into *CFG. Returns 0, 1 when help was asked for, -EINVAL. */
int erg_board_options(struct erg_board_config *cfg, int argc, char **argv, struct erg_err *err);

void erg_board_help(FILE *f);

#endif
