/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes the import from the text to the trace: the first byte chooses the reader (or layers.csv), and
 * by its highest bits a zone, an interval and energies of intervals; the rest is the file. What is
 * accepted has its rows in order, its sources in bounds, and can be written.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_layers(const char *path)
{
	struct erg_import_layers layers = {0};
	json_t *notes = json_array();
	struct erg_err err = {0};

	if (erg_import_layers_read(path, &layers, notes, &err) == 0)
		for (size_t i = 0; i < layers.n_spans; i++)
			if (layers.spans[i].end < layers.spans[i].begin ||
				layers.spans[i].layer >= layers.n_defs)
				__builtin_trap();
	erg_import_layers_release(&layers);
	json_decref(notes);
}

#define ROWS_WRITTEN 500 /* as many say what more would */

/* A child writes it; when that dies, it is said so. */
static void write_log(const struct erg_import_log *log)
{
	struct erg_import_trace trace = {.run_id = "0123456789abcdef",
		.kind = "imported:fuzz",
		.log = log,
		.origin_ns = log->t[0] < 0 ? log->t[0] : 0};
	char dir[] = "/tmp/erg-fuzz-import-XXXXXX", path[64];
	struct erg_err err = {0};

	if (log->n > ROWS_WRITTEN || !mkdtemp(dir))
		return;
	snprintf(path, sizeof(path), "%s/trace", dir);
	if (erg_import_write(&trace, path, &err) < 0)
		__builtin_trap();
	erg_tree_remove(dir);
}

static void read_log(const struct erg_import_reader *reader, const char *path, unsigned int options)
{
	json_t *notes = json_array(), *stale = json_array(), *sensors = json_array();
	struct erg_import_how how = {.zone = options & 1 ? "Europe/Berlin" : NULL,
		.interval_ns = options & 2 ? 100000000 : 0};
	struct erg_import_log log = {.path = path};
	struct erg_err err = {0};
	int r = options & 4 ? erg_import_sensor_parse(sensors, "kind=delta", &err) : 0;

	if (r == 0)
		r = reader->read(path, &how, &log, notes, &err);
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
		write_log(&log);
	erg_import_log_release(&log);
	json_decref(notes);
	json_decref(stale);
	json_decref(sensors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	unsigned int which = size ? data[0] & 31 : 0, n = 0;
	char path[64];

	while (erg_import_readers[n])
		n++;
	if (size == 0 || fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (which == 4) /* seeds count on it */
		read_layers(path);
	else
		read_log(erg_import_readers[(which > 4 ? which - 1 : which) % n], path,
			data[0] >> 5);
	return 0;
}
