/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes the file of saved knobs that `erg-record restore` reads. In the input ROOT stands for the tree
 * that the knobs are in, DIR for the folder it lies in. A file beside the tree stays as it is, whatever
 * the input says, and a refused input has changed no knob.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "record/knobs/state.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A board settles in no time here. */
int nanosleep(const struct timespec *request, struct timespec *remain)
{
	(void)request;
	if (remain)
		*remain = (struct timespec){0};
	return 0;
}

static const char *dir;
static char root[ERG_FUZZ_PATH + 8], path[4300];

static void setup(void)
{
	struct erg_err err = {0};

	erg_fuzz_quiet();
	dir = erg_fuzz_kept("state");
	snprintf(root, sizeof(root), "%s/sys", dir);
	erg_fuzz_file(dir, "sys/cpu/governor", "ondemand\n", 9);
	setenv("ERG_STATE_DIR", dir, 1);
	if (erg_state_path(root, path, sizeof(path), &err) < 0)
		__builtin_trap();
}

static bool holds(const char *name, const char *text)
{
	char full[ERG_FUZZ_PATH + 32], got[64] = "";
	FILE *f;
	size_t n;

	snprintf(full, sizeof(full), "%s/%s", dir, name);
	f = fopen(full, "r");
	n = f ? fread(got, 1, sizeof(got) - 1, f) : 0;
	if (f)
		fclose(f);
	return n == strlen(text) && !strcmp(got, text);
}

/* DATA with the two words replaced. */
static char *fill_in(const uint8_t *data, size_t size, size_t *ret_len)
{
	char *text = malloc(size * sizeof(root) + 1), *to = text;

	for (size_t i = 0; text && i < size;) {
		if (size - i >= 4 && !memcmp(data + i, "ROOT", 4))
			to = stpcpy(to, root), i += 4;
		else if (size - i >= 3 && !memcmp(data + i, "DIR", 3))
			to = stpcpy(to, dir), i += 3;
		else
			*to++ = (char)data[i++];
	}
	*ret_len = text ? (size_t)(to - text) : 0;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_freep) char *text = NULL;
	struct erg_err err = {0};
	size_t len;
	int r;

	if (!dir)
		setup();
	text = fill_in(data, size, &len);
	erg_fuzz_file(dir, "sys/cpu/max", "1000\n", 5);
	erg_fuzz_file(dir, "sys/cpu/min", "200\n", 4);
	erg_fuzz_file(dir, "outside", "untouched\n", 10);
	if (!text || erg_fuzz_file(dir, strrchr(path, '/') + 1, text, len) < 0)
		return 0;
	r = erg_state_restore(path, true, stderr, &err);
	if (r < 0 && (err.code >= 0 || !err.msg[0]))
		__builtin_trap();
	if (!holds("outside", "untouched\n"))
		__builtin_trap();
	if (r == -EINVAL && (!holds("sys/cpu/max", "1000\n") || !holds("sys/cpu/min", "200\n")))
		__builtin_trap();
	if ((access(path, F_OK) == 0) != (r < 0)) /* kept as long as something is to be put back */
		__builtin_trap();
	return 0;
}
