/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes result documents in place of archives, by the verbs that take them. The first byte chooses the
 * verb; the rest is the file. Whatever it holds, a verb ends with one of its exit statuses, or an error
 * in a line.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/verbs/verb.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_IN "IN"   /* stands for the input */
#define FILE_OUT "OUT" /* for a file that nobody reads */

static const struct call {
	const struct erg_verb *verb;
	const char *argv[10];
} calls[] = {
	{&erg_verb_sweep, {"sweep", FILE_IN}},
	{&erg_verb_sweep, {"sweep", "--format", "csv", "--budget-w", "5", FILE_IN}},
	{&erg_verb_corun, {"corun", FILE_IN}},
	{&erg_verb_corun, {"corun", "--format", "csv", FILE_IN}},
	{&erg_verb_compare, {"compare", FILE_IN, FILE_IN}},
	{&erg_verb_compare, {"compare", "--by", "layer", "--format", "markdown", FILE_IN, FILE_IN}},
	{&erg_verb_compare,
		{"compare", "--fail-above", "5", "--format", "junit", FILE_IN, FILE_IN}},
	{&erg_verb_report, {"report", "-o", FILE_OUT, FILE_IN}},
	{&erg_verb_model,
		{"model", "fit", "--predictors", "macs", "--response", "energy_j", FILE_IN}},
	{&erg_verb_model,
		{"model", "fit", "--predictors", "macs,time_s", "--response", "energy_j", "--drop",
			FILE_IN}},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[ERG_FUZZ_PATH + 8];
	_cleanup_(erg_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	const struct call *call = &calls[size ? data[0] % ERG_ARRAY_SIZE(calls) : 0];
	struct erg_err err = {0};
	char in[64], *argv[11];
	int argc = 0, r;

	if (!out[0]) {
		erg_fuzz_quiet();
		snprintf(out, sizeof(out), "%s/out", erg_fuzz_kept("results"));
	}
	if (!size || fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		return 0;
	snprintf(in, sizeof(in), "/proc/self/fd/%d", fd);
	for (const char *word; (word = call->argv[argc]); argc++)
		argv[argc] = !strcmp(word, FILE_IN) ? in
			: !strcmp(word, FILE_OUT)   ? out
						    : (char *)word;
	argv[argc] = NULL;
	r = call->verb->run(argc, argv, &err);
	if (r == 2 || r > 5 || (r < 0 && !err.msg[0]))
		__builtin_trap();
	return 0;
}
