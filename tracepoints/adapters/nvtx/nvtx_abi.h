/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_NVTX_ABI_H
#define ERG_TRACEPOINTS_NVTX_ABI_H

/*
 * The binary interface between NVTX and an injection library, as NVIDIA's public NVTX 3 headers use
 * it (https://github.com/NVIDIA/NVTX, nvtxDetail/nvtxTypes.h and nvToolsExt.h), in our own words.
 *
 * The header in the program opens $NVTX_INJECTION64_PATH, finds InitializeInjectionNvtx2 and calls
 * it with a function that hands out tables. The table of callbacks gives, per module, an array of
 * pointers to the program's function pointers; the library stores its own functions through them.
 * Index 0 of each array is not used.
 */
#include <stddef.h>
#include <stdint.h>

typedef const void *(*nvtx_get_export_table)(uint32_t id);
typedef int (*nvtx_initialize)(nvtx_get_export_table get);

enum { NVTX_TABLE_CALLBACKS = 1, NVTX_TABLE_VERSION = 3 };
enum { NVTX_MODULE_CORE = 1, NVTX_MODULE_CORE2 = 5 };

typedef void (*nvtx_function)(void);

struct nvtx_callbacks {
	size_t struct_size;
	int (*get_module)(int module, nvtx_function ***ret_table, unsigned *ret_size);
};

struct nvtx_version_info {
	size_t struct_size;
	uint32_t version;
	uint32_t reserved0;
	void (*set_injection_version)(uint32_t version);
};

enum nvtx_core {
	NVTX_MARK_EX = 1,
	NVTX_MARK_A,
	NVTX_MARK_W,
	NVTX_RANGE_START_EX,
	NVTX_RANGE_START_A,
	NVTX_RANGE_START_W,
	NVTX_RANGE_END,
	NVTX_RANGE_PUSH_EX,
	NVTX_RANGE_PUSH_A,
	NVTX_RANGE_PUSH_W,
	NVTX_RANGE_POP,
	NVTX_NAME_CATEGORY_A,
	NVTX_NAME_CATEGORY_W,
	NVTX_NAME_OS_THREAD_A,
	NVTX_NAME_OS_THREAD_W,
	NVTX_CORE_SIZE,
};

enum nvtx_core2 {
	NVTX_DOMAIN_MARK_EX = 1,
	NVTX_DOMAIN_RANGE_START_EX,
	NVTX_DOMAIN_RANGE_END,
	NVTX_DOMAIN_RANGE_PUSH_EX,
	NVTX_DOMAIN_RANGE_POP,
	NVTX_DOMAIN_RESOURCE_CREATE,
	NVTX_DOMAIN_RESOURCE_DESTROY,
	NVTX_DOMAIN_NAME_CATEGORY_A,
	NVTX_DOMAIN_NAME_CATEGORY_W,
	NVTX_DOMAIN_REGISTER_STRING_A,
	NVTX_DOMAIN_REGISTER_STRING_W,
	NVTX_DOMAIN_CREATE_A,
	NVTX_DOMAIN_CREATE_W,
	NVTX_DOMAIN_DESTROY,
	NVTX_INITIALIZE,
	NVTX_CORE2_SIZE,
};

enum { NVTX_MESSAGE_ASCII = 1, NVTX_MESSAGE_UNICODE = 2, NVTX_MESSAGE_REGISTERED = 3 };
enum { NVTX_COLOR_ARGB = 1 };
enum {
	NVTX_PAYLOAD_U64 = 1,
	NVTX_PAYLOAD_I64,
	NVTX_PAYLOAD_DOUBLE,
	NVTX_PAYLOAD_U32,
	NVTX_PAYLOAD_I32,
	NVTX_PAYLOAD_FLOAT,
};

struct nvtx_attributes {
	uint16_t version;
	uint16_t size; /* of this struct, in the version that the program was compiled with */
	uint32_t category;
	int32_t color_type;
	uint32_t color;
	int32_t payload_type;
	int32_t reserved0;
	union {
		uint64_t u64;
		int64_t i64;
		double d;
		uint32_t u32;
		int32_t i32;
		float f;
	} payload;
	int32_t message_type;
	union {
		const char *ascii;
		const wchar_t *unicode;
		const void *registered;
	} message;
};

#endif
