/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Documents in a trace: cut into pieces that fit any sub-buffer, found again by their first line and
 * believed by their hash.
 */
#include "record/spool/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "formats/base/memory.h"
#include "formats/base/tree.h"
#include "formats/base/sha256.h"
#include "formats/base/util.h"
#include "tracepoints/provider.h"

#define PIECE 1024
#define PARTS_MAX 4096
#define MAGIC "erg-document "

int erg_document_emit_pieces(const char *run, const char *name, const json_t *doc,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *text =
		erg_memory_json(doc, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII);
	size_t len, parts;

	if (!text)
		return erg_fail_errno(err, -ENOMEM, "%s", name);
	len = strlen(text);
	parts = (len + PIECE - 1) / PIECE;
	for (size_t i = 0; i < parts; i++) {
		char event[PIECE + 384], hash[ERG_SHA256_TEXT];
		size_t n = len - i * PIECE < PIECE ? len - i * PIECE : PIECE;

		erg_sha256_data(text + i * PIECE, n, hash);
		snprintf(event, sizeof(event), MAGIC "%s %s %zu/%zu %zu %s\n%.*s", run, name, i,
			parts, n, hash, (int)n, text + i * PIECE);
		lttng_ust_tracepoint(ergtrace, document, event);
	}
	return 0;
}

/* ---- finding ---- */

struct find {
	const char *run, *name;
	char *parts[PARTS_MAX];
	size_t n; /* as the pieces say; 0 before the first */
};

/* P, at MAGIC, with LEFT bytes behind it: keeps the piece if it is whole. */
static void piece_take(struct find *f, const char *p, size_t left)
{
	char line[384], run[64], name[64], hash[80], real[ERG_SHA256_TEXT];
	const char *eol = memchr(p, '\n', left < sizeof(line) - 1 ? left : sizeof(line) - 1);
	size_t part, parts, len;

	if (!eol)
		return;
	memcpy(line, p, (size_t)(eol - p));
	line[eol - p] = '\0';
	if (sscanf(line, MAGIC "%63s %63s %zu/%zu %zu %79s", run, name, &part, &parts, &len,
		    hash) != 6 ||
		strcmp(run, f->run) || strcmp(name, f->name) || !parts || parts > PARTS_MAX ||
		part >= parts || len > PIECE || len > left - (size_t)(eol + 1 - p) ||
		(f->n && f->n != parts))
		return;
	if (strcmp(erg_sha256_data(eol + 1, len, real), hash) || f->parts[part])
		return;
	f->n = parts;
	f->parts[part] = strndup(eol + 1, len);
}

static void bytes_scan(struct find *f, const char *p, size_t size)
{
	const char *end = p + size, *hit;

	while ((hit = memmem(p, (size_t)(end - p), MAGIC, strlen(MAGIC)))) {
		piece_take(f, hit, (size_t)(end - hit));
		p = hit + strlen(MAGIC);
	}
}

static int stream_scan(void *data, const char *path, const struct stat *st)
{
	const char *base = strrchr(path, '/') + 1;
	_cleanup_(erg_closep) int fd = -1;
	void *map;

	if (strncmp(base, "samples_", 8) || strstr(base, ".idx") || !st->st_size)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	map = fd < 0 ? MAP_FAILED : mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return 0;
	bytes_scan(data, map, (size_t)st->st_size);
	munmap(map, (size_t)st->st_size);
	return 0;
}

static char *pieces_join(const struct find *f)
{
	size_t len = 0;
	char *text = calloc(f->n ? f->n : 1, PIECE + 1);

	for (size_t i = 0; text && i < f->n; i++) {
		if (!f->parts[i]) {
			free(text);
			return NULL;
		}
		len += (size_t)sprintf(text + len, "%s", f->parts[i]);
	}
	return text;
}

int erg_document_find(const char *dir, const char *run, const char *name, json_t **ret,
	struct erg_err *err)
{
	_cleanup_(erg_freep) struct find *f = calloc(1, sizeof(*f));
	_cleanup_(erg_freep) char *text = NULL;
	json_error_t e;
	int r;

	*ret = NULL;
	if (!f)
		return erg_fail_errno(err, -ENOMEM, "%s", name);
	f->run = run;
	f->name = name;
	r = erg_tree_each_file(dir, stream_scan, f);
	if (r < 0)
		return erg_fail_errno(err, r, "%s", dir);
	text = pieces_join(f);
	for (size_t i = 0; i < f->n; i++)
		free(f->parts[i]);
	if (!text || !f->n)
		return 1;
	*ret = json_loads(text, 0, &e);
	return *ret ? 0 : 1;
}
