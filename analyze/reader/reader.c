/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Archive, or an unpacked one, to timeline. What is damaged is reported and the rest is read: a
 * chunk that cannot be decoded, an archive that was cut. Only what holds nothing at all is an error.
 */
#include "analyze/reader/reader.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "analyze/reader/cache.h"
#include "analyze/reader/join.h"
#include "analyze/reader/sensor.h"
#include "analyze/timeline/rail.h"
#include "formats/base/memory.h"
#include "formats/manifest.h"
#include "formats/base/regular.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

struct chunks {
	struct erg_worker_chunk *c;
	size_t n;
};

static void chunks_release(struct chunks *cs)
{
	for (size_t i = 0; i < cs->n; i++) {
		erg_worker_unmap(&cs->c[i]);
		free(cs->c[i].dir);
	}
	free(cs->c);
}

static struct erg_worker_chunk *add_chunk(struct chunks *cs, const char *name)
{
	struct erg_worker_chunk *c = erg_noted(realloc(cs->c, (cs->n + 1) * sizeof(*c)));

	if (!c)
		return NULL;
	cs->c = c;
	c += cs->n++;
	*c = (struct erg_worker_chunk){0};
	snprintf(c->name, sizeof(c->name), "%s", name);
	return c;
}

/* "trace/0003/…" gives "0003". */
static bool chunk_name(const char *member, char *ret, size_t len)
{
	const char *end;

	if (strncmp(member, "trace/", 6))
		return false;
	end = strchr(member + 6, '/');
	if (!end || (size_t)(end - member - 6) >= len)
		return false;
	memcpy(ret, member + 6, (size_t)(end - member - 6));
	ret[end - member - 6] = '\0';
	return true;
}

static int archive_chunks(const struct erg_archive *a, struct chunks *cs, struct erg_err *err)
{
	const struct erg_archive_member *m;
	size_t n = erg_archive_members(a, &m);

	for (size_t i = 0; i < n; i++) {
		struct erg_worker_chunk *c = cs->n ? &cs->c[cs->n - 1] : NULL;
		char name[sizeof(c->name)];

		if (!chunk_name(m[i].name, name, sizeof(name)))
			continue;
		if (!c || strcmp(c->name, name)) {
			c = add_chunk(cs, name);
			if (!c)
				return erg_fail(err, -ENOMEM, "out of memory");
			c->first = i;
		}
		c->n = i + 1 - c->first;
		c->bytes += m[i].size;
		c->packed += m[i].frame_size;
	}
	return 0;
}

static int is_visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int directory_chunks(const char *path, struct chunks *cs, struct erg_err *err)
{
	char trace[4096], file[4400];
	struct dirent **names;
	int n, r = 0;

	snprintf(trace, sizeof(trace), "%s/trace", path);
	n = scandir(trace, &names, is_visible, alphasort);
	if (n < 0)
		return erg_fail_errno(err, -errno, "%s", trace);
	for (int i = 0; i < n; i++) {
		struct erg_worker_chunk *c = add_chunk(cs, names[i]->d_name);

		snprintf(file, sizeof(file), "%s/%s", trace, names[i]->d_name);
		if (!c || !(c->dir = strdup(file)))
			r = erg_fail(err, -ENOMEM, "out of memory");
		free(names[i]);
	}
	free(names);
	return r;
}

static int directory_document(const char *path, const char *name, const char *format, json_t **ret,
	struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = NULL;
	_cleanup_(erg_freep) char *text = NULL;
	char file[4096];
	json_t *doc;
	json_error_t e;

	snprintf(file, sizeof(file), "%s/%s", path, name);
	f = erg_regular_open(file); /* a pipe would not end */
	if (!f && errno == ENOTSUP)
		return erg_fail(err, -EINVAL, "%s: is no file", file);
	if (!f && errno == ENOENT && !strcmp(name, ERG_MANIFEST_NAME))
		return erg_fail(err, -ENOENT,
			"%s: a folder without %s: expected an archive, or the folder that tar "
			"unpacks it to (the archives in a folder: %s/*.erg)",
			path, name, path);
	if (!f)
		return erg_fail_errno(err, -errno, "%s", file);
	doc = json_loadf(f, 0, &e);
	if (!doc)
		return erg_fail(err, -EINVAL, "%s: line %d: %s", file, e.line, e.text);
	text = json_dumps(doc, 0);
	json_decref(doc);
	if (!text)
		return erg_fail(err, -ENOMEM, "out of memory");
	return erg_manifest_parse(text, strlen(text), format, file, ret, err);
}

/* One that is there and not to be read is another thing than a recording that was cut. */
static int without_summary(struct erg_timeline *tl, int why, const struct erg_err *what,
	struct erg_err *err)
{
	tl->summary = NULL;
	if (why == -ENOMEM)
		return erg_fail(err, why, "%s", what->msg);
	if (why == -ENOENT)
		erg_timeline_warn(tl, "no-summary",
			"no summary: the recording or the archive was cut before its end");
	else
		erg_timeline_warn(tl, "no-summary", "no summary: it cannot be read: %s", what->msg);
	return 0;
}

/* Manifest and summary; the summary may be missing (a recording that was cut). */
static int load_documents(const struct erg_archive *a, const char *path, struct erg_timeline *tl,
	struct erg_err *err)
{
	struct erg_err what = {0};
	const char *reason;
	int r = a ? erg_manifest_load(a, ERG_MANIFEST_FORMAT, &tl->manifest, err)
		  : directory_document(path, ERG_MANIFEST_NAME, ERG_MANIFEST_FORMAT, &tl->manifest,
			    err);

	if (r < 0)
		return a && strncmp(err->msg, path, strlen(path)) ? erg_wrap(err, r, "%s", path)
								  : r;
	r = a ? erg_manifest_load(a, ERG_SUMMARY_FORMAT, &tl->summary, &what)
	      : directory_document(path, ERG_SUMMARY_NAME, ERG_SUMMARY_FORMAT, &tl->summary, &what);
	if (r < 0)
		return without_summary(tl, r, &what, err);
	if (!json_is_integer(json_object_get(tl->summary, "begin_ns")) ||
		!json_is_integer(json_object_get(tl->summary, "end_ns")))
		erg_timeline_warn(tl, "no-times",
			"the summary does not say when the run began and ended: it is taken from the "
			"first event to the last");
	if (json_is_false(json_object_get(tl->summary, "complete"))) {
		reason = json_string_value(json_object_get(tl->summary, "reason"));
		erg_timeline_warn(tl, "incomplete", "the recording ended early: %s",
			reason ? reason : "it does not say why");
	}
	return 0;
}

static uint64_t lost(const struct erg_timeline *tl, const char *what)
{
	json_int_t n =
		json_integer_value(json_object_get(json_object_get(tl->summary, "lost"), what));

	return n > 0 ? (uint64_t)n : 0;
}

static void warn_losses(struct erg_timeline *tl)
{
	uint64_t events[2] = {0}, packets = 0;

	if (tl->undecoded) {
		events[0] = lost(tl, "layer_events");
		events[1] = lost(tl, "sample_events");
		packets = lost(tl, "packets");
	}
	for (size_t i = 0; i < tl->n_losses; i++) {
		events[tl->losses[i].samples] += tl->losses[i].events;
		packets += !strcmp(tl->losses[i].what, "packets");
	}
	for (int s = 0; s < 2; s++)
		if (events[s])
			erg_timeline_warn(tl, "lost", "%llu %s were discarded (full buffers)",
				(unsigned long long)events[s], s ? "samples" : "layer events");
	if (packets)
		erg_timeline_warn(tl, "lost", "packets of events are missing");
}

#define NOTICES_MAX 50

/* What liberg and the adapters say of themselves, each once (formats/FORMAT.md). */
static void warn_notices(struct erg_timeline *tl)
{
	const char *told[NOTICES_MAX];
	size_t n = 0, more = 0;

	for (size_t i = 0; i < tl->n_markers; i++) {
		const char *text = tl->markers[i].text;
		size_t k = 0;

		if (strncmp(text, "erg: ", 5))
			continue;
		while (k < n && strcmp(told[k], text))
			k++;
		if (k < n)
			continue;
		if (n == NOTICES_MAX) {
			more++;
			continue;
		}
		told[n++] = text;
		erg_timeline_warn(tl, "notice", "%s", text + 5);
	}
	if (more)
		erg_timeline_warn(tl, "notice", "%zu notices more, of other texts", more);
}

/* Counters that others wanted too: see account/counts.c. */
static void warn_multiplexed(struct erg_timeline *tl)
{
	double enabled = 0, running = 0;

	for (size_t i = 0; tl->iv.enabled && i < tl->iv.n; i++) {
		enabled += (double)tl->iv.enabled[i];
		running += (double)tl->iv.running[i];
	}
	if (running < 0.99 * enabled)
		erg_timeline_warn(tl, "multiplexed",
			"counters ran %.1f %% of the layers' time, beside counters of others: "
			"counts are scaled up",
			100 * running / enabled);
}

static void warn_timeline(struct erg_timeline *tl, const struct erg_worker_chunk *chunks, size_t n)
{
	bool simulated = false;

	for (size_t i = 0; i < n; i++)
		if (chunks[i].error[0])
			erg_timeline_warn(tl, "chunk", "chunk %s: %s", chunks[i].name,
				chunks[i].error);
	for (size_t i = 0; i < tl->n_sources; i++)
		simulated |= tl->sources[i].simulated && tl->sources[i].cls == ERG_CLASS_POWER;
	if (tl->undecoded)
		simulated = json_is_true(json_object_get(tl->manifest, "simulated"));
	if (simulated)
		erg_timeline_warn(tl, "simulated",
			"power is simulated: it comes from a model, not from a sensor");
	if (!tl->iv.n && !tl->n_channels && !tl->undecoded)
		erg_timeline_warn(tl, "empty", "the trace holds no layer and no reading of ours");
	warn_losses(tl);
	warn_multiplexed(tl);
	warn_notices(tl);
}

int erg_reader_finish(struct erg_timeline *tl, const char *sensor,
	const struct erg_worker_chunk *chunks, size_t n, struct erg_err *err)
{
	int r = sensor ? erg_reader_sensor(tl, sensor, err) : 0;

	if (r >= 0)
		r = erg_rails_form(tl, err);
	if (r >= 0)
		warn_timeline(tl, chunks, n);
	return r;
}

static int open_archive(const char *path, struct erg_archive **ret, struct erg_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return erg_fail_errno(err, -errno, "%s", path);
	return S_ISDIR(st.st_mode) ? 0 : erg_archive_open(path, ret, err);
}

int erg_reader_documents(const char *path, struct erg_timeline *tl, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	int r = open_archive(path, &a, err);

	return r < 0 ? r : load_documents(a, path, tl, err);
}

/* Figures of nothing would look like a run in which nothing happened. */
static int fail_unreadable(const struct chunks *cs, struct erg_err *err)
{
	for (size_t i = 0; i < cs->n; i++)
		if (cs->c[i].h && (!cs->c[i].error[0] || cs->c[i].h->events))
			return 0;
	if (!cs->n)
		return erg_fail(err, -EBADMSG, "its trace is missing: expected trace/NNNN/…");
	return erg_fail(err, -EBADMSG, "nothing of its trace can be read: chunk %s%s: %s",
		cs->c[0].name, cs->n > 1 ? " and all others" : "", cs->c[0].error);
}

static int begin_timeline(const struct erg_archive *a, const char *path, struct erg_timeline **ret,
	struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = calloc(1, sizeof(*tl));
	int r;

	if (!tl || !(tl->archive = erg_utf8_copy(path)) || !(tl->warnings = json_array()))
		return erg_fail(err, -ENOMEM, "%s: out of memory", path);
	if (a && erg_archive_damage(a))
		erg_timeline_warn(tl, "damaged", "%s", erg_archive_damage(a));
	r = load_documents(a, path, tl, err);
	if (r >= 0)
		*ret = erg_steal_ptr(&tl);
	return r;
}

/* Whether A is described by its documents alone, as OPT has it. What is damaged, or was not recorded to
 * its end, is what can be read of it. */
static bool leave_undecoded(const struct erg_archive *a, const struct erg_reader_options *opt,
	struct erg_timeline *tl)
{
	const struct erg_archive_member *m;
	size_t n = a ? erg_archive_members(a, &m) : 0;
	uint64_t bytes = 0;

	if (!opt->decode_max || !a || erg_archive_damage(a) ||
		!json_is_true(json_object_get(tl->summary, "complete")))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strncmp(m[i].name, "trace/", 6))
			bytes += m[i].frame_size;
	if (bytes <= opt->decode_max)
		return false;
	tl->undecoded = true;
	erg_join_span(tl, NULL, 0);
	return true;
}

static bool any_error(const struct chunks *cs)
{
	for (size_t i = 0; i < cs->n; i++)
		if (!cs->c[i].h || cs->c[i].error[0])
			return true;
	return erg_memory_starved();
}

/* A is NULL for an unpacked archive at PATH. */
static int decode(const struct erg_archive *a, const char *path,
	const struct erg_reader_options *opt, const struct erg_cache *cache,
	struct erg_timeline *tl, struct chunks *cs, struct erg_err *err)
{
	const size_t warnings = json_array_size(tl->warnings);
	int r = a ? archive_chunks(a, cs, err) : directory_chunks(path, cs, err);
	bool whole;

	if (r >= 0)
		r = erg_worker_run(a, cs->c, cs->n, opt, err);
	if (r >= 0 && !opt->documents_suffice)
		r = fail_unreadable(cs, err);
	whole = cs->n && !any_error(cs); /* before the chunks are given back */
	if (r >= 0)
		r = erg_join_timeline(tl, cs->c, cs->n, err);
	if (r >= 0 && whole && !erg_memory_starved())
		erg_cache_store(cache, a, tl, warnings);
	return r;
}

/* What is damaged is neither looked for nor kept: its report is of this decoding. */
static int open_cache(const struct erg_archive *a, const struct erg_reader_options *opt,
	struct erg_cache *ret, struct erg_err *err)
{
	return !a || opt->no_cache || erg_archive_damage(a) ? 0 : erg_cache_open(a, ret, err);
}

int erg_timeline_read(const char *path, const struct erg_reader_options *opt,
	struct erg_timeline **ret, struct erg_err *err)
{
	static const struct erg_reader_options defaults = {0};
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	_cleanup_(erg_cache_close) struct erg_cache cache = ERG_CACHE_NONE;
	_cleanup_(chunks_release) struct chunks cs = {0};
	int cached, r = open_archive(path, &a, err);

	opt = opt ? opt : &defaults;
	if (r >= 0)
		r = begin_timeline(a, path, &tl, err);
	if (r < 0)
		return r;
	if (leave_undecoded(a, opt, tl)) {
		warn_timeline(tl, NULL, 0);
		*ret = erg_steal_ptr(&tl);
		return 0;
	}
	r = open_cache(a, opt, &cache, err);
	if (r < 0)
		return r;
	cached = erg_cache_load(&cache, tl);
	if (cached < 0) { /* half of something */
		erg_timeline_free(erg_steal_ptr(&tl));
		r = begin_timeline(a, path, &tl, err);
		if (r < 0)
			return r;
	}
	if (cached <= 0)
		r = decode(a, path, opt, &cache, tl, &cs, err);
	if (r >= 0)
		r = erg_reader_finish(tl, opt->sensor, cs.c, cs.n, err);
	if (r < 0)
		return erg_wrap(err, r, "%s", path);
	*ret = erg_steal_ptr(&tl);
	return 0;
}
