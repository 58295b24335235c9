/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Import: the period of a meter from its changes, decimals and dates out of running text,
 * and where rows are kept. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "record/import/cells.h"
#include "record/import/import.h"

static uint64_t seed;

static double uniform(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (double)(seed >> 11) / 9007199254740992.0;
}

/* Changes that a reader sees, every INTERVAL with some jitter, of a meter of PERIOD whose value is
 * new with probability FRESH. */
static size_t changes_of(double period, double interval, double fresh, size_t readings,
	int64_t *changes)
{
	long last = -1;
	size_t n = 0;

	for (size_t i = 0; i < readings; i++) {
		double t = interval * ((double)i + 0.1 * uniform());
		long update = (long)floor((t + 0.31 * period) / period);

		if (update != last && uniform() < fresh)
			changes[n++] = (int64_t)t;
		last = update;
	}
	return n;
}

/* Layers and tracks are what they were when they come again, and what differs in any part is another. */
static void layers_and_tracks_keep_their_ids(void **state)
{
	struct erg_import_layers l;
	char name[16];

	erg_import_layers_init(&l);
	for (int again = 0; again < 2; again++)
		for (uint32_t i = 0; i < 3000; i++) {
			snprintf(name, sizeof(name), "l%u", i / 3);
			assert_int_equal(erg_import_layers_define(&l, 2, 0, name,
						 i % 3 ? "conv" : "", i % 3 == 2 ? "net" : ""),
				i + 1);
			snprintf(name, sizeof(name), "t%u", i);
			assert_int_equal(erg_import_layers_track(&l, name), i + 1);
		}
	assert_int_equal(erg_import_layers_define(&l, 2, 1, "l0", "", ""), 3001);
	assert_int_equal(erg_import_layers_track(&l, ""), 3001);
	assert_int_equal(erg_import_layers_track(&l, "layers"), 3001);
	assert_int_equal(l.n_defs, 3001);
	assert_string_equal(l.defs[4].name, "l1");
	assert_string_equal(l.defs[4].type, "conv");
	assert_string_equal(l.tracks[2999], "t2999");
	erg_import_layers_release(&l);
	(void)state;
}

/* An ADC of STEP digits a count (and OFFSET) as a log prints it: whole digits of UNIT. */
static double lsb_of(double step, double offset, int64_t unit, int counts, size_t n)
{
	struct erg_import_log log = {.n = n};
	int64_t *raw = calloc(n, sizeof(*raw));
	double found;

	for (size_t i = 0; i < n; i++) {
		double count = 700 + floor(uniform() * counts);

		raw[i] = (int64_t)rint(step * count + offset) * unit;
	}
	found = erg_import_lsb(&log, raw);
	free(raw);
	return found;
}

static void the_step_of_an_adc_is_seen_through_a_print(void **state)
{
	static const double steps[] = {4.31, 9.77, 38.2492, 61.035, 152.588, 1000.4};
	static const double whole[] = {1, 8, 76};

	seed = 5;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		for (int unit = 1; unit <= 100; unit *= 100) {
			double found = lsb_of(steps[i], 0.4 * (double)i, unit, 200, 4000);

			assert_true(fabs(found / (double)unit - steps[i]) < 1e-2);
		}
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		assert_true(lsb_of(whole[i], 0, 10, 150, 2000) == whole[i] * 10);
	(void)state;
}

/* Values that lie anywhere, many or few, are in steps of one digit. */
static void values_on_no_grid_have_no_step(void **state)
{
	for (size_t n = 2; n < 3000; n = n * 3 / 2)
		for (seed = 1; seed < 40; seed++)
			assert_true(lsb_of(1, 0, 1, 1000000, n) == 1);
	(void)state;
}

static void the_period_of_a_stale_meter_is_found(void **state)
{
	static const double ratios[] = {1.7, 2.3, 3.141, 5, 10.37, 50.1};
	int64_t *changes = calloc(40000, sizeof(*changes));

	for (size_t i = 0; i < sizeof(ratios) / sizeof(*ratios); i++) {
		for (int sparse = 0; sparse < 2; sparse++) {
			double period = ratios[i] * 1e7;
			size_t n;
			double found;

			seed = 42 + i;
			n = changes_of(period, 1e7, sparse ? 0.6 : 1, 6000, changes);
			found = (double)erg_import_period(changes, n, 10000000);
			if (fabs(found / period - 1) > 0.001)
				fail_msg("period %g ns: found %g", period, found);
		}
	}
	free(changes);
}

static void irregular_changes_have_no_period(void **state)
{
	int64_t changes[2000];

	for (seed = 1; seed < 20;) {
		double t = 0;

		for (size_t i = 0; i < 2000; i++) {
			t += 1e7 * ceil(-3 * log(1 - uniform()));
			changes[i] = (int64_t)t;
		}
		assert_int_equal(erg_import_period(changes, 2000, 10000000), 0);
		seed = seed % 1000 + 1;
		if (seed > 15)
			break;
	}
	/* a value that is new at each reading */
	for (size_t i = 0; i < 2000; i++)
		changes[i] = (int64_t)i * 10000000;
	assert_int_equal(erg_import_period(changes, 2000, 10000000), 0);
	assert_int_equal(erg_import_period(changes, 5, 1000000), 0);
	assert_int_equal(erg_import_period(changes, 0, 0), 0);
}

static void decimals_are_exact(void **state)
{
	const char *end;
	int64_t v;

	assert_true(erg_import_decimal("25.33 W", 3, &v, &end));
	assert_int_equal(v, 25330);
	assert_string_equal(end, " W");
	assert_true(erg_import_decimal("-256C", 3, &v, &end));
	assert_int_equal(v, -256000);
	assert_true(erg_import_decimal("0.0005", 3, &v, &end));
	assert_int_equal(v, 1);
	assert_false(erg_import_decimal("W", 3, &v, &end));
	assert_false(erg_import_decimal("", 3, &v, &end));
	assert_false(erg_import_decimal("99999999999999999", 6, &v, &end));
}

static void dates_are_read_in_both_orders(void **state)
{
	const int64_t want = 1699963994123000000; /* 2023-11-14 12:13:14.123 UTC */
	const char *end;
	int64_t t;

	assert_true(erg_import_time("2023/11/14 12:13:14.123, 0", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_int_equal(t, want);
	assert_string_equal(end, ", 0");
	assert_true(erg_import_time("11-14-2023 12:13:14.123", ERG_DATE_MONTH_FIRST, &t, &end));
	assert_int_equal(t, want);
	assert_true(erg_import_time("2024-02-29T00:00:00", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_int_equal(t, 1709164800000000000);
	assert_true(erg_import_time("14-Nov-2023 12:13", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_int_equal(t, 1699963980000000000);
	assert_true(erg_import_time("14.11.23 12:13:14:500", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_int_equal(t, 1699963994500000000);
	assert_true(erg_import_time("Tue Nov 14 12:13:14 2023 Z", ERG_DATE_DAY_FIRST, &t, &end));
	assert_int_equal(t, 1699963994000000000);
	assert_string_equal(end, " Z");
	assert_true(erg_import_time("14/11/2023 12:13:14", ERG_DATE_DAY_FIRST, &t, &end));
	assert_int_equal(t, 1699963994000000000);
	assert_false(erg_import_time("14/11/2023 12:13:14", ERG_DATE_MONTH_FIRST, &t, &end));
	assert_false(erg_import_time("14-Now-2023 12:13:14", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_false(erg_import_time("14-11-23 12:13:14", ERG_DATE_DAY_FIRST, &t, &end));
	assert_false(erg_import_time("11-14-2023 12:13:14", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_false(erg_import_time("2023-13-14 12:13:14", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_false(erg_import_time("2023-11-14 25:13:14", ERG_DATE_YEAR_FIRST, &t, &end));
	assert_false(erg_import_time("RAM 1/2", ERG_DATE_YEAR_FIRST, &t, &end));
}

static void rows_and_channels_grow_together(void **state)
{
	struct erg_import_log log = {.path = "test"};
	struct erg_err err = {0};

	for (int i = 0; i < 3000; i++) {
		assert_int_equal(erg_import_row(&log, i, (size_t)i + 1, &err), 0);
		if (i >= 100) {
			assert_int_equal(erg_import_channel(&log, "a", "mW", 0, &err), 0);
			log.channels[0].raw[i] = i;
		}
		if (i >= 2500) {
			assert_int_equal(erg_import_channel(&log, "b", "W", 3, &err), 1);
			log.channels[1].raw[i] = -i;
		}
	}
	assert_int_equal(log.n_channels, 2);
	assert_int_equal(log.n, 3000);
	assert_true(log.channels[0].raw[99] == ERG_IMPORT_MISSING);
	assert_int_equal(log.channels[0].raw[2999], 2999);
	assert_true(log.channels[1].raw[0] == ERG_IMPORT_MISSING);
	assert_true(log.channels[1].raw[2499] == ERG_IMPORT_MISSING);
	assert_int_equal(log.channels[1].raw[2500], -2500);
	assert_true(log.channels[1].def.scale == 1e-3);
	assert_int_equal(erg_import_channel(&log, "c", "furlong", 0, &err), -22);
	erg_import_log_release(&log);
}

/* The quick way reads what the other one does, or nothing; printf() is the truth of both. */
static void plain_numbers_are_read_alike(void **state)
{
	static const char *const odd[] = {"", "-", ".", "1.", "1.2.3", "1e3", "+1", " 1", "1 ",
		"0x1", "12345678901234567890", "1.0000000001", "99999999999999999"};
	size_t plain = 0;

	seed = 7;
	for (int i = 0; i < 20000; i++) {
		int64_t v = (int64_t)((uniform() - 0.3) * pow(10, 12 * uniform())), got = 0,
			other = 0;
		int written = (int)(7 * uniform()), decimals = (int)(7 * uniform()), n = 0, digits;
		int64_t whole = llabs(v), ten = 1;
		const char *end;
		char text[64];

		for (int k = 0; k < written; k++)
			ten *= 10;
		snprintf(text, sizeof(text), written ? "%s%lld.%0*lld" : "%s%lld", v < 0 ? "-" : "",
			(long long)(whole / ten), written, (long long)(whole % ten));
		if (!erg_import_plain(text, '.', decimals, &got, &n)) {
			assert_true(decimals < written);
			continue;
		}
		plain++;
		assert_int_equal(n, written);
		for (int k = written; k < decimals; k++)
			v *= 10;
		assert_int_equal(got, v);
		assert_true(erg_import_scaled(text, '.', decimals, &other, &digits, &end));
		assert_int_equal(other, v);
		assert_string_equal(end, "");
	}
	assert_true(plain > 8000);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		int64_t got;
		int n;

		assert_false(erg_import_plain(odd[i], '.', 9, &got, &n));
	}
}

static size_t mapped_files(const char *folder)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4352];
	size_t n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, folder) && strstr(line, "(deleted)");
	fclose(f);
	return n;
}

/* What is let go of at every pass is there again; the folder never shows a file. */
static void many_rows_are_in_files_without_a_name(void **state)
{
	char folder[] = "import-rows-XXXXXX";
	struct erg_import_log log = {.path = "test"};
	struct erg_err err = {0};
	int64_t wrong = 0;

	assert_non_null(mkdtemp(folder));
	log.folder = folder;
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(erg_import_row(&log, 7 * (int64_t)i, (size_t)i + 2, &err), 0);
		if (i >= 90000) { /* its rows before are many already */
			assert_int_equal(erg_import_channel(&log, "late", "W", 0, &err), 0);
			log.channels[0].raw[i] = ((int64_t)1 << 59) - i;
		}
	}
	erg_import_log_close(&log);
	assert_int_equal(mapped_files(folder), 3);
	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = 0; erg_import_has_row(&log, i); i++)
			wrong += log.t[i] != 7 * (int64_t)i || log.line[i] != i + 2 ||
				log.channels[0].raw[i] !=
					(i < 90000 ? ERG_IMPORT_MISSING
						   : ((int64_t)1 << 59) - (int64_t)i);
	assert_int_equal(wrong, 0);
	erg_import_log_release(&log);
	assert_int_equal(mapped_files(folder), 0);
	assert_int_equal(rmdir(folder), 0); /* it is empty */
}

/* Ten lines of each second, spread evenly: the same from a file as from memory, and as by hand. */
static void whole_seconds_are_spread_from_a_file_as_from_memory(void **state)
{
	char folder[] = "import-times-XXXXXX";
	struct erg_import_column in_file = {.size = sizeof(int64_t), .folder = folder},
				 in_memory = {.size = sizeof(int64_t)};
	double doubt, h;
	int64_t wrong = 0;
	size_t same;

	assert_non_null(mkdtemp(folder));
	for (int64_t i = 3; i < 100003; i++) {
		int64_t t = i / 10 * 1000000000;

		assert_int_equal(erg_import_column_add(&in_file, &t), 0);
		assert_int_equal(erg_import_column_add(&in_memory, &t), 0);
	}
	assert_int_equal(mapped_files(folder), 1);
	for (int k = 0; k < 2; k++) {
		struct erg_import_column *c = k ? &in_file : &in_memory;

		assert_true(erg_import_whole_seconds(c, &same));
		assert_int_equal(same, 90000 - 1);
		assert_int_equal(erg_import_spread_times(c, 0, &doubt, &h), 0);
		assert_true(fabs(h - 1e8) < 1);
	}
	for (size_t i = 0; erg_import_column_has(&in_file, i); i++) {
		int64_t t = ((int64_t *)in_file.rows)[i];

		wrong += t != ((int64_t *)in_memory.rows)[i] ||
			llabs(t - ((int64_t *)in_file.rows)[0] - 100000000 * (int64_t)i) > 100000;
	}
	assert_int_equal(wrong, 0);
	erg_import_column_release(&in_file);
	erg_import_column_release(&in_memory);
	assert_int_equal(rmdir(folder), 0);
}

/* As without a disk: memory is enough. */
static void rows_stay_in_memory_where_no_file_can_be(void **state)
{
	struct erg_import_log log = {.path = "test", .folder = "no/such/folder"};
	struct erg_err err = {0};

	for (int i = 0; i < 100000; i++)
		assert_int_equal(erg_import_row(&log, i, (size_t)i + 1, &err), 0);
	assert_int_equal(log.t[99999], 99999);
	erg_import_log_release(&log);
}

/* RLIMIT_FSIZE is a disk that is full. */
static void a_full_disk_is_an_error_that_names_it(void **state)
{
	struct erg_import_log log = {.path = "test", .folder = "."};
	struct rlimit before, few;
	struct erg_err err = {0};
	int r = 0;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	few = (struct rlimit){.rlim_cur = 300000, .rlim_max = before.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	for (int i = 0; i < 100000 && r == 0; i++)
		r = erg_import_row(&log, i, (size_t)i + 1, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(err.msg, "no room for more than 32768 rows of test"));
	assert_int_equal(log.t[32767], 32767);
	erg_import_log_release(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_and_tracks_keep_their_ids),
		cmocka_unit_test(the_step_of_an_adc_is_seen_through_a_print),
		cmocka_unit_test(values_on_no_grid_have_no_step),
		cmocka_unit_test(the_period_of_a_stale_meter_is_found),
		cmocka_unit_test(irregular_changes_have_no_period),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(dates_are_read_in_both_orders),
		cmocka_unit_test(rows_and_channels_grow_together),
		cmocka_unit_test(plain_numbers_are_read_alike),
		cmocka_unit_test(many_rows_are_in_files_without_a_name),
		cmocka_unit_test(whole_seconds_are_spread_from_a_file_as_from_memory),
		cmocka_unit_test(rows_stay_in_memory_where_no_file_can_be),
		cmocka_unit_test(a_full_disk_is_an_error_that_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
