/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A person who sees the table for the first time cannot know what "nnls" is, nor what to do about
 * "unresolved": each word below that occurs is explained in a line, and no other.
 */
#include "analyze/render/explain.h"

#include <math.h>
#include <string.h>

#include "analyze/render/table.h"
#include "analyze/result/merged.h"
#include "formats/base/util.h"

static const struct {
	const char *word, *means;
} words[] = {
	{"direct", "direct: integrated from readings inside of the layer"},
	{"nnls", "nnls: solved for, from what the readings of all iterations together say"},
	{"no-data", "not seen: no reading falls into it, or none has a power"},
	{"windows", "seen too little: in fewer windows of the sensor than a figure needs"},
	{"interval", "interval too wide: wider than --ci-limit"},
	{"condition",
		"not told from its neighbours: the readings would be the same if they shared otherwise"},
	{"blocks", "run too short: for an interval"},
	{"phase-locked", "in step: the sampler saw the same moments of every iteration"},
	{"unfair",
		"seen in unfair shares: some moments of it much more often than others, so a mean "
		"would be of those"},
	{"impossible",
		"would be an impossible power: below nothing, or above all that was read, so something "
		"else is wrong"},
	{"no-idle", "no idle phase: record one with erg-record run --idle SECONDS"},
	{"unobserved", "under half observed: readings are missing"},
	{"clipped",
		"clipped: the sensor gave the largest value it has, and what was drawn beyond is not "
		"known"},
	{"too-many", "too many layers: to be told apart at all"},
	{"misfit",
		"misfit: the readings do not follow from the layers and any sensor that was tried (man "
		"erg-analyze-layers, THE MODEL)"},
};

static bool has_word(const json_t *list, const char *energy, const char *word)
{
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)list, i, row) {
		const json_t *e = json_object_get(row, energy);

		const char *said =
			erg_text_of(e, isnan(erg_number_of(e, "value")) ? "reason" : "method");

		if (!strncmp(said, word, strlen(word)) && strchr(":", said[strlen(word)]))
			return true; /* "misfit: clock" is a misfit */
	}
	return false;
}

static void explain_words(const json_t *run, const char *energy, FILE *out)
{
	const json_t *layers = json_object_get(run, "layers"), *rest = json_object_get(run, "rest");
	const char *sep = "";
	const json_t *row;
	bool merged = false;
	size_t i;

	json_array_foreach ((json_t *)layers, i, row)
		merged = merged || json_array_size(json_object_get(row, "merged_with"));
	for (i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (has_word(layers, energy, words[i].word) ||
			has_word(rest, energy, words[i].word)) {
			fprintf(out, "%s%s", sep, words[i].means);
			sep = "; ";
		}
	if (merged)
		fprintf(out, "%sa + b: merged, only the energy of both together can be told", sep);
	if (merged || *sep)
		fputc('\n', out);
}

struct longer {
	double least, most;
	size_t n;
};

static void add_longer(const json_t *rows, const char *energy, struct longer *to)
{
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		double k = erg_number_of(json_object_get(row, energy), "longer");

		if (!(k > 1))
			continue;
		to->n++;
		to->least = fmin(to->least, k);
		to->most = fmax(to->most, k);
	}
}

/* "5 rows need about 2.1 to 6.0 × as long a run, each as it says (run 2.1×)" */
static void explain_longer(const json_t *run, const char *energy, FILE *out)
{
	struct longer all = {INFINITY, 0, 0};
	char least[32], most[32];

	add_longer(json_object_get(run, "layers"), energy, &all);
	add_longer(json_object_get(run, "rest"), energy, &all);
	if (!all.n)
		return;
	fprintf(out, all.n == 1 ? "%zu row needs about " : "%zu rows need about ", all.n);
	erg_text_times(least, sizeof(least), all.least);
	if (all.most > 1.2 * all.least)
		fprintf(out, "%s to ", least);
	fprintf(out, "%s × as long a run", erg_text_times(most, sizeof(most), all.most));
	fprintf(out, all.n > 1 ? ", each as it says (run %s×)\n" : " (run %s×)\n", least);
}

static void explain_merged(const json_t *run, FILE *out)
{
	const json_t *row, *other;
	size_t i, k;

	json_array_foreach (json_object_get(run, "layers"), i, row) {
		const json_t *merged = json_object_get(row, "merged_with");

		if (json_array_size(merged) <= ERG_MERGED_SHOWN)
			continue;
		fprintf(out, "%s + %zu more:", erg_text_of(row, "name"), json_array_size(merged));
		json_array_foreach ((json_t *)merged, k, other)
			fprintf(out, "%s %s", k ? "," : "", json_string_value(other));
		fputc('\n', out);
	}
}

static void explain_rest(const json_t *run, FILE *out)
{
	const json_t *row;
	char b[64];
	size_t i;

	json_array_foreach (json_object_get(run, "rest"), i, row) {
		double s = erg_number_of(row, "own_time_s");

		if (s > 0)
			fprintf(out,
				"%s has in it %s that modules and networks spent themselves: each "
				"under 1 %% of the run, for which no power can be told\n",
				erg_text_of(row, "name"), erg_text_si(b, sizeof(b), s, "s"));
	}
}

void erg_explain_left_out(const json_t *run, const char *what, size_t shown, FILE *out)
{
	json_int_t left = json_integer_value(json_object_get(run, "left_out"));

	if (left && !shown)
		fprintf(out, "no %s is such as asked for: %lld left out\n", what, (long long)left);
	else if (left)
		fprintf(out, "%lld more %s%s left out as asked for\n", (long long)left, what,
			left == 1 ? "" : "s");
}

void erg_explain_layers(const json_t *run, const char *energy, FILE *out)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len;
	FILE *mem = open_memstream(&text, &len);

	if (!mem)
		return;
	erg_explain_left_out(run, "row", json_array_size(json_object_get(run, "layers")), mem);
	if (energy) {
		explain_words(run, energy, mem);
		explain_longer(run, energy, mem);
	}
	explain_merged(run, mem);
	explain_rest(run, mem);
	fclose(mem);
	if (text && *text)
		fputc('\n', out);
	for (char *line = text, *end; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		erg_text_wrapped(out, line, erg_text_width());
	}
}
