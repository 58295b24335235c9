/* SPDX-License-Identifier: MIT */
/* SHA-256: see the header. */
#include "formats/base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <nettle/base16.h>
#include <nettle/version.h>

#include "formats/base/util.h"

void erg_sha256_init(struct erg_sha256 *s)
{
	sha256_init(&s->nettle);
}

void erg_sha256_add(struct erg_sha256 *s, const void *data, size_t len)
{
	sha256_update(&s->nettle, len, data);
}

void erg_sha256_end(struct erg_sha256 *s, unsigned char ret[ERG_SHA256_SIZE])
{
#if NETTLE_VERSION_MAJOR >= 4
	sha256_digest(&s->nettle, ret);
#else
	sha256_digest(&s->nettle, ERG_SHA256_SIZE, ret);
#endif
}

char *erg_sha256_text(const unsigned char digest[ERG_SHA256_SIZE], char ret[ERG_SHA256_TEXT])
{
	base16_encode_update(ret, ERG_SHA256_SIZE, digest);
	ret[ERG_SHA256_TEXT - 1] = '\0';
	return ret;
}

char *erg_sha256_end_text(struct erg_sha256 *s, char ret[ERG_SHA256_TEXT])
{
	unsigned char digest[ERG_SHA256_SIZE];

	erg_sha256_end(s, digest);
	return erg_sha256_text(digest, ret);
}

char *erg_sha256_data(const void *data, size_t len, char ret[ERG_SHA256_TEXT])
{
	struct erg_sha256 s;

	erg_sha256_init(&s);
	erg_sha256_add(&s, data, len);
	return erg_sha256_end_text(&s, ret);
}

char *erg_sha256_fd(int fd, char ret[ERG_SHA256_TEXT])
{
	unsigned char buf[1u << 15];
	struct erg_sha256 s;
	ssize_t n;

	erg_sha256_init(&s);
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			erg_sha256_add(&s, buf, (size_t)n);
	return n < 0 ? NULL : erg_sha256_end_text(&s, ret);
}

char *erg_sha256_file(const char *path, char ret[ERG_SHA256_TEXT])
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? NULL : erg_sha256_fd(fd, ret);
}
