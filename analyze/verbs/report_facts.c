/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an archive says of a run beside its figures, as lines of the page. */
#include "analyze/verbs/report_facts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

/* {"a": 1, "b_c": "x"} as "a 1, b c x". */
static char *plain_text(const json_t *v)
{
	_cleanup_(erg_freep) char *text = NULL;
	const char *key;
	json_t *part;

	if (json_is_string(v))
		return strdup(json_string_value(v));
	if (!json_is_object(v))
		return json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	json_object_foreach ((json_t *)v, key, part) {
		_cleanup_(erg_freep) char *before = erg_steal_ptr(&text), *value = plain_text(part);
		_cleanup_(erg_freep) char *name = strdup(key);

		for (char *p = name; p && *p; p++)
			*p = *p == '_' ? ' ' : *p;
		if (!name || !value ||
			asprintf(&text, "%s%s%s %s", before ? before : "", before ? ", " : "", name,
				value) < 0) {
			erg_memory_note();
			return NULL;
		}
	}
	return erg_steal_ptr(&text);
}

static void fact(json_t *facts, const char *name, const json_t *v)
{
	_cleanup_(erg_freep) char *text = v && !json_is_null(v) ? plain_text(v) : NULL;

	if (text)
		json_array_append_new(facts, json_pack("[s,s]", name, text));
}

static void sampler_fact(json_t *facts, const json_t *sampler)
{
	json_int_t deadlines, missed, p99, most;
	double share = NAN;
	char text[256];
	int len;

	if (json_unpack((json_t *)sampler, "{s:I, s:I, s:I, s:I, s?F}", "deadlines", &deadlines,
		    "missed", &missed, "late_p99_ns", &p99, "late_max_ns", &most, "cpu_share",
		    &share))
		return;
	len = snprintf(text, sizeof(text),
		"%lld times to read, %lld left out; late by %.3g ms or less in 99 %%, %.3g ms at most",
		deadlines, missed, (double)p99 * 1e-6, (double)most * 1e-6);
	if (isfinite(share))
		snprintf(text + len, sizeof(text) - (size_t)len, "; %.2g %% of a CPU", 100 * share);
	json_array_append_new(facts, json_pack("[s,s]", "Sampler", text));
}

static json_t *joined_command(const json_t *command)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0, i;
	FILE *f = open_memstream(&text, &len);
	json_t *arg;

	if (!f)
		return erg_noted(NULL);
	json_array_foreach ((json_t *)command, i, arg)
		fprintf(f, "%s%s", i ? " " : "",
			json_is_string(arg) ? json_string_value(arg) : "?");
	if (fclose(f) < 0)
		return erg_noted(NULL);
	return len ? json_string(text) : NULL;
}

/* "VDD_IN, VDD_CPU": each rail of a source once; cut where there are many. */
static void rail_names(const struct erg_timeline *tl, size_t source, char *text, size_t cap)
{
	const char *last = NULL;
	size_t len = 0;

	*text = '\0';
	for (size_t c = 0; c < tl->n_channels && len < cap; c++) {
		const char *rail = tl->channels[c].def.rail;

		if (tl->channels[c].source != source || (last && !strcmp(rail, last)))
			continue;
		len += (size_t)snprintf(text + len, cap - len, "%s%s", last ? ", " : "", rail);
		last = rail;
	}
}

static void sensor_facts(const struct erg_timeline *tl, json_t *facts)
{
	for (size_t i = 0; i < tl->n_sources; i++) {
		const struct erg_tl_source *s = &tl->sources[i];
		char text[512], name[64], rails[200];

		rail_names(tl, i, rails, sizeof(rails));
		snprintf(name, sizeof(name), "Source %s", s->kind);
		snprintf(text, sizeof(text), "%s, %s of %s, every %.6g ms; sensor: %s (%s)%s%s",
			s->path, erg_source_class_name(s->cls), rails,
			(double)s->interval_ns * 1e-6, erg_sensor_kind_name(s->model.kind),
			erg_provenance_name(s->model.provenance), s->simulated ? ", simulated" : "",
			s->failed ? ", readings failed" : "");
		json_array_append_new(facts, json_pack("[s,s]", name, text));
	}
}

json_t *erg_report_facts(const struct erg_timeline *tl)
{
	static const struct {
		const char *name, *key;
	} machine[] = {{"Processor", "cpu_model"}, {"CPUs", "cpus"}, {"Kernel", "kernel"},
		{"System", "os"}, {"Clock", "clocksource"}};
	const json_t *m = json_object_get(tl->manifest, "machine");
	json_t *facts = json_array();
	json_auto_t *command = joined_command(json_object_get(tl->manifest, "command"));

	fact(facts, "Archive", json_object_get(tl->manifest, "archive"));
	fact(facts, "Recorded", json_object_get(tl->manifest, "created_utc"));
	fact(facts, "Command", command);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(machine); i++)
		fact(facts, machine[i].name, json_object_get(m, machine[i].key));
	fact(facts, "Governors", json_object_get(tl->manifest, "governors"));
	fact(facts, "Tags", json_object_get(tl->manifest, "tags"));
	sensor_facts(tl, facts);
	fact(facts, "Lost", json_object_get(tl->summary, "lost"));
	sampler_fact(facts, json_object_get(tl->summary, "sampler"));
	return facts;
}
