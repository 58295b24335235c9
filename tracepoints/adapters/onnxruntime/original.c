/* SPDX-License-Identifier: MIT */
/* See original.h. */
#include <stdio.h>

#include "tracepoints/adapters/onnxruntime/original.h"
#include "tracepoints/erg.h"

const void *const *erg_ort_original;

bool erg_ort_well(void *status)
{
	if (status)
		ORIGINAL(ORT_RELEASE_STATUS, erg_ort_release)(status);
	return !status;
}

void erg_ort_say(const char *network, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "erg: onnxruntime: %s%s%s", network ? network : "",
		network ? ": " : "", what);
	erg_marker(text, 0);
}
