/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `erg-analyze export --to csv` wrote: readings beside the layer of their time. The power of a
 * row is the mean since the row before or a reading, which is what an import takes it for; what was
 * simulated stays so. The columns of layers tell which layer a reading fell into, not when it ran,
 * and are passed over.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/import.h"
#include "record/import/named.h"

#define COLUMNS_MAX 1024
#define SIMULATED " simulated"

static const char *const tail[] = {"network", "module", "layer", "iteration", "phase", "thread"};

/* The cells of the header, in LINE; 0 when the table is none of ours. */
static size_t exported_cells(char *line, char **cells)
{
	size_t n = erg_lines_split(line, ',', cells, COLUMNS_MAX);
	size_t columns = ERG_ARRAY_SIZE(tail);

	if (n > COLUMNS_MAX || n < columns + 2 || strcmp(cells[0], "time_s"))
		return 0;
	for (size_t i = 0; i < columns; i++)
		if (strcmp(cells[n - columns + i], tail[i]))
			return 0;
	return n;
}

bool erg_import_is_exported(const char *path)
{
	_cleanup_(erg_lines_freep) struct erg_lines *lines = NULL;
	_cleanup_(erg_freep) char **cells = calloc(COLUMNS_MAX, sizeof(*cells));
	struct erg_err ignored = {0};
	struct stat st;
	char *line;

	/* a pipe is read once */
	if (!cells || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return erg_lines_open(path, &lines, &ignored) == 0 &&
		erg_lines_next(lines, &line, &ignored) > 0 && exported_cells(line, cells) > 0;
}

/* "VDD_IN [W] simulated" as a column that is named. */
static int name_column(struct erg_import_named *named, const char *title, const char *path,
	struct erg_err *err)
{
	const char *open = strrchr(title, '['), *close = open ? strchr(open, ']') : NULL;
	_cleanup_(erg_freep) char *text = NULL;

	if (!close || open < title + 2)
		return erg_fail(err, -EINVAL,
			"%s: column '%s': a rail and its unit, as erg-analyze export "
			"writes them, were expected",
			path, title);
	if (asprintf(&text, "%s=%.*s:%.*s", title, (int)(close - open - 1), open + 1,
		    (int)(open - title - 1), title) < 0) {
		text = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	}
	return erg_import_named_column(named, text, err);
}

/* A sum of so many rails that its name is none for a rail; it is known from its parts. */
static bool is_long_sum(const char *title)
{
	const char *open = strrchr(title, '[');

	return open && memchr(title, '+', (size_t)(open - title)) &&
		(size_t)(open - title) > sizeof(((struct erg_channel_def *)NULL)->rail);
}

static int name_columns(const char *path, struct erg_import_named *named, struct erg_err *err)
{
	_cleanup_(erg_lines_freep) struct erg_lines *lines = NULL;
	_cleanup_(erg_freep) char **cells = calloc(COLUMNS_MAX, sizeof(*cells));
	size_t n = 0;
	char *line;
	int r = erg_lines_open(path, &lines, err);

	if (r == 0 && erg_lines_next(lines, &line, err) > 0 && cells)
		n = exported_cells(line, cells);
	if (r == 0 && n == 0)
		return erg_fail(err, -EINVAL, "%s: no table of erg-analyze export", path);
	if (r == 0)
		r = erg_import_named_time(named, "time_s:s", err);
	for (size_t i = 1; r == 0 && i + ERG_ARRAY_SIZE(tail) < n; i++)
		if (!is_long_sum(cells[i]))
			r = name_column(named, cells[i], path, err);
	named->sparse = true;
	return r;
}

/* Whether NAME, of LEN bytes, is one of the names that SUM joins by '+'. */
static bool is_joined(const char *sum, const char *name, size_t len)
{
	for (const char *at = sum; len && (at = strstr(at, name)); at++)
		if ((at == sum || at[-1] == '+') && (!at[len] || at[len] == '+'))
			return true;
	return false;
}

/* "A+B" beside A and B is their sum, as --rail A+B writes it: they are parts of it. */
static void set_sums(struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels; i++) {
		const char *sum = log->channels[i].def.rail;

		for (size_t k = 0; strchr(sum, '+') && k < log->n_channels; k++) {
			struct erg_channel_def *d = &log->channels[k].def;

			if (k != i && d->quantity == ERG_Q_POWER &&
				is_joined(sum, d->rail, strlen(d->rail)))
				snprintf(d->parent, sizeof(d->parent), "%s", sum);
		}
	}
}

/* The table has no place for what is part of what, and for what a sensor does. */
static void note_unknown(const struct erg_import_log *log, json_t *notes)
{
	size_t powers = 0, parts = 0;

	erg_import_note(notes, "exported",
		"%s: the table has neither what the sensors do nor when layers ran; erg-analyze export --to samples "
		"and --to layers keep both",
		log->path);

	for (size_t i = 0; i < log->n_channels; i++) {
		powers += log->channels[i].def.quantity == ERG_Q_POWER;
		parts += *log->channels[i].def.parent != '\0';
	}
	if (powers > 1 && parts == 0)
		erg_import_note(notes, "exported",
			"%s: the table does not say which of its %zu rails are parts of others, and a sum of all "
			"may count some twice: --sensor NAME:parent=RAIL says it",
			log->path, powers);
}

static int read_exported(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	struct erg_import_named named = {0};
	struct erg_import_how its = *how;
	int r = name_columns(path, &named, err);

	its.named = &named;
	if (r == 0)
		r = erg_import_named_reader.read(path, &its, ret, notes, err);
	for (size_t i = 0; r == 0 && i < named.n_columns; i++) {
		const char *name = named.columns[i].name;
		size_t len = strlen(name), end = strlen(SIMULATED);

		ret->channels[i].simulated = len > end && !strcmp(name + len - end, SIMULATED);
	}
	if (r == 0) {
		set_sums(ret);
		note_unknown(ret, notes);
	}
	erg_import_named_release(&named);
	return r;
}

const struct erg_import_reader erg_import_exported = {
	.name = "exported",
	.about = "what erg-analyze export --to csv wrote",
	.read = read_exported,
};
