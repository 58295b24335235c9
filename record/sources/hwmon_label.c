/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What belongs together within a chip of hwmon.
 *
 * Documentation/hwmon/sysfs-interface numbers the sensors of each kind for themselves: curr1 and in1 are
 * of one supply on the small monitors (INA2xx, INA3221), and of two where a chip has voltages without a
 * current before it, as every PMBus converter that measures its input (in1 "vin", in2 "vout1"; curr1
 * "iout1"). So labels decide where there are any, and the number where there are none.
 *
 * The same holds for wholes and parts. PMBus: what comes out of a converter went in (pmbus.rst). The
 * others are by the chips' own pages in Documentation/hwmon: corsair-psu, ltc2947, occ, amd_energy; the
 * labels of macsmc are those of the kernel's device trees.
 */
#include "record/sources/hwmon_label.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"

#define LABEL 64

static void read_label(const char *dir, const char *prefix, int n, char *dst)
{
	if (erg_attr_read_line(dst, LABEL, "%s/%s%d_label", dir, prefix, n) < 0)
		*dst = '\0';
}

/* PMBus' "pout1", "iin": what comes after the letter of the kind, else NULL. */
static const char *pmbus_end(const char *label)
{
	if (!strchr("ivp", *label) || !*label)
		return NULL;
	return !strncmp(label + 1, "in", 2) || !strncmp(label + 1, "out", 3) ? label + 1 : NULL;
}

static bool is_kind_word(const char *word)
{
	static const char *const words[] = {"current", "voltage", "power", "energy", "curr",
		"volt"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (!strcmp(word, words[i]))
			return true;
	return false;
}

/* What a label says beside the kind of its sensor: "12v aux" of "12V AUX Current", "out1" of "iout1". */
static void supply_of(const char *label, char *dst)
{
	char text[LABEL], *save = NULL;
	const char *end;

	snprintf(text, sizeof(text), "%s", label);
	for (char *p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	*dst = '\0';
	for (char *w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
		if (!is_kind_word(w)) {
			if (*dst)
				strcat(dst, " ");
			strcat(dst, w);
		}
	end = pmbus_end(dst);
	if (end)
		memmove(dst, end, strlen(end) + 1);
}

static bool is_of(const char *label, const char *supply)
{
	char other[LABEL];

	supply_of(label, other);
	return *supply && !strcmp(other, supply);
}

int erg_hwmon_index(const char *name, const char *prefix, const char *suffix)
{
	char *end;
	long n;

	if (strncmp(name, prefix, strlen(prefix)))
		return -1;
	n = strtol(name + strlen(prefix), &end, 10);
	if (end == name + strlen(prefix) || n < 0 || n > 999 || strcmp(end, suffix))
		return -1;
	return (int)n;
}

/* The sensor of kind PREFIX whose label is of SUPPLY, or -1. */
static int find_supply(const char *dir, const char *prefix, const char *supply)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char label[LABEL];

	if (!*supply || erg_names_list(&names, dir, prefix) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		int n = erg_hwmon_index(names.name[i], prefix, "_input");

		if (n < 0)
			continue;
		read_label(dir, prefix, n, label);
		if (is_of(label, supply))
			return n;
	}
	return -1;
}

int erg_hwmon_voltage_of(const char *chip, const char *dir, int n)
{
	char label[LABEL], of_current[LABEL], of_voltage[LABEL];
	int v;

	if (!strcmp(chip, "ltc4261")) /* its voltages are those of two pins for anything */
		return -1;
	if (!strcmp(chip, "ltc4222")) /* in2 and in4 are such pins */
		return 2 * n - 1;
	read_label(dir, "curr", n, label);
	supply_of(label, of_current);
	read_label(dir, "in", n, label);
	supply_of(label, of_voltage);
	if (*of_current && *of_voltage && strcmp(of_current, of_voltage))
		return find_supply(dir, "in", of_current);
	v = *of_current && !*of_voltage ? find_supply(dir, "in", of_current) : n;
	return v < 0 ? n : v;
}

bool erg_hwmon_tells_power(const char *dir, int n, int v)
{
	char label[LABEL], supply[LABEL];

	read_label(dir, "curr", n, label);
	supply_of(label, supply);
	if (find_supply(dir, "power", supply) >= 0)
		return true;
	read_label(dir, "in", v, label);
	supply_of(label, supply);
	if (find_supply(dir, "power", supply) >= 0)
		return true;
	if (!erg_attr_exists("%s/power%d_input", dir, n) &&
		!erg_attr_exists("%s/power%d_average", dir, n))
		return false;
	/* PMBus says which supply it is of, and it is not this one. */
	read_label(dir, "power", n, label);
	return !*supply || !pmbus_end(label);
}

bool erg_hwmon_is_same(const char *dir, const char *a, const char *b, int n)
{
	char label[LABEL], of_a[LABEL], of_b[LABEL];

	read_label(dir, a, n, label);
	supply_of(label, of_a);
	read_label(dir, b, n, label);
	supply_of(label, of_b);
	return !*of_a || !*of_b || !strcmp(of_a, of_b);
}

/* ---- wholes and parts ---- */

struct rails {
	const struct erg_source_list *list;
	size_t from;
	size_t sockets, cores; /* of amd_energy */
};

static bool has(const struct rails *r, const char *rail)
{
	for (size_t i = r->from; i < r->list->n; i++)
		for (size_t c = 0; c < r->list->sources[i]->n_channels; c++)
			if (r->list->sources[i]->cls == ERG_CLASS_POWER &&
				!strcmp(r->list->sources[i]->channels[c].rail, rail))
				return true;
	return false;
}

/* How many counters of energy have a label that begins with PREFIX, whether they can be read or not. */
static size_t count_labels(const char *dir, const char *prefix)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	char label[LABEL];
	size_t n = 0;

	if (erg_names_list(&names, dir, "energy") < 0)
		return 0;
	for (size_t i = 0; i < names.n; i++) {
		int number = erg_hwmon_index(names.name[i], "energy", "_input");

		if (number < 0)
			continue;
		read_label(dir, "energy", number, label);
		n += !strncmp(label, prefix, strlen(prefix));
	}
	return n;
}

/* "pout1.0" is a phase of pout1; a page's output lies within its own input or that of all pages. */
static bool pmbus_whole(const struct rails *r, const char *rail, char *dst, size_t size)
{
	static const char *const inputs[] = {"pin", "vin"};
	const char *end = pmbus_end(rail);
	size_t stem = strcspn(rail, ".");

	if (!end)
		return false;
	erg_text_set(dst, size, "%.*s", (int)stem, rail);
	if (rail[stem] && has(r, dst))
		return true;
	for (size_t i = 0; !strncmp(end, "out", 3) && i < ERG_ARRAY_SIZE(inputs); i++) {
		erg_text_set(dst, size, "%s%.*s", inputs[i], (int)strcspn(end + 3, "."), end + 3);
		if (has(r, dst))
			return true;
		erg_text_set(dst, size, "%s", inputs[i]);
		if (has(r, dst))
			return true;
	}
	return false;
}

/* Cores are numbered through the sockets. */
static bool amd_energy_whole(const struct rails *r, const char *rail, char *dst, size_t size)
{
	if (strncmp(rail, "Ecore", 5) || !r->sockets || r->cores < r->sockets)
		return false;
	erg_text_set(dst, size, "Esocket%lu",
		strtoul(rail + 5, NULL, 10) / ((r->cores + r->sockets - 1) / r->sockets));
	return true;
}

/* POWER's on-chip controller as its service processor sees it: "0_vdd" within "0_proc" within "0_system"
 * within "system". */
static void occ_whole(const struct rails *r, const char *rail, char *dst, size_t size)
{
	static const char *const wholes[][2] = {{"_vdd", "_proc"}, {"_vdn", "_proc"},
		{"_proc", "_system"}};
	const char *end = strrchr(rail, '_');

	for (size_t i = 0; end && i < ERG_ARRAY_SIZE(wholes); i++) {
		if (strcmp(end, wholes[i][0]))
			continue;
		erg_text_set(dst, size, "%.*s%s", (int)(end - rail), rail, wholes[i][1]);
		if (has(r, dst))
			return;
	}
	erg_text_set(dst, size, "system");
}

/* Fills DST with the rail of which RAIL is a part, if there is one of that name. */
static void whole_of(const char *chip, const struct rails *r, const char *rail, char *dst,
	size_t size)
{
	static const struct {
		const char *chip, *whole;
	} totals[] = {
		{"corsairpsu", "power total"}, {"macsmc_hwmon", "Total System Power"},
		{"ltc2947", "ltc2947-energy1"}, /* the second counter is of the same supply */
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(totals); i++)
		if (!strcmp(totals[i].chip, chip)) {
			erg_text_set(dst, size, "%s", totals[i].whole);
			return;
		}
	if (!strcmp(chip, "occ"))
		occ_whole(r, rail, dst, size);
	else if (!pmbus_whole(r, rail, dst, size) && !amd_energy_whole(r, rail, dst, size))
		erg_text_set(dst, size, "Board Power"); /* Intel's boards with FPGAs */
}

void erg_hwmon_set_parents(const char *chip, const char *dir, struct erg_source_list *list,
	size_t from)
{
	struct rails r = {.list = list, .from = from};
	char whole[sizeof(list->sources[0]->channels[0].parent)];

	if (!strcmp(chip, "amd_energy")) {
		r.sockets = count_labels(dir, "Esocket");
		r.cores = count_labels(dir, "Ecore");
	}
	for (size_t i = from; i < list->n; i++) {
		struct erg_source *s = list->sources[i];

		for (size_t c = 0; s->cls == ERG_CLASS_POWER && c < s->n_channels; c++) {
			struct erg_channel_def *d = &s->channels[c];

			if (*d->parent)
				continue;
			whole_of(chip, &r, d->rail, whole, sizeof(whole));
			if (strcmp(whole, d->rail) && has(&r, whole))
				memcpy(d->parent, whole, sizeof(whole));
		}
	}
}
