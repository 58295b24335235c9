/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recorder that was killed with SIGKILL leaves a session that goes on recording whatever is
 * annotated, and a spool. The next recorder ends the session and points at the spool; it does not
 * decide what becomes of the data.
 */
#include "record/session/stale.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "formats/archive/archive.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "record/session/shm.h"
#include "formats/base/say.h"
#include "record/session/session.h"
#include "record/spool/spool.h"

#define STALE_MAX 64

struct names {
	char name[STALE_MAX][64];
	size_t n;
};

static void session_collect(void *data, const char *name, const char *path)
{
	const bool spool = path && *path == '/' && strstr(path, ERG_SPOOL_SUFFIX);
	struct names *l = data;
	pid_t pid = erg_spool_name_pid(name);

	if (pid < 0 || l->n == STALE_MAX || strlen(name) >= sizeof(l->name[0]))
		return;
	/* who holds its folders lives, though its pid may mean nobody here */
	if (erg_shm_held(name) || (spool && erg_spool_in_use(path)))
		return;
	if (spool || (kill(pid, 0) < 0 && errno == ESRCH))
		strcpy(l->name[l->n++], name);
}

void erg_stale_sessions_end(void)
{
	struct names l = {.n = 0};

	if (erg_session_each(session_collect, &l, NULL) < 0)
		return;
	for (size_t i = 0; i < l.n; i++)
		if (erg_session_end_by_name(l.name[i], NULL) == 0)
			erg_say("ended the session %s, which a killed recorder had left",
				l.name[i]);
}

static bool ends_in(const char *name, const char *end)
{
	const size_t len = strlen(name), n = strlen(end);

	return len == strlen(ERG_ARCHIVE_HIDDEN) + 16 + n && !strcmp(name + len - n, end);
}

/* Its 16 digits. */
static bool is_hidden(const char *name)
{
	const size_t head = strlen(ERG_ARCHIVE_HIDDEN);

	return !strncmp(name, ERG_ARCHIVE_HIDDEN, head) &&
		strspn(name + head, "0123456789abcdef") >= 16;
}

bool erg_stale_is_part(const char *name)
{
	return is_hidden(name) &&
		(ends_in(name, ERG_ARCHIVE_PART) || ends_in(name, ERG_ARCHIVE_KEEP));
}

void erg_stale_parts_remove(const char *output)
{
	char buf[PATH_MAX];
	struct dirent *e;
	struct stat st;

	snprintf(buf, sizeof(buf), "%s", output);
	for (_cleanup_(erg_closedirp) DIR *d = opendir(dirname(buf)); d && (e = readdir(d));) {
		_cleanup_(erg_closep) int fd = -1;

		if (!is_hidden(e->d_name) || !ends_in(e->d_name, ERG_ARCHIVE_PART))
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
			st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
}

static void spool_announce(void *data, const char *spool)
{
	_cleanup_(erg_freep) char *word = erg_terminal_word(spool);

	erg_say("%s: left by a recorder that was killed; to keep it: "
		"erg-record recover %s -o FILE.erg; or remove it",
		spool, word ? word : "SPOOL");
}

void erg_stale_buffers_remove(void)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(ERG_SHM_BASE);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		pid_t pid = erg_spool_name_pid(e->d_name);

		if (pid > 0 && kill(pid, 0) < 0 && errno == ESRCH && !erg_shm_held(e->d_name) &&
			fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_uid == geteuid())
			erg_shm_remove(e->d_name);
	}
}

void erg_stale_spools_announce(const char *dir)
{
	erg_spool_stale(dir, spool_announce, NULL);
}
