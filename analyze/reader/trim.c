/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The file that was being written when the power failed, or where a copy or an archive's member was
 * cut, ends inside a packet. Every packet before is good. A trace with such a file is laid out anew:
 * links to the files that are whole, copies of the others' complete packets, no index, since an index
 * may speak of packets that are gone. The trace itself may be the user's and is not touched.
 */
#include "analyze/reader/trim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "formats/base/memory.h"
#include "formats/packet.h"
#include "formats/base/util.h"

#define METADATA "metadata"
#define METADATA_READ (64u << 10) /* the tracer is named in its first kilobytes */

struct file {
	char *name;
	uint64_t size, whole;      /* bytes: of the file, of its complete packets */
	uint64_t begin_ns, end_ns; /* of those packets; begin UINT64_MAX: none */
};

struct trace {
	const char *dir;
	struct file *files;
	size_t n;
};

static void trace_release(struct trace *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->files[i].name);
	free(t->files);
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

/* Packets are laid out as their tracer does it; false when that is none that we know. */
static bool find_layout(const char *dir, enum erg_packet_layout *ret)
{
	static const struct {
		const char *tracer;
		enum erg_packet_layout layout;
	} tracers[] = {{"tracer_name = \"lttng-ust\"", ERG_PACKET_LTTNG},
		{"tracer_name = \"ergtrace-import\"", ERG_PACKET_IMPORT}};
	_cleanup_(erg_closep) int fd = open_in(dir, METADATA, O_RDONLY);
	_cleanup_(erg_freep) char *text = erg_noted(malloc(METADATA_READ));
	ssize_t n = fd >= 0 && text ? pread(fd, text, METADATA_READ, 0) : -1;

	for (size_t i = 0; n > 0 && i < ERG_ARRAY_SIZE(tracers); i++)
		if (memmem(text, (size_t)n, tracers[i].tracer, strlen(tracers[i].tracer))) {
			*ret = tracers[i].layout;
			return true;
		}
	return false;
}

static void measure_file(int fd, enum erg_packet_layout layout, struct file *f)
{
	struct erg_packet p;

	while (erg_packet_read(fd, layout, f->whole, f->size, &p)) {
		f->begin_ns = p.begin_ns < f->begin_ns ? p.begin_ns : f->begin_ns;
		f->end_ns = p.end_ns > f->end_ns ? p.end_ns : f->end_ns;
		f->whole += p.bytes;
	}
}

/* Metadata without packets is text, of which any length may be whole. */
static void measure_metadata(int fd, struct file *f)
{
	measure_file(fd, ERG_PACKET_METADATA, f);
	f->begin_ns = UINT64_MAX; /* it has no times */
	if (!f->whole)
		f->whole = f->size;
}

static int add_file(struct trace *t, const char *name, enum erg_packet_layout layout)
{
	_cleanup_(erg_closep) int fd = open_in(t->dir, name, O_RDONLY | O_NONBLOCK);
	struct file *f;
	struct stat st;

	if (*name == '.' || fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	f = realloc(t->files, (t->n + 1) * sizeof(*f));
	if (!f)
		return -ENOMEM;
	t->files = f;
	f += t->n;
	*f = (struct file){.name = strdup(name),
		.size = (uint64_t)st.st_size,
		.begin_ns = UINT64_MAX};
	if (!f->name)
		return -ENOMEM;
	t->n++;
	if (strcmp(name, METADATA))
		measure_file(fd, layout, f);
	else
		measure_metadata(fd, f);
	return 0;
}

static int find_files(struct trace *t, enum erg_packet_layout layout)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(t->dir);
	const struct dirent *e;
	int r = 0;

	while (!r && d && (e = readdir(d)))
		r = add_file(t, e->d_name, layout);
	return r;
}

static int copy_file(const char *from, const char *to, const struct file *f)
{
	_cleanup_(erg_closep) int in = open_in(from, f->name, O_RDONLY);
	_cleanup_(erg_closep) int out = open_in(to, f->name, O_WRONLY | O_CREAT | O_EXCL);
	off_t at = 0;

	if (in < 0 || out < 0)
		return -errno;
	while ((uint64_t)at < f->whole) {
		ssize_t n = sendfile(out, in, &at, f->whole - (uint64_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
	}
	return 0;
}

static int link_to(const char *from, const char *to, const struct file *f)
{
	char target[PATH_MAX], path[PATH_MAX];

	snprintf(target, sizeof(target), "%s/%s", from, f->name);
	snprintf(path, sizeof(path), "%s/%s", to, f->name);
	return symlink(target, path) < 0 ? -errno : 0;
}

static int lay_out(const struct trace *t, const char *to)
{
	_cleanup_(erg_freep) char *from = realpath(t->dir, NULL);
	int r = from ? 0 : -errno;

	for (size_t i = 0; !r && i < t->n; i++) {
		const struct file *f = &t->files[i];

		if (f->whole)
			r = f->whole < f->size ? copy_file(from, to, f) : link_to(from, to, f);
	}
	return r;
}

/* What is missing lies behind the file's last packet, and by what the other files know before END. */
static int add_loss(struct erg_tables *t, const struct file *f, const char *name, uint64_t begin,
	uint64_t end)
{
	const uint64_t from = f->begin_ns == UINT64_MAX ? begin : f->end_ns;
	json_t *loss = json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:b}", "event", "loss",
		"what", "cut", "file", json_sprintf("%s/%s", name, f->name), "at",
		(json_int_t)f->whole, "count", (json_int_t)(f->size - f->whole), "begin",
		(json_int_t)from, "end", (json_int_t)(end > from ? end : from), "samples",
		!strncmp(f->name, "samples", strlen("samples")));

	return json_array_append_new(t->defs, loss) ? -ENOMEM : 0;
}

/* Returns how many files are cut, or -ENOMEM. */
static int add_losses(struct erg_tables *t, const struct trace *trace, const char *name)
{
	uint64_t begin = UINT64_MAX, end = 0;
	int r = 0, cut = 0;

	for (size_t i = 0; i < trace->n; i++) {
		const struct file *f = &trace->files[i];

		begin = f->begin_ns < begin ? f->begin_ns : begin;
		end = f->end_ns > end ? f->end_ns : end;
	}
	for (size_t i = 0; !r && i < trace->n; i++)
		if (trace->files[i].whole < trace->files[i].size) {
			r = add_loss(t, &trace->files[i], name, begin == UINT64_MAX ? 0 : begin,
				end);
			cut++;
		}
	return r ? r : cut;
}

int erg_trim_trace(struct erg_tables *t, const char *dir, const char *name, const char *scratch,
	char **ret)
{
	_cleanup_(trace_release) struct trace trace = {.dir = dir};
	_cleanup_(erg_freep) char *to = NULL;
	enum erg_packet_layout layout;
	int r = 0, cut = 0;

	*ret = NULL;
	if (find_layout(dir, &layout))
		r = find_files(&trace, layout);
	if (!r)
		r = cut = add_losses(t, &trace, name);
	if (r >= 0 && asprintf(&to, "%s%s", cut ? scratch : dir, cut ? "/whole-XXXXXX" : "") < 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	if (cut)
		r = mkdtemp(to) ? lay_out(&trace, to) : -errno;
	if (r < 0)
		snprintf(t->error, sizeof(t->error), "%s cannot be copied without what is cut: %s",
			name, strerror(-r));
	else
		*ret = erg_steal_ptr(&to);
	return 0;
}
