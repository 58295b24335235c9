/* SPDX-License-Identifier: MIT */
/*
 * Error values: one code and one line, built where the failure is known and completed on the way
 * up. Nothing here prints or exits; only program.c does.
 */
#include "formats/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/memory.h"

static void format_into(struct erg_err *err, int code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

static void note_code(int code)
{
	if (code == -ENOMEM)
		erg_memory_note();
}

static void format_into(struct erg_err *err, int code, const char *fmt, va_list ap)
{
	err->code = code;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

int erg_fail(struct erg_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	note_code(code);
	if (!err)
		return code;
	va_start(ap, fmt);
	format_into(err, code, fmt, ap);
	va_end(ap);
	return code;
}

int erg_fail_errno(struct erg_err *err, int code, const char *fmt, ...)
{
	va_list ap;
	size_t len;

	note_code(code);
	if (!err)
		return code;
	va_start(ap, fmt);
	format_into(err, code, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(-code));
	return code;
}

int erg_wrap(struct erg_err *err, int code, const char *fmt, ...)
{
	char tail[sizeof(err->msg)];
	va_list ap;
	size_t len;

	if (!err)
		return code;
	memcpy(tail, err->msg, sizeof(tail));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", tail);
	if (!err->code)
		err->code = code;
	return err->code;
}
