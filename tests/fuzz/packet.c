/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes what finds the whole packets of a stream: the reader of headers, and the repair of a chunk
 * that nobody closed. The first byte chooses the layout; the rest is the stream. Every packet lies
 * within its file and lets the walk go on; what is left of a repaired file is whole.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "formats/packet.h"
#include "record/spool/packets.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Returns the bytes of whole packets. */
static uint64_t walk(int fd, enum erg_packet_layout layout, uint64_t size)
{
	uint64_t off = 0;
	struct erg_packet p;

	while (erg_packet_read(fd, layout, off, size, &p)) {
		if (p.bytes == 0 || p.bytes > size - off)
			__builtin_trap();
		off += p.bytes;
	}
	return off;
}

static void repair(const char *dir, const uint8_t *data, size_t size)
{
	struct erg_packets_report first = {0}, again = {0};
	struct erg_err err = {0};
	char trace[256], path[300];

	snprintf(trace, sizeof(trace), "%s/ust/uid/0/64-bit", dir);
	erg_fuzz_file(dir, "ust/uid/0/64-bit/metadata", data, size < 64 ? size : 64);
	erg_fuzz_file(dir, "ust/uid/0/64-bit/layers_0", data, size);
	erg_fuzz_file(dir, "ust/uid/0/64-bit/index/layers_0.idx", data, size < 48 ? size : 48);
	snprintf(path, sizeof(path), "%s/layers_0", trace);
	if (erg_packets_repair(dir, false, NULL, &first, &err) < 0 ||
		erg_packets_repair(dir, false, NULL, &again, &err) < 0)
		__builtin_trap();
	if (first.packets != again.packets || again.cut_bytes || again.cut_files)
		__builtin_trap(); /* the second time there is nothing to cut */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_closep) int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (size < 1 || fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		return 0;
	walk(fd, data[0] % (ERG_PACKET_METADATA + 1), size - 1);
	if (data[0] % 4 == 3) {
		char dir[ERG_FUZZ_PATH];

		walk(fd, ERG_PACKET_LTTNG, size - 1);
		erg_fuzz_scratch("packet", dir);
		repair(dir, data + 1, size - 1);
		erg_tree_remove(dir);
	}
	return 0;
}
