/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_DESTINATION_H
#define ERG_RECORD_DESTINATION_H

/* Where --to streams: TO is "HOST[:PORT[:DATA-PORT]]" of lttng-relayd, an IPv6 address in
 * brackets. */
#include "formats/base/err.h"

/* -EINVAL for what TO cannot be or this machine's name would make impossible, -ENOENT for a host
 * that has no address. */
int erg_destination_check(const char *to, struct erg_err *err);
/* Whether anything answers at URL; a negative errno: what connect(2) says. */
int erg_destination_answers(const char *url);
/* As LTTng wants it; NULL: no memory. To be freed by the caller. */
char *erg_destination_url(const char *to);

#endif
