/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was decoded once: see the header. Nothing here is an error to anybody: a cache that cannot be
 * read or written is none. Files of others, links and files that others may write are not used.
 */
#include "analyze/reader/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include <babeltrace2/babeltrace.h>

#include "analyze/reader/columns.h"
#include "formats/archive/digest.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define FOLDER "ergtrace"
#define NEW ".new-" /* being written, and locked meanwhile */
#define YOUNG_S 60  /* may not be locked yet */
#define MAGIC "erg columns 1\n"

/* ---- the key ---- */

struct build {
	const void *id;
	size_t len;
};

/* The first object is the program itself; its linker put an id there that differs by build. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *data)
{
	struct build *b = data;

	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		const char *at = (const char *)(info->dlpi_addr + h->p_vaddr);
		const char *end = at + h->p_memsz;

		while (h->p_type == PT_NOTE && (size_t)(end - at) > sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)(const void *)at;
			const char *name = at + sizeof(*n);
			const char *desc = name + ((n->n_namesz + 3u) & ~3u);

			if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
				!memcmp(name, "GNU", 4)) {
				*b = (struct build){desc, n->n_descsz};
				return 1;
			}
			at = desc + ((n->n_descsz + 3u) & ~3u);
		}
	}
	return 1;
}

/* What the columns depend on beside the archive. Where the linker gave no id, the program's file. */
static bool hash_program(struct erg_sha256 *sha)
{
	const unsigned int reader[] = {bt_version_get_major(), bt_version_get_minor(),
		bt_version_get_patch()};
	struct build b = {0};
	struct stat st;

	erg_sha256_add(sha, MAGIC ERG_VERSION, sizeof(MAGIC ERG_VERSION));
	erg_sha256_add(sha, reader, sizeof(reader));
	dl_iterate_phdr(find_build_id, &b);
	if (b.len) {
		erg_sha256_add(sha, b.id, b.len);
		return true;
	}
	if (stat("/proc/self/exe", &st))
		return false;
	erg_sha256_add(sha, &st.st_ino, sizeof(st.st_ino));
	erg_sha256_add(sha, &st.st_size, sizeof(st.st_size));
	erg_sha256_add(sha, &st.st_mtim, sizeof(st.st_mtim));
	return true;
}

static bool make_key(const struct erg_archive *a, struct erg_cache *c)
{
	char content[ERG_ARCHIVE_DIGEST_SIZE];
	struct erg_sha256 sha;

	erg_sha256_init(&sha);
	if (!hash_program(&sha) || erg_archive_stat(a, &c->archive) < 0 ||
		erg_archive_hash(a, content) < 0)
		return false;
	erg_sha256_add(&sha, content, sizeof(content));
	erg_sha256_end_text(&sha, c->name);
	return true;
}

/* ---- the folder ---- */

static bool only_ours(const struct stat *st)
{
	return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* A folder of ours, made if it is not there; -1: it is another's, or a link, or cannot be made. */
static int open_folder(int at, const char *name)
{
	_cleanup_(erg_closep) int fd = -1;
	struct stat st;

	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !only_ours(&st))
		return -1;
	return erg_steal_fd(&fd);
}

static int open_cache(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	_cleanup_(erg_closep) int base = -1;
	char path[4096];

	if (xdg && *xdg == '/') /* others are to be ignored (XDG Base Directory Specification) */
		base = open_folder(AT_FDCWD, xdg);
	else if (home && *home == '/' &&
		snprintf(path, sizeof(path), "%s/.cache", home) < (int)sizeof(path))
		base = open_folder(AT_FDCWD, path);
	return base < 0 ? -1 : open_folder(base, FOLDER);
}

/* "500M": bytes of all files together. */
static int parse_size(const char *text, uint64_t *ret, struct erg_err *err)
{
	static const char units[] = "KMGT";
	const char *unit = NULL;
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	*ret = ERG_CACHE_SIZE_DEFAULT;
	if (!text || !*text)
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end && (unit = strchr(units, *end)) != NULL) {
		shift = 10 * (unsigned int)(unit - units + 1);
		end++;
	}
	if (errno || *text < '0' || *text > '9' || *end || n > UINT64_MAX >> shift)
		return erg_fail(err, -EINVAL,
			"ERG_CACHE_SIZE=%s: expected bytes, or a number with K, M, G or T", text);
	*ret = n << shift;
	return 0;
}

int erg_cache_open(const struct erg_archive *a, struct erg_cache *ret, struct erg_err *err)
{
	int r = parse_size(getenv("ERG_CACHE_SIZE"), &ret->most, err);

	if (r < 0 || !ret->most)
		return r;
	ret->dir = open_cache();
	if (ret->dir >= 0 && !make_key(a, ret)) {
		close(ret->dir);
		ret->dir = -1;
	}
	return 0;
}

void erg_cache_close(struct erg_cache *c)
{
	erg_closep(&c->dir);
	c->dir = -1;
}

/* ---- one file ---- */

struct head {
	char magic[sizeof(MAGIC)];
	char key[ERG_SHA256_TEXT];
};

static struct head head_of(const struct erg_cache *c)
{
	struct head h = {.magic = MAGIC};

	memcpy(h.key, c->name, sizeof(h.key));
	return h;
}

int erg_cache_load(const struct erg_cache *c, struct erg_timeline *tl)
{
	_cleanup_(erg_closep) int fd = -1;
	const struct head right = head_of(c);
	struct head h;
	struct stat st;
	int r;

	if (c->dir < 0)
		return 0;
	fd = openat(c->dir, c->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !only_ours(&st) ||
		read(fd, &h, sizeof(h)) != (ssize_t)sizeof(h) || memcmp(&h, &right, sizeof(h)))
		return 0;
	futimens(fd, NULL); /* when it was used last */
	r = erg_columns_read(fd, tl);
	return r < 0 ? r : 1;
}

/* The archive's bytes are still those of the key, and decoding them took none of another's. */
static bool unchanged(const struct erg_cache *c, const struct erg_archive *a)
{
	struct stat st;

	return erg_archive_stat(a, &st) == 0 && st.st_size == c->archive.st_size &&
		!memcmp(&st.st_mtim, &c->archive.st_mtim, sizeof(st.st_mtim)) &&
		!memcmp(&st.st_ctim, &c->archive.st_ctim, sizeof(st.st_ctim));
}

/* As much as there is allowed, and never the last of a disk. */
static uint64_t room(const struct erg_cache *c)
{
	struct statvfs s;
	uint64_t left;

	if (fstatvfs(c->dir, &s) < 0)
		return 0;
	left = (uint64_t)s.f_bavail * s.f_frsize / 4;
	return left < c->most ? left : c->most;
}

static void prune(const struct erg_cache *c);

void erg_cache_store(const struct erg_cache *c, const struct erg_archive *a,
	const struct erg_timeline *tl, size_t warnings)
{
	_cleanup_(erg_closep) int fd = -1;
	const struct head h = head_of(c);
	char name[64];

	if (c->dir < 0 || !unchanged(c, a))
		return;
	snprintf(name, sizeof(name), NEW "%d-%llx", (int)getpid(),
		(unsigned long long)erg_mono_ns());
	fd = openat(c->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || write(fd, &h, sizeof(h)) != (ssize_t)sizeof(h) ||
		erg_columns_write(fd, tl, warnings, room(c)) < 0 ||
		renameat(c->dir, name, c->dir, c->name) < 0)
		unlinkat(c->dir, name, 0);
	prune(c);
}

/* ---- all of them ---- */

struct entry {
	char name[NAME_MAX + 1];
	struct timespec used;
	uint64_t bytes;
};

struct entries {
	struct entry *e;
	size_t n, cap;
	uint64_t bytes;
};

/* One that is being written holds its lock; of a writer that died, nobody does. */
static void drop_abandoned(const struct erg_cache *c, const char *name, const struct stat *st)
{
	_cleanup_(erg_closep) int fd = -1;

	if (st->st_ctime + YOUNG_S > time(NULL))
		return;
	fd = openat(c->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(c->dir, name, 0);
}

static bool is_key(const char *name)
{
	return strlen(name) == ERG_SHA256_TEXT - 1 &&
		strspn(name, "0123456789abcdef") == ERG_SHA256_TEXT - 1;
}

static void note_entry(struct entries *all, const char *name, const struct stat *st)
{
	struct entry *e;

	if (all->n == all->cap) {
		size_t cap = 2 * all->cap + 64;

		e = reallocarray(all->e, cap, sizeof(*e));
		if (!e)
			return;
		all->e = e;
		all->cap = cap;
	}
	e = &all->e[all->n++];
	snprintf(e->name, sizeof(e->name), "%s", name);
	e->used = st->st_mtim;
	e->bytes = (uint64_t)st->st_blocks * 512;
	all->bytes += e->bytes;
}

static int by_use(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	if (x->used.tv_nsec != y->used.tv_nsec)
		return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Removes what was not used for the longest time until the rest is as large as it may be. */
static void prune(const struct erg_cache *c)
{
	int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(erg_closedirp) DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct entries all = {0};
	const struct dirent *e;
	struct stat st;

	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d))) {
		if (fstatat(c->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (!strncmp(e->d_name, NEW, strlen(NEW)))
			drop_abandoned(c, e->d_name, &st);
		else if (is_key(e->d_name))
			note_entry(&all, e->d_name, &st);
	}
	if (all.bytes > c->most)
		erg_sort(all.e, all.n, sizeof(*all.e), by_use);
	for (size_t i = 0; i < all.n && all.bytes > c->most; i++)
		if (unlinkat(c->dir, all.e[i].name, 0) == 0 || errno == ENOENT)
			all.bytes -= all.e[i].bytes;
	free(all.e);
}
