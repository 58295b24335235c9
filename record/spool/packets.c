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
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/packet.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/spool/spool.h"

#define INDEX_HEADER_SIZE 16

struct walk {
	const char *chunk, *saved;
	bool closed;
	struct erg_packets_report *report;
	struct erg_err *err;
};

static void count_packet(const struct erg_packet *p, struct erg_packets_report *rep)
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

static int file_repair(const struct walk *w, const char *path, bool metadata)
{
	struct erg_packets_report *rep = w->report;
	_cleanup_(erg_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	uint64_t off = 0, size, before = rep->packets;
	enum erg_packet_layout layout = metadata ? ERG_PACKET_METADATA : ERG_PACKET_LTTNG;
	char index[PATH_MAX];
	struct erg_packet p;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(w->err, -errno, "%s", path);
	size = (uint64_t)st.st_size;
	while (erg_packet_read(fd, layout, off, size, &p) && p.begin_ns <= p.end_ns) {
		off += p.bytes;
		if (!metadata)
			count_packet(&p, rep);
	}
	if (off < size) {
		rep->cut_files++;
		rep->cut_bytes += size - off;
		if (ftruncate(fd, (off_t)off) < 0)
			return erg_fail_errno(w->err, -errno, "%s", path);
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
static int metadata_complete(const struct walk *w, const char *dir)
{
	const uint64_t cut = w->report->cut_files;
	char own[PATH_MAX], saved[PATH_MAX];
	int r = 0;

	snprintf(own, sizeof(own), "%s/metadata", dir);
	snprintf(saved, sizeof(saved), "%s%s/metadata", w->saved ? w->saved : "",
		dir + strlen(w->chunk));
	if (access(own, F_OK) == 0)
		r = file_repair(w, own, true);
	if (!r && w->saved && size_of(saved) &&
		(!w->closed || !size_of(own) || cut != w->report->cut_files))
		r = erg_spool_copy(saved, w->chunk, own, w->err);
	if (!r && !size_of(own))
		w->report->unreadable++;
	return r;
}

static int stream_visit(void *data, const char *path, const struct stat *st)
{
	const char *base = erg_base_name(path);

	return strcmp(base, "metadata") && !strstr(base, ".idx") ? file_repair(data, path, false)
								 : 0;
}

/* LTTng's layout: …/uid/UID/BITS-bit. The chunk itself may have any name. */
static int trace_visit(void *data, const char *path)
{
	const struct walk *w = data;
	const char *base = erg_base_name(path);
	size_t digits = strspn(base, "0123456789");

	if (!digits || strcmp(base + digits, "-bit") || strlen(path) <= strlen(w->chunk))
		return 0;
	return metadata_complete(w, path);
}

int erg_packets_repair(const char *chunk, bool closed, const char *saved,
	struct erg_packets_report *report, struct erg_err *err)
{
	struct erg_err own = {0};
	struct walk w = {chunk, saved, closed, report, &own};
	int r = erg_tree_each_file(chunk, stream_visit, &w);

	if (r >= 0)
		r = erg_tree_each_folder(chunk, trace_visit, &w);
	if (r < 0 && own.code)
		return erg_fail(err, own.code, "%s", own.msg);
	return r < 0 ? erg_fail_errno(err, r, "%s", chunk) : 0;
}
