/* SPDX-License-Identifier: MIT */
/*
 * Text as UTF-8. The first bytes decide: a byte order mark, or, as some tools write none, a zero
 * in every second of the first bytes, which no text in UTF-8 has.
 */
#include "formats/input.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/sha256.h"
#include "formats/base/util.h"

#define RAW_SIZE 65536u
#define NO_CONVERSION ((iconv_t)-1)

struct erg_input {
	char *path;
	int fd;
	bool begun, ended;
	iconv_t conversion;
	char raw[RAW_SIZE]; /* what is left to convert, or, before the beginning, to be passed on */
	size_t at, len;
	struct erg_sha256 sha;
	uint64_t done, size;
};

int erg_input_open(const char *path, struct erg_input **ret, struct erg_err *err)
{
	_cleanup_(erg_input_freep) struct erg_input *in = calloc(1, sizeof(*in));
	struct stat st;

	if (!in)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	in->conversion = NO_CONVERSION;
	in->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	in->path = strdup(path);
	if (!in->path)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	if (fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode))
		in->size = (uint64_t)st.st_size;
	erg_sha256_init(&in->sha);
	*ret = erg_steal_ptr(&in);
	return 0;
}

static long read_some(struct erg_input *in, char *to, size_t size, struct erg_err *err)
{
	ssize_t n;

	do {
		n = read(in->fd, to, size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return erg_fail_errno(err, -errno, "%s", in->path);
	erg_sha256_add(&in->sha, to, (size_t)n);
	in->done += (uint64_t)n;
	in->ended = n == 0;
	return n;
}

static int fill_raw(struct erg_input *in, size_t least, struct erg_err *err)
{
	memmove(in->raw, in->raw + in->at, in->len);
	in->at = 0;
	while (in->len < least && !in->ended) {
		long n = read_some(in, in->raw + in->len, RAW_SIZE - in->len, err);

		if (n < 0)
			return (int)n;
		in->len += (size_t)n;
	}
	return 0;
}

/* The name of the encoding for iconv, NULL for UTF-8; *ret_mark: bytes of its mark. */
static const char *encoding_of(const unsigned char *p, size_t n, size_t *ret_mark)
{
	*ret_mark = 2;
	if (n >= 2 && p[0] == 0xff && p[1] == 0xfe)
		return "UTF-16LE";
	if (n >= 2 && p[0] == 0xfe && p[1] == 0xff)
		return "UTF-16BE";
	*ret_mark = n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3) ? 3 : 0;
	if (n >= 4 && p[0] && !p[1] && p[2] && !p[3])
		return "UTF-16LE";
	if (n >= 4 && !p[0] && p[1] && !p[2] && p[3])
		return "UTF-16BE";
	return NULL;
}

static int begin_input(struct erg_input *in, struct erg_err *err)
{
	const char *encoding;
	size_t mark;
	int r = fill_raw(in, 4, err);

	if (r < 0)
		return r;
	in->begun = true;
	encoding = encoding_of((const unsigned char *)in->raw, in->len, &mark);
	in->at = mark;
	in->len -= mark;
	if (!encoding)
		return 0;
	in->conversion = iconv_open("UTF-8", encoding);
	return in->conversion == NO_CONVERSION
		? erg_fail(err, -EINVAL, "%s: is in %s, which cannot be converted here", in->path,
			  encoding)
		: 0;
}

static long convert(struct erg_input *in, char *buf, size_t size, struct erg_err *err)
{
	for (;;) {
		char *from = in->raw + in->at, *to = buf;
		size_t left = in->len, room = size;
		int r;

		if (left > 0 && iconv(in->conversion, &from, &left, &to, &room) == (size_t)-1 &&
			errno == EILSEQ && to == buf)
			return erg_fail(err, -EINVAL, "%s: byte %llu: is no UTF-16", in->path,
				(unsigned long long)(in->done - left));
		in->at = (size_t)(from - in->raw);
		in->len = left;
		if (to > buf || in->ended)
			return to - buf;
		r = fill_raw(in, left + 2, err);
		if (r < 0)
			return r;
	}
}

long erg_input_read(struct erg_input *in, char *buf, size_t size, struct erg_err *err)
{
	if (!in->begun) {
		int r = begin_input(in, err);

		if (r < 0)
			return r;
	}
	if (in->conversion != NO_CONVERSION)
		return convert(in, buf, size, err);
	if (in->len > 0) {
		size_t n = in->len < size ? in->len : size;

		memcpy(buf, in->raw + in->at, n);
		in->at += n;
		in->len -= n;
		return (long)n;
	}
	return in->ended ? 0 : read_some(in, buf, size, err);
}

void erg_input_sha256(struct erg_input *in, char ret[ERG_INPUT_SHA256_SIZE])
{
	erg_sha256_end_text(&in->sha, ret);
}

uint64_t erg_input_done(const struct erg_input *in)
{
	return in->done;
}

uint64_t erg_input_size(const struct erg_input *in)
{
	return in->size;
}

void erg_input_free(struct erg_input *in)
{
	if (!in)
		return;
	if (in->conversion != NO_CONVERSION)
		iconv_close(in->conversion);
	if (in->fd >= 0)
		close(in->fd);
	free(in->path);
	free(in);
}

void erg_input_freep(struct erg_input **in)
{
	erg_input_free(*in);
}
