/* SPDX-License-Identifier: MIT */
/*
 * The tar headers at the beginning of a member's first frame, read by libarchive. What no writer of
 * ours makes is told apart from what is merely damaged: a link, a device, a member without a size
 * is hostile.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "formats/archive/frames.h"
#include "formats/archive/layout.h"
#include "formats/base/util.h"

struct source {
	const unsigned char *data;
	size_t len, given;
};

/* One block at a time, so that what was given is what the header takes. */
static la_ssize_t give_block(struct archive *a, void *data, const void **ret)
{
	struct source *s = data;
	size_t n = s->len - s->given;

	if (n > ERG_TAR_BLOCK)
		n = ERG_TAR_BLOCK;
	*ret = s->data + s->given;
	s->given += n;
	return (la_ssize_t)n;
}

static int check_entry(const char *file, uint64_t frame, struct archive_entry *e,
	struct erg_tar_header *ret, struct erg_err *err)
{
	const char *path = archive_entry_pathname_utf8(e);

	if (!path)
		path = archive_entry_pathname(e);
	if (!path || !*path)
		return erg_fail(err, -EPERM, "%s: member without a name (frame at byte %llu)", file,
			(unsigned long long)frame);
	if (archive_entry_hardlink(e) || archive_entry_symlink(e))
		return erg_fail(err, -EPERM, "%s: member '%s' is a link: refused", file, path);
	if (archive_entry_filetype(e) != AE_IFREG || archive_entry_sparse_count(e) > 0)
		return erg_fail(err, -EPERM, "%s: member '%s' is not a regular file: refused", file,
			path);
	if (!archive_entry_size_is_set(e) || archive_entry_size(e) < 0)
		return erg_fail(err, -EPERM, "%s: member '%s' has no size: refused", file, path);
	ret->size = (uint64_t)archive_entry_size(e);
	ret->path = strdup(path);
	return ret->path ? 0 : erg_fail_errno(err, -ENOMEM, "%s", file);
}

int erg_tar_header_parse(const char *file, uint64_t frame, const unsigned char *data, size_t len,
	struct erg_tar_header *ret, struct erg_err *err)
{
	struct source s = {data, len, 0};
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	int r;

	*ret = (struct erg_tar_header){0};
	if (!a)
		return erg_fail_errno(err, -ENOMEM, "%s", file);
	archive_read_support_format_tar(a);
	r = archive_read_open(a, &s, NULL, give_block, NULL);
	if (r == ARCHIVE_OK)
		r = archive_read_next_header(a, &e);
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN) {
		r = check_entry(file, frame, e, ret, err);
		ret->len = s.given;
	} else if (r == ARCHIVE_EOF && len >= ERG_TAR_BLOCK) {
		ret->end = true;
		r = 0;
	} else {
		r = erg_fail(err, -EBADMSG, "%s: no tar header (frame at byte %llu)", file,
			(unsigned long long)frame);
	}
	archive_read_free(a);
	return r;
}

uint64_t erg_tar_header_extent(const struct erg_tar_header *h)
{
	if (h->size > UINT64_MAX - h->len - ERG_TAR_BLOCK)
		return UINT64_MAX;
	return h->len + (h->size + ERG_TAR_BLOCK - 1) / ERG_TAR_BLOCK * ERG_TAR_BLOCK;
}
