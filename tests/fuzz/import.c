/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes the readers of logs, the checks and the models: the first byte chooses the reader (or
 * layers.csv), the rest is the file. What is accepted has its rows in order.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

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

static void read_log(const struct erg_import_reader *reader, const char *path)
{
	json_t *notes = json_array(), *stale = json_array(), *sensors = json_array();
	struct erg_import_how how = {0};
	struct erg_import_log log = {.path = path};
	struct erg_err err = {0};
	int r = reader->read(path, &how, &log, notes, &err);

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
	erg_import_log_release(&log);
	json_decref(notes);
	json_decref(stale);
	json_decref(sensors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	if (size == 0 || fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (data[0] % 5 == 4)
		read_layers(path);
	else
		read_log(erg_import_readers[data[0] % 5], path);
	return 0;
}
