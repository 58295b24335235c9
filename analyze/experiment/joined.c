/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The energy of a run by several nodes is the sum of theirs, each over its own command: no clock has a part in
 * that. Between nodes, chance is independent (squares); offset and gain of sensors of one kind may be the same
 * (added as they are). The time of the whole goes from the first begin to the last end and so by several
 * clocks: their bounds of error, which the kernel had from its time service when the recording began, are added
 * to both sides; a clock that was not synchronised leaves time and EDP unresolved, and energy as it is.
 */
#include "analyze/experiment/joined.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/result/document.h"
#include "analyze/result/estimate.h"
#include "formats/base/util.h"

static const char *tag_of(const struct erg_timeline *tl, const char *tag)
{
	return erg_text_of(json_object_get(tl->manifest, "tags"), tag);
}

/* The command by the clock of the day; NULL where the manifest has no moment by both. */
static json_t *clock_of(const struct erg_timeline *tl)
{
	const json_t *clock = json_object_get(tl->manifest, "clock");
	const json_t *real = json_object_get(clock, "realtime_ns");
	const json_t *mono = json_object_get(clock, "monotonic_ns");
	const json_t *bound = json_object_get(clock, "max_error_ns");
	json_int_t shift = json_integer_value(real) - json_integer_value(mono);

	if (!json_is_integer(real) || !json_is_integer(mono))
		return json_null();
	return json_pack("{s:I, s:I, s:o}", "begin_ns", (json_int_t)tl->begin + shift, "end_ns",
		(json_int_t)tl->end + shift, "bound_ns",
		json_is_integer(bound) ? json_integer(json_integer_value(bound)) : json_null());
}

int erg_joined_note(const struct erg_timeline *tl, const char *tag, json_t *run,
	struct erg_err *err)
{
	const char *host = erg_text_of(json_object_get(tl->manifest, "machine"), "hostname");
	const char *node = tag_of(tl, "node"), *join = tag_of(tl, tag);

	if (!*join)
		return erg_fail(err, -EINVAL,
			"%s: --join %s: it has no such tag: expected erg-record run --tag %s=...",
			tl->archive, tag, tag);
	node = *node ? node : *host ? host : tl->archive;
	return json_object_set_new(run, "node", json_string(node)) |
			json_object_set_new(run, "join", json_string(join)) |
			json_object_set_new(run, "clock", clock_of(tl))
		? erg_fail(err, -ENOMEM, "out of memory")
		: 0;
}

struct sum {
	const char *join;
	json_int_t begin, end; /* first and last of all */
	double bound_s;        /* the two largest, added; NaN: one is not known */
	struct erg_est ets;
	bool simulated;
	json_t *nodes;
};

/* Where the run's own figures are: totals have them as the first of the phases. */
static const json_t *whole_of(const json_t *run)
{
	const json_t *first = json_array_get(json_object_get(run, "phases"), 0);

	return first ? first : run;
}

static json_t *ets_of(const json_t *run)
{
	return json_object_get(whole_of(run), "ets_j");
}

static bool is_of(const json_t *run, const struct sum *s)
{
	return !strcmp(erg_text_of(run, "join"), s->join);
}

static int refuse_twice(const json_t *runs, const struct sum *s, struct erg_err *err)
{
	size_t i, k;
	json_t *a, *b;

	json_array_foreach ((json_t *)runs, i, a)
		json_array_foreach ((json_t *)runs, k, b)
			if (k < i && is_of(a, s) && is_of(b, s) &&
				json_equal(json_object_get(a, "node"), json_object_get(b, "node")))
				return erg_fail(err, -EINVAL,
					"%s and %s are both of the node %s, whose energy would count "
					"twice: expected other nodes, or a tag node in each",
					erg_text_of(b, "archive"), erg_text_of(a, "archive"),
					erg_text_of(a, "node"));
	return 0;
}

static double seconds(json_int_t ns)
{
	return (double)ns * 1e-9;
}

/* First begin, last end, and how wrong two clocks may be against each other. */
static void find_times(const json_t *runs, struct sum *s)
{
	double first = 0, second = 0;
	bool any = false;
	size_t i;
	json_t *run;

	json_array_foreach ((json_t *)runs, i, run) {
		const json_t *c = json_object_get(run, "clock");
		json_int_t begin = json_integer_value(json_object_get(c, "begin_ns"));
		json_int_t end = json_integer_value(json_object_get(c, "end_ns"));
		double bound = erg_number_of(c, "bound_ns") * 1e-9;

		if (!is_of(run, s))
			continue;
		s->begin = any && s->begin < begin ? s->begin : begin;
		s->end = any && s->end > end ? s->end : end;
		any = true;
		if (!(bound >= 0))
			s->bound_s = NAN;
		second = bound > first ? first : fmax(second, bound);
		first = fmax(first, bound);
	}
	s->bound_s += first + second;
}

static struct erg_est clocked(double s, double bound)
{
	if (isnan(bound))
		return erg_est_because("clock", 0);
	return (struct erg_est){s, s - bound, s + bound, 0, bound, "clocks"};
}

static void add_node(struct sum *s, const json_t *run)
{
	const json_t *c = json_object_get(run, "clock");
	json_int_t begin = json_integer_value(json_object_get(c, "begin_ns"));
	struct erg_est e = erg_est_from_json(ets_of(run));
	struct erg_est offset = clocked(seconds(begin - s->begin), s->bound_s);

	erg_joined_sum(&s->ets, &e, !json_array_size(s->nodes));
	s->simulated = s->simulated || json_is_true(json_object_get(run, "simulated"));
	json_array_append_new(s->nodes,
		json_pack("{s:O, s:O, s:o, s:O?, s:O}", "node", json_object_get(run, "node"),
			"archive", json_object_get(run, "archive"), "offset_s",
			erg_est_json(&offset), "time_s", json_object_get(whole_of(run), "time_s"),
			"ets_j", ets_of(run)));
}

static struct erg_est product(const struct erg_est *e, const struct erg_est *t)
{
	struct erg_est p = erg_est_scaled(e, t->value);

	if (isnan(t->value) || isnan(e->value))
		return isnan(e->value) ? *e : *t;
	p.lo = e->lo * t->lo;
	p.hi = e->hi * t->hi;
	p.syst = fmax(p.hi - p.value, p.value - p.lo) - p.stat; /* the clocks' part is no chance */
	p.method = "clocks";
	return p;
}

/* A supply of one node and another supply of the next: their sum is of neither. */
static void tell_rails(json_t *doc, const struct sum *s)
{
	const json_t *first = NULL;
	json_t *run;
	size_t i;

	json_array_foreach (json_object_get(doc, "runs"), i, run) {
		if (!is_of(run, s) || !*erg_text_of(run, "rail"))
			continue;
		first = first ? first : run;
		if (!strcmp(erg_text_of(first, "rail"), erg_text_of(run, "rail")))
			continue;
		erg_document_warn(doc, "rails",
			"%s: the sum is of different rails: %s of %s, and %s of %s: expected the same of "
			"each node (--rail)",
			s->join, erg_text_of(first, "rail"), erg_text_of(first, "archive"),
			erg_text_of(run, "rail"), erg_text_of(run, "archive"));
		return;
	}
}

/* Nodes that were never busy at one time, by more than their clocks may be wrong, are hardly of one run: the tag
 * may be one that several runs have. */
static void tell_apart(json_t *doc, const struct sum *s)
{
	const json_t *late = NULL, *early = NULL; /* the last to begin, the first to end */
	json_int_t begin = 0, end = 0;
	json_t *run;
	size_t i;

	json_array_foreach (json_object_get(doc, "runs"), i, run) {
		const json_t *c = json_object_get(run, "clock");
		json_int_t from = json_integer_value(json_object_get(c, "begin_ns"));
		json_int_t to = json_integer_value(json_object_get(c, "end_ns"));

		if (!is_of(run, s))
			continue;
		if (!late || from > begin) {
			late = run;
			begin = from;
		}
		if (!early || to < end) {
			early = run;
			end = to;
		}
	}
	if (seconds(begin - end) > s->bound_s)
		erg_document_warn(doc, "apart",
			"%s: %s began %.3g s after %s had ended: expected a tag that the nodes of one "
			"run alone have",
			s->join, erg_text_of(late, "archive"), seconds(begin - end),
			erg_text_of(early, "archive"));
}

static int add_sum(json_t *doc, struct sum *s, struct erg_err *err)
{
	struct erg_est edp, time;
	const json_t *runs = json_object_get(doc, "runs");
	json_t *run, *joined;
	size_t i;
	int r = refuse_twice(runs, s, err);

	if (r < 0)
		return r;
	find_times(runs, s);
	json_array_foreach ((json_t *)runs, i, run)
		if (is_of(run, s))
			add_node(s, run);
	time = clocked(seconds(s->end - s->begin), s->bound_s);
	if (isnan(s->ets.value))
		s->ets = erg_est_because(ERG_JOINED_UNRESOLVED, 0);
	edp = product(&s->ets, &time);
	tell_rails(doc, s);
	tell_apart(doc, s);
	if (isnan(time.value))
		erg_document_warn(doc, "clock",
			"%s: the clock of a node was not synchronised, or its archive does not say: the "
			"time of the whole is not known",
			s->join);
	joined = json_pack("{s:s, s:b, s:o, s:o, s:o, s:O}", "join", s->join, "simulated",
		s->simulated, "time_s", erg_est_json(&time), "ets_j", erg_est_json(&s->ets),
		"edp_js", erg_est_json(&edp), "nodes", s->nodes);
	if (json_object_get(json_array_get(runs, 0), "by"))
		json_object_set(joined, "by", json_object_get(json_array_get(runs, 0), "by"));
	json_array_append_new(json_object_get(doc, "joined"), joined);
	if (!json_object_get(json_array_get(runs, 0), "layers"))
		return 0;
	r = erg_joined_rows(runs, s->join, "layers", joined, err);
	return r < 0 ? r : erg_joined_rows(runs, s->join, "rest", joined, err);
}

static bool is_there(const json_t *joined, const char *join)
{
	size_t i;
	json_t *j;

	json_array_foreach ((json_t *)joined, i, j)
		if (!strcmp(erg_text_of(j, "join"), join))
			return true;
	return false;
}

int erg_joined_add(json_t *doc, struct erg_err *err)
{
	json_t *joined = json_array(), *run;
	size_t i;
	int r = 0;

	json_object_set_new(doc, "joined", joined);
	json_array_foreach (json_object_get(doc, "runs"), i, run) {
		struct sum s = {.join = erg_text_of(run, "join"), .nodes = NULL};

		if (r < 0 || is_there(joined, s.join))
			continue;
		s.nodes = json_array();
		r = s.nodes ? add_sum(doc, &s, err) : erg_fail(err, -ENOMEM, "out of memory");
		json_decref(s.nodes);
	}
	return r;
}
