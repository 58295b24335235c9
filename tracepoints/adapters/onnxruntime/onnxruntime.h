/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_ONNXRUNTIME_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_ONNXRUNTIME_H

#include "tracepoints/adapters/onnxruntime/abi.h"

struct erg_ort_ours {
	enum erg_ort_slot slot;
	void (*function)(void);
};

/* Our functions and their places in ONNX Runtime's table, ended by a row without a function. */
extern const struct erg_ort_ours erg_ort_ours[];

#endif
