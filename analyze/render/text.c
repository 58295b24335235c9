/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers for people: SI prefixes and as many digits as the interval deserves. A value whose
 * uncertainty is 4 % is not printed with six digits, and one without interval gets four.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "analyze/render/table.h"
#include "formats/base/memory.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

unsigned int erg_text_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col)
		return ws.ws_col;
	return columns && atoi(columns) > 0 ? (unsigned int)atoi(columns) : 80;
}

/* stdout is a terminal that shows colour, and the user did not say NO_COLOR. */
static bool has_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb");
}

const char *erg_text_bold(void)
{
	return has_color() ? "\033[1m" : "";
}

const char *erg_text_dim(void)
{
	return has_color() ? "\033[2m" : "";
}

const char *erg_text_reset(void)
{
	return has_color() ? "\033[0m" : "";
}

/* The prefix for V and the factor to it. */
static const char *prefix(double v, double *ret_factor)
{
	static const char *const names[] = {"p", "n", "µ", "m", "", "k", "M", "G", "T", "P"};
	int i = v == 0 ? 0 : (int)floor(log10(fabs(v) * (1 + 1e-9)) / 3);

	if (i < -4)
		i = -4;
	if (i > 5)
		i = 5;
	*ret_factor = pow(1000, -i);
	return names[i + 4];
}

/* A ratio, a count or a unit that stands apart takes no prefix: nobody writes "1.2 m tokens". */
static bool is_plain(const char *unit)
{
	return !*unit || *unit == ' ' || *unit == '%';
}

/* Decimals so that V has DIGITS significant digits. */
static int decimals(double v, int digits)
{
	int d = v == 0 ? 0 : digits - 1 - (int)floor(log10(fabs(v)));

	return d < 0 ? 0 : d > 6 ? 6 : d;
}

const char *erg_text_si(char *buf, size_t len, double v, const char *unit)
{
	const char *p;
	double f;

	if (!isfinite(v)) {
		snprintf(buf, len, "-");
		return buf;
	}
	if (is_plain(unit)) {
		snprintf(buf, len, "%.*f%s", decimals(v, 4), v, unit);
		return buf;
	}
	p = prefix(v, &f);
	snprintf(buf, len, "%.*f %s%s", decimals(v * f, 4), v * f, p, unit);
	return buf;
}

const char *erg_text_est(char *buf, size_t len, const struct erg_est *e, const char *unit)
{
	double f, v, half = (e->hi - e->lo) / 2;
	const char *p;
	int d;

	if (!isfinite(e->value)) {
		snprintf(buf, len, "unresolved");
		return buf;
	}
	if (!isfinite(half) || half <= 0)
		return erg_text_si(buf, len, e->value, unit);
	p = prefix(fmax(fabs(e->value), half), &f);
	if (is_plain(unit)) {
		p = "";
		f = 1;
	}
	v = e->value * f;
	half *= f;
	d = decimals(half, 2);
	if (d > decimals(v, 4)) /* but never "±0" of what is not */
		d = (int)fmin(d, fmax(decimals(v, 4), decimals(half, 1)));
	if (half < 0.5 * pow(10, -d)) /* less than the last digit that is worth printing */
		return erg_text_si(buf, len, e->value, unit);
	if (fabs(v) < 0.5 * pow(10, -d))
		v = 0; /* no "-0" */
	snprintf(buf, len, "%.*f ±%.*f%s%s%s", d, v, d, half, is_plain(unit) ? "" : " ", p, unit);
	return buf;
}

const char *erg_text_est_json(char *buf, size_t len, const json_t *est, const char *unit)
{
	struct erg_est e = {
		.value = erg_number_of(est, "value"),
		.lo = erg_number_of(est, "lo"),
		.hi = erg_number_of(est, "hi"),
	};

	return erg_text_est(buf, len, &e, unit);
}

static const char *words_of(const char *reason)
{
	static const struct {
		const char *reason, *words;
	} known[] = {
		{"no-data", "not seen"},
		{"windows", "seen too little"},
		{"condition", "not told from its neighbours"},
		{"interval", "interval too wide"},
		{"phase-locked", "sampler in step with the layers"},
		{"blocks", "run too short"},
		{"unfair", "seen in unfair shares"},
		{"unobserved", "under half observed"},
		{"impossible", "would be an impossible power"},
		{"too-many", "too many layers"},
		{"clipped", "sensor at the end of its range"},
		{"no-idle", "no idle phase"},
		{"no-work", "none was counted"},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].reason, reason))
			return known[i].words;
	return reason;
}

const char *erg_text_times(char *buf, size_t len, double k)
{
	if (k <= 9.9)
		snprintf(buf, len, "%.1f", ceil(10 * k - 1e-6) / 10);
	else
		snprintf(buf, len, "%.0f", k);
	return buf;
}

const char *erg_text_reason(char *buf, size_t len, const json_t *est)
{
	const char *reason = erg_text_of(est, "reason");
	double longer = erg_number_of(est, "longer");
	char times[32];
	int n = 0;

	if (longer > 1)
		n = snprintf(buf, len, "run %s×: ", erg_text_times(times, sizeof(times), longer));
	if (n >= 0 && (size_t)n < len)
		snprintf(buf + n, len - (size_t)n, "%s", *reason ? words_of(reason) : "unresolved");
	return buf;
}

const char *erg_text_percent(char *buf, size_t len, double fraction)
{
	if (isfinite(fraction))
		snprintf(buf, len, "%.1f %%", 100 * fraction);
	else
		snprintf(buf, len, "-");
	return buf;
}

void erg_text_wrapped(FILE *out, const char *text, unsigned int width)
{
	unsigned int column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		unsigned int cells = 0;

		for (size_t i = 0; i < len; i++)
			cells += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (width && column && column + 1 + cells > width) {
			fputs("\n  ", out);
			column = 2;
		} else if (column) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, len, out);
		column += cells;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

void erg_text_simulated(const json_t *doc, FILE *out)
{
	if (json_is_true(json_object_get(doc, "simulated")))
		fputs("SIMULATED power: the figures are those of a model, not of a sensor\n\n",
			out);
}

const char *erg_text_settings(char *buf, size_t len, const json_t *levels)
{
	FILE *f = fmemopen(buf, len, "w");
	const char *name;
	json_t *v;
	int n = 0;

	buf[0] = '\0';
	if (!f)
		return buf;
	json_object_foreach ((json_t *)levels, name, v) {
		if (json_is_object(v))
			continue;
		fprintf(f, "%s%s=", n++ ? " " : "", name);
		if (json_is_string(v))
			fputs(json_string_value(v), f);
		else
			fprintf(f, "%.9g", json_number_value(v));
	}
	fclose(f);
	buf[len - 1] = '\0';
	return buf;
}

const char *erg_text_runs(char *buf, size_t len, const json_t *o, const char *n,
	const char *left_out)
{
	long long used = json_integer_value(json_object_get(o, n));
	long long out = json_integer_value(json_object_get(o, left_out));

	if (out)
		snprintf(buf, len, "%lld of %lld", used, used + out);
	else
		snprintf(buf, len, "%lld", used);
	return buf;
}
