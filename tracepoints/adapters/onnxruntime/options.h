/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_OPTIONS_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_OPTIONS_H

/*
 * Session options on which the application has enabled profiling, or which make a session now: only one
 * session at a time is made by the same options, because its profile is enabled on them.
 */
#include <stdbool.h>

#include "tracepoints/adapters/onnxruntime/abi.h"

/* Waits until OPTIONS make no other session; then whether the application profiles by them. If not, they
 * are the caller's until it gives them back. */
bool erg_ort_options_take(const void *options);
void erg_ort_options_give(const void *options);

/* In the place of ONNX Runtime's: what the application does with its options. */
erg_ort_enable_profiling erg_ort_options_enable;
erg_ort_disable_profiling erg_ort_options_disable;
erg_ort_clone_options erg_ort_options_clone;
erg_ort_release erg_ort_options_release;

#endif
