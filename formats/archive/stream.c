/* SPDX-License-Identifier: MIT */
/*
 * The frames of an archive. The seek table's checksum of a frame is the low half of XXH64 of its
 * content, which is also what zstd puts in a frame's last four bytes (RFC 8878, 3.1.1): it is taken
 * from there.
 */
#include "formats/archive/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/archive/layout.h"
#include "formats/base/sha256.h"
#include "formats/base/util.h"

#define DEFAULT_LEVEL 6

int erg_stream_init(struct erg_stream *s, int fd, int level)
{
	*s = (struct erg_stream){.fd = fd,
		.zstd = ZSTD_createCCtx(),
		.out_size = ZSTD_CStreamOutSize()};
	s->out = malloc(s->out_size);
	if (!s->zstd || !s->out)
		return -ENOMEM;
	erg_sha256_init(&s->sha);
	if (ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel,
		    level ? level : DEFAULT_LEVEL)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_checksumFlag, 1)))
		return -EINVAL;
	return 0;
}

void erg_stream_release(struct erg_stream *s)
{
	ZSTD_freeCCtx(s->zstd);
	free(s->out);
	free(s->frames);
	*s = (struct erg_stream){.fd = -1};
}

static int write_all(struct erg_stream *s, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = len < 4 ? 0 : len - 4; i < len; i++) {
		memmove(s->tail, s->tail + 1, 3);
		s->tail[3] = p[i];
	}
	erg_sha256_add(&s->sha, p, len);
	while (len > 0) {
		ssize_t n = write(s->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int compress(struct erg_stream *s, const void *data, size_t len, ZSTD_EndDirective mode)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {s->out, s->out_size, 0};
		int r;

		left = ZSTD_compressStream2(s->zstd, &out, &in, mode);
		if (ZSTD_isError(left))
			return -EIO;
		r = write_all(s, s->out, out.pos);
		if (r < 0)
			return r;
		s->compressed += out.pos;
	} while (in.pos < in.size || (mode == ZSTD_e_end && left > 0));
	s->content += len;
	return 0;
}

static int add_seek_entry(struct erg_stream *s, uint32_t checksum)
{
	if (s->n_frames == s->frames_alloc) {
		size_t alloc = s->frames_alloc ? 2 * s->frames_alloc : 64;
		struct erg_stream_frame *p;

		if (s->n_frames >= ERG_SEEK_FRAMES_MAX)
			return -EFBIG;
		p = reallocarray(s->frames, alloc, sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->frames = p;
		s->frames_alloc = alloc;
	}
	s->frames[s->n_frames++] = (struct erg_stream_frame){.compressed = (uint32_t)s->compressed,
		.content = (uint32_t)s->content,
		.checksum = checksum};
	return 0;
}

int erg_stream_end_frame(struct erg_stream *s)
{
	int r;

	if (s->content == 0)
		return 0;
	r = compress(s, NULL, 0, ZSTD_e_end);
	if (r < 0)
		return r;
	r = add_seek_entry(s, erg_get_le32(s->tail));
	s->compressed = s->content = 0;
	return r;
}

int erg_stream_write(struct erg_stream *s, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		size_t n = ERG_FRAME_CONTENT_MAX - s->content;
		int r;

		if (n > len - done)
			n = len - done;
		r = compress(s, (const char *)data + done, n, ZSTD_e_continue);
		if (r == 0 && s->content == ERG_FRAME_CONTENT_MAX)
			r = erg_stream_end_frame(s);
		if (r < 0)
			return r;
		done += n;
	}
	return 0;
}

static int write_digest_frame(struct erg_stream *s)
{
	unsigned char frame[ERG_DIGEST_FRAME_SIZE];
	struct erg_sha256 sha = s->sha;
	int r;

	erg_put_le32(frame, ERG_DIGEST_SKIPPABLE_MAGIC);
	erg_put_le32(frame + 4, sizeof(frame) - 8);
	memcpy(frame + 8, ERG_DIGEST_LABEL, ERG_DIGEST_LABEL_SIZE); /* NOLINT: bytes, no text */
	erg_sha256_end(&sha, frame + 8 + ERG_DIGEST_LABEL_SIZE);
	r = write_all(s, frame, sizeof(frame));
	s->compressed = sizeof(frame);
	return r < 0 ? r : add_seek_entry(s, ERG_XXH64_OF_NOTHING);
}

static int write_seek_table(struct erg_stream *s)
{
	size_t body = s->n_frames * ERG_SEEK_ENTRY_SIZE + ERG_SEEK_FOOTER_SIZE;
	_cleanup_(erg_freep) unsigned char *t = malloc(ERG_SEEK_HEADER_SIZE + body);
	unsigned char *p = t;

	if (!t)
		return -ENOMEM;
	erg_put_le32(p, ERG_SEEK_SKIPPABLE_MAGIC);
	erg_put_le32(p + 4, (uint32_t)body);
	p += ERG_SEEK_HEADER_SIZE;
	for (size_t i = 0; i < s->n_frames; i++, p += ERG_SEEK_ENTRY_SIZE) {
		erg_put_le32(p, s->frames[i].compressed);
		erg_put_le32(p + 4, s->frames[i].content);
		erg_put_le32(p + 8, s->frames[i].checksum);
	}
	erg_put_le32(p, (uint32_t)s->n_frames);
	p[4] = ERG_SEEK_CHECKSUM_FLAG;
	erg_put_le32(p + 5, ERG_SEEK_FOOTER_MAGIC);
	return write_all(s, t, ERG_SEEK_HEADER_SIZE + body);
}

int erg_stream_finish(struct erg_stream *s)
{
	int r = erg_stream_end_frame(s);

	if (r == 0)
		r = write_digest_frame(s);
	return r < 0 ? r : write_seek_table(s);
}
