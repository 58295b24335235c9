/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ERR_H
#define ERG_FORMATS_ERR_H

#include <stdarg.h>

/*
 * Errors. A function that can fail returns an int: 0 or a documented positive outcome on success,
 * a negative errno on failure. The caller owns the struct erg_err and passes it as last argument
 * (NULL when it does not care); it is untouched on success. A message names the thing, the value
 * and what was expected: "run.erg: chunk 3: checksum mismatch (frame at byte 81920)".
 */
struct erg_err {
	int code; /* negative errno, 0 when nothing failed */
	char msg[1024];
};

/* Set *err to CODE (a negative errno) and the formatted message; returns CODE. */
int erg_fail(struct erg_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with ": " and strerror(-CODE) appended. */
int erg_fail_errno(struct erg_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "formatted: " in front of the message on the way up; returns err->code (or CODE if err is
 * NULL). */
int erg_wrap(struct erg_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
