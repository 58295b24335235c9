/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes models as files: what is read can be written, reads back as the same bytes, and predicts
 * rows of whatever size without leaving its tables.
 */
#include <float.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/model/document.h"
#include "analyze/render/model.h"
#include "analyze/result/document.h"
#include "formats/base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_of(const struct erg_model *m)
{
	json_auto_t *j = erg_model_to_json(m);

	return json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
}

static void round_trip(const struct erg_model *m)
{
	_cleanup_(erg_freep) char *one = text_of(m), *two = NULL;
	_cleanup_(erg_model_freep) struct erg_model *again = NULL;
	json_auto_t *j = one ? json_loads(one, 0, NULL) : NULL;
	struct erg_err err = {0};

	if (!one || !j)
		__builtin_trap();
	if (erg_model_from_json(j, "again", &again, &err) < 0)
		__builtin_trap();
	two = text_of(again);
	if (!two || strcmp(one, two))
		__builtin_trap();
}

/* The inputs by name, then the response and the calls, as the verb asks for them. */
static void predict(const struct erg_model *m)
{
	static const double some[] = {0, 1, -3.5, 1e9, DBL_MAX, 1e-300};
	_cleanup_(erg_model_data_done) struct erg_model_data d = {0};
	char *names[ERG_MODEL_VARS + 2];
	double row[ERG_MODEL_VARS + 2];
	json_auto_t *doc = erg_document_new("model");
	struct erg_err err = {0};
	FILE *out = fopen("/dev/null", "w");
	size_t n = 0;

	for (size_t v = 0; v < m->n_vars; v++)
		if (!erg_model_computes(m, v))
			names[n++] = m->vars[v];
	names[n++] = m->vars[m->stage[m->n_stages - 1].response];
	names[n++] = (char *)"calls";
	if (!out || erg_model_data_init(&d, names, n, false) < 0)
		__builtin_trap();
	for (size_t i = 0; i < ERG_ARRAY_SIZE(some); i++) {
		for (size_t k = 0; k < n; k++)
			row[k] = some[(i + k) % ERG_ARRAY_SIZE(some)];
		erg_model_data_row(&d, row, 0, i % 2 ? "a" : "b", NULL, i);
	}
	if (erg_model_predict_document(&d, m, doc, &err) < 0) {
		if (!err.msg[0])
			__builtin_trap();
	} else {
		erg_model_predict_text(doc, out, &err);
		erg_model_predict_csv(doc, out, &err);
	}
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_model_freep) struct erg_model *m = NULL;
	json_auto_t *j = json_loadb((const char *)data, size, 0, NULL);
	struct erg_err err = {0};

	if (!j)
		return 0;
	if (erg_model_from_json(j, "model.json", &m, &err) < 0) {
		if (err.code >= 0 || strncmp(err.msg, "model.json: ", 12))
			__builtin_trap();
		return 0;
	}
	round_trip(m);
	predict(m);
	return 0;
}
