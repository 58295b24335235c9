/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of liblttng-ctl's functions, whose turn it is, and what both kinds of sessions ask of it. */
#include "record/session/lttng.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "formats/base/library.h"
#include "formats/base/open_files.h"

#define FILES 8 /* that a call may open at a time */
#define FUNCTION(name) {"lttng_" #name, NULL, offsetof(struct erg_lttng, name), false},

struct erg_lttng erg_lttng;

static const struct erg_library_function functions[] = {ERG_LTTNG(FUNCTION)};

static struct erg_library library = {"liblttng-ctl.so.0", "liblttng-ctl0", functions,
	ERG_ARRAY_SIZE(functions), &erg_lttng, false};

int erg_lttng_load(struct erg_err *err)
{
	size_t left = 0, limit;
	int r = erg_library_load(&library, err);

	if (r)
		return r;
	/* without a socket of its own it ends the program (an assertion) */
	if (erg_open_files_of(getpid(), &left, &limit) < 0 && errno != EMFILE)
		return 0; /* no /proc: nobody knows */
	return left >= FILES ? 0
			     : erg_fail(err, -EMFILE, "LTTng: too many files are open (ulimit -n)");
}

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

void erg_lttng_lock(void)
{
	pthread_mutex_lock(&turn);
}

void erg_lttng_unlock(void *unused)
{
	pthread_mutex_unlock(&turn);
}

int erg_lttng_fail(struct erg_err *err, int code, const char *what)
{
	return erg_fail(err, code == -LTTNG_ERR_NO_SESSIOND ? -EPIPE : -EIO, "LTTng: %s: %s", what,
		erg_lttng.strerror(code));
}

struct lttng_domain erg_lttng_domain(void)
{
	return (struct lttng_domain){.type = LTTNG_DOMAIN_UST, .buf_type = LTTNG_BUFFER_PER_UID};
}

void erg_lttng_ctf_1_8(struct lttng_session_descriptor *d)
{
#ifdef ERG_LTTNG_TRACE_FORMAT
	if (d)
		(void)erg_lttng.session_descriptor_set_trace_format(d, LTTNG_TRACE_FORMAT_CTF_1_8);
#else
	(void)d;
#endif
}
