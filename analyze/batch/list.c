/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which archives, what their documents are called, and which of them are this shard's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/batch/batch.h"
#include "formats/base/order.h"
#include "formats/base/sha256.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "formats/manifest.h"

#define SUFFIX ".erg"
#define NAME_LONGEST 240 /* of a document: files get a few letters more while they are written */
#define NAME_KEPT 180    /* of one that would be longer */

struct walk {
	struct erg_batch *b;
	size_t skip; /* bytes of the folder's own path */
	size_t found;
	struct erg_err *err; /* set where it is about something below */
	bool failed;
};

static bool is_archive(const char *path)
{
	size_t n = strlen(path);

	return n > strlen(SUFFIX) && !strcmp(path + n - strlen(SUFFIX), SUFFIX);
}

/* "-" and what tells one long name from others that begin alike. */
static void add_digest(const char *text, char *ret, size_t size)
{
	char digest[ERG_SHA256_TEXT];
	struct erg_sha256 sha;

	erg_sha256_init(&sha);
	erg_sha256_add(&sha, text, strlen(text));
	erg_sha256_end_text(&sha, digest);
	snprintf(ret, size, "-%.16s", digest);
}

/* "cold/run.erg" becomes "cold_run.layers.json". */
static char *document_name(const char *relative, const char *verb)
{
	size_t n = strlen(relative) - (is_archive(relative) ? strlen(SUFFIX) : 0);
	char *name, more[20] = "";

	if (n + strlen(verb) > NAME_LONGEST) {
		add_digest(relative, more, sizeof(more));
		for (n = NAME_KEPT; (relative[n] & 0xc0) == 0x80;) /* within a letter of UTF-8 */
			n--;
	}
	if (asprintf(&name, "%.*s%s.%s.json", (int)n, relative, more, verb) < 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		name[i] = name[i] == '/' ? '_' : name[i];
	return name;
}

static int item_add(struct erg_batch *b, const char *archive, const char *relative)
{
	struct erg_batch_item *item, *more;

	if (b->n == b->cap) {
		more = reallocarray(b->items, b->cap ? 2 * b->cap : 64, sizeof(*more));
		if (!more)
			return -ENOMEM;
		b->items = more;
		b->cap = b->cap ? 2 * b->cap : 64;
	}
	item = &b->items[b->n++];
	*item = (struct erg_batch_item){.archive = strdup(archive),
		.name = document_name(relative, b->analysis[0])};
	return item->archive && item->name ? 0 : -ENOMEM;
}

/* MANIFEST is that of an archive that somebody unpacked: it has no digest by which a document could be known. */
static int leave_unpacked(const struct erg_batch *b, const char *manifest)
{
	_cleanup_(erg_freep) char *folder =
		strndup(manifest, strlen(manifest) - strlen("/" ERG_MANIFEST_NAME));

	if (!folder)
		return -ENOMEM;
	b->leave(b->data, folder, "an unpacked archive");
	return 0;
}

static int take_file(void *data, const char *path, const struct stat *st)
{
	struct walk *w = data;
	const char *relative = path + w->skip;

	while (*relative == '/')
		relative++;
	if (!strcmp(erg_base_name(path), ERG_MANIFEST_NAME))
		return leave_unpacked(w->b, path);
	if (!is_archive(path))
		return 0;
	w->found++;
	return item_add(w->b, path, relative);
}

/* A link to an archive is one; of one that leads nowhere the process says so. Pipes and the like are none. */
static int take_other(void *data, const char *path, int error)
{
	struct walk *w = data;
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (is_archive(path) && (!there || S_ISREG(st.st_mode)))
		return take_file(data, path, NULL);
	if (there && S_ISDIR(st.st_mode) && !error)
		w->b->leave(w->b->data, path, "a link to a folder");
	if (error) {
		w->failed = true;
		erg_fail_errno(w->err, error, "%s", path);
	}
	return error;
}

/* All below the folder PATH, which may be a link to one. */
static int take_folder(struct walk *w, const char *path)
{
	_cleanup_(erg_freep) char *inside = NULL;

	return asprintf(&inside, "%s/", path) < 0 ? -ENOMEM
						  : erg_tree_each(inside, take_file, take_other, w);
}

int erg_batch_add(struct erg_batch *b, const char *path, struct erg_err *err)
{
	struct walk w = {.b = b, .skip = strlen(path), .err = err};
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	r = S_ISDIR(st.st_mode) ? take_folder(&w, path) : item_add(b, path, erg_base_name(path));
	if (r < 0)
		return w.failed ? r : erg_fail_errno(err, r, "%s", path);
	return S_ISDIR(st.st_mode) && !w.found
		? erg_fail(err, -ENOENT, "%s: no archive (*" SUFFIX ") below this folder", path)
		: 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct erg_batch_item *)a)->name,
		((const struct erg_batch_item *)b)->name);
}

static void item_release(struct erg_batch_item *item)
{
	free(item->archive);
	free(item->name);
}

int erg_batch_shard(struct erg_batch *b, unsigned int i, unsigned int n, struct erg_err *err)
{
	size_t kept = 0;

	erg_sort(b->items, b->n, sizeof(*b->items), by_name);
	for (size_t k = 1; k < b->n; k++)
		if (!by_name(&b->items[k - 1], &b->items[k]))
			return erg_fail(err, -EEXIST,
				"%s and %s: both would have the result %s; expected names that differ",
				b->items[k - 1].archive, b->items[k].archive, b->items[k].name);
	for (size_t k = 0; k < b->n; k++)
		if (k % n == i - 1)
			b->items[kept++] = b->items[k];
		else
			item_release(&b->items[k]);
	b->n = kept;
	return 0;
}

void erg_batch_release(struct erg_batch *b)
{
	for (size_t k = 0; k < b->n; k++)
		item_release(&b->items[k]);
	free(b->items);
	b->items = NULL;
	b->n = b->cap = 0;
}
