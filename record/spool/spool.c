/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The spool on disk. It promises that whoever finds it later, after a crash of any of the programs
 * involved, can tell whether its recorder still runs and can make the archive from it alone.
 *
 * The recorder holds a lock on its folders, which whoever finds them sees, from another process namespace,
 * too, where pids mean others. Not every filesystem has locks; a pid alone does not identify a recorder:
 * pids are used again, and a spool may outlive a boot. So state.json holds pid, start time in clock ticks
 * since boot (/proc/PID/stat, field 22) and the kernel's boot id, and a spool that nobody holds is in use
 * only if all three agree.
 */
#include "record/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "formats/base/memory.h"
#include "formats/base/regular.h"
#include "formats/base/util.h"

pid_t erg_spool_name_pid(const char *name)
{
	char *end;
	long pid;

	/* One part of a path: the name is put below directories, and they are removed. */
	if (strncmp(name, ERG_SPOOL_PREFIX, strlen(ERG_SPOOL_PREFIX)) || strchr(name, '/'))
		return -1;
	name += strlen(ERG_SPOOL_PREFIX);
	errno = 0;
	pid = strtol(name, &end, 10);
	if (errno || end == name || *end != '-' || pid <= 0 || pid > INT_MAX)
		return -1;
	return (pid_t)pid;
}

int erg_spool_create(const char *dir, const char *run_id, char **ret, struct erg_err *err)
{
	_cleanup_(erg_freep) char *abs = realpath(dir, NULL);
	_cleanup_(erg_freep) char *path = NULL;

	if (!abs)
		return erg_fail_errno(err, -errno, "%s: cannot spool there", dir);
	if (asprintf(&path, "%s/%s%d-%s%s", abs, ERG_SPOOL_PREFIX, (int)getpid(), run_id,
		    ERG_SPOOL_SUFFIX) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", dir);
	if (mkdir(path, 0700) < 0)
		return erg_fail_errno(err, -errno, "%s: cannot make the spool", path);
	*ret = erg_steal_ptr(&path);
	return 0;
}

int erg_spool_write_json(const char *spool, const char *name, const json_t *doc,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *text =
		erg_memory_json(doc, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	char path[PATH_MAX], tmp[PATH_MAX + 8];
	_cleanup_(erg_closep) int fd = -1;
	size_t len;
	int r = 0;

	snprintf(path, sizeof(path), "%s/%s", spool, name);
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	if (!text)
		return erg_fail(err, -EINVAL, "%s: cannot be written as JSON", path);
	len = strlen(text);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return erg_fail_errno(err, -errno, "%s", tmp);
	text[len] = '\n'; /* the NUL is no longer needed */
	for (size_t done = 0; done < len + 1 && !r;) {
		ssize_t n = write(fd, text + done, len + 1 - done);

		if (n < 0)
			r = -errno;
		else
			done += (size_t)n;
	}
	if (!r && fdatasync(fd) < 0)
		r = -errno;
	if (!r && rename(tmp, path) < 0)
		r = -errno;
	if (r)
		unlink(tmp);
	return r ? erg_fail_errno(err, r, "%s", path) : 0;
}

int erg_spool_read_json(const char *spool, const char *name, json_t **ret, struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char path[PATH_MAX];
	json_error_t e;

	*ret = NULL;
	snprintf(path, sizeof(path), "%s/%s", spool, name);
	f = erg_regular_open(path);
	if (!f && errno == ENOTSUP)
		return erg_fail(err, -EINVAL, "%s: is no file", path);
	if (!f && errno == ENOTDIR)
		return erg_fail(err, -ENOTDIR,
			"%s: is no folder: expected a spool (ergtrace-PID-ID.spool)", spool);
	if (!f)
		return errno == ENOENT ? 1 : erg_fail_errno(err, -errno, "%s", path);
	*ret = json_loadf(f, 0, &e);
	if (!*ret)
		return erg_fail(err, -EINVAL, "%s: line %d: %s", path, e.line, e.text);
	return 0;
}

/* Field 22 of /proc/PID/stat; 0 when there is no such process. The name in field 2 may hold blanks
 * and parentheses, so count from the last one. */
static uint64_t start_ticks(pid_t pid)
{
	char path[64], buf[1024], *p;
	_cleanup_(erg_closep) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

static void boot_id(char *buf, size_t size)
{
	_cleanup_(erg_closep) int fd =
		open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

json_t *erg_spool_identity(void)
{
	char boot[64];

	boot_id(boot, sizeof(boot));
	return json_pack("{s:i, s:I, s:s}", "pid", (int)getpid(), "start_ticks",
		(json_int_t)start_ticks(getpid()), "boot_id", boot);
}

static int folder_open(const char *path)
{
	return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A shared lock, since NFS gives no other to who has opened for reading. */
int erg_spool_hold(const char *folder)
{
	_cleanup_(erg_closep) int fd = folder_open(folder);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 ? erg_steal_fd(&fd) : -1;
}

bool erg_spool_held(const char *folder)
{
	_cleanup_(erg_closep) int fd = folder_open(folder);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

bool erg_spool_in_use(const char *spool)
{
	const char *id = "";
	json_int_t ticks = 0;
	json_t *state = NULL;
	char boot[64];
	bool used;
	int pid = -1;

	if (erg_spool_held(spool))
		return true;
	if (erg_spool_read_json(spool, "state.json", &state, NULL) != 0) {
		/* Made a moment ago, or cut down between mkdir and the first write. */
		pid = erg_spool_name_pid(erg_base_name(spool));
		return pid > 0 && start_ticks(pid) != 0;
	}
	json_unpack(state, "{s:{s:i, s:I, s:s}}", "recorder", "pid", &pid, "start_ticks", &ticks,
		"boot_id", &id);
	boot_id(boot, sizeof(boot));
	used = pid > 0 && !strcmp(boot, id) && ticks && start_ticks(pid) == (uint64_t)ticks;
	json_decref(state);
	return used;
}

/* ---- chunks ---- */

/* LTTng names a chunk BEGIN-END-N, N counting from 0. */
static long chunk_number(const char *name)
{
	const char *p = strrchr(name, '-');

	return p ? strtol(p + 1, NULL, 10) : -1;
}

static int chunk_compare(const struct dirent **a, const struct dirent **b)
{
	long x = chunk_number((*a)->d_name), y = chunk_number((*b)->d_name);

	return x != y ? (x > y) - (x < y) : strcmp((*a)->d_name, (*b)->d_name);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int chunks_add(struct erg_spool_chunks *c, const char *dir, const char *name)
{
	char **paths = realloc(c->paths, (c->n + 1) * sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	c->paths = paths;
	if (asprintf(&paths[c->n], "%s/%s", dir, name) < 0)
		return -ENOMEM;
	c->n++;
	return 0;
}

/* Adds DIR/NAME/ust for each NAME that FILTER takes and whose number is FIRST or more. */
static int chunks_scan(struct erg_spool_chunks *c, const char *dir,
	int (*filter)(const struct dirent *), size_t first)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, filter, chunk_compare);
	int r = n < 0 && errno != ENOENT ? -errno : 0;

	for (int i = 0; i < n; i++) {
		char name[NAME_MAX + 8];

		snprintf(name, sizeof(name), "%s/ust", names[i]->d_name);
		if (!r && chunk_number(names[i]->d_name) >= (long)first)
			r = chunks_add(c, dir, name);
		free(names[i]);
	}
	free(names);
	return r;
}

static int current(const struct dirent *d)
{
	return d->d_name[0] >= '0' && d->d_name[0] <= '9' && strchr(d->d_name, '-');
}

static int chunk_if_there(struct erg_spool_chunks *c, const char *spool, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", spool, name);
	return access(path, F_OK) == 0 ? chunks_add(c, spool, name) : 0;
}

/*
 * LTTng writes its first chunk in ./ust and each later one in ./BEGIN-N/ust. While it rotates, the
 * one that ends is ./.tmp_old_chunk/ust; then it becomes ./archives/BEGIN-END-N/ust. A crash may
 * leave any of them.
 */
int erg_spool_chunks(const char *spool, bool rotated, size_t first, struct erg_spool_chunks *ret,
	struct erg_err *err)
{
	struct erg_spool_chunks c = {0};
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/archives", spool);
	r = chunks_scan(&c, path, visible, first);
	if (!r && !rotated)
		r = chunk_if_there(&c, spool, ".tmp_old_chunk/ust");
	if (!r && !rotated)
		r = chunk_if_there(&c, spool, "ust");
	if (!r && !rotated)
		r = chunks_scan(&c, spool, current, 0);
	if (!r && !rotated)
		r = chunk_if_there(&c, spool, ".tmp_new_chunk/ust");
	if (r) {
		erg_spool_chunks_release(&c);
		return erg_fail_errno(err, r, "%s", spool);
	}
	*ret = c;
	return 0;
}

void erg_spool_chunks_release(struct erg_spool_chunks *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->paths[i]);
	free(c->paths);
	*c = (struct erg_spool_chunks){0};
}

void erg_spool_stale(const char *dir, void (*fn)(void *data, const char *spool), void *data)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(dir);
	size_t suffix = strlen(ERG_SPOOL_SUFFIX);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		_cleanup_(erg_freep) char *path = NULL;
		size_t len = strlen(e->d_name);

		if (erg_spool_name_pid(e->d_name) < 0 || len < suffix ||
			strcmp(e->d_name + len - suffix, ERG_SPOOL_SUFFIX) ||
			fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
			continue;
		if (asprintf(&path, "%s/%s", dir, e->d_name) < 0)
			return;
		if (!erg_spool_in_use(path))
			fn(data, path);
	}
}

/* ---- files ---- */

uint64_t erg_spool_free_bytes(const char *path, uint64_t *ret_total)
{
	struct statvfs v;

	if (statvfs(path, &v) < 0)
		return UINT64_MAX;
	if (ret_total)
		*ret_total = (uint64_t)v.f_blocks * v.f_frsize;
	return (uint64_t)v.f_bavail * v.f_frsize;
}

/* Not TOP itself: who removed it has removed it. */
static void parents_make(const char *top, const char *path)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *p = dir + strlen(top) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(dir, 0755);
		*p = '/';
	}
}

static int bytes_copy(int in, int out)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(out, buf + done, (size_t)(n - done));
			if (w < 0 && errno == EINTR)
				w = 0;
			if (w < 0)
				return -errno;
		}
	return n < 0 || fdatasync(out) < 0 ? -errno : 0;
}

int erg_spool_copy(const char *from, const char *top, const char *to, struct erg_err *err)
{
	_cleanup_(erg_closep) int in = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC),
				  out = -1;
	char tmp[PATH_MAX];
	int r;

	if (in < 0)
		return erg_fail_errno(err, -errno, "%s", from);
	parents_make(top, to);
	snprintf(tmp, sizeof(tmp), "%s.tmp", to);
	out = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (out < 0)
		return erg_fail_errno(err, -errno, "%s", tmp);
	r = bytes_copy(in, out);
	if (!r && rename(tmp, to) < 0)
		r = -errno;
	if (r)
		unlink(tmp);
	return r ? erg_fail_errno(err, r, "%s", to) : 0;
}

int erg_spool_identify(const char *spool, struct erg_spool_id *ret, struct erg_err *err)
{
	struct stat st;

	if (stat(spool, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", spool);
	*ret = (struct erg_spool_id){st.st_dev, st.st_ino};
	return 0;
}

int erg_spool_check(const char *spool, const struct erg_spool_id *id, struct erg_err *err)
{
	struct erg_spool_id now;

	if (!erg_spool_identify(spool, &now, NULL) && now.device == id->device &&
		now.inode == id->inode)
		return 0;
	return erg_fail(err, -ENOENT,
		"%s: removed while it was recorded into; what was recorded is lost", spool);
}
