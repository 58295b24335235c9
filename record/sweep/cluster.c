/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sweep by the nodes of a cluster. Each task is this program on its shard, with --resume: a task that is
 * submitted again makes the runs that are missing. The shards lie beside DIR and not in it, where each
 * archive would be there twice.
 */
#include "record/sweep/cluster.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "formats/slurm/slurm.h"

static int add_path(struct erg_texts *argv, const char *option, const char *path,
	struct erg_err *err)
{
	char full[PATH_MAX];
	int r = erg_slurm_absolute(path, full, sizeof(full), err);

	if (r < 0)
		return r;
	return erg_texts_add(argv, option) | erg_texts_add(argv, full)
		? erg_fail(err, -ENOMEM, "no memory")
		: 0;
}

static int make_command(const struct erg_sweep *s, unsigned int tasks, const char *shards,
	struct erg_texts *argv, struct erg_err *err)
{
	char text[PATH_MAX + 16];
	int r = erg_slurm_program(text, sizeof(text), err), full = 0;

	if (r < 0)
		return r;
	full |= erg_texts_add(argv, text);
	r = add_path(argv, "sweep", s->plan_file, err);
	snprintf(text, sizeof(text), "--shard=" ERG_SLURM_TASK "/%u", tasks);
	full |= erg_texts_add(argv, text) | erg_texts_add(argv, "--resume") |
		erg_texts_add(argv, "-o");
	snprintf(text, sizeof(text), "%s/" ERG_SLURM_TASK, shards);
	full |= erg_texts_add(argv, text);
	if (s->redo)
		full |= erg_texts_add(argv, "--redo") | erg_texts_add(argv, s->redo);
	for (size_t i = 0; i < s->given.n; i++)
		full |= erg_texts_add(argv, "--condition") | erg_texts_add(argv, s->given.v[i]);
	if (r >= 0 && strcmp(s->sysfs, "/sys"))
		r = add_path(argv, "--sysfs", s->sysfs, err);
	return r < 0 ? r : full ? erg_fail(err, -ENOMEM, "no memory") : 0;
}

static int open_shards(const struct erg_sweep *s, char *ret, size_t size, struct erg_err *err)
{
	int r = erg_slurm_absolute(s->dir, ret, size - sizeof("-shards"), err);
	size_t n;

	if (r < 0)
		return r;
	for (n = strlen(ret); n > 1 && ret[n - 1] == '/'; n--)
		;
	snprintf(ret + n, size - n, "-shards");
	if (mkdir(ret, 0777) == 0 || (errno == EEXIST && s->resume))
		return 0;
	return errno == EEXIST
		? erg_fail(err, -EEXIST, "%s: a sweep was begun here: --resume continues it", ret)
		: erg_fail_errno(err, -errno, "%s", ret);
}

int erg_sweep_slurm_run(struct erg_sweep *s, const struct erg_sweep_slurm *on,
	struct erg_texts *ret, struct erg_err *err)
{
	static const int good[] = {0};
	char shards[PATH_MAX], logs[PATH_MAX + 16], cwd[PATH_MAX];
	struct erg_texts argv = {0};
	struct erg_slurm slurm = {.name = "erg-sweep",
		.dir = logs,
		.cwd = cwd,
		.tasks = on->tasks,
		.tries = on->tries,
		.exclusive = true,
		.good = good,
		.tell = on->tell};
	int r = open_shards(s, shards, sizeof(shards), err);

	if (r >= 0 && !getcwd(cwd, sizeof(cwd)))
		r = erg_fail_errno(err, -errno, "the folder of this process");
	snprintf(logs, sizeof(logs), "%s/slurm", shards);
	if (r >= 0)
		r = make_command(s, on->tasks, shards, &argv, err);
	slurm.command = (const char *const *)argv.v;
	if (r >= 0)
		r = erg_slurm_run(&slurm, err);
	erg_texts_clear(&argv);
	for (unsigned int i = 1; r >= 0 && i <= on->tasks; i++) {
		char path[PATH_MAX + 64];

		snprintf(path, sizeof(path), "%s/%u/index.json", shards, i);
		if (access(path, F_OK) < 0)
			continue;
		*strrchr(path, '/') = '\0';
		if (erg_texts_add(ret, path) < 0)
			r = erg_fail(err, -ENOMEM, "no memory");
	}
	if (r >= 0 && !ret->n)
		return erg_fail(err, -ENODATA, "%s: no task made a run: see %s", s->plan_file,
			logs);
	return r < 0 ? r : 0;
}
