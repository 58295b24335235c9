/* SPDX-License-Identifier: MIT */
/*
 * Lines out of a window that moves over the file. A line that does not lie whole in the window is
 * moved to its front and the rest is read behind it; the window grows for a line that is longer.
 */
#include "formats/lines.h"

#include <errno.h>
#include <string.h>

#include "formats/base/progress.h"
#include "formats/base/util.h"

#define WINDOW (256u * 1024)
#define LINE_MAX_BYTES (1024u * 1024)

struct erg_lines {
	struct erg_input *in;
	char *path, *window;
	size_t alloc, at, len; /* what is left: window[at .. at + len) */
	size_t number;
	bool ended, cut;
};

int erg_lines_open(const char *path, struct erg_lines **ret, struct erg_err *err)
{
	_cleanup_(erg_lines_freep) struct erg_lines *l = calloc(1, sizeof(*l));
	int r;

	if (!l || !(l->path = strdup(path)) || !(l->window = malloc(WINDOW + 1)))
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	l->alloc = WINDOW;
	r = erg_input_open(path, &l->in, err);
	if (r < 0)
		return r;
	*ret = erg_steal_ptr(&l);
	return 0;
}

static int fill_buffer(struct erg_lines *l, struct erg_err *err)
{
	long n;

	if (l->at > 0)
		memmove(l->window, l->window + l->at, l->len);
	l->at = 0;
	if (l->len == l->alloc) {
		char *p = l->alloc < LINE_MAX_BYTES ? realloc(l->window, 2 * l->alloc + 1) : NULL;

		if (!p)
			return erg_fail(err, -EINVAL,
				"%s: line %zu: no line end in %zu bytes; lines "
				"of text were expected",
				l->path, l->number + 1, l->len);
		l->window = p;
		l->alloc *= 2;
	}
	n = erg_input_read(l->in, l->window + l->len, l->alloc - l->len, err);
	if (n < 0)
		return (int)n;
	l->len += (size_t)n;
	l->ended = n == 0;
	return 0;
}

/* *ret is the length of the next line, without its end; 0 or 1 as erg_lines_next(). */
static int find_line(struct erg_lines *l, size_t *ret, struct erg_err *err)
{
	size_t seen = 0;

	for (;;) {
		char *end = memchr(l->window + l->at + seen, '\n', l->len - seen);
		int r;

		if (end) {
			*ret = (size_t)(end - (l->window + l->at));
			return 1;
		}
		if (l->ended) {
			l->cut = l->len > 0;
			*ret = l->len;
			return l->len > 0;
		}
		seen = l->len;
		r = fill_buffer(l, err);
		if (r < 0)
			return r;
	}
}

static bool is_blank_line(const char *text)
{
	return text[strspn(text, " \t\r")] == '\0';
}

int erg_lines_next(struct erg_lines *l, char **ret, struct erg_err *err)
{
	for (;;) {
		size_t n = 0, taken;
		char *text;
		int r = find_line(l, &n, err);

		if (r <= 0)
			return r;
		text = l->window + l->at;
		taken = n + !l->cut;
		l->at += taken;
		l->len -= taken;
		l->number++;
		while (n > 0 && text[n - 1] == '\r')
			n--;
		text[n] = '\0';
		for (char *zero = memchr(text, '\0', n); zero;
			zero = memchr(zero, '\0', n - (size_t)(zero - text)))
			*zero = '?';
		if (is_blank_line(text)) {
			l->cut = false;
			continue;
		}
		*ret = text;
		return 1;
	}
}

size_t erg_lines_number(const struct erg_lines *l)
{
	return l->number;
}

bool erg_lines_cut(const struct erg_lines *l)
{
	return l->cut;
}

void erg_lines_progress(const struct erg_lines *l)
{
	if (erg_input_size(l->in) > 0)
		erg_progress("reading", erg_input_done(l->in), erg_input_size(l->in));
}

int erg_lines_sha256(struct erg_lines *l, char ret[ERG_INPUT_SHA256_SIZE], struct erg_err *err)
{
	while (!l->ended) {
		long n = erg_input_read(l->in, l->window, l->alloc, err);

		if (n < 0)
			return (int)n;
		l->ended = n == 0;
	}
	l->len = 0;
	erg_input_sha256(l->in, ret);
	return 0;
}

void erg_lines_free(struct erg_lines *l)
{
	if (!l)
		return;
	erg_input_free(l->in);
	free(l->window);
	free(l->path);
	free(l);
}

void erg_lines_freep(struct erg_lines **l)
{
	erg_lines_free(*l);
}

/* ---- cells ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The text of a quoted cell, written over it; S is behind the opening quote. Returns what follows the
 * closing one, or NULL. */
static char *unquote(char *s, char **ret_end)
{
	char *w = s;

	for (; *s; s++) {
		if (*s == '"' && s[1] != '"')
			break;
		s += *s == '"';
		*w++ = *s;
	}
	if (*s != '"')
		return NULL;
	*ret_end = w;
	return s + 1;
}

size_t erg_lines_split(char *s, char separator, char **cells, size_t max)
{
	size_t n = 0;

	for (;;) {
		char *end, *cell;
		bool last;

		while (is_blank(*s) && *s != separator)
			s++;
		cell = s + (*s == '"');
		if (*s == '"') {
			s = unquote(cell, &end);
			while (s && is_blank(*s) && *s != separator)
				s++;
			if (!s || (*s && *s != separator))
				return 0;
			while (cell < end && is_blank(*cell))
				cell++; /* Power Gadget's "   2.002" */
		} else {
			while (*s && *s != separator)
				s++;
			end = s;
		}
		while (end > cell && is_blank(end[-1]))
			end--;
		last = *s == '\0';
		*end = '\0';
		if (n < max)
			cells[n] = cell;
		n++;
		if (last)
			return n;
		s++;
	}
}
