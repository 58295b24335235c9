/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_MANIFEST_H
#define ERG_FORMATS_MANIFEST_H

/*
 * manifest.json and summary.json, the two documents in an archive. formats/FORMAT.md lists their
 * keys; the names of the keys are a contract between recorder and analyzer. Keys that a reader does
 * not know are ignored; a document of a newer version than this is refused.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "formats/archive/archive.h"
#include "formats/base/err.h"
#include "formats/sensor.h"

#define ERG_MANIFEST_VERSION 1
#define ERG_MANIFEST_NAME "manifest.json"
#define ERG_SUMMARY_NAME "summary.json"
#define ERG_MANIFEST_FORMAT "erg-manifest"
#define ERG_SUMMARY_FORMAT "erg-summary"

/* {"format": FORMAT, "version": 1, "generator": {"name": PROGRAM, "version": …}}: where every such
 * document begins; NULL when memory is short. */
json_t *erg_manifest_new(const char *format, const char *program);

/*
 * Parses TEXT, a document of FORMAT; WHERE ("run.erg: manifest.json") begins every message. *ret is
 * an object. -EINVAL: no JSON, or a document of another format; -ENOTSUP: a newer version.
 */
int erg_manifest_parse(const char *text, size_t len, const char *format, const char *where,
	json_t **ret, struct erg_err *err);

/* The same from the archive: FORMAT is ERG_MANIFEST_FORMAT or ERG_SUMMARY_FORMAT. -ENOENT where the
 * archive lacks the member. */
int erg_manifest_load(const struct erg_archive *a, const char *format, json_t **ret,
	struct erg_err *err);

/* Adds DOC to the archive under the name that its format has; keys in the order of insertion. */
int erg_manifest_store(struct erg_archive_writer *w, const json_t *doc, struct erg_err *err);

/* A sensor's model as an object: kind, provenance, window_ns, period_ns, lag_ns, lag_u_ns, alpha. NULL when
 * memory is short; likewise below. */
json_t *erg_manifest_model(const struct erg_sensor_model *m);

/* A channel: rail, parent, quantity, unit, scale, wrap, lsb, offset_max, gain_max, offset. */
json_t *erg_manifest_channel(const struct erg_channel_def *c);

/* One element of the manifest's "sources": kind, path, class, simulated, interval_ns, "sensor" and
 * "channels". */
json_t *erg_manifest_source(const char *kind, const char *path, enum erg_source_class cls,
	bool simulated, uint64_t interval_ns, const struct erg_sensor_model *model,
	const struct erg_channel_def *channels, size_t n_channels);

#endif
