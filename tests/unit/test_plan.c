/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans of sweeps: what is read, what is refused and where, the order of the runs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "formats/base/util.h"
#include "record/sources/cpulist.h"
#include "record/knobs/knobs.h"
#include "record/sweep/plan.h"

static int parse(const char *text, struct erg_plan **ret, struct erg_err *err)
{
	_cleanup_(erg_yaml_freep) struct erg_yaml *y = NULL;
	int r = erg_yaml_parse("p.yaml", text, strlen(text), &y, err);

	return r < 0 ? r : erg_plan_from_yaml("p.yaml", y, ret, err);
}

static struct erg_plan *good(const char *text)
{
	struct erg_plan *p = NULL;
	struct erg_err err = {0};

	if (parse(text, &p, &err) < 0)
		fail_msg("%s", err.msg);
	return p;
}

static void refused(const char *text, const char *message)
{
	struct erg_plan *p = NULL;
	struct erg_err err = {0};

	if (parse(text, &p, &err) >= 0) {
		erg_plan_free(p);
		fail_msg("taken: %s", text);
	}
	if (strncmp(err.msg, message, strlen(message)) != 0)
		fail_msg("%s\n  expected %s", err.msg, message);
}

static void test_everything(void **state)
{
	_cleanup_(erg_plan_freep) struct erg_plan *p = good(
		"name: study\n"
		"workloads:\n"
		"  net:\n"
		"    command: [./infer, --net, \"a b\", --net]\n"
		"    directory: /tmp\n"
		"    environment: {OMP_NUM_THREADS: 1, LANG: C}\n"
		"    duration_s: 30\n"
		"    expected_s: 31.5\n"
		"  line: \"./infer --fast | tee log\"\n"
		"corunners: {mem: {command: [stream]}, io: \"dd if=/dev/zero\"}\n"
		"coruns: [none, pairs]\n"
		"knobs:\n"
		"  cpufreq.frequency_khz: all\n"
		"  powercap.limit_w: {from: 5, to: 10, step: 2.5}\n"
		"  fan.pwm: 255\n"
		"set: {cpus.online: 4}\n"
		"conditions: {heatsink: [on, off], ambient_c: 23.5}\n"
		"repetitions: 5\norder: abba\nseed: 7\nwarmup_s: 60\nsettle_s: 1\ntimeout_s: 600\n"
		"cooldown: {within_k: 0.5, limit_s: 90, zone: CPU-therm}\n"
		"record: {rate: 2000, idle: 10}\n");

	assert_string_equal(p->name, "study");
	assert_int_equal(p->n_workloads, 2);
	assert_string_equal(p->workloads[0].argv.v[2], "a b");
	assert_int_equal(p->workloads[0].argv.n, 4); /* a word may come twice */
	assert_string_equal(p->workloads[0].env.v[1], "LANG=C");
	assert_string_equal(p->workloads[1].argv.v[2], "./infer --fast | tee log");
	assert_int_equal(p->n_corunners, 2);
	assert_true(p->knobs[0].all);
	assert_true(p->knobs[1].range && p->knobs[1].step == 2.5);
	assert_string_equal(p->knobs[2].values.v[0], "255");
	assert_string_equal(p->conditions[0].values.v[0], "on"); /* no boolean */
	assert_int_equal(p->conditions[1].values.n, 1);
	assert_int_equal(p->order, ERG_ORDER_ABBA);
	assert_int_equal(p->repetitions, 5);
	assert_true(p->cooldown && p->cooldown_within_k == 0.5 && p->cooldown_limit_s == 90);
	assert_string_equal(p->record.v[0], "--rate");
	assert_string_equal(p->record.v[3], "10");
}

#define W "workloads: {w: [true]}\n"

static void test_refused(void **state)
{
	refused("workloads: [w]\n", "p.yaml:1:13: workloads: expected NAME:");
	refused(W "repetition: 3\n",
		"p.yaml:2:1: plan: unknown key \"repetition\": expected one of");
	refused("workloads:\n  w: {comand: [true]}\n", "p.yaml:2:7: w: unknown key \"comand\"");
	refused("workloads:\n  w: {expected_s: 1}\n", "p.yaml:2:3: w: no command");
	refused("workloads: {a+b: [true]}\n", "p.yaml:1:13: workloads: \"a+b\": a name");
	refused(W "repetitions: 1.5\n",
		"p.yaml:2:14: repetitions: \"1.5\": expected a whole number");
	refused(W "repetitions: many\n", "p.yaml:2:14: repetitions: \"many\": expected a number");
	refused(W "warmup_s: -1\n", "p.yaml:2:11: warmup_s");
	refused(W "order: wild\n", "p.yaml:2:8: order: expected random, abba or as-written");
	refused(W "knobs: {fan.pwm: [1, 2, 1]}\n", "p.yaml:2:25: fan.pwm: \"1\" is listed twice");
	refused(W "knobs: {fan.pwm: {from: 1, to: 9}}\n", "p.yaml:2:19: fan.pwm: a range needs");
	refused(W "knobs: {fan.pwm: {from: 9, to: 1, step: 1}}\n",
		"p.yaml:2:19: fan.pwm: expected");
	refused(W "knobs: {fan.pwm: {from: 9, to: 10, by: 1}}\n",
		"p.yaml:2:36: fan.pwm: unknown key");
	refused(W "set: {fan.pwm: [1, 2]}\n", "p.yaml:2:17: set: fan.pwm: expected one value");
	refused(W "set: {fan.pwm: 1}\nknobs: {fan.pwm: [2]}\n",
		"p.yaml:2:16: fan.pwm stands under");
	refused(W "corunners: {w: [true]}\n",
		"p.yaml:2:13: \"w\" names a workload and a co-runner");
	refused(W "conditions: {heatsink: all}\n", "p.yaml:2:24: conditions: heatsink: expected");
	refused(W "conditions: {heatsink: {values: [on, off]}}\n",
		"p.yaml:2:25: conditions: heatsink: expected a command");
	refused(W "conditions: {heatsink: {command: x}}\n",
		"p.yaml:2:25: conditions: heatsink: expected values");
	refused(W "conditions: {heatsink: {values: [on], command: x, settle_s: -1}}\n",
		"p.yaml:2:61: settle_s");
	refused(W "record: {output: x}\n", "p.yaml:2:10: record: unknown option \"output\"");
	refused(W "cooldown: 3\n", "p.yaml:2:1: cooldown: expected");
	refused(W "seed: 1\nseed: 2\n", "p.yaml:3:1: duplicate key");
	refused("name: [x\n", "p.yaml:");
	refused("", "p.yaml: empty");
	refused("- a\n", "p.yaml:1:3: plan: expected \"key: value\" lines");
}

static void count(const char *text, size_t want)
{
	_cleanup_(erg_plan_freep) struct erg_plan *p = good(text);
	struct erg_plan_runs runs;
	struct erg_err err = {0};

	if (erg_plan_expand(p, &runs, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(runs.n, want);
	for (size_t i = 0; i < runs.n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(runs.v[i].id, runs.v[j].id);
	erg_plan_runs_clear(&runs);
}

/* Texts that cost: lines of aliases that hold ten of the one before, one that holds itself, and bytes on which
 * libfyaml never ended (found by fuzzing). */
static void test_made_to_cost(void **state)
{
	char text[4096] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
	size_t n = strlen(text);

	for (int i = 1; i < 9; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "a%d: &a%d [*a%d", i, i, i - 1);
		for (int k = 1; k < 10; k++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, ", *a%d", i - 1);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "]\n");
	}
	refused(text, "p.yaml: its aliases come to more than");
	refused("a: &a [x, *a]\n" W, "p.yaml: its aliases come to more than");
	refused("%\x01\xff\xa2"
		"b_]",
		"p.yaml:1:2: byte 0x01: expected UTF-8");
	refused(W "name: \xff\n", "p.yaml:2:7: byte 0xff: expected UTF-8");
	erg_plan_free(good("workloads: {w: &w {command: [a]}, v: {<<: *w, duration_s: 1}}\n"));
}

/* BEGIN, PART for each number below N, which stands there in place of '#', and END; for the caller to free. */
static char *of_numbers(const char *begin, const char *part, int n, const char *end)
{
	size_t size = strlen(begin) + (size_t)n * (strlen(part) + 24) + strlen(end) + 1;
	char *text = malloc(size), *p;

	assert_non_null(text);
	p = stpcpy(text, begin);
	for (int i = 0; i < n; i++)
		for (const char *c = part; *c; c++)
			if (*c == '#')
				p += sprintf(p, "%d", i);
			else
				*p++ = *c;
	stpcpy(p, end);
	return text;
}

/* What libfyaml takes n^2 for: keys of a map, of many maps, and aliases among many anchors. */
static void test_made_to_cost_squares(void **state)
{
	const struct {
		const char *begin, *part;
		int n;
		const char *end, *message;
	} cases[] = {
		{"", "k#: 1\n", 20000, "", "p.yaml: maps with more keys than are compared"},
		{"a: &a 1\n", "k#: *a\n", 20000, "",
			"p.yaml: maps with more keys than are compared"},
		{"a: {", "k#, ", 3000, "k: 1}\n", "p.yaml: maps with more keys than are compared"},
		{"a:\n", "- &a# 1\n- *a#\n", 20000, "",
			"p.yaml: 20000 aliases, and 20000 anchors that they may mean"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = of_numbers(cases[i].begin, cases[i].part, cases[i].n, cases[i].end);

		refused(text, cases[i].message);
		free(text);
	}
}

/* What two runs would both write is refused; long names stay apart, and text. */
static void test_names_of_archives(void **state)
{
	_cleanup_(erg_plan_freep) struct erg_plan *same = good(W "conditions: {c: [a b, a_b]}\n");
	struct erg_plan_runs runs;
	struct erg_err err = {0};
	char text[1000], name[256], longest[212] = "";

	assert_true(erg_plan_expand(same, &runs, &err) < 0);
	assert_non_null(strstr(err.msg, "p.yaml: two runs would both write w,c=a_b,r1.erg"));
	assert_null(runs.v);
	for (int i = 0; i < 105; i++)
		strcat(longest, "\xc3\xa9");
	snprintf(text, sizeof(text), W "conditions: {c: [%s1, x%s2]}\n", longest, longest);
	{
		_cleanup_(erg_plan_freep) struct erg_plan *p = good(text);

		assert_int_equal(erg_plan_expand(p, &runs, &err), 0);
		for (size_t i = 0; i < runs.n; i++) {
			json_auto_t *j = NULL;

			erg_plan_archive_name(&runs.v[i], name, sizeof(name));
			j = json_string(name);
			assert_non_null(j); /* no character is cut in two */
		}
		erg_plan_runs_clear(&runs);
	}
}

static void test_long_value_of_the_environment(void **state)
{
	char text[6000], value[5001];
	_cleanup_(erg_plan_freep) struct erg_plan *p = NULL;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	snprintf(text, sizeof(text), "workloads: {w: {command: [a], environment: {X: %s}}}\n",
		value);
	p = good(text);
	assert_int_equal(strlen(p->workloads[0].env.v[0]), 2 + strlen(value));
}

static void test_number_of_runs(void **state)
{
	count(W, 1);
	count(W "knobs: {fan.pwm: [1, 2, 3], cpus.online: [1, 2]}\nrepetitions: 4\n", 24);
	count(W "corunners: {a: [true], b: [true], c: [true]}\n", 4); /* none and each */
	count(W "corunners: {a: [true], b: [true], c: [true]}\ncoruns: [none, each, pairs, all]\n",
		8);
	count(W "corunners: {a: [true], b: [true]}\ncoruns: [pairs, all, a+b, self]\n", 3);
	count(W "conditions: {heatsink: [on, off], ambient: 20}\nrepetitions: 3\n", 6);
}

static void test_unknown_corun(void **state)
{
	_cleanup_(erg_plan_freep) struct erg_plan *p =
		good(W "corunners: {a: [true]}\ncoruns: [a+z]\n");
	struct erg_plan_runs runs;
	struct erg_err err = {0};

	assert_int_equal(erg_plan_expand(p, &runs, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "a+z"));
}

/* Each repetition is a whole block; conditions come in one piece; the seed decides all. */
static void test_random_blocks(void **state)
{
	_cleanup_(erg_plan_freep) struct erg_plan *p =
		good(W "knobs: {fan.pwm: [1, 2, 3, 4, 5, 6, 7, 8]}\nrepetitions: 3\nseed: 3\n"
		       "conditions: {heatsink: [on, off]}\n");
	struct erg_plan_runs a, b;
	struct erg_err err = {0};
	bool moved = false;

	assert_int_equal(erg_plan_expand(p, &a, &err), 0);
	assert_int_equal(erg_plan_expand(p, &b, &err), 0);
	assert_int_equal(a.n, 48);
	for (size_t block = 0; block < 6; block++) {
		unsigned seen = 0;

		for (size_t i = 0; i < 8; i++) {
			const struct erg_plan_run *run = &a.v[block * 8 + i];

			assert_int_equal(run->repetition, block % 3 + 1);
			assert_int_equal(run->condition[0], block / 3);
			assert_string_equal(run->id, b.v[block * 8 + i].id);
			seen |= 1u << run->knob[0];
			moved = moved || run->knob[0] != i;
		}
		assert_int_equal(seen, 255);
	}
	assert_true(moved);
	erg_plan_runs_clear(&a);
	erg_plan_runs_clear(&b);
}

static void test_cpulist(void **state)
{
	cpu_set_t set;

	assert_int_equal(erg_cpulist_parse("0-2,5", &set), 0);
	assert_int_equal(CPU_COUNT(&set), 4);
	assert_true(CPU_ISSET(5, &set) && !CPU_ISSET(3, &set));
	assert_int_equal(erg_cpulist_parse("", &set), -EINVAL);
	assert_int_equal(erg_cpulist_parse("3-1", &set), -EINVAL);
	assert_int_equal(erg_cpulist_parse("1,", &set), -EINVAL);
	assert_int_equal(erg_cpulist_parse("a", &set), -EINVAL);
	assert_int_equal(erg_cpulist_parse("99999", &set), -EINVAL);
	assert_int_equal(erg_cpulist_parse("-1", &set), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_made_to_cost),
		cmocka_unit_test(test_made_to_cost_squares),
		cmocka_unit_test(test_names_of_archives),
		cmocka_unit_test(test_long_value_of_the_environment),
		cmocka_unit_test(test_number_of_runs),
		cmocka_unit_test(test_unknown_corun),
		cmocka_unit_test(test_random_blocks),
		cmocka_unit_test(test_cpulist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
