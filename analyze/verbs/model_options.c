/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Options of `erg-analyze model` into one struct, and the candidates that they ask for: every set of
 * predictors and every chain, by every degree, by every method.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/verbs/model_options.h"

#include "formats/base/memory.h"

void erg_model_options_done(struct erg_model_options *o)
{
	for (size_t i = 0; i < o->n_sets; i++)
		free(o->sets[i].list);
	for (size_t i = 0; i < o->n_groups; i++)
		free(o->groups[i]);
	free(o->spec);
	free(o->networks);
}

/* Sets the bits of the words in LIST; what is none of NAMES is wrong. */
static int word_bits(const char *list, const char *const *names, size_t n, unsigned int *ret,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(list);
	char *save = NULL, all[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", i ? ", " : "",
			names[i]);
	for (char *p = copy ? strtok_r(copy, ",", &save) : NULL; p;
		p = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (i < n && strcmp(p, names[i]))
			i++;
		if (i == n)
			return erg_fail(err, -EINVAL, "a list of %s", all);
		*ret |= 1u << i;
	}
	return 0;
}

static int take_method(void *into, const char *arg, struct erg_err *err)
{
	static const char *const methods[] = {"ols", "nnls", "ridge"};
	struct erg_model_options *o = into;

	return word_bits(arg, methods, ERG_ARRAY_SIZE(methods), &o->methods, err);
}

static int take_degree(void *into, const char *arg, struct erg_err *err)
{
	static const char *const degrees[] = {"1", "2"};
	struct erg_model_options *o = into;
	unsigned int bits = 0;
	int r = word_bits(arg, degrees, ERG_ARRAY_SIZE(degrees), &bits, err);

	o->degrees |= bits << 1;
	return r;
}

static int take_weights(void *into, const char *arg, struct erg_err *err)
{
	static const char *const names[] = {"none", "uncertainty", "relative"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i])) {
			((struct erg_model_options *)into)->weights = (enum erg_model_weights)i;
			return 0;
		}
	return erg_fail(err, -EINVAL, "none, uncertainty or relative");
}

static int take_group(void *into, const char *arg, struct erg_err *err)
{
	struct erg_model_options *o = into;
	_cleanup_(erg_freep) char *copy = strdup(arg);
	char *save = NULL;

	if (!copy)
		return erg_fail(err, -ENOMEM, "memory");
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (o->n_groups == ERG_MODEL_GROUPS_MAX)
			return erg_fail(err, -EINVAL, "at most %u columns", ERG_MODEL_GROUPS_MAX);
		o->groups[o->n_groups] = strdup(p);
		if (!o->groups[o->n_groups++])
			return erg_fail(err, -ENOMEM, "memory");
	}
	return 0;
}

static int add_set(struct erg_model_options *o, const char *list, bool chain, struct erg_err *err)
{
	char *copy;

	if (o->n_sets == ERG_MODEL_SETS_MAX)
		return erg_fail(err, -EINVAL, "at most %u sets of predictors", ERG_MODEL_SETS_MAX);
	copy = strdup(list);
	if (!copy)
		return erg_fail(err, -ENOMEM, "memory");
	o->sets[o->n_sets].list = copy;
	o->sets[o->n_sets++].chain = chain;
	return 0;
}

static int take_predictors(void *into, const char *arg, struct erg_err *err)
{
	return add_set(into, arg, false, err);
}

static int take_chain(void *into, const char *arg, struct erg_err *err)
{
	return add_set(into, arg, true, err);
}

static bool add_network(struct erg_model_options *o, const char *name)
{
	void *grown = erg_noted(reallocarray(o->networks, o->n_networks + 1, sizeof(*o->networks)));

	if (!grown)
		return false;
	o->networks = grown;
	o->networks[o->n_networks++] = name;
	return true;
}

static int take_network(void *into, const char *arg, struct erg_err *err)
{
	return add_network(into, arg) ? 0 : erg_fail(err, -ENOMEM, "memory");
}

#define AT(field) offsetof(struct erg_model_options, field)

static const struct erg_option fit_rows[] = {
	{"table", 0, "T.csv", "measurements made elsewhere, one row a layer or a run",
		ERG_OPTION_TEXT, AT(table)},
	{"predictors", 0, "A,B",
		"columns or counters; macs, params, bytes_in, bytes_out, bytes_params, "
		"time_s, frequency_hz, temperature_degc (default macs; repeated: models to compare)",
		ERG_OPTION_CALL, .take = take_predictors},
	{"chain", 0, "A:B:C:Y", "A predicts B, B predicts C, B and C predict Y (repeatable)",
		ERG_OPTION_CALL, .take = take_chain},
	{"response", 0, "NAME", "default energy_j; also time_s, power_w, any column of a table",
		ERG_OPTION_TEXT, AT(response)},
	{"group", 0, "A,B",
		"what is left out as a whole: columns of a table; of archives network, workload, "
		"machine, or a factor or tag such as library (default: the network; none in a table)",
		ERG_OPTION_CALL, .take = take_group},
	{"method", 0, "LIST", "ols, nnls (no coefficient below 0), ridge (default ols)",
		ERG_OPTION_CALL, .take = take_method},
	{"lambda", 0, "L",
		"of ridge, columns scaled to length 1 (default: generalised cross-validation)",
		ERG_OPTION_NUMBER, AT(lambda), 0, 1e300},
	{"weights", 0, "HOW", "none, uncertainty (inverse variance), relative (default none)",
		ERG_OPTION_CALL, .take = take_weights},
	{"uncertainty", 0, "COL", "column of the response's standard uncertainty (tables)",
		ERG_OPTION_TEXT, AT(uncertainty)},
	{"intercept", 0, NULL, "with a constant", ERG_OPTION_FLAG, AT(intercept)},
	{"degree", 0, "LIST", "1, 2 or 1,2 (default 1)", ERG_OPTION_CALL, .take = take_degree},
	{"save", 0, "M.json", "keep the model", ERG_OPTION_TEXT, AT(save)},
	{"points", 0, NULL, "all points in the JSON, even more than 10000", ERG_OPTION_FLAG,
		AT(points)},
	{0},
};
static const struct erg_option predict_rows[] = {
	{"model", 0, "M.json", "what fit --save wrote", ERG_OPTION_TEXT, AT(model)},
	{"network", 0, "NAME", "a network of examples/convnet, or a .net file (repeatable)",
		ERG_OPTION_CALL, .take = take_network},
	{"networks", 0, "DIR", "where networks are looked for", ERG_OPTION_TEXT, AT(networks_dir)},
	{0},
};
static const struct erg_option both_rows[] = {
	{"type", 0, "TYPE", "only layers of this type: conv, fc, ...", ERG_OPTION_TEXT, AT(type)},
	{"whole", 0, NULL, "rows are whole networks, not layers", ERG_OPTION_FLAG, AT(whole)},
	{"drop-missing", 0, NULL, "leave out rows with a missing value instead of failing",
		ERG_OPTION_FLAG, AT(drop)},
	{0},
};
static const struct erg_option_group option_groups[] = {{"fit", fit_rows, 0, false},
	{"predict", predict_rows, 0, false}, {"both", both_rows, 0, false},
	ERG_GROUPS_COMMON(AT(common))};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "model",
	.synopsis = "fit [options] FILE...\nfit [options] --table T.csv --response NAME\n"
		    "predict --model M.json FILE... | --table T.csv | --network NAME",
	.about =
		"Fits energy to predictors of layers or whole networks, validates it by leaving one "
		"network out, and predicts what was never measured. FILEs are archives, results of "
		"'erg-analyze layers --format json', or directories of archives; for predict also network "
		"descriptions (*.net).",
	.groups = option_groups,
};

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
	else if (o->predict &&
		(o->methods || o->degrees || o->weights || o->intercept || o->points ||
			o->lambda >= 0))
		wrong = "--method, --lambda, --weights, --intercept, --degree and --points are for fit";
	else if (o->networks_dir && !o->n_networks)
		wrong = "--networks: expected --network NAME with it";
	else if (o->lambda >= 0 && !(o->methods & 1u << ERG_LSQ_RIDGE))
		wrong = "--lambda: expected --method ridge with it";
	else if (!o->predict && o->table && !o->response)
		wrong = "expected --response NAME, a column of the table";
	else if (o->table && o->whole)
		wrong = "--whole needs archives: a table's rows stay as they are";
	else if (o->table && o->weights == ERG_MODEL_SIGMA && !o->uncertainty)
		wrong = "--weights uncertainty: expected --uncertainty COLUMN";
	else if (o->uncertainty && o->weights != ERG_MODEL_SIGMA)
		wrong = "--uncertainty: expected --weights uncertainty with it";
	else if (!o->table && o->uncertainty)
		wrong = "--uncertainty is for tables: archives have their own";
	if (wrong)
		erg_options_wrong(&command, "%s", wrong);
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
			erg_options_wrong(&command, "more than %u predictors", ERG_MODEL_VARS - 2);
			return false;
		}
		if (!strcmp(p, response) || variable(s, p) != before) {
			erg_options_wrong(&command, "--predictors: '%s' %s", p,
				strcmp(p, response) ? "is named twice" : "is the response");
			return false;
		}
		s->stage[0].input[s->stage[0].n_inputs++] = before;
	}
	s->stage[0].response = variable(s, response);
	if (!s->stage[0].n_inputs)
		erg_options_wrong(&command, "--predictors: expected names");
	return s->stage[0].n_inputs > 0;
}

/* "A:B:C:Y": A predicts B, B predicts C, B and C predict Y. */
static bool build_chain(struct erg_model_spec *s, char *list)
{
	size_t link[ERG_MODEL_STAGES + 1], n = 0;
	char *save = NULL;

	for (char *p = strtok_r(list, ":", &save); p; p = strtok_r(NULL, ":", &save)) {
		if (n > ERG_MODEL_STAGES || variable(s, p) != n) {
			erg_options_wrong(&command, "--chain: '%s' is %s", p,
				n > ERG_MODEL_STAGES ? "one too many" : "named twice");
			return false;
		}
		link[n] = n;
		n++;
	}
	if (n < 2) {
		erg_options_wrong(&command, "--chain: expected A:B:Y, at least two names");
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
	size_t per_set =
		(size_t)__builtin_popcount(o->degrees) * (size_t)__builtin_popcount(o->methods);

	o->spec = erg_noted(calloc(o->n_sets * per_set, sizeof(*o->spec)));
	if (!o->spec)
		return false;
	for (size_t k = 0; k < o->n_sets; k++) {
		struct erg_model_spec s = {.intercept = o->intercept,
			.lambda = o->lambda,
			.weights = o->weights};

		if (!(o->sets[k].chain ? build_chain(&s, o->sets[k].list)
				       : build_set(&s, o->sets[k].list, o->response)))
			return false;
		if (strcmp(s.vars[s.stage[s.n_stages - 1].response], o->response)) {
			erg_options_wrong(&command, "--chain ends with '%s'; the response is '%s'",
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

/* The first word that is no option says what is to be done; the rest are files. */
static int action(struct erg_model_options *o, int argc, char **argv, int *first)
{
	const char *word = *first < argc ? argv[*first] : NULL;

	if (!word || (strcmp(word, "fit") && strcmp(word, "predict")))
		return erg_options_wrong(&command, "expected fit or predict%s%s",
			word ? ", not " : "", word ? word : "");
	o->predict = !strcmp(word, "predict");
	++*first;
	return 0;
}

int erg_model_options_parse(struct erg_model_options *o, int argc, char **argv)
{
	int first, r;

	o->lambda = -1;
	r = erg_options_parse(&command, argc, argv, o, &first);
	if (!r)
		r = action(o, argc, argv, &first);
	if (r)
		return r;
	if (!sort_files(o, argc, argv, first))
		return 2;
	default_response(o);
	if (!consistent(o) || erg_verb_check_account(&command, &o->common, o->files, o->n_files))
		return 2;
	if (o->predict)
		return 0;
	if (!o->response)
		o->response = "energy_j";
	if (!o->n_sets && add_set(o, "macs", false, NULL) < 0)
		return 2;
	o->degrees = o->degrees ? o->degrees : 1u << 1;
	o->methods = o->methods ? o->methods : 1u << ERG_LSQ_OLS;
	return build_specs(o) ? 0 : 2;
}

int erg_model_options_check_save(const struct erg_model_options *o, struct erg_err *err)
{
	char *const table[] = {(char *)o->table};
	int r = o->save ? erg_verb_output(&command, o->save, o->files, o->n_files, err) : 0;

	return r || !o->save || !o->table ? r : erg_verb_output(&command, o->save, table, 1, err);
}
