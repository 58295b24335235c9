/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes the import from the text to the trace: the first byte chooses the form, the second, a digit,
 * by its bits a zone, an interval and energies of intervals; the rest is the file. What is accepted has
 * its rows in order, its sources in bounds, and can be written. With ERG_FUZZ_TELL in the environment
 * each input that is accepted is a line of stdout: a seed that is refused fuzzes nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/import/import.h"
#include "record/import/named.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS_WRITTEN 500 /* as many say what more would */

/* A child writes it; when that dies, it is said so. */
static void write_trace(const struct erg_import_log *log, const struct erg_import_layers *layers,
	int64_t first)
{
	struct erg_import_trace trace = {.run_id = "0123456789abcdef",
		.kind = "imported:fuzz",
		.log = log,
		.layers = layers,
		.origin_ns = first < 0 ? first : 0};
	char dir[] = "/tmp/erg-fuzz-import-XXXXXX", path[64];
	struct erg_err err = {0};

	if (getenv("ERG_FUZZ_TELL"))
		printf("accepted: %zu rows, %zu layers\n", log->n, layers ? layers->n_spans : 0);
	if (log->n > ROWS_WRITTEN || (layers && layers->n_spans > ROWS_WRITTEN) || !mkdtemp(dir))
		return;
	snprintf(path, sizeof(path), "%s/trace", dir);
	if (erg_import_write(&trace, path, &err) < 0)
		__builtin_trap();
	erg_tree_remove(dir);
}

static void read_layers(const struct erg_import_layers_reader *reader, const char *path)
{
	struct erg_import_log none = {.path = path};
	struct erg_import_layers layers = {0};
	json_t *notes = json_array();
	struct erg_err err = {0};
	int64_t first = INT64_MAX;

	if (reader->read(path, &layers, notes, &err) == 0) {
		for (size_t i = 0; i < layers.n_spans; i++) {
			if (layers.spans[i].end < layers.spans[i].begin ||
				layers.spans[i].layer >= layers.n_defs)
				__builtin_trap();
			first = layers.spans[i].begin < first ? layers.spans[i].begin : first;
		}
		for (size_t i = 0; i < layers.n_phases; i++)
			first = layers.phases[i].begin < first ? layers.phases[i].begin : first;
		write_trace(&none, &layers, first);
	}
	erg_import_layers_release(&layers);
	json_decref(notes);
}

/* Columns as the seed has them. */
static int name_columns(struct erg_import_named *named, struct erg_err *err)
{
	int r = erg_import_named_time(named, "t", err);

	if (r == 0)
		r = erg_import_named_column(named, "P=W", err);
	return r == 0 ? erg_import_named_column(named, "I (uA)=uA*3.3V:board", err) : r;
}

static void read_log(const struct erg_import_reader *reader, const char *path, unsigned int options)
{
	struct erg_import_named named = {0};
	json_t *notes = json_array(), *stale = json_array(), *sensors = json_array();
	struct erg_import_how how = {.zone = options & 1 ? "Europe/Berlin" : NULL,
		.interval_ns = options & 2 ? 100000000 : 0};
	struct erg_import_log log = {.path = path};
	struct erg_err err = {0};
	int r = options & 4 ? erg_import_sensor_parse(sensors, "kind=delta", &err) : 0;

	if (r == 0 && reader == &erg_import_named_reader) {
		r = name_columns(&named, &err);
		how.named = &named;
	}
	if (r == 0)
		r = reader->read(path, &how, &log, notes, &err);
	if (r == 0)
		r = erg_import_spread_told(&log, &how, notes, &err);
	erg_import_default_models(&log);
	if (r == 0)
		r = erg_import_apply_samples_head(&log, &err);
	if (r == 0)
		r = erg_import_settings(&log, sensors, &err);
	if (r == 0)
		r = erg_import_check(&log, notes, &err);
	if (r == 0)
		r = erg_import_models(&log, NULL, stale, notes, &err);
	if (r < 0 && !err.msg[0])
		__builtin_trap();
	for (size_t i = 1; r == 0 && i < log.n; i++)
		if (log.t[i] <= log.t[i - 1])
			__builtin_trap();
	for (size_t i = 0; r == 0 && i < log.n_channels; i++)
		if (log.channels[i].source >= erg_import_sources(&log) ||
			log.channels[i].def.gain_max > 1)
			__builtin_trap();
	if (r == 0)
		write_trace(&log, NULL, log.t[0]);
	erg_import_named_release(&named);
	erg_import_log_release(&log);
	json_decref(notes);
	json_decref(stale);
	json_decref(sensors);
}

/* Letters of their own, which the seeds begin with: another order of the forms is no other meaning. */
static const struct {
	char letter;
	const struct erg_import_reader *log;
	const struct erg_import_layers_reader *layers;
} forms[] = {{'c', &erg_import_csv, NULL}, {'t', &erg_import_tegrastats, NULL},
	{'n', &erg_import_nvidia_smi, NULL}, {'p', &erg_import_ptdaemon, NULL},
	{'s', &erg_import_perf_stat, NULL}, {'m', &erg_import_mllog, NULL},
	{'a', &erg_import_amd_smi, NULL}, {'w', &erg_import_powermetrics, NULL},
	{'i', &erg_import_ipmi, NULL}, {'k', &erg_import_named_reader, NULL},
	{'e', &erg_import_exported, NULL}, {'l', NULL, &erg_import_layers_csv},
	{'j', NULL, &erg_import_chrome_trace}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	size_t which = 0;
	char path[64];

	if (size < 2 || fd < 0 || write(fd, data + 2, size - 2) != (ssize_t)size - 2)
		return 0;
	while (which < ERG_ARRAY_SIZE(forms) && forms[which].letter != (char)data[0])
		which++;
	which = which < ERG_ARRAY_SIZE(forms) ? which : data[0] % ERG_ARRAY_SIZE(forms);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (forms[which].layers)
		read_layers(forms[which].layers, path);
	else
		read_log(forms[which].log, path, data[1] & 7);
	return 0;
}
