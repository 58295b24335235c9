/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Many files, a process each: whatever the number of processes and whichever ends first, runs and
 * warnings are in the order of the files; the first failure is the one that is told, and a process
 * that dies is one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analyze/result/apiece.h"
#include "analyze/result/document.h"

#define N 9

struct files {
	char text[N][3];
	char *v[N];
};

static char *const *list(struct files *f)
{
	for (size_t i = 0; i < N; i++)
		f->v[i] = f->text[i];
	return f->v;
}

/* What a file makes: its name says so. "e" takes its time, "X" fails, "K" is killed. */
static int one(void *data, const char *file, unsigned int jobs, json_t *doc, json_t *runs,
	struct erg_err *err)
{
	if (*file == 'e')
		usleep(100000);
	if (*file == 'K')
		raise(SIGKILL);
	if (*file == 'X')
		return erg_fail(err, -ENODATA, "%s: \xff is no UTF-8", file);
	erg_document_warn(doc, "code", "%s: a warning", file);
	erg_document_label(doc, *file == 'c');
	json_array_append_new(runs,
		json_pack("{s:s, s:f, s:I}", "file", file, "third", 1. / 3, "big",
			(json_int_t)INT64_MAX));
	++*(int *)data; /* of this process */
	return 0;
}

static char *made(unsigned int jobs, int *ret_calls)
{
	json_t *doc = erg_document_new("test"), *runs = json_array();
	const struct erg_apiece a = {one, NULL, ret_calls, jobs};
	struct erg_err err = {0};
	struct files names = {.text = {"a", "b", "c", "d", "e", "f", "g", "h", "i"}};
	char *text;

	assert_int_equal(erg_apiece_run(&a, list(&names), N, doc, runs, &err), 0);
	json_object_set_new(doc, "runs", runs);
	text = json_dumps(doc, 0);
	json_decref(doc);
	return text;
}

static void test_any_number_of_jobs_gives_the_same(void **state)
{
	int here = 0, there = 0;
	char *alone = made(1, &here), *many;

	assert_int_equal(here, N);
	for (unsigned int jobs = 2; jobs < 12; jobs += 3) {
		many = made(jobs, &there);
		assert_string_equal(many, alone);
		free(many);
	}
	assert_int_equal(there, 0); /* all of it was done by others */
	assert_non_null(strstr(alone, "\"simulated\": true"));
	free(alone);
}

static int append_file(void *data, json_t *run, struct erg_err *err)
{
	strcat(data, json_string_value(json_object_get(run, "file")));
	json_object_del(run, "third");
	return strchr(data, 'g') ? erg_fail(err, -ENOSPC, "enough") : 0;
}

static int take(void *data, const char *file, unsigned int jobs, json_t *doc, json_t *runs,
	struct erg_err *err)
{
	int calls = 0;

	return one(&calls, file, jobs, doc, runs, err);
}

static void test_runs_are_told_in_order_and_stay_as_they_were_left(void **state)
{
	struct files names = {.text = {"e", "b", "c", "d", "a", "f", "g", "h", "i"}};

	for (unsigned int jobs = 1; jobs < 6; jobs++) {
		char told[N + 1] = "";
		const struct erg_apiece a = {take, append_file, told, jobs};
		json_t *doc = erg_document_new("test"), *runs = json_array();
		struct erg_err err = {0};

		assert_int_equal(erg_apiece_run(&a, list(&names), 6, doc, runs, &err), 0);
		assert_string_equal(told, "ebcdaf");
		for (size_t i = 0; i < 6; i++)
			assert_null(json_object_get(json_array_get(runs, i), "third"));
		told[0] = '\0';
		assert_int_equal(erg_apiece_run(&a, list(&names), N, doc, runs, &err), -ENOSPC);
		assert_string_equal(told, "ebcdafg");
		json_decref(doc);
		json_decref(runs);
	}
}

static int fails(char *const *files, size_t n, unsigned int jobs, struct erg_err *err)
{
	int calls = 0, r;
	json_t *doc = erg_document_new("test"), *runs = json_array();
	const struct erg_apiece a = {one, NULL, &calls, jobs};

	r = erg_apiece_run(&a, files, n, doc, runs, err);
	json_decref(doc);
	json_decref(runs);
	return r;
}

static void test_the_first_failure_is_told(void **state)
{
	struct files later = {.text = {"a", "e", "X1", "b", "X2"}};
	struct files killed = {.text = {"a", "K", "X", "b"}};

	for (unsigned int jobs = 1; jobs < 6; jobs++) {
		struct erg_err err = {0};

		assert_int_equal(fails(list(&later), 5, jobs, &err), -ENODATA);
		assert_string_equal(err.msg, "X1: \xff is no UTF-8");
		if (jobs == 1)
			continue; /* it would be this process */
		assert_int_equal(fails(list(&killed), 4, jobs, &err), -ECHILD);
		assert_string_equal(err.msg, "K: its analysis died: Killed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_number_of_jobs_gives_the_same),
		cmocka_unit_test(test_runs_are_told_in_order_and_stay_as_they_were_left),
		cmocka_unit_test(test_the_first_failure_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
