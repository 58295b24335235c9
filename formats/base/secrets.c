/* SPDX-License-Identifier: MIT */
/*
 * Masking of secrets. Nobody can know every secret; what is known is how people write them: behind a name that
 * says so, in a URL, or in one of the forms by which providers make them recognizable. Where it is unclear how
 * long a value is, it is long: an archive that tells less is no harm. A name is taken by its words (--max-tokens,
 * --tokenizer and --author are none), and by parts that no other word has (PGPASSWORD, clientSecret, accessToken).
 */
#include "formats/base/secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "formats/base/util.h"

/* A text, and which of its bytes are secret. */
struct marked {
	const char *text;
	size_t len;
	bool *secret;
	bool whole_rest; /* a value lasts to the end of the text */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---- names ---- */

static bool is_word(const char *p, size_t n)
{
	static const char *const words[] = {"key", "token", "pass", "pwd", "auth", "authorization",
		"bearer", "cookie", "cookies", "sessionid", "sig", "signature", "jwt", "sshpass",
		"psk"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (n == strlen(words[i]) && !strncasecmp(p, words[i], n))
			return true;
	return false;
}

static bool has_part(const char *p, size_t n)
{
	static const char *const parts[] = {"password", "passwd", "passphrase", "secret",
		"credential", "apikey", "accesskey", "privatekey", "accountkey"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(parts); i++)
		for (size_t at = 0, m = strlen(parts[i]); at + m <= n; at++)
			if (!strncasecmp(p + at, parts[i], m))
				return true;
	return false;
}

/* accessToken, AUTHTOKEN, sharedKey, userPwd; not monkey. */
static bool has_end(const char *p, size_t n)
{
	static const char *const humps[] = {"Key", "Pwd", "Pass", "Auth", "Cookie"};

	if (n >= 5 && !strncasecmp(p + n - 5, "token", 5))
		return true;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(humps); i++) {
		size_t m = strlen(humps[i]);

		if (n > m && islower((unsigned char)p[n - m - 1]) &&
			!strncmp(p + n - m, humps[i], m))
			return true;
	}
	return false;
}

static bool names_secret(const char *name, size_t len)
{
	for (const char *p = name; p < name + len;) {
		size_t n = 0;

		while (p + n < name + len && isalnum((unsigned char)p[n]))
			n++;
		if (n && (is_word(p, n) || has_part(p, n) || has_end(p, n)))
			return true;
		p += n + 1;
	}
	return false;
}

/* ---- where they are ---- */

static void mark_secret(struct marked *m, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		m->secret[i] = true;
}

static void mark_value(struct marked *m, size_t from)
{
	size_t to = from;

	while (to < m->len && (m->whole_rest || !is_blank(m->text[to])))
		to++;
	mark_secret(m, from, to);
}

/* name=value, name: value, also behind others, as in --env=API_KEY=x; the first, as the rest is its value. */
static void mark_named(struct marked *m)
{
	size_t name = 0;

	for (size_t i = 0; i < m->len; i++) {
		if (!m->whole_rest && is_blank(m->text[i]))
			name = i + 1;
		if (!strchr("=:", m->text[i]))
			continue;
		if (names_secret(m->text + name, i - name))
			mark_value(m, i + 1);
		name = i + 1;
	}
}

/* "--name value" amid a text. */
static void mark_options(struct marked *m)
{
	for (size_t i = 0, n; i < m->len; i += n + 1) {
		const char *p = m->text + i;

		n = strcspn(p, " \t\r\n");
		if (*p == '-' && i + n + 1 < m->len && p[n + 1] != '-' && !memchr(p, '=', n) &&
			names_secret(p, n))
			mark_value(m, i + n + 1);
	}
}

/* user:password@ of a URL: the password; of http(s) a user alone is a token. A password may hold any of "/?#",
 * what looks like a port does not begin one. */
static void mark_url(struct marked *m, size_t scheme, size_t host)
{
	const char *p = m->text + host, *at = NULL, *colon;
	size_t name = strcspn(p, "/?#@ \t\r\n\"'"), port;
	const bool web = scheme >= 4 &&
		(!strncasecmp(p - 7, "http", 4) ||
			(scheme >= 5 && !strncasecmp(p - 8, "https", 5)));

	colon = memchr(p, ':', name);
	port = colon ? strspn(colon + 1, "0123456789") : 0;
	if (p[name] == '@')
		at = p + name;
	else if (colon && !(strchr("/?#", colon[1 + port]) && port))
		at = memchr(p, '@', strcspn(p, " \t\r\n\"'"));
	if (at && colon)
		mark_secret(m, (size_t)(colon + 1 - m->text), (size_t)(at - m->text));
	else if (at && web)
		mark_secret(m, host, (size_t)(at - m->text));
}

static void mark_urls(struct marked *m)
{
	for (const char *p = m->text; (p = strstr(p, "://")); p += 3)
		mark_url(m, (size_t)(p - m->text), (size_t)(p + 3 - m->text));
}

/* Forms that providers chose so that they are found. */
static void mark_tokens(struct marked *m)
{
	static const struct {
		const char *begin;
		size_t least; /* characters behind it */
	} forms[] = {{"sk-", 20}, {"ghp_", 30}, {"gho_", 30}, {"ghs_", 30}, {"github_pat_", 20},
		{"glpat-", 20}, {"hf_", 30}, {"AKIA", 16}, {"ASIA", 16}, {"AIza", 30},
		{"xoxb-", 20}, {"xoxp-", 20}, {"nvapi-", 30}, {"eyJ", 30}};

	for (size_t i = 0; i < m->len; i++)
		for (size_t k = 0; k < ERG_ARRAY_SIZE(forms); k++) {
			size_t begin = strlen(forms[k].begin), n = begin;

			if ((i && isalnum((unsigned char)m->text[i - 1])) ||
				strncmp(m->text + i, forms[k].begin, begin))
				continue;
			while (isalnum((unsigned char)m->text[i + n]) ||
				(m->text[i + n] && strchr("-_.", m->text[i + n])))
				n++;
			if (n >= begin + forms[k].least)
				mark_secret(m, i, i + n);
		}
}

/* ---- the copy ---- */

static void mark_all(struct marked *m, enum erg_secret_text what)
{
	m->whole_rest = what == ERG_SECRET_COMMAND;
	if (what != ERG_SECRET_VALUE) {
		mark_named(m);
		mark_options(m);
	}
	mark_urls(m);
	mark_tokens(m);
}

static char *copy_without(const struct marked *m)
{
	/* no run of marks is shorter than one byte */
	char *ret = malloc(m->len * strlen(ERG_SECRET_MASKED) + 1), *p = ret;

	for (size_t i = 0; p && i < m->len; i++)
		if (!m->secret[i])
			*p++ = m->text[i];
		else if (!i || !m->secret[i - 1])
			p = stpcpy(p, ERG_SECRET_MASKED);
	if (p)
		*p = '\0';
	return ret;
}

static bool marked_init(struct marked *m, const char *text)
{
	*m = (struct marked){.text = text, .len = strlen(text)};
	m->secret = calloc(m->len + 1, sizeof(*m->secret));
	return m->secret != NULL;
}

char *erg_secrets_mask(const char *text, enum erg_secret_text what)
{
	struct marked m;
	char *ret;

	if (!marked_init(&m, text))
		return NULL;
	mark_all(&m, what);
	ret = copy_without(&m);
	free(m.secret);
	return ret;
}

/* Whether one of the words before I is PROGRAM: it may be behind env, sudo, ssh. */
static bool is_of(char *const *argv, int i, const char *program)
{
	while (i-- > 0)
		if (!strncmp(erg_base_name(argv[i]), program, strlen(program)))
			return true;
	return false;
}

/* NAME:PASSWORD behind -u; numbers are a user and a group. */
static void mark_user(struct marked *m)
{
	size_t colon = strcspn(m->text, ":");

	if (colon < m->len && m->text[strspn(m->text, "0123456789:")])
		mark_secret(m, colon + 1, m->len);
}

static void mark_letters(struct marked *m, char *const *argv, int i)
{
	const char *before = i > 1 ? argv[i - 1] : "", *word = argv[i];

	if (!strcmp(before, "-u") || !strcmp(before, "--user") || !strcmp(before, "--proxy-user"))
		mark_user(m);
	if (is_of(argv, i, "sshpass") && !strcmp(before, "-p"))
		mark_secret(m, 0, m->len);
	if (!strncmp(word, "-p", 2) &&
		(is_of(argv, i, "sshpass") || is_of(argv, i, "mysql") || is_of(argv, i, "mariadb")))
		mark_secret(m, 2, m->len);
}

char *erg_secrets_word(char *const *argv, int i)
{
	const char *before = i > 1 ? argv[i - 1] : "";
	struct marked m;
	char *ret;

	if (!marked_init(&m, argv[i]))
		return NULL;
	if (*before == '-' && argv[i][0] != '-' && !strchr(before, '=') &&
		names_secret(before, strlen(before)))
		mark_secret(&m, 0, m.len);
	else if (i) {
		mark_all(&m, ERG_SECRET_COMMAND);
		mark_letters(&m, argv, i);
	}
	ret = copy_without(&m);
	free(m.secret);
	return ret;
}
