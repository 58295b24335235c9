/* SPDX-License-Identifier: MIT */
/*
 * Decompression of a range of frames. It promises that no byte outside the range is read, that
 * memory is bounded whatever a frame claims (zstd's window limit, 128 MiB), and that the end of a
 * frame is only reported when its checksum was right. A frame without a checksum is accepted here;
 * verify.c reports it.
 */
#include "formats/archive/frames.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zstd_errors.h>

#include "formats/archive/layout.h"
#include "formats/base/util.h"

int erg_pread_exactly(int fd, void *buf, size_t len, uint64_t pos)
{
	char *p = buf;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)pos);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		p += n;
		pos += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int erg_frames_init(struct erg_frames *f, int fd, const char *path, struct erg_err *err)
{
	*f = (struct erg_frames){.fd = fd, .path = path};
	f->zstd = ZSTD_createDStream();
	f->buffer = malloc(ZSTD_DStreamInSize());
	if (!f->zstd || !f->buffer)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	return 0;
}

void erg_frames_release(struct erg_frames *f)
{
	ZSTD_freeDStream(f->zstd);
	free(f->buffer);
	f->zstd = NULL;
	f->buffer = NULL;
}

void erg_frames_seek(struct erg_frames *f, uint64_t begin, uint64_t end)
{
	const uint64_t have = f->next - f->in.size; /* the place of what is in the buffer */

	/* The next frame is mostly there already; of small ones a buffer holds thousands. */
	if (begin >= have && begin <= f->next && f->next <= end) {
		f->in.pos = (size_t)(begin - have);
	} else {
		f->in = (ZSTD_inBuffer){f->buffer, 0, 0};
		f->next = begin;
	}
	f->frame = begin;
	f->end = end;
	f->inside = f->ended = f->cut = false;
	ZSTD_DCtx_reset(f->zstd, ZSTD_reset_session_only);
}

uint64_t erg_frames_tell(const struct erg_frames *f)
{
	return f->next - (f->in.size - f->in.pos);
}

/* Keeps what is left of the input and appends to it. 0 when there is nothing more. */
static ssize_t fetch(struct erg_frames *f, struct erg_err *err)
{
	size_t left = f->in.size - f->in.pos;
	size_t want = ZSTD_DStreamInSize() - left;
	int r;

	if (want > f->end - f->next)
		want = (size_t)(f->end - f->next);
	if (want == 0)
		return 0;
	memmove(f->buffer, f->buffer + f->in.pos, left);
	f->in = (ZSTD_inBuffer){f->buffer, left, 0};
	r = erg_pread_exactly(f->fd, f->buffer + left, want, f->next);
	if (r < 0)
		return erg_fail_errno(err, r, "%s: byte %llu", f->path,
			(unsigned long long)f->next);
	f->next += want;
	f->in = (ZSTD_inBuffer){f->buffer, left + want, 0};
	return (ssize_t)want;
}

static int begin_frame(struct erg_frames *f, struct erg_err *err)
{
	const unsigned char *p;

	f->frame = erg_frames_tell(f);
	if (f->in.size - f->in.pos < 4) {
		ssize_t n = fetch(f, err);

		if (n < 0)
			return (int)n;
	}
	if (f->in.size == f->in.pos)
		return -ENODATA;
	p = f->buffer + f->in.pos;
	if (f->in.size - f->in.pos < 4) {
		f->cut = true;
		return erg_fail(err, -EBADMSG, "%s: cut off in the frame at byte %llu", f->path,
			(unsigned long long)f->frame);
	}
	if (erg_get_le32(p) != ERG_ZSTD_MAGIC)
		return erg_fail(err, -EBADMSG, "%s: no zstd frame at byte %llu", f->path,
			(unsigned long long)f->frame);
	f->inside = true;
	return 0;
}

static int fail_frame(struct erg_frames *f, size_t code, struct erg_err *err)
{
	f->inside = false;
	if (ZSTD_getErrorCode(code) == ZSTD_error_checksum_wrong)
		return erg_fail(err, -EBADMSG, "%s: checksum mismatch (frame at byte %llu)",
			f->path, (unsigned long long)f->frame);
	return erg_fail(err, -EBADMSG, "%s: damaged data (%s; frame at byte %llu)", f->path,
		ZSTD_getErrorName(code), (unsigned long long)f->frame);
}

ssize_t erg_frames_read(struct erg_frames *f, void *buf, size_t len, struct erg_err *err)
{
	ZSTD_outBuffer out = {buf, len, 0};

	if (f->ended) {
		f->ended = false;
		return 0;
	}
	if (!f->inside) {
		int r = begin_frame(f, err);

		if (r < 0)
			return r;
	}
	while (out.pos < out.size) {
		size_t before = f->in.pos, left;
		size_t made = out.pos;

		left = ZSTD_decompressStream(f->zstd, &out, &f->in);
		if (ZSTD_isError(left))
			return fail_frame(f, left, err);
		if (left == 0) {
			f->inside = false;
			f->ended = out.pos > 0; /* the end is told by a call of its own */
			return (ssize_t)out.pos;
		}
		if (out.pos == made && f->in.pos == before) {
			ssize_t n = fetch(f, err);

			if (n < 0)
				return n;
			if (n == 0) {
				f->inside = false;
				f->cut = true;
				return erg_fail(err, -EBADMSG,
					"%s: cut off in the frame at byte %llu", f->path,
					(unsigned long long)f->frame);
			}
		}
	}
	return (ssize_t)out.pos;
}
