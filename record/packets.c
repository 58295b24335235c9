/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets of CTF 1.8 as LTTng-UST 2.x writes them, just enough to find where the last complete one
 * ends. The layout of header and context is fixed by the tracer (its metadata says so, and the magic
 * numbers are checked):
 *
 *	stream:   u32 magic C1FC1FC1, uuid, u32 stream, u64 instance, u64 begin, u64 end,
 *	          u64 content bits, u64 packet bits, …
 *	metadata: u32 magic 75D11D57, uuid, u32 checksum, u32 content bits, u32 packet bits, …
 *
 * A packet counts when all of it lies within the file and its fields agree with each other. After a
 * power failure a file may end in zeroes where data never reached the disk: those have no magic.
 *
 * An index that does not fit its stream any more is removed; readers make do without.
 *
 * Reference: Common Trace Format 1.8.3, section 5; lttng-ust, ring buffer client of 2.13.
 */
#include "record/packets.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/util.h"
#include "record/spool.h"

#define STREAM_MAGIC 0xC1FC1FC1u
#define METADATA_MAGIC 0x75D11D57u
#define INDEX_HEADER_SIZE 16

struct stream_header {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t stream;
	uint64_t instance, begin, end, content_bits, packet_bits;
} __attribute__((packed));

struct metadata_header {
	uint32_t magic;
	uint8_t uuid[16];
	uint32_t checksum, content_bits, packet_bits;
} __attribute__((packed));

/* The state of one walk; nftw() passes no argument. */
static _Thread_local struct {
	const char *chunk, *saved;
	bool closed;
	struct erg_packets_report *report;
	struct erg_err *err;
	int r;
} walk;

/* Bytes of the packet at OFF, or 0 when it is not complete. */
static uint64_t stream_packet(int fd, uint64_t off, uint64_t size, struct erg_packets_report *rep)
{
	struct stream_header h;

	if (pread(fd, &h, sizeof(h), (off_t)off) != (ssize_t)sizeof(h) || h.magic != STREAM_MAGIC ||
		h.packet_bits % 8 || h.packet_bits / 8 < sizeof(h) ||
		h.packet_bits / 8 > size - off || h.content_bits > h.packet_bits ||
		h.begin > h.end)
		return 0;
	rep->packets++;
	if (!rep->begin_ns || h.begin < rep->begin_ns)
		rep->begin_ns = h.begin;
	if (h.end > rep->end_ns)
		rep->end_ns = h.end;
	return h.packet_bits / 8;
}

static uint64_t metadata_packet(int fd, uint64_t off, uint64_t size)
{
	struct metadata_header h;

	if (pread(fd, &h, sizeof(h), (off_t)off) != (ssize_t)sizeof(h) ||
		h.magic != METADATA_MAGIC || h.packet_bits % 8 ||
		h.packet_bits / 8 < sizeof(h) || h.packet_bits / 8 > size - off ||
		h.content_bits > h.packet_bits)
		return 0;
	return h.packet_bits / 8;
}

static void index_path(const char *path, char *buf, size_t size)
{
	const char *base = strrchr(path, '/') + 1;

	snprintf(buf, size, "%.*s/index/%s.idx", (int)(base - 1 - path), path, base);
}

/* Does the index have one entry for each of N packets? */
static bool index_fits(const char *path, uint64_t n)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char h[INDEX_HEADER_SIZE];
	struct stat st;
	uint64_t entry;

	if (fd < 0 || pread(fd, h, sizeof(h), 0) != (ssize_t)sizeof(h) || fstat(fd, &st) < 0)
		return false;
	entry = (uint64_t)h[12] << 24 | (uint64_t)h[13] << 16 | (uint64_t)h[14] << 8 | h[15];
	return entry && (uint64_t)st.st_size == sizeof(h) + n * entry;
}

static int file_repair(const char *path, bool metadata)
{
	struct erg_packets_report *rep = walk.report;
	_cleanup_(erg_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	uint64_t off = 0, size, len, before = rep->packets;
	char index[PATH_MAX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(walk.err, -errno, "%s", path);
	size = (uint64_t)st.st_size;
	while (off < size && (len = metadata ? metadata_packet(fd, off, size)
					     : stream_packet(fd, off, size, rep)))
		off += len;
	if (off < size) {
		rep->cut_files++;
		rep->cut_bytes += size - off;
		if (ftruncate(fd, (off_t)off) < 0)
			return erg_fail_errno(walk.err, -errno, "%s", path);
	}
	if (metadata)
		return 0;
	index_path(path, index, sizeof(index));
	if (!index_fits(index, rep->packets - before))
		unlink(index);
	if (!off)
		unlink(path);
	return 0;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : (uint64_t)st.st_size;
}

/* DIR is the directory of a trace. */
static int metadata_complete(const char *dir)
{
	const uint64_t cut = walk.report->cut_files;
	char own[PATH_MAX], saved[PATH_MAX];
	int r = 0;

	snprintf(own, sizeof(own), "%s/metadata", dir);
	snprintf(saved, sizeof(saved), "%s%s/metadata", walk.saved ? walk.saved : "",
		dir + strlen(walk.chunk));
	if (access(own, F_OK) == 0)
		r = file_repair(own, true);
	if (!r && walk.saved && size_of(saved) &&
		(!walk.closed || !size_of(own) || cut != walk.report->cut_files))
		r = erg_spool_copy(saved, own, walk.err);
	return r;
}

static bool is_stream(const char *name)
{
	return strcmp(name, "metadata") && !strstr(name, ".idx");
}

/* Files of a directory come before the directory itself (FTW_DEPTH). */
static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char metadata[PATH_MAX];

	if (type == FTW_F && is_stream(path + ftw->base))
		walk.r = file_repair(path, false);
	/* LTTng's layout: …/uid/UID/BITS-bit */
	if (type == FTW_DP && strstr(path + ftw->base, "-bit")) {
		walk.r = metadata_complete(path);
		snprintf(metadata, sizeof(metadata), "%s/metadata", path);
		if (!walk.r && !size_of(metadata))
			walk.report->unreadable++;
	}
	return walk.r < 0 ? 1 : 0;
}

int erg_packets_repair(const char *chunk, bool closed, const char *saved,
	struct erg_packets_report *report, struct erg_err *err)
{
	walk.chunk = chunk;
	walk.closed = closed;
	walk.saved = saved;
	walk.report = report;
	walk.err = err;
	walk.r = 0;
	if (nftw(chunk, visit, 16, FTW_DEPTH | FTW_PHYS) < 0)
		return erg_fail_errno(err, -errno, "%s", chunk);
	return walk.r;
}
