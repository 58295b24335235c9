/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `erg-record import`: a power log that something else wrote, and when which layer ran, as an
 * archive with the same standing as one that was recorded. The same inputs and options give the
 * same bytes: the run's id is a hash of them, and no time but the log's own is kept.
 */
#include "record/import/import.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/memory.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "formats/base/say.h"
#include "formats/base/sha256.h"
#include "record/import/onto.h"
#include "record/import/options.h"

/* Of readings of a few channels: 6 saves a hundredth and takes more than twice as long. */
#define ZSTD_LEVEL 3

/* ---- describing ---- */

/* SHA256: of what the reader read; "" where it did not read the file itself. What came through a pipe
 * has no name of its own. */
static json_t *describe_input(const char *path, const char *sha256, size_t rows,
	struct erg_sha256 *all)
{
	char hex[ERG_SHA256_TEXT];
	struct stat st;

	snprintf(hex, sizeof(hex), "%s", sha256);
	if (!*hex && !erg_sha256_file(path, hex))
		return NULL;
	erg_sha256_add(all, hex, strlen(hex));
	return json_pack("{s:s, s:s, s:I}", "path",
		stat(path, &st) == 0 && S_ISREG(st.st_mode) ? erg_base_name(path) : "(pipe)",
		"sha256", hex, "rows", (json_int_t)rows);
}

/* The channels of one source as the manifest's element. */
static json_t *describe_source(const struct erg_import_log *log, uint32_t source, uint32_t id,
	const char *kind)
{
	_cleanup_(erg_freep) struct erg_channel_def *defs =
		calloc(log->n_channels + 1, sizeof(*defs));
	const struct erg_import_channel *first = NULL;
	size_t n = 0;
	json_t *j;

	for (size_t i = 0; defs && i < log->n_channels; i++) {
		if (log->channels[i].source != source)
			continue;
		first = first ? first : &log->channels[i];
		defs[n++] = log->channels[i].def;
	}
	if (!first)
		return NULL;
	j = erg_manifest_source(kind, log->path, erg_import_class(first), first->simulated,
		first->interval_ns, &first->model, defs, n);
	if (j)
		json_object_set_new(j, "id", json_integer((json_int_t)id));
	return j;
}

struct job {
	const struct erg_import_options *o;
	struct erg_import_log log;
	struct erg_import_layers layers;
	json_t *notes, *stale;
	int64_t origin_ns;
	char run_id[64], kind[32];
	uint8_t uuid[16];
	char *folder;                /* of the output */
	struct erg_import_onto onto; /* with --onto */
	struct erg_import_join samples_join, layers_join;
};

static json_t *describe_layers(const struct job *j, struct erg_sha256 *all)
{
	json_t *layers = describe_input(j->o->layers, j->layers.sha256, j->layers.n_spans, all);

	if (layers)
		json_object_set_new(layers, "from", json_string(j->o->layers_from->name));
	return layers;
}

static json_t *describe_import(const struct job *j, struct erg_sha256 *all)
{
	json_t *import = json_pack("{s:s, s:I, s:O, s:O}", "from", j->o->from->name, "origin_ns",
		(json_int_t)j->origin_ns, "stale", j->stale, "gaps", j->log.gaps);

	if (!import)
		return NULL;
	json_object_set_new(import, "samples",
		describe_input(j->o->samples, j->log.sha256, j->log.n, all));
	if (j->o->how.named)
		json_object_set(import, "columns", j->o->named_words);
	if (j->o->layers)
		json_object_set_new(import, "layers", describe_layers(j, all));
	return import;
}

/* What was added to a recording, and how its clock was joined. */
static json_t *describe_addition(const char *path, const char *sha256, size_t rows,
	const char *from, const struct erg_import_join *join, struct erg_sha256 *all)
{
	json_t *a = describe_input(path, sha256, rows, all);

	if (a)
		json_object_update_new(a,
			json_pack("{s:s, s:s, s:I, s:I}", "from", from, "clock", join->clock,
				"shift_ns", (json_int_t)join->shift_ns, "clock_u_ns",
				(json_int_t)llround(join->u_ns)));
	return a;
}

static void make_run_id(struct job *j, struct erg_sha256 *all)
{
	_cleanup_(erg_freep) char *settings = json_dumps(j->o->sensors, JSON_COMPACT);
	_cleanup_(erg_freep) char *words = json_dumps(j->o->named_words, JSON_COMPACT);
	char hex[ERG_SHA256_TEXT], times[128];

	if (settings)
		erg_sha256_add(all, settings, strlen(settings));
	if (words && j->o->how.named)
		erg_sha256_add(all, words, strlen(words));
	snprintf(times, sizeof(times), "%.60s %lld %llu", j->o->how.zone ? j->o->how.zone : "",
		(long long)j->o->how.offset_ns, (unsigned long long)j->o->how.interval_ns);
	erg_sha256_add(all, times, strlen(times));
	snprintf(j->run_id, 17, "%.16s", erg_sha256_end_text(all, hex));
	for (size_t i = 0; i < sizeof(j->uuid); i++)
		sscanf(hex + 16 + 2 * i, "%2hhx", &j->uuid[i]);
}

static bool is_simulated(const struct erg_import_log *log)
{
	bool simulated = false;

	for (size_t i = 0; i < log->n_channels; i++)
		simulated |= log->channels[i].simulated;
	return simulated;
}

static json_t *describe(struct job *j)
{
	json_t *m = erg_manifest_new(ERG_MANIFEST_FORMAT, "erg-record"), *sources = json_array();
	struct erg_sha256 all;

	if (!m || !sources)
		return NULL;
	erg_sha256_init(&all);
	json_object_set_new(m, "origin", json_string("imported"));
	json_object_set_new(m, "simulated", json_boolean(is_simulated(&j->log)));
	json_object_set(m, "tags", j->o->tags);
	for (uint32_t i = 0; i < erg_import_sources(&j->log); i++)
		json_array_append_new(sources, describe_source(&j->log, i, i, j->kind));
	json_object_set_new(m, "sources", sources);
	json_object_set_new(m, "import", describe_import(j, &all));
	make_run_id(j, &all);
	json_object_set_new(m, "run_id", json_string(j->run_id));
	json_object_set(m, "warnings", j->notes);
	return m;
}

/* The recording's manifest; its run_id stays, since its processes bear it. */
static json_t *describe_onto(struct job *j)
{
	json_t *sources = json_array(),
	       *entry = json_pack("{s:s, s:s, s:O, s:O*}", "archive", j->o->onto, "sha256",
		       j->onto.sha256, "stale", j->stale, "gaps", j->log.gaps);
	struct erg_sha256 all;

	erg_sha256_init(&all);
	erg_sha256_add(&all, j->onto.sha256, strlen(j->onto.sha256));
	for (uint32_t i = 0; i < erg_import_sources(&j->log); i++)
		json_array_append_new(sources,
			describe_source(&j->log, i, j->onto.sources + i, j->kind));
	if (j->o->samples)
		json_object_set_new(entry, "samples",
			describe_addition(j->o->samples, j->log.sha256, j->log.n, j->o->from->name,
				&j->samples_join, &all));
	if (j->o->how.named)
		json_object_set(entry, "columns", j->o->named_words);
	if (j->o->layers)
		json_object_set_new(entry, "layers",
			describe_addition(j->o->layers, j->layers.sha256, j->layers.n_spans,
				j->o->layers_from->name, &j->layers_join, &all));
	make_run_id(j, &all);
	snprintf(j->run_id, sizeof(j->run_id), "%s",
		json_string_value(json_object_get(j->onto.manifest, "run_id")));
	if (is_simulated(&j->log))
		json_object_set_new(j->onto.manifest, "simulated", json_true());
	return erg_import_onto_manifest(&j->onto, sources, entry, j->notes);
}

static int64_t first_time(const struct job *j)
{
	int64_t t = j->log.n ? j->log.t[0] : INT64_MAX;

	for (size_t i = 0; i < j->layers.n_spans; i++)
		t = j->layers.spans[i].begin < t ? j->layers.spans[i].begin : t;
	for (size_t i = 0; i < j->layers.n_phases; i++)
		t = j->layers.phases[i].begin < t ? j->layers.phases[i].begin : t;
	return t;
}

static int64_t last_time(const struct job *j)
{
	int64_t t = j->log.n ? j->log.t[j->log.n - 1] : INT64_MIN;

	if (j->layers.n_spans && j->layers.spans[j->layers.n_spans - 1].end > t)
		t = j->layers.spans[j->layers.n_spans - 1].end;
	return t;
}

/* Appends what the readings of each channel came to. */
static int put_figures(const struct job *j, json_t *summary)
{
	json_t *sources = json_object_get(summary, "sources");
	json_auto_t *own = erg_import_figures(&j->log, j->kind, j->origin_ns, j->onto.sources);

	if (!own)
		return -ENOMEM;
	if (!json_array_size(own))
		return 0; /* layers alone */
	if (!json_is_array(sources))
		return json_object_set(summary, "sources", own);
	return json_array_extend(sources, own);
}

static json_t *summarize(const struct job *j)
{
	json_t *s = erg_manifest_new(ERG_SUMMARY_FORMAT, "erg-record");

	if (s)
		json_object_update_new(s,
			json_pack("{s:s, s:b, s:I, s:I}", "run_id", j->run_id, "complete", 1,
				"begin_ns", (json_int_t)(first_time(j) - j->origin_ns), "end_ns",
				(json_int_t)(last_time(j) - j->origin_ns)));
	return s;
}

/* ---- reading ---- */

/* Times of the log's own clock and of the layers' are only the same when somebody says so. */
static int check_clocks(const struct job *j, struct erg_err *err)
{
	const struct erg_import_how *how = &j->o->how;

	if (!(j->o->layers || j->o->onto) || how->offset_given)
		return 0;
	if (j->log.clock == ERG_CLOCK_WALL)
		return erg_fail(err, -EINVAL,
			"%s: the times are of a wall clock, and nothing says in which "
			"zone: --time-zone (UTC, local, +02:00 or Europe/Berlin) was expected, to put %s "
			"beside them",
			j->log.path, j->o->layers ? j->o->layers : j->o->onto);
	if (j->log.clock == ERG_CLOCK_TIME_OF_DAY)
		return erg_fail(err, -EINVAL,
			"%s: the times have no date: --time-offset, the seconds from "
			"them to those of %s, was expected",
			j->log.path, j->o->layers ? j->o->layers : j->o->onto);
	return 0;
}

/* How much of the layers' time, and how many, lie outside of the readings. Most: the clocks differ. */
static int check_coverage(struct job *j, struct erg_err *err)
{
	const int64_t slack = (int64_t)j->log.interval_ns;
	const int64_t begin = j->log.t[0] - slack, end = j->log.t[j->log.n - 1] + slack;
	double all = 0, inside = 0;
	size_t outside = 0;
	uint32_t line = 0;

	for (size_t i = 0; i < j->layers.n_spans; i++) {
		const struct erg_import_span *s = &j->layers.spans[i];
		int64_t from = s->begin > begin ? s->begin : begin,
			to = s->end < end ? s->end : end;

		all += (double)(s->end - s->begin);
		inside += to > from ? (double)(to - from) : 0;
		if ((s->begin < begin || s->end > end) && outside++ == 0)
			line = s->line;
	}
	if (outside * 2 > j->layers.n_spans && inside * 2 <= all)
		return erg_fail(err, -EINVAL,
			"%s: line %u: the layer is outside the time of the readings, "
			"%.12g to %.12g s, as %zu of %zu layers are: another clock? --time-offset or "
			"--time-zone brings the readings to the layers' clock",
			j->o->layers, line, (double)(begin + slack) * 1e-9,
			(double)(end - slack) * 1e-9, outside, j->layers.n_spans);
	if (outside)
		erg_import_note(j->notes, "layer-outside",
			"%s: line %u: the layer is outside the time "
			"of the readings, %.12g to %.12g s; %zu of %zu layers are",
			j->o->layers, line, (double)(begin + slack) * 1e-9,
			(double)(end - slack) * 1e-9, outside, j->layers.n_spans);
	return 0;
}

static int move_times(struct job *j, struct erg_err *err)
{
	const int64_t by = j->o->how.offset_ns;

	if (by == 0 || j->log.n == 0)
		return 0;
	for (size_t i = 0; erg_import_has_row(&j->log, i); i++) {
		j->log.t[i] += by;
		if (llabs(j->log.t[i]) > ERG_IMPORT_TIME_MAX)
			return erg_fail(err, -ERANGE,
				"%s: line %u: with --time-offset the time is more than "
				"126 years from zero",
				j->log.path, j->log.line[i]);
	}
	for (size_t i = 0; i < j->log.n_phases; i++) {
		j->log.phases[i].begin += by;
		j->log.phases[i].end += by;
	}
	return 0;
}

/* A file of another form is refused with the one it looks like. */
static int hint(const char *path, const char *form, int r, struct erg_err *err)
{
	const bool other = r == -EINVAL || r == -ENODATA || r == -ENOENT,
		   json = !strcmp(form, "chrome-trace") || !strcmp(form, "perf");
	const char *like = other ? erg_import_looks_like(path) : NULL,
		   *kind = other && !like && !json ? erg_import_no_text(path) : NULL;
	size_t len = strlen(err->msg);

	if (kind)
		snprintf(err->msg + len, sizeof(err->msg) - len, " (it is %s)", kind);
	if (like && strcmp(like, form))
		snprintf(err->msg + len, sizeof(err->msg) - len, " (it looks like --from %s)",
			like);
	return r;
}

static int read_samples(struct job *j, struct erg_err *err)
{
	const struct erg_import_options *o = j->o;
	int r = o->from->read(o->samples, &o->how, &j->log, j->notes, err);

	erg_import_log_close(&j->log);
	return hint(o->samples, o->from->name, r, err);
}

static int read_layers(struct job *j, struct erg_err *err)
{
	const struct erg_import_options *o = j->o;
	int r = o->rules
		? erg_import_layers_by_rules(o->layers, o->rules, &j->layers, j->notes, err)
		: o->layers_from->read(o->layers, &j->layers, j->notes, err);

	return hint(o->layers, o->layers_from->name, r, err);
}

/* ---- onto a recording ---- */

static int join_samples(struct job *j, struct erg_err *err)
{
	int64_t first = INT64_MAX, last = INT64_MIN, by;
	int r;

	if (j->log.n == 0)
		return 0; /* the checks say so */
	for (size_t i = 0; erg_import_has_row(&j->log, i); i++) {
		first = j->log.t[i] < first ? j->log.t[i] : first;
		last = j->log.t[i] > last ? j->log.t[i] : last;
	}
	r = erg_import_onto_join(&j->onto, j->o->samples, first, last, j->o->clock_u_s,
		&j->samples_join, err);
	by = j->samples_join.shift_ns;
	for (size_t i = 0; r == 0 && erg_import_has_row(&j->log, i); i++)
		j->log.t[i] += by;
	for (size_t i = 0; r == 0 && i < j->log.n_phases; i++) {
		j->log.phases[i].begin += by;
		j->log.phases[i].end += by;
	}
	return r;
}

static int join_layers(struct job *j, struct erg_err *err)
{
	struct erg_import_layers *l = &j->layers;
	int64_t first = INT64_MAX, by;
	int r;

	for (size_t i = 0; i < l->n_spans; i++)
		first = l->spans[i].begin < first ? l->spans[i].begin : first;
	r = erg_import_onto_join(&j->onto, j->o->layers, first, l->spans[l->n_spans - 1].end,
		j->o->clock_u_s, &j->layers_join, err);
	by = j->layers_join.shift_ns;
	for (size_t i = 0; r == 0 && i < l->n_spans; i++) {
		l->spans[i].begin += by;
		l->spans[i].end += by;
	}
	for (size_t i = 0; r == 0 && i < l->n_phases; i++) {
		l->phases[i].begin += by;
		l->phases[i].end += by;
	}
	return r;
}

/* Clocks that are joined by a guess of how well they agree. */
static void note_join(struct job *j, const char *file, const struct erg_import_join *join)
{
	if (join->clock && join->u_ns > 0)
		erg_import_note(j->notes, "clock",
			"%s: joined with %s by its %s clock, to %.3g s (%s)", file, j->o->onto,
			join->clock, join->u_ns * 1e-9,
			j->o->clock_u_s < 0
				? "assumed: one machine's clock; --clock-u says otherwise"
				: "--clock-u");
}

/* Half of what was added must be of the time of the recording. */
static int check_meeting(struct job *j, struct erg_err *err)
{
	const struct erg_import_onto *o = &j->onto;
	size_t outside = 0, rows = 0;

	for (size_t i = 0; i < j->layers.n_spans; i++)
		outside += j->layers.spans[i].end <= o->begin_ns ||
			j->layers.spans[i].begin >= o->end_ns;
	if (outside * 2 > j->layers.n_spans)
		return erg_fail(err, -EINVAL,
			"%s: %zu of %zu layers are outside the time of %s: another "
			"clock? --time-offset was expected",
			j->o->layers, outside, j->layers.n_spans, j->o->onto);
	if (outside)
		erg_import_note(j->notes, "layer-outside",
			"%s: %zu of %zu layers are outside the time of %s", j->o->layers, outside,
			j->layers.n_spans, j->o->onto);
	for (size_t i = 0; erg_import_has_row(&j->log, i); i++)
		rows += j->log.t[i] >= o->run_begin_ns && j->log.t[i] <= o->run_end_ns;
	if (j->o->samples &&
		(j->log.t[0] > o->run_begin_ns || j->log.t[j->log.n - 1] < o->run_end_ns))
		erg_import_note(j->notes, "coverage",
			"%s: the readings do not cover all of %s: %zu of %zu are of "
			"its time",
			j->o->samples, j->o->onto, rows, j->log.n);
	return 0;
}

/* What is not known of the clocks is not known of the sensor's lag. */
static void add_doubt(struct job *j)
{
	for (size_t i = 0; i < j->log.n_channels; i++) {
		uint64_t *u = &j->log.channels[i].model.lag_u_ns;

		*u = (uint64_t)llround(hypot((double)*u, j->samples_join.u_ns));
	}
}

static int read_log(struct job *j, struct erg_err *err)
{
	int r = read_samples(j, err);

	if (r == 0)
		r = erg_import_spread_told(&j->log, &j->o->how, j->notes, err);
	if (r == 0)
		r = move_times(j, err);
	if (r == 0)
		r = check_clocks(j, err);
	if (r == 0 && j->o->onto)
		r = join_samples(j, err);
	if (r == 0)
		r = erg_import_settings(&j->log, j->o->sensors, err);
	return r < 0 ? r
		     : hint(j->o->samples, j->o->from->name,
			       erg_import_check(&j->log, j->notes, err), err);
}

static int read_inputs(struct job *j, struct erg_err *err)
{
	const struct erg_import_options *o = j->o;
	int r = o->onto ? erg_import_onto_open(o->onto, &j->onto, err) : 0;

	j->log.path = o->samples ? o->samples : o->layers;
	if (r == 0 && o->samples)
		r = read_log(j, err);
	if (r == 0 && o->layers)
		r = read_layers(j, err);
	if (r == 0 && o->layers && o->onto)
		r = join_layers(j, err);
	if (r == 0 && o->samples)
		r = erg_import_models(&j->log, o->layers ? &j->layers : NULL, j->stale, j->notes,
			err);
	if (r == 0 && o->layers && o->samples)
		r = check_coverage(j, err);
	if (r == 0 && o->onto)
		r = check_meeting(j, err);
	if (r < 0)
		return r;
	if (o->onto) {
		note_join(j, o->samples, &j->samples_join);
		note_join(j, o->layers, &j->layers_join);
		add_doubt(j);
	}
	j->origin_ns = first_time(j) < 0 && !o->onto ? first_time(j) : 0;
	snprintf(j->kind, sizeof(j->kind), "imported:%s", o->from->name);
	return 0;
}

/* ---- writing ---- */

static volatile int interrupted;

static void on_signal(int sig)
{
	interrupted = sig;
}

/* Where many rows are kept too: the trace of them will need more. */
static char *folder_of(const char *output)
{
	const char *slash = strrchr(output, '/');

	return slash ? strndup(output, (size_t)(slash - output) + 1) : strdup(".");
}

/* A folder for the trace beside the output: the space is needed there anyway. */
static char *make_folder(const char *output)
{
	const char *slash = strrchr(output, '/');
	char *dir = NULL;

	if (asprintf(&dir, "%.*s.erg-import-XXXXXX", slash ? (int)(slash - output) + 1 : 0,
		    output) < 0)
		return NULL;
	if (!mkdtemp(dir)) {
		free(dir);
		return NULL;
	}
	return dir;
}

static uint64_t mtime_of(const char *path)
{
	struct stat st;

	/* a pipe's is the time of this run, which the same input would not give again */
	return stat(path, &st) < 0 || !S_ISREG(st.st_mode)
		? 0
		: (uint64_t)st.st_mtim.tv_sec * ERG_NSEC_PER_SEC;
}

static int add_traces(struct erg_archive_writer *w, const char *dir, struct erg_err *err)
{
	_cleanup_(erg_freep) char *traces = NULL;

	if (asprintf(&traces, "%s/trace", dir) < 0) {
		traces = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", dir);
	}
	erg_archive_expect(w, erg_tree_bytes(traces));
	return erg_archive_add_tree(w, "trace", traces, err);
}

struct chunks {
	const struct job *j;
	const char *dir; /* of the chunks */
	struct erg_archive_writer *w;
};

/* Archives a chunk while the next one is written; what goes onto a recording has its place behind that. */
static int take_chunk(void *data, unsigned int chunk, bool last, struct erg_err *err)
{
	const struct chunks *c = data;
	_cleanup_(erg_freep) char *path = NULL;
	char member[32];
	int r = erg_import_set_uuid(c->dir, chunk, c->j->uuid, err);

	if (r < 0 || c->j->o->onto)
		return r;
	snprintf(member, sizeof(member), "trace/%04u", chunk);
	if (asprintf(&path, "%s/%04u", c->dir, chunk) < 0) {
		path = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", c->dir);
	}
	if (last) /* nothing else is told meanwhile */
		erg_archive_expect(c->w, erg_tree_bytes(path));
	r = erg_archive_add_tree(c->w, member, path, err);
	erg_tree_remove(path);
	return r;
}

static int write_traces(const struct job *j, const char *dir, const char *traces,
	struct erg_archive_writer *w, struct erg_err *err)
{
	struct chunks chunks = {.j = j, .dir = traces, .w = w};
	struct erg_import_trace trace = {.run_id = j->run_id,
		.kind = j->kind,
		.log = &j->log,
		.layers = j->o->layers ? &j->layers : NULL,
		.origin_ns = j->origin_ns,
		.first_source = j->onto.sources,
		.pid = j->onto.pid,
		.interrupted = &interrupted,
		.chunk = take_chunk,
		.data = &chunks};
	int r = j->o->onto ? erg_import_onto_extract(&j->onto, dir, err) : 0;

	if (r == 0 && mkdir(traces, 0777) < 0)
		r = erg_fail_errno(err, -errno, "%s", traces);
	if (r == 0)
		r = erg_import_write(&trace, traces, err);
	if (r == 0 && j->o->onto)
		r = erg_import_onto_place(&j->onto, dir, err);
	return r == 0 && j->o->onto ? add_traces(w, dir, err) : r;
}

static int write_archive(const struct job *j, const json_t *manifest, const char *dir,
	struct erg_archive_writer *w, struct erg_err *err)
{
	json_auto_t *summary = j->o->onto ? json_incref(j->onto.summary) : summarize(j);
	_cleanup_(erg_freep) char *traces = NULL;
	int r;

	if (asprintf(&traces, "%s/%s", dir, j->o->onto ? "new" : "trace") < 0) {
		traces = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", j->o->output);
	}
	if (!summary || put_figures(j, summary) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", j->o->output);
	r = erg_manifest_store(w, manifest, err);
	if (r == 0)
		r = write_traces(j, dir, traces, w, err);
	if (r == 0)
		r = erg_manifest_store(w, summary, err);
	if (r == 0 && interrupted)
		r = erg_fail(err, -EINTR, "interrupted");
	if (r == 0)
		r = erg_memory_starved() ? erg_fail_errno(err, -ENOMEM, "%s", j->o->output)
					 : erg_archive_commit(w, err);
	return r;
}

static int write_output(struct job *j, struct erg_err *err)
{
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = NULL;
	struct erg_archive_options opt = {.force = j->o->force,
		.level = ZSTD_LEVEL,
		.mtime_ns = mtime_of(j->log.path)};
	_cleanup_(erg_freep) char *dir = NULL;
	json_t *manifest = j->o->onto ? describe_onto(j) : describe(j);
	int r = manifest ? erg_archive_create(j->o->output, &opt, &w, err)
			 : erg_fail_errno(err, -ENOMEM, "%s", j->o->output);

	if (r == 0) {
		dir = make_folder(j->o->output);
		r = dir ? write_archive(j, manifest, dir, w, err)
			: erg_fail_errno(err, -errno, "%s: a folder beside it", j->o->output);
	}
	if (dir)
		erg_tree_remove(dir);
	json_decref(manifest);
	return r;
}

static void tell(const struct job *j)
{
	const json_t *note;
	size_t i;

	json_array_foreach (j->notes, i, note)
		erg_warn("%s", json_string_value(json_object_get(note, "text")));
}

static int import(const struct erg_import_options *o, struct erg_err *err)
{
	struct job j = {.o = o, .notes = json_array(), .stale = json_array()};
	struct sigaction act = {.sa_handler = on_signal}, old_int, old_term;
	int r;

	sigaction(SIGINT, &act, &old_int);
	sigaction(SIGTERM, &act, &old_term);
	j.folder = folder_of(o->output);
	j.log.folder = j.folder;
	r = j.folder ? read_inputs(&j, err) : erg_fail_errno(err, -ENOMEM, "%s", o->output);
	tell(&j);
	if (r == 0)
		r = write_output(&j, err);
	if (r == 0)
		erg_say("%s: %zu readings of %zu channels over %.9g s, %zu layers", o->output,
			j.log.n, j.log.n_channels, (double)(last_time(&j) - first_time(&j)) * 1e-9,
			j.layers.n_spans);
	if (r == 0 && o->strict && json_array_size(j.notes) > 0)
		r = 3;
	erg_import_log_release(&j.log);
	free(j.folder);
	erg_import_layers_release(&j.layers);
	erg_import_onto_release(&j.onto);
	json_decref(j.notes);
	json_decref(j.stale);
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
	return r;
}

int erg_import(int argc, char **argv, struct erg_err *err)
{
	struct erg_import_options o;
	int r = erg_import_options_parse(argc, argv, &o);

	r = r == 0 ? import(&o, err) : r == 1 ? 0 : r;
	erg_import_options_release(&o);
	return r;
}
