/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * macOS' powermetrics, as text or as plists. A sample is the mean over what elapsed since the one
 * before, which is told in ms or ns, while its time is told in whole seconds: times are the first
 * one's and what elapsed since, unless the two are seconds apart, which is a pause.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/import.h"

#define DECIMALS 3 /* of mW */
#define APART_NS (3 * (int64_t)ERG_NSEC_PER_SEC)

struct mac_log {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	struct erg_lines *lines;
	int64_t stamp; /* of the sample, whole seconds */
	int64_t elapsed_ns;
	bool stamped, elapsed; /* of a plist: told, and not yet a row */
	bool plist;
	char key[32]; /* of a plist, whose value comes next */
	size_t pauses;
};

/* ---- times ---- */

/* A sample begins with its time and what elapsed; both are known when the second one is. The log begins
 * where the first one's time does, with a row that has no reading. */
static int mac_row(struct mac_log *m, int64_t elapsed_ns, struct erg_err *err)
{
	struct erg_import_log *log = m->log;
	int64_t t = m->stamp;
	int r = 0;

	if (log->n == 0) {
		r = erg_import_row(log, t - elapsed_ns, erg_lines_number(m->lines), err);
	} else {
		int64_t on = log->t[log->n - 1] + elapsed_ns;

		if (llabs(on - m->stamp) < APART_NS)
			t = on;
		else
			m->pauses++;
	}
	m->stamped = m->elapsed = false;
	return r < 0 ? r : erg_import_row(log, t, erg_lines_number(m->lines), err);
}

/* "*** Sampled system activity (Wed Jun 14 10:21:33 2023 +0200) (1003.42ms elapsed) ***" */
static int mac_text_sample(struct mac_log *m, const char *text, struct erg_err *err)
{
	const char *date = strchr(text, '('), *elapsed = date ? strchr(date + 1, '(') : NULL, *end;
	char iso[64];
	int64_t us;
	int digits, r;

	if (!elapsed || !erg_import_unix_date(date + 1, iso, sizeof(iso)) ||
		!erg_import_scaled(elapsed + 1, '.', 3, &us, &digits, &end) ||
		strncmp(end, "ms", 2))
		return 0;
	r = erg_import_when(m->log, m->how, iso, ERG_DATE_YEAR_FIRST, &m->stamp, &end, err);
	if (r <= 0)
		return r;
	r = mac_row(m, us * 1000, err);
	return r < 0 ? r : 1;
}

/* ---- values ---- */

static int mac_put(struct mac_log *m, const char *name, size_t len, int64_t raw,
	struct erg_err *err)
{
	char rail[64];
	int i;

	if (m->log->n == 0)
		return 0;
	snprintf(rail, sizeof(rail), "%.*s", (int)(len < 60 ? len : 60), name);
	i = erg_import_channel(m->log, rail, "mW", DECIMALS, err);
	if (i < 0)
		return i;
	if (m->log->channels[i].raw[m->log->n - 1] != ERG_IMPORT_MISSING)
		return 1; /* the same is told in two places of a sample */
	i = erg_import_put(m->log, (size_t)i, raw, err);
	return i < 0 ? i : 1;
}

/* "CPU Power: 1234 mW", "Combined Power (CPU + GPU + ANE): 1279 mW", Intel's "…: 3.45W". */
static int mac_text_power(struct mac_log *m, const char *text, struct erg_err *err)
{
	const char *power = strcasestr(text, " power"), *colon = strrchr(text, ':'), *end;
	int64_t v;
	int digits;

	if (!power || !colon || colon < power ||
		!erg_import_scaled(colon + 1 + strspn(colon + 1, " "), '.', 6, &v, &digits, &end))
		return 0;
	end += strspn(end, " ");
	if (strcmp(end, "mW") && strcmp(end, "W"))
		return 0;
	if (!strncmp(text, "Intel energy model derived package", 34))
		return mac_put(m, "Package", 7, *end == 'W' ? v : v / 1000, err);
	return mac_put(m, text, (size_t)(power - text), *end == 'W' ? v : v / 1000, err);
}

/* ---- plists ---- */

/* What is known of the sample's time; a row, once both are. */
static int mac_plist_time(struct mac_log *m, const char *key, const char *v, struct erg_err *err)
{
	const char *end;
	int digits, r = 1;

	if (!strcmp(key, "timestamp")) {
		r = erg_import_when(m->log, m->how, v, ERG_DATE_YEAR_FIRST, &m->stamp, &end, err);
		m->stamped = r > 0;
	} else {
		m->elapsed = erg_import_scaled(v, '.', 0, &m->elapsed_ns, &digits, &end);
	}
	if (r <= 0 || !m->stamped || !m->elapsed) /* whichever comes first */
		return r;
	r = mac_row(m, m->elapsed_ns, err);
	return r < 0 ? r : 1;
}

static int mac_plist_value(struct mac_log *m, const char *key, const char *v, struct erg_err *err)
{
	static const struct {
		const char *key, *rail;
	} powers[] = {{"cpu_power", "CPU"}, {"gpu_power", "GPU"}, {"ane_power", "ANE"},
		{"dram_power", "DRAM"}, {"combined_power", "Combined"},
		{"package_watts", "Package"}};
	const char *end;
	int64_t n;
	int digits;

	if (!strcmp(key, "timestamp") || !strcmp(key, "elapsed_ns"))
		return mac_plist_time(m, key, v, err);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(powers); i++)
		if (!strcmp(key, powers[i].key) &&
			erg_import_scaled(v, '.', DECIMALS, &n, &digits, &end))
			return mac_put(m, powers[i].rail, strlen(powers[i].rail),
				strcmp(powers[i].key, "package_watts") ? n : n * 1000, err);
	return 1;
}

/* A key and its value are one behind the other, whether their tags share a line, as powermetrics writes them, or all
 * of the plist does, or each has its own, as plutil(1) writes them. */
static int mac_plist(struct mac_log *m, const char *text, struct erg_err *err)
{
	int r = 1;

	for (const char *tag = strchr(text, '<'); tag && r >= 0; tag = strchr(tag + 1, '<')) {
		const char *v = strchr(tag, '>');

		if (!v)
			break;
		if (!strncmp(tag, "<key>", 5)) {
			snprintf(m->key, sizeof(m->key), "%.*s", (int)strcspn(tag + 5, "<"),
				tag + 5);
		} else if (*m->key && tag[1] != '/') {
			const int got = mac_plist_value(m, m->key, v + 1, err);

			r = got <= 0 ? got : r;
			*m->key = '\0';
		}
	}
	return r;
}

/* ---- the file ---- */

static int take_mac_line(struct mac_log *m, const char *text, struct erg_err *err)
{
	int r = 1;

	m->plist |= strstr(text, "<key>") != NULL;
	if (m->plist && !strpbrk(text, "<>")) /* samples are apart by a NUL */
		r = 1;
	else if (erg_lines_cut(m->lines) && !strstr(text, "</plist>"))
		r = 0;
	else if (m->plist)
		r = mac_plist(m, text, err);
	else if (!strncmp(text, "*** Sampled", 11))
		r = mac_text_sample(m, text, err);
	else if (strcasestr(text, " power") && strchr(text, ':'))
		r = mac_text_power(m, text, err);
	if (r == 0)
		erg_import_foreign(m->log, erg_lines_number(m->lines), text);
	return r < 0 ? r : 0;
}

/* "E-Cluster", "P0-Cluster" and, of other versions, "ECPU", "PCPU1". */
static bool is_cluster(const char *rail)
{
	const char *cpu = strstr(rail, "CPU");

	return strstr(rail, "-Cluster") || (cpu && cpu > rail && !strpbrk(rail, " ("));
}

/* Combined is of CPU, GPU and ANE, the package of the memory too; clusters are of the CPU. */
static void set_mac_parents(struct erg_import_log *log)
{
	static const char *const wholes[] = {"Combined", "Package"};
	const char *whole = NULL;

	for (size_t w = 0; w < ERG_ARRAY_SIZE(wholes) && !whole; w++)
		for (size_t i = 0; i < log->n_channels; i++)
			if (!strcmp(log->channels[i].def.rail, wholes[w]))
				whole = wholes[w];
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;

		if (is_cluster(d->rail))
			snprintf(d->parent, sizeof(d->parent), "CPU");
		else if (whole &&
			(!strcmp(d->rail, "CPU") || !strcmp(d->rail, "GPU") ||
				!strcmp(d->rail, "ANE") ||
				(!strcmp(d->rail, "DRAM") && !strcmp(whole, "Package"))))
			snprintf(d->parent, sizeof(d->parent), "%s", whole);
	}
}

static int read_powermetrics(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	struct mac_log m = {.log = ret, .how = how};
	char *text;
	int r, got = 0;

	ret->path = path;
	ret->foreign_share = 0.5;
	r = erg_lines_open(path, &m.lines, err);
	while (r == 0 && (got = erg_lines_next(m.lines, &text, err)) > 0)
		r = take_mac_line(&m, text, err);
	r = r == 0 && got < 0 ? got : r;
	if (r == 0 && ret->n == 0)
		r = erg_fail(err, -EINVAL,
			"%s: no line '*** Sampled system activity (…) (… ms elapsed)' and no plist with timestamp "
			"and elapsed_ns; what powermetrics prints was expected",
			path);
	if (r == 0 && m.pauses)
		erg_import_note(notes, "pause",
			"%s: %zu times a sample's time and what elapsed are seconds apart: its "
			"time was taken",
			path, m.pauses);
	if (r == 0) {
		set_mac_parents(ret);
		r = erg_lines_sha256(m.lines, ret->sha256, err);
	}
	erg_lines_free(m.lines);
	return r;
}

const struct erg_import_reader erg_import_powermetrics = {
	.name = "powermetrics",
	.about = "macOS powermetrics, text or plist",
	.read = read_powermetrics,
};
