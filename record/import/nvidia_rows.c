/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which GPU a row is of. All columns that name a GPU, taken together, name devices. Where several
 * rows of one name share a time, or their times come in bundles (a poll asks one GPU after the other,
 * then waits), the name is that of several GPUs alike, which are told by their order within the poll.
 * That is a conclusion, not something the log says, so it is told. A second reading of a device at one
 * time is an error.
 */
#include "record/import/nvidia.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"

#define POLL_MAX 16           /* GPUs alike in one poll */
#define POLL_ROWS_MIN 6       /* polls, to believe in them */
#define ROUNDING_NS 1500000.0 /* stamps are milliseconds: two that differ by one may be the same */
#define STRONG 7              /* identities below are of one GPU; a name may be that of several */

struct erg_nvidia_device {
	char *identity[ERG_NVIDIA_IDENTITIES];
	bool strong;
	size_t rows;
	uint32_t first; /* number of its first device, once they are told apart */
	size_t alike;   /* how many devices it is */
	size_t polled;  /* rows so far, when they are dealt out */
	int64_t last;   /* time of the last one */
};

struct erg_nvidia_kept {
	int64_t t;
	uint32_t line, device, rank;
	size_t values, n_values;
};

/* ---- keeping ---- */

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static bool is_device(const struct erg_nvidia_device *d, char *const *identity)
{
	size_t same = 0;

	while (same < ERG_NVIDIA_IDENTITIES && same_text(d->identity[same], identity[same]))
		same++;
	return same == ERG_NVIDIA_IDENTITIES;
}

static int find_device(struct erg_nvidia_rows *r, const struct erg_nvidia_row *row)
{
	struct erg_nvidia_device *d;

	for (size_t i = 0; i < r->n_devices; i++)
		if (is_device(&r->devices[i], row->identity))
			return (int)i;
	d = reallocarray(r->devices, r->n_devices + 1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	r->devices = d;
	d += r->n_devices;
	*d = (struct erg_nvidia_device){.alike = 1};
	for (size_t i = 0; i < ERG_NVIDIA_IDENTITIES; i++) {
		if (!row->identity[i])
			continue;
		d->identity[i] = strdup(row->identity[i]);
		d->strong |= i < STRONG;
	}
	return (int)r->n_devices++;
}

void erg_nvidia_init(struct erg_nvidia_rows *r, struct erg_import_log *log,
	const struct erg_import_how *how)
{
	*r = (struct erg_nvidia_rows){.log = log,
		.how = how,
		.kept = {.size = sizeof(struct erg_nvidia_kept), .folder = log->folder},
		.values = {.size = sizeof(struct erg_nvidia_value), .folder = log->folder}};
}

int erg_nvidia_add(struct erg_nvidia_rows *r, const struct erg_nvidia_row *row)
{
	const int device = find_device(r, row);
	struct erg_nvidia_kept k = {.t = row->t,
		.line = (uint32_t)row->line,
		.device = (uint32_t)device,
		.values = r->values.n,
		.n_values = row->n_values};
	int rc = device < 0 ? device : erg_import_column_add(&r->kept, &k);

	for (size_t i = 0; rc == 0 && i < row->n_values; i++)
		rc = erg_import_column_add(&r->values, &row->values[i]);
	if (rc == 0)
		r->devices[device].rows++;
	return rc;
}

/* Row I: the condition of a pass over all of them; NULL behind the last. */
static struct erg_nvidia_kept *row_of(const struct erg_nvidia_rows *r, size_t i)
{
	return erg_import_column_has(&r->kept, i) ? (struct erg_nvidia_kept *)r->kept.rows + i
						  : NULL;
}

void erg_nvidia_release(struct erg_nvidia_rows *r)
{
	for (size_t i = 0; i < r->n_devices; i++)
		for (size_t k = 0; k < ERG_NVIDIA_IDENTITIES; k++)
			free(r->devices[i].identity[k]);
	free(r->devices);
	erg_import_column_release(&r->kept);
	erg_import_column_release(&r->values);
}

/* ---- a number that may be an index ---- */

#define ROUND_SHARE 0.9 /* rows that fit, or the number is of something else */

/* Whether GPUs come in turn, each once a poll: the rows of a number that changes with the load do not. */
static bool take_turns(const struct erg_nvidia_rows *r)
{
	_cleanup_(erg_freep) uint32_t *before = calloc(r->n_devices + 1, sizeof(*before));
	const struct erg_nvidia_kept *k;
	size_t fits = 0, n = 0;
	uint32_t last = 0;

	for (size_t i = 0; before && (k = row_of(r, i)); i++) {
		uint32_t *place = &before[i % r->n_devices];

		fits += i >= r->n_devices && k->device == *place && k->device != last;
		n += i >= r->n_devices;
		*place = last = k->device;
	}
	return n > 0 && (double)fits >= ROUND_SHARE * (double)n;
}

int erg_nvidia_check_index(struct erg_nvidia_rows *r)
{
	_cleanup_(erg_freep) uint32_t *now = calloc(r->n_devices + 1, sizeof(*now));
	struct erg_nvidia_kept *k;
	size_t n = 0;

	if (!now)
		return -ENOMEM;
	if (r->n_devices < 2 || !r->devices[0].identity[0] || take_turns(r))
		return 0;
	for (uint32_t i = 0; i < r->n_devices; i++) {
		struct erg_nvidia_device *d = &r->devices[i], *same = NULL;

		free(d->identity[0]);
		d->identity[0] = NULL;
		d->strong = false;
		for (size_t m = 1; m < STRONG; m++)
			d->strong |= d->identity[m] != NULL;
		for (size_t m = 0; m < n && !same; m++)
			same = is_device(&r->devices[m], d->identity) ? &r->devices[m] : NULL;
		now[i] = (uint32_t)(same ? (size_t)(same - r->devices) : n);
		if (!same) {
			struct erg_nvidia_device swap = *d;

			*d = r->devices[n];
			r->devices[n++] = swap;
			continue;
		}
		same->rows += d->rows;
		d->rows = 0;
	}
	for (size_t i = 0; (k = row_of(r, i)); i++)
		k->device = now[k->device];
	for (size_t i = n; i < r->n_devices; i++)
		for (size_t m = 0; m < ERG_NVIDIA_IDENTITIES; m++)
			free(r->devices[i].identity[m]);
	r->n_devices = n;
	return 0;
}

/* ---- GPUs alike ---- */

/* Times of the rows of a name, in the order of the file. -ENOMEM, -ENOSPC. */
static int times_of(const struct erg_nvidia_rows *r, uint32_t device, struct erg_import_column *ret)
{
	const struct erg_nvidia_kept *k;
	int rc = 0;

	*ret = (struct erg_import_column){.size = sizeof(int64_t), .folder = r->log->folder};
	for (size_t i = 0; rc == 0 && (k = row_of(r, i)); i++)
		if (k->device == device)
			rc = erg_import_column_add(ret, &k->t);
	return rc;
}

/* How many rows share each time, when that is the same nearly everywhere; 0: it is not. */
static size_t rows_of_a_time(const struct erg_import_column *times)
{
	size_t counts[POLL_MAX + 1] = {0}, runs = 0, best = 0;
	const int64_t *t = times->rows;

	for (size_t i = 0, k; erg_import_column_has(times, i); i = k, runs++) {
		for (k = i + 1; erg_import_column_has(times, k) && t[k] == t[i]; k++)
			;
		counts[k - i <= POLL_MAX ? k - i : 0]++;
	}
	for (size_t i = 1; i <= POLL_MAX; i++)
		best = counts[i] > counts[best] ? i : best;
	return counts[best] * 20 >= runs * 19 || counts[best] + 1 >= runs ? best : 0;
}

/*
 * Whether the distances of rows come round with C of them: each place in the round has its own
 * distance, they differ by more than rounding does, and what is left of the variance is little.
 */
static bool comes_round(const struct erg_import_column *times, size_t c)
{
	double mean[POLL_MAX] = {0}, rest = 0, least = INFINITY, most = 0;
	size_t d = times->n - 1, in[POLL_MAX] = {0};
	const int64_t *t = times->rows;

	for (size_t i = 0; erg_import_column_has(times, i + 1); i++) {
		mean[i % c] += (double)(t[i + 1] - t[i]);
		in[i % c]++;
	}
	for (size_t i = 0; i < c; i++) {
		mean[i] /= (double)in[i];
		least = fmin(least, mean[i]);
		most = fmax(most, mean[i]);
	}
	for (size_t i = 0; erg_import_column_has(times, i + 1); i++)
		rest += pow((double)(t[i + 1] - t[i]) - mean[i % c], 2);
	return most - least > ROUNDING_NS && most - least > 4 * sqrt(rest / (double)d) &&
		mean[c - 1] > most - 1;
}

static size_t rows_of_a_poll(const struct erg_import_column *times)
{
	for (size_t c = 2; c <= POLL_MAX && times->n >= c * POLL_ROWS_MIN; c++)
		if (comes_round(times, c))
			return c;
	return 1;
}

static int fail_alike(const struct erg_nvidia_rows *r, uint32_t device, struct erg_err *err)
{
	int64_t before = ERG_IMPORT_MISSING;
	const struct erg_nvidia_kept *k;
	uint32_t line = 0;

	for (size_t i = 0; !line && (k = row_of(r, i)); i++) {
		if (k->device != device)
			continue;
		line = k->t == before ? k->line : 0;
		before = k->t;
	}
	return erg_fail(err, -EINVAL,
		"%s: line %u: a second reading of one GPU at one time: index, uuid or "
		"pci.bus_id in --query-gpu= tell several apart",
		r->log->path, line);
}

/* How many GPUs the name is of, by the times of its rows. Whole seconds several to a stamp are one GPU that
 * is read often, if the name is of one. */
static int tell_alike(struct erg_nvidia_rows *r, uint32_t device,
	const struct erg_import_column *times, struct erg_err *err)
{
	struct erg_nvidia_device *d = &r->devices[device];
	const int64_t *t = times->rows;
	size_t same, c;
	bool whole;

	if (d->rows < 2 || t[0] == ERG_IMPORT_MISSING)
		return 0;
	whole = erg_import_whole_seconds(times, &same);
	same = 0;
	for (size_t i = 0; erg_import_column_has(times, i); i++)
		same += i > 0 && t[i] == t[i - 1];
	if (same > 0 && d->strong)
		return whole || same * 20 < d->rows ? 0 : fail_alike(r, device, err);
	if (same > 0) {
		c = rows_of_a_time(times);
		if (c == 0 || (whole && c > 1 && d->rows / c < POLL_ROWS_MIN))
			return fail_alike(r, device, err);
		d->alike = c;
	} else if (!d->strong) {
		d->alike = rows_of_a_poll(times);
	}
	return 0;
}

static int fail_room(const struct erg_nvidia_rows *r, int rc, struct erg_err *err)
{
	return rc == -ENOMEM ? erg_fail_errno(err, rc, "%s", r->log->path)
			     : erg_fail_errno(err, rc, "%s: no room for %zu rows of %s",
				       r->log->folder, r->kept.n, r->log->path);
}

static int count_alike(struct erg_nvidia_rows *r, uint32_t device, struct erg_err *err)
{
	struct erg_import_column times;
	int rc = times_of(r, device, &times);

	rc = rc < 0 ? fail_room(r, rc, err) : tell_alike(r, device, &times, err);
	erg_import_column_release(&times);
	return rc;
}

/* ---- names ---- */

/* The first identity that all devices have, each another one; -1: none has. */
static int telling_identity(const struct erg_nvidia_rows *r)
{
	for (int k = 0; k < ERG_NVIDIA_IDENTITIES; k++) {
		bool tells = true;

		for (size_t i = 0; i < r->n_devices && tells; i++) {
			const char *mine = r->devices[i].identity[k];

			tells = mine && *mine && r->devices[i].alike == 1;
			for (size_t m = 0; m < i && tells; m++)
				tells = strcmp(mine, r->devices[m].identity[k]) != 0;
		}
		if (tells && (k < STRONG || r->n_devices > 1))
			return k;
	}
	return -1;
}

static int rail_name(const struct erg_nvidia_rows *r, int identity, uint32_t device, uint32_t rank,
	const char *suffix, char ret[64])
{
	const struct erg_nvidia_device *d = &r->devices[device];
	int n = identity >= 0 ? snprintf(ret, 64, "gpu%s%s", d->identity[identity], suffix)
			      : snprintf(ret, 64, "gpu%u%s", d->first + rank, suffix);

	return n < 64 ? 0 : -ENAMETOOLONG;
}

/* ---- polls ---- */

/* Deals the ranks out and gives rows without a time theirs: a poll begins where a GPU comes again. */
static void rank_rows(struct erg_nvidia_rows *r)
{
	struct erg_nvidia_kept *k;
	size_t polls = 0;

	for (size_t i = 0; (k = row_of(r, i)); i++) {
		struct erg_nvidia_device *d = &r->devices[k->device];

		k->rank = (uint32_t)(d->polled % d->alike);
		polls = d->polled / d->alike + 1 > polls ? d->polled / d->alike + 1 : polls;
		d->polled++;
		if (k->t == ERG_IMPORT_MISSING) {
			k->t = (int64_t)((polls - 1) * r->how->interval_ns);
			r->log->spaced = true;
		}
	}
}

/* Whether GPUs were read at times of their own. */
static bool are_apart(const struct erg_nvidia_rows *r, uint32_t devices)
{
	const struct erg_nvidia_kept *k;
	int64_t before = ERG_IMPORT_MISSING;
	size_t times = 0;

	for (size_t i = 0; (k = row_of(r, i)); i++) {
		times += k->t != before;
		before = k->t;
	}
	return devices > 1 && (double)times > 1.5 * (double)r->kept.n / devices;
}

/* How late a GPU is asked in its poll. */
struct lateness {
	double sum, squares, n;
};

#define LATE_SPREAD_MAX 0.2 /* of a poll: GPUs that are asked in no order have no lateness */

static uint32_t gpu_of(const struct erg_nvidia_rows *r, const struct erg_nvidia_kept *k)
{
	return r->devices[k->device].first + k->rank;
}

/* Goes on to K's poll, which lasts until a GPU comes again: *poll is its number, *begin its time. LAST: of
 * each GPU, the poll it was in. */
static void follow_poll(size_t *last, const struct erg_nvidia_kept *k, uint32_t gpu, size_t *poll,
	int64_t *begin)
{
	if (*poll == 0 || last[gpu] == *poll) {
		++*poll;
		*begin = k->t;
	}
	last[gpu] = *poll;
}

/* How late each GPU is asked. */
static void find_lateness(const struct erg_nvidia_rows *r, struct lateness *late, size_t *last)
{
	const struct erg_nvidia_kept *k;
	int64_t begin = 0;
	size_t poll = 0;

	for (size_t i = 0; (k = row_of(r, i)); i++) {
		struct lateness *l = &late[gpu_of(r, k)];
		double d;

		follow_poll(last, k, gpu_of(r, k), &poll, &begin);
		d = (double)(k->t - begin);
		l->sum += d;
		l->squares += d * d;
		l->n++;
	}
}

static double spread_of(const struct lateness *l)
{
	return l->n > 0 ? sqrt(fmax(l->squares / l->n - pow(l->sum / l->n, 2), 0)) : 0;
}

/*
 * GPUs that are asked one after the other get the time of their poll, and how late each is asked becomes
 * its lag: so all of them are of the same time, and none is shifted. 1; 0: they come in no order.
 */
static int align_polls(struct erg_nvidia_rows *r, struct lateness *late, uint32_t devices)
{
	_cleanup_(erg_freep) size_t *last = calloc(devices + 1, sizeof(*last));
	const struct erg_nvidia_kept *rows = r->kept.rows;
	struct erg_nvidia_kept *k;
	int64_t begin = 0;
	size_t poll = 0;
	double length;

	if (!last)
		return -ENOMEM;
	find_lateness(r, late, last);
	length = (double)(rows[r->kept.n - 1].t - rows[0].t) /
		(double)(late[0].n > 1 ? late[0].n - 1 : 1);
	for (uint32_t i = 0; i < devices; i++)
		if (spread_of(&late[i]) > LATE_SPREAD_MAX * length || late[i].n < 1)
			return 0;
	memset(last, 0, (devices + 1) * sizeof(*last));
	for (size_t i = 0; (k = row_of(r, i)); i++) {
		follow_poll(last, k, gpu_of(r, k), &poll, &begin);
		k->t = begin;
	}
	return 1;
}

static void set_lag(struct erg_import_channel *c, const struct lateness *l)
{
	c->model.lag_ns = -llround(l->sum / l->n);
	c->model.lag_u_ns = (uint64_t)llround(spread_of(l));
}

/* Spreads the times of a GPU's rows and gives them theirs. */
static int spread_rows(struct erg_nvidia_rows *r, uint32_t device, struct erg_import_column *times,
	double *doubt)
{
	struct erg_nvidia_kept *k;
	double mine, h;
	size_t n = 0;

	if (erg_import_spread_times(times, r->how->interval_ns, &mine, &h) < 0)
		return -ENOMEM;
	r->log->spaced = true;
	*doubt = fmax(*doubt, mine);
	for (size_t i = 0; (k = row_of(r, i)); i++)
		if (k->device == device && erg_import_column_has(times, n))
			k->t = ((const int64_t *)times->rows)[n++];
	return 0;
}

static int spread_device(struct erg_nvidia_rows *r, uint32_t device, double *doubt,
	struct erg_err *err)
{
	struct erg_import_column times;
	const int64_t *t;
	size_t same;
	int rc = times_of(r, device, &times);

	t = times.rows;
	if (rc < 0)
		rc = fail_room(r, rc, err);
	else if (r->devices[device].alike == 1 && erg_import_whole_seconds(&times, &same) && same) {
		if (t[0] == t[times.n - 1] && !r->how->interval_ns)
			rc = erg_fail(err, -EINVAL,
				"%s: all lines are of one second: --interval, the seconds "
				"between two of them, was expected",
				r->log->path);
		else if (spread_rows(r, device, &times, doubt) < 0)
			rc = erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	}
	erg_import_column_release(&times);
	return rc;
}

/* ---- the log ---- */

struct plan {
	int identity;                /* that names the GPUs, or -1 */
	bool apart;                  /* each has rows of its own */
	const struct lateness *late; /* NULL: all are asked at once */
};

static int put_values(struct erg_nvidia_rows *r, const struct erg_nvidia_kept *k,
	const struct plan *p, struct erg_err *err)
{
	for (size_t i = 0; i < k->n_values && erg_import_column_has(&r->values, k->values + i);
		i++) {
		const struct erg_nvidia_value *v =
			(const struct erg_nvidia_value *)r->values.rows + k->values + i;
		char rail[64];
		int c;

		if (v->raw == ERG_IMPORT_MISSING)
			continue;
		if (rail_name(r, p->identity, k->device, k->rank, v->suffix, rail) < 0)
			return erg_fail(err, -EINVAL, "%s: line %u: the GPU's name is too long",
				r->log->path, k->line);
		c = erg_import_channel(r->log, rail, v->unit, v->decimals, err);
		if (c < 0)
			return c;
		if (p->apart)
			r->log->channels[c].group = gpu_of(r, k);
		if (p->late)
			set_lag(&r->log->channels[c], &p->late[gpu_of(r, k)]);
		c = erg_import_put(r->log, (size_t)c, v->raw, err);
		if (c < 0)
			return c;
	}
	return 0;
}

/* Behind a GPU's name, the longer ones first; .rank: what is the part of what, or the same told otherwise. */
static const struct {
	const char *suffix;
	int rank;
} powers[] = {{".module.average", 1}, {".module.instant", 2}, {".module", 0}, {".average", 4},
	{".instant", 5}, {"", 3}};

/* Its GPU's name is *ret_len bytes of the rail's; the return value is its rank. */
static int rank_of_power(const char *rail, size_t *ret_len)
{
	const size_t len = strlen(rail);
	size_t i = 0;

	while (len < strlen(powers[i].suffix) ||
		strcmp(rail + len - strlen(powers[i].suffix), powers[i].suffix))
		i++;
	*ret_len = len - strlen(powers[i].suffix);
	return powers[i].rank;
}

/*
 * power.draw, .average and .instant are one power, and a module (Grace Hopper) has its GPU in it: of a
 * GPU one rail alone is part of no other, or their sum would count it several times.
 */
static void set_parents(struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_channel_def *d = &log->channels[i].def;
		size_t len, other_len;
		int best = -1, rank = rank_of_power(d->rail, &len);

		for (size_t k = 0; d->quantity == ERG_Q_POWER && k < log->n_channels; k++) {
			const struct erg_channel_def *other = &log->channels[k].def;
			int r = rank_of_power(other->rail, &other_len);

			if (other->quantity != ERG_Q_POWER || r >= rank || r <= best ||
				len != other_len || strncmp(d->rail, other->rail, len))
				continue;
			best = r;
			snprintf(d->parent, sizeof(d->parent), "%s", other->rail);
		}
	}
}

static void note_alike(const struct erg_nvidia_rows *r, uint32_t devices, json_t *notes)
{
	if (devices > r->n_devices)
		erg_import_note(notes, "devices",
			"%s: nothing names the GPUs: the rows come in polls, and "
			"were taken to be of %u GPUs in their order (index, uuid or pci.bus_id in "
			"--query-gpu= say it)",
			r->log->path, devices);
}

/* SEEN: of each GPU, the number of the log's last row that it is in; of two rows of it at one time the second is a row
 * of the log's, too, which the checks leave out and count. */
static int fill_log(struct erg_nvidia_rows *r, const struct plan *p, size_t *seen,
	struct erg_err *err)
{
	const struct erg_nvidia_kept *k;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (k = row_of(r, i)); i++) {
		if (r->log->n == 0 || r->log->t[r->log->n - 1] != k->t ||
			seen[gpu_of(r, k)] == r->log->n)
			rc = erg_import_row(r->log, k->t, k->line, err);
		seen[gpu_of(r, k)] = r->log->n;
		if (rc == 0)
			rc = put_values(r, k, p, err);
	}
	return rc;
}

static int make_log(struct erg_nvidia_rows *r, uint32_t devices, struct erg_err *err)
{
	_cleanup_(erg_freep) struct lateness *late = calloc(devices + 1, sizeof(*late));
	_cleanup_(erg_freep) size_t *seen = calloc(devices + 1, sizeof(*seen));
	struct plan p = {.identity = telling_identity(r), .apart = are_apart(r, devices)};
	int rc = late && seen ? 0 : -ENOMEM;

	if (rc == 0 && p.apart)
		rc = align_polls(r, late, devices);
	if (rc < 0)
		return erg_fail_errno(err, rc, "%s", r->log->path);
	p.late = rc > 0 ? late : NULL;
	p.apart &= rc == 0;
	rc = fill_log(r, &p, seen, err);
	set_parents(r->log);
	return rc;
}

int erg_nvidia_finish(struct erg_nvidia_rows *r, json_t *notes, struct erg_err *err)
{
	double doubt = 0;
	uint32_t devices = 0;
	int rc = 0;

	if (((const struct erg_nvidia_kept *)r->kept.rows)->t == ERG_IMPORT_MISSING) {
		if (!r->how->interval_ns)
			return erg_fail(err, -EINVAL,
				"%s: no column timestamp: --interval, the seconds between "
				"two readings, was expected",
				r->log->path);
		r->log->clock = ERG_CLOCK_NONE;
	}
	for (uint32_t i = 0; rc == 0 && i < r->n_devices; i++) {
		rc = count_alike(r, i, err);
		r->devices[i].first = devices;
		devices += (uint32_t)r->devices[i].alike;
		if (rc == 0)
			rc = spread_device(r, i, &doubt, err);
	}
	if (rc < 0)
		return rc;
	rank_rows(r);
	note_alike(r, devices, notes);
	if (r->log->clock == ERG_CLOCK_NONE && r->n_devices == 1 && !r->devices[0].strong)
		erg_import_note(notes, "devices",
			"%s: nothing names the GPUs, and the rows have no times: they were taken to be of one GPU, "
			"%.6g s apart (timestamp and index in --query-gpu= say it)",
			r->log->path, (double)r->how->interval_ns * 1e-9);
	rc = make_log(r, devices, err);
	if (rc < 0 || doubt <= 0)
		return rc;
	erg_import_doubt(r->log, doubt);
	erg_import_note(notes, "times",
		"%s: the times have whole seconds; lines of the same second were "
		"spread over it; energies are uncertain by %.3g %%%s",
		r->log->path, 100 * doubt,
		r->how->interval_ns ? "" : " (--interval says what it is)");
	return 0;
}
