/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_DEVICE_H
#define ERG_RECORD_SOURCES_DEVICE_H

#include "record/sources/source.h"

/* Sets what tells S from other sources of its kind, also after the next boot, where its driver has not;
 * leaves it empty where nothing does. */
void erg_source_device_find(struct erg_source *s);

#endif
