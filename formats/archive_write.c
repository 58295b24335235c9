/* SPDX-License-Identifier: MIT */
/*
 * Writing an archive. The file appears whole or not at all: bytes go to a hidden file in the same
 * directory, which is synced and only then given its name, by a call that cannot replace another
 * file unless that was asked for. The same inputs give the same bytes: order of the calls, fixed
 * owner and mode, one time for all, and no locale.
 *
 * libarchive makes the tar; its output arrives unbuffered in tar_write(), which compresses it into
 * the current frame. A frame ends where a member ends, so each member can be read alone. The seek
 * table's checksum of a frame is the low half of XXH64 of its content, which is also what zstd puts
 * in a frame's last four bytes (RFC 8878, 3.1.1): it is taken from there.
 */
#include "formats/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <search.h>
#include <sha2.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <zstd.h>

#include "formats/archive_layout.h"
#include "formats/util.h"

#define DEFAULT_LEVEL 6
#define COPY_SIZE (1u << 18)

struct seek_entry {
	uint32_t compressed, content, checksum;
};

struct erg_archive_writer {
	char *path, *dir, *top, *tmp; /* tmp: name within dir; NULL once it has its own */
	struct erg_archive_options opt;
	int dirfd, fd;
	struct archive *tar;
	locale_t utf8; /* what libarchive takes names to be in; 0 when there is none */
	ZSTD_CCtx *zstd;
	unsigned char *out;
	size_t out_size;
	uint64_t compressed, content; /* of the current frame */
	unsigned char tail[4];        /* the last bytes written */
	SHA2_CTX sha;                 /* of every byte written */
	struct seek_entry *frames;
	size_t n_frames, frames_alloc;
	char *sums; /* text of SHA256SUMS */
	size_t sums_len, sums_alloc;
	void *names; /* tsearch tree of the members' names */
	char *copy;
	bool kept;  /* synced: no longer free()'s to remove */
	int failed; /* negative errno of the first failure: the writer is of no more use */
};

static int write_all(struct erg_archive_writer *w, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = len < 4 ? 0 : len - 4; i < len; i++) {
		memmove(w->tail, w->tail + 1, 3);
		w->tail[3] = p[i];
	}
	SHA256Update(&w->sha, p, len);
	while (len > 0) {
		ssize_t n = write(w->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- frames ---- */

static uint32_t le32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_le32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static int compress(struct erg_archive_writer *w, const void *data, size_t len,
	ZSTD_EndDirective mode)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {w->out, w->out_size, 0};
		int r;

		left = ZSTD_compressStream2(w->zstd, &out, &in, mode);
		if (ZSTD_isError(left))
			return -EIO;
		r = write_all(w, w->out, out.pos);
		if (r < 0)
			return r;
		w->compressed += out.pos;
	} while (in.pos < in.size || (mode == ZSTD_e_end && left > 0));
	w->content += len;
	return 0;
}

static int add_seek_entry(struct erg_archive_writer *w, uint32_t checksum)
{
	if (w->n_frames == w->frames_alloc) {
		size_t alloc = w->frames_alloc ? 2 * w->frames_alloc : 64;
		struct seek_entry *p;

		if (w->n_frames >= ERG_SEEK_FRAMES_MAX)
			return -EFBIG;
		p = reallocarray(w->frames, alloc, sizeof(*p));
		if (!p)
			return -ENOMEM;
		w->frames = p;
		w->frames_alloc = alloc;
	}
	w->frames[w->n_frames++] = (struct seek_entry){.compressed = (uint32_t)w->compressed,
		.content = (uint32_t)w->content, .checksum = checksum};
	return 0;
}

static int end_frame(struct erg_archive_writer *w)
{
	int r;

	if (w->content == 0)
		return 0;
	r = compress(w, NULL, 0, ZSTD_e_end);
	if (r < 0)
		return r;
	r = add_seek_entry(w, le32(w->tail));
	w->compressed = w->content = 0;
	return r;
}

static la_ssize_t tar_write(struct archive *a, void *data, const void *buf, size_t len)
{
	struct erg_archive_writer *w = data;
	size_t done = 0;

	while (done < len && !w->failed) {
		size_t n = ERG_FRAME_CONTENT_MAX - w->content;

		if (n > len - done)
			n = len - done;
		w->failed = compress(w, (const char *)buf + done, n, ZSTD_e_continue);
		if (!w->failed && w->content == ERG_FRAME_CONTENT_MAX)
			w->failed = end_frame(w);
		done += n;
	}
	if (w->failed) {
		archive_set_error(a, -w->failed, "%s", strerror(-w->failed));
		return -1;
	}
	return (la_ssize_t)len;
}

static int write_digest_frame(struct erg_archive_writer *w)
{
	unsigned char frame[ERG_DIGEST_FRAME_SIZE];
	SHA2_CTX sha = w->sha;
	int r;

	put_le32(frame, ERG_DIGEST_SKIPPABLE_MAGIC);
	put_le32(frame + 4, sizeof(frame) - 8);
	memcpy(frame + 8, ERG_DIGEST_LABEL, ERG_DIGEST_LABEL_SIZE);
	SHA256Final(frame + 8 + ERG_DIGEST_LABEL_SIZE, &sha);
	r = write_all(w, frame, sizeof(frame));
	w->compressed = sizeof(frame);
	return r < 0 ? r : add_seek_entry(w, ERG_XXH64_OF_NOTHING);
}

static int write_seek_table(struct erg_archive_writer *w)
{
	size_t body = w->n_frames * ERG_SEEK_ENTRY_SIZE + ERG_SEEK_FOOTER_SIZE;
	_cleanup_(erg_freep) unsigned char *t = malloc(ERG_SEEK_HEADER_SIZE + body);
	unsigned char *p = t;

	if (!t)
		return -ENOMEM;
	put_le32(p, ERG_SEEK_SKIPPABLE_MAGIC);
	put_le32(p + 4, (uint32_t)body);
	p += ERG_SEEK_HEADER_SIZE;
	for (size_t i = 0; i < w->n_frames; i++, p += ERG_SEEK_ENTRY_SIZE) {
		put_le32(p, w->frames[i].compressed);
		put_le32(p + 4, w->frames[i].content);
		put_le32(p + 8, w->frames[i].checksum);
	}
	put_le32(p, (uint32_t)w->n_frames);
	p[4] = ERG_SEEK_CHECKSUM_FLAG;
	put_le32(p + 5, ERG_SEEK_FOOTER_MAGIC);
	return write_all(w, t, ERG_SEEK_HEADER_SIZE + body);
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

/* An early answer, before a run is recorded in vain; commit has the last word. */
static int check_target(const struct erg_archive_writer *w, struct erg_err *err)
{
	struct stat st;

	if (lstat(w->path, &st) < 0)
		return errno == ENOENT ? 0 : erg_fail_errno(err, -errno, "%s", w->path);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return erg_fail(err, -EINVAL, "%s: is not a regular file, cannot be replaced",
			w->path);
	if (!w->opt.force)
		return erg_fail(err, -EEXIST, "%s: exists already (--force replaces it)", w->path);
	return 0;
}

static int open_tar(struct erg_archive_writer *w)
{
	int level = w->opt.level ? w->opt.level : DEFAULT_LEVEL;

	w->tar = archive_write_new();
	w->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	w->zstd = ZSTD_createCCtx();
	w->out_size = ZSTD_CStreamOutSize();
	w->out = malloc(w->out_size);
	w->copy = malloc(COPY_SIZE);
	if (!w->tar || !w->zstd || !w->out || !w->copy)
		return -ENOMEM;
	if (ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, level)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1)))
		return -EINVAL;
	if (archive_write_set_format_pax(w->tar) != ARCHIVE_OK ||
		archive_write_set_bytes_per_block(w->tar, 0) != ARCHIVE_OK ||
		archive_write_open(w->tar, w, NULL, tar_write, NULL) != ARCHIVE_OK)
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
	SHA256Init(&w->sha);
	w->path = strdup(path);
	if (!w->path)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	if (split_path(w) < 0)
		return erg_fail(err, -EINVAL, "'%s': a file name for the archive was expected", path);
	r = check_target(w, err);
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

/* Names that any system unpacks to the same place: FORMAT.md, "Names". */
static bool name_is_valid(const char *name)
{
	if (!*name || *name == '/' || strlen(name) > ERG_ARCHIVE_NAME_MAX)
		return false;
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '\\')
			return false;
	for (const char *p = name; p; p = strchr(p, '/'), p = p ? p + 1 : NULL) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (len == 1 && *p == '.') || (len == 2 && !strncmp(p, "..", 2)))
			return false;
	}
	return true;
}

static int claim_name(struct erg_archive_writer *w, const char *name, struct erg_err *err)
{
	char *copy, **node;

	if (!name_is_valid(name))
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
	if (archive_error_string(w->tar))
		return erg_fail(err, w->failed, "%s: cannot write member %s: %s", w->path, name,
			archive_error_string(w->tar));
	return erg_fail_errno(err, w->failed, "%s: cannot write member %s", w->path, name);
}

/* A name that is not UTF-8 is kept as bytes, which libarchive calls a warning. */
static bool write_header(struct erg_archive_writer *w, struct archive_entry *e)
{
	locale_t old = w->utf8 ? uselocale(w->utf8) : (locale_t)0;
	int r = archive_write_header(w->tar, e);

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
	e = archive_entry_new();
	if (!e || asprintf(&path, "%s/%s", w->top, name) < 0) {
		path = NULL;
		archive_entry_free(e);
		return erg_fail_errno(err, -ENOMEM, "%s: %s", w->path, name);
	}
	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, (la_int64_t)size);
	archive_entry_set_mtime(e, (time_t)(w->opt.mtime_ns / ERG_NSEC_PER_SEC),
		(long)(w->opt.mtime_ns % ERG_NSEC_PER_SEC));
	r = write_header(w, e) ? 0 : fail_tar(w, name, err);
	archive_entry_free(e);
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

static int end_member(struct erg_archive_writer *w, const char *name, SHA2_CTX *sha,
	struct erg_err *err)
{
	char hex[SHA256_DIGEST_STRING_LENGTH];

	if (archive_write_finish_entry(w->tar) != ARCHIVE_OK)
		return fail_tar(w, name, err);
	w->failed = end_frame(w);
	if (!w->failed && sha)
		w->failed = append_sum(w, SHA256End(sha, hex), name);
	if (w->failed)
		return erg_fail_errno(err, w->failed, "%s: cannot write member %s", w->path, name);
	return 0;
}

static int add_bytes(struct erg_archive_writer *w, const char *name, const void *data, size_t len,
	SHA2_CTX *sha, struct erg_err *err)
{
	int r = begin_member(w, name, len, err);

	if (r < 0)
		return r;
	if (sha)
		SHA256Update(sha, data, len);
	if (len > 0 && archive_write_data(w->tar, data, len) != (la_ssize_t)len)
		return fail_tar(w, name, err);
	return end_member(w, name, sha, err);
}

int erg_archive_add_mem(struct erg_archive_writer *w, const char *name, const void *data,
	size_t len, struct erg_err *err)
{
	SHA2_CTX sha;

	SHA256Init(&sha);
	return add_bytes(w, name, data, len, &sha, err);
}

static int copy_file(struct erg_archive_writer *w, int fd, const char *name, const char *path,
	uint64_t size, SHA2_CTX *sha, struct erg_err *err)
{
	for (uint64_t done = 0; done < size;) {
		size_t want = size - done < COPY_SIZE ? (size_t)(size - done) : COPY_SIZE;
		ssize_t n = read(fd, w->copy, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			w->failed = n < 0 ? -errno : -EIO;
			return n < 0 ? erg_fail_errno(err, w->failed, "%s", path) :
				       erg_fail(err, w->failed, "%s: became shorter while it was read",
					       path);
		}
		SHA256Update(sha, (unsigned char *)w->copy, (size_t)n);
		if (archive_write_data(w->tar, w->copy, (size_t)n) != n)
			return fail_tar(w, name, err);
		done += (uint64_t)n;
	}
	return 0;
}

int erg_archive_add_file(struct erg_archive_writer *w, const char *name, const char *path,
	struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	SHA2_CTX sha;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return erg_fail(err, -EINVAL, "%s: a regular file was expected", path);
	r = begin_member(w, name, (uint64_t)st.st_size, err);
	if (r < 0)
		return r;
	SHA256Init(&sha);
	r = copy_file(w, fd, name, path, (uint64_t)st.st_size, &sha, err);
	return r < 0 ? r : end_member(w, name, &sha, err);
}

/* ---- trees ---- */

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int add_node(struct erg_archive_writer *w, const char *prefix, const char *dir,
	const char *base, struct erg_err *err)
{
	_cleanup_(erg_freep) char *name = NULL, *path = NULL;
	struct stat st;

	if (asprintf(&name, "%s/%s", prefix, base) < 0 || asprintf(&path, "%s/%s", dir, base) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", dir);
	if (lstat(path, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return erg_archive_add_tree(w, name, path, err);
	return erg_archive_add_file(w, name, path, err);
}

int erg_archive_add_tree(struct erg_archive_writer *w, const char *prefix, const char *dir,
	struct erg_err *err)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, not_dots, by_bytes), r = 0;

	if (n < 0)
		return erg_fail_errno(err, -errno, "%s", dir);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add_node(w, prefix, dir, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return r;
}

/* ---- the end ---- */

/* Gives the file its name without replacing another; file systems differ in what they offer. */
static int name_exclusively(struct erg_archive_writer *w, const char *base)
{
	if (renameat2(w->dirfd, w->tmp, w->dirfd, base, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(w->dirfd, w->tmp, w->dirfd, base, 0) < 0)
		return -errno;
	unlinkat(w->dirfd, w->tmp, 0);
	return 0;
}

static int give_name(struct erg_archive_writer *w, struct erg_err *err)
{
	const char *slash = strrchr(w->path, '/');
	const char *base = slash ? slash + 1 : w->path;
	int r = w->opt.force ? check_target(w, err) : 0;

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
	free(w->tmp);
	w->tmp = NULL;
	fsync(w->dirfd);
	return 0;
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
	if (archive_write_close(w->tar) != ARCHIVE_OK)
		return fail_tar(w, "(end of archive)", err);
	r = end_frame(w);
	if (r == 0)
		r = write_digest_frame(w);
	if (r == 0)
		r = write_seek_table(w);
	if (r == 0 && fsync(w->fd) < 0)
		r = -errno;
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
	if (w->tar) {
		archive_write_fail(w->tar);
		archive_write_free(w->tar);
	}
	ZSTD_freeCCtx(w->zstd);
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
	free(w->out);
	free(w->copy);
	free(w->frames);
	free(w->sums);
	free(w);
}

void erg_archive_writer_freep(struct erg_archive_writer **w)
{
	erg_archive_writer_free(*w);
}
