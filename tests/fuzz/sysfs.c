/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes trees of sysfs: the input is lines "PATH TEXT", a file each, where | in TEXT ends a line. Every
 * driver looks for its sources in the tree, and those found are read; every knob is looked up and read.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/knobs/knobs.h"
#include "record/sources/source.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES_MAX 200
#define READS 3

/* Within the tree, of names that a file system has. */
static bool usable(const char *path)
{
	size_t depth = 1;

	if (!*path || *path == '/' || strstr(path, "..") || strstr(path, "//") ||
		path[strlen(path) - 1] == '/' || strlen(path) > 200)
		return false;
	for (; *path; path++)
		depth += *path == '/';
	return depth < 12;
}

static void tree_make(const char *dir, char *text)
{
	char *save = NULL, *line;
	int n = 0;

	for (line = strtok_r(text, "\n", &save); line && n < FILES_MAX;
		line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = '\0';
		for (char *p = value; *p; p++)
			*p = *p == '|' ? '\n' : *p;
		if (usable(line) && erg_fuzz_file(dir, line, value, strlen(value)) == 0)
			n++;
	}
}

static void source_read(struct erg_source *s)
{
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	struct erg_err err = {0};
	uint64_t native;

	if (s->n_channels > ERG_SOURCE_CHANNELS_MAX || !s->n_channels)
		__builtin_trap();
	for (size_t c = 0; c < s->n_channels; c++)
		if (!memchr(s->channels[c].rail, 0, sizeof(s->channels[c].rail)) ||
			!s->channels[c].rail[0])
			__builtin_trap();
	if (s->ops->start && s->ops->start(s, &err) < 0)
		return;
	for (int i = 0; i < READS; i++)
		s->ops->read(s, values, &native);
	if (s->ops->stop)
		s->ops->stop(s);
}

/* Only drivers that look below the tree and nowhere else. */
static void sources(const char *dir)
{
	static const char *const kinds[] = {"ina3221x", "hwmon", "iio", "powercap", "opal",
		"thermal", "cpufreq", "devfreq"};
	struct erg_source_config cfg = {.sysfs = dir, .proc = dir, .interval_ns = 1000000};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(kinds); i++) {
		_cleanup_(erg_source_list_release) struct erg_source_list found = {0};
		struct erg_err err = {0};

		if (erg_sources_find(kinds[i], &cfg, &found, &err) < 0) {
			if (!err.msg[0])
				__builtin_trap();
			continue;
		}
		for (size_t s = 0; s < found.n; s++)
			source_read(found.sources[s]);
	}
}

static void knobs(const char *dir)
{
	static const char *const names[] = {"cpufreq.frequency_khz", "cpufreq.governor",
		"devfreq.frequency_hz", "powercap.limit_w", "fan.pwm", "cpus.online"};
	struct erg_knob_context ctx = {.sysfs = dir};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++) {
		_cleanup_(erg_texts_clear) struct erg_texts all = {0};
		struct erg_knob k = {0};
		struct erg_err err = {0};
		char text[ERG_KNOB_TEXT_MAX];

		if (erg_knob_open(&ctx, names[i], &k, &err) == 0) {
			erg_knob_check(&k, "3", &err);
			k.ops->allowed(&k, &all, text, sizeof(text), &err);
			k.ops->read(&k, text, sizeof(text), &err);
		} else if (!err.msg[0]) {
			__builtin_trap();
		}
		erg_knob_close(&k);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_freep) char *text = malloc(size + 1);
	char dir[ERG_FUZZ_PATH];

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	erg_fuzz_scratch("sysfs", dir);
	tree_make(dir, text);
	sources(dir);
	knobs(dir);
	erg_tree_remove(dir);
	return 0;
}
