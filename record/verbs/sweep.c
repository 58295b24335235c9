/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-record sweep: makes all runs of a plan.
 *
 * Everything that can be wrong is checked before the first run: the plan, that its programs exist,
 * that its knobs exist and take its values. Then the knobs are saved, a watchdog is started, and
 * the runs are made one by one; the index says after each of them how far it got. By several nodes each
 * makes a shard, in a folder of its own, and --merge joins them; --on slurm does both.
 */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/number.h"
#include "formats/base/options.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "record/knobs/state.h"
#include "record/sweep/sweep.h"
#include "record/sweep/check.h"
#include "record/sweep/cluster.h"
#include "record/sweep/merge.h"
#include "record/sweep/redo.h"
#include "record/verbs/verb.h"

#define TRIES 3 /* of a task, where nothing else is said */

/* The sweep, and what is only about other nodes. */
struct wishes {
	struct erg_sweep s;
	const char *on;
	unsigned int tasks, tries;
	bool merge;
	char *const *folders;
	size_t n_folders;
};

static int take_shard(void *into, const char *arg, struct erg_err *err)
{
	struct erg_sweep *s = &((struct wishes *)into)->s;

	if (erg_number_parse_part(arg, &s->shard, &s->shards))
		return 0;
	return erg_fail(err, -EINVAL, "I/N with I from 1 to N, and N at most %d", ERG_PARTS_MAX);
}

static int take_condition(void *into, const char *arg, struct erg_err *err)
{
	struct erg_sweep *s = &((struct wishes *)into)->s;

	return erg_texts_add(&s->given, arg) < 0 ? erg_fail(err, -ENOMEM, "memory") : 0;
}

#define AT(field) offsetof(struct wishes, s.field)
#define AT_OWN(field) offsetof(struct wishes, field)

static const char *const ons[] = {"slurm", NULL};

static const char *const redo_kinds[] = {"unresolved", NULL};

static const struct erg_option rows[] = {
	{"output", 'o', "DIR", "where the archives go", ERG_OPTION_TEXT, AT(dir)},
	{"resume", 0, NULL, "continue a sweep that was begun in DIR", ERG_OPTION_FLAG, AT(resume)},
	{"redo", 0, "unresolved",
		"with --resume: also make again the runs whose energy the data cannot tell; "
		"erg-analyze says which",
		ERG_OPTION_CHOICE, AT(redo), .choices = redo_kinds},
	{"dry-run", 0, NULL, "print the runs and the expected time, and change nothing",
		ERG_OPTION_FLAG, AT(dry_run)},
	{"condition", 0, "K=V", "this condition of the plan holds now: make the runs for it",
		ERG_OPTION_CALL, .take = take_condition},
	{"shard", 0, "I/N",
		"only the I-th of N parts, for one of N nodes: all settings of a workload in a "
		"repetition stay on one node, whose name becomes the tag node. Each in a DIR of its own",
		ERG_OPTION_CALL, .take = take_shard},
	{"merge", 0, NULL, "join the shards in the folders named behind PLAN.yaml into DIR",
		ERG_OPTION_FLAG, AT_OWN(merge)},
	{"on", 0, "slurm",
		"by the tasks of a job array of Slurm, each a shard on a node of its own, in DIR-shards; "
		"then merge them into DIR. SBATCH_PARTITION and the other variables of sbatch(1) hold",
		ERG_OPTION_CHOICE, AT_OWN(on), .choices = ons},
	{"tasks", 0, "N", "with --on: shards", ERG_OPTION_UNSIGNED, AT_OWN(tasks), 1, 100000},
	{"tries", 0, "N", "with --on: submit a task that fails up to N times (default 3)",
		ERG_OPTION_UNSIGNED, AT_OWN(tries), 1, 100},
	{"sysfs", 0, "DIR", "knobs and sensors from DIR instead of /sys", ERG_OPTION_TEXT,
		AT(sysfs)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, rows, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-record",
	.verb = "sweep",
	.synopsis = "PLAN.yaml -o DIR [options]\nPLAN.yaml -o DIR --merge SHARD...",
	.about = "Makes every run of the plan (see erg-plan(5)): each an archive in DIR, listed "
		 "in DIR/index.json. Knobs are put back at the end, whatever that is.",
	.groups = groups,
	.ending = "Exit status: 0 done, 1 failed or some runs failed, 2 wrong usage.",
};

static int check_nodes(const struct wishes *w)
{
	if ((w->on != NULL) + w->merge + (w->s.shards > 0) > 1)
		return erg_options_wrong(&command, "expected one of --shard, --merge and --on");
	if (!w->on != !w->tasks)
		return erg_options_wrong(&command, "%s",
			w->on ? "--on slurm: expected --tasks N"
			      : "--tasks: expected --on slurm with it");
	if (!w->on && w->tries)
		return erg_options_wrong(&command, "--tries: expected --on slurm with it");
	if (w->merge && !w->n_folders)
		return erg_options_wrong(&command,
			"--merge: expected folders of shards behind PLAN.yaml");
	if (w->merge && w->s.given.n)
		return erg_options_wrong(&command,
			"--condition is of runs that are made: expected it without --merge");
	if ((w->merge || w->on) && w->s.dry_run)
		return erg_options_wrong(&command,
			"--dry-run: expected it without --merge and --on");
	return 0;
}

static int parse(struct wishes *w, int argc, char **argv)
{
	struct erg_sweep *s = &w->s;
	int first, r = erg_options_parse(&command, argc, argv, w, &first);

	if (r)
		return r;
	if (first == argc || (first + 1 != argc && !w->merge))
		return erg_options_wrong(&command, "expected one PLAN.yaml");
	s->plan_file = argv[first];
	w->folders = argv + first + 1;
	w->n_folders = (size_t)(argc - first - 1);
	if (check_nodes(w))
		return 2;
	if (s->redo && !s->resume)
		return erg_options_wrong(&command,
			"--redo needs --resume: it is about runs that were made");
	return s->dir ? 0 : erg_options_wrong(&command, "expected -o DIR");
}

static void print_time(FILE *f, double s)
{
	if (isnan(s))
		fprintf(f, "?");
	else if (s >= 3600)
		fprintf(f, "%d h %02d min", (int)(s / 3600), (int)(fmod(s, 3600) / 60));
	else if (s >= 60)
		fprintf(f, "%d min %02d s", (int)(s / 60), (int)fmod(s, 60));
	else
		fprintf(f, "%.1f s", s);
}

/* Time that the runs from FROM on take; NAN when nothing is known of one of them. */
static double remaining_s(const struct erg_sweep *s, size_t from)
{
	double sum = 0;

	for (size_t i = from; i < s->runs.n; i++)
		if (!erg_sweep_index_find(s, s->runs.v[i].id))
			sum += erg_sweep_expected_s(s, &s->runs.v[i]);
	return sum;
}

static int dry_run(const struct erg_sweep *s)
{
	size_t done = 0;

	for (size_t i = 0; i < s->runs.n; i++) {
		bool is_done = erg_sweep_index_find(s, s->runs.v[i].id);
		_cleanup_(erg_freep) char *id = erg_terminal_copy(s->runs.v[i].id);

		done += is_done;
		printf("%4zu  %s%s\n", i + 1, id ? id : "", is_done ? "  (done)" : "");
	}
	printf("%zu runs, %zu done; expected time ", s->runs.n, done);
	print_time(stdout, remaining_s(s, 0));
	printf("%s\n", s->plan->cooldown ? " and the time to cool down" : "");
	return 0;
}

/* Standard input says that a person has done as asked. */
static int wait_answer(struct erg_err *err)
{
	int c;

	fprintf(stderr, ", then press Enter: ");
	while ((c = getchar()) != '\n')
		if (c == EOF)
			return erg_fail(err, -EINTR, "no answer");
	return 0;
}

static void tell_condition(const struct erg_plan_setting *c, const char *want, const char *before,
	const char *after)
{
	_cleanup_(erg_freep) char *name = erg_terminal_copy(c->name);
	_cleanup_(erg_freep) char *value = erg_terminal_copy(want);

	fprintf(stderr, "%s%s: set it to %s%s", before, name ? name : "?", value ? value : "?",
		after);
}

/* The value that condition I has to get for RUN; NULL when it holds, or when there is nothing to do. */
static const char *to_change(const struct erg_sweep *s, const struct erg_plan_run *run, size_t i)
{
	const struct erg_plan_setting *c = &s->plan->conditions[i];
	const char *want = c->values.v[run->condition[i]];

	if ((c->values.n < 2 && !c->command.n) || (s->now[i] && strcmp(s->now[i], want) == 0))
		return NULL;
	return want;
}

/* Changes those that commands make, or those that a person makes. Counts them; else the signal or error. */
static int change(struct erg_sweep *s, const struct erg_plan_run *run, bool by_command, size_t *n,
	struct erg_err *err)
{
	for (size_t i = 0; i < s->plan->n_conditions; i++) {
		const struct erg_plan_setting *c = &s->plan->conditions[i];
		const char *want = to_change(s, run, i);
		int r = 0;

		if (!want || (c->command.n > 0) != by_command)
			continue;
		if (by_command) {
			tell_condition(c, want, "", ", by its command\n");
			r = erg_sweep_make_condition(c, want, err);
		} else {
			tell_condition(c, want, *n ? "; " : "", "");
		}
		if (r != 0)
			return r;
		s->now[i] = want;
		(*n)++;
	}
	return 0;
}

/* Brings the machine into the conditions of RUN: 0, 1 when they do not hold now (then nothing is changed),
 * else the signal or error. */
static int conditions(struct erg_sweep *s, const struct erg_plan_run *run, struct erg_err *err)
{
	size_t made = 0, asked = 0;
	int r;

	for (size_t i = 0; i < s->plan->n_conditions; i++)
		if (to_change(s, run, i) && !erg_sweep_may_change(s, &s->plan->conditions[i]))
			return 1;
	r = change(s, run, true, &made, err);
	if (r == 0)
		r = change(s, run, false, &asked, err);
	if (r != 0)
		return r;
	if (asked && wait_answer(err) < 0)
		return -EINTR;
	if (made + asked)
		s->start_c = erg_sweep_temperature(s);
	return 0;
}

static void say_progress(const struct erg_sweep *s, size_t i, json_t *entry)
{
	const char *status = json_string_value(json_object_get(entry, "status"));
	_cleanup_(erg_freep) char *id = erg_terminal_copy(s->runs.v[i].id);

	fprintf(stderr, "[%zu/%zu] %s: %s, ", i + 1, s->runs.n, id ? id : "", status);
	print_time(stderr, json_number_value(json_object_get(entry, "total_s")));
	fprintf(stderr, "; left: ");
	print_time(stderr, remaining_s(s, i + 1));
	fprintf(stderr, "\n");
	if (json_is_false(json_object_get(entry, "knobs_held")))
		fprintf(stderr, "  warning: something else changed the knobs during this run\n");
	if (json_is_false(json_object_get(entry, "cooled")))
		fprintf(stderr, "  warning: it did not cool down in time\n");
	if (strcmp(status, "done") != 0)
		erg_terminal_line(stderr, "  see %s/%s", s->dir,
			json_string_value(json_object_get(entry, "log")));
}

/* All runs that are to be made now; 0, a signal, or an error. */
static int make_runs(struct erg_sweep *s, struct erg_err *err)
{
	for (size_t i = 0; i < s->runs.n; i++) {
		json_t *entry = NULL;
		int r;

		if (erg_sweep_index_find(s, s->runs.v[i].id))
			continue;
		r = conditions(s, &s->runs.v[i], err);
		if (r == 1) {
			s->waiting++;
			continue;
		}
		if (r == 0)
			r = erg_sweep_run(s, &s->runs.v[i], &entry, err);
		if (r != 0)
			return r;
		json_object_set_new(entry, "order", json_integer((json_int_t)i + 1));
		if (strcmp(json_string_value(json_object_get(entry, "status")), "done") == 0)
			s->done++;
		else
			s->failed++;
		r = erg_sweep_index_put(s, entry, err);
		say_progress(s, i, entry);
		if (r < 0)
			return r;
	}
	return 0;
}

static int with_knobs(struct erg_sweep *s, struct erg_err *err)
{
	struct erg_err restore = {0};
	bool cells = false;
	int r = 0, e = 0;

	for (size_t i = 0; i < s->n_knobs; i++)
		cells = cells || s->knobs[i].cells.n > 0;
	if (cells)
		r = erg_state_save(&s->ctx, s->knobs, s->n_knobs, s->state, sizeof(s->state),
			&s->lock_fd, err);
	if (r == 0 && cells)
		r = erg_watchdog_start(s->state, s->lock_fd, &s->watchdog, &s->watch_fd, err);
	if (r < 0)
		return r;
	s->start_c = erg_sweep_temperature(s);
	r = make_runs(s, err);
	if (cells)
		e = erg_watchdog_finish(s->watchdog, &s->watch_fd, s->state, &restore);
	if (e < 0 && r >= 0)
		return erg_fail(err, e, "%s", restore.msg);
	if (e < 0)
		erg_terminal_line(stderr, "erg-record sweep: %s", restore.msg);
	return r;
}

static int finish_sweep(struct erg_sweep *s, int r)
{
	fprintf(stderr, "%zu runs made, %zu failed", s->done + s->failed, s->failed);
	if (s->failed && r <= 0)
		fputs(" (--resume makes them again)", stderr);
	if (s->waiting)
		fprintf(stderr, ", %zu wait for another condition (--resume --condition KEY=VALUE)",
			s->waiting);
	erg_terminal_line(stderr, ": %s/index.json", s->dir);
	if (r > 0) {
		fprintf(stderr, "stopped by signal %d; --resume continues\n", r);
		return 128 + r;
	}
	return s->failed ? 1 : 0;
}

/* The index as it is when the folder is held. */
static int lock(struct erg_sweep *s, struct erg_err *err)
{
	int r = erg_sweep_index_lock(s, err);

	if (r < 0)
		return r;
	json_decref(s->index);
	s->index = NULL;
	return erg_sweep_index_open(s, err);
}

/* With the plan as it is now. */
static int open_index(struct erg_sweep *s, struct erg_err *err)
{
	int r = erg_sweep_index_open(s, err);

	if (r == 0 && !s->dry_run)
		r = lock(s, err);
	if (r == 0)
		r = erg_sweep_shard_note(s, err);
	if (r == 0)
		r = erg_sweep_index_plan(s, err);
	if (r > 0)
		erg_terminal_line(stderr,
			"warning: %s has changed since runs in %s were made: those stay as they are",
			s->plan_file, s->dir);
	return r < 0 ? r : 0;
}

static int sweep(struct erg_sweep *s, struct erg_err *err)
{
	int r = erg_plan_read(s->plan_file, &s->plan, err);

	if (r == 0)
		r = erg_sweep_check(s, err);
	if (r == 0)
		r = erg_plan_expand(s->plan, &s->runs, err);
	if (r == 0)
		r = erg_sweep_shard(s, err);
	if (r == 0)
		r = open_index(s, err);
	if (r == 0 && s->redo)
		r = erg_sweep_redo_unresolved(s, err);
	if (r < 0)
		return r;
	if (s->redo)
		fprintf(stderr, "%zu of %zu runs have no resolved energy%s\n", s->redone, s->asked,
			s->redone ? ": they are made again" : "");
	if (s->dry_run)
		return dry_run(s);
	r = erg_sweep_index_write(s, err);
	if (r < 0)
		return r;
	erg_sweep_signals();
	r = with_knobs(s, err);
	return r < 0 ? r : finish_sweep(s, r);
}

static void tell_line(const char *line)
{
	erg_terminal_line(stderr, "%s", line);
}

static void tell_slurm(void *data, const char *line)
{
	tell_line(line);
}

/* The shards in FOLDERS become DIR; 1 when runs are missing. */
static int merge_shards(struct erg_sweep *s, char *const *folders, size_t n, struct erg_err *err)
{
	struct erg_sweep_merged m;
	int r;

	s->resume = true; /* what is in DIR stays */
	r = open_index(s, err);
	if (r >= 0)
		r = erg_sweep_merge(s, folders, n, tell_line, &m, err);
	if (r < 0)
		return r;
	fprintf(stderr,
		"%u of %u shards: %zu runs joined, %zu there already, %zu missing: %s/index.json\n",
		m.found, m.shards, m.taken, m.there, m.missing, s->dir);
	return m.missing || m.others || m.found < m.shards ? 1 : 0;
}

/* Whether the shards can be merged into DIR, before any of them is made. */
static int check_target(struct erg_sweep *s, struct erg_err *err)
{
	const bool resume = s->resume;
	int r;

	s->resume = true; /* a sweep that is there is joined */
	r = erg_sweep_index_open(s, err);
	s->resume = resume;
	json_decref(s->index);
	s->index = NULL;
	return r;
}

static int on_slurm(struct wishes *w, struct erg_err *err)
{
	const struct erg_sweep_slurm on = {w->tasks, w->tries ? w->tries : TRIES, tell_slurm};
	struct erg_texts folders = {0};
	int r = erg_sweep_shards_check(w->s.plan, w->tasks, err);

	if (r >= 0)
		r = check_target(&w->s, err);
	if (r >= 0)
		r = erg_sweep_slurm_run(&w->s, &on, &folders, err);
	if (r >= 0)
		r = merge_shards(&w->s, folders.v, folders.n, err);
	erg_texts_clear(&folders);
	return r;
}

static int elsewhere(struct wishes *w, struct erg_err *err)
{
	int r = erg_plan_read(w->s.plan_file, &w->s.plan, err);

	if (r < 0)
		return r;
	return w->on ? on_slurm(w, err) : merge_shards(&w->s, w->folders, w->n_folders, err);
}

static int sweep_verb(int argc, char **argv, struct erg_err *err)
{
	struct wishes w = {.s = {.sysfs = "/sys",
				   .watch_fd = -1,
				   .lock_fd = -1,
				   .dir_lock = -1,
				   .start_c = NAN}};
	int r = parse(&w, argc, argv);

	if (r == 1)
		r = 0;
	else if (r == 0)
		r = w.on || w.merge ? elsewhere(&w, err) : sweep(&w.s, err);
	erg_sweep_release(&w.s);
	return r;
}

const struct erg_verb erg_record_verb_sweep = {
	.name = "sweep",
	.about = "make all runs of a plan, over knobs, co-runners and conditions",
	.run = sweep_verb,
};
