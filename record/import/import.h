/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_H
#define ERG_RECORD_IMPORT_H

/*
 * `erg-record import`: any power log as an archive. A reader of one kind of log (samples.c,
 * tegrastats.c, …) fills a struct erg_import_log; the checks and the sensor models are the
 * same for all; ctf.c writes what came of it. Times are ns of the log's own clock.
 *
 * What is wrong in the data and can be left out is a note, with the line it came from; what makes
 * the log useless is an error.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "formats/base/numbered.h"
#include "formats/sensor.h"
#include "record/import/store.h"

#define ERG_IMPORT_MISSING INT64_MIN
#define ERG_IMPORT_TIME_MAX 4000000000000000000 /* ns: differences of two times fit int64_t */
#define ERG_IMPORT_RAW_MAX ((int64_t)1 << 60)   /* and so do those of two readings */

/* One column of readings. Values are integers, in 10^-decimals of the column's unit. */
struct erg_import_channel {
	struct erg_channel_def def;
	int decimals;
	int64_t *raw;                  /* one per row; ERG_IMPORT_MISSING where there is none */
	size_t alloc;                  /* of raw, while rows are being added */
	struct erg_import_store store; /* of raw */
	struct erg_sensor_model model;
	bool model_given; /* by --sensor: window, period or alpha are not to be guessed */
	struct erg_sensor_given given;
	uint64_t repeated; /* readings equal to the one before, when the log is stale */
	uint32_t source;   /* index into sources */
	uint32_t group;    /* of the device: what is read apart is another source */
	bool simulated;    /* it comes from a model, not from a sensor */
	bool held;         /* it is a register's, as a recorder read it, and no log's */
	bool own_time;     /* and its times are the sensor's own */
	bool delta;        /* energy of each interval, by --sensor kind=delta or by its reader */
	bool delta_known;  /* by its reader, whatever --sensor says */
	double doubt; /* share by which its energies are uncertain beside def.gain_max, which is the sensor's */
	uint64_t interval_ns; /* usual distance of its readings, after the checks */
};

/* What the times of a log are. */
enum erg_import_clock {
	ERG_CLOCK_NUMBERS,     /* a count of seconds, as it stands */
	ERG_CLOCK_ZONED,       /* ns since the epoch */
	ERG_CLOCK_WALL,        /* wall clock time of a zone that nobody told, read as UTC */
	ERG_CLOCK_TIME_OF_DAY, /* ns since a midnight */
	ERG_CLOCK_NONE,        /* none: rows --interval apart, from 0 on */
};

/* Private to time.c: the zone that is in use, and what it said last. */
struct erg_import_wall {
	bool ready, fixed, asked, any;
	bool fraction; /* some time was written with parts of a second */
	bool fell;     /* the time went back within the hour that a zone has twice */
	int minutes;
	int64_t quarter, shift[2], last;
	uint64_t twice; /* times of the hour that a zone has twice */
};

/* Private to time.c: a clock of 32 bits, as microcontrollers have it. */
struct erg_import_wrap {
	int64_t last, distance, base;
	size_t rows, n; /* n: how often it began again */
};

/* Lines that were not understood. */
struct erg_import_foreign {
	size_t n, line;    /* of the first one */
	bool cells;        /* the text is that of a cell, and not of the line */
	size_t has, named; /* cells of the line, where it has others than are named; 0 */
	char text[80];
};

struct erg_import_phase {
	char *name;
	int64_t begin, end;
};

struct erg_import_log {
	const char *path;
	size_t n, alloc; /* rows */
	int64_t *t;
	uint32_t *line; /* of the file */
	struct erg_import_store t_store, line_store;
	const char *folder; /* of the file system where many rows are kept; NULL: in memory */
	struct erg_import_channel *channels;
	size_t n_channels;
	struct erg_import_phase *phases; /* that the log itself marks */
	size_t n_phases;
	uint64_t interval_ns; /* usual distance of rows, after the checks */
	json_t *gaps;         /* array of {"begin_ns", "end_ns"} */
	enum erg_import_clock clock;
	struct erg_import_wall wall;
	bool spaced; /* some times were told by the distance of lines alone: --interval */
	struct erg_import_wrap wrap;
	struct erg_import_foreign foreign;
	bool unknown; /* what its rails are only the person knows who named its columns */
	bool sampled; /* power is what it was at the reading's time, not a mean since the last one */
	const char *apart;    /* what would tell devices apart, for errors; NULL: a column */
	double foreign_share; /* of all lines, beyond which the log is refused; 0: a tenth */
	char sha256[65]; /* of what was read; "" where the reader did not read the file itself */
	char **head;     /* of columns, by what exported them */
	size_t n_head;
	int64_t run_begin, run_end; /* of the command, by the same; the same: not told */
};

/* ---- building a log (log.c) ---- */

/* The index of the channel RAIL with UNIT; made when it is new (all earlier rows missing it), or a
 * negative errno: an unknown unit, or no memory. */
int erg_import_channel(struct erg_import_log *log, const char *rail, const char *unit, int decimals,
	struct erg_err *err);
/* The index of the channel of RAIL's QUANTITY, or -ENOENT. */
int erg_import_find_channel(const struct erg_import_log *log, const char *rail,
	enum erg_quantity quantity);
/* Appends a row in which every channel is missing; set its values by channels[i].raw[n - 1]. */
int erg_import_row(struct erg_import_log *log, int64_t t, size_t line, struct erg_err *err);
/* Lets go of the memory of the rows before ROW that a pass has been over, and, where it begins, of all
 * that are in a file; true. */
bool erg_import_let_go(const struct erg_import_log *log, size_t row);
/* Sets the reading of the last row; -EINVAL when it has one already: two devices that look the same. */
int erg_import_put(struct erg_import_log *log, size_t channel, int64_t raw, struct erg_err *err);
/* Whether any channel has a reading in the last row. */
bool erg_import_has_reading(const struct erg_import_log *log);
/* Whether a channel has a reading in both rows. */
bool erg_import_rows_share(const struct erg_import_log *log, size_t a, size_t b);
/* Whether a channel of the device has a reading in the row. */
bool erg_import_was_read(const struct erg_import_log *log, uint32_t group, size_t row);
/* Counts a line that was not understood: check.c tells how many and shows the first, and refuses the
 * log when they are more than its share. */
void erg_import_foreign(struct erg_import_log *log, size_t line, const char *text);
/* Appends a phase to a list of N. -ENOMEM. */
int erg_import_phase_add(struct erg_import_phase **list, size_t *n, const char *name, int64_t begin,
	int64_t end);
/* A phase of the log that lasts from T on as long as NAME stays; NULL or "" for none. */
int erg_import_phase(struct erg_import_log *log, const char *name, int64_t t);
/* There will be no more rows and channels: no file stays open for them. */
void erg_import_log_close(struct erg_import_log *log);
void erg_import_log_release(struct erg_import_log *log);

/* Whether there is a row I: the condition of every pass over all rows, which holds only some of them
 * in memory at a time. */
static inline bool erg_import_has_row(const struct erg_import_log *log, size_t i)
{
	return i < log->n && (i % ERG_IMPORT_ROWS_HELD || erg_import_let_go(log, i));
}

/* TEXT, a decimal number that may be followed by other text, times 10^decimals, rounded. *ret_end
 * is what follows it. False when TEXT does not begin with one. */
bool erg_import_decimal(const char *text, int decimals, int64_t *ret, const char **ret_end);
/* Appends {"code", "text"} to NOTES. */
void erg_import_note(json_t *notes, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- readers ---- */

/* What a reader is told beside the file's name. */
struct erg_import_how {
	uint64_t interval_ns;                 /* of the rows of a log without times */
	const struct erg_import_named *named; /* columns by --time and --column, or NULL */
	char point;                           /* of numbers, by --decimal; NUL: as they show */
	const char *zone; /* of wall clock times without one, checked; NULL: not told */
	bool offset_given;
	int64_t offset_ns; /* is added to all times, by inputs.c */
};

struct erg_import_reader {
	const char *name; /* --from */
	const char *about;
	bool json; /* its files may be JSON */
	int (*read)(const char *path, const struct erg_import_how *how, struct erg_import_log *ret,
		json_t *notes, struct erg_err *err);
};

/* NULL-terminated; the first one is samples.csv. */
extern const struct erg_import_reader *const erg_import_readers[];
extern const struct erg_import_reader erg_import_csv, erg_import_tegrastats, erg_import_nvidia_smi,
	erg_import_ptdaemon, erg_import_named_reader, erg_import_perf_stat, erg_import_exported,
	erg_import_mllog, erg_import_amd_smi, erg_import_powermetrics, erg_import_ipmi;
/* Whether it is a table that erg-analyze wrote: a csv of its own. */
bool erg_import_is_exported(const char *path);
/* The form that the file at PATH looks like, or NULL. */
const char *erg_import_looks_like(const char *path);
/* What the file at PATH is, if a tool wrote it that is known, but not as a log of power in time, and what would be
 * one; or NULL. */
const char *erg_import_stranger(const char *path);
/* What the file at PATH is, if it is no log as text, and what to do; or NULL. */
const char *erg_import_no_text(const char *path);
/* "csv, tegrastats or …", of logs and of layers */
const char *erg_import_form_names(char *ret, size_t size);

/* ---- times (time.c) ---- */

/* What a date begins with that does not begin with its year, nor is written with points: these it is a day. */
enum erg_import_date { ERG_DATE_YEAR_FIRST, ERG_DATE_MONTH_FIRST, ERG_DATE_DAY_FIRST };

/*
 * A date and time at the beginning of TEXT as ns since the epoch, taken as UTC: "2023/11/14
 * 12:13:14.123", "2023-11-14T12:13:14", "20231114 12:13:14", "14.11.2023 12:13", and where ORDER says so
 * "11-14-2023 12:13:14.123" or "14/11/23 12:13:14"; each also with a decimal comma, and with AM or PM behind
 * it. *ret_end is what follows.
 */
bool erg_import_time(const char *text, enum erg_import_date order, int64_t *ret,
	const char **ret_end);
/* The same with the zone that follows it or that HOW names, and marks what clock LOG has. 1; 0: TEXT
 * begins with no time; -errno. */
int erg_import_when(struct erg_import_log *log, const struct erg_import_how *how, const char *text,
	enum erg_import_date order, int64_t *ret, const char **ret_end, struct erg_err *err);
/* Digits from the unit that the end of a column's name says, like time_ms or Time (s), to ns; -1: none. */
int erg_import_time_unit(const char *column);
/* A number of this century since 1970 at the beginning of TEXT, in s, ms, us or ns, which its size tells, and
 * marks what clock LOG has. */
bool erg_import_epoch(struct erg_import_log *log, const char *text, int64_t *ret,
	const char **ret_end);
/* Digits from the unit that a number since 1970 is in, by its size, to ns; -1: it is none. TOLD that it is
 * one, in s it is below 10^11, until the year 5138, in ms below 10^14, …; else it is of this century. */
int erg_import_epoch_decimals(int64_t whole, bool told);
/* Of a number that is told to be in units of DECIMALS to ns: by its size it is one of this century since 1970 in another,
 * of so many; -1: it is not. */
int erg_import_other_epoch(const char *cell, char point, int decimals);
/* A time that was counted in us or ms (3 or 6 digits to ns, DECIMALS) by a clock of 32 bits, which began again where
 * it goes on from their end. */
int64_t erg_import_unwrap(struct erg_import_log *log, int decimals, int64_t t);
/* Tells that the numbers of COLUMN were taken for times since 1970, and which. */
void erg_import_note_epoch(const struct erg_import_log *log, const char *column, json_t *notes);
/* "10:20:30.5" as ns since midnight of the first day; later ones count on past the next. 1 or 0. */
int erg_import_time_of_day(struct erg_import_log *log, const char *text, int64_t *ret,
	const char **ret_end);
/* Whether all times are whole seconds; *ret_same: how many are that of the line before. */
bool erg_import_whole_seconds(const struct erg_import_column *times, size_t *ret_same);
/*
 * Spreads the lines of the same second over it (spread.c), INTERVAL_NS apart or, if that is 0, as the
 * stamps allow. *ret_doubt: the share by which the interval may be otherwise. -ENOMEM.
 */
int erg_import_spread_times(struct erg_import_column *times, uint64_t interval_ns,
	double *ret_doubt, double *ret_interval_ns);
/* The same for the rows of a log, when its times are so; the doubt becomes its channels'. -EINVAL when
 * nothing tells the interval. */
int erg_import_spread(struct erg_import_log *log, const struct erg_import_how *how, json_t *notes,
	struct erg_err *err);
/* The same where the reader left it to --interval, which alone tells one device from several; without it,
 * one that is read a little faster than once a second, and what stamps of whole seconds leave in doubt. */
int erg_import_spread_told(struct erg_import_log *log, const struct erg_import_how *how,
	json_t *notes, struct erg_err *err);
/* Every energy of the log is uncertain by the share DOUBT more, for a reason of its own. */
void erg_import_doubt(struct erg_import_log *log, double doubt);
/* -EINVAL for what is no zone. */
int erg_import_zone_check(const char *zone, struct erg_err *err);

/* ---- layers.csv (layers.c) ---- */

/* A network, a module or a layer, as in layer_define; its id is its index + 1, and parents come
 * before their children. */
struct erg_import_layer_def {
	char *name, *type, *network;
	uint32_t parent; /* id; 0: none */
	uint8_t level;   /* 0 network, 1 module, 2 layer */
	uint64_t macs;
	uint32_t seen; /* instances so far */
};

struct erg_import_span {
	int64_t begin, end;
	uint32_t layer; /* index into defs */
	uint32_t iteration, track, line;
	uint32_t row; /* where its counters are */
};

enum erg_import_place { ERG_PLACE_BY_NAME, ERG_PLACE_HOST, ERG_PLACE_DEVICE };

struct erg_import_layers {
	struct erg_import_layer_def *defs;
	size_t n_defs;
	struct erg_numbered def_keys,
		track_names;           /* what makes them different: number + 1 is the id */
	struct erg_import_span *spans; /* in the order of their ends, inner ones first */
	size_t n_spans, spans_alloc;
	char **tracks;                 /* names; the track's id is index + 1 */
	enum erg_import_place *places; /* of the tracks */
	size_t n_tracks;
	char **counters;
	size_t n_counters;
	int64_t *values; /* rows * n_counters */
	size_t rows;
	struct erg_import_phase *phases;
	size_t n_phases;
	char sha256[65]; /* of what was read; "" where the reader did not read the file itself */
};

void erg_import_layers_init(struct erg_import_layers *l);
/* The id of the definition, made when it is new; 0 when memory is short. */
uint32_t erg_import_layers_define(struct erg_import_layers *l, uint8_t level, uint32_t parent,
	const char *name, const char *type, const char *network);
/* The id of the track of that name ("": "layers"), made when it is new; 0 when memory is short. */
uint32_t erg_import_layers_track(struct erg_import_layers *l, const char *name);
/* Room for one more span, all 0; NULL when memory is short. */
struct erg_import_span *erg_import_layers_add(struct erg_import_layers *l);
/* Leaves out what overlaps another span of its track without lying inside it, and sorts. -ENODATA
 * when nothing is left. */
int erg_import_layers_finish(struct erg_import_layers *l, const char *path, json_t *notes,
	struct erg_err *err);
int erg_import_layers_read(const char *path, struct erg_import_layers *ret, json_t *notes,
	struct erg_err *err);
/* The 2 * n_spans beginnings and ends, sorted; NULL when memory is short. */
int64_t *erg_import_edges(const struct erg_import_layers *l);
void erg_import_layers_release(struct erg_import_layers *l);

struct erg_import_layers_reader {
	const char *name; /* --from */
	const char *about;
	bool json; /* its files may be JSON */
	int (*read)(const char *path, struct erg_import_layers *ret, json_t *notes,
		struct erg_err *err);
};

/* NULL-terminated; the first one is layers.csv. */
extern const struct erg_import_layers_reader *const erg_import_layers_readers[];
extern const struct erg_import_layers_reader erg_import_layers_csv, erg_import_chrome_trace,
	erg_import_nsys, erg_import_ctf;
/* The CTF trace below the folder TRACE, by the file RULES (erg-rules(5)). */
int erg_import_layers_by_rules(const char *trace, const char *rules, struct erg_import_layers *ret,
	json_t *notes, struct erg_err *err);

/* ---- checks and models (check.c, period.c, sensor.c) ---- */

/* What was not understood, order, duplicates, gaps, readings; that there is power or energy. */
int erg_import_check(struct erg_import_log *log, json_t *notes, struct erg_err *err);

/* Of check.c's (gaps.c): the usual distance of the rows that a device has a reading in, or, if CHANNEL is not NULL,
 * that this one has; 0: too few. -ENOMEM. */
int erg_import_usual_distance(const struct erg_import_log *log, uint32_t group,
	const struct erg_import_channel *channel, uint64_t *ret, struct erg_err *err);
/* Of each channel and of the log. -ENOMEM. */
int erg_import_find_intervals(struct erg_import_log *log, struct erg_err *err);
/* Whether two readings are one usual distance apart; or more, so that some are missing between them. */
#define ERG_IMPORT_REGULAR_MIN 0.8 /* of all: else one of twice the usual is nothing missing */

static inline bool erg_import_is_one(double distance, double usual)
{
	return fabs(distance - usual) < 0.2 * usual;
}

static inline bool erg_import_is_more(double distance, double usual)
{
	return distance > 1.5 * usual;
}

/* Lists the gaps; what single readings that are missing leave in doubt becomes their channel's. */
void erg_import_find_gaps(struct erg_import_log *log, json_t *notes);
/* Tells of power that is there in a part of the log only. */
void erg_import_tell_ends(const struct erg_import_log *log, json_t *notes);

/* Of one channel (values.c): absurd and negative values, spikes, energies of intervals, counters that
 * fall. */
int erg_import_check_values(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes,
	struct erg_err *err);

/* Of energies (energies.c): makes a counter of them that only falls where they are not known. */
int erg_import_check_energy(struct erg_import_log *log, struct erg_import_channel *c, json_t *notes,
	struct erg_err *err);

/*
 * The period with which a value really changes, from the times of its N changes: the one
 * that explains them. 0 when there is none that does (a value that changes at irregular times, or
 * as often as it is read, every INTERVAL_NS). Rayleigh's test on the phases of the changes: Lomb
 * 1976 for the idea, Mardia & Jupp 2000 ch. 6.3 for the significance.
 */
uint64_t erg_import_period(const int64_t *changes, size_t n, uint64_t interval_ns);

/*
 * The step of a sensor, in RAW's unit, from readings of LOG that were rounded to the log's last digit
 * (lsb.c): one unit where nothing coarser is seen, or too few values say so.
 */
double erg_import_lsb(const struct erg_import_log *log, const int64_t *raw);
/* The step, in RAW's unit, below which digits may have been cut off: LSB, which that found, or the log's last digit where only a
 * few values show it. */
double erg_import_cut(const struct erg_import_log *log, const int64_t *raw, double lsb);

struct erg_import_step {
	int64_t from, to; /* raw */
};

/*
 * Whether N changes that come by a period are those of a load that repeats itself, not of a meter
 * that is read too often. Such a meter shows a new value at nearly every one of its updates, and its
 * noise goes from one value to any other; a load of constant powers keeps them for several of the
 * periods, or goes through the same ones again and again. Sorts STEPS.
 */
bool erg_import_is_load(const int64_t *changes, struct erg_import_step *steps, size_t n,
	uint64_t period_ns);

/* "key=value …" or "NAME:key=value" of --sensor, checked and kept in LIST (array of words). */
int erg_import_sensor_parse(json_t *list, const char *text, struct erg_err *err);
/* Gives every channel its unit's default model; then samples_head.c and these are asked. */
void erg_import_default_models(struct erg_import_log *log);
/* Gives channels what LIST says; before erg_import_check(). */
int erg_import_settings(struct erg_import_log *log, const json_t *list, struct erg_err *err);
/* What one word, as it is written, says of a channel. -EINVAL for a kind that does not fit. */
int erg_import_set_word(struct erg_import_channel *c, const struct erg_sensor_word *w,
	const char *as_written, struct erg_err *err);
/* A line of those that erg-analyze export writes above a table (samples_head.c); and, once there are channels, what they
 * said of these. -EINVAL. */
int erg_import_samples_head(struct erg_import_log *log, const char *text, size_t line,
	struct erg_err *err);
int erg_import_apply_samples_head(struct erg_import_log *log, struct erg_err *err);
/* What the manifest and the trace call the kind of a source, of which the channel is. */
const char *erg_import_kind(const struct erg_import_channel *c, const char *kind);
/* Sets which rails are within which others by the names that tools give them (rails.c). */
void erg_import_known_wholes(struct erg_import_log *log, json_t *notes);
/* What words of a rail's name are made of. */
#define ERG_IMPORT_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* A supply's output is within its input, where they are called alike; how many were set, and *ret_whole, one of those
 * that they are within. Whether a name is that of a limit. (rails.c) */
size_t erg_import_set_outputs(struct erg_import_log *log, const char **ret_whole);
bool erg_import_says_limit(const char *name);
/* Whether two names are one, but for what is told of each, like power_avg and power_max; and whether that is an
 * extreme (twice.c). */
bool erg_import_same_stem(const char *a, const char *b);
bool erg_import_says_extreme(const char *rail);
/* Tells what would be counted twice if all rails were added up, and what contradicts itself (twice.c). */
void erg_import_check_rails(const struct erg_import_log *log, json_t *notes);
/* Completes the models by what the readings show of periods and steps; each stale channel is an
 * element of STALE. LAYERS (or NULL) tell a stale meter from a workload of constant powers. Sorts
 * channels into sources: one for each class and model. */
int erg_import_models(struct erg_import_log *log, const struct erg_import_layers *layers,
	json_t *stale, json_t *notes, struct erg_err *err);
size_t erg_import_sources(const struct erg_import_log *log);
enum erg_source_class erg_import_class(const struct erg_import_channel *c);

/* The summary's sources (figures.c): what the readings of each channel came to. NULL: no memory. */
json_t *erg_import_figures(const struct erg_import_log *log, const char *kind, int64_t origin_ns,
	uint32_t first_source);

/* ---- writing (ctf.c) ---- */

struct erg_import_trace {
	const char *run_id, *kind; /* kind of the sources: imported:csv */
	const struct erg_import_log *log;
	const struct erg_import_layers *layers; /* or NULL */
	int64_t origin_ns;                      /* subtracted from every time */
	uint32_t first_source, pid;      /* ids begin there: 0, or what a recording leaves free */
	const volatile int *interrupted; /* stops when it becomes nonzero */
	/* Called for each chunk, in their order, once it is written and while the next one is: NULL, or
	 * returns 0 or a negative errno, which ends it. */
	int (*chunk)(void *data, unsigned int chunk, bool last, struct erg_err *err);
	void *data;
};

/* The command line ARGV, of which argv[0] is the verb's name. Returns the exit status (2: wrong usage; 3: warnings, with --strict) or a
 * negative errno with ERR set. */
int erg_import(int argc, char **argv, struct erg_err *err);

/* Writes CTF 1.8 traces, DIR/0000 and on: the chunks of the archive. */
int erg_import_write(const struct erg_import_trace *trace, const char *dir, struct erg_err *err);

/* Gives the trace DIR/CHUNK, as babeltrace2 wrote it, a UUID made of this one and its number (uuid.c). */
int erg_import_set_uuid(const char *dir, unsigned int chunk, const uint8_t uuid[16],
	struct erg_err *err);

#endif
