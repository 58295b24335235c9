/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes manifest and summary. The manifest says what was meant and with what; it is complete when
 * the command starts. The summary says what came of it.
 */
#include "record/run/describe.h"

#include <string.h>
#include <sys/wait.h>
#include <sys/timex.h>

#include "formats/manifest.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"
#include "record/spool/provenance.h"

/* Without the values of what may be secrets; with --no-command only the program. */
static json_t *command(const struct erg_run_options *o)
{
	const int n = o->no_command && o->argc > 1 ? 1 : o->argc;
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, erg_provenance_word(o->argv, i));
	return a;
}

static json_t *options(const struct erg_run_options *o, const struct erg_sampler_config *s)
{
	json_t *j = json_pack("{s:f, s:f, s:I, s:o, s:o, s:f, s:b, s:I}", "rate_hz", o->rate_hz,
		"dither", o->dither, "dither_seed", (json_int_t)(s->seed & INT64_MAX), "source",
		erg_provenance_command(o->sources), "sysfs", erg_utf8_json(o->sysfs), "idle_s",
		o->idle_s, "layer_begin", o->layer_begin, "chunk_bytes",
		(json_int_t)o->chunk_bytes);

	if (o->counters)
		json_object_set_new(j, "counters", erg_utf8_json(o->counters));
	if (o->annotate)
		json_object_set_new(j, "annotate", erg_utf8_json(o->annotate));
	if (o->attach)
		json_object_set_new(j, "attach", erg_utf8_json(o->attach));
	if (o->duration_s > 0)
		json_object_set_new(j, "duration_s", json_real(o->duration_s));
	return j;
}

static json_t *sources(const struct erg_manifest_facts *f, bool *ret_simulated)
{
	json_t *a = json_array();

	for (size_t i = 0; i < f->sources->n; i++) {
		const struct erg_source *s = f->sources->sources[i];
		json_t *j = erg_manifest_source(s->ops->kind, s->path, s->cls, s->simulated,
			erg_sampler_interval(f->sampling, s), &s->model, s->channels,
			s->n_channels);

		json_object_set_new(j, "id", json_integer((json_int_t)i));
		if (s->settings)
			json_object_set(j, "settings", s->settings);
		if (s->simulated && s->cls == ERG_CLASS_POWER)
			*ret_simulated = true;
		json_array_append_new(a, j);
	}
	return a;
}

static void put_clock(json_t *m)
{
	uint64_t realtime_ns, monotonic_ns;

	struct timex kept = {0};
	json_t *clock;

	erg_provenance_clock(&realtime_ns, &monotonic_ns);
	json_object_set_new(m, "created_utc", erg_provenance_utc(realtime_ns));
	clock = json_pack("{s:I, s:I}", "monotonic_ns", (json_int_t)monotonic_ns, "realtime_ns",
		(json_int_t)realtime_ns);
	/* what the time service says of this clock; a clock that none keeps says nothing */
	if (adjtimex(&kept) >= 0 && !(kept.status & STA_UNSYNC))
		json_object_set_new(clock, "max_error_ns",
			json_integer((json_int_t)kept.maxerror * 1000));
	json_object_set_new(m, "clock", clock);
}

static void put_command(json_t *m, const struct erg_manifest_facts *f)
{
	_cleanup_(erg_freep) char *cwd = getcwd(NULL, 0);
	json_t *exe;

	json_object_set_new(m, "command", command(f->options));
	if (cwd)
		json_object_set_new(m, "cwd", erg_utf8_json(cwd));
	json_object_set_new(m, "environment", erg_provenance_environment(f->env->vars));
	if (!f->executable)
		return;
	exe = erg_provenance_file(f->executable);
	json_object_set_new(m, "executable", exe);
}

/* [text] as [{"code", "text"}]. */
static json_t *warnings(const json_t *texts)
{
	json_t *a = json_array(), *t;
	size_t i;

	json_array_foreach (texts, i, t)
		json_array_append_new(a, json_pack("{s:s, s:O}", "code", "recorder", "text", t));
	return a;
}

json_t *erg_describe_manifest(const struct erg_manifest_facts *f)
{
	json_t *m = erg_manifest_new(ERG_MANIFEST_FORMAT, "erg-record");
	bool simulated = false;

	if (!m)
		return NULL;
	json_object_set_new(m, "run_id", json_string(f->run_id));
	put_clock(m);
	put_command(m, f);
	json_object_set_new(m, "tags", json_deep_copy(f->options->tags));
	json_object_set_new(m, "factors", json_deep_copy(f->options->factors));
	json_object_set_new(m, "options", options(f->options, f->sampling));
	json_object_set_new(m, "machine", erg_provenance_machine(f->options->sysfs));
	json_object_set_new(m, "sources", sources(f, &simulated));
	json_object_set_new(m, "simulated", json_boolean(simulated));
	json_object_set_new(m, "processes",
		json_string(erg_run_joined_only(f->options) ? "joined" : "all"));
	if (f->counters)
		json_object_set(m, "counters", f->counters);
	if (f->process_counters)
		json_object_set(m, "process_counters", f->process_counters);
	if (json_array_size(f->calibrations))
		json_object_set(m, "calibrations", f->calibrations);
	if (json_array_size(f->warnings))
		json_object_set_new(m, "warnings", warnings(f->warnings));
	return m;
}

/* ---- summary ---- */

static void put_workload(json_t *j, const struct erg_summary_facts *f)
{
	const struct erg_workload *w = f->workload;

	json_object_set_new(j, "begin_ns",
		json_integer((json_int_t)(w && w->begin_ns ? w->begin_ns : f->begin_ns)));
	json_object_set_new(j, "end_ns",
		json_integer((json_int_t)(w && w->end_ns ? w->end_ns : f->end_ns)));
	if (w && w->ended && WIFSIGNALED(w->status))
		json_object_set_new(j, "signal", json_integer(WTERMSIG(w->status)));
	else if (w && w->ended)
		json_object_set_new(j, "exit_status", json_integer(WEXITSTATUS(w->status)));
}

static json_t *sampler(const struct erg_sampler_stats *s, uint64_t wall_ns)
{
	const double wall = wall_ns ? (double)wall_ns : 1;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:f, s:I, s:i, s:I, s:b, s:b}",
		"deadlines", (json_int_t)s->deadlines, "missed", (json_int_t)s->missed,
		"late_p50_ns", (json_int_t)s->late_p50_ns, "late_p99_ns",
		(json_int_t)s->late_p99_ns, "late_max_ns", (json_int_t)s->late_max_ns, "cpu_ns",
		(json_int_t)s->cpu_ns, "cpu_share", (double)s->cpu_ns / wall, "reads_ns",
		(json_int_t)s->reads_ns, "reads_share", (double)s->reads_ns / wall, "first_ns",
		(json_int_t)s->first_ns, "cpu", s->cpu, "cpu_moves", (json_int_t)s->moves,
		"realtime", s->realtime, "memory_locked", s->locked);
}

static json_t *source_outcomes(const struct erg_source_list *l, const struct erg_readings *readings)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++) {
		const struct erg_source *s = l->sources[i];
		json_t *j = json_pack("{s:I, s:s, s:s, s:I, s:I}", "id", (json_int_t)i, "kind",
			s->ops->kind, "path", s->path, "reads", (json_int_t)s->reads, "errors",
			(json_int_t)s->errors);

		if (s->errors)
			json_object_set_new(j, "last_error", json_string(strerror(-s->last_error)));
		erg_readings_describe(readings, i, j);
		/* With what only the end could tell. */
		if (s->settings)
			json_object_set(j, "settings", s->settings);
		json_array_append_new(a, j);
	}
	return a;
}

static json_t *repair(const struct erg_packets_report *r)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "packets", (json_int_t)r->packets, "cut_bytes",
		(json_int_t)r->cut_bytes, "cut_files", (json_int_t)r->cut_files, "unreadable",
		(json_int_t)r->unreadable);
}

void erg_describe_cut(json_t *summary, const char *reason, uint64_t end_ns,
	const struct erg_packets_report *rep)
{
	const char *own = json_string_value(json_object_get(summary, "reason"));

	if (json_integer_value(json_object_get(summary, "end_ns")) > (json_int_t)end_ns)
		json_object_set_new(summary, "end_ns", json_integer((json_int_t)end_ns));
	json_object_set_new(summary, "complete", json_false());
	json_object_set_new(summary, "reason",
		own ? json_sprintf("%s; %s", own, reason) : erg_utf8_json(reason));
	json_object_set_new(summary, "repair", repair(rep));
}

json_t *erg_describe_summary(const struct erg_summary_facts *f)
{
	json_t *j = erg_manifest_new(ERG_SUMMARY_FORMAT, "erg-record");
	json_t *overhead = j && f->overhead ? erg_overhead_json(f->overhead) : NULL;

	if (!j)
		return NULL;
	json_object_set_new(j, "run_id", json_string(f->run_id));
	json_object_set_new(j, "complete", json_boolean(!f->reason));
	if (f->reason)
		json_object_set_new(j, "reason", erg_utf8_json(f->reason));
	put_workload(j, f);
	json_object_set_new(j, "record_begin_ns", json_integer((json_int_t)f->begin_ns));
	json_object_set_new(j, "record_end_ns", json_integer((json_int_t)f->end_ns));
	json_object_set_new(j, "lost",
		f->losses ? json_pack("{s:I, s:I, s:I}", "layer_events",
				    (json_int_t)f->losses->layer_events, "sample_events",
				    (json_int_t)f->losses->sample_events, "packets",
				    (json_int_t)f->losses->packets)
			  : json_null());
	if (f->processes)
		json_object_set_new(j, "processes",
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "joined",
				(json_int_t)f->processes->joined, "late",
				(json_int_t)f->processes->late, "failed",
				(json_int_t)f->processes->failed, "other_clocks",
				(json_int_t)f->processes->other_clocks, "few_files",
				(json_int_t)f->processes->few_files, "no_buffers",
				(json_int_t)f->processes->no_buffers, "went_on",
				(json_int_t)f->processes->went_on, "other_users",
				(json_int_t)f->processes->other_users, "strangers",
				(json_int_t)f->processes->strangers, "ran_before",
				(json_int_t)f->not_attached));
	if (f->sampler)
		json_object_set_new(j, "sampler", sampler(f->sampler, f->end_ns - f->begin_ns));
	if (overhead)
		json_object_set_new(j, "overhead", overhead);
	if (f->repair)
		json_object_set_new(j, "repair", repair(f->repair));
	if (f->sources)
		json_object_set_new(j, "sources", source_outcomes(f->sources, f->readings));
	return j;
}
