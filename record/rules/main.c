/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-rules: turns events of somebody else's tracepoints into layers, by a file of rules. A program of
 * its own, because it reads CTF, which the recorder on the device does not link.
 *
 *	erg-rules events RULES.yaml		the events that must be recorded, a line each
 *	erg-rules emit RULES.yaml TRACE		TRACE's layers as spans of the recording that goes on
 *	erg-rules csv RULES.yaml TRACE		the same as layers.csv, times since the epoch
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/base/terminal.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/rules/apply.h"
#include "record/rules/trace.h"
#include "tracepoints/erg.h"

/* Spans are written no faster than the consumer daemon takes them. */
#define PACE 512
#define PACE_US 4000

/* ---- the events ---- */

static void event_print(const struct erg_rules *r, const char *name, size_t before)
{
	size_t n = 0;

	/* once, although several rules may name it */
	for (size_t i = 0; i < r->n_entries; i++, n++)
		if (n < before && !strcmp(r->entries[i].event, name))
			return;
	for (size_t i = 0; i < r->n_layers; i++, n += 2)
		if ((n < before && !strcmp(r->layers[i].begin, name)) ||
			(n + 1 < before && !strcmp(r->layers[i].end, name)))
			return;
	puts(name);
}

static void events_print(const struct erg_rules *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_entries; i++)
		event_print(r, r->entries[i].event, n++);
	for (size_t i = 0; i < r->n_layers; i++) {
		event_print(r, r->layers[i].begin, n++);
		event_print(r, r->layers[i].end, n++);
	}
}

/* ---- outputs ---- */

static int emit_span(void *data, const struct erg_rules_span *s, struct erg_err *err)
{
	uint64_t *n = data;
	struct erg_layer_info info = {.size = sizeof(info), .name = s->name, .type = s->type};
	uint32_t parent = *s->network ? erg_network(s->network) : 0;

	if (*s->module)
		parent = erg_module(parent, s->module, "");
	erg_span(erg_layer(parent, &info), s->iteration, s->begin_ns, s->end_ns,
		erg_track(s->track, false));
	if (++*n % PACE == 0)
		usleep(PACE_US);
	return 0;
}

static void cell(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text == '\n' || *text == '\r' ? ' ' : *text);
	}
	putchar('"');
	putchar(',');
}

static int csv(void *data, const struct erg_rules_span *s, struct erg_err *err)
{
	printf("%" PRIu64 ",%" PRIu64 ",", s->begin_ns, s->end_ns);
	cell(s->name);
	cell(s->type);
	cell(s->network);
	cell(s->module);
	cell(s->track);
	printf("%" PRIu32 "\n", s->iteration);
	return ferror(stdout) ? erg_fail_errno(err, -EIO, "standard output") : 0;
}

/* ---- all of it ---- */

static int on_event(void *data, const struct erg_rules_event *e, struct erg_err *err)
{
	return erg_rules_event(data, e, err);
}

static void on_loss(void *data)
{
	erg_rules_loss(data);
}

/* Where the layers go, there also what is wrong with them is said. */
static __attribute__((format(printf, 2, 3))) void say(bool emitted, const char *format, ...)
{
	char text[256], line[300];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "erg: rules: %s", text);
	if (emitted)
		erg_marker(line, 0);
	else
		erg_terminal_line(stderr, "erg-record: warning: rules: %s", text);
}

/* Is anything that is known of one process meant for it alone? */
static bool parts_processes(const struct erg_rules *rules)
{
	bool parts = rules->n_entries > 0;

	for (size_t i = 0; i < rules->n_layers; i++)
		parts |= rules->layers[i].any_thread;
	return parts;
}

static void report_trace(const struct erg_rules *rules, const struct erg_rules_trace *t,
	bool emitted)
{
	if (t->lost)
		say(emitted, "%" PRIu64 " events were lost: layers are missing", t->lost);
	if (t->lost_packets)
		say(emitted, "%" PRIu64 " packets of events were lost: layers are missing",
			t->lost_packets);
	if (t->no_threads)
		say(emitted,
			"events without their thread (context vtid): layers of several threads are "
			"mixed");
	if (t->no_processes && parts_processes(rules))
		say(emitted,
			"events without their process (context vpid): if they are of several, what "
			"these tell is mixed");
}

static void report(const struct erg_rules_state *s, const struct erg_rules_trace *t, bool emitted)
{
	struct erg_rules_report r;

	erg_rules_report(s, &r);
	if (!r.spans)
		say(emitted, "no layer in %" PRIu64 " events", t->events);
	if (r.no_begin)
		say(emitted,
			"%" PRIu64 " ends of layers without a beginning, beside %" PRIu64 " layers",
			r.no_begin, r.spans);
	if (r.no_end)
		say(emitted, "%" PRIu64 " layers had not ended, beside %" PRIu64 " that had",
			r.no_end, r.spans);
	if (r.cut)
		say(emitted,
			"%" PRIu64
			" layers that were open where events were lost are left out: they may be two",
			r.cut);
	if (r.no_same)
		say(emitted,
			"%" PRIu64 " events without a field that 'same' names: layers may be mixed",
			r.no_same);
	if (r.unnamed)
		say(emitted,
			"%" PRIu64 " layers without all of their names, of %" PRIu64
			": the events that tell them were not recorded",
			r.unnamed, r.spans + r.no_end);
}

/* Some traces that are damaged make libbabeltrace2 turn in a circle: the time that a whole one takes,
 * generously, is all that it gets. */
static void limit_time(const char *trace)
{
	rlim_t s = 5 + 2 * (rlim_t)(erg_tree_bytes(trace) >> 20);
	struct rlimit limit = {.rlim_cur = s, .rlim_max = s + 5};

	setrlimit(RLIMIT_CPU, &limit);
}

static int apply(const struct erg_rules *rules, const char *trace, bool emitted,
	struct erg_err *err)
{
	uint64_t n = 0;
	const struct erg_rules_output out = {emitted ? emit_span : csv, &n};
	struct erg_rules_state *s = erg_rules_state_new(rules, &out);
	struct erg_rules_trace t = {.event = on_event,
		.loss = on_loss,
		.data = s,
		.monotonic = emitted};
	int r;

	if (!s)
		return erg_fail_errno(err, -ENOMEM, "%s", trace);
	limit_time(trace);
	if (!emitted)
		puts("begin_ns,end_ns,layer,type,network,module,track,iteration");
	r = erg_rules_trace_read(trace, &t, err);
	if (!r) {
		report_trace(rules, &t, emitted);
		report(s, &t, emitted);
	}
	erg_rules_state_free(s);
	return r;
}

int main(int argc, char **argv)
{
	struct erg_err err = {0};
	struct erg_rules rules;
	int r;

	if (!(argc == 3 && !strcmp(argv[1], "events")) &&
		!(argc == 4 && (!strcmp(argv[1], "emit") || !strcmp(argv[1], "csv")))) {
		fprintf(stderr,
			"usage: erg-rules events RULES.yaml\n"
			"       erg-rules emit|csv RULES.yaml TRACE\n");
		return 2;
	}
	r = erg_rules_read(argv[2], !strcmp(argv[1], "csv"), &rules, &err);
	if (!r && argc == 3)
		events_print(&rules);
	else if (!r)
		r = apply(&rules, argv[3], !strcmp(argv[1], "emit"), &err);
	if (!r && fflush(stdout) == EOF)
		r = erg_fail_errno(&err, -errno, "standard output");
	if (r)
		erg_terminal_line(stderr, "erg-record: %s", err.msg[0] ? err.msg : strerror(-r));
	erg_rules_release(&rules);
	return r ? 1 : 0;
}
