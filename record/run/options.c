/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a recording was asked to do; the verb parses it. */
#include "record/run/options.h"

#include <stdlib.h>
#include <string.h>

void erg_run_options_release(struct erg_run_options *o)
{
	free(o->output);
	json_decref(o->tags);
	json_decref(o->factors);
	json_decref(o->beside);
	*o = (struct erg_run_options){0};
}

bool erg_run_joined_only(const struct erg_run_options *o)
{
	return o->argv && !(o->attach && !strcmp(o->attach, "all"));
}
