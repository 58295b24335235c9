/* SPDX-License-Identifier: MIT */
/*
 * For the wheel of Python, which keeps ONNX Runtime's functions to itself: the package erg
 * (python/erg/onnxruntime.py) enables the profile of a session and has it read here.
 */
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/onnxruntime/clock.h"
#include "tracepoints/adapters/onnxruntime/session.h"

ERG_API void erg_onnxruntime_note(void);
ERG_API int erg_onnxruntime_part(int shared);
ERG_API int erg_onnxruntime_write(const char *path, const char *model, uint64_t start_ns,
	uint32_t process);

/* To be called before and after a run: what the clocks are now. */
ERG_API void erg_onnxruntime_note(void)
{
	erg_ort_clock_note();
}

/* See erg_ort_file_part. */
ERG_API int erg_onnxruntime_part(int shared)
{
	return erg_ort_file_part(shared);
}

/* Writes the layers of the profile in the file PATH, which began at START_NS of CLOCK_REALTIME, of a
 * network that was made from the file MODEL; what PROCESS did, if that is not 0. 0, or -1 where the file
 * cannot be opened. */
ERG_API int erg_onnxruntime_write(const char *path, const char *model, uint64_t start_ns,
	uint32_t process)
{
	FILE *f = fopen(path, "re");
	struct erg_ort_network *network;

	network = f ? erg_ort_network(model, erg_ort_key(model)) : NULL;
	if (network)
		erg_ort_profile_finish(f, network, start_ns, 0, process);
	else if (f)
		fclose(f);
	return network ? 0 : -1;
}
