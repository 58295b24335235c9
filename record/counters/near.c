/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names like a mistyped one: by edit distance (Levenshtein 1966), with names that contain what was
 * typed counted as near too.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "formats/base/util.h"
#include "record/counters/names.h"

#define LEN_MAX 96

unsigned int erg_text_distance(const char *a, const char *b)
{
	unsigned int row[LEN_MAX + 1];
	size_t n = strnlen(b, LEN_MAX);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i + 1;
		for (size_t j = 0; j < n; j++) {
			bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
			unsigned int replace = diagonal + !same;
			unsigned int best = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;

			diagonal = row[j + 1];
			row[j + 1] = replace < best ? replace : best;
		}
	}
	return row[n];
}

struct search {
	const char *name;
	char (*best)[ERG_COUNTER_NAME];
	unsigned int score[16];
	size_t n, max;
};

static void consider(void *arg, const char *name)
{
	struct search *s = arg;
	size_t len = strlen(s->name);
	unsigned int score = erg_text_distance(s->name, name);
	size_t at;

	if (len >= 4 && strcasestr(name, s->name))
		score = 1;
	if (score > 2 + len / 4 || score >= len)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (!strcasecmp(s->best[i], name))
			return;
	for (at = s->n; at > 0 && s->score[at - 1] > score; at--)
		;
	if (at == s->max)
		return;
	if (s->n < s->max)
		s->n++;
	memmove(s->best[at + 1], s->best[at], (s->n - 1 - at) * sizeof(*s->best));
	memmove(&s->score[at + 1], &s->score[at], (s->n - 1 - at) * sizeof(s->score[0]));
	snprintf(s->best[at], sizeof(s->best[at]), "%s", name);
	s->score[at] = score;
}

size_t erg_counter_near(const char *name, char (*ret)[ERG_COUNTER_NAME], size_t max)
{
	const char *colon = strchr(name, ':');
	char base[ERG_COUNTER_NAME];
	struct search s = {.name = base, .best = ret, .max = max < 16 ? max : 16};

	/* What follows the first colon of EVENT:UMASK is not part of the event's name. */
	snprintf(base, sizeof(base), "%.*s", (int)(colon ? colon - name : (long)strlen(name)),
		name);
	erg_counter_kernel_each(consider, &s);
	erg_counter_pfm_each(consider, &s);
	return s.n;
}
