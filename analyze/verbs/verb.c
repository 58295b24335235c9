/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that verbs share. */
#include "analyze/verbs/verb.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/account/runs.h"
#include "analyze/account/runs_files.h"
#include "analyze/attribution/attribution.h"
#include "analyze/reader/sensor.h"
#include "formats/base/number.h"
#include "formats/base/outfile.h"
#include "formats/base/terminal.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define AT(field) offsetof(struct erg_common, field)
#define LAG_MAX 1e6 /* as --sensor lag_s= */

/* "0.0021" or "0.0021+-0.0001" */
static int take_lag(void *into, const char *arg, struct erg_err *err)
{
	struct erg_common *common = into;
	const char *apart = strstr(arg, "+-");
	char lag[64];

	snprintf(lag, sizeof(lag), "%.*s", (int)(apart ? apart - arg : 63), arg);
	common->lag_given = true;
	common->lag_u_s = 0;
	if (erg_number_parse(lag, -LAG_MAX, LAG_MAX, &common->lag_s) &&
		(!apart || erg_number_parse(apart + 2, 0, LAG_MAX, &common->lag_u_s)))
		return 0;
	return erg_fail(err, -EINVAL, "SECONDS or SECONDS+-UNCERTAINTY, each at most %g", LAG_MAX);
}

/* May be repeated: the words of all. */
static int take_sensor(void *into, const char *arg, struct erg_err *err)
{
	static char words[2048];
	struct erg_common *common = into;
	size_t len = common->reader.sensor ? strlen(words) : 0;
	int r = erg_reader_sensor_check(arg, err);

	if (r < 0)
		return r;
	if (len + strlen(arg) + 2 > sizeof(words))
		return erg_fail(err, -EINVAL, "at most %zu bytes of it", sizeof(words) - 2);
	snprintf(words + len, sizeof(words) - len, "%s%s", len ? " " : "", arg);
	common->reader.sensor = words;
	return 0;
}

static int take_format(void *into, const char *arg, struct erg_err *err)
{
	int f = erg_format_parse(arg);

	if (f < 0)
		return erg_fail(err, -EINVAL, "text, json or csv");
	((struct erg_common *)into)->format = (enum erg_format)f;
	return 0;
}

#define ROW_RAIL                                                                                   \
	{                                                                                          \
		"rail", 0, "NAME",                                                                 \
			"the rail to account, rails joined by +, or all-roots (default: the "      \
			"root with the most power)",                                               \
			ERG_OPTION_TEXT, AT(rail)                                                  \
	}
#define ROW_JOBS                                                                                   \
	{                                                                                          \
		"jobs", 0, "N", "read N chunks, or archives, at a time (default: one a CPU)",      \
			ERG_OPTION_UNSIGNED, AT(reader.jobs), 1, 1024                              \
	}
#define ROW_CACHE                                                                                  \
	{                                                                                          \
		"no-cache", 0, NULL,                                                               \
			"decode also what was decoded before, and keep nothing of it",             \
			ERG_OPTION_FLAG, AT(reader.no_cache)                                       \
	}
#define ROW_FORMAT                                                                                 \
	{                                                                                          \
		"format", 0, "FORMAT", "text, json or csv (default text)", ERG_OPTION_CALL,        \
			.take = take_format                                                        \
	}
#define ROW_STRICT                                                                                 \
	{                                                                                          \
		"strict", 0, NULL, "exit 3 when there are warnings about the data",                \
			ERG_OPTION_FLAG, AT(strict)                                                \
	}

const struct erg_option erg_rows_account[] = {
	ROW_RAIL,
	{"sensor", 0, "MODEL",
		"replace the sensor model: [RAIL:]kind=... lag_s=... (several in one "
		"argument, separated by spaces, or repeated)",
		ERG_OPTION_CALL, .take = take_sensor},
	{"lag", 0, "SECONDS[+-U]",
		"the sensor's lag and its standard uncertainty (default: from the "
		"data)",
		ERG_OPTION_CALL, .take = take_lag},
	{"ci-limit", 0, "PCT",
		"a layer whose interval is wider is not resolved (default " TEXT(
			ERG_ATTR_CI_LIMIT_PCT) ")",
		ERG_OPTION_NUMBER, AT(ci_limit), 1e-9, 1e9, .01},
	{"cond-limit", 0, "X",
		"as is one that a condition number above X hides (default " TEXT(
			ERG_ATTR_COND_LIMIT) ")",
		ERG_OPTION_NUMBER, AT(cond_limit), 1e-9, 1e12},
	{"rounds", 0, "N", "of the bootstrap (default " TEXT(ERG_ATTR_ROUNDS) ")",
		ERG_OPTION_UNSIGNED, AT(rounds), 1, 1000000},
	{"seed", 0, "N", "of the bootstrap (default 0): the same seed gives the same bytes",
		ERG_OPTION_U64, AT(seed), 0, 18446744073709549568.},
	ROW_JOBS,
	ROW_CACHE,
	{0},
};
const struct erg_option erg_rows_output[] = {ROW_FORMAT, ROW_STRICT, {0}};
const struct erg_option erg_rows_strict[] = {ROW_STRICT, {0}};
static const char *const sorts[] = {"energy", "time", "power", "share", "name", NULL};
#define SELECT(field) offsetof(struct erg_select, field)
const struct erg_option erg_rows_select[] = {
	{"sort", 0, "KEY", "rows by energy, time, power, share or name (default: as they ran)",
		ERG_OPTION_CHOICE, SELECT(sort), .choices = sorts},
	{"top", 0, "N", "so many rows at most", ERG_OPTION_UNSIGNED, SELECT(top), 1, 1e9},
	{"match", 0, "GLOB", "rows with such a name, as 'fire*'", ERG_OPTION_TEXT, SELECT(match)},
	{"phase", 0, "NAME", "this phase alone; of layers the calls within it", ERG_OPTION_TEXT,
		SELECT(phase)},
	{0},
};
const struct erg_option erg_rows_info[] = {ROW_RAIL, ROW_JOBS, ROW_CACHE, ROW_FORMAT, ROW_STRICT,
	{0}};
const struct erg_option erg_rows_verify[] = {ROW_JOBS, ROW_FORMAT, ROW_STRICT, {0}};

/* The name of the newest archive in this folder into BUF; false where there is none. */
static bool newest_here(char *buf, size_t size)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(".");
	const struct dirent *e;
	struct timespec newest = {0};
	bool found = false;

	while (d && (e = readdir(d))) {
		const char *end = strrchr(e->d_name, '.');
		struct stat st;

		if (e->d_name[0] == '.' || !end || strcmp(end, ".erg") ||
			fstatat(dirfd(d), e->d_name, &st, 0) || !S_ISREG(st.st_mode))
			continue;
		if (found &&
			(st.st_mtim.tv_sec < newest.tv_sec ||
				(st.st_mtim.tv_sec == newest.tv_sec &&
					st.st_mtim.tv_nsec <= newest.tv_nsec)))
			continue;
		found = true;
		newest = st.st_mtim;
		snprintf(buf, size, "%s", e->d_name);
	}
	return found;
}

int erg_verb_files(const struct erg_command *c, int n, char *const *words, char *const **ret)
{
	static char name[NAME_MAX + 1], shown[NAME_MAX + 1];
	static char *one[] = {name, NULL};

	*ret = words;
	if (n > 0)
		return n;
	if (!newest_here(name, sizeof(name))) {
		erg_options_wrong(c, "expected an archive; this folder has none (*.erg)");
		return 0;
	}
	snprintf(shown, sizeof(shown), "%s", name);
	erg_terminal_text(shown);
	fprintf(stderr, "%s %s: no archive named, taking the newest here: %s\n", c->program,
		c->verb, shown);
	*ret = one;
	return 1;
}

const char *erg_verb_attribution_given(const struct erg_common *common)
{
	return common->lag_given         ? "--lag"
		: common->ci_limit > 0   ? "--ci-limit"
		: common->cond_limit > 0 ? "--cond-limit"
		: common->rounds         ? "--rounds"
		: common->seed           ? "--seed"
					 : NULL;
}

/* The same, or the rail or the sensor. */
static const char *account_given(const struct erg_common *common)
{
	return common->rail             ? "--rail"
		: common->reader.sensor ? "--sensor"
					: erg_verb_attribution_given(common);
}

int erg_verb_check_account(const struct erg_command *c, const struct erg_common *common,
	char *const *files, size_t n)
{
	const char *given = account_given(common);

	return given && !erg_runs_any_archive(files, n)
		? erg_options_wrong(c,
			  "%s: expected an archive with it: results and tables are taken as they are",
			  given)
		: 0;
}

/* Whether FILE is one of those, or one in a folder of them; what is wrong with them is said when they are read. */
static bool is_among(const struct stat *file, char *const *files, size_t n)
{
	_cleanup_(erg_texts_clear) struct erg_texts all = {0};
	struct stat in;

	erg_runs_files(files, n, &all, NULL);
	for (size_t i = 0; i < all.n; i++)
		if (stat(all.v[i], &in) == 0 && in.st_dev == file->st_dev &&
			in.st_ino == file->st_ino)
			return true;
	return false;
}

int erg_verb_output(const struct erg_command *c, const char *path, char *const *files, size_t n,
	struct erg_err *err)
{
	const char *end = strrchr(path, '.');
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		if (is_among(&st, files, n))
			return erg_options_wrong(c,
				"'%s' is what is read: expected another name to write to", path);
		if (end && !strcmp(end, ".erg"))
			return erg_options_wrong(c,
				"'%s' is an archive: expected another name to write to", path);
	}
	return erg_outfile_check(path, err);
}

int erg_verb_archives(const struct erg_command *c, int argc, char **argv,
	int (*fn)(int n, char *const *paths, const struct erg_common *common, struct erg_err *err),
	struct erg_err *err)
{
	struct erg_common common = {0};
	char *const *files;
	int first, n, r = erg_options_parse(c, argc, argv, &common, &first);

	if (r)
		return r == 1 ? 0 : r;
	n = erg_verb_files(c, argc - first, argv + first, &files);
	return n ? fn(n, files, &common, err) : 2;
}
