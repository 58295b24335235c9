/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is masked of commands and settings, and what is kept: each as people write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/secrets.h"
#include "formats/base/util.h"

struct one {
	const char *text, *kept;
};

static void masked(enum erg_secret_text what, const struct one *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *got = erg_secrets_mask(cases[i].text, what);

		if (!got || strcmp(got, cases[i].kept))
			fail_msg("%s: %s", cases[i].text, got ? got : "NULL");
		free(got);
	}
}

static void names_are_taken_by_their_words(void **state)
{
	static const struct one cases[] = {
		{"API_KEY=x", "API_KEY=(masked)"},
		{"PGPASSWORD=x", "PGPASSWORD=(masked)"},
		{"MYSQL_PWD=x", "MYSQL_PWD=(masked)"},
		{"AWS_SECRET_ACCESS_KEY=x/y+z", "AWS_SECRET_ACCESS_KEY=(masked)"},
		{"--clientSecret=x", "--clientSecret=(masked)"},
		{"--access-token:x", "--access-token:(masked)"},
		{"accesstoken=x", "accesstoken=(masked)"},
		{"sharedKey=x", "sharedKey=(masked)"},
		{"{\"apiKey\": \"x\"}", "{\"apiKey\":(masked)"},
		{"Cookie: a=b", "Cookie:(masked)"},
		{"https://h/f?a=1&sig=x", "https://h/f?a=1&sig=(masked)"},
		{"AccountName=n;AccountKey=x", "AccountName=n;AccountKey=(masked)"},
		/* no secrets */
		{"--max-tokens=5", "--max-tokens=5"},
		{"tokenizer=bert", "tokenizer=bert"},
		{"author=me", "author=me"},
		{"monkey=1", "monkey=1"},
		{"--passes=3", "--passes=3"},
		{"keyboard: us", "keyboard: us"},
		{"a=b:c", "a=b:c"},
		{"", ""},
	};

	masked(ERG_SECRET_COMMAND, cases, ERG_ARRAY_SIZE(cases));
}

static void commands_in_one_text(void **state)
{
	static const struct one cases[] = {
		{"./serve --port 80 --token abc", "./serve --port 80 --token (masked)"},
		{"curl -H 'Authorization: Bearer abc' h", "curl -H 'Authorization:(masked)"},
		{"export HF_TOKEN=abc; ./run", "export HF_TOKEN=(masked)"},
		{"./run --token --verbose", "./run --token --verbose"},
		{"./run --api-key", "./run --api-key"},
		{"./run --tokens 5 --out x", "./run --tokens 5 --out x"},
	};

	masked(ERG_SECRET_COMMAND, cases, ERG_ARRAY_SIZE(cases));
}

static void urls(void **state)
{
	static const struct one cases[] = {
		{"https://me:abc@host/x:y", "https://me:(masked)@host/x:y"},
		{"postgres://u:a/b#c?d@host/db", "postgres://u:(masked)@host/db"},
		{"https://abc@host/r.git", "https://(masked)@host/r.git"},
		{"ssh://git@host/r.git", "ssh://git@host/r.git"},
		{"http://host:8080/a@b", "http://host:8080/a@b"},
		{"http://host:8080", "http://host:8080"},
		{"://me:abc@", "://me:(masked)@"},
		{"a://x:1@h b://y:2@h", "a://x:(masked)@h b://y:(masked)@h"},
		/* what follows is looked at, too */
		{"https://me:abc@host/?token=def", "https://me:(masked)@host/?token=(masked)"},
		{"https://me:abc@host -k API_KEY=def",
			"https://me:(masked)@host -k API_KEY=(masked)"},
	};

	masked(ERG_SECRET_COMMAND, cases, ERG_ARRAY_SIZE(cases));
}

static void tokens_by_their_form(void **state)
{
	static const struct one cases[] = {
		{"x sk-abcdefghij0123456789-_ y", "x (masked) y"},
		{"AKIAABCDEFGHIJKLMNOP", "(masked)"},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x", "(masked)"},
		{"sk-short", "sk-short"},
		{"task-abcdefghij0123456789abc", "task-abcdefghij0123456789abc"},
		{"/opt/key:/usr/bin", "/opt/key:/usr/bin"},
		{"max_split_size_mb:128", "max_split_size_mb:128"},
		{"http://me:abc@proxy", "http://me:(masked)@proxy"},
	};

	masked(ERG_SECRET_VALUE, cases, ERG_ARRAY_SIZE(cases));
}

static void settings_end_at_blanks(void **state)
{
	static const struct one cases[] = {
		{"quiet rd.luks.key=abc root=/dev/sda1",
			"quiet rd.luks.key=(masked) root=/dev/sda1"},
		{"root=/dev/sda1 console=ttyS0", "root=/dev/sda1 console=ttyS0"},
	};

	masked(ERG_SECRET_WORDS, cases, ERG_ARRAY_SIZE(cases));
}

static void words_of_programs(void **state)
{
	static const struct {
		const char *argv[6];
		const char *kept; /* all words, with blanks */
	} cases[] = {
		{{"sshpass", "-p", "abc", "ssh", "h"}, "sshpass -p (masked) ssh h"},
		{{"env", "sshpass", "-pabc"}, "env sshpass -p(masked)"},
		{{"/usr/bin/mysql", "-pabc", "-P3306"}, "/usr/bin/mysql -p(masked) -P3306"},
		{{"curl", "-u", "me:abc", "h"}, "curl -u me:(masked) h"},
		{{"docker", "-u", "1000:1000"}, "docker -u 1000:1000"},
		{{"serve", "-p8080"}, "serve -p8080"},
		{{"serve", "--api-key", "abc"}, "serve --api-key (masked)"},
		{{"serve", "--api-key", ""}, "serve --api-key "},
		{{"key=program", "x"}, "key=program x"},
	};

	for (size_t k = 0; k < ERG_ARRAY_SIZE(cases); k++) {
		char got[256] = "";

		for (int i = 0; cases[k].argv[i]; i++) {
			char *word = erg_secrets_word((char *const *)cases[k].argv, i);

			assert_non_null(word);
			sprintf(got + strlen(got), "%s%s", i ? " " : "", word);
			free(word);
		}
		assert_string_equal(got, cases[k].kept);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_taken_by_their_words),
		cmocka_unit_test(commands_in_one_text),
		cmocka_unit_test(urls),
		cmocka_unit_test(tokens_by_their_form),
		cmocka_unit_test(settings_end_at_blanks),
		cmocka_unit_test(words_of_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
