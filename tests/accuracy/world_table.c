/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of the worlds as text, and which bounds were met. A bound that was missed is named in
 * its line: a fail is printed as a fail.
 */
#include <math.h>
#include <string.h>

#include "tests/accuracy/world_table.h"

#define ROUNDING 0.005 /* %: a figure is held against its bound as it is printed */

static double share(double x, double n)
{
	return n > 0 ? 100 * x / n : NAN;
}

static const char *cell(char *buf, size_t size, double x, int digits)
{
	if (isnan(x))
		return "-";
	snprintf(buf, size, "%.*f", x >= 1000 ? 0 : digits, x);
	return buf;
}

static double mean(const struct errors *e)
{
	return share(e->sum, e->n);
}

/* ergtrace's mean error is above a peer's on the same rows, by more than chance. */
static bool worse(const struct errors *report, const struct errors *peer)
{
	return peer->n > 0 && peer->n == report->n && mean(report) > 1.1 * mean(peer) + 0.02;
}

struct verdict {
	char text[256];
	int missed;
};

static void miss(struct verdict *v, bool missed, const char *what)
{
	size_t n = strlen(v->text);

	if (!missed)
		return;
	v->missed++;
	snprintf(v->text + n, sizeof(v->text) - n, "%s%s", n ? ", " : "FAIL ", what);
}

/* Fewer are covered than the bound asks, by more than twice the standard deviation of chance. */
static bool too_few(double covered, double n, double bound)
{
	double p = bound / 100;

	return n > 0 && bound > 0 && covered < n * p - 2 * sqrt(n * p * (1 - p)) - 1e-9;
}

static void judge(const struct kind *k, const struct score *s, struct verdict *v)
{
	const struct bound *b = &k->bound;
	bool gain = !strcmp(k->group, "gain");       /* cannot be seen by anyone */
	bool fair = strcmp(k->group, "stamps") != 0; /* else the peers know when the layers were */

	miss(v, s->failed > 0, "program");
	miss(v, !gain && s->wrong > 0, "wrong");
	miss(v, !gain && s->rest_wrong > 0, "rest");
	miss(v, !gain && s->sums_wrong > 0, "sum");
	miss(v, !gain && s->ets_wrong > 0, "ETS");
	miss(v, b->mean > 0 && mean(&s->report) > b->mean + ROUNDING, "mean");
	miss(v, b->worst > 0 && 100 * s->report.worst > b->worst + 10 * ROUNDING, "worst");
	miss(v, too_few(s->covered, s->rows, b->cover), "cover");
	miss(v, b->resolved > 0 && share(s->resolved, s->layers) < b->resolved - 0.5, "resolved");
	miss(v, fair && worse(&s->report, &s->hold), "hold is better");
	miss(v, fair && worse(&s->report, &s->ols), "OLS is better");
}

static void reasons(char *buf, size_t size, const struct score *s)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < SCORE_REASONS && n < size; i++)
		if (s->reason_n[i] > 0)
			n += (size_t)snprintf(buf + n, size - n, "%s%s %.0f", n ? ", " : "",
				s->reason[i], s->reason_n[i]);
}

void table_world(FILE *f, const struct kind *k, uint64_t seed, const struct score *s)
{
	struct verdict v = {.text = ""};
	char why[200], b[4][16];

	judge(k, s, &v);
	reasons(why, sizeof(why), s);
	fprintf(f,
		"%s-%llu: %.0f of %.0f layers, error %s %% worst %s %%, covered %.0f, wrong %.0f "
		"(rest %.0f, sums %.0f), ETS error %s %% covered %.0f of %.0f, OLS %s %%, %.1f s; %s; %s\n",
		k->name, (unsigned long long)seed, s->resolved, s->layers,
		cell(b[0], 16, mean(&s->report), 3), cell(b[1], 16, 100 * s->report.worst, 2),
		s->covered, s->wrong, s->rest_wrong, s->sums_wrong,
		cell(b[2], 16, mean(&s->ets_error), 3), s->ets_covered, s->ets,
		cell(b[3], 16, mean(&s->ols), 3), s->user_s, why[0] ? why : "all resolved",
		v.missed ? v.text : "held");
}

void table_head(FILE *f, bool manual, unsigned int seeds)
{
	if (manual)
		fprintf(f,
			".\\\" Made by tests/accuracy/worlds --manual, up to %u worlds a line. Do not edit.\n"
			".Bd -literal\n",
			seeds);
	else
		fprintf(f,
			"errors and shares in %%: mean and worst |error| of the rows with a figure; share "
			"of them whose interval covers,\nof the runs in which nine in ten do, of the rows "
			"confidently wrong; layers unresolved; ETS with a figure,\nits mean error and "
			"coverage; mean and worst error of OLS and of the naive hold on the same rows\n\n");
	fprintf(f, "%-*s %6s %6s %5s %5s %5s %6s %5s %6s %5s %6s %6s %6s %6s%s\n", manual ? 39 : 12,
		manual ? "what is not as declared" : "kind", "mean", "worst", "cover", "runs",
		"wrong", "unres.", "ETS", "error", "cover", "OLS", "worst", "hold", "worst",
		manual ? "" : "  user  verdict");
}

int table_row(FILE *f, const struct kind *k, const struct score *s, bool manual)
{
	struct verdict v = {.text = ""};
	char b[13][16], why[200];

	judge(k, s, &v);
	reasons(why, sizeof(why), s);
	fprintf(f, "%-*s %6s %6s %5s %5s %5s %6s %5s %6s %5s %6s %6s %6s %6s", manual ? 39 : 12,
		manual ? k->what : k->name, cell(b[0], 16, mean(&s->report), 2),
		cell(b[1], 16, s->report.n > 0 ? 100 * s->report.worst : NAN, 1),
		cell(b[2], 16, share(s->covered, s->rows), 0),
		cell(b[3], 16, share(s->runs_covered, s->runs), 0),
		cell(b[4], 16, share(s->wrong, s->rows), 0),
		cell(b[5], 16, share(s->layers - s->resolved, s->layers), 0),
		cell(b[6], 16, share(s->ets, s->ets + s->ets_none), 0),
		cell(b[7], 16, mean(&s->ets_error), 3),
		cell(b[8], 16, share(s->ets_covered, s->ets), 0), cell(b[9], 16, mean(&s->ols), 2),
		cell(b[10], 16, 100 * s->ols.worst, 1), cell(b[11], 16, mean(&s->hold), 0),
		cell(b[12], 16, 100 * s->hold.worst, 0));
	if (!manual)
		fprintf(f, " %5.1f  %s%s%s%s", s->worlds > 0 ? s->user_s / s->worlds : 0,
			v.missed ? v.text : "held", why[0] ? " (" : "", why, why[0] ? ")" : "");
	fprintf(f, "\n");
	return v.missed;
}

void table_end(FILE *f, bool manual, int missed)
{
	if (manual)
		fprintf(f, ".Ed\n");
	else
		fprintf(f, "\n%d bounds missed\n", missed);
}
