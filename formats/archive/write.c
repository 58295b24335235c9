/* SPDX-License-Identifier: MIT */
/*
 * Writing an archive. The file appears whole or not at all: bytes go to a hidden file in the same
 * directory, which is synced and only then given its name, by a call that cannot replace another
 * file unless that was asked for. The same inputs give the same bytes: order of the calls, fixed
 * owner and mode, one time for all, and no locale.
 *
 * libarchive makes the tar; its output arrives unbuffered in tar_write(), which gives it to the
 * stream of frames (stream.c). A frame ends where a member ends, so each member can be read
 * alone.
 */
#include "formats/archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <search.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "formats/archive/layout.h"
#include "formats/archive/libarchive.h"
#include "formats/archive/stream.h"
#include "formats/base/progress.h"
#include "formats/base/sha256.h"
#include "formats/base/util.h"

#define COPY_SIZE (1u << 18)

struct erg_archive_writer {
	char *path, *dir, *top, *tmp; /* tmp: name within dir; NULL once it has its own */
	struct erg_archive_options opt;
	int dirfd, fd;
	struct archive *tar;
	locale_t utf8; /* what libarchive takes names to be in; 0 when there is none */
	struct erg_stream stream;
	char *sums; /* text of SHA256SUMS */
	size_t sums_len, sums_alloc;
	void *names; /* tsearch tree of the members' names */
	char *copy;
	uint64_t expected, added; /* bytes of members, since erg_archive_expect() */
	bool kept;                /* synced: no longer free()'s to remove */
	int failed; /* negative errno of the first failure: the writer is of no more use */
};

static la_ssize_t tar_write(struct archive *a, void *data, const void *buf, size_t len)
{
	struct erg_archive_writer *w = data;

	if (!w->failed)
		w->failed = erg_stream_write(&w->stream, buf, len);
	if (w->failed) {
		erg_libarchive.set_error(a, -w->failed, "%s", strerror(-w->failed));
		return -1;
	}
	return (la_ssize_t)len;
}

/* ---- opening ---- */

/* "results/run.erg" is results, run. */
static int split_path(struct erg_archive_writer *w)
{
	const char *slash = strrchr(w->path, '/');
	const char *base = slash ? slash + 1 : w->path;
	size_t len = strlen(base);

	if (len > 4 && !strcmp(base + len - 4, ".erg"))
		len -= 4;
	w->dir = slash ? strndup(w->path, (size_t)(slash - w->path) + 1) : strdup(".");
	w->top = len == 0 || !strcmp(base, ".") || !strcmp(base, "..") ? NULL : strndup(base, len);
	return w->dir && w->top ? 0 : -EINVAL;
}

static int open_temporary(struct erg_archive_writer *w)
{
	for (int try = 0; try < 100; try++) {
		_cleanup_(erg_freep) char *name = NULL;
		uint64_t random;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			random = erg_mono_ns();
		if (asprintf(&name, "%s%016llx%s", ERG_ARCHIVE_HIDDEN, (unsigned long long)random,
			    ERG_ARCHIVE_PART) < 0) {
			name = NULL;
			return -ENOMEM;
		}
		w->fd = openat(w->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (w->fd >= 0) {
			w->tmp = erg_steal_ptr(&name);
			flock(w->fd, LOCK_EX | LOCK_NB); /* says that somebody writes it */
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

int erg_archive_may_create(const char *path, bool force, struct erg_err *err)
{
	struct stat st;
	int r = erg_libarchive_load(err);

	if (r < 0)
		return r;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : erg_fail_errno(err, -errno, "%s", path);
	/* neither /dev/stdout nor another link to what is no file */
	if (S_ISLNK(st.st_mode) && !strncmp(path, "/dev/", 5))
		st.st_mode = S_IFCHR;
	else if (S_ISLNK(st.st_mode) && stat(path, &st) < 0)
		st.st_mode = S_IFREG;
	if (!S_ISREG(st.st_mode))
		return erg_fail(err, -EINVAL, "%s: is not a regular file, cannot be replaced",
			path);
	if (!force)
		return erg_fail(err, -EEXIST, "%s: exists already (--force replaces it)", path);
	return 0;
}

static int open_tar(struct erg_archive_writer *w)
{
	int r = erg_stream_init(&w->stream, w->fd, w->opt.level);

	if (r < 0)
		return r;
	w->tar = erg_libarchive.write_new();
	w->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	w->copy = malloc(COPY_SIZE);
	if (!w->tar || !w->copy)
		return -ENOMEM;
	if (erg_libarchive.write_set_format_pax(w->tar) != ARCHIVE_OK ||
		erg_libarchive.write_set_bytes_per_block(w->tar, 0) != ARCHIVE_OK ||
		erg_libarchive.write_open(w->tar, w, NULL, tar_write, NULL) != ARCHIVE_OK)
		return -ENOMEM;
	return 0;
}

int erg_archive_create(const char *path, const struct erg_archive_options *opt,
	struct erg_archive_writer **ret, struct erg_err *err)
{
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	w->fd = w->dirfd = -1;
	w->opt = *opt;
	w->path = strdup(path);
	if (!w->path)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	if (split_path(w) < 0)
		return erg_fail(err, -EINVAL, "'%s': a file name for the archive was expected",
			path);
	r = erg_archive_may_create(path, opt->force, err);
	if (r < 0)
		return r;
	w->dirfd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dirfd < 0)
		return erg_fail_errno(err, -errno, "%s: directory %s", path, w->dir);
	r = open_temporary(w);
	if (r < 0)
		return erg_fail_errno(err, r, "%s: cannot write in %s", path, w->dir);
	r = open_tar(w);
	if (r < 0)
		return erg_fail_errno(err, r, "%s: cannot start compression", path);
	*ret = erg_steal_ptr(&w);
	return 0;
}

/* ---- members ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int claim_name(struct erg_archive_writer *w, const char *name, struct erg_err *err)
{
	char *copy, **node;

	if (!erg_archive_name_valid(name))
		return erg_fail(err, -EINVAL, "%s: member name '%s' is not allowed", w->path, name);
	copy = strdup(name);
	node = copy ? tsearch(copy, &w->names, compare_names) : NULL;
	if (!node) {
		free(copy);
		return erg_fail_errno(err, -ENOMEM, "%s: %s", w->path, name);
	}
	if (*node != copy) {
		free(copy);
		return erg_fail(err, -EEXIST, "%s: member '%s' was added before", w->path, name);
	}
	return 0;
}

static int fail_tar(struct erg_archive_writer *w, const char *name, struct erg_err *err)
{
	if (!w->failed)
		w->failed = -EIO;
	if (erg_libarchive.error_string(w->tar))
		return erg_fail(err, w->failed, "%s: cannot write member %s: %s", w->path, name,
			erg_libarchive.error_string(w->tar));
	return erg_fail_errno(err, w->failed, "%s: cannot write member %s", w->path, name);
}

/* A name that is not UTF-8 is kept as bytes, which libarchive calls a warning. */
static bool write_header(struct erg_archive_writer *w, struct archive_entry *e)
{
	locale_t old = w->utf8 ? uselocale(w->utf8) : (locale_t)0;
	int r = erg_libarchive.write_header(w->tar, e);

	if (w->utf8)
		uselocale(old);
	return r == ARCHIVE_OK || r == ARCHIVE_WARN;
}

static int begin_member(struct erg_archive_writer *w, const char *name, uint64_t size,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *path = NULL;
	struct archive_entry *e;
	int r;

	if (w->failed)
		return erg_fail_errno(err, w->failed, "%s: an earlier write failed", w->path);
	r = claim_name(w, name, err);
	if (r < 0)
		return r;
	e = erg_libarchive.entry_new();
	if (!e || asprintf(&path, "%s/%s", w->top, name) < 0) {
		path = NULL;
		erg_libarchive.entry_free(e);
		return erg_fail_errno(err, -ENOMEM, "%s: %s", w->path, name);
	}
	erg_libarchive.entry_set_pathname(e, path);
	erg_libarchive.entry_set_filetype(e, AE_IFREG);
	erg_libarchive.entry_set_perm(e, 0644);
	erg_libarchive.entry_set_size(e, (la_int64_t)size);
	erg_libarchive.entry_set_mtime(e, (time_t)(w->opt.mtime_ns / ERG_NSEC_PER_SEC),
		(long)(w->opt.mtime_ns % ERG_NSEC_PER_SEC));
	r = write_header(w, e) ? 0 : fail_tar(w, name, err);
	erg_libarchive.entry_free(e);
	return r;
}

static int append_sum(struct erg_archive_writer *w, const char *hex, const char *name)
{
	size_t need = w->sums_len + strlen(hex) + 2 + strlen(name) + 2;

	if (need > w->sums_alloc) {
		size_t alloc = 2 * need;
		char *p = realloc(w->sums, alloc);

		if (!p)
			return -ENOMEM;
		w->sums = p;
		w->sums_alloc = alloc;
	}
	w->sums_len += (size_t)sprintf(w->sums + w->sums_len, "%s  %s\n", hex, name);
	return 0;
}

static int end_member(struct erg_archive_writer *w, const char *name, struct erg_sha256 *sha,
	struct erg_err *err)
{
	char hex[ERG_SHA256_TEXT];

	if (erg_libarchive.write_finish_entry(w->tar) != ARCHIVE_OK)
		return fail_tar(w, name, err);
	w->failed = erg_stream_end_frame(&w->stream);
	if (!w->failed && sha)
		w->failed = append_sum(w, erg_sha256_end_text(sha, hex), name);
	if (w->failed)
		return erg_fail_errno(err, w->failed, "%s: cannot write member %s", w->path, name);
	return 0;
}

void erg_archive_expect(struct erg_archive_writer *w, uint64_t bytes)
{
	w->expected += bytes;
}

static void tell_progress(struct erg_archive_writer *w, size_t bytes)
{
	if (!w->expected)
		return;
	w->added += bytes;
	erg_progress("archiving", w->added, w->expected);
}

static int add_bytes(struct erg_archive_writer *w, const char *name, const void *data, size_t len,
	struct erg_sha256 *sha, struct erg_err *err)
{
	int r = begin_member(w, name, len, err);

	if (r < 0)
		return r;
	if (sha)
		erg_sha256_add(sha, data, len);
	if (len > 0 && erg_libarchive.write_data(w->tar, data, len) != (la_ssize_t)len)
		return fail_tar(w, name, err);
	tell_progress(w, len);
	return end_member(w, name, sha, err);
}

int erg_archive_add_mem(struct erg_archive_writer *w, const char *name, const void *data,
	size_t len, struct erg_err *err)
{
	struct erg_sha256 sha;

	erg_sha256_init(&sha);
	return add_bytes(w, name, data, len, &sha, err);
}

static int copy_file(struct erg_archive_writer *w, int fd, const char *name, const char *path,
	uint64_t size, struct erg_sha256 *sha, struct erg_err *err)
{
	for (uint64_t done = 0; done < size;) {
		size_t want = size - done < COPY_SIZE ? (size_t)(size - done) : COPY_SIZE;
		ssize_t n = read(fd, w->copy, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			w->failed = n < 0 ? -errno : -EIO;
			return n < 0 ? erg_fail_errno(err, w->failed, "%s", path)
				     : erg_fail(err, w->failed,
					       "%s: became shorter while it was read", path);
		}
		erg_sha256_add(sha, (unsigned char *)w->copy, (size_t)n);
		if (erg_libarchive.write_data(w->tar, w->copy, (size_t)n) != n)
			return fail_tar(w, name, err);
		done += (uint64_t)n;
		tell_progress(w, (size_t)n);
	}
	return 0;
}

int erg_archive_add_file(struct erg_archive_writer *w, const char *name, const char *path,
	struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	struct erg_sha256 sha;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return erg_fail(err, -EINVAL, "%s: a regular file was expected", path);
	r = begin_member(w, name, (uint64_t)st.st_size, err);
	if (r < 0)
		return r;
	erg_sha256_init(&sha);
	r = copy_file(w, fd, name, path, (uint64_t)st.st_size, &sha, err);
	return r < 0 ? r : end_member(w, name, &sha, err);
}

/* ---- the end ---- */

/* Gives the file its name without replacing another; file systems differ in what they offer. */
static int name_exclusively(struct erg_archive_writer *w, const char *base)
{
	if (renameat2(w->dirfd, w->tmp, w->dirfd, base, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS &&
		errno != EPERM) /* EPERM: a filter that does not know it */
		return -errno;
	if (linkat(w->dirfd, w->tmp, w->dirfd, base, 0) < 0)
		return -errno;
	unlinkat(w->dirfd, w->tmp, 0);
	return 0;
}

/* Makes the name last. Where that fails it is taken back, unless it has taken another's place; folders of some
 * file systems cannot be synced. */
static int sync_name(struct erg_archive_writer *w, const char *base, struct erg_err *err)
{
	int r = fsync(w->dirfd) < 0 && errno != EINVAL ? -errno : 0;

	if (r < 0 && !w->opt.force && renameat(w->dirfd, base, w->dirfd, w->tmp) == 0)
		return erg_fail_errno(err, r, "%s: its folder", w->path);
	free(w->tmp);
	w->tmp = NULL;
	return r < 0
		? erg_fail_errno(err, r, "%s is whole, and may be lost by a power cut", w->path)
		: 0;
}

static int give_name(struct erg_archive_writer *w, struct erg_err *err)
{
	const char *base = erg_base_name(w->path);
	int r = w->opt.force ? erg_archive_may_create(w->path, true, err) : 0;

	if (r < 0)
		return r;
	if (w->opt.force)
		r = renameat(w->dirfd, w->tmp, w->dirfd, base) < 0 ? -errno : 0;
	else
		r = name_exclusively(w, base);
	if (r == -EEXIST)
		return erg_fail(err, r, "%s: exists already (--force replaces it)", w->path);
	if (r < 0)
		return erg_fail_errno(err, r, "%s", w->path);
	return sync_name(w, base, err);
}

/* NAME.part becomes NAME.keep: what has that name is no leftover. */
static int keep_temporary(struct erg_archive_writer *w)
{
	_cleanup_(erg_freep) char *name = strdup(w->tmp);

	if (!name)
		return -ENOMEM;
	memcpy(name + strlen(name) - strlen(ERG_ARCHIVE_PART), ERG_ARCHIVE_KEEP,
		strlen(ERG_ARCHIVE_KEEP));
	if (renameat(w->dirfd, w->tmp, w->dirfd, name) < 0)
		return -errno;
	free(w->tmp);
	w->tmp = erg_steal_ptr(&name);
	w->kept = true;
	return 0;
}

int erg_archive_sync(struct erg_archive_writer *w, char **ret, struct erg_err *err)
{
	int r;

	*ret = NULL;
	if (w->failed)
		return erg_fail_errno(err, w->failed, "%s", w->path);
	if (fdatasync(w->fd) < 0)
		return erg_fail_errno(err, -errno, "%s", w->path);
	if (!w->kept) {
		r = keep_temporary(w);
		if (r < 0)
			return erg_fail_errno(err, r, "%s", w->path);
	}
	if (asprintf(ret, "%s/%s", w->dir, w->tmp) < 0) {
		*ret = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", w->path);
	}
	return 0;
}

int erg_archive_commit(struct erg_archive_writer *w, struct erg_err *err)
{
	int r = add_bytes(w, ERG_ARCHIVE_SUMS, w->sums ? w->sums : "", w->sums_len, NULL, err);

	if (r < 0)
		return r;
	if (erg_libarchive.write_close(w->tar) != ARCHIVE_OK)
		return fail_tar(w, "(end of archive)", err);
	r = erg_stream_finish(&w->stream);
	if (r == 0 && fsync(w->fd) < 0)
		r = -errno;
	erg_progress("archiving", w->expected, w->expected);
	if (r < 0) {
		w->failed = r;
		return erg_fail_errno(err, r, "%s", w->path);
	}
	return give_name(w, err);
}

void erg_archive_writer_free(struct erg_archive_writer *w)
{
	if (!w)
		return;
	if (!w->failed)
		w->failed = -ECANCELED; /* what libarchive still has goes nowhere */
	if (w->tar)
		erg_libarchive.write_free(w->tar);
	erg_stream_release(&w->stream);
	if (w->tmp && !w->kept)
		unlinkat(w->dirfd, w->tmp, 0);
	erg_closep(&w->fd);
	erg_closep(&w->dirfd);
	if (w->utf8)
		freelocale(w->utf8);
	tdestroy(w->names, free);
	free(w->tmp);
	free(w->path);
	free(w->dir);
	free(w->top);
	free(w->copy);
	free(w->sums);
	free(w);
}

void erg_archive_writer_freep(struct erg_archive_writer **w)
{
	erg_archive_writer_free(*w);
}
