/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_MODEL_OPTIONS_H
#define ERG_ANALYZE_MODEL_OPTIONS_H

/* The command line of `erg-analyze model`. */
#include "analyze/model/model.h"
#include "analyze/verbs/verb.h"

#define ERG_MODEL_NAMES_MAX 64u /* columns of all candidates together */
#define ERG_MODEL_GROUPS_MAX 8u
#define ERG_MODEL_SETS_MAX 16u /* --predictors and --chain */

struct erg_model_options {
	struct erg_common common;
	bool predict;
	const char *table, *response, *uncertainty, *type, *save, *model, *networks_dir;
	char *groups[ERG_MODEL_GROUPS_MAX]; /* owned */
	size_t n_groups;
	bool whole, drop, points, intercept;
	unsigned int degrees, methods; /* sets of bits: 1 << degree, 1 << enum erg_lsq_method */
	double lambda;
	enum erg_model_weights weights;
	struct {
		char *list; /* owned; cut at its separators */
		bool chain;
	} sets[ERG_MODEL_SETS_MAX];
	size_t n_sets;
	const char **networks;
	size_t n_networks;
	char **files;
	size_t n_files;

	struct erg_model_spec *spec; /* the candidates: sets × degrees × methods */
	size_t n_specs;
};

/* argv[0] is the verb. 0: good; 1: help was printed; 2: wrong, and stderr says what. Strings
 * point into ARGV. */
int erg_model_options_parse(struct erg_model_options *o, int argc, char **argv);
/* Of --save, before the work: 0, 2 where the wrong name was said, or a negative errno. */
int erg_model_options_check_save(const struct erg_model_options *o, struct erg_err *err);
void erg_model_options_done(struct erg_model_options *o);

#endif
