/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes the reader of archives: whatever the bytes are, opening, reading, verifying and parsing
 * the manifest end with an answer. With libFuzzer (tests/fuzz/run) or with driver.c.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *data, const char *line)
{
}

static void read_members(const struct erg_archive *a)
{
	const struct erg_archive_member *m;
	size_t n = erg_archive_members(a, &m);

	for (size_t i = 0; i < n; i++) {
		_cleanup_(erg_freep) char *bytes = NULL;
		struct erg_err err = {0};
		size_t len = 0;

		if (erg_archive_find(a, m[i].name) != (int)i)
			__builtin_trap();
		if (erg_archive_read(a, i, 1u << 20, &bytes, &len, &err) == 0 && len != m[i].size)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	_cleanup_(erg_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct erg_err err = {0};
	json_t *doc = NULL;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (erg_archive_open(path, &a, &err) < 0) {
		if (!err.code || !err.msg[0])
			__builtin_trap();
		return 0;
	}
	read_members(a);
	erg_archive_verify(a, ignore, NULL, &err);
	if (erg_manifest_load(a, ERG_MANIFEST_FORMAT, &doc, &err) == 0)
		json_decref(doc);
	return 0;
}
