/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What recording costs on this machine, and the data from which erg-analyze estimates lag and window
 * of its sensors.
 *
 * It records itself: `erg-record run … -- erg-record calibrate --wave …` plays the square wave and
 * times its own events in that recording, so costs are those of a real session. The sampler's cost
 * and lateness come from the archive's summary, the cost of a reading from the sources themselves.
 */
#include "record/calibrate/calibrate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "formats/archive/archive.h"
#include "formats/base/tempdir.h"
#include "formats/manifest.h"
#include "formats/base/util.h"
#include "record/run/event_cost.h"
#include "record/sources/attr.h"
#include "record/sources/measure.h"
#include "record/calibrate/roofs.h"
#include "record/calibrate/wave.h"

#define FOLDER "erg-calibrate-"
#define ROUNDS 1000 /* of events: 0.1 s */
#define READS 200

/* The line that records this command again, with the options WHAT, under the tag TAG. */
static char *command_line(const struct erg_calibrate *c, const char *tag, const char *what)
{
	char exe[PATH_MAX], *ret;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return NULL;
	exe[n] = '\0';
	/* popen() takes a line for the shell: words from outside come by the environment */
	setenv("ERG_CAL_EXE", exe, 1);
	setenv("ERG_CAL_OUTPUT", c->output, 1);
	setenv("ERG_CAL_SOURCE", c->source, 1);
	setenv("ERG_CAL_SYSFS", c->sysfs, 1);
	setenv("ERG_CAL_RATE", c->rate, 1);
	if (asprintf(&ret,
		    "exec \"$ERG_CAL_EXE\" run -q %s -o \"$ERG_CAL_OUTPUT\" "
		    "-r \"$ERG_CAL_RATE\" -s \"$ERG_CAL_SOURCE\" --sysfs \"$ERG_CAL_SYSFS\" "
		    "--tag calibration=%s -- \"$ERG_CAL_EXE\" calibrate %s --seconds %.6f --chip %.6f "
		    "--threads %u",
		    c->force || !c->keep ? "--force" : "", tag, what, c->seconds, c->chip_ms,
		    c->threads) < 0)
		return NULL;
	return ret;
}

static int record(const struct erg_calibrate *c, struct erg_calibrate_costs *ret,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *line = command_line(c, "wave", "--wave");
	FILE *f = line ? popen(line, "re") : NULL;
	int n, status;

	if (!f)
		return erg_fail_errno(err, -errno, "calibrate");
	n = fscanf(f, "%lf %lf %lf %lf", &ret->event_ns, &ret->event_cold_ns, &ret->disabled_ns,
		&ret->clock_ns);
	status = pclose(f);
	if (n != 4 || status)
		return erg_fail(err, -EIO, "the recording of the wave failed");
	return 0;
}

static json_t *summary_of(const char *path, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	json_t *summary = NULL;

	if (erg_archive_open(path, &a, err) < 0 ||
		erg_manifest_load(a, ERG_SUMMARY_FORMAT, &summary, err) < 0)
		return NULL;
	return summary;
}

static json_t *reads(const struct erg_calibrate *c, struct erg_err *err)
{
	const struct erg_source_config cfg = {.sysfs = c->sysfs,
		.proc = "/proc",
		.simulated = erg_attr_exists("%s/simulated", c->sysfs),
		.interval_ns = 1000000};
	struct erg_source_list list = {0};
	struct erg_source_cost *costs;
	json_t *a = json_array();

	if (erg_sources_find(c->source, &cfg, &list, err) < 0) {
		json_decref(a);
		return NULL;
	}
	costs = calloc(list.n + 1, sizeof(*costs));
	if (costs && erg_sources_measure(&list, READS, 0, costs, err) >= 0)
		for (size_t i = 0; i < list.n; i++)
			json_array_append_new(a,
				json_pack("{s:s, s:s, s:I, s:I}", "kind",
					list.sources[i]->ops->kind, "path", list.sources[i]->path,
					"p50_ns", (json_int_t)costs[i].p50_ns, "p99_ns",
					(json_int_t)costs[i].p99_ns));
	free(costs);
	erg_source_list_release(&list);
	return a;
}

int erg_calibrate_wave(const struct erg_calibrate *c, struct erg_calibrate_costs *ret,
	struct erg_err *err)
{
	const char *run = getenv("ERG_RUN_ID");
	struct erg_event_cost cost;
	int r = erg_wave_play(run ? run : "", c->seconds, (uint64_t)(c->chip_ms * 1e6), c->threads);

	if (r)
		return erg_fail_errno(err, r, "--threads %u", c->threads);
	if (!erg_event_cost_measure(ROUNDS, &cost))
		return erg_fail(err, -EIO, "no session records the events whose cost is measured");
	*ret = (struct erg_calibrate_costs){cost.warm.p50, cost.cold.p50,
		erg_event_cost_disabled_ns(), cost.clock_ns};
	return 0;
}

static int document_make(const struct erg_calibrate *c, const struct erg_calibrate_costs *cost,
	json_t **ret, struct erg_err *err)
{
	json_t *summary = summary_of(c->output, err), *list = summary ? reads(c, err) : NULL;

	if (!list) {
		json_decref(summary);
		return err->code;
	}
	*ret = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[], s:f, s:f, s:f, s:f, s:o, s:O}", "schema",
		"ergtrace/1", "tool", "name", "erg-record", "version", ERG_VERSION, "verb",
		"calibrate", "warnings", "event_ns", cost->event_ns, "event_cold_ns",
		cost->event_cold_ns, "disabled_ns", cost->disabled_ns, "clock_ns", cost->clock_ns,
		"reads", list, "sampler", json_object_get(summary, "sampler"));
	if (c->keep)
		json_object_set_new(*ret, "archive", json_string(c->output));
	json_decref(summary);
	return 0;
}

/* For a recording that is not kept. */
static int folder_make(struct erg_calibrate *c, struct erg_tempdir *ret, struct erg_err *err)
{
	const char *tmp = getenv("TMPDIR"), *place = tmp && *tmp ? tmp : "/tmp";
	int r;

	erg_tempdir_sweep(place, FOLDER, 0);
	r = erg_tempdir_make(place, FOLDER, ret, err);
	if (!r &&
		snprintf(c->output, sizeof(c->output), "%s/run.erg", ret->path) >=
			(int)sizeof(c->output))
		r = erg_fail_errno(err, -ENAMETOOLONG, "%.200s...", ret->path);
	return r;
}

int erg_calibrate(struct erg_calibrate *c, json_t **ret, struct erg_err *err)
{
	struct erg_tempdir folder = ERG_TEMPDIR_NONE;
	struct erg_calibrate_costs cost;
	int r = c->keep ? 0 : folder_make(c, &folder, err);

	if (!r)
		r = record(c, &cost, err);
	if (!r)
		r = document_make(c, &cost, ret, err);
	erg_tempdir_remove(&folder);
	return r;
}

/* In a recording of its own, whose command is this again, without -o. */
static int roofs_record(const struct erg_calibrate *c, struct erg_roofs *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) char *line = command_line(c, "roofs", "--roofs --wave");
	FILE *f = line ? popen(line, "re") : NULL;
	int n, status;

	if (!f)
		return erg_fail_errno(err, -errno, "calibrate --roofs");
	n = fscanf(f, "%lf %lf", &ret->ops_per_s, &ret->bytes_per_s);
	status = pclose(f);
	return n == 2 && !status ? 0 : erg_fail(err, -EIO, "the recording of the roofs failed");
}

int erg_calibrate_roofs(const struct erg_calibrate *c, json_t **ret, struct erg_err *err)
{
	const char *run = getenv("ERG_RUN_ID");
	struct erg_roofs roofs = {0};
	int r = c->keep ? roofs_record(c, &roofs, err)
			: erg_roofs_play(run ? run : "", c->seconds, c->threads, &roofs, err);

	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:{s:s, s:s, s:s}, s:[], s:f, s:f, s:f}", "schema", "ergtrace/1",
		"tool", "name", "erg-record", "version", ERG_VERSION, "verb", "calibrate",
		"warnings", "ops_per_s", roofs.ops_per_s, "bytes_per_s", roofs.bytes_per_s,
		"threads", c->threads);
	if (c->keep)
		json_object_set_new(*ret, "archive", json_string(c->output));
	return *ret ? 0 : erg_fail(err, -ENOMEM, "out of memory");
}
