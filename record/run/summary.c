/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The summary of a recording. Its energy is a first figure (sampler/tally.h); its layers are those
 * that the programs told of (live.h), which is not the same as those in the trace: losses stand beside.
 */
#include "record/run/summary.h"

#include <stdio.h>
#include <string.h>

#include "formats/base/say.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "formats/observed.h"
#include "record/run/linked.h"
#include "record/sources/process.h"

#define LEFT_OUT_MAX 3
#define GONE_READS 2 /* that failed one after the other, up to the end */
#define OWN_FILES 12 /* a program has open beside LTTng's, or it need not be told of its limit */

/* "8.91 J, EDP 17.9 Js (rail VDD_IN, SIMULATED, observed 99.9 %)"; what was not observed counts at
 * the mean power of the rest, as in erg-analyze totals. */
static void energy_text(const struct erg_run *r, double time_s, char *buf, size_t size)
{
	struct erg_tally_report e;
	double joules;

	if (!erg_tally_report(r->tally, &e)) {
		snprintf(buf, size, "no power was read");
		return;
	}
	joules = e.energy_j / e.coverage;
	if (e.coverage < ERG_OBSERVED_ENOUGH)
		snprintf(buf, size, "energy unresolved (rail %s, %sobserved %.1f %%)", e.rail,
			e.simulated ? "SIMULATED, " : "", 100 * e.coverage);
	else if (e.energy_j == 0)
		snprintf(buf, size, "energy unresolved (rail %s, %sshowed 0 all the time)", e.rail,
			e.simulated ? "SIMULATED, " : "");
	else
		snprintf(buf, size, "%.4g J, EDP %.4g Js (rail %s, %sobserved %.1f %%)", joules,
			joules * time_s, e.rail, e.simulated ? "SIMULATED, " : "",
			100 * e.coverage);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "12 layers, 1203 calls; "; "" where nobody can know. */
static void layers_text(const struct erg_live_counts *c, char *buf, size_t size)
{
	if (!c->calls)
		snprintf(buf, size, "0 layers; ");
	else
		snprintf(buf, size, "%s%llu layer%s, %llu call%s; ",
			c->more_layers ? "more than " : "", (unsigned long long)c->layers,
			plural(c->layers), (unsigned long long)c->calls, plural(c->calls));
}

/* "2035 readings, 3 more not in time, 0 failed" */
static void readings_text(const struct erg_run *r, char *buf, size_t size)
{
	struct erg_sampler_stats st;
	int n;

	erg_sampler_stats(r->sampler, &st);
	n = snprintf(buf, size, "%llu reading%s", (unsigned long long)st.reads, plural(st.reads));
	if (st.missed)
		n += snprintf(buf + n, size - (size_t)n, ", %llu left out because one was late",
			(unsigned long long)st.missed);
	if (st.errors)
		snprintf(buf + n, size - (size_t)n, ", %llu failed", (unsigned long long)st.errors);
}

static void say_next(const struct erg_run *r, bool layers)
{
	_cleanup_(erg_freep) char *file = NULL;

	if (!r->opt.output) {
		erg_say("next, on %s: erg-record collect -o FILE.erg", r->opt.to);
		return;
	}
	file = erg_terminal_word(r->opt.output);
	erg_say("next: erg-analyze %s %s", layers ? "layers" : "totals", file ? file : "FILE.erg");
}

/* Programs that have others started elsewhere or in a root of its own, where neither the command's environment nor
 * LTTng's folder need be. */
static bool starts_elsewhere(const char *command)
{
	static const char *const names[] = {"docker", "podman", "nerdctl", "kubectl", "apptainer",
		"singularity", "enroot", "bwrap", "systemd-nspawn", "systemd-run", "machinectl",
		"lxc", "flatpak", "chroot", "unshare", "nsenter", "ssh", "srun"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(erg_base_name(command), names[i]))
			return true;
	return false;
}

static void say_no_layer(const struct erg_run *r, const struct erg_join_report *processes)
{
	int status = erg_workload_exit_status(&r->work);

	if (status)
		erg_say("the program ended with exit status %d", status);
	if (erg_linked_statically(r->exe))
		erg_say("no layer was seen: the program is linked statically, and no library can be loaded "
			"into it: link it dynamically with liberg (man 3 erg)");
	else if (r->work.filtered)
		erg_say("no layer was seen: the program ran under a seccomp filter; layers need socket, "
			"connect, sendmsg, recvmsg, mmap and threads (man ergtrace-security)");
	else if (processes->few_files)
		erg_say("no layer was seen: raise the limit of open files (ulimit -n) for the program");
	else if (processes->no_buffers)
		erg_say("no layer was seen: raise the limit of memory (ulimit -v) for the program");
	else if (starts_elsewhere(r->opt.argv[0]))
		erg_say("no layer was seen: what %s starts is recorded where ERG_RUN_ID, ERG_JOIN and "
			"the folder of LTTng's daemon are passed on (man erg-record-run); else annotate "
			"it (man 3 erg), or try --annotate auto",
			erg_base_name(r->opt.argv[0]));
	else if (!r->opt.annotate)
		erg_say("no layer was seen: annotate the program (man 3 erg), or try --annotate auto "
			"(man erg-adapters)");
	else
		erg_say("no layer was seen with --annotate %s: does the program use that, and its "
			"dynamic library? man erg-adapters says what each needs",
			r->opt.annotate);
}

static void say_losses(const struct erg_run *r)
{
	if (r->losses.layer_events || r->losses.sample_events || r->losses.packets)
		erg_warn("lost: %llu layer events, %llu samples, %llu packets",
			(unsigned long long)r->losses.layer_events,
			(unsigned long long)r->losses.sample_events,
			(unsigned long long)r->losses.packets);
}

/* They had SIGKILL, and could tell nobody: what they had not ended has no layers. */
static void say_memory(const struct erg_run *r)
{
	if (r->work.oom_kills)
		erg_warn("the kernel ended %llu process%s of this control group, which had no more "
			 "memory (its limit counts the recorder, too)",
			(unsigned long long)r->work.oom_kills, r->work.oom_kills == 1 ? "" : "es");
}

/* Of programs that files tell of. */
static void say_untold(const struct erg_run *r)
{
	for (size_t i = 0; i < r->sources.n; i++) {
		struct erg_source *s = r->sources.sources[i];
		const char *file =
			strcmp(s->ops->kind, "process") ? NULL : erg_process_source_untold(s);

		if (file)
			erg_warn(
				"%s: %s never had a line \"PID RUNS CPU_MS ITERATIONS SUM\": nothing is "
				"known of that program",
				s->channels[0].rail, file);
	}
}

/* A sensor that was unplugged, a meter whose program ended: what it gave before is in the archive, and how many
 * readings failed tells nothing of how long it has been gone, as it is asked ever less often. */
static void say_gone(const struct erg_run *r)
{
	size_t said = 0;

	for (size_t i = 0; i < r->sources.n && said < LEFT_OUT_MAX; i++) {
		const struct erg_source *s = r->sources.sources[i];
		const char *why = strerror(-s->last_error);

		if (s->in_a_row < GONE_READS || !s->reads)
			continue;
		if (s->in_a_row == s->reads)
			erg_warn("%s: no reading of %s could be made: %s", s->channels[0].rail,
				s->ops->kind, why);
		else
			erg_warn("%s: no reading of %s since %.3f s after the beginning: %s",
				s->channels[0].rail, s->ops->kind,
				(double)(s->failing_since - r->begin_ns) / 1e9, why);
		said++;
	}
}

/* It may not even have opened what it asks or tells us by. */
static bool has_few_files(const struct erg_run *r)
{
	return r->work.files && r->work.files < OWN_FILES + erg_session_files();
}

/* What is annotated and was left out, and why: nobody is to wonder where layers are. */
static void say_processes(const struct erg_run *r, const struct erg_join_report *p)
{
	if (p->failed)
		erg_warn("%llu processes could not be recorded: LTTng did not take them",
			(unsigned long long)p->failed);
	if (p->late)
		erg_warn("%llu processes did not wait to be recorded: their first layers may be "
			 "missing",
			(unsigned long long)p->late);
	if (p->other_clocks)
		erg_warn("not recorded: %llu program%s in time namespaces, whose times are not the "
			 "sensors'",
			(unsigned long long)p->other_clocks, plural(p->other_clocks));
	if (has_few_files(r))
		erg_warn(
			"the command could open %llu files (ulimit -n), and LTTng needs %zu of them: "
			"layers may be missing",
			(unsigned long long)r->work.files, erg_session_files());
	else if (p->few_files)
		erg_warn(
			"not recorded: %llu program%s that may open too few files (ulimit -n): LTTng "
			"opens %zu in each",
			(unsigned long long)p->few_files, plural(p->few_files),
			erg_session_files());
	if (p->no_buffers)
		erg_warn(
			"not recorded: %llu program%s with too little memory (ulimit -v) for LTTng's "
			"buffers",
			(unsigned long long)p->no_buffers, plural(p->no_buffers));
	if (p->other_users)
		erg_warn(
			"not recorded: %llu program%s of another user, whose LTTng daemon is another "
			"one: sudo -E keeps what is needed; or record as root",
			(unsigned long long)p->other_users, plural(p->other_users));
	if (p->went_on && r->opt.argv && !r->opt.attach)
		erg_warn(
			"%llu program%s of the command went on when it had ended: the recording ended with "
			"the command",
			(unsigned long long)p->went_on, plural(p->went_on));
	if (r->opt.quiet || !r->join)
		return;
	if (r->session_found)
		erg_say("not recorded: %u annotated program%s that ran before (see --attach)",
			r->session_found, plural(r->session_found));
	if (p->strangers)
		erg_say("not recorded: %llu annotated program%s started elsewhere (see "
			"--attach)",
			(unsigned long long)p->strangers, plural(p->strangers));
}

void erg_run_summary_say(const struct erg_run *r)
{
	const uint64_t begin = r->work.begin_ns ? r->work.begin_ns : r->begin_ns;
	const uint64_t end = r->work.end_ns ? r->work.end_ns : r->end_ns;
	const double time_s = (double)(end - begin) / 1e9;
	char energy[192], layers[96] = "", readings[160];
	struct erg_live_counts counts = {0};
	/* Programs that it did not start tell the recorder nothing. */
	struct erg_join_report processes;
	bool known = erg_live_counts_get(&r->live, &counts) && r->opt.argv;

	/* Nor do those whose environment was cleared, or that cannot reach the page. */
	erg_join_reported(r->join, &processes);
	known = known && !processes.by_descent && !processes.apart && !r->opt.attach &&
		!has_few_files(r);
	say_losses(r);
	say_memory(r);
	say_gone(r);
	say_untold(r);
	say_processes(r, &processes);
	if (r->opt.quiet)
		return;
	energy_text(r, time_s, energy, sizeof(energy));
	if (known)
		layers_text(&counts, layers, sizeof(layers));
	readings_text(r, readings, sizeof(readings));
	erg_say("%.3f s, %s", time_s, energy);
	erg_say("%s%s; %llu events lost%s: %s", layers, readings,
		(unsigned long long)(r->losses.layer_events + r->losses.sample_events),
		r->losses_known ? "" : " (or more)", r->opt.output ? r->opt.output : r->opt.to);
	if (known && !counts.calls && !processes.other_users) /* for that is a reason */
		say_no_layer(r, &processes);
	say_next(r, !known || counts.calls);
}

static bool is_refusal(const struct erg_probe_note *n)
{
	return n->refused && *n->mend;
}

/* One mend is for all of its kind. */
static bool is_said(const struct erg_source_list *sources, size_t i)
{
	const struct erg_probe_note *n = &sources->notes[i];

	for (size_t k = 0; is_refusal(n) && k < i; k++)
		if (is_refusal(&sources->notes[k]) && !strcmp(sources->notes[k].kind, n->kind))
			return true;
	return false;
}

static void say_left_out(const struct erg_probe_note *n)
{
	if (n->broken && *n->path)
		erg_say("left out: %s: %s (%s)", n->kind, n->reason, n->path);
	else if (n->broken)
		erg_say("left out: %s: %s", n->kind, n->reason);
	else if (strstr(n->mend, "FILE"))
		erg_say("refused: %s: %s; mend: %s (FILE: %s)", n->kind, n->reason, n->mend,
			n->path);
	else
		erg_say("refused: %s: %s; mend: %s", n->kind, n->reason, n->mend);
}

void erg_run_left_out_say(const struct erg_source_list *sources)
{
	size_t said = 0, more = 0;

	for (size_t i = 0; i < sources->n_notes; i++) {
		const struct erg_probe_note *n = &sources->notes[i];

		if ((!n->broken && !is_refusal(n)) || is_said(sources, i))
			continue;
		if (said == LEFT_OUT_MAX) {
			more++;
			continue;
		}
		say_left_out(n);
		said++;
	}
	if (more)
		erg_say("%zu more are left out: erg-record sources says which", more);
}
