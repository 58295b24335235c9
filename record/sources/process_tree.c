/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process and its descendants, by /proc (proc(5)).
 *
 * A child that was waited for is gone, and its CPU time is in its parent's cutime and cstime: the sum
 * over those that are there, with those two, is what the whole took. Children are found by
 * task/TID/children, which needs CONFIG_PROC_CHILDREN (every distribution sets it); without, the
 * process itself and what it waited for is all.
 */
#include "record/sources/process.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"
#include "record/sources/attr.h"

void erg_process_ids_release(struct erg_process_ids *ids)
{
	free(ids->v);
	*ids = (struct erg_process_ids){0};
}

static int add_id(struct erg_process_ids *ids, pid_t id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->v[i] == id)
			return 0;
	if (ids->n == ids->cap) {
		size_t cap = ids->cap ? 2 * ids->cap : 16;
		pid_t *grown = erg_noted(reallocarray(ids->v, cap, sizeof(*grown)));

		if (!grown)
			return -ENOMEM;
		ids->v = grown;
		ids->cap = cap;
	}
	ids->v[ids->n++] = id;
	return 0;
}

/* utime + stime + cutime + cstime of /proc/PID/stat; the name in it may have blanks and brackets. */
static int process_ticks(const char *proc, pid_t pid, uint64_t *ret)
{
	char text[1024];
	unsigned long long user, system;
	long long children_user, children_system;
	const char *end;
	int n = erg_attr_read_line(text, sizeof(text), "%s/%d/stat", proc, (int)pid);

	if (n < 0)
		return n == -ENOENT ? -ESRCH : n;
	end = strrchr(text, ')');
	if (!end ||
		sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld",
			&user, &system, &children_user, &children_system) != 4)
		return -EBADMSG;
	*ret = user + system + (uint64_t)children_user + (uint64_t)children_system;
	return 0;
}

/* The children that thread TID of PID has started. */
static int children_add(const char *proc, pid_t pid, const char *tid, struct erg_process_ids *ids)
{
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char path[600];
	int child, r = 0;

	snprintf(path, sizeof(path), "%s/%d/task/%s/children", proc, (int)pid, tid);
	f = fopen(path, "re"); /* NULL: ended, or a kernel without the file */
	while (r == 0 && f && fscanf(f, "%d", &child) == 1)
		r = add_id(ids, child);
	return r;
}

static int threads_walk(const char *proc, pid_t pid, struct erg_process_ids *threads,
	struct erg_process_ids *processes)
{
	char path[300];
	struct dirent *d;
	int r = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d/task", proc, (int)pid);
	dir = opendir(path);
	if (!dir)
		return 0; /* it has ended meanwhile */
	while (r == 0 && (d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		if (threads)
			r = add_id(threads, (pid_t)atoi(d->d_name));
		if (r == 0)
			r = children_add(proc, pid, d->d_name, processes);
	}
	closedir(dir);
	return r;
}

int erg_process_walk(const char *proc, pid_t pid, struct erg_process_ids *threads, int64_t *ret_ms)
{
	struct erg_process_ids all = {0};
	uint64_t sum = 0, ticks;
	int r = add_id(&all, pid);

	for (size_t i = 0; r == 0 && i < all.n; i++) { /* grows while it is walked */
		int e = process_ticks(proc, all.v[i], &ticks);

		if (e < 0) {
			r = i == 0 ? e : 0;
			continue;
		}
		sum += ticks;
		r = threads_walk(proc, all.v[i], threads, &all);
	}
	erg_process_ids_release(&all);
	*ret_ms = (int64_t)(sum * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
	return r;
}
