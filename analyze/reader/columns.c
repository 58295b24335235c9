/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One function for both directions visits everything, so that what is written and what is read cannot
 * differ. First comes all that is small, as one text of bytes behind its length, then column by
 * column, which are read straight to where they belong; all of it in pieces, each a zstd frame with
 * its checksum behind its two sizes.
 */
#include "analyze/reader/columns.h"

#include <errno.h>
#include <string.h>

#include <zstd.h>

#include "formats/base/util.h"

/* The fastest that still halves the columns: writing them is a few hundredths of decoding. */
#define LEVEL 1
#define SMALL_MAX (1u << 30)

#define PIECE ((size_t)4 << 20) /* of plain bytes: stays in the processor's caches */

struct pass {
	bool reading;
	int fd, failed; /* a negative errno: everything after it does nothing */
	uint64_t most;  /* writing: bytes that may still be written */
	ZSTD_CCtx *zip;
	ZSTD_DCtx *unzip;
	char *packed; /* ZSTD_COMPRESSBOUND(PIECE) bytes */
	char *small;  /* what is small */
	size_t len, cap, at;
};

struct sizes {
	uint32_t plain, packed;
};

/* ---- pieces ---- */

static int write_exactly(struct pass *p, const void *data, size_t len)
{
	const char *from = data;

	if (len > p->most)
		return -EFBIG;
	p->most -= len;
	while (len) {
		ssize_t n = write(p->fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

static int read_exactly(int fd, void *data, size_t len)
{
	char *to = data;

	while (len) {
		ssize_t n = read(fd, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EBADMSG;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_pieces(struct pass *p, const char *data, size_t len)
{
	int r = 0;

	for (size_t n; len && !r; data += n, len -= n) {
		size_t packed;

		n = len < PIECE ? len : PIECE;
		packed = ZSTD_compress2(p->zip, p->packed, ZSTD_COMPRESSBOUND(PIECE), data, n);
		if (ZSTD_isError(packed))
			return -EIO;
		r = write_exactly(p, &(struct sizes){(uint32_t)n, (uint32_t)packed},
			sizeof(struct sizes));
		if (!r)
			r = write_exactly(p, p->packed, packed);
	}
	return r;
}

static int read_pieces(struct pass *p, char *data, size_t len)
{
	struct sizes sizes;

	for (size_t n; len; data += n, len -= n) {
		int r = read_exactly(p->fd, &sizes, sizeof(sizes));

		n = len < PIECE ? len : PIECE;
		if (!r && (sizes.plain != n || sizes.packed > ZSTD_COMPRESSBOUND(PIECE)))
			r = -EBADMSG;
		if (!r)
			r = read_exactly(p->fd, p->packed, sizes.packed);
		if (r)
			return r;
		if (ZSTD_decompressDCtx(p->unzip, data, n, p->packed, sizes.packed) != n)
			return -EBADMSG; /* also for a wrong checksum */
	}
	return 0;
}

/* N values of SIZE bytes; room for one more, as those who made the columns left. */
static void pass_column(struct pass *p, void *column, size_t n, size_t size)
{
	void **pp = column;

	if (p->reading)
		*pp = NULL;
	if (p->failed)
		return;
	if (!p->reading) {
		p->failed = write_pieces(p, *pp, n * size);
		return;
	}
	*pp = malloc((n + 1) * size);
	p->failed = *pp ? read_pieces(p, *pp, n * size) : -ENOMEM;
}

/* ---- what is small ---- */

static void pass_bytes(struct pass *p, void *data, size_t n)
{
	if (p->reading) {
		if (!p->failed && n > p->len - p->at)
			p->failed = -EBADMSG;
		if (p->failed) {
			memset(data, 0, n);
			return;
		}
		memcpy(data, p->small + p->at, n);
		p->at += n;
		return;
	}
	if (p->failed)
		return;
	if (p->len + n > p->cap) {
		size_t cap = 2 * (p->len + n) + 4096;
		char *small = realloc(p->small, cap);

		if (!small) {
			p->failed = -ENOMEM;
			return;
		}
		p->small = small;
		p->cap = cap;
	}
	memcpy(p->small + p->len, data, n);
	p->len += n;
}

static void pass_text(struct pass *p, char **text)
{
	size_t len = !p->reading && *text ? strlen(*text) : 0;

	pass_bytes(p, &len, sizeof(len));
	if (!p->reading) {
		if (len)
			pass_bytes(p, *text, len);
		return;
	}
	if (!p->failed && len > p->len - p->at)
		p->failed = -EBADMSG;
	*text = p->failed ? NULL : strndup(p->small + p->at, len);
	if (!p->failed && !*text)
		p->failed = -ENOMEM;
	p->at += p->failed ? 0 : len;
}

/* Of ONE all but its pointers, which say nothing to another process. */
static void pass_plain(struct pass *p, const char *one, size_t size, const size_t *pointers,
	size_t n)
{
	_cleanup_(erg_freep) char *copy = malloc(size);

	if (!copy) {
		p->failed = -ENOMEM;
		return;
	}
	memcpy(copy, one, size);
	for (size_t k = 0; k < n; k++)
		memset(copy + pointers[k], 0, sizeof(void *));
	pass_bytes(p, copy, size);
}

/* The array *ARRAY of *N structures: their bytes, then TEXTS pointers to texts that begin at these
 * places of each. On reading *N counts those that own their texts, also when it fails. */
static void pass_array(struct pass *p, void *array, size_t *n, size_t size, const size_t *texts,
	size_t n_texts)
{
	char **pp = array;
	size_t count = *n;

	pass_bytes(p, &count, sizeof(count));
	if (p->reading) {
		*n = 0;
		if (!p->failed && count > (p->len - p->at) / size)
			p->failed = -EBADMSG;
		*pp = p->failed ? NULL : calloc(count + 1, size);
		if (!*pp && !p->failed)
			p->failed = -ENOMEM;
	}
	for (size_t i = 0; i < count && !p->failed; i++) {
		char *one = *pp + i * size;

		if (p->reading)
			pass_bytes(p, one, size);
		else
			pass_plain(p, one, size, texts, n_texts);
		if (p->reading)
			*n = i + 1;
		for (size_t k = 0; k < n_texts; k++)
			pass_text(p, (char **)(void *)(one + texts[k]));
	}
}

#define TEXT(type, field) offsetof(struct type, field)
#define PASS_ARRAY(p, array, n, ...)                                                               \
	pass_array(p, &(array), &(n), sizeof(*(array)), (const size_t[]){__VA_ARGS__},             \
		sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

static void pass_warnings(struct pass *p, struct erg_timeline *tl, size_t first)
{
	json_auto_t *list = p->reading ? NULL : json_array();
	char *text = NULL;

	if (!p->reading) {
		for (size_t i = first; i < json_array_size(tl->warnings); i++)
			json_array_append(list, json_array_get(tl->warnings, i));
		text = json_dumps(list, JSON_COMPACT);
		if (!text)
			p->failed = p->failed ? p->failed : -ENOMEM;
	}
	pass_text(p, &text);
	if (p->reading && !p->failed) {
		list = json_loads(text, 0, NULL);
		if (!list || json_array_extend(tl->warnings, list))
			p->failed = -EBADMSG;
	}
	free(text);
}

/* A channel's columns follow what is small: until then they are none. */
static void pass_channels(struct pass *p, struct erg_timeline *tl)
{
	static const size_t columns[] = {offsetof(struct erg_tl_channel, t),
		offsetof(struct erg_tl_channel, half), offsetof(struct erg_tl_channel, raw)};
	size_t count = tl->n_channels;

	if (p->reading) {
		pass_array(p, &tl->channels, &tl->n_channels, sizeof(*tl->channels), NULL, 0);
		return;
	}
	pass_bytes(p, &count, sizeof(count));
	for (size_t i = 0; i < count && !p->failed; i++)
		pass_plain(p, (const char *)&tl->channels[i], sizeof(*tl->channels), columns,
			ERG_ARRAY_SIZE(columns));
}

struct shape {
	size_t n, full[2]; /* instances; blocks of begins and ends that are kept in full */
	bool counted, counters;
};

static void pass_small(struct pass *p, struct erg_timeline *tl, size_t warnings, struct shape *s)
{
	PASS_ARRAY(p, tl->layers, tl->n_layers, TEXT(erg_tl_layer, name), TEXT(erg_tl_layer, type),
		TEXT(erg_tl_layer, network), TEXT(erg_tl_layer, module));
	PASS_ARRAY(p, tl->tracks, tl->n_tracks, TEXT(erg_tl_track, name));
	PASS_ARRAY(p, tl->counters, tl->n_counters, TEXT(erg_tl_counter, name),
		TEXT(erg_tl_counter, origin));
	PASS_ARRAY(p, tl->sources, tl->n_sources, TEXT(erg_tl_source, kind),
		TEXT(erg_tl_source, path));
	pass_channels(p, tl);
	PASS_ARRAY(p, tl->phases, tl->n_phases, TEXT(erg_tl_phase, name));
	PASS_ARRAY(p, tl->markers, tl->n_markers, TEXT(erg_tl_marker, text));
	PASS_ARRAY(p, tl->losses, tl->n_losses, TEXT(erg_tl_loss, what));
	PASS_ARRAY(p, tl->statuses, tl->n_statuses, TEXT(erg_tl_status, detail));
	pass_bytes(p, &tl->begin, sizeof(tl->begin));
	pass_bytes(p, &tl->end, sizeof(tl->end));
	pass_warnings(p, tl, warnings);
	pass_bytes(p, s, sizeof(*s));
}

/* ---- columns ---- */

static size_t blocks_of(size_t n)
{
	return (n + ERG_TIMES_BLOCK - 1) / ERG_TIMES_BLOCK;
}

static size_t full_blocks(const struct erg_times *t)
{
	size_t full = 0;

	for (size_t b = 0; b < blocks_of(t->n); b++)
		full += t->blocks[b].full != NULL;
	return full;
}

#define FULL_BYTES (ERG_TIMES_BLOCK * sizeof(uint64_t))

/* The FULL blocks of T to or from one column. */
static void pass_full(struct pass *p, struct erg_times *t, size_t full)
{
	_cleanup_(erg_freep) char *all = p->reading ? NULL : calloc(full + 1, FULL_BYTES);
	size_t at = 0;

	if (!p->reading && !all)
		p->failed = -ENOMEM;
	for (size_t b = 0; all && b < blocks_of(t->n); b++)
		if (t->blocks[b].full)
			memcpy(all + at++ * FULL_BYTES, t->blocks[b].full, FULL_BYTES);
	pass_column(p, &all, full, FULL_BYTES);
	for (size_t b = 0; p->reading && b < blocks_of(t->n); b++) {
		const bool is_full = t->blocks[b].full != NULL;

		t->blocks[b].full = NULL;
		if (!is_full || p->failed)
			continue;
		t->blocks[b].full = at < full ? malloc(FULL_BYTES) : NULL;
		if (t->blocks[b].full)
			memcpy(t->blocks[b].full, all + at++ * FULL_BYTES, FULL_BYTES);
		else
			p->failed = at < full ? -ENOMEM : -EBADMSG;
	}
}

/* Of a block in full only that it is one: its pointer is 1. */
static void pass_blocks(struct pass *p, struct erg_times *t, size_t blocks)
{
	_cleanup_(erg_freep) struct erg_times_block *marked = NULL;

	if (p->reading) {
		pass_column(p, &t->blocks, blocks, sizeof(*t->blocks));
		return;
	}
	marked = malloc((blocks + 1) * sizeof(*marked));
	if (!marked) {
		p->failed = -ENOMEM;
		return;
	}
	for (size_t b = 0; b < blocks; b++)
		marked[b] = (struct erg_times_block){t->blocks[b].base,
			(uint64_t *)(uintptr_t)(t->blocks[b].full != NULL)};
	pass_column(p, &marked, blocks, sizeof(*marked));
}

static void pass_times(struct pass *p, struct erg_times *t, size_t n, size_t full)
{
	pass_column(p, &t->offset, n, sizeof(*t->offset));
	pass_blocks(p, t, blocks_of(n));
	if (p->reading && p->failed)
		return; /* T->n is 0: no block is looked at */
	if (p->reading)
		t->n = t->cap = n;
	pass_full(p, t, full);
}

static void pass_counts(struct pass *p, struct erg_timeline *tl, const struct shape *s)
{
	struct erg_tl_intervals *iv = &tl->iv;

	if (s->counted) {
		pass_column(p, &iv->enabled, s->n, sizeof(*iv->enabled));
		pass_column(p, &iv->running, s->n, sizeof(*iv->running));
	}
	if (!s->counters)
		return;
	if (p->reading && !(iv->counter = calloc(tl->n_counters + 1, sizeof(*iv->counter))))
		p->failed = -ENOMEM;
	for (size_t c = 0; iv->counter && c < tl->n_counters; c++)
		pass_column(p, &iv->counter[c], s->n, sizeof(**iv->counter));
}

static void pass_columns(struct pass *p, struct erg_timeline *tl, const struct shape *s)
{
	struct erg_tl_intervals *iv = &tl->iv;

	for (size_t i = 0; i < tl->n_channels; i++) {
		struct erg_tl_channel *c = &tl->channels[i];

		pass_column(p, &c->t, c->n, sizeof(*c->t));
		pass_column(p, &c->half, c->n, sizeof(*c->half));
		pass_column(p, &c->raw, c->n, sizeof(*c->raw));
	}
	pass_column(p, &iv->layer, s->n, sizeof(*iv->layer));
	pass_column(p, &iv->iteration, s->n, sizeof(*iv->iteration));
	pass_column(p, &iv->track, s->n, sizeof(*iv->track));
	pass_column(p, &iv->depth, s->n, sizeof(*iv->depth));
	pass_times(p, &iv->begin, s->n, s->full[0]);
	pass_times(p, &iv->end, s->n, s->full[1]);
	pass_counts(p, tl, s);
	if (p->reading && !p->failed)
		iv->n = s->n;
}

/* ---- both directions ---- */

static void pass_release(struct pass *p)
{
	ZSTD_freeCCtx(p->zip);
	ZSTD_freeDCtx(p->unzip);
	free(p->small);
	free(p->packed);
}

static bool pass_init(struct pass *p)
{
	p->packed = malloc(ZSTD_COMPRESSBOUND(PIECE));
	p->zip = p->reading ? NULL : ZSTD_createCCtx();
	p->unzip = p->reading ? ZSTD_createDCtx() : NULL;
	if (!p->packed || (!p->zip && !p->unzip))
		return false;
	return p->reading ||
		(!ZSTD_isError(ZSTD_CCtx_setParameter(p->zip, ZSTD_c_compressionLevel, LEVEL)) &&
			!ZSTD_isError(ZSTD_CCtx_setParameter(p->zip, ZSTD_c_checksumFlag, 1)));
}

int erg_columns_write(int fd, const struct erg_timeline *tl, size_t warnings, uint64_t most)
{
	_cleanup_(pass_release) struct pass p = {.fd = fd, .most = most};
	/* the one that writes changes nothing; the functions are for both */
	struct erg_timeline *same = (struct erg_timeline *)(uintptr_t)tl;
	struct shape s;

	if (!pass_init(&p))
		return -ENOMEM;
	memset(&s, 0, sizeof(s));
	s.n = tl->iv.n;
	s.full[0] = full_blocks(&tl->iv.begin);
	s.full[1] = full_blocks(&tl->iv.end);
	s.counted = tl->iv.enabled != NULL;
	s.counters = tl->iv.counter != NULL;
	pass_small(&p, same, warnings, &s);
	if (!p.failed)
		p.failed = p.len > SMALL_MAX ? -EFBIG : write_exactly(&p, &p.len, sizeof(p.len));
	if (!p.failed)
		p.failed = write_pieces(&p, p.small, p.len);
	pass_columns(&p, same, &s);
	return p.failed;
}

static int read_small(struct pass *p)
{
	int r = read_exactly(p->fd, &p->len, sizeof(p->len));

	if (!r && p->len > SMALL_MAX)
		r = -EBADMSG;
	if (!r && !(p->small = malloc(p->len + 1)))
		r = -ENOMEM;
	return r ? r : read_pieces(p, p->small, p->len);
}

int erg_columns_read(int fd, struct erg_timeline *tl)
{
	_cleanup_(pass_release) struct pass p = {.reading = true, .fd = fd};
	struct shape s;
	char beyond;

	if (!pass_init(&p))
		return -ENOMEM;
	p.failed = read_small(&p);
	if (p.failed)
		return p.failed;
	pass_small(&p, tl, 0, &s);
	if (!p.failed && p.at != p.len)
		p.failed = -EBADMSG;
	if (!p.failed)
		pass_columns(&p, tl, &s);
	if (!p.failed && read(fd, &beyond, 1))
		p.failed = -EBADMSG;
	return p.failed;
}
