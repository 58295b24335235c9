/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Saving and restoring of knobs.
 *
 * Promise: whatever kills a sweep, its knobs come back. A watchdog process waits on a pipe whose
 * other end only the sweep holds; the kernel closes it even on SIGKILL. If the watchdog dies as
 * well (power loss), the file is still there for `erg-record restore` or the next sweep.
 *
 * Who holds the lock beside the file has the knobs: the sweep, and after it its watchdog. A lock
 * goes with its holders however they end; a pid in a file would outlive them, and after a power
 * loss, when it matters, belong to somebody else.
 *
 * Restoring goes over the cells several times, because their order matters in ways that depend on
 * the driver (a lower limit cannot exceed the upper one, a speed can only be set under its
 * governor): whatever failed in one pass gets its chance in the next.
 */
#include "record/knobs/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include <jansson.h>

#include "formats/base/memory.h"
#include "formats/base/folders.h"
#include "formats/base/kept.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"

#define FORMAT "erg-knobs"
#define PASSES 6
#define STATE_BYTES_MAX (4 << 20)

int erg_state_dir(char *buf, size_t size, struct erg_err *err)
{
	const char *dir = getenv("ERG_STATE_DIR");
	int r;

	if (dir && *dir)
		snprintf(buf, size, "%s", dir);
	else if (!erg_kept_folder(buf, size))
		return erg_fail(err, -ENOENT,
			"no directory for saved knobs: expected HOME, "
			"XDG_STATE_HOME or ERG_STATE_DIR in the environment");
	r = erg_folders_make(buf);
	return r < 0 ? erg_fail_errno(err, r, "%s: directory for saved knobs", buf) : 0;
}

int erg_state_path(const char *sysfs, char *buf, size_t size, struct erg_err *err)
{
	char dir[3000], real[PATH_MAX];
	uint64_t hash = 14695981039346656037u; /* FNV-1a */
	int r = erg_state_dir(dir, sizeof(dir), err);

	if (r < 0)
		return r;
	if (!realpath(sysfs, real))
		return erg_fail_errno(err, -errno, "%s", sysfs);
	for (const char *p = real; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	snprintf(buf, size, "%s/knobs-%016llx.json", dir, (unsigned long long)hash);
	return 0;
}

/* ---- what a state file may say ---- */

/* The document in PATH; refuses also what this user or root has not written, and what others may write. */
static json_t *document_read(const char *path, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = erg_kept_open(path, O_NOFOLLOW, STATE_BYTES_MAX, err);
	json_t *doc = NULL;
	json_error_t error;

	if (fd >= 0 && !(doc = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error)))
		erg_fail(err, -EINVAL, "%s: not a file of saved knobs: line %d: %s", path,
			error.line, error.text);
	return doc;
}

/* Whether PATH is a file below ROOT (both without links on the way to what they name). */
static bool lies_below(const char *path, const char *root)
{
	char dir[PATH_MAX], real[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const size_t n = strlen(root);

	if (!slash || slash == path || slash[1] == '\0' || slash[1] == '.' ||
		(size_t)(slash - path) >= sizeof(dir))
		return false;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	return realpath(dir, real) && !strncmp(real, root, n) &&
		(real[n] == '/' || real[n] == '\0');
}

/* A text that a cell can have had. */
static bool plausible(const char *value)
{
	if (!value || strlen(value) >= ERG_KNOB_TEXT_MAX)
		return false;
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

/* The root that the file was saved for, resolved; the file's name is that root's. */
static int root_check(const char *path, const json_t *doc, char root[PATH_MAX], struct erg_err *err)
{
	const char *sysfs = json_string_value(json_object_get(doc, "sysfs"));
	char expected[4200];
	int r;

	if (!sysfs || *sysfs != '/' || !realpath(sysfs, root) || !strcmp(root, "/"))
		return erg_fail(err, -EINVAL,
			"%s: expected \"sysfs\", the tree that the knobs are in", path);
	r = erg_state_path(root, expected, sizeof(expected), err);
	if (r < 0)
		return r;
	if (strcmp(strrchr(expected, '/') + 1, erg_base_name(path)))
		return erg_fail(err, -EINVAL, "%s: expected the name %s, which belongs to %s", path,
			strrchr(expected, '/') + 1, root);
	return 0;
}

/* All of it is right, or nothing is written. */
static int cells_check(const char *path, const json_t *doc, struct erg_err *err)
{
	const json_t *cells = json_object_get(doc, "cells"), *cell;
	char root[PATH_MAX];
	size_t i;
	int r = root_check(path, doc, root, err);

	if (r < 0)
		return r;
	json_array_foreach ((json_t *)cells, i, cell) {
		const char *at = json_string_value(json_object_get(cell, "path"));

		if (!at || (strncmp(at, "nvml:", 5) && !lies_below(at, root)))
			return erg_fail(err, -EINVAL, "%s: cell %zu: expected a path below %s",
				path, i + 1, root);
		if (!plausible(json_string_value(json_object_get(cell, "value"))))
			return erg_fail(err, -EINVAL,
				"%s: cell %zu: expected a value of one line, under %d bytes", path,
				i + 1, ERG_KNOB_TEXT_MAX);
	}
	return 0;
}

/* DIR/.knobs-HASH.json.lock, which holds the pid of the sweep. */
static int lock_take(const char *path, int *ret, struct erg_err *err)
{
	const char *base = erg_base_name(path);
	_cleanup_(erg_closep) int fd = -1;
	char lock[4300], pid[16] = "";
	int n;

	snprintf(lock, sizeof(lock), "%.*s.%s.lock", (int)(base - path), path, base);
	fd = erg_kept_lock(lock, err);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (pread(fd, pid, sizeof(pid) - 1, 0) < 0)
			pid[0] = 0;
		return erg_fail(err, -EBUSY, "%s: process %s is changing these knobs now", path,
			pid);
	}
	n = snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		return erg_fail_errno(err, errno ? -errno : -EIO, "%s", lock);
	*ret = erg_steal_fd(&fd);
	return 0;
}

static json_t *cells_json(const struct erg_knob *knobs, size_t n, struct erg_err *err)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < knobs[i].cells.n; c++) {
			const char *path = knobs[i].cells.v[c];
			char text[ERG_KNOB_TEXT_MAX];
			int r = erg_cell_read(path, text, sizeof(text));

			if (r < 0) {
				erg_fail_errno(err, r, "%s: reading it before changing it", path);
				json_decref(cells);
				return NULL;
			}
			if (strcmp(text, ERG_KNOB_UNTOUCHED) == 0)
				snprintf(text, sizeof(text), "unlocked");
			if (json_array_append_new(cells,
				    json_pack("{s:s, s:s}", "path", path, "value", text))) {
				erg_fail(err, -ENOMEM, "%s: its value cannot be saved", path);
				json_decref(cells);
				return NULL;
			}
		}
	return cells;
}

static int write_synced(const char *path, const char *text, struct erg_err *err)
{
	char tmp[4200], dir[4096];
	_cleanup_(erg_closep) int fd = -1, dir_fd = -1;
	ssize_t len = (ssize_t)strlen(text);

	snprintf(tmp, sizeof(tmp), "%s.%d", path, getpid());
	unlink(tmp); /* of a process that had this number and died */
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return erg_fail_errno(err, -errno, "%s", tmp);
	if (write(fd, text, (size_t)len) != len || fsync(fd) < 0 || rename(tmp, path) < 0) {
		int r = errno ? -errno : -EIO;

		unlink(tmp);
		return erg_fail_errno(err, r, "%s", path);
	}
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd >= 0)
		fsync(dir_fd);
	return 0;
}

/* Writes back what differs. Returns how many still do, and whether any was changed in *CHANGED. */
static size_t pass(json_t *cells, bool *changed, FILE *log)
{
	size_t i, differ = 0;
	json_t *cell;

	json_array_foreach (cells, i, cell) {
		const char *path = json_string_value(json_object_get(cell, "path"));
		const char *value = json_string_value(json_object_get(cell, "value"));
		char now[ERG_KNOB_TEXT_MAX] = "";
		int r;

		/* cpufreq's speed while another governor rules: nothing to write */
		if (!path || !value || value[0] == '<')
			continue;
		r = erg_cell_read(path, now, sizeof(now));
		if (r == 0 && strcmp(now, value) == 0)
			continue;
		differ++;
		r = erg_cell_write(path, value);
		if (log && r == 0 && !changed[i])
			erg_terminal_line(log, "restored %s: %s -> %s", path, now, value);
		changed[i] = true;
	}
	return differ;
}

static int restore_cells(json_t *cells, const char *path, FILE *log, struct erg_err *err)
{
	struct timespec pause = {0, 50000000};
	_cleanup_(erg_freep) bool *changed = calloc(json_array_size(cells) + 1, sizeof(*changed));
	size_t differ = 0;
	int n = 0;

	if (!changed)
		return erg_fail(err, -ENOMEM, "%s: no memory", path);
	for (int i = 0; i < PASSES; i++) {
		differ = pass(cells, changed, log);
		if (differ == 0 && i > 0)
			break;
		/* once more even when all is well: a board may refuse a little later */
		nanosleep(&pause, NULL);
	}
	if (differ > 0)
		return erg_fail(err, -EIO, "%s: %zu knobs cannot be put back; the file is kept",
			path, differ);
	for (size_t i = 0; i < json_array_size(cells); i++)
		n += changed[i];
	return n;
}

static int restore(const char *path, FILE *log, struct erg_err *err)
{
	json_t *doc = document_read(path, err), *cells = json_object_get(doc, "cells");
	const char *format = json_string_value(json_object_get(doc, "format"));
	int r;

	if (!doc)
		return err ? err->code : -EINVAL;
	if (!format || strcmp(format, FORMAT) != 0 || !json_is_array(cells))
		r = erg_fail(err, -EINVAL, "%s: not a file of saved knobs", path);
	else
		r = cells_check(path, doc, err);
	if (r == 0)
		r = restore_cells(cells, path, log, err);
	json_decref(doc);
	if (r >= 0 && unlink(path) < 0 && errno != ENOENT)
		return erg_fail_errno(err, -errno, "%s: removing it", path);
	return r;
}

static int save(const struct erg_knob_context *ctx, const struct erg_knob *knobs, size_t n,
	const char *path, struct erg_err *err)
{
	_cleanup_(erg_freep) char *text = NULL;
	char root[PATH_MAX];
	json_t *cells, *doc;

	if (access(path, F_OK) == 0) {
		int r = restore(path, stderr, err);

		if (r < 0)
			return r;
	}
	cells = cells_json(knobs, n, err);
	if (!cells)
		return -EIO;
	doc = json_pack("{s:s, s:i, s:s, s:o}", "format", FORMAT, "version", 1, "sysfs",
		realpath(ctx->sysfs, root) ? root : ctx->sysfs, "cells", cells);
	text = doc ? erg_memory_json(doc, JSON_INDENT(1)) : NULL;
	json_decref(doc);
	if (!text)
		return erg_fail(err, -ENOMEM, "%s: no memory", path);
	return write_synced(path, text, err);
}

int erg_state_save(const struct erg_knob_context *ctx, const struct erg_knob *knobs, size_t n,
	char *path, size_t size, int *ret_lock, struct erg_err *err)
{
	_cleanup_(erg_closep) int lock = -1;
	int r = erg_state_path(ctx->sysfs, path, size, err);

	if (r == 0)
		r = lock_take(path, &lock, err);
	if (r == 0)
		r = save(ctx, knobs, n, path, err);
	if (r == 0)
		*ret_lock = erg_steal_fd(&lock);
	return r;
}

int erg_state_restore(const char *path, bool force, FILE *log, struct erg_err *err)
{
	_cleanup_(erg_closep) int lock = -1;
	int r = force ? 0 : lock_take(path, &lock, err);

	return r < 0 ? r : restore(path, log, err);
}

/* PATH says SAVED, what it said when the sweep began; where somebody has changed, removed or replaced it
 * since, or made it writable for others, it is written anew. */
static void renew(const char *path, const json_t *saved)
{
	_cleanup_(erg_freep) char *text = saved ? erg_memory_json(saved, JSON_INDENT(1)) : NULL;
	struct erg_err err = {0};
	json_auto_t *now = document_read(path, &err);

	if (!text || (now && json_equal(now, saved)))
		return;
	erg_terminal_line(stderr,
		"erg-record sweep: %s was changed by somebody else while the sweep ran; the knobs "
		"are put back to what it said before",
		path);
	rmdir(path);
	if (write_synced(path, text, &err) < 0)
		erg_terminal_line(stderr, "erg-record sweep: %s", err.msg);
}

static void watch_parent(const char *path, int lock, int fd)
{
	struct erg_err err = {0};
	json_auto_t *saved = document_read(path, &err);
	char c;

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	while (read(fd, &c, 1) < 0 && errno == EINTR)
		;
	renew(path, saved);
	/* a fresh process, as drivers' libraries do not promise to work in a fork; with the lock */
	fcntl(lock, F_SETFD, 0);
	if (dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDOUT_FILENO) >= 0)
		execl("/proc/self/exe", "erg-record", "restore", "--force", "--file", path, NULL);
	if (erg_state_restore(path, true, NULL, &err) < 0) {
		erg_terminal_line(stderr, "erg-record sweep: %s", err.msg);
		_exit(1);
	}
	_exit(0);
}

int erg_watchdog_start(const char *path, int lock, pid_t *ret_pid, int *ret_fd, struct erg_err *err)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return erg_fail_errno(err, -errno, "watchdog: pipe");
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return erg_fail_errno(err, -errno, "watchdog: fork");
	}
	if (pid == 0) {
		close(fds[1]);
		watch_parent(path, lock, fds[0]);
	}
	close(fds[0]);
	*ret_pid = pid;
	*ret_fd = fds[1];
	return 0;
}

int erg_watchdog_finish(pid_t pid, int *fd, const char *path, struct erg_err *err)
{
	int status = 0;
	pid_t r = -1;

	erg_closep(fd);
	*fd = -1;
	while (pid > 0 && (r = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	if (pid > 0 && r == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (pid > 0 && r == pid && WIFEXITED(status))
		return erg_fail(err, -EIO, "%s: not all knobs could be put back", path);
	/* the watchdog was killed: do its work */
	r = erg_state_restore(path, true, stderr, err);
	return r < 0 ? r : 0;
}
