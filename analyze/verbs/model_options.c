/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Options of `erg-analyze model` into one struct, and the candidates that they ask for: every set of
 * predictors and every chain, by every degree, by every method.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/verbs/model_options.h"

enum {
	OPT_TABLE = ERG_OPT_FIRST_OWN,
	OPT_PREDICTORS,
	OPT_CHAIN,
	OPT_RESPONSE,
	OPT_GROUP,
	OPT_METHOD,
	OPT_LAMBDA,
	OPT_WEIGHTS,
	OPT_UNCERTAINTY,
	OPT_INTERCEPT,
	OPT_DEGREE,
	OPT_SAVE,
	OPT_POINTS,
	OPT_MODEL,
	OPT_NETWORK,
	OPT_NETWORKS,
	OPT_TYPE,
	OPT_WHOLE,
	OPT_DROP,
};

static const struct option longs[] = {
	ERG_COMMON_OPTIONS,
	{"table", required_argument, NULL, OPT_TABLE},
	{"predictors", required_argument, NULL, OPT_PREDICTORS},
	{"chain", required_argument, NULL, OPT_CHAIN},
	{"response", required_argument, NULL, OPT_RESPONSE},
	{"group", required_argument, NULL, OPT_GROUP},
	{"method", required_argument, NULL, OPT_METHOD},
	{"lambda", required_argument, NULL, OPT_LAMBDA},
	{"weights", required_argument, NULL, OPT_WEIGHTS},
	{"uncertainty", required_argument, NULL, OPT_UNCERTAINTY},
	{"intercept", no_argument, NULL, OPT_INTERCEPT},
	{"degree", required_argument, NULL, OPT_DEGREE},
	{"save", required_argument, NULL, OPT_SAVE},
	{"points", no_argument, NULL, OPT_POINTS},
	{"model", required_argument, NULL, OPT_MODEL},
	{"network", required_argument, NULL, OPT_NETWORK},
	{"networks", required_argument, NULL, OPT_NETWORKS},
	{"type", required_argument, NULL, OPT_TYPE},
	{"whole", no_argument, NULL, OPT_WHOLE},
	{"drop-missing", no_argument, NULL, OPT_DROP},
	{0},
};

void erg_model_options_done(struct erg_model_options *o)
{
	free(o->spec);
	free(o->networks);
}

/* Sets the bits of the words in LIST; false when one is none of NAMES. */
static bool word_bits(const char *option, char *list, const char *const *names, size_t n,
	unsigned int *ret)
{
	char *save = NULL;

	for (char *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (i < n && strcmp(p, names[i]))
			i++;
		if (i == n) {
			fprintf(stderr, "%s: '%s' is none of", option, p);
			for (i = 0; i < n; i++)
				fprintf(stderr, "%s %s", i ? "," : "", names[i]);
			fputc('\n', stderr);
			return false;
		}
		*ret |= 1u << i;
	}
	return true;
}

static bool weights(const char *arg, enum erg_model_weights *ret)
{
	static const char *const names[] = {"none", "uncertainty", "relative"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i])) {
			*ret = (enum erg_model_weights)i;
			return true;
		}
	fprintf(stderr, "--weights: '%s' is none of none, uncertainty, relative\n", arg);
	return false;
}

static bool lambda(const char *arg, double *ret)
{
	char *end;

	*ret = strtod(arg, &end);
	if (end != arg && !*end && isfinite(*ret) && *ret >= 0)
		return true;
	fprintf(stderr, "--lambda: '%s' is not a number of 0 or more\n", arg);
	return false;
}

static bool groups(struct erg_model_options *o, char *list)
{
	char *save = NULL;

	for (char *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (o->n_groups == ERG_MODEL_GROUPS_MAX) {
			fprintf(stderr, "--group: more than %u columns\n", ERG_MODEL_GROUPS_MAX);
			return false;
		}
		o->groups[o->n_groups++] = p;
	}
	return true;
}

static bool add_set(struct erg_model_options *o, char *list, bool chain)
{
	if (o->n_sets == ERG_MODEL_SETS_MAX) {
		fprintf(stderr, "more than %u sets of predictors\n", ERG_MODEL_SETS_MAX);
		return false;
	}
	o->sets[o->n_sets].list = list;
	o->sets[o->n_sets++].chain = chain;
	return true;
}

static bool add_network(struct erg_model_options *o, const char *name)
{
	void *grown = reallocarray(o->networks, o->n_networks + 1, sizeof(*o->networks));

	if (!grown)
		return false;
	o->networks = grown;
	o->networks[o->n_networks++] = name;
	return true;
}

static bool text_option(struct erg_model_options *o, int c)
{
	switch (c) {
	case OPT_TABLE:
		o->table = optarg;
		return true;
	case OPT_RESPONSE:
		o->response = optarg;
		return true;
	case OPT_UNCERTAINTY:
		o->uncertainty = optarg;
		return true;
	case OPT_SAVE:
		o->save = optarg;
		return true;
	case OPT_MODEL:
		o->model = optarg;
		return true;
	case OPT_NETWORKS:
		o->networks_dir = optarg;
		return true;
	case OPT_TYPE:
		o->type = optarg;
		return true;
	default:
		return erg_common_option(&o->common, c, optarg);
	}
}

static bool one_option(struct erg_model_options *o, int c)
{
	static const char *const methods[] = {"ols", "nnls", "ridge"};
	static const char *const degrees[] = {"0", "1", "2"};

	switch (c) {
	case OPT_PREDICTORS:
	case OPT_CHAIN:
		return add_set(o, optarg, c == OPT_CHAIN);
	case OPT_GROUP:
		return groups(o, optarg);
	case OPT_METHOD:
		return word_bits("--method", optarg, methods, 3, &o->methods);
	case OPT_LAMBDA:
		return lambda(optarg, &o->lambda);
	case OPT_WEIGHTS:
		return weights(optarg, &o->weights);
	case OPT_INTERCEPT:
		return o->intercept = true;
	case OPT_DEGREE:
		return word_bits("--degree", optarg, degrees, 3, &o->degrees);
	case OPT_POINTS:
		return o->points = true;
	case OPT_NETWORK:
		return add_network(o, optarg);
	case OPT_WHOLE:
		return o->whole = true;
	case OPT_DROP:
		return o->drop = true;
	default:
		return text_option(o, c);
	}
}

/* Files that are network descriptions move to the networks. */
static bool sort_files(struct erg_model_options *o, int argc, char **argv, int first)
{
	o->files = argv + first;
	for (int i = first; i < argc; i++) {
		size_t n = strlen(argv[i]);

		if (!o->predict || n < 5 || strcmp(argv[i] + n - 4, ".net"))
			o->files[o->n_files++] = argv[i];
		else if (!add_network(o, argv[i]))
			return false;
	}
	return true;
}

static bool consistent(const struct erg_model_options *o)
{
	int inputs = (o->table != NULL) + (o->n_files > 0) + (o->n_networks > 0);
	const char *wrong = NULL;

	if (inputs != 1)
		wrong = o->predict ? "expected one of: archives, --table T.csv, --network NAME"
				   : "expected archives, or --table T.csv";
	else if (o->predict && !o->model)
		wrong = "expected --model M.json";
	else if (!o->predict && (o->model || o->n_networks))
		wrong = "--model and --network are for predict";
	else if (o->predict && (o->n_sets || o->save || o->response))
		wrong = "--predictors, --chain, --response and --save are for fit";
	else if (!o->predict && o->table && !o->response)
		wrong = "expected --response NAME, a column of the table";
	else if (o->table && o->whole)
		wrong = "--whole needs archives: a table's rows stay as they are";
	else if (o->table && o->weights == ERG_MODEL_SIGMA && !o->uncertainty)
		wrong = "--weights uncertainty: expected --uncertainty COLUMN";
	else if (!o->table && o->uncertainty)
		wrong = "--uncertainty is for tables: archives have their own";
	else if (!o->table && o->n_groups)
		wrong = "--group is for tables: the group of an archive's layer is its network";
	else if (o->degrees & 1)
		wrong = "--degree: expected 1, 2 or 1,2";
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	return !wrong;
}

static size_t variable(struct erg_model_spec *s, const char *name)
{
	for (size_t v = 0; v < s->n_vars; v++)
		if (!strcmp(s->vars[v], name))
			return v;
	s->vars[s->n_vars] = name;
	return s->n_vars++;
}

/* "A,B": one stage. */
static bool build_set(struct erg_model_spec *s, char *list, const char *response)
{
	char *save = NULL;

	s->n_stages = 1;
	for (char *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		size_t before = s->n_vars;

		if (before == ERG_MODEL_VARS - 2) {
			fprintf(stderr, "more than %u predictors\n", ERG_MODEL_VARS - 2);
			return false;
		}
		if (!strcmp(p, response) || variable(s, p) != before) {
			fprintf(stderr, "--predictors: '%s' %s\n", p, strcmp(p, response) ?
				"is named twice" : "is the response");
			return false;
		}
		s->stage[0].input[s->stage[0].n_inputs++] = before;
	}
	s->stage[0].response = variable(s, response);
	if (!s->stage[0].n_inputs)
		fprintf(stderr, "--predictors: expected names\n");
	return s->stage[0].n_inputs > 0;
}

/* "A:B:C:Y": A predicts B, B predicts C, B and C predict Y. */
static bool build_chain(struct erg_model_spec *s, char *list)
{
	size_t link[ERG_MODEL_STAGES + 1], n = 0;
	char *save = NULL;

	for (char *p = strtok_r(list, ":", &save); p; p = strtok_r(NULL, ":", &save)) {
		if (n > ERG_MODEL_STAGES || variable(s, p) != n) {
			fprintf(stderr, "--chain: '%s' is %s\n", p,
				n > ERG_MODEL_STAGES ? "one too many" : "named twice");
			return false;
		}
		link[n] = n;
		n++;
	}
	if (n < 2) {
		fprintf(stderr, "--chain: expected A:B:Y, at least two names\n");
		return false;
	}
	s->n_stages = n - 1;
	for (size_t k = 0; k + 1 < n; k++) {
		s->stage[k].response = link[k + 1];
		s->stage[k].input[0] = link[k];
		s->stage[k].n_inputs = 1;
	}
	for (size_t k = 1; k + 1 < n; k++) /* the last stage sees all that was computed */
		s->stage[n - 2].input[k - 1] = link[k];
	s->stage[n - 2].n_inputs = n > 2 ? n - 2 : 1;
	return true;
}

static bool build_specs(struct erg_model_options *o)
{
	size_t per_set = (size_t)__builtin_popcount(o->degrees) *
			 (size_t)__builtin_popcount(o->methods);

	o->spec = calloc(o->n_sets * per_set, sizeof(*o->spec));
	if (!o->spec)
		return false;
	for (size_t k = 0; k < o->n_sets; k++) {
		struct erg_model_spec s = {.intercept = o->intercept, .lambda = o->lambda,
			.weights = o->weights};

		if (!(o->sets[k].chain ? build_chain(&s, o->sets[k].list)
				       : build_set(&s, o->sets[k].list, o->response)))
			return false;
		if (strcmp(s.vars[s.stage[s.n_stages - 1].response], o->response)) {
			fprintf(stderr, "--chain ends with '%s'; the response is '%s'\n",
				s.vars[s.stage[s.n_stages - 1].response], o->response);
			return false;
		}
		for (unsigned int d = 1; d <= 2; d++)
			for (unsigned int m = 0; m < 3; m++)
				if ((o->degrees & 1u << d) && (o->methods & 1u << m)) {
					s.degree = d;
					s.method = (enum erg_lsq_method)m;
					o->spec[o->n_specs++] = s;
				}
	}
	return true;
}

/* Without --response, a chain's last name is it. */
static void default_response(struct erg_model_options *o)
{
	const char *colon = o->n_sets && o->sets[0].chain ? strrchr(o->sets[0].list, ':') : NULL;

	if (!o->response && colon)
		o->response = colon + 1;
}

int erg_model_options_parse(struct erg_model_options *o, int argc, char **argv)
{
	static char macs[] = "macs";
	int c;

	o->lambda = -1;
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return 1;
	if (argc < 2 || (strcmp(argv[1], "fit") && strcmp(argv[1], "predict"))) {
		fprintf(stderr, "expected fit or predict%s%s\n", argc > 1 ? ", not " : "",
			argc > 1 ? argv[1] : "");
		return -1;
	}
	o->predict = !strcmp(argv[1], "predict");
	optind = 2;
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
		if (c == 'h' || !one_option(o, c))
			return c == 'h' ? 1 : -1;
	if (!sort_files(o, argc, argv, optind))
		return -1;
	default_response(o);
	if (!consistent(o))
		return -1;
	if (o->predict)
		return 0;
	if (!o->response)
		o->response = "energy_j";
	if (!o->n_sets && !add_set(o, macs, false))
		return -1;
	o->degrees = o->degrees ? o->degrees : 1u << 1;
	o->methods = o->methods ? o->methods : 1u << ERG_LSQ_OLS;
	return build_specs(o) ? 0 : -1;
}
