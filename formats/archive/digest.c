/* SPDX-License-Identifier: MIT */
/*
 * The digest of an archive without reading it: the frame before the seek table, whose length is in the
 * last bytes of the file (formats/FORMAT.md).
 */
#include "formats/archive/digest.h"

#include <errno.h>
#include <stdio.h>

#include "formats/archive/frames.h"
#include "formats/archive/layout.h"
#include "formats/base/sha256.h"
#include "formats/base/util.h"

static bool bytes_at(int fd, void *buf, size_t n, int64_t at)
{
	return at >= 0 && pread(fd, buf, n, at) == (ssize_t)n;
}

/* The digest frame's 32 bytes, if the file FD of SIZE bytes ends as a whole archive does. */
static bool frame_read(int fd, int64_t size, unsigned char ret[32])
{
	unsigned char footer[ERG_SEEK_FOOTER_SIZE], frame[ERG_DIGEST_FRAME_SIZE];
	int64_t table;

	if (!bytes_at(fd, footer, sizeof(footer), size - (int64_t)sizeof(footer)) ||
		erg_get_le32(footer + 5) != ERG_SEEK_FOOTER_MAGIC ||
		footer[4] != ERG_SEEK_CHECKSUM_FLAG)
		return false;
	table = ERG_SEEK_HEADER_SIZE + (int64_t)erg_get_le32(footer) * ERG_SEEK_ENTRY_SIZE +
		ERG_SEEK_FOOTER_SIZE;
	if (!bytes_at(fd, frame, sizeof(frame), size - table - (int64_t)sizeof(frame)) ||
		erg_get_le32(frame) != ERG_DIGEST_SKIPPABLE_MAGIC ||
		memcmp(frame + 8, ERG_DIGEST_LABEL, ERG_DIGEST_LABEL_SIZE))
		return false;
	memcpy(ret, frame + 8 + ERG_DIGEST_LABEL_SIZE, 32);
	return true;
}

int erg_archive_digest(const char *path, char ret[ERG_ARCHIVE_DIGEST_SIZE], struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char digest[32];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (frame_read(fd, st.st_size, digest))
		erg_sha256_text(digest, ret);
	else if (!erg_sha256_fd(fd, ret))
		return erg_fail_errno(err, -errno, "%s", path);
	return 0;
}

int erg_archive_hash_until(const struct erg_archive *a, uint64_t end,
	unsigned char ret[ERG_SHA256_SIZE])
{
	unsigned char buf[1u << 16];
	struct erg_sha256 sha;

	erg_sha256_init(&sha);
	for (uint64_t at = 0; at < end;) {
		const size_t n = end - at < sizeof(buf) ? (size_t)(end - at) : sizeof(buf);
		int r = erg_pread_exactly(a->fd, buf, n, at);

		if (r < 0)
			return r;
		erg_sha256_add(&sha, buf, n);
		at += n;
	}
	erg_sha256_end(&sha, ret);
	return 0;
}

int erg_archive_hash(const struct erg_archive *a, char ret[ERG_ARCHIVE_DIGEST_SIZE])
{
	unsigned char digest[ERG_SHA256_SIZE];
	int r = erg_archive_hash_until(a, a->size, digest);

	if (r >= 0)
		erg_sha256_text(digest, ret);
	return r;
}

int erg_archive_stat(const struct erg_archive *a, struct stat *ret)
{
	return fstat(a->fd, ret) < 0 ? -errno : 0;
}
