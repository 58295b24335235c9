/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_NET_TEXT_H
#define ERG_FORMATS_NET_TEXT_H

/* Between parse.c and text.c: the line being read, and what its words may be. */
#include "formats/net/net.h"

#define WORDS_MAX 64
#define NAME_MAX_LEN 127
#define FROM_MAX 256
#define DEPTH_MAX 16

struct erg_net_word {
	const char *s;
	size_t n;
	unsigned int column; /* from 1 */
};

struct erg_net_parser {
	const char *source;
	struct erg_net *net;
	uint32_t layers_cap, modules_cap;
	uint32_t open[DEPTH_MAX], depth; /* modules not yet ended */
	unsigned int line;
	struct erg_net_word word[WORDS_MAX];
	size_t n_words;
	struct erg_err *err;
};

/* Fails with "source:line:column: message" and -EINVAL. */
int erg_net_text_fail(struct erg_net_parser *p, unsigned int column, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define bad(p, w, ...) erg_net_text_fail(p, (w)->column, __VA_ARGS__)
int erg_net_text_oom(struct erg_net_parser *p);

/* Splits the line S..END into p->word; a comment ends it. */
int erg_net_text_split(struct erg_net_parser *p, const char *s, const char *end);
bool erg_net_text_is(const struct erg_net_word *w, const char *s);
/* WHAT ("layer name") is for the message. */
int erg_net_text_name(struct erg_net_parser *p, const struct erg_net_word *w, const char *what);
/* N whole numbers of MIN..ERG_NET_DIM_MAX joined by "x"; one stands for all when REPEAT. */
int erg_net_text_numbers(struct erg_net_parser *p, const struct erg_net_word *w, uint32_t min,
	uint32_t *v, size_t n, bool repeat);
/* A decimal number >= 0: digits, perhaps a point, perhaps an exponent. */
int erg_net_text_real(struct erg_net_parser *p, const struct erg_net_word *w, double *ret);

#endif
