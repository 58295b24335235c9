/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs as sources: what they print, and how they end. */
#include "tests/unit/sources_fixture.h"

static int next_reading(struct fixture *f, struct erg_source *s)
{
	int r;

	while ((r = s->ops->read(s, f->values, &f->native)) == ERG_READ_NOTHING)
		usleep(1000);
	return r;
}

static void test_exec(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	/* commas and names of drivers inside the command; a second item behind it */
	tree_put(&f->tree, "proc/stat", "cpu0 1 1 1 1 1 1 1");
	assert_int_equal(find(f,
				 "exec:printf '# meter\\n0 A 1.5 W\\n0 B,hw -2 mW\\n"
				 "0 T 40.25 degC\\n0 E 3 J\\n0 A 1.5 W\\n'; sleep 100,procstat"),
		0);
	s = channel(f, "A", ERG_Q_POWER, &c);
	assert_int_equal(s->n_channels, 2);
	assert_string_equal(s->channels[c].unit, "uW");
	s = channel(f, "E", ERG_Q_ENERGY, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_COUNTER);
	s = channel(f, "T", ERG_Q_TEMPERATURE, &c);
	assert_int_equal(s->cls, ERG_CLASS_THERMAL);
	channel(f, "cpu0", ERG_Q_TIME, &c);
	assert_int_equal(find(f, "exec:echo 0 A 1 W; echo 0 A 1 W; sleep 9,auto"), 0);
	channel(f, "A", ERG_Q_POWER, &c);
	channel(f, "cpu0", ERG_Q_TIME, &c);
}

static void test_exec_readings(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	char list[400];

	/* Speaks again when the file says so: after start, which forgets what was said before. */
	snprintf(list, sizeof(list),
		"exec:printf '1 A 1 W\\n1 B 2 W\\n2 A 9 W\\n'; until [ -e %s/go ]; do sleep 0.01;"
		" done; printf '10 A 1.5 W\\n10 B 2 W\\n20 A 2.5 W\\njunk\\n30 A 3 W\\n30 B 4 W\\n';"
		" sleep 99",
		f->tree.dir);
	assert_int_equal(find(f, list), 0);
	start_all(f);
	tree_put(&f->tree, "go", "1");
	s = f->list.sources[0];
	assert_int_equal(next_reading(f, s), ERG_READ_MORE);
	assert_int_equal(f->native, 10);
	assert_int_equal(f->values[0], 1500000);
	assert_int_equal(f->values[1], 2000000);
	next_reading(f, s);
	assert_int_equal(f->native, 20);
	assert_int_equal(f->values[0], 2500000);
	assert_true(f->values[1] == ERG_VALUE_NONE);
	assert_int_equal(next_reading(f, s), ERG_READ_OK);
	assert_int_equal(f->native, 30);
	s->ops->stop(s);
	s->ops->stop(s);
}

static void test_exec_model(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	size_t c;

	assert_int_equal(find(f,
				 "exec:echo '# sensor kind=boxcar window_ns=5000000 lag_ns=-3'; "
				 "echo 0 A 1 W; echo 0 T 20 degC; echo 0 A 1 W; sleep 9"),
		0);
	s = channel(f, "A", ERG_Q_POWER, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_BOXCAR);
	assert_int_equal(s->model.window_ns, 5000000);
	assert_int_equal(s->model.lag_ns, -3);
	assert_int_equal(s->model.provenance, ERG_PROVENANCE_DRIVER);
	s = channel(f, "T", ERG_Q_TEMPERATURE, &c);
	assert_int_equal(s->model.kind, ERG_SENSOR_POINT);
}

/* Noise between readings is an error each time, and nothing more. */
static void test_exec_noise(void **state)
{
	struct fixture *f = *state;
	int errors = 0, last = 0;

	assert_int_equal(find(f,
				 "exec:echo 0 A 1 W; echo 0 A 1 W; sleep 0.1; "
				 "head -c 200000 /dev/urandom; echo; echo 0 A 5 W; sleep 9"),
		0);
	start_all(f);
	while (last != 5000000) {
		int r = next_reading(f, f->list.sources[0]);

		errors += r == -EBADMSG;
		last = r >= 0 ? (int)f->values[0] : last;
	}
	assert_true(errors > 0);
}

static void test_exec_restarts(void **state)
{
	struct fixture *f = *state;
	struct erg_source *s;
	char list[200];
	int r, deaths = 0, readings = 0;

	snprintf(list, sizeof(list), "exec:echo 0 A 7 W; echo 0 A 7 W; sleep 0.05");
	assert_int_equal(find(f, list), 0);
	start_all(f);
	s = f->list.sources[0];
	while (deaths < 2 || readings < 2) {
		r = next_reading(f, s);
		deaths += r == -EPIPE;
		readings += r >= 0;
		assert_true(r >= 0 || r == -EPIPE);
	}
	assert_int_equal(f->values[0], 7000000);
	assert_true(f->native > 0 && f->native <= erg_mono_ns()); /* 0 in the line: now */
}

static void test_exec_errors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(find(f, "exec:exit 3"), -EPIPE);
	assert_int_equal(find(f, "exec:echo hello world"), -EBADMSG);
	assert_non_null(strstr(f->err.msg, "\"hello world\""));
	assert_int_equal(find(f, "exec:echo 0 A 1 parsec"), -EBADMSG);
	assert_int_equal(find(f, "exec:echo 0 A nan W"), -EBADMSG);
	assert_int_equal(find(f, "exec:echo 0 A 1e13 W"), -EBADMSG); /* in uW beyond 64 bits */
	assert_int_equal(find(f, "exec:echo $(date +%s%N) A 1 W"), -EBADMSG); /* another clock */
	assert_non_null(strstr(f->err.msg, "CLOCK_MONOTONIC"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_exec),
		TEST(test_exec_readings),
		TEST(test_exec_model),
		TEST(test_exec_noise),
		TEST(test_exec_restarts),
		TEST(test_exec_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
