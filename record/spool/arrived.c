/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When a session stops, LTTng closes the current packet of each of its streams, also one without any
 * event, and whether the programs that wrote into it are still there or not: buffers are per user, and
 * their last packet ends when the session did. So a stream whose last packet ended earlier has not
 * arrived as a whole. What it lacks may have been nothing, which nobody can know.
 *
 * Where nobody stopped the session, streams end one by one, and between the first end and the last it looks
 * as if nothing had happened of which the streams that are missing would have told. A stream of a CPU on which
 * nothing happens has no packets, so not every early end is a loss: whatever happened was in a packet
 * one period later, and a second one is left for the consumer daemon and the disk.
 *
 * A relay daemon makes the files of all streams before the first packet comes: one that is empty in each
 * chunk is a stream of which nothing came. A stream of several chunks is judged by the last in which it has
 * packets, since the one that is open when the session ends may have none.
 *
 * Metadata has no times. It is sent in packets that may be cut between two of them: what it says then ends
 * inside a declaration.
 *
 * Reference: lttng-ust 2.13, ring buffer, switching by a flush; lttng-tools 2.13, ust-consumer.
 */
#include "record/spool/arrived.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "formats/packet.h"

struct stream {
	char *name;      /* below its chunk */
	uint64_t end_ns; /* of its last packet; 0: none */
};

struct arrived {
	const char *chunk;
	struct stream *streams;
	size_t n;
	struct erg_arrived *ret;
	struct erg_err *err;
};

static void arrived_release(struct arrived *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->streams[i].name);
	free(a->streams);
}

static struct stream *stream_of(struct arrived *a, const char *name)
{
	struct stream *s;

	for (size_t i = 0; i < a->n; i++)
		if (!strcmp(a->streams[i].name, name))
			return &a->streams[i];
	s = realloc(a->streams, (a->n + 1) * sizeof(*s));
	if (!s)
		return NULL;
	a->streams = s;
	s += a->n;
	*s = (struct stream){.name = strdup(name)};
	if (!s->name)
		return NULL;
	a->n++;
	return s;
}

static void missing(struct arrived *a, const char *name, const char *what)
{
	if (!a->ret->why[0])
		snprintf(a->ret->why, sizeof(a->ret->why), "%s %s", name, what);
}

/* Whether the packet of metadata at byte OFF of FD ends behind a declaration at the top level. */
static bool declaration_ends(int fd, uint64_t off, uint64_t bytes)
{
	_cleanup_(erg_freep) char *p = malloc(bytes);
	ssize_t n = p ? pread(fd, p, bytes, (off_t)off) : -1;

	while (n > 0 && (!p[n - 1] || p[n - 1] == '\n'))
		n--;
	return n >= 3 && !memcmp(p + n - 3, "\n};", 3);
}

/* The metadata of a trace that has events. STREAM: the path of one of its streams. */
static void metadata_judge(struct arrived *a, const char *stream)
{
	_cleanup_(erg_closep) int fd = -1;
	uint64_t off = 0, last = 0, size;
	struct erg_packet p = {0};
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%.*s/metadata", (int)(strrchr(stream, '/') - stream), stream);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		missing(a, path + strlen(a->chunk) + 1, "is missing");
		return;
	}
	size = (uint64_t)st.st_size;
	for (; erg_packet_read(fd, ERG_PACKET_METADATA, off, size, &p); off += p.bytes)
		last = off;
	if (!off || off < size || !declaration_ends(fd, last, p.bytes))
		missing(a, path + strlen(a->chunk) + 1, "is cut");
}

static int stream_judge(void *data, const char *path, const struct stat *st)
{
	struct arrived *a = data;
	const char *name = path + strlen(a->chunk) + 1, *base = erg_base_name(path);
	const uint64_t size = (uint64_t)st->st_size;
	_cleanup_(erg_closep) int fd = -1;
	struct erg_packet p;
	struct stream *s;
	uint64_t off = 0;

	if (!strcmp(base, "metadata") || strstr(base, ".idx"))
		return 0;
	s = stream_of(a, name);
	if (!s)
		return erg_fail_errno(a->err, -ENOMEM, "%s", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return erg_fail_errno(a->err, -errno, "%s", path);
	for (; erg_packet_read(fd, ERG_PACKET_LTTNG, off, size, &p); off += p.bytes)
		s->end_ns = p.end_ns;
	if (off < size)
		missing(a, name, "is cut inside a packet");
	if (off)
		metadata_judge(a, path);
	return 0;
}

static void stream_ends_early(struct arrived *a, const struct stream *s, uint64_t until_ns)
{
	const uint64_t certain = 2 * (uint64_t)ERG_SPOOL_PACKET_US * 1000;
	struct erg_arrived *ret = a->ret;
	uint64_t whole = ret->last_ns > certain ? ret->last_ns - certain : 0;
	char what[96];

	whole = s->end_ns > whole ? s->end_ns : whole;
	if (!ret->first[0] || whole < ret->whole_ns)
		snprintf(ret->first, sizeof(ret->first), "%s", s->name);
	ret->whole_ns = whole < ret->whole_ns ? whole : ret->whole_ns;
	snprintf(what, sizeof(what), "ends %.9f s before the recording did",
		(double)(until_ns - s->end_ns) / 1e9);
	missing(a, s->name, s->end_ns ? what : "is empty");
}

static void streams_judge(struct arrived *a, uint64_t until_ns)
{
	struct erg_arrived *ret = a->ret;

	for (size_t i = 0; i < a->n; i++)
		if (a->streams[i].end_ns > ret->last_ns)
			ret->last_ns = a->streams[i].end_ns;
	ret->whole_ns = ret->last_ns;
	until_ns = until_ns ? until_ns : ret->last_ns;
	if (!a->n)
		snprintf(ret->why, sizeof(ret->why), "no stream");
	for (size_t i = 0; i < a->n; i++)
		if (a->streams[i].end_ns < until_ns)
			stream_ends_early(a, &a->streams[i], until_ns);
}

int erg_arrived_check(const struct erg_spool_chunks *chunks, uint64_t until_ns,
	struct erg_arrived *ret, struct erg_err *err)
{
	struct erg_err own = {0};
	struct arrived a = {.ret = ret, .err = &own};
	int r = 0;

	*ret = (struct erg_arrived){0};
	for (size_t i = 0; r >= 0 && i < chunks->n; i++) {
		a.chunk = chunks->paths[i];
		r = erg_tree_each_file(a.chunk, stream_judge, &a);
	}
	if (r >= 0)
		streams_judge(&a, until_ns);
	else if (own.code)
		erg_fail(err, own.code, "%s", own.msg);
	else
		erg_fail_errno(err, r, "%s", a.chunk);
	arrived_release(&a);
	return r < 0 ? r : ret->why[0] != '\0';
}
