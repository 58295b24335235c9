/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which rail is within which, by what tools call them: turbostat, Power Gadget, HWiNFO and uProf by their names for
 * them, and whatever reads RAPL by the words that RAPL has for its domains.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

/* ---- by their names ---- */

/* From the manuals of turbostat, Power Gadget, HWiNFO, uProf, EnergiBridge and GPU-Z. In a part's name "*" is a number.
 * Where there is the rail `unless`, nobody knows of which whole the parts are. */
static const struct whole {
	const char *whole, *parts[6], *unless;
} wholes[] = {
	{"PkgWatt", {"CorWatt", "GFXWatt"}},
	{"SysWatt", {"PkgWatt", "RAMWatt"}},
	{"Pkg_J", {"Cor_J", "GFX_J"}},
	{"Processor Power_0", {"IA Power_0", "GT Power_0"}},
	{"Cumulative Processor Energy_0", {"Cumulative IA Energy_0", "Cumulative GT Energy_0"}},
	{"CPU Package Power",
		{"IA Cores Power", "GT Cores Power", "System Agent Power", "Rest-of-Chip Power"}},
	{"socket0-package-power", {"core*-power"}, "socket1-package-power"},
	{"CPU_ENERGY", {"CORE*_ENERGY"}}, /* EnergiBridge, of AMD */
	{"Board Power Draw",              /* GPU-Z */
		{"GPU Chip Power Draw", "MVDDC Power Draw", "PWR_SRC Power Draw", "PCIe Slot Power",
			"8-Pin #* Power", "16-Pin Power"}},
};

static bool is_named(const char *rail, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	const size_t len = star ? (size_t)(star - pattern) : 0;

	if (!star)
		return !strcmp(rail, pattern);
	return !strncmp(rail, pattern, len) && isdigit((unsigned char)rail[len]) &&
		!strcmp(rail + len + strspn(rail + len, "0123456789"), star + 1);
}

static bool has_rail(const struct erg_import_log *log, const char *rail)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (!strcmp(log->channels[i].def.rail, rail))
			return true;
	return false;
}

static bool is_part(const struct whole *w, const char *rail)
{
	for (size_t p = 0; p < ERG_ARRAY_SIZE(w->parts) && w->parts[p]; p++)
		if (is_named(rail, w->parts[p]))
			return true;
	return false;
}

/* ---- RAPL ---- */

/* The platform has packages and memory in it, a package its cores and graphics. */
enum domain { DOMAIN_NONE, DOMAIN_PART, DOMAIN_MEMORY, DOMAIN_PACKAGE, DOMAIN_PLATFORM };

/* "Power:package-0" is a package, number 0, and what is left is "power:". */
struct rapl_name {
	enum domain domain;
	long number; /* -1: none */
	char left[64];
};

static enum domain domain_of(const char *word, size_t len)
{
	static const struct {
		const char *word;
		enum domain domain;
	} words[] = {{"psys", DOMAIN_PLATFORM}, {"package", DOMAIN_PACKAGE},
		{"pkg", DOMAIN_PACKAGE}, {"dram", DOMAIN_MEMORY}, {"core", DOMAIN_PART},
		{"cores", DOMAIN_PART}, {"uncore", DOMAIN_PART}, {"pp", DOMAIN_PART}};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) == len && !strncasecmp(word, words[i].word, len))
			return words[i].domain;
	return DOMAIN_NONE;
}

static struct rapl_name rapl_name(const char *rail)
{
	struct rapl_name ret = {.number = -1};
	size_t n = 0;

	while (*rail) {
		const size_t len = strspn(rail, ERG_IMPORT_LETTERS),
			     digits = strspn(rail, "0123456789");
		const enum domain d = ret.domain ? DOMAIN_NONE : domain_of(rail, len);

		if (d) {
			const bool numbered = !strncasecmp(rail, "pp",
				len); /* PP0 and PP1 are cores and graphics */

			ret.domain = d;
			rail += len + (numbered ? strspn(rail + len, "01") : 0);
		} else if (digits && ret.number < 0) {
			ret.number = strtol(rail, NULL, 10);
			rail += digits;
		} else {
			for (size_t i = 0; i < (len ? len : digits ? digits : 1); i++, rail++)
				if (isalnum((unsigned char)*rail) && n + 1 < sizeof(ret.left))
					ret.left[n++] = (char)tolower((unsigned char)*rail);
		}
	}
	return ret;
}

/* The one rail that has the part in it; NULL: there is none, or *ret_several. */
static const struct erg_channel_def *rapl_whole(const struct erg_import_log *log, size_t part,
	enum domain domain, bool *ret_several)
{
	const struct rapl_name of = rapl_name(log->channels[part].def.rail);
	const struct erg_channel_def *ret = NULL;

	for (size_t i = 0; i < log->n_channels; i++) {
		const struct erg_channel_def *d = &log->channels[i].def;
		const struct rapl_name whole = rapl_name(d->rail);

		if (d->quantity != log->channels[part].def.quantity || whole.domain != domain ||
			strcmp(whole.left, of.left) ||
			(whole.number >= 0 && of.number >= 0 && whole.number != of.number))
			continue;
		*ret_several |= ret != NULL;
		ret = d;
	}
	return *ret_several ? NULL : ret;
}

/* A part has a package or, where there is none, a platform around it; these and memory have the platform. *ret_apart:
 * one of which nobody knows which package it is in. */
static size_t set_rapl_wholes(struct erg_import_log *log, const char **ret_whole,
	const char **ret_apart)
{
	size_t parts = 0;

	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;
		const enum domain domain = rapl_name(d->rail).domain;
		const struct erg_channel_def *whole = NULL;
		bool several = false;

		if (*d->parent || domain == DOMAIN_NONE || domain == DOMAIN_PLATFORM ||
			(d->quantity != ERG_Q_POWER && d->quantity != ERG_Q_ENERGY))
			continue;
		if (domain == DOMAIN_PART)
			whole = rapl_whole(log, i, DOMAIN_PACKAGE, &several);
		if (!whole && !several)
			whole = rapl_whole(log, i, DOMAIN_PLATFORM, &several);
		if (several)
			*ret_apart = d->rail;
		if (!whole)
			continue;
		snprintf(d->parent, sizeof(d->parent), "%s", whole->rail);
		*ret_whole = whole->rail;
		parts++;
	}
	return parts;
}

/* ---- what a supply takes and gives ---- */

/* "psu1 Pin" of "PSU1_Pout" and of "PSU1_PIN": the name in small letters with blanks, of what goes in. *ret_out: the
 * name was of what goes out; *ret_in: or in. */
static void name_of_input(const char *rail, char ret[static 80], bool *ret_in, bool *ret_out)
{
	static const char *const ins[] = {"in", "pin", "input"},
				 *const outs[] = {"out", "pout", "output"};
	size_t n = 0;

	*ret_in = *ret_out = false;
	while (*rail) {
		size_t len = strspn(rail, ERG_IMPORT_LETTERS), k = 0;
		const char *word = rail;

		for (; len && k < ERG_ARRAY_SIZE(ins); k++) {
			const bool in = strlen(ins[k]) == len && !strncasecmp(rail, ins[k], len),
				   out = strlen(outs[k]) == len && !strncasecmp(rail, outs[k], len);

			*ret_in |= in;
			*ret_out |= out;
			if (in || out)
				break;
		}
		rail += len ? len : 1;
		if (len && k < ERG_ARRAY_SIZE(ins)) {
			word = ins[k];
			len = strlen(word);
		}
		for (size_t i = 0; i < (len ? len : 1) && n < 79; i++)
			ret[n++] = isalnum((unsigned char)word[i])
				? (char)tolower((unsigned char)word[i])
				: ' ';
	}
	ret[n] = '\0';
}

size_t erg_import_set_outputs(struct erg_import_log *log, const char **ret_whole)
{
	size_t parts = 0;

	for (size_t o = 0; o < log->n_channels; o++)
		for (size_t i = 0; i < log->n_channels; i++) {
			struct erg_channel_def *out = &log->channels[o].def;
			const struct erg_channel_def *in = &log->channels[i].def;
			char of_out[80], of_in[80];
			bool is_in, is_out, also_in, also_out;

			if (out->quantity != ERG_Q_POWER || in->quantity != ERG_Q_POWER ||
				*out->parent)
				continue;
			name_of_input(out->rail, of_out, &also_in, &is_out);
			name_of_input(in->rail, of_in, &is_in, &also_out);
			if (!is_out || !is_in || also_out || strcmp(of_out, of_in))
				continue;
			snprintf(out->parent, sizeof(out->parent), "%s", in->rail);
			*ret_whole = in->rail;
			parts++;
		}
	return parts;
}

/* ---- what is no reading ---- */

/* What a device may draw is no power that it draws: "power_limit_w". */
bool erg_import_says_limit(const char *name)
{
	static const char *const words[] = {"limit", "tdp", "power_cap", "power cap", "powercap"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

/* ---- all of it ---- */

void erg_import_known_wholes(struct erg_import_log *log, json_t *notes)
{
	const char *whole = NULL, *apart = NULL;
	size_t parts = 0;

	for (const struct whole *w = wholes; w < wholes + ERG_ARRAY_SIZE(wholes); w++) {
		if (!has_rail(log, w->whole) || (w->unless && has_rail(log, w->unless)))
			continue;
		for (size_t i = 0; i < log->n_channels; i++) {
			struct erg_channel_def *d = &log->channels[i].def;

			if (*d->parent || !is_part(w, d->rail))
				continue;
			snprintf(d->parent, sizeof(d->parent), "%s", w->whole);
			whole = w->whole;
			parts++;
		}
	}
	log->unknown = true;
	parts += set_rapl_wholes(log, &whole, &apart);
	parts += erg_import_set_outputs(log, &whole);
	if (apart)
		erg_import_note(notes, "whole",
			"%s: which of several rails '%s' is within is not told by its name: --rail all-roots counts all of "
			"them (--sensor '%s:parent=' and the rail's name says it)",
			log->path, apart, apart);
	if (parts)
		erg_import_note(notes, "whole",
			"%s: %zu rails were taken to be within others, like '%s', by the names that a tool gives "
			"them (--sensor NAME:parent= says otherwise)",
			log->path, parts, whole);
}
