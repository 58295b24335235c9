/* SPDX-License-Identifier: MIT */

/*
 * The words of a network description: splitting a line, names, numbers, and errors that say where.
 * Nothing here depends on the locale.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/net/text.h"

int erg_net_text_fail(struct erg_net_parser *p, unsigned int column, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return erg_fail(p->err, -EINVAL, "%s:%u:%u: %s", p->source, p->line, column, msg);
}

int erg_net_text_oom(struct erg_net_parser *p)
{
	return erg_fail_errno(p->err, -ENOMEM, "%s:%u", p->source, p->line);
}

bool erg_net_text_is(const struct erg_net_word *w, const char *s)
{
	return w->n == strlen(s) && memcmp(w->s, s, w->n) == 0;
}

int erg_net_text_name(struct erg_net_parser *p, const struct erg_net_word *w, const char *what)
{
	if (w->n > NAME_MAX_LEN)
		return bad(p, w, "a %s of %zu bytes; expected at most %d", what, w->n,
			NAME_MAX_LEN);
	for (size_t i = 0; i < w->n; i++)
		if (!isalnum((unsigned char)w->s[i]) && !strchr("_./-", w->s[i]))
			return bad(p, w, "%s \"%.*s\": expected letters, digits and _ . / -", what,
				(int)w->n, w->s);
	return w->n ? 0 : bad(p, w, "expected a %s", what);
}

/* The decimal number at *s, which it moves behind; -1 when there is none or it is too large. */
static int64_t take_number(const char **s, const char *end)
{
	const char *begin = *s;
	int64_t v = 0;

	for (; *s < end && isdigit((unsigned char)**s) && v <= ERG_NET_DIM_MAX; (*s)++)
		v = v * 10 + (**s - '0');
	return *s == begin || v > ERG_NET_DIM_MAX ? -1 : v;
}

/* N numbers joined by "x"; one alone stands for all when REPEAT. */
int erg_net_text_numbers(struct erg_net_parser *p, const struct erg_net_word *w, uint32_t min,
	uint32_t *v, size_t n, bool repeat)
{
	const char *s = w->s, *end = w->s + w->n;
	size_t got = 0;

	while (got < n) {
		int64_t x = take_number(&s, end);

		if (x < (int64_t)min)
			break;
		v[got++] = (uint32_t)x;
		if (s == end || *s != 'x')
			break;
		s++;
	}
	if (repeat && got == 1 && s == end)
		for (; got < n; got++)
			v[got] = v[0];
	if (got != n || s != end)
		return bad(p, w, "\"%.*s\": expected %s of %u to %u", (int)w->n, w->s,
			n == 3           ? "channels x height x width (3x224x224), each"
				: n == 2 ? "a whole number, or height x width (3x1),"
					 : "a whole number",
			min, ERG_NET_DIM_MAX);
	return 0;
}

/* A decimal number whatever the locale: digits, perhaps a point, perhaps an exponent. */
int erg_net_text_real(struct erg_net_parser *p, const struct erg_net_word *w, double *ret)
{
	double v = 0, scale = 1;
	int exponent = 0;
	size_t i = 0, digits = 0;

	for (; i < w->n && isdigit((unsigned char)w->s[i]); i++, digits++)
		v = v * 10 + (w->s[i] - '0');
	if (i < w->n && w->s[i] == '.')
		for (i++; i < w->n && isdigit((unsigned char)w->s[i]); i++, digits++) {
			v = v * 10 + (w->s[i] - '0');
			scale *= 10;
		}
	if (digits && i + 1 < w->n && w->s[i] == 'e') {
		bool minus = w->s[++i] == '-';

		for (i += minus; i < w->n && isdigit((unsigned char)w->s[i]) && exponent < 99; i++)
			exponent = exponent * 10 + (w->s[i] - '0');
		for (int e = 0; e < exponent; e++) {
			scale = minus ? scale * 10 : scale;
			v = minus ? v : v * 10;
		}
	}
	if (!digits || digits > 18 || i != w->n || exponent > 30)
		return bad(p, w, "\"%.*s\": expected a number such as 0.75 or 1e-4", (int)w->n,
			w->s);
	*ret = v / scale;
	return 0;
}

int erg_net_text_split(struct erg_net_parser *p, const char *s, const char *end)
{
	const char *begin = s;

	p->n_words = 0;
	for (;;) {
		struct erg_net_word *w = &p->word[p->n_words];

		while (s < end && (*s == ' ' || *s == '\t' || *s == '\r'))
			s++;
		if (s == end || *s == '#')
			return 0;
		if (p->n_words == WORDS_MAX)
			return erg_net_text_fail(p, (unsigned int)(s - begin) + 1,
				"more than %d words", WORDS_MAX);
		w->s = s;
		w->column = (unsigned int)(s - begin) + 1;
		for (; s < end && *s != ' ' && *s != '\t' && *s != '\r' && *s != '#'; s++)
			if ((unsigned char)*s < ' ' || *s == 0x7f)
				return erg_net_text_fail(p, (unsigned int)(s - begin) + 1,
					"byte 0x%02x; expected text", (unsigned char)*s);
		w->n = (size_t)(s - w->s);
		p->n_words++;
	}
}
