/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_BASE_SHA256_H
#define ERG_FORMATS_BASE_SHA256_H

/*
 * SHA-256 by nettle, which uses the processor's instructions for it where there are any, and which
 * libarchive links anyway. A text is 64 lower-case hexadecimal digits and a NUL.
 */
#include <stddef.h>

#include <nettle/sha2.h>

#define ERG_SHA256_SIZE SHA256_DIGEST_SIZE
#define ERG_SHA256_TEXT (2 * ERG_SHA256_SIZE + 1)

struct erg_sha256 {
	struct sha256_ctx nettle;
};

void erg_sha256_init(struct erg_sha256 *s);
void erg_sha256_add(struct erg_sha256 *s, const void *data, size_t len);
/* S is to be begun anew after either. */
void erg_sha256_end(struct erg_sha256 *s, unsigned char ret[ERG_SHA256_SIZE]);
char *erg_sha256_end_text(struct erg_sha256 *s, char ret[ERG_SHA256_TEXT]);
char *erg_sha256_text(const unsigned char digest[ERG_SHA256_SIZE], char ret[ERG_SHA256_TEXT]);

/* All at once. Return RET; of a file that cannot be read NULL, with errno set. */
char *erg_sha256_data(const void *data, size_t len, char ret[ERG_SHA256_TEXT]);
char *erg_sha256_file(const char *path, char ret[ERG_SHA256_TEXT]);
/* From where FD is to its end. */
char *erg_sha256_fd(int fd, char ret[ERG_SHA256_TEXT]);

#endif
