/* SPDX-License-Identifier: MIT */
/*
 * The data of one member, to memory or to a file. The index has said how many bytes the frames
 * should hold; here the frames must agree to the byte and end with a right checksum before the
 * data counts as good. Only pread is used and nothing in the archive is changed, so any number of
 * processes may read at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/archive/frames.h"
#include "formats/archive/layout.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

int erg_archive_stream(const struct erg_archive *a, size_t member,
	int (*take)(void *data, const void *bytes, size_t len, struct erg_err *err), void *data,
	struct erg_err *err)
{
	const struct erg_archive_member *m = &a->members[member];
	_cleanup_(erg_frames_release) struct erg_frames f = {0};
	_cleanup_(erg_freep) unsigned char *buf = erg_noted(malloc(1u << 17));
	uint64_t pos = 0, end = m->header + m->size;
	uint64_t padded = m->header + (m->size + ERG_TAR_BLOCK - 1) / ERG_TAR_BLOCK * ERG_TAR_BLOCK;
	struct erg_err what = {0};
	ssize_t n;
	int r = erg_frames_init(&f, a->fd, m->name, err);

	if (r < 0)
		return r;
	if (!buf)
		return erg_fail_errno(err, -ENOMEM, "%s: %s", a->path, m->name);
	erg_frames_seek(&f, m->frame, m->frame + m->frame_size);
	while ((n = erg_frames_read(&f, buf, 1u << 17, &what)) >= 0) {
		uint64_t from = pos < m->header ? m->header : pos;
		uint64_t to = pos + (uint64_t)n < end ? pos + (uint64_t)n : end;

		if (from < to) {
			r = take(data, buf + (from - pos), (size_t)(to - from), err);
			if (r < 0)
				return r;
		}
		pos += (uint64_t)n;
		if (pos > padded)
			break;
	}
	if (n < 0 && n != -ENODATA)
		return erg_fail(err, (int)n, "%s: %s", a->path, what.msg);
	if (pos != padded)
		return erg_fail(err, -EBADMSG,
			"%s: %s: %llu bytes were expected (frame at byte %llu)", a->path, m->name,
			(unsigned long long)m->size, (unsigned long long)m->frame);
	return 0;
}

struct memory {
	char *data;
	size_t len, alloc, size;
};

/* Grows with what really comes: a claimed size alone takes no memory. */
static int take_memory(void *data, const void *bytes, size_t len, struct erg_err *err)
{
	struct memory *m = data;

	if (m->len + len + 1 > m->alloc) {
		size_t alloc = 2 * (m->len + len) + 1;
		char *p;

		if (alloc > m->size + 1)
			alloc = m->size + 1;
		p = realloc(m->data, alloc);
		if (!p)
			return erg_fail_errno(err, -ENOMEM, "a member of %zu bytes", m->size);
		m->data = p;
		m->alloc = alloc;
	}
	memcpy(m->data + m->len, bytes, len);
	m->len += len;
	return 0;
}

int erg_archive_read(const struct erg_archive *a, size_t member, size_t max, char **ret,
	size_t *ret_len, struct erg_err *err)
{
	const struct erg_archive_member *m = &a->members[member];
	struct memory mem = {0};
	int r;

	if (m->size > max || m->size >= SIZE_MAX / 2)
		return erg_fail(err, -E2BIG, "%s: %s has %llu bytes, at most %zu were expected",
			a->path, m->name, (unsigned long long)m->size, max);
	mem.size = (size_t)m->size;
	mem.data = malloc(1);
	mem.alloc = 1;
	if (!mem.data)
		return erg_fail_errno(err, -ENOMEM, "%s: %s", a->path, m->name);
	r = erg_archive_stream(a, member, take_memory, &mem, err);
	if (r < 0) {
		free(mem.data);
		return r;
	}
	mem.data[mem.len] = '\0';
	*ret = mem.data;
	*ret_len = mem.len;
	return 0;
}

/* The directory that NAME is to be in, made where missing, as a new descriptor. */
static int open_parent(int dirfd, const char *name, const char **ret_base)
{
	_cleanup_(erg_closep) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *slash;

	if (fd < 0)
		return -errno;
	for (; (slash = strchr(name, '/')); name = slash + 1) {
		_cleanup_(erg_freep) char *part = strndup(name, (size_t)(slash - name));
		int next;

		if (!part)
			return -ENOMEM;
		if (!*part || !strcmp(part, ".."))
			return -EINVAL;
		if (mkdirat(fd, part, 0777) < 0 && errno != EEXIST)
			return -errno;
		next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		close(fd);
		fd = next;
	}
	*ret_base = name;
	return erg_steal_fd(&fd);
}

struct file {
	int fd;
	const char *name;
};

static int take_file(void *data, const void *bytes, size_t len, struct erg_err *err)
{
	const struct file *f = data;
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = write(f->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return erg_fail_errno(err, -errno, "%s", f->name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int erg_archive_extract(const struct erg_archive *a, size_t member, int dirfd, const char *name,
	struct erg_err *err)
{
	const char *base = NULL;
	_cleanup_(erg_closep) int parent = open_parent(dirfd, name, &base);
	_cleanup_(erg_closep) int fd = -1;

	if (parent < 0)
		return erg_fail_errno(err, parent, "%s: cannot unpack %s", a->path, name);
	fd = openat(parent, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return erg_fail_errno(err, -errno, "%s: cannot unpack %s", a->path, name);
	return erg_archive_stream(a, member, take_file, &(struct file){fd, name}, err);
}
