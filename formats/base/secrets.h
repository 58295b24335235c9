/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_SECRETS_H
#define ERG_FORMATS_SECRETS_H

/* What is kept of a command or a setting, and goes to others with an archive, without the secrets in it. */
#define ERG_SECRET_MASKED "(masked)"

/* How much of a text is one value. */
enum erg_secret_text {
	ERG_SECRET_COMMAND, /* a word of a command, or a command in one text: to the end of the text */
	ERG_SECRET_WORDS, /* settings between blanks (a kernel's command line): to the next blank */
	ERG_SECRET_VALUE, /* the value of a variable, in which "name:" means nothing */
};

/*
 * A copy of TEXT, to be freed, in which "(masked)" stands for the values of names that speak of secrets
 * (name=value, name: value, --name value), for what is before the '@' of a URL, but the user's name, and for what
 * has the form of a well-known token (sk-..., ghp_..., AKIA..., eyJ....). NULL when memory is short.
 */
char *erg_secrets_mask(const char *text, enum erg_secret_text what);

/* The same of the word I of the command ARGV, which ends with NULL: also the value of the option before it, and
 * passwords behind the letters of some programs (sshpass -p, curl -u, mysql -p). The program itself is kept. */
char *erg_secrets_word(char *const *argv, int i);

#endif
