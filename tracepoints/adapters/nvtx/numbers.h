/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_NVTX_NUMBERS_H
#define ERG_TRACEPOINTS_NVTX_NUMBERS_H

/*
 * Numbers in the names of ranges. "conv1" and "conv2" are two layers; "step 17" and "step 18" are one
 * that is called again. Without this a server becomes a layer a request.
 *
 * By their words: a number after a word that counts ("step 17", "batch_3", "iter=4", "tokens: 96",
 * "execute_context_3(120)_generation_4(4)", "ProfilerStep#7") or before what is counted ("4 gen reqs") is
 * replaced by '#', and so is the digest that names a request ("req-6f3ab21e").
 *
 * By what is seen: NVTX_NUMBERS_MOST names that differ in nothing but their numbers and digests, in one parent,
 * none of which came twice, are taken for one layer from then on, and a marker says so.
 *
 * ERG_NVTX_NUMBERS=keep leaves all names as they are.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NVTX_NUMBERS_MOST 1024

/* TEXT with its counting numbers as '#' in RET; false where there are none, and RET is not used. */
bool nvtx_numbers_by_words(const char *text, char *ret, size_t size);

/* NAME has come again, or for the first time, in PARENT: true when it belongs to a layer of many
 * numbers, whose name is then in RET. Called only for names that the thread does not remember. */
bool nvtx_numbers_by_count(uint32_t parent, const char *name, char *ret, size_t size);

#endif
