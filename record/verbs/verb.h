/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_VERB_H
#define ERG_RECORD_VERB_H

/*
 * A verb of erg-record is one file that parses its options into a struct of its own and does one
 * job. main.c has the table; a verb is added by one line in each of verb.h, main.c and meson.build.
 */
#include "formats/base/program.h"

extern const struct erg_verb erg_record_verb_sweep, erg_record_verb_restore;
extern const struct erg_verb erg_record_verb_run, erg_record_verb_calibrate,
	erg_record_verb_collect, erg_record_verb_recover, erg_record_verb_sources,
	erg_record_verb_top;
extern const struct erg_verb erg_record_verb_import;

#endif
