/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_ORIGINAL_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_ORIGINAL_H

/*
 * ONNX Runtime's own functions, for ours that stand in their place (base.c): these are called by nobody
 * before the table is there.
 */
#include <stdbool.h>

#include "tracepoints/adapters/onnxruntime/abi.h"

/* Its table. NULL: not known, or refused. */
extern const void *const *erg_ort_original;

/* The function of a place, which in the table is a pointer of another type. */
#define ORIGINAL(slot, type) (*(type *const *)(const void *)&erg_ort_original[slot])

/* Whether it went well, of a function of which nothing else matters; its STATUS is released. */
bool erg_ort_well(void *status);

/* A marker; NETWORK may be NULL. */
void erg_ort_say(const char *network, const char *what);

#endif
