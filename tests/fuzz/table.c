/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fuzzes the reader of tables: every cell of whatever it accepts can be asked for. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "formats/table.h"
#include "formats/base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_table_freep) struct erg_table *t = NULL;
	_cleanup_(erg_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct erg_err err = {0};
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (erg_table_read(path, &t, &err) < 0) {
		if (!err.code || !err.msg[0])
			__builtin_trap();
		return 0;
	}
	for (size_t row = 0; row < erg_table_rows(t); row++) {
		for (size_t c = 0; c < erg_table_columns(t); c++) {
			int64_t scaled;
			double v;

			erg_table_number(t, row, c, &v, &err);
			erg_table_scaled(t, row, c, 9, &scaled, &err);
			if (erg_table_line(t, row) < 2)
				__builtin_trap();
		}
	}
	return 0;
}
