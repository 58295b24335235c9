/* SPDX-License-Identifier: MIT */
/* Command lines by tables: getopt_long(3) does the cutting, the rows say what becomes of it. */
#include "formats/base/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/number.h"
#include "formats/base/pager.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

#define ROWS_MAX 96
#define HELP_COLUMN 27
#define WIDTH 80
#define WORD_MAX 32 /* of a name that is compared */

enum {
	OPT_HELP = 2,
	OPT_VERSION,
	OPT_NO_PAGER,
	OPT_FIRST = 0x100
}; /* 1: a word, as getopt gives it */

struct row {
	const struct erg_option *option;
	size_t at; /* of the group */
};

struct table {
	struct row rows[ROWS_MAX];
	struct option longs[ROWS_MAX + 4];
	char shorts[2 * ROWS_MAX + 8];
	size_t n;
};

static void table_make(const struct erg_command *c, struct table *t)
{
	size_t s = 0;

	memset(t, 0, sizeof(*t));
	if (c->stops || c->word)
		t->shorts[s++] = c->stops ? '+' : '-';
	t->shorts[s++] = ':';
	t->shorts[s++] = 'h';
	for (const struct erg_option_group *g = c->groups; g && g->rows; g++)
		for (const struct erg_option *o = g->rows; o->name && t->n < ROWS_MAX; o++) {
			t->longs[t->n] =
				(struct option){o->name, o->value ? required_argument : no_argument,
					NULL, OPT_FIRST + (int)t->n};
			if (o->letter) {
				t->shorts[s++] = o->letter;
				if (o->value)
					t->shorts[s++] = ':';
			}
			t->rows[t->n++] = (struct row){o, g->at};
		}
	t->longs[t->n] = (struct option){"help", no_argument, NULL, OPT_HELP};
	t->longs[t->n + 1] = (struct option){"version", no_argument, NULL, OPT_VERSION};
	t->longs[t->n + 2] = (struct option){"no-pager", no_argument, NULL, OPT_NO_PAGER};
}

static const struct row *row_of(const struct table *t, int c)
{
	if (c >= OPT_FIRST && (size_t)(c - OPT_FIRST) < t->n)
		return &t->rows[c - OPT_FIRST];
	for (size_t i = 0; i < t->n; i++)
		if (c && t->rows[i].option->letter == c)
			return &t->rows[i];
	return NULL;
}

/* ---- help ---- */

/* TEXT in lines of WIDTH columns; the first begins at COLUMN, the others are indented to INDENT. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > indent && column + 1 + (int)len > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, len, out);
		column += (int)len;
		text += len;
		text += *text != '\0';
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct erg_option *o)
{
	char left[96];
	int n = snprintf(left, sizeof(left), "  %c%c%s--%s%s%s", o->letter ? '-' : ' ',
		o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
		o->value ? o->value : "");

	fputs(left, out);
	if (n > HELP_COLUMN - 2)
		fprintf(out, "\n%*s", HELP_COLUMN, "");
	else
		fprintf(out, "%*s", HELP_COLUMN - n, "");
	print_wrapped(out, o->help, HELP_COLUMN, HELP_COLUMN);
}

static void print_synopsis(FILE *out, const struct erg_command *c)
{
	const char *line = c->synopsis, *lead = "Usage:";

	while (line && *line) {
		int len = (int)strcspn(line, "\n");

		fprintf(out, "%s %s%s%s %.*s\n", lead, c->program, c->verb ? " " : "",
			c->verb ? c->verb : "", len, line);
		line += len + (line[len] == '\n');
		lead = "      ";
	}
}

static void help_write(FILE *out, const struct erg_command *c, bool all)
{
	print_synopsis(out, c);
	fputc('\n', out);
	print_wrapped(out, c->about, 0, 0);
	for (const struct erg_option_group *g = c->groups; g && g->rows; g++) {
		if (g->shared && !all) {
			fprintf(out, "\n%s: see --help\n", g->title);
			continue;
		}
		fprintf(out, "\n%s%s", g->title ? g->title : "", g->title ? ":\n" : "");
		for (const struct erg_option *o = g->rows; o->name; o++)
			if (o->help)
				print_option(out, o);
	}
	fprintf(out,
		"\n  -h, --help               -h is short, --help tells all\n"
		"      --version            the version of %s\n"
		"      --no-pager           what is longer than the terminal is printed as it is\n",
		c->program);
	if (c->ending) {
		fputc('\n', out);
		if (strchr(c->ending, '\n')) /* it has lines of its own */
			fprintf(out, "%s\n", c->ending);
		else
			print_wrapped(out, c->ending, 0, 0);
	}
}

static void print_help(const struct erg_command *c, bool all)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len);

	if (!mem) {
		help_write(stdout, c, all);
		return;
	}
	help_write(mem, c, all);
	if (!fclose(mem))
		(void)!erg_pager_print(text, len); /* main() looks after stdout */
}

/* ---- wrong usage ---- */

static void say_wrong(const struct erg_command *c, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void say_wrong(const struct erg_command *c, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	erg_terminal_text(text);
	fprintf(stderr, "%s%s%s: %s ('%s%s%s --help' tells the options)\n", c->program,
		c->verb ? " " : "", c->verb ? c->verb : "", text, c->program, c->verb ? " " : "",
		c->verb ? c->verb : "");
}

int erg_options_wrong(const struct erg_command *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_wrong(c, fmt, ap);
	va_end(ap);
	return 2;
}

/* Letters that must be changed to make A of B (Damerau-Levenshtein, optimal string alignment). */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int d[WORD_MAX + 1][WORD_MAX + 1];
	const size_t n = strnlen(a, WORD_MAX), m = strnlen(b, WORD_MAX);

	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			unsigned int best;

			if (!i || !j) {
				d[i][j] = (unsigned int)(i + j);
				continue;
			}
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
			best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[n][m];
}

const char *erg_options_nearest(const char *word, const char *const *names)
{
	const size_t len = strlen(word);
	const char *best = NULL;
	unsigned int least = UINT_MAX;

	for (; *names; names++) {
		const size_t other = strlen(*names), longer = len > other ? len : other;
		unsigned int d = distance(word, *names);

		if (d <= longer / 3 && d < least) {
			least = d;
			best = *names;
		}
	}
	return best;
}

static int unknown_option(const struct erg_command *c, const struct table *t, const char *word)
{
	const char *names[ROWS_MAX + 4] = {NULL}, *near;
	char name[WORD_MAX * 2];
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		names[n++] = t->rows[i].option->name;
	names[n++] = "help";
	names[n++] = "version";
	names[n++] = "no-pager";
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + strspn(word, "-"), "="),
		word + strspn(word, "-"));
	near = strlen(name) > 1 ? erg_options_nearest(name, names) : NULL;
	if (near)
		return erg_options_wrong(c, "there is no option %s; did you mean --%s?", word,
			near);
	return erg_options_wrong(c, "there is no option %s", word);
}

/* ---- values ---- */

static int expected(struct erg_err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int expected(struct erg_err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return erg_fail(err, -EINVAL, "%s", text);
}

static int take_number(const struct erg_option *o, void *to, const char *arg, struct erg_err *err)
{
	double v;

	if (!erg_number_parse(arg, o->lo, o->hi, &v))
		return expected(err, "a number from %.9g to %.9g", o->lo, o->hi);
	*(double *)to = v * (o->scale != 0 ? o->scale : 1);
	return 0;
}

static int take_whole(const struct erg_option *o, void *to, const char *arg, struct erg_err *err)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(arg, &end, 10);
	if (errno || end == arg || *end || strspn(arg, "0123456789") != strlen(arg) ||
		(double)v < o->lo || (double)v > o->hi)
		return expected(err, "a whole number from %.0f to %.0f", o->lo, o->hi);
	if (o->kind == ERG_OPTION_UNSIGNED)
		*(unsigned int *)to = (unsigned int)v;
	else
		*(uint64_t *)to = v;
	return 0;
}

static int take_choice(const struct erg_option *o, void *to, const char *arg, struct erg_err *err)
{
	char all[256] = "";
	size_t len = 0;

	for (const char *const *name = o->choices; *name; name++) {
		if (!strcmp(*name, arg)) {
			*(const char **)to = *name;
			return 0;
		}
		if (len < sizeof(all))
			len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s",
				len ? ", " : "", *name);
	}
	return expected(err, "one of %s", all);
}

/* Nothing is a value of no option: it is a shell's variable that is not set. */
static int take_call(const struct erg_option *o, void *base, const char *arg, struct erg_err *err)
{
	const int r = o->take(base, arg, err);

	return r >= 0 && o->value && !*arg ? expected(err, "%s", o->value) : r;
}

static int value_take(const struct erg_option *o, char *base, const char *arg, struct erg_err *err)
{
	void *to = base + o->at;

	switch (o->kind) {
	case ERG_OPTION_FLAG:
		*(bool *)to = true;
		return 0;
	case ERG_OPTION_TEXT:
		*(const char **)to = arg;
		return *arg ? 0 : expected(err, "%s", o->value);
	case ERG_OPTION_NUMBER:
		return take_number(o, to, arg, err);
	case ERG_OPTION_UNSIGNED:
	case ERG_OPTION_U64:
		return take_whole(o, to, arg, err);
	case ERG_OPTION_CHOICE:
		return take_choice(o, to, arg, err);
	case ERG_OPTION_CALL:
		return take_call(o, base, arg, err);
	}
	return 0;
}

static int row_take(const struct erg_command *c, const struct row *row, void *into)
{
	struct erg_err err = {0};

	if (value_take(row->option, (char *)into + row->at, optarg, &err) >= 0)
		return 0;
	if (!strncmp(err.msg, "--", 2))
		return erg_options_wrong(c, "%s", err.msg);
	if (!row->option->value)
		return erg_options_wrong(c, "--%s: %s", row->option->name, err.msg);
	return erg_options_wrong(c, "--%s '%s': expected %s", row->option->name, optarg, err.msg);
}

static int word_take(const struct erg_command *c, const struct row *last, void *into)
{
	struct erg_err err = {0};

	if (c->word(into, last ? last->option : NULL, optarg, &err) >= 0)
		return 0;
	return erg_options_wrong(c, strncmp(err.msg, "--", 2) ? "'%s': expected %s" : "%.0s%s",
		optarg, err.msg);
}

int erg_options_parse(const struct erg_command *c, int argc, char **argv, void *into,
	int *ret_first)
{
	const struct row *last = NULL;
	struct table t;
	int ch, r = 0;

	table_make(c, &t);
	optind = 0; /* getopt begins anew */
	opterr = 0;
	while (!r) {
		const int before = optind ? optind : 1;
		const struct row *row;

		ch = getopt_long(argc, argv, t.shorts, t.longs, NULL);
		if (ch < 0)
			break;
		row = row_of(&t, ch);
		if (ch == 'h' || ch == OPT_HELP) {
			print_help(c, ch == OPT_HELP);
			r = 1;
		} else if (ch == OPT_VERSION) {
			printf("%s %s\n", c->program, ERG_VERSION);
			r = 1;
		} else if (ch == OPT_NO_PAGER) {
			erg_pager_off();
		} else if (ch == ':') {
			row = row_of(&t, optopt);
			r = erg_options_wrong(c, "--%s: expected %s", row ? row->option->name : "?",
				row ? row->option->value : "a value");
		} else if (ch == 1 && c->word) {
			r = word_take(c, last, into);
		} else if (!row) {
			r = unknown_option(c, &t, argv[optind > before ? optind - 1 : before]);
		} else {
			r = row_take(c, row, into);
			last = row;
		}
	}
	*ret_first = optind;
	return r;
}
