/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cuts files behind their last complete packet (formats/packet.h). One whose begin is after its end
 * is taken for what a power failure left of it.
 *
 * An index that does not fit its stream any more is removed; readers make do without.
 */
#include "record/spool/packets.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/packet.h"
#include "formats/base/util.h"
#include "record/spool/spool.h"

#define INDEX_HEADER_SIZE 16

/* The state of one walk; nftw() passes no argument. */
static _Thread_local struct {
	const char *chunk, *saved;
	bool closed;
	struct erg_packets_report *report;
	struct erg_err *err;
	int r;
} walk;

static void count(const struct erg_packet *p, struct erg_packets_report *rep)
{
	rep->packets++;
	if (!rep->begin_ns || p->begin_ns < rep->begin_ns)
		rep->begin_ns = p->begin_ns;
	if (p->end_ns > rep->end_ns)
		rep->end_ns = p->end_ns;
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
	uint64_t off = 0, size, before = rep->packets;
	enum erg_packet_layout layout = metadata ? ERG_PACKET_METADATA : ERG_PACKET_LTTNG;
	char index[PATH_MAX];
	struct erg_packet p;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(walk.err, -errno, "%s", path);
	size = (uint64_t)st.st_size;
	while (erg_packet_read(fd, layout, off, size, &p) && p.begin_ns <= p.end_ns) {
		off += p.bytes;
		if (!metadata)
			count(&p, rep);
	}
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
