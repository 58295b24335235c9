/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recorder's pages are memory files without names: they are found among its descriptors, in /proc.
 * Only processes of this user are looked at unless one is named. A page that could still be made
 * shorter is not taken: who maps it could be killed by that.
 */
#include "record/top/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/util.h"

/* The file PATH of SIZE bytes, mapped; NULL if it is not such a page. */
static void *page_map(const char *path, size_t size)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p;
	int seals;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size != (off_t)size)
		return NULL;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return NULL;
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

static void show_take(struct erg_top_pages *p, const char *path)
{
	const struct erg_show_page *s = p->show ? NULL : page_map(path, sizeof(*s));

	if (s && s->magic == ERG_SHOW_MAGIC && s->version == ERG_SHOW_VERSION &&
		s->size == sizeof(*s) && s->n <= ERG_SHOW_LINES)
		p->show = s;
	else if (s)
		munmap((void *)s, sizeof(*s));
}

static void live_take(struct erg_top_pages *p, const char *path)
{
	const struct erg_live_page *l = p->live ? NULL : page_map(path, sizeof(*l));

	if (l && l->magic == ERG_LIVE_MAGIC && l->version == ERG_LIVE_VERSION &&
		l->size == sizeof(*l))
		p->live = l;
	else if (l)
		munmap((void *)l, sizeof(*l));
}

/* 1: PID records; 0: it does not; negative: it may not be looked at. */
static int look_into(pid_t pid, struct erg_top_pages *ret)
{
	static const char show[] = "/memfd:" ERG_SHOW_NAME, live[] = "/memfd:" ERG_LIVE_NAME;
	_cleanup_(erg_closedirp) DIR *d = NULL;
	struct erg_top_pages p = {.pid = pid};
	char dir[64], path[384], to[64];
	struct dirent *e;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	d = opendir(dir);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		ssize_t n;

		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		n = readlink(path, to, sizeof(to) - 1);
		if (n <= 0)
			continue;
		to[n] = '\0';
		if (!strncmp(to, show, sizeof(show) - 1))
			show_take(&p, path);
		else if (!strncmp(to, live, sizeof(live) - 1))
			live_take(&p, path);
	}
	if (!p.show) {
		erg_top_pages_release(&p);
		return 0;
	}
	*ret = p;
	return 1;
}

/* By its program: a recorder that was started anew is called "exe". */
static bool is_recorder(const char *pid)
{
	char path[64], exe[4096];
	struct stat st;
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.20s", pid);
	if (stat(path, &st) < 0 || st.st_uid != geteuid())
		return false;
	snprintf(path, sizeof(path), "/proc/%.20s/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	name = strrchr(exe, '/');
	return name && !strncmp(name + 1, "erg-record", strlen("erg-record"));
}

static int find_newest(struct erg_top_pages *ret, unsigned *ret_others)
{
	_cleanup_(erg_closedirp) DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned found = 0;

	while (d && (e = readdir(d))) {
		struct erg_top_pages p;

		if (*e->d_name < '1' || *e->d_name > '9' || !is_recorder(e->d_name) ||
			look_into((pid_t)atoi(e->d_name), &p) != 1)
			continue;
		if (erg_top_pages_ended(&p) || (found && p.show->begin_ns < ret->show->begin_ns)) {
			found += !erg_top_pages_ended(&p);
			erg_top_pages_release(&p);
			continue;
		}
		if (found)
			erg_top_pages_release(ret);
		*ret = p;
		found++;
	}
	*ret_others = found ? found - 1 : 0;
	return found > 0;
}

int erg_top_pages_find(pid_t pid, struct erg_top_pages *ret, unsigned *ret_others,
	struct erg_err *err)
{
	int r;

	*ret_others = 0;
	if (!pid)
		return find_newest(ret, ret_others);
	r = look_into(pid, ret);
	if (r < 0)
		return erg_fail_errno(err, r, "process %d", (int)pid);
	if (!r)
		return erg_fail(err, -ESRCH, "process %d: no recording goes on there", (int)pid);
	return 1;
}

void erg_top_pages_release(struct erg_top_pages *p)
{
	if (p->show)
		munmap((void *)p->show, sizeof(*p->show));
	if (p->live)
		munmap((void *)p->live, sizeof(*p->live));
	*p = (struct erg_top_pages){0};
}

bool erg_top_pages_ended(const struct erg_top_pages *p)
{
	return atomic_load(&p->show->ended) || (kill(p->pid, 0) < 0 && errno == ESRCH);
}
