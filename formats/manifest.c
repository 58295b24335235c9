/* SPDX-License-Identifier: MIT */
/*
 * The JSON documents of an archive. Versions count only what breaks readers: a key more is no new
 * version, so a reader looks for the keys it knows and leaves the others alone.
 */
#include "formats/manifest.h"

#include <errno.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

#define DOCUMENT_MAX (64u << 20)

json_t *erg_manifest_new(const char *format, const char *program)
{
	return json_pack("{s:s, s:i, s:{s:s, s:s}}", "format", format, "version",
		ERG_MANIFEST_VERSION, "generator", "name", program, "version", ERG_VERSION);
}

static int check_document(const json_t *doc, const char *format, const char *where,
	struct erg_err *err)
{
	const char *found = json_string_value(json_object_get(doc, "format"));
	const json_t *version = json_object_get(doc, "version");

	if (!json_is_object(doc))
		return erg_fail(err, -EINVAL, "%s: a JSON object was expected", where);
	if (!found || strcmp(found, format))
		return erg_fail(err, -EINVAL, "%s: \"format\" is %s, '%s' was expected", where,
			found ? found : "missing", format);
	if (!json_is_integer(version) || json_integer_value(version) < 1)
		return erg_fail(err, -EINVAL, "%s: \"version\" is no positive integer", where);
	if (json_integer_value(version) > ERG_MANIFEST_VERSION)
		return erg_fail(err, -ENOTSUP,
			"%s: version %lld was made by a newer ergtrace; this one reads up to %d",
			where, (long long)json_integer_value(version), ERG_MANIFEST_VERSION);
	return 0;
}

int erg_manifest_parse(const char *text, size_t len, const char *format, const char *where,
	json_t **ret, struct erg_err *err)
{
	json_error_t e;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	int r;

	if (!doc)
		return erg_fail(err, -EINVAL, "%s: line %d: %s", where, e.line, e.text);
	r = check_document(doc, format, where, err);
	if (r < 0)
		json_decref(doc);
	else
		*ret = doc;
	return r;
}

static const char *member_of(const char *format)
{
	return strcmp(format, ERG_SUMMARY_FORMAT) ? ERG_MANIFEST_NAME : ERG_SUMMARY_NAME;
}

int erg_manifest_load(const struct erg_archive *a, const char *format, json_t **ret,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *text = NULL;
	const char *name = member_of(format);
	int i = erg_archive_find(a, name), r;
	size_t len;

	if (i < 0)
		return erg_fail(err, i, "the archive has no %s", name);
	r = erg_archive_read(a, (size_t)i, DOCUMENT_MAX, &text, &len, err);
	return r < 0 ? r : erg_manifest_parse(text, len, format, name, ret, err);
}

int erg_manifest_store(struct erg_archive_writer *w, const json_t *doc, struct erg_err *err)
{
	const char *format = json_string_value(json_object_get(doc, "format"));
	_cleanup_(erg_freep) char *text =
		erg_memory_json(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	size_t len = text ? strlen(text) : 0;

	if (!text || !format)
		return erg_fail_errno(err, -ENOMEM, "%s", format ? member_of(format) : "document");
	text[len] = '\n'; /* in place of the NUL: text files end in a newline */
	return erg_archive_add_mem(w, member_of(format), text, len + 1, err);
}

json_t *erg_manifest_model(const struct erg_sensor_model *m)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:f}", "kind",
		erg_sensor_kind_name(m->kind), "provenance", erg_provenance_name(m->provenance),
		"window_ns", (json_int_t)m->window_ns, "period_ns", (json_int_t)m->period_ns,
		"lag_ns", (json_int_t)m->lag_ns, "lag_u_ns", (json_int_t)m->lag_u_ns, "alpha",
		m->alpha);
}

json_t *erg_manifest_channel(const struct erg_channel_def *c)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:f, s:I, s:f, s:f, s:f, s:f}", "rail", c->rail,
		"parent", c->parent, "quantity", erg_quantity_name(c->quantity), "unit", c->unit,
		"scale", c->scale, "wrap", (json_int_t)c->wrap, "lsb", c->lsb, "offset_max",
		c->offset_max, "gain_max", c->gain_max, "offset", c->offset);
}

json_t *erg_manifest_source(const char *kind, const char *path, enum erg_source_class cls,
	bool simulated, uint64_t interval_ns, const struct erg_sensor_model *m,
	const struct erg_channel_def *channels, size_t n_channels)
{
	json_t *doc = json_pack("{s:s, s:o, s:s, s:b, s:I, s:o, s:[]}", "kind", kind, "path",
		erg_utf8_json(path), "class", erg_source_class_name(cls), "simulated",
		(int)simulated, "interval_ns", (json_int_t)interval_ns, "sensor",
		erg_manifest_model(m), "channels");

	if (!doc)
		return NULL;
	for (size_t i = 0; i < n_channels; i++)
		json_array_append_new(json_object_get(doc, "channels"),
			erg_manifest_channel(&channels[i]));
	return doc;
}
