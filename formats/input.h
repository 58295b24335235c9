/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_INPUT_H
#define ERG_FORMATS_INPUT_H

/*
 * The bytes of a text file or a pipe as UTF-8, whatever wrote it: a byte order mark is taken off,
 * UTF-16 (what a redirection in PowerShell makes) is converted. The digest is of the bytes as they
 * were read, so that it also tells what came through a pipe.
 */
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

#define ERG_INPUT_SHA256_SIZE 65 /* with the NUL */

struct erg_input;

int erg_input_open(const char *path, struct erg_input **ret, struct erg_err *err);
/* Up to SIZE (at least 4) bytes of text; 0 at the end, or a negative errno. */
long erg_input_read(struct erg_input *in, char *buf, size_t size, struct erg_err *err);
/* Of what was read; hex digits. Call it once, at the end. */
void erg_input_sha256(struct erg_input *in, char ret[ERG_INPUT_SHA256_SIZE]);
/* Bytes read so far, as they were, and all there are (0: a pipe). */
uint64_t erg_input_done(const struct erg_input *in);
uint64_t erg_input_size(const struct erg_input *in);
void erg_input_free(struct erg_input *in);
void erg_input_freep(struct erg_input **in);

#endif
