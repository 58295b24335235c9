/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_ABI_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_ABI_H

/*
 * What the adapter needs of ONNX Runtime's C ABI, so that it builds without its headers. Source:
 * include/onnxruntime/core/session/onnxruntime_c_api.h of ONNX Runtime 1.8 to 1.29, struct OrtApiBase
 * and the order of the members of struct OrtApi. Members are only ever added at the end of it
 * (onnxruntime_c_api.cc asserts the places of the last one of each version), so a place holds for
 * every later version. All objects are opaque pointers; a status is NULL where all went well.
 */
#include <stdint.h>
#include <stddef.h>

/* Places are relied on from version 8 on; a table of 1024 members is far from full at version 29. */
#define ERG_ORT_VERSION_MIN 8
#define ERG_ORT_VERSION_MAX 40
#define ERG_ORT_SLOTS 1024

struct erg_ort_base {
	const void *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
};

struct erg_ort_allocator {
	uint32_t version;
	void *(*alloc)(struct erg_ort_allocator *self, size_t size);
	void (*free)(struct erg_ort_allocator *self, void *p);
};

enum erg_ort_slot {
	ORT_CREATE_SESSION = 7,
	ORT_CREATE_SESSION_FROM_ARRAY = 8,
	ORT_RUN = 9,
	ORT_CREATE_SESSION_OPTIONS = 10,
	ORT_CLONE_SESSION_OPTIONS = 12,
	ORT_ENABLE_PROFILING = 14,
	ORT_DISABLE_PROFILING = 15,
	ORT_GET_DEFAULT_ALLOCATOR = 78,
	ORT_RELEASE_STATUS = 93,
	ORT_RELEASE_SESSION = 95,
	ORT_RELEASE_SESSION_OPTIONS = 100,
	ORT_SESSION_END_PROFILING = 110,
	ORT_SESSION_GET_MODEL_METADATA = 111,
	ORT_MODEL_METADATA_GET_GRAPH_NAME = 113,
	ORT_RELEASE_MODEL_METADATA = 118,
	ORT_RUN_WITH_BINDING = 133,
	ORT_SESSION_GET_PROFILING_START = 146,
	ORT_CREATE_SESSION_PREPACKED = 168,
	ORT_CREATE_SESSION_FROM_ARRAY_PREPACKED = 169,
};

/* The members themselves. */
typedef void *erg_ort_create(const void *env, const char *path, const void *options,
	void **ret_session);
typedef void *erg_ort_create_from_array(const void *env, const void *model, size_t size,
	const void *options, void **ret_session);
typedef void *erg_ort_create_prepacked(const void *env, const char *path, const void *options,
	void *container, void **ret_session);
typedef void *erg_ort_create_from_array_prepacked(const void *env, const void *model, size_t size,
	const void *options, void *container, void **ret_session);
typedef void *erg_ort_run(void *session, const void *run_options, const char *const *input_names,
	const void *const *inputs, size_t n_inputs, const char *const *output_names,
	size_t n_outputs, void **outputs);
typedef void *erg_ort_run_with_binding(void *session, const void *run_options, const void *binding);
typedef void *erg_ort_create_options(void **ret_options);
typedef void *erg_ort_clone_options(const void *options, void **ret_options);
typedef void *erg_ort_enable_profiling(void *options, const char *prefix);
typedef void *erg_ort_disable_profiling(void *options);
typedef void erg_ort_release(void *object);
typedef void *erg_ort_end_profiling(void *session, struct erg_ort_allocator *allocator,
	char **ret_path);
typedef void *erg_ort_profiling_start(const void *session, uint64_t *ret_ns);
typedef void *erg_ort_default_allocator(struct erg_ort_allocator **ret_allocator);
typedef void *erg_ort_model_metadata(const void *session, void **ret_metadata);
typedef void *erg_ort_graph_name(const void *metadata, struct erg_ort_allocator *allocator,
	char **ret_name);

#endif
