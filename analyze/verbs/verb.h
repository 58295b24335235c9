/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_VERB_H
#define ERG_ANALYZE_VERB_H

/*
 * A verb of erg-analyze is one file: it parses its options into a struct of its own, makes one
 * JSON document (the result) and hands it to a renderer. main.c has the table.
 */
#include <stdbool.h>

#include "analyze/account/options.h"
#include "analyze/render/emit.h"
#include "analyze/result/document.h"
#include "analyze/result/select.h"
#include "formats/base/err.h"
#include "formats/base/options.h"
#include "formats/base/program.h"
#include "formats/base/util.h"

extern const struct erg_verb erg_verb_info, erg_verb_verify, erg_verb_layers, erg_verb_totals;
extern const struct erg_verb erg_verb_sweep, erg_verb_corun, erg_verb_thermal, erg_verb_compare;
extern const struct erg_verb erg_verb_model, erg_verb_report, erg_verb_export, erg_verb_batch,
	erg_verb_study;

/* ---- what verbs share (verb.c) ---- */

/* Rows for groups of options (formats/base/options.h), all of struct erg_common. */
extern const struct erg_option erg_rows_account[]; /* rail, sensor, attribution, --jobs */
extern const struct erg_option erg_rows_output[];  /* --format, --strict */
extern const struct erg_option erg_rows_strict[];  /* --strict alone, of verbs that write a file */
extern const struct erg_option erg_rows_select[];  /* --sort, --top, --phase, --match */
extern const struct erg_option erg_rows_info[];    /* --rail, --jobs, --format, --strict */
extern const struct erg_option erg_rows_verify[];  /* --jobs, --format, --strict */

/* The last groups of a verb whose struct options has the common ones at AT. */
#define ERG_GROUPS_COMMON(at)                                                                      \
	{"Rail, sensor and attribution", erg_rows_account, at, true},                              \
		{"Output", erg_rows_output, at, true},                                             \
	{                                                                                          \
		0                                                                                  \
	}
#define ERG_GROUPS_FILE(at)                                                                        \
	{"Rail, sensor and attribution", erg_rows_account, at, true},                              \
		{"Output", erg_rows_strict, at, true},                                             \
	{                                                                                          \
		0                                                                                  \
	}

/* In the help of a verb that takes what erg_verb_files() does. */
#define ERG_NEWEST_HELP "Without a FILE: the newest archive in this folder."
/*
 * The archives that a command line names: N of WORDS, or, of none, the newest *.erg in this folder, which is
 * said on stderr. Returns their number and in *RET the archives; 0 when there is none, which was said (exit 2).
 */
int erg_verb_files(const struct erg_command *c, int n, char *const *words, char *const **ret);

/* The first option of the attribution that COMMON was given; NULL: none. */
const char *erg_verb_attribution_given(const struct erg_common *common);
/*
 * Results and tables are taken as they are: returns 2 and says it where such an option, or one of the rail or
 * the sensor, was given and none of the N FILES is an archive, else 0.
 */
int erg_verb_check_account(const struct erg_command *c, const struct erg_common *common,
	char *const *files, size_t n);

/*
 * Before the work: whether a file may be written to PATH, and is none that C reads (N FILES) and no recording,
 * which would be lost. Returns 0, 2 where that was said, or a negative errno with ERR set.
 */
int erg_verb_output(const struct erg_command *c, const char *path, char *const *files, size_t n,
	struct erg_err *err);

/* A verb that has the common options alone and takes archives: calls FN with those named. Returns what
 * FN does, 0 after --help, 2 for wrong usage. */
int erg_verb_archives(const struct erg_command *c, int argc, char **argv,
	int (*fn)(int n, char *const *paths, const struct erg_common *common, struct erg_err *err),
	struct erg_err *err);

#endif
