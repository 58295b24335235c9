/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Traces of profilers have gigabytes and millions of small objects. Where an object ends is told by
 * its brackets and quotes alone, so one that is not JSON costs no other.
 */
#include "record/import/json_walk.h"

#include <archive.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

#define VALUE_BYTES_MAX (16u << 20)
#define BLOCK_BYTES (1u << 20)

struct erg_json_walk {
	int fd;
	struct archive *file;
	const char *block; /* of the file, as it was decompressed */
	size_t left;
	char *text; /* of a value */
	size_t len, alloc;
	size_t line, value_line;
	bool keep, ended;
	char error[256];
};

/* ---- characters ---- */

static bool walk_refill(struct erg_json_walk *w)
{
	const void *block;
	la_int64_t offset;
	size_t n = 0;
	int r = ARCHIVE_OK;

	while (!w->ended && n == 0) {
		r = archive_read_data_block(w->file, &block, &n, &offset);
		if (r == ARCHIVE_OK)
			continue;
		w->ended = true;
		if (r != ARCHIVE_EOF)
			snprintf(w->error, sizeof(w->error), "%s", archive_error_string(w->file));
	}
	if (w->ended)
		return false;
	w->block = block;
	w->left = n;
	return true;
}

static int walk_peek(struct erg_json_walk *w)
{
	return w->left > 0 || walk_refill(w) ? (unsigned char)*w->block : 0;
}

static void walk_keep(struct erg_json_walk *w, char c)
{
	if (w->len + 1 >= w->alloc) {
		size_t alloc = w->alloc ? 2 * w->alloc : 4096;
		char *p = alloc > VALUE_BYTES_MAX ? NULL : realloc(w->text, alloc);

		if (!p) {
			w->keep = false;
			return;
		}
		w->text = p;
		w->alloc = alloc;
	}
	w->text[w->len++] = c;
}

static int walk_get(struct erg_json_walk *w)
{
	int c = walk_peek(w);

	if (w->left == 0)
		return 0;
	w->block++;
	w->left--;
	w->line += c == '\n';
	if (w->keep)
		walk_keep(w, (char)c);
	return c;
}

static bool is_json_blank(int c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

int erg_json_walk_peek(struct erg_json_walk *w)
{
	int c;

	while (is_json_blank(c = walk_peek(w)))
		walk_get(w);
	return c;
}

int erg_json_walk_get(struct erg_json_walk *w)
{
	erg_json_walk_peek(w);
	return walk_get(w);
}

/* ---- values ---- */

/* False when the file ends before the string does. */
static bool walk_string(struct erg_json_walk *w)
{
	int c;

	walk_get(w);
	while ((c = walk_get(w)) && c != '"')
		if (c == '\\')
			walk_get(w);
	return c == '"';
}

static bool walk_nested(struct erg_json_walk *w)
{
	size_t depth = 0;
	int c;

	do {
		c = walk_peek(w);
		if (c == '"') {
			if (!walk_string(w))
				return false;
			continue;
		}
		walk_get(w);
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
	} while (depth > 0 && c);
	return depth == 0;
}

static bool walk_scalar(struct erg_json_walk *w)
{
	size_t n = 0;
	int c;

	while ((c = walk_peek(w)) && !is_json_blank(c) && !strchr(",:[]{}\"", c)) {
		walk_get(w);
		n++;
	}
	return n > 0 && c;
}

int erg_json_walk_value(struct erg_json_walk *w, const char **ret, size_t *ret_len)
{
	int c = erg_json_walk_peek(w);
	bool whole;

	w->value_line = w->line;
	w->len = 0;
	w->keep = ret != NULL;
	whole = c == '"' ? walk_string(w) : c == '{' || c == '[' ? walk_nested(w) : walk_scalar(w);
	if (ret && w->text)
		w->text[w->keep ? w->len : 0] = '\0';
	if (ret) {
		*ret = w->text ? w->text : "";
		*ret_len = w->keep ? w->len : 0;
	}
	w->keep = false;
	return whole;
}

size_t erg_json_walk_line(const struct erg_json_walk *w)
{
	return w->value_line;
}

const char *erg_json_walk_error(const struct erg_json_walk *w)
{
	return w->error[0] ? w->error : NULL;
}

/* ---- the file ---- */

int erg_json_walk_open(const char *path, struct erg_json_walk **ret, struct erg_err *err)
{
	_cleanup_(erg_json_walk_freep) struct erg_json_walk *w = calloc(1, sizeof(*w));
	struct archive_entry *entry;

	if (!w)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	w->line = 1;
	w->fd = -1;
	w->file = archive_read_new();
	if (!w->file)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	archive_read_support_filter_gzip(w->file);
	archive_read_support_filter_xz(w->file);
	archive_read_support_filter_zstd(w->file);
	archive_read_support_format_raw(w->file);
	archive_read_support_format_empty(w->file);
	w->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (w->fd < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (archive_read_open_fd(w->file, w->fd, BLOCK_BYTES) != ARCHIVE_OK)
		return erg_fail(err, -EIO, "%s: %s", path, archive_error_string(w->file));
	if (archive_read_next_header(w->file, &entry) != ARCHIVE_OK)
		w->ended = true; /* an empty file */
	*ret = erg_steal_ptr(&w);
	return 0;
}

void erg_json_walk_freep(struct erg_json_walk **w)
{
	if (!*w)
		return;
	archive_read_free((*w)->file);
	erg_closep(&(*w)->fd);
	free((*w)->text);
	free(*w);
}
