/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of the truth. Written append-only through stdio, read through a mapping: a minute of
 * fine layers is some ten megabytes, and a test asks for thousands of intervals.
 */
#include "tests/board/truth.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "formats/base/util.h"

const char *const erg_truth_names[ERG_TRUTH_COLUMNS] = {"VDD_IN", "VDD_CPU", "VDD_GPU", "leakage"};

FILE *erg_truth_create(const char *path)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "we");
	struct erg_truth_header h = {.record_size = sizeof(struct erg_truth_record),
		.columns = ERG_TRUTH_COLUMNS,
		.simulated = 1};

	if (!f)
		return NULL;
	memcpy(h.magic, ERG_TRUTH_MAGIC, sizeof(h.magic));
	if (fwrite(&h, sizeof(h), 1, f) != 1)
		return NULL;
	return erg_steal_ptr(&f);
}

int erg_truth_open(const char *path, struct erg_truth *ret, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct erg_truth_header *h;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if ((size_t)st.st_size < sizeof(*h) + sizeof(struct erg_truth_record))
		return erg_fail(err, -EPROTO, "%s: empty: expected a log written by erg-board",
			path);
	*ret = (struct erg_truth){.map_size = (size_t)st.st_size};
	ret->map = mmap(NULL, ret->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (ret->map == MAP_FAILED)
		return erg_fail_errno(err, -errno, "%s: mmap", path);
	h = ret->map;
	if (memcmp(h->magic, ERG_TRUTH_MAGIC, sizeof(h->magic)) != 0 ||
		h->record_size != sizeof(struct erg_truth_record)) {
		erg_truth_close(ret);
		return erg_fail(err, -EPROTO, "%s: not a log of this version of erg-board", path);
	}
	ret->r = (struct erg_truth_record *)(h + 1);
	ret->n = (ret->map_size - sizeof(*h)) / sizeof(struct erg_truth_record);
	return 0;
}

void erg_truth_close(struct erg_truth *t)
{
	if (t->map && t->map != MAP_FAILED)
		munmap(t->map, t->map_size);
	*t = (struct erg_truth){0};
}

const struct erg_truth_record *erg_truth_at(const struct erg_truth *t, uint64_t time_ns)
{
	size_t lo = 0, hi = t->n;

	if (t->n == 0 || time_ns < t->r[0].time_ns || time_ns > t->r[t->n - 1].time_ns)
		return NULL;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (t->r[mid].time_ns <= time_ns)
			lo = mid;
		else
			hi = mid;
	}
	return &t->r[lo];
}

static double cumulative(const struct erg_truth *t, enum erg_truth_column c,
	const struct erg_truth_record *r, uint64_t time_ns)
{
	double span, part;

	if (r == &t->r[t->n - 1])
		return r->energy_j[c];
	span = (double)(r[1].time_ns - r->time_ns);
	part = span > 0 ? (double)(time_ns - r->time_ns) / span : 0;
	return r->energy_j[c] + part * (r[1].energy_j[c] - r->energy_j[c]);
}

int erg_truth_energy(const struct erg_truth *t, enum erg_truth_column column, uint64_t begin_ns,
	uint64_t end_ns, double *ret_j, struct erg_err *err)
{
	const struct erg_truth_record *a = erg_truth_at(t, begin_ns), *b = erg_truth_at(t, end_ns);

	if (!a || !b || end_ns < begin_ns)
		return erg_fail(err, -ERANGE,
			"interval %llu..%llu ns is not inside the log (%llu..%llu ns)",
			(unsigned long long)begin_ns, (unsigned long long)end_ns,
			(unsigned long long)t->r[0].time_ns,
			(unsigned long long)t->r[t->n - 1].time_ns);
	*ret_j = cumulative(t, column, b, end_ns) - cumulative(t, column, a, begin_ns);
	return 0;
}

double erg_truth_throttled_s(const struct erg_truth *t, uint64_t begin_ns, uint64_t end_ns,
	uint32_t bits)
{
	double sum = 0;

	for (size_t i = 0; i + 1 < t->n; i++) {
		uint64_t a = t->r[i].time_ns, b = t->r[i + 1].time_ns;

		if (a < begin_ns)
			a = begin_ns;
		if (b > end_ns)
			b = end_ns;
		if (b > a && (t->r[i].throttled & bits))
			sum += (double)(b - a) * 1e-9;
	}
	return sum;
}

double erg_truth_temperature(const struct erg_truth *t, uint64_t begin_ns, uint64_t end_ns)
{
	double sum = 0, time = 0;

	for (size_t i = 0; i + 1 < t->n; i++) {
		uint64_t a = t->r[i].time_ns, b = t->r[i + 1].time_ns;

		if (a < begin_ns || b > end_ns)
			continue;
		sum += (double)t->r[i].temp_c * (double)(b - a);
		time += (double)(b - a);
	}
	return time > 0 ? sum / time : 0;
}

int erg_truth_column(const char *name)
{
	static const char *const alias[] = {"package-0", "core", "uncore"};

	for (int i = 0; i < ERG_TRUTH_COLUMNS; i++)
		if (strcmp(name, erg_truth_names[i]) == 0)
			return i;
	for (int i = 0; i < 3; i++)
		if (strcmp(name, alias[i]) == 0)
			return i;
	return -1;
}
