/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chrome's Trace Event Format as layers: what Kineto (the PyTorch profiler), ONNX Runtime, TensorFlow
 * and JAX write. An event with a duration (ph X, or B and its E) is a layer on the track of its
 * thread or stream; its type is the operator's name or the event's category. Times are us since
 * baseTimeNanoseconds (1970, if the trace has none). Marks, counters, arrows and asynchronous events
 * are no layers. The trace may end in the middle: a profiler that was killed leaves it so.
 *
 * Format: "Trace Event Format", N. Duca and D. Sinclair, 2016; baseTimeNanoseconds is Kineto's.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/hash.h"
#include "formats/base/number.h"
#include "formats/base/util.h"
#include "record/import/import.h"
#include "record/import/json_walk.h"
#include "record/import/cells.h"
#include "record/import/chrome_marks.h"

struct place {
	UT_hash_handle hh;
	char *process, *name; /* the process' and the thread's, when told */
	uint32_t track;       /* id; 0: nothing happened there */
	bool device;
	struct erg_chrome_marks marks; /* of the thread, also of what it says ran on a device */
	char key[];
};

/* What begins in the file's events; an end has a name of these. */
struct known_name {
	UT_hash_handle hh;
	char text[];
};

struct trace {
	struct erg_json_walk *walk;
	struct erg_import_layers *layers;
	struct place *places, *processes;
	struct known_name *names;
	int64_t base_ns;
	size_t events, foreign, foreign_line, asynchronous;
	struct erg_chrome_odd odd;
	const char *path, *text; /* of the event */
	bool cut;
};

/* ---- places ---- */

static struct place *place_of(struct place **all, const char *key)
{
	struct place *p;

	HASH_FIND_STR(*all, key, p);
	if (p)
		return p;
	p = calloc(1, sizeof(*p) + strlen(key) + 1);
	if (!p)
		return NULL;
	memcpy(p->key, key, strlen(key));
	HASH_ADD_STR(*all, key, p);
	if (!erg_hash_lost(p))
		return p;
	free(p);
	return NULL;
}

static void places_release(struct place **all)
{
	struct place *p, *next;

	HASH_ITER(hh, *all, p, next)
	{
		HASH_DEL(*all, p);
		free(p->process);
		free(p->name);
		free(p->marks.marks);
		free(p);
	}
}

static void names_release(struct known_name **all)
{
	struct known_name *n, *next;

	HASH_ITER(hh, *all, n, next)
	{
		HASH_DEL(*all, n);
		free(n);
	}
}

static const char *id_text(const json_t *e, const char *key, char *buf, size_t size)
{
	const json_t *v = json_object_get(e, key);

	if (json_is_string(v))
		return json_string_value(v);
	snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	return buf;
}

static const char *word_of(const json_t *e, const char *key)
{
	const char *text = json_string_value(json_object_get(e, key));

	return text ? text : "";
}

/* What Kineto and ONNX Runtime say of what ran on a device. */
static bool is_device(const json_t *e)
{
	static const char *const categories[] = {"kernel", "gpu_memcpy", "gpu_memset",
		"gpu_user_annotation", "Memcpy", "Memset"};
	const char *cat = word_of(e, "cat");

	for (size_t i = 0; i < ERG_ARRAY_SIZE(categories); i++)
		if (!strcasecmp(cat, categories[i]))
			return true;
	return false;
}

static bool name_ends(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n >= e && !strcmp(name + n - e, end);
}

/* Kineto's own, the whole recording; and ONNX Runtime's fences around a node. */
static bool is_no_work(const json_t *e)
{
	const char *name = word_of(e, "name");

	return !strcmp(word_of(e, "cat"), "Trace") || name_ends(name, "_fence_before") ||
		name_ends(name, "_fence_after");
}

static struct place *thread_of(struct trace *t, const json_t *e, bool device)
{
	char a[32], b[32], key[512];

	snprintf(key, sizeof(key), "%s\x1f%s\x1f%d", id_text(e, "pid", a, sizeof(a)),
		id_text(e, "tid", b, sizeof(b)), device);
	return place_of(&t->places, key);
}

/* ---- one event ---- */

/* The number of KEY in us, as ns; from the text, since a double has no ns of 1970. */
static bool number_us(const struct trace *t, const json_t *e, const char *key, int64_t *ret)
{
	const json_t *v = json_object_get(e, key);
	const char *s = t->text, *end;
	double about;
	char word[16];
	int digits;

	if (!v)
		return false;
	about = json_number_value(v);
	if (json_is_string(v) && !erg_number_parse(json_string_value(v), -1e16, 1e16, &about))
		return false;
	if ((!json_is_string(v) && !json_is_number(v)) || !isfinite(about) ||
		fabs(about) > (double)ERG_IMPORT_TIME_MAX / 1000)
		return false;
	snprintf(word, sizeof(word), "\"%s\"", key);
	while ((s = strstr(s, word))) {
		s += strlen(word);
		s += strspn(s, " \t\r\n:\"");
		if (erg_import_scaled(s, '.', 3, ret, &digits, &end) &&
			fabs((double)*ret / 1000 - about) < 1)
			return true;
	}
	*ret = llround(about * 1000);
	return true;
}

/* "ProfilerStep#12" is step 12 of ProfilerStep; "conv1_kernel_time" is conv1. The name is cut there; UINT32_MAX:
 * it has no number. */
static uint32_t cut_name(char *name)
{
	const size_t len = strlen(name);
	char *end;
	unsigned long v;

	if (len > 12 && name_ends(name, "_kernel_time"))
		name[len - 12] = '\0';
	if (strncmp(name, "ProfilerStep#", 13) || name[13] < '0' || name[13] > '9')
		return UINT32_MAX;
	v = strtoul(name + 13, &end, 10);
	if (*end || v >= UINT32_MAX)
		return UINT32_MAX;
	name[12] = '\0';
	return (uint32_t)v;
}

/* The id of the layer; 0: no memory. */
static uint32_t define_event(struct trace *t, const json_t *e, uint32_t *ret_step)
{
	const char *type = word_of(json_object_get(e, "args"), "op_name");
	_cleanup_(erg_freep) char *name = strdup(word_of(e, "name"));

	if (!name)
		return 0;
	*ret_step = cut_name(name);
	return erg_import_layers_define(t->layers, 2, 0, *name ? name : "unnamed",
		*type ? type : word_of(e, "cat"), "");
}

/* The event's span on the track of P. */
static int add_span(struct trace *t, struct place *p, const struct erg_chrome_mark *b, int64_t end)
{
	struct erg_import_span *s = erg_import_layers_add(t->layers);

	if (!p->track)
		p->track = erg_import_layers_track(t->layers, p->key);
	if (!s || !p->track)
		return -ENOMEM;
	*s = (struct erg_import_span){.begin = b->t,
		.end = end,
		.layer = b->layer - 1,
		.iteration = b->step < UINT32_MAX ? b->step : t->layers->defs[b->layer - 1].seen++,
		.track = p->track,
		.line = b->line};
	return 1;
}

/* These return 1 for an event that was understood, 0 for another, or -ENOMEM. */

static int take_complete(struct trace *t, const json_t *e)
{
	struct erg_chrome_mark b = {.line = (uint32_t)erg_json_walk_line(t->walk)};
	bool device = is_device(e);
	int64_t duration = 0;
	struct place *p;

	if (!number_us(t, e, "ts", &b.t))
		return 0;
	if (json_object_get(e, "dur") && (!number_us(t, e, "dur", &duration) || duration < 0))
		return 0;
	if (is_no_work(e))
		return 1;
	p = thread_of(t, e, device);
	b.layer = p ? define_event(t, e, &b.step) : 0;
	if (!b.layer)
		return -ENOMEM;
	p->device = device;
	return add_span(t, p, &b, b.t + duration);
}

/* The name as it is kept once; NULL: no memory. */
static const char *keep_name(struct trace *t, const char *text)
{
	struct known_name *n;

	HASH_FIND_STR(t->names, text, n);
	if (n)
		return n->text;
	n = calloc(1, sizeof(*n) + strlen(text) + 1);
	if (!n)
		return NULL;
	memcpy(n->text, text, strlen(text));
	HASH_ADD_STR(t->names, text, n);
	if (!erg_hash_lost(n))
		return n->text;
	free(n);
	return NULL;
}

/* Whose end it is, if it says so. */
static int name_end(struct trace *t, const json_t *e, const char **ret)
{
	_cleanup_(erg_freep) char *name = strdup(word_of(e, "name"));

	if (!name)
		return -ENOMEM;
	cut_name(name);
	*ret = *name ? keep_name(t, name) : NULL;
	return *name && !*ret ? -ENOMEM : 0;
}

/* A begin or an end: they are matched once all of the file was read, since writers that flush the buffers of
 * several threads, or sort by name, have them in any order. */
static int take_mark(struct trace *t, const json_t *e, bool is_end)
{
	struct place *p = thread_of(t, e, false);
	struct erg_chrome_mark m = {.line = (uint32_t)erg_json_walk_line(t->walk),
		.step = UINT32_MAX,
		.device = is_device(e)};

	if (!p)
		return -ENOMEM;
	if (!number_us(t, e, "ts", &m.t))
		return 0;
	if (is_end ? name_end(t, e, &m.name) < 0 : !(m.layer = define_event(t, e, &m.step)))
		return -ENOMEM;
	return erg_chrome_marks_add(&p->marks, &m) < 0 ? -ENOMEM : 1;
}

static int set_word(char **ret, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*ret);
	*ret = copy;
	return 1;
}

/* Names of processes and threads. "GPU 0", the label, says more than "python". */
static int take_metadata(struct trace *t, const json_t *e)
{
	const json_t *args = json_object_get(e, "args");
	const char *what = word_of(e, "name");
	char buf[32];
	struct place *p;

	if (!strcmp(what, "thread_name")) {
		for (int device = 0; device < 2; device++) {
			p = thread_of(t, e, device);
			if (!p || set_word(&p->name, word_of(args, "name")) < 0)
				return -ENOMEM;
		}
		return 1;
	}
	if (strcmp(what, "process_name") && strcmp(what, "process_labels"))
		return 1;
	p = place_of(&t->processes, id_text(e, "pid", buf, sizeof(buf)));
	if (!p)
		return -ENOMEM;
	return !strcmp(what, "process_name") ? set_word(&p->name, word_of(args, "name"))
					     : set_word(&p->process, word_of(args, "labels"));
}

static int take_event(struct trace *t, const json_t *e)
{
	const char *ph = word_of(e, "ph");

	if (ph[0] == '\0' || ph[1] != '\0')
		return 0;
	switch (ph[0]) {
	case 'X':
		return take_complete(t, e);
	case 'B':
	case 'E':
		return take_mark(t, e, ph[0] == 'E');
	case 'M':
		return take_metadata(t, e);
	case 'b':
		t->asynchronous++;
		return 1;
	default:
		return strchr("einNODCPRsStTfFpvVc(),I", ph[0]) != NULL;
	}
}

/* ---- the file ---- */

static int take_events(struct trace *t, struct erg_err *err)
{
	int c, r;

	erg_json_walk_get(t->walk); /* [ */
	while ((c = erg_json_walk_peek(t->walk)) && c != ']') {
		json_t *e;
		size_t len;

		if (c == ',') {
			erg_json_walk_get(t->walk);
			continue;
		}
		if (!erg_json_walk_value(t->walk, &t->text, &len))
			break;
		e = json_loadb(t->text, len, 0, NULL);
		r = json_is_object(e) ? take_event(t, e) : 0;
		json_decref(e);
		if (r < 0)
			return erg_fail_errno(err, r, "%s", t->path);
		if (r == 0 && t->foreign++ == 0)
			t->foreign_line = erg_json_walk_line(t->walk);
		t->events++;
	}
	t->cut = erg_json_walk_get(t->walk) != ']';
	return 0;
}

static int take_member(struct trace *t, bool *ret_found, struct erg_err *err)
{
	const char *text;
	char key[64];
	size_t len;

	if (!erg_json_walk_value(t->walk, &text, &len))
		return 0;
	snprintf(key, sizeof(key), "%.*s", (int)(len < 60 ? len : 60), text);
	if (erg_json_walk_peek(t->walk) != ':')
		return 0;
	erg_json_walk_get(t->walk);
	if (!strcmp(key, "\"traceEvents\"") && erg_json_walk_peek(t->walk) == '[') {
		*ret_found = true;
		return take_events(t, err);
	}
	t->cut |= !erg_json_walk_value(t->walk, &text, &len);
	if (!strcmp(key, "\"baseTimeNanoseconds\""))
		t->base_ns = strtoll(text + (*text == '"'), NULL, 10);
	return 0;
}

static int read_document(struct trace *t, struct erg_err *err)
{
	bool found = false;
	int c = erg_json_walk_peek(t->walk), r = 0;

	if (c == '[')
		return take_events(t, err);
	if (c != '{')
		return erg_fail(err, -EINVAL,
			"%s: an array of events or an object with traceEvents, JSON, "
			"was expected",
			t->path);
	erg_json_walk_get(t->walk);
	while (r == 0 && erg_json_walk_peek(t->walk) == '"') {
		r = take_member(t, &found, err);
		if (r == 0 && erg_json_walk_peek(t->walk) == ',')
			erg_json_walk_get(t->walk);
	}
	t->cut |= erg_json_walk_get(t->walk) != '}';
	if (r == 0 && !found)
		return erg_fail(err, -EINVAL,
			"%s: no \"traceEvents\" in the object; a trace of Chrome's "
			"format was expected",
			t->path);
	return r;
}

/* ---- begins and ends ---- */

/* What PLACE's thread says of a device is on a track of its own. */
static struct place *device_place(struct trace *t, const struct place *p)
{
	_cleanup_(erg_freep) char *key = strdup(p->key);
	struct place *device;

	if (!key)
		return NULL;
	key[strlen(key) - 1] = '1';
	device = place_of(&t->places, key);
	if (device)
		device->device = true;
	return device;
}

struct of_thread {
	struct trace *trace;
	struct place *host, *device;
};

static int add_matched(void *data, const struct erg_chrome_mark *begin, int64_t end)
{
	const struct of_thread *of = data;

	return add_span(of->trace, begin->device ? of->device : of->host, begin, end);
}

static int match_all(struct trace *t, struct erg_err *err)
{
	struct place *p, *next;

	HASH_ITER(hh, t->places, p, next)
	{
		struct of_thread of = {t, p, p->marks.n ? device_place(t, p) : p};

		if (!of.device ||
			erg_chrome_marks_match(&p->marks, t->layers, add_matched, &of, &t->odd) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", t->path);
	}
	return 0;
}

/* ---- the end ---- */

/* "GPU 0 stream 7", "python thread 1234 (python)". */
static int name_track(struct trace *t, const struct place *p)
{
	_cleanup_(erg_freep) char *pid = strndup(p->key, strcspn(p->key, "\x1f"));
	const char *tid = p->key + strcspn(p->key, "\x1f") + 1;
	struct place *process = pid ? place_of(&t->processes, pid) : NULL;
	const char *of = !process                                     ? ""
		: process->process && strcmp(process->process, "CPU") ? process->process
		: process->name                                       ? process->name
								      : "";
	bool says = strcasestr(of, "gpu") || (p->name && strcasestr(p->name, "gpu"));
	char *name = NULL;

	if (!process)
		return -ENOMEM;
	if (asprintf(&name, "%s%s%s%s%.*s", p->device && !says ? "gpu " : "", of, *of ? " " : "",
		    p->name && *p->name ? p->name : "thread ",
		    p->name && *p->name ? 0 : (int)strcspn(tid, "\x1f"), tid) < 0)
		return -ENOMEM;
	while (*name && name[strlen(name) - 1] == ' ')
		name[strlen(name) - 1] = '\0';
	free(t->layers->tracks[p->track - 1]);
	t->layers->tracks[p->track - 1] = name;
	return 0;
}

static int name_tracks(struct trace *t, struct erg_err *err)
{
	struct place *p, *next;

	HASH_ITER(hh, t->places, p, next)
	{
		if (p->track && name_track(t, p) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", t->path);
	}
	return 0;
}

static int judge_trace(struct trace *t, json_t *notes, struct erg_err *err)
{
	const char *error = erg_json_walk_error(t->walk);

	if (t->events == t->foreign || t->foreign * 2 > t->events)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: no event of Chrome's trace format; %zu of %zu "
			"are none",
			t->path, t->foreign_line, t->foreign, t->events);
	if (t->layers->n_spans == 0)
		return erg_fail(err, -ENODATA,
			"%s: no event with a duration (ph X, or B and E) in %zu events", t->path,
			t->events);
	if (error || t->cut)
		erg_import_note(notes, "cut",
			"%s: the trace ends in the middle%s%s; the %zu events before were "
			"taken",
			t->path, error ? ": " : "", error ? error : "", t->events);
	if (t->foreign)
		erg_import_note(notes, "foreign",
			"%s: line %zu: no event of Chrome's trace format; %zu such "
			"were left out",
			t->path, t->foreign_line, t->foreign);
	if (t->asynchronous)
		erg_import_note(notes, "asynchronous",
			"%s: %zu asynchronous events (ph b) were left out: they "
			"are on no thread",
			t->path, t->asynchronous);
	if (t->odd.disordered)
		erg_import_note(notes, "order",
			"%s: line %zu: events that begin and end are not in the order of their times on %zu "
			"threads; they were put in order",
			t->path, t->odd.disordered_line, t->odd.disordered);
	if (t->odd.unmatched)
		erg_import_note(notes, "unmatched",
			"%s: line %zu: an event that only begins or only ends; %zu "
			"such were left out",
			t->path, t->odd.unmatched_line, t->odd.unmatched);
	return 0;
}

static int place_in_time(struct trace *t, struct erg_err *err)
{
	struct erg_import_layers *l = t->layers;

	for (size_t i = 0; i < l->n_spans; i++) {
		struct erg_import_span *s = &l->spans[i];

		if (__builtin_add_overflow(s->begin, t->base_ns, &s->begin) ||
			__builtin_add_overflow(s->end, t->base_ns, &s->end) || s->end < s->begin ||
			s->begin < -ERG_IMPORT_TIME_MAX || s->end > ERG_IMPORT_TIME_MAX)
			return erg_fail(err, -ERANGE,
				"%s: line %u: the event's time or duration is none that "
				"can be",
				t->path, s->line);
	}
	return 0;
}

static int read_chrome_trace(const char *path, struct erg_import_layers *ret, json_t *notes,
	struct erg_err *err)
{
	_cleanup_(erg_json_walk_freep) struct erg_json_walk *walk = NULL;
	struct trace t = {.layers = ret, .path = path};
	int r;

	erg_import_layers_init(ret);
	r = erg_json_walk_open(path, &walk, err);
	t.walk = walk;
	if (r == 0)
		r = read_document(&t, err);
	if (r == 0)
		r = match_all(&t, err);
	if (r == 0)
		r = name_tracks(&t, err);
	if (r == 0)
		r = judge_trace(&t, notes, err);
	if (r == 0)
		r = place_in_time(&t, err);
	if (r == 0)
		r = erg_import_layers_finish(ret, path, notes, err);
	places_release(&t.places);
	places_release(&t.processes);
	names_release(&t.names);
	return r;
}

const struct erg_import_layers_reader erg_import_chrome_trace = {
	.name = "chrome-trace",
	.about = "Chrome's trace format: PyTorch profiler, ONNX Runtime, TensorFlow, JAX",
	.json = true,
	.read = read_chrome_trace,
};
