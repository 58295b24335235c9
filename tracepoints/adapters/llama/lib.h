/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LLAMA_LIB_H
#define ERG_TRACEPOINTS_LLAMA_LIB_H

/* The copy of llama.cpp that a caller uses: a process may have several, opened privately. */
#include "tracepoints/adapters/llama/llama_abi.h"

struct llama_lib {
	struct llama_api api;
	bool decodes;           /* batches are laid out as we know them */
	bool graphs;            /* has what it takes to follow a graph */
	bool requests, context; /* has what tells them */
};

/* Of the code that returns to RETURN_ADDRESS. Never NULL; what could not be found is NULL in its api,
 * and a marker has said so. */
const struct llama_lib *llama_lib_of(const void *return_address);

/* FUNCTION is what a program that opens llama.cpp by itself was answered by dlsym(3): callers that need
 * no llama.cpp of their own mean that one. False if they mean another already. */
bool llama_lib_opened(const void *function);

#endif
