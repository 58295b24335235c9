/* SPDX-License-Identifier: MIT */
/*
 * Opening an archive: which members it has and where. The seek table gives the frames; without one
 * that fits the file (the archive was cut, or damaged at its end) the frames are walked from the
 * start by decompressing them, which finds every member that is complete. In both cases the name
 * and size of a member come from its tar header, read by libarchive from the first bytes of its
 * frame and believed only where they agree with the length of the frames.
 *
 * Damage and malice are different things. Damage is noted and read around. An archive in which a
 * path, a type or a size is such as no writer makes is refused as a whole.
 */
#include "formats/archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/archive/frames.h"
#include "formats/archive/layout.h"
#include "formats/archive/libarchive.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define DAMAGED_FRAMES 1000
#define DAMAGED_FRAME_BYTES 4096

/* ---- the tar header ---- */

/*
 * It stands at the beginning of a member's first frame, and is read by libarchive. What no writer of
 * ours makes is told apart from what is merely damaged: a link, a device, a member without a size
 * is hostile.
 */

struct tar_header {
	char *path;         /* owned */
	uint64_t size, len; /* of the data; of the header itself */
	bool end;           /* the tar's end marker; nothing else is set */
};

struct source {
	const unsigned char *data;
	size_t len, given;
};

/* One block at a time, so that what was given is what the header takes. */
static la_ssize_t give_block(struct archive *a, void *data, const void **ret)
{
	struct source *s = data;
	size_t n = s->len - s->given;

	if (n > ERG_TAR_BLOCK)
		n = ERG_TAR_BLOCK;
	*ret = s->data + s->given;
	s->given += n;
	return (la_ssize_t)n;
}

static int check_entry(const char *file, uint64_t frame, struct archive_entry *e,
	struct tar_header *ret, struct erg_err *err)
{
	const char *path = erg_libarchive.entry_pathname_utf8(e);

	if (!path)
		path = erg_libarchive.entry_pathname(e);
	if (!path || !*path)
		return erg_fail(err, -EPERM, "%s: member without a name (frame at byte %llu)", file,
			(unsigned long long)frame);
	if (erg_libarchive.entry_hardlink(e) || erg_libarchive.entry_symlink(e))
		return erg_fail(err, -EPERM, "%s: member '%s' is a link: refused", file, path);
	if (erg_libarchive.entry_filetype(e) != AE_IFREG ||
		erg_libarchive.entry_sparse_count(e) > 0)
		return erg_fail(err, -EPERM, "%s: member '%s' is not a regular file: refused", file,
			path);
	if (!erg_libarchive.entry_size_is_set(e) || erg_libarchive.entry_size(e) < 0)
		return erg_fail(err, -EPERM, "%s: member '%s' has no size: refused", file, path);
	ret->size = (uint64_t)erg_libarchive.entry_size(e);
	ret->path = strdup(path);
	return ret->path ? 0 : erg_fail_errno(err, -ENOMEM, "%s", file);
}

/* From the first LEN bytes of the frame at byte FRAME of FILE. -EBADMSG: there is no tar header;
 * -EPERM: one that is refused. */
static int header_parse(const char *file, uint64_t frame, const unsigned char *data, size_t len,
	struct tar_header *ret, struct erg_err *err)
{
	struct source s = {data, len, 0};
	struct archive *a = erg_libarchive.read_new();
	struct archive_entry *e;
	int r;

	*ret = (struct tar_header){0};
	if (!a)
		return erg_fail_errno(err, -ENOMEM, "%s", file);
	erg_libarchive.read_support_format_tar(a);
	r = erg_libarchive.read_open(a, &s, NULL, give_block, NULL);
	if (r == ARCHIVE_OK)
		r = erg_libarchive.read_next_header(a, &e);
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN) {
		r = check_entry(file, frame, e, ret, err);
		ret->len = s.given;
	} else if (r == ARCHIVE_EOF && len >= ERG_TAR_BLOCK) {
		ret->end = true;
		r = 0;
	} else {
		r = erg_fail(err, -EBADMSG, "%s: no tar header (frame at byte %llu)", file,
			(unsigned long long)frame);
	}
	erg_libarchive.read_free(a);
	return r;
}

/* Bytes of tar that the member takes; UINT64_MAX for an impossible size. */
static uint64_t header_extent(const struct tar_header *h)
{
	if (h->size > UINT64_MAX - h->len - ERG_TAR_BLOCK)
		return UINT64_MAX;
	return h->len + (h->size + ERG_TAR_BLOCK - 1) / ERG_TAR_BLOCK * ERG_TAR_BLOCK;
}

/* ---- members ---- */

/* Splits TOP/NAME; every member has the same TOP. */
static int member_name(struct erg_archive *a, const char *path, const char **ret,
	struct erg_err *err)
{
	const char *slash;

	if (!erg_archive_name_valid(path))
		return erg_fail(err, -EPERM, "%s: member path '%s' is not safe: refused", a->path,
			path);
	slash = strchr(path, '/');
	if (!slash)
		return erg_fail(err, -EPERM, "%s: member '%s' is in no folder: refused", a->path,
			path);
	if (!a->top) {
		a->top = strndup(path, (size_t)(slash - path));
		if (!a->top)
			return erg_fail_errno(err, -ENOMEM, "%s", a->path);
	} else if (strlen(a->top) != (size_t)(slash - path) ||
		strncmp(a->top, path, (size_t)(slash - path))) {
		return erg_fail(err, -EPERM, "%s: member '%s' is outside folder '%s': refused",
			a->path, path, a->top);
	}
	*ret = slash + 1;
	return 0;
}

static int add_member(struct erg_archive *a, const struct tar_header *h, uint64_t frame,
	uint64_t frame_size, struct erg_err *err)
{
	struct erg_archive_member *m;
	const char *name = NULL;
	int r = member_name(a, h->path, &name, err);

	if (r < 0)
		return r;
	if (a->n_members == a->members_alloc) {
		size_t alloc = a->members_alloc ? 2 * a->members_alloc : 64;

		if (a->n_members >= ERG_ARCHIVE_MEMBERS_MAX)
			return erg_fail(err, -EPERM, "%s: more than %u members: refused", a->path,
				ERG_ARCHIVE_MEMBERS_MAX);
		m = reallocarray(a->members, alloc, sizeof(*m));
		if (!m)
			return erg_fail_errno(err, -ENOMEM, "%s", a->path);
		a->members = m;
		a->members_alloc = alloc;
	}
	m = &a->members[a->n_members];
	*m = (struct erg_archive_member){.name = strdup(name),
		.size = h->size,
		.frame = frame,
		.frame_size = frame_size,
		.header = h->len};
	if (!m->name)
		return erg_fail_errno(err, -ENOMEM, "%s", a->path);
	a->n_members++;
	return 0;
}

static int refuse_extent(const struct erg_archive *a, const struct tar_header *h, uint64_t frame,
	struct erg_err *err)
{
	return erg_fail(err, -EPERM,
		"%s: member '%s' claims %llu bytes, its frames (at byte %llu) hold other: refused",
		a->path, h->path, (unsigned long long)h->size, (unsigned long long)frame);
}

static void forget_members(struct erg_archive *a)
{
	for (size_t i = 0; i < a->n_members; i++)
		free(a->members[i].name);
	a->n_members = 0;
	a->ended = false;
	free(a->top);
	a->top = NULL;
}

/* The first finding is kept: what follows is often its consequence. */
static void note_damage(struct erg_archive *a, const char *line)
{
	if (!a->damage)
		a->damage = erg_noted(strdup(line));
}

/* ---- by the seek table ---- */

/* 1: a->seek is filled; 0: there is no table that fits the file. */
static int load_seek_table(struct erg_archive *a, struct erg_err *err)
{
	_cleanup_(erg_freep) unsigned char *t = NULL;
	unsigned char foot[ERG_SEEK_FOOTER_SIZE];
	uint64_t len, sum = 0;
	uint32_t n;

	if (a->size < ERG_SEEK_HEADER_SIZE + ERG_SEEK_FOOTER_SIZE ||
		erg_pread_exactly(a->fd, foot, sizeof(foot), a->size - sizeof(foot)) < 0)
		return 0;
	n = erg_get_le32(foot);
	len = (uint64_t)n * ERG_SEEK_ENTRY_SIZE + ERG_SEEK_HEADER_SIZE + ERG_SEEK_FOOTER_SIZE;
	if (erg_get_le32(foot + 5) != ERG_SEEK_FOOTER_MAGIC || foot[4] != ERG_SEEK_CHECKSUM_FLAG ||
		n == 0 || n > ERG_SEEK_FRAMES_MAX || len > a->size)
		return 0;
	t = malloc(len);
	a->seek = calloc(n, sizeof(*a->seek));
	if (!t || !a->seek)
		return erg_fail_errno(err, -ENOMEM, "%s", a->path);
	if (erg_pread_exactly(a->fd, t, len, a->size - len) < 0)
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		const unsigned char *p = t + ERG_SEEK_HEADER_SIZE + i * ERG_SEEK_ENTRY_SIZE;

		a->seek[i] = (struct erg_seek_entry){erg_get_le32(p), erg_get_le32(p + 4),
			erg_get_le32(p + 8)};
		sum += a->seek[i].compressed;
	}
	a->n_seek = n;
	return erg_get_le32(t) == ERG_SEEK_SKIPPABLE_MAGIC &&
		erg_get_le32(t + 4) == len - ERG_SEEK_HEADER_SIZE && sum + len == a->size;
}

static ssize_t read_prefix(struct erg_frames *f, unsigned char *buf, size_t len,
	struct erg_err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = erg_frames_read(f, buf + done, len - done, err);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Members from the frames I… of the seek table; returns the number of frames taken. */
static int index_frame(struct erg_archive *a, struct erg_frames *f, unsigned char *buf, size_t i,
	uint64_t pos, size_t *ret_taken, struct erg_err *err)
{
	uint64_t content = 0, compressed = 0, extent;
	struct tar_header h;
	size_t n = 0;
	ssize_t len;
	int r;

	if (!a->seek[i].compressed)
		return erg_fail(err, -EPERM,
			"%s: the seek table has a frame without bytes (at byte %llu): refused",
			a->path, (unsigned long long)pos);
	erg_frames_seek(f, pos, pos + a->seek[i].compressed);
	len = read_prefix(f, buf, ERG_TAR_HEADER_MAX, err);
	if (len < 0)
		return (int)len;
	r = header_parse(a->path, pos, buf, (size_t)len, &h, err);
	if (r < 0)
		return r;
	*ret_taken = 1;
	if (h.end) {
		a->ended = true;
		return 0;
	}
	extent = header_extent(&h);
	while (i + n < a->n_seek && content < extent) {
		content += a->seek[i + n].content;
		compressed += a->seek[i + n].compressed;
		n++;
	}
	*ret_taken = n;
	if (content != extent)
		r = refuse_extent(a, &h, pos, err);
	else
		r = add_member(a, &h, pos, compressed, err);
	free(h.path);
	return r;
}

static int index_by_table(struct erg_archive *a, struct erg_frames *f, unsigned char *buf,
	struct erg_err *err)
{
	uint64_t pos = 0;

	for (size_t i = 0; i < a->n_seek && !a->ended;) {
		struct erg_err what = {0};
		size_t taken = 1;
		int r = index_frame(a, f, buf, i, pos, &taken, &what);

		if (r < 0 && r != -EBADMSG)
			return erg_fail(err, r, "%s", what.msg);
		if (r < 0)
			note_damage(a, what.msg);
		for (; taken > 0; taken--)
			pos += a->seek[i++].compressed;
	}
	return 0;
}

/* ---- by walking ---- */

/* Reads to the frame's end. Keeps the first bytes in BUF. */
static int walk_frame(struct erg_frames *f, unsigned char *buf, size_t *ret_len,
	uint64_t *ret_content, struct erg_err *err)
{
	_cleanup_(erg_freep) unsigned char *rest = malloc(1u << 17);
	ssize_t n;

	if (!rest)
		return erg_fail_errno(err, -ENOMEM, "%s", f->path);
	*ret_len = 0;
	*ret_content = 0;
	do {
		bool keep = *ret_len < ERG_TAR_HEADER_MAX;

		n = keep ? erg_frames_read(f, buf + *ret_len, ERG_TAR_HEADER_MAX - *ret_len, err)
			 : erg_frames_read(f, rest, 1u << 17, err);
		if (n < 0)
			return (int)n;
		*ret_len += keep ? (size_t)n : 0;
		*ret_content += (uint64_t)n;
	} while (n > 0);
	return 0;
}

/* The next place behind POS where a frame may begin, or the file's end. */
static uint64_t find_magic(struct erg_archive *a, uint64_t pos)
{
	unsigned char buf[65536];
	size_t want = 256; /* what follows is mostly near */

	for (; pos + 4 <= a->size; want = want < sizeof(buf) ? 2 * want : want) {
		size_t n = a->size - pos < want ? (size_t)(a->size - pos) : want;

		if (erg_pread_exactly(a->fd, buf, n, pos) < 0)
			break;
		for (size_t i = 0; i + 4 <= n; i++)
			if (erg_get_le32(buf + i) == ERG_ZSTD_MAGIC)
				return pos + i;
		pos += n - 3;
	}
	return a->size;
}

/* A member whose frames are being walked. */
struct pending {
	struct tar_header h;
	uint64_t frame, content;
	bool open;
};

static void drop_pending(struct pending *p)
{
	free(p->h.path);
	*p = (struct pending){0};
}

/* One complete frame, [BEGIN, END) of the file. */
static int take_frame(struct erg_archive *a, struct pending *p, const unsigned char *buf,
	size_t len, uint64_t content, uint64_t begin, uint64_t end, struct erg_err *err)
{
	uint64_t extent;
	int r;

	if (!p->open) {
		r = header_parse(a->path, begin, buf, len, &p->h, err);
		if (r < 0)
			return r;
		if (p->h.end) {
			a->ended = true;
			return 0;
		}
		p->open = true;
		p->frame = begin;
	}
	p->content += content;
	extent = header_extent(&p->h);
	if (p->content < extent && content == ERG_FRAME_CONTENT_MAX)
		return 0;
	if (p->content != extent)
		r = refuse_extent(a, &p->h, p->frame, err);
	else
		r = add_member(a, &p->h, p->frame, end - p->frame, err);
	drop_pending(p);
	return r;
}

/* Frames that are no member's are looked at in proportion to the file: more are there to cost time. */
static bool too_many(struct erg_archive *a, uint64_t damaged, uint64_t pos)
{
	char *line;

	if (damaged <= DAMAGED_FRAMES + a->size / DAMAGED_FRAME_BYTES)
		return false;
	if (asprintf(&line,
		    "%s; %llu frames are no member's: what follows byte %llu was not looked at",
		    a->damage ? a->damage : a->path, (unsigned long long)damaged,
		    (unsigned long long)pos) >= 0) {
		free(a->damage);
		a->damage = line;
	} else {
		erg_memory_note();
	}
	return true;
}

static int index_by_walking(struct erg_archive *a, struct erg_frames *f, unsigned char *buf,
	struct erg_err *err)
{
	struct pending p = {0};
	uint64_t pos = 0, damaged = 0;
	int r = 0;

	while (pos < a->size && !a->ended) {
		struct erg_err what = {0};
		uint64_t content = 0;
		size_t len = 0;

		erg_frames_seek(f, pos, a->size);
		r = walk_frame(f, buf, &len, &content, &what);
		if (r == 0)
			r = take_frame(a, &p, buf, len, content, pos, erg_frames_tell(f), &what);
		if (r < 0 && r != -EBADMSG) {
			r = erg_fail(err, r, "%s", what.msg);
			break;
		}
		if (r == 0) {
			pos = erg_frames_tell(f);
			continue;
		}
		r = 0;
		note_damage(a, what.msg);
		drop_pending(&p);
		if (f->cut || too_many(a, ++damaged, pos))
			break;
		pos = find_magic(a, pos + 1);
	}
	drop_pending(&p);
	return r;
}

/* ---- opening ---- */

static int compare_members(const void *x, const void *y, void *data)
{
	const struct erg_archive *a = data;

	return strcmp(a->members[*(const size_t *)x].name, a->members[*(const size_t *)y].name);
}

static int sort_names(struct erg_archive *a, struct erg_err *err)
{
	a->by_name = calloc(a->n_members ? a->n_members : 1, sizeof(*a->by_name));
	if (!a->by_name)
		return erg_fail_errno(err, -ENOMEM, "%s", a->path);
	for (size_t i = 0; i < a->n_members; i++)
		a->by_name[i] = i;
	erg_sort_by(a->by_name, a->n_members, sizeof(*a->by_name), compare_members, a);
	for (size_t i = 1; i < a->n_members; i++)
		if (!compare_members(&a->by_name[i - 1], &a->by_name[i], a))
			return erg_fail(err, -EPERM, "%s: two members are named '%s': refused",
				a->path, a->members[a->by_name[i]].name);
	return 0;
}

static int build_index(struct erg_archive *a, struct erg_err *err)
{
	_cleanup_(erg_frames_release) struct erg_frames f = {0};
	_cleanup_(erg_freep) unsigned char *buf = malloc(ERG_TAR_HEADER_MAX);
	int r = erg_frames_init(&f, a->fd, a->path, err);

	if (r < 0)
		return r;
	if (!buf)
		return erg_fail_errno(err, -ENOMEM, "%s", a->path);
	r = load_seek_table(a, err);
	if (r < 0)
		return r;
	if (r == 0) {
		free(a->seek);
		a->seek = NULL;
		a->n_seek = 0;
		r = index_by_walking(a, &f, buf, err);
	} else {
		r = index_by_table(a, &f, buf, err);
	}
	return r < 0 ? r : sort_names(a, err);
}

/* What a complete archive has beyond readable frames. */
static void check_complete(struct erg_archive *a)
{
	_cleanup_(erg_freep) char *line = NULL;
	const char *what = NULL;

	if (!a->seek)
		what = "the seek table is missing or wrong: the archive was cut or damaged";
	else if (!a->ended)
		what = "the end of the tar is missing";
	else if (erg_archive_find(a, ERG_ARCHIVE_SUMS) < 0)
		what = "member " ERG_ARCHIVE_SUMS " is missing";
	if (!what)
		return;
	if (asprintf(&line, "%s: %s (%zu complete members in %llu bytes)", a->path, what,
		    a->n_members, (unsigned long long)a->size) < 0)
		line = erg_noted(NULL);
	note_damage(a, line ? line : what);
}

/* Somebody took a result for what it was made of. */
static bool is_json(int fd)
{
	char c;

	return pread(fd, &c, 1, 0) == 1 && c == '{';
}

int erg_archive_open(const char *path, struct erg_archive **ret, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = calloc(1, sizeof(*a));
	struct stat st;
	int r;

	if (!a)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	a->fd = -1;
	if (!(a->path = strdup(path)))
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	r = erg_libarchive_load(err);
	if (r < 0)
		return r;
	a->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (a->fd < 0 || fstat(a->fd, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return erg_fail(err, -EINVAL, "%s: a regular file was expected", path);
	a->size = (uint64_t)st.st_size;
	if (a->size == 0)
		return erg_fail(err, -ENODATA, "%s: the file is empty, an archive was expected",
			path);
	r = build_index(a, err);
	if (r < 0)
		return r;
	if (a->n_members == 0 && is_json(a->fd))
		return erg_fail(err, -EINVAL,
			"%s: a JSON document, not an archive; results of erg-analyze are read by its "
			"verbs compare, sweep, corun, model, report and export --to sqlite",
			path);
	if (a->n_members == 0 || a->members[0].frame != 0)
		return erg_fail(err, -EBADMSG,
			"%s: not an archive of ergtrace (a power log becomes one by erg-record "
			"import), or cut or damaged in its first member%s%s",
			path, a->damage ? ": " : "", a->damage ? a->damage : "");
	check_complete(a);
	*ret = erg_steal_ptr(&a);
	return 0;
}

void erg_archive_free(struct erg_archive *a)
{
	if (!a)
		return;
	forget_members(a);
	free(a->members);
	free(a->by_name);
	free(a->seek);
	free(a->damage);
	erg_closep(&a->fd);
	free(a->path);
	free(a);
}

void erg_archive_freep(struct erg_archive **a)
{
	erg_archive_free(*a);
}

size_t erg_archive_members(const struct erg_archive *a, const struct erg_archive_member **ret)
{
	*ret = a->members;
	return a->n_members;
}

int erg_archive_find(const struct erg_archive *a, const char *name)
{
	size_t lo = 0, hi = a->n_members;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(a->members[a->by_name[mid]].name, name);

		if (c == 0)
			return (int)a->by_name[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -ENOENT;
}

const char *erg_archive_damage(const struct erg_archive *a)
{
	return a->damage;
}
