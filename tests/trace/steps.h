/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_TRACE_STEPS_H
#define ERG_TESTS_TRACE_STEPS_H

/* The arguments of the programs here: each is a step, OP[:KEY[=VALUE]]. */
#include <string.h>

typedef void step_fn(const char *op, char *key, const char *value);

/* Does what ARG says, which is cut in its parts; a part that is not there is "". */
static inline void run_step(char *arg, step_fn *run_op)
{
	char *end = arg + strlen(arg), *key = strchr(arg, ':'), *value;

	if (key)
		*key++ = '\0';
	else
		key = end;
	value = strchr(key, '=');
	if (value)
		*value++ = '\0';
	run_op(arg, key, value ? value : end);
}

#endif
