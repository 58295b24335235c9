/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The recorder's parts that need neither daemon nor sensor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/number.h"
#include "formats/base/terminal.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/run/annotate.h"
#include "record/sampler/histogram.h"
#include "record/run/options.h"
#include "record/spool/packets.h"
#include "record/spool/provenance.h"
#include "record/session/buffers.h"
#include "record/spool/spool.h"
#include "record/calibrate/wave.h"
#include "record/run/workload.h"

/* ---- histogram ---- */

static void histogram_quantiles(void **state)
{
	static struct erg_histogram h, other;

	assert_int_equal(erg_histogram_quantile(&h, 0.5), 0);
	for (uint64_t v = 1; v <= 100000; v++)
		erg_histogram_add(&h, v);
	for (double q = 0.01; q < 1; q += 0.01) {
		double got = (double)erg_histogram_quantile(&h, q), truth = q * 100000;

		assert_true(got >= truth - 1);
		assert_true(got <= truth * (1 + 1.0 / 16) + 1);
	}
	assert_int_equal(erg_histogram_quantile(&h, 1), 100000);
	erg_histogram_add(&other, UINT64_MAX);
	erg_histogram_add(&other, 0);
	erg_histogram_merge(&h, &other);
	assert_int_equal(h.n, 100002);
	assert_true(erg_histogram_quantile(&h, 1) == UINT64_MAX);
}

/* ---- buffers ---- */

static bool power_of_two(uint64_t v)
{
	return v && !(v & (v - 1));
}

static void buffers_hold_what_they_must(void **state)
{
	const double rates[] = {0, 1, 1e4, 5e5, 12e6, 1e9};
	const unsigned cpus[] = {1, 2, 16, 256};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(rates); i++)
		for (size_t k = 0; k < ERG_ARRAY_SIZE(cpus); k++) {
			const uint64_t limit = 256u << 20;
			struct erg_session_buffers b =
				erg_session_buffers_plan(rates[i], 0.5, cpus[k], limit, 4096);

			assert_true(power_of_two(b.size) && power_of_two(b.count));
			assert_true(b.size >= 4096 && b.count >= 4);
			if (rates[i] * 0.5 * cpus[k] < (double)limit / 2)
				assert_true((double)(b.size * b.count) >= rates[i] * 0.5);
			assert_true(b.size * b.count * cpus[k] <= limit);
		}
}

/* ---- packets ---- */

struct header {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t stream;
	uint64_t instance, begin, end, content_bits, packet_bits;
} __attribute__((packed));

/* POWER servers and Grace with such a kernel: LTTng refuses a sub-buffer below 64 KiB there, also for a
 * sensor that is slow. */
static void sub_buffers_are_at_least_a_page(void **state)
{
	static const double rates[] = {0, 10, 1e5, 1e8};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(rates); i++) {
		struct erg_session_buffers b =
			erg_session_buffers_plan(rates[i], 0.5, 160, 64u << 20, 65536);

		assert_true(b.size >= 65536 && b.size % 65536 == 0 && b.count >= 4);
	}
}

static void packet_write(FILE *f, uint64_t begin, uint64_t end, size_t bytes)
{
	const struct header h = {.magic = 0xC1FC1FC1u,
		.begin = begin,
		.end = end,
		.content_bits = 512 * 8,
		.packet_bits = 4096 * 8};
	char page[4096] = {0};

	memcpy(page, &h, sizeof(h));
	assert_int_equal(fwrite(page, 1, bytes, f), bytes);
}

/* A disk that is full shows here, and not as a fault of what is tested. */
static void text_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static off_t bytes_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static char *chunk_make(size_t last, char *dir)
{
	char path[256];
	FILE *f;

	strcpy(dir, "/tmp/erg-packets-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/64-bit", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/64-bit/samples_0", dir);
	f = fopen(path, "w");
	packet_write(f, 100, 200, 4096);
	packet_write(f, 200, 350, 4096);
	packet_write(f, 350, 400, last);
	assert_int_equal(fclose(f), 0);
	snprintf(path, sizeof(path), "%s/64-bit/metadata", dir);
	text_write(path, "no packets");
	return dir;
}

static void packets_are_cut_behind_the_last_complete(void **state)
{
	for (size_t last = 0; last <= 4096; last += 256) {
		struct erg_packets_report r = {0};
		struct erg_err err = {0};
		char dir[64], path[256];
		struct stat st;
		const uint64_t whole = last == 4096 ? 3 : 2;

		chunk_make(last, dir);
		assert_int_equal(erg_packets_repair(dir, false, NULL, &r, &err), 0);
		assert_int_equal(r.packets, whole);
		assert_int_equal(r.begin_ns, 100);
		assert_int_equal(r.end_ns, whole == 3 ? 400 : 350);
		assert_int_equal(r.cut_bytes, (last == 4096 ? 0 : last) + strlen("no packets"));
		assert_int_equal(r.unreadable, 1); /* its metadata was no metadata */
		snprintf(path, sizeof(path), "%s/64-bit/samples_0", dir);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, whole * 4096);
		assert_int_equal(erg_tree_remove(dir), 0);
	}
}

static void a_copy_makes_no_spool_that_was_removed(void **state)
{
	char dir[64] = "/tmp/erg-copy-XXXXXX", from[96], spool[96], to[128];
	struct erg_err err = {0};

	assert_non_null(mkdtemp(dir));
	snprintf(from, sizeof(from), "%s/from", dir);
	snprintf(spool, sizeof(spool), "%s/spool", dir);
	snprintf(to, sizeof(to), "%s/metadata/64-bit/metadata", spool);
	text_write(from, "/* CTF 1.8 */");
	assert_int_equal(erg_spool_copy(from, spool, to, &err), -ENOENT);
	assert_int_equal(access(spool, F_OK), -1);
	assert_int_equal(mkdir(spool, 0700), 0);
	assert_int_equal(erg_spool_copy(from, spool, to, &err), 0);
	assert_int_equal(access(to, F_OK), 0);
	assert_int_equal(erg_tree_remove(dir), 0);
}

static void saved_metadata_replaces_what_is_missing(void **state)
{
	struct erg_packets_report r = {0};
	struct erg_err err = {0};
	char dir[64], saved[64] = "/tmp/erg-saved-XXXXXX", path[256], text[32] = "";
	FILE *f;

	chunk_make(4096, dir);
	assert_non_null(mkdtemp(saved));
	snprintf(path, sizeof(path), "%s/from", saved);
	text_write(path, "/* CTF 1.8 */");
	{
		char to[256];

		snprintf(to, sizeof(to), "%s/64-bit/metadata", saved);
		assert_int_equal(erg_spool_copy(path, saved, to, &err), 0);
		assert_int_equal(bytes_of(to), strlen("/* CTF 1.8 */"));
	}
	assert_int_equal(erg_packets_repair(dir, true, saved, &r, &err), 0);
	assert_int_equal(r.packets, 3);
	assert_int_equal(r.cut_files, 1); /* the metadata */
	assert_int_equal(r.unreadable, 0);
	snprintf(path, sizeof(path), "%s/64-bit/metadata", dir);
	f = fopen(path, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "/* CTF 1.8 */");
	erg_tree_remove(dir);
	erg_tree_remove(saved);
}

/* The chunk's own name is nobody's business, "…-bit" least of all. */
static void a_chunk_may_have_any_name(void **state)
{
	struct erg_packets_report r = {0};
	struct erg_err err = {0};
	char dir[64], named[80];

	chunk_make(4096, dir);
	snprintf(named, sizeof(named), "%s-64-bit", dir);
	assert_int_equal(rename(dir, named), 0);
	assert_int_equal(erg_packets_repair(named, false, NULL, &r, &err), 0);
	assert_int_equal(r.packets, 3);
	assert_int_equal(r.unreadable, 1);
	assert_int_equal(erg_tree_remove(named), 0);
	assert_int_equal(erg_packets_repair(named, false, NULL, &r, &err), -ENOENT);
}

/* ---- what is kept of a command ---- */

static void secrets_of_a_command_are_masked(void **state)
{
	static char *const argv[] = {(char *)"serve", (char *)"--api-key=abc", (char *)"--token",
		(char *)"abc", (char *)"--max-tokens", (char *)"512", (char *)"--tokenizer=x",
		(char *)"HF_TOKEN=abc", (char *)"https://me:abc@host/x:y", (char *)"--author",
		(char *)"me", (char *)"Authorization: Bearer abc", (char *)"--password",
		(char *)"--verbose", (char *)"a=b:c", (char *)"--env=API_KEY=abc",
		(char *)"--header=Authorization: Bearer abc", (char *)"https://h/?api_key=abc",
		(char *)"--pass", (char *)"abc", (char *)"\xff", NULL};
	static const char *const kept[] = {"serve", "--api-key=(masked)", "--token", "(masked)",
		"--max-tokens", "512", "--tokenizer=x", "HF_TOKEN=(masked)",
		"https://me:(masked)@host/x:y", "--author", "me", "Authorization:(masked)",
		"--password", "--verbose", "a=b:c", "--env=API_KEY=(masked)",
		"--header=Authorization:(masked)", "https://h/?api_key=(masked)", "--pass",
		"(masked)", "(not UTF-8)"};

	for (int i = 0; argv[i]; i++) {
		json_t *word = erg_provenance_word(argv, i);

		assert_string_equal(json_string_value(word), kept[i]);
		json_decref(word);
	}
}

static void words_of_a_shell_are_quoted(void **state)
{
	static const struct {
		const char *text, *word;
	} cases[] = {{"/tmp/a-b.spool", "/tmp/a-b.spool"}, {"", "''"}, {"-o", "./-o"},
		{"-a b", "./'-a b'"}, {"/tmp/$(id).spool", "'/tmp/$(id).spool'"},
		{"it's", "'it'\\''s'"}, {"a\033[2Jb", "\"$(printf 'a\\033[2Jb')\""},
		{"-\n", "\"$(printf './-\\012/')\""}, {"=x", "'=x'"},
		{"a\xff", "\"$(printf 'a\\377')\""},
		{"\r%'!\\", "\"$(printf '\\015\\045\\047\\041\\134')\""},
		{"\xe2\x80\xae\xc3\xa4", "\"$(printf '\\342\\200\\256\xc3\xa4')\""}};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		char *word = erg_terminal_word(cases[i].text);

		assert_string_equal(word, cases[i].word);
		free(word);
	}
}

/* ---- spool ---- */

static void a_spool_that_was_removed_is_noticed(void **state)
{
	char dir[64] = "/tmp/erg-gone-XXXXXX", other[80];
	struct erg_spool_id id;
	struct erg_err err = {0};

	assert_non_null(mkdtemp(dir));
	snprintf(other, sizeof(other), "%s-2", dir);
	assert_int_equal(erg_spool_identify(dir, &id, &err), 0);
	assert_int_equal(erg_spool_check(dir, &id, &err), 0);
	assert_int_equal(rename(dir, other), 0);
	assert_int_equal(erg_spool_check(dir, &id, &err), -ENOENT);
	assert_int_equal(mkdir(dir, 0700), 0); /* another one of that name */
	assert_int_equal(erg_spool_check(dir, &id, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "removed while it was recorded into"));
	assert_int_equal(erg_tree_remove(dir), 0);
	assert_int_equal(erg_tree_remove(other), 0);
}

static void spool_knows_its_recorder(void **state)
{
	char dir[64] = "/tmp/erg-spool-XXXXXX", *spool = NULL;
	struct erg_err err = {0};
	json_t *doc, *id;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(erg_spool_create(dir, "0123456789abcdef", &spool, &err), 0);
	assert_int_equal(erg_spool_name_pid(strrchr(spool, '/') + 1), getpid());
	assert_true(erg_spool_in_use(spool)); /* no papers yet: its name counts */
	id = erg_spool_identity();
	doc = json_pack("{s:O}", "recorder", id);
	assert_int_equal(erg_spool_write_json(spool, "state.json", doc, &err), 0);
	assert_true(erg_spool_in_use(spool));
	json_object_set_new(id, "boot_id", json_string("another boot"));
	assert_int_equal(erg_spool_write_json(spool, "state.json", doc, &err), 0);
	assert_false(erg_spool_in_use(spool));
	json_decref(doc);
	json_decref(id);
	free(spool);
	assert_int_equal(erg_tree_remove(dir), 0);
	assert_int_equal(erg_spool_name_pid("ergtrace-12-x"), 12);
	assert_int_equal(erg_spool_name_pid("ergtrace--12-x"), -1);
	assert_int_equal(erg_spool_name_pid("ergtrace-x"), -1);
	assert_int_equal(erg_spool_name_pid("ergtrace-12-/../../home"), -1);
	assert_int_equal(erg_spool_name_pid("auto-12-x"), -1);
}

/* LTTng's names, in an order that readdir() does not give. */
static void chunks_come_in_the_order_of_time(void **state)
{
	static const char *const made[] =
		{"archives/20260101T000010+0000-20260101T000011+0000-10/ust",
			"archives/20260101T000000+0000-20260101T000001+0000-0/ust",
			"archives/20260101T000002+0000-20260101T000003+0000-2/ust",
			"archives/20260101T000001+0000-20260101T000002+0000-1/ust",
			".tmp_old_chunk/ust", "20260101T000012+0000-12/ust", "metadata"};
	static const size_t order[] = {1, 3, 2, 0, 4, 5};
	char dir[64] = "/tmp/erg-chunks-XXXXXX", path[512];
	struct erg_spool_chunks c;
	struct erg_err err = {0};

	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < ERG_ARRAY_SIZE(made); i++) {
		snprintf(path, sizeof(path), "mkdir -p '%s/%s'", dir, made[i]);
		assert_int_equal(system(path), 0);
	}
	assert_int_equal(erg_spool_chunks(dir, false, 0, &c, &err), 0);
	assert_int_equal(c.n, ERG_ARRAY_SIZE(order));
	for (size_t i = 0; i < c.n; i++)
		assert_string_equal(c.paths[i] + strlen(dir) + 1, made[order[i]]);
	erg_spool_chunks_release(&c);
	assert_int_equal(erg_spool_chunks(dir, true, 2, &c, &err), 0);
	assert_int_equal(c.n, 2); /* rotated ones from number 2 on */
	erg_spool_chunks_release(&c);
	erg_tree_remove(dir);
}

/* ---- small things ---- */

static void wave_is_a_maximum_length_sequence(void **state)
{
	uint32_t s = 1;
	int ones = 0, seen[1024] = {0};

	for (int i = 0; i < 1023; i++) {
		assert_int_equal(seen[s]++, 0);
		ones += (int)erg_wave_next(&s);
	}
	assert_int_equal(s, 1);
	assert_int_equal(ones, 512);
}

static void environment_is_changed_and_prepended(void **state)
{
	struct erg_environ e;

	setenv("ERG_TEST_LIST", "b:c", 1);
	assert_int_equal(erg_environ_init(&e), 0);
	assert_int_equal(erg_environ_prepend(&e, "ERG_TEST_LIST", "a"), 0);
	assert_string_equal(erg_environ_get(&e, "ERG_TEST_LIST"), "a:b:c");
	assert_int_equal(erg_environ_prepend(&e, "ERG_TEST_LIST", "c"), 0);
	assert_string_equal(erg_environ_get(&e, "ERG_TEST_LIST"), "a:b:c");
	assert_int_equal(erg_environ_set(&e, "ERG_TEST_NEW", "1"), 0);
	assert_string_equal(erg_environ_get(&e, "ERG_TEST_NEW"), "1");
	assert_string_equal(getenv("ERG_TEST_LIST"), "b:c");
	erg_environ_release(&e);
}

static void numbers_are_finite_and_in_range(void **state)
{
	double v = -1;

	assert_true(erg_number_parse("2.5", 0, 10, &v));
	assert_true(v == 2.5);
	assert_false(erg_number_parse("11", 0, 10, &v));
	assert_false(erg_number_parse("nan", 0, 10, &v));
	assert_false(erg_number_parse("", 0, 10, &v));
	assert_false(erg_number_parse("1x", 0, 10, &v));
	assert_false(erg_number_parse("2,5", 0, 10, &v));
	assert_false(erg_number_parse("0x5", 0, 10, &v));
	assert_false(erg_number_parse(" 5", 0, 10, &v));
	assert_true(erg_number_parse("+2.5e-1", 0, 10, &v));
	assert_true(v == 0.25);
}

static void a_part_is_one_of_as_many_as_there_are(void **state)
{
	static const char *const wrong[] = {"", "/", "1", "1/", "/2", "0/2", "3/2", "1/2/3", "1/2 ",
		" 1/2", "-1/2", "+1/2", "0x1/2", "1/1e3", "1/1000001", "1/99999999999999999999999",
		"4294967297/4294967298", "1/nan"};
	unsigned int i = 7, n = 9;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(wrong); k++)
		assert_false(erg_number_parse_part(wrong[k], &i, &n));
	assert_int_equal(i, 7);
	assert_int_equal(n, 9);
	assert_true(erg_number_parse_part("3/12", &i, &n));
	assert_int_equal(i, 3);
	assert_int_equal(n, 12);
	assert_true(erg_number_parse_part("1000000/1000000", &i, &n));
	assert_int_equal(i, 1000000);
}

static void adapters_are_known_by_name(void **state)
{
	struct erg_err err = {0};

	assert_true(erg_annotate_known("auto", &err));
	assert_true(erg_annotate_known("nvtx,python", &err));
	assert_false(erg_annotate_known("nvtx,", &err));
	assert_false(erg_annotate_known("", &err));
	assert_false(erg_annotate_known("nv", &err));
	assert_non_null(strstr(err.msg, "nvtx"));
}

static void no_warning(void *data, const char *line)
{
	fail_msg("%s", line);
}

/* What LIST preloads before what was, from a folder with FILES (empty ones); "" ends them. */
static void preloads(const char *list, const char *before, const char *const *files, char *ret,
	size_t size)
{
	char dir[] = "/tmp/erg-test-XXXXXX", path[128];
	struct erg_environ env;
	struct erg_err err = {0};
	const char *at;
	size_t len = 0;

	assert_non_null(mkdtemp(dir));
	for (; **files; files++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *files);
		fclose(fopen(path, "w"));
	}
	setenv("ERG_ADAPTER_DIR", dir, 1);
	assert_int_equal(erg_environ_init(&env), 0);
	assert_int_equal(erg_environ_set(&env, "LD_PRELOAD", before), 0);
	assert_int_equal(erg_annotate_apply(list, &env, no_warning, NULL, &err), 0);
	/* without the folder, whose name nobody knows */
	for (at = erg_environ_get(&env, "LD_PRELOAD"); *at && len + 1 < size;)
		if (!strncmp(at, dir, strlen(dir)))
			at += strlen(dir) + 1;
		else
			ret[len++] = *at++;
	ret[len] = '\0';
	unsetenv("ERG_ADAPTER_DIR");
	erg_environ_release(&env);
	erg_tree_remove(dir);
}

static void a_framework_is_preloaded_for_once(void **state)
{
	const char *const all[] = {"liberg-auto.so", "liberg-llama.so", "liberg-onnxruntime.so",
		"liberg-opencv.so", "liberg-darknet.so", ""};
	const char *const parts[] = {"liberg-llama.so", "liberg-opencv.so", ""};
	const struct {
		const char *list, *before, *after;
		const char *const *files;
	} cases[] = {
		{"auto", "", "liberg-auto.so", all},
		{"auto", "libx.so", "liberg-auto.so:libx.so", all},
		{"opencv", "", "liberg-opencv.so", all},
		{"darknet,auto", "", "liberg-auto.so:liberg-darknet.so", all},
		{"auto,llama", "", "liberg-opencv.so:liberg-onnxruntime.so:liberg-llama.so", all},
		{"auto", "/x/liberg-opencv.so",
			"liberg-onnxruntime.so:liberg-llama.so:/x/liberg-opencv.so", all},
		{"opencv", "/x/liberg-opencv.so", "/x/liberg-opencv.so", all},
		{"opencv", "/x/liberg-auto.so", "/x/liberg-auto.so", all},
		{"auto", "/x/liberg-auto.so", "/x/liberg-auto.so", all},
		{"auto", "", "liberg-opencv.so:liberg-llama.so", parts},
	};
	char got[256];

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		preloads(cases[i].list, cases[i].before, cases[i].files, got, sizeof(got));
		assert_string_equal(got, cases[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histogram_quantiles),
		cmocka_unit_test(buffers_hold_what_they_must),
		cmocka_unit_test(sub_buffers_are_at_least_a_page),
		cmocka_unit_test(packets_are_cut_behind_the_last_complete),
		cmocka_unit_test(a_copy_makes_no_spool_that_was_removed),
		cmocka_unit_test(saved_metadata_replaces_what_is_missing),
		cmocka_unit_test(a_chunk_may_have_any_name),
		cmocka_unit_test(secrets_of_a_command_are_masked),
		cmocka_unit_test(words_of_a_shell_are_quoted),
		cmocka_unit_test(a_spool_that_was_removed_is_noticed),
		cmocka_unit_test(spool_knows_its_recorder),
		cmocka_unit_test(chunks_come_in_the_order_of_time),
		cmocka_unit_test(wave_is_a_maximum_length_sequence),
		cmocka_unit_test(environment_is_changed_and_prepended),
		cmocka_unit_test(numbers_are_finite_and_in_range),
		cmocka_unit_test(a_part_is_one_of_as_many_as_there_are),
		cmocka_unit_test(adapters_are_known_by_name),
		cmocka_unit_test(a_framework_is_preloaded_for_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
