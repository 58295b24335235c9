/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_SESSION_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_SESSION_H

#include <stdint.h>
#include <stdio.h>

/* What was learned of a network by its name and place. Two models of one name are two networks. */
struct erg_ort_network {
	struct erg_ort_network *next;
	char *name;
	uint64_t key; /* of where it is from */
	uint32_t id;
	uint32_t iterations; /* that were written */
};

/* A key of TEXT, by FNV-1a. */
uint64_t erg_ort_key(const char *text);

/* NAME without folder and ending is the name; KEY tells models of the same name apart. NULL when
 * memory runs out. */
struct erg_ort_network *erg_ort_network(const char *name, uint64_t key);

/* In a child of fork: what ONNX Runtime writes into the file SHARED, which it and its parent have open, is
 * written into another one. That, without a name and open for reading; -1 where it cannot be done. */
int erg_ort_file_part(int shared);

/* Writes the layers of a profile that began at START_NS of CLOCK_REALTIME, and closes F. RUNS and
 * PROCESS as in struct erg_ort_profile. */
void erg_ort_profile_finish(FILE *f, struct erg_ort_network *network, uint64_t start_ns,
	uint64_t runs, uint32_t process);

#endif
