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
	NVTX_PAYLOAD_EXT =
		(int32_t)0xDFBD0009, /* u64: address of reserved0 struct nvtx_payload_data */
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

/*
 * Extension modules (nvToolsExtPayload.h, nvToolsExtCounters.h of NVTX 3.1 and later): the header in
 * the program finds InitializeInjectionNvtxExtension and calls it once a module; the library stores
 * the addresses of its functions in the module's slots. Later versions of a struct only grow.
 */
enum { NVTX_MODULE_PAYLOAD = 2, NVTX_MODULE_COUNTERS = 4 };

struct nvtx_ext_segment {
	size_t id;
	size_t n_slots;
	intptr_t *slots;
};

struct nvtx_ext_module {
	uint16_t nvtx_version;
	uint16_t struct_size;
	uint16_t module;
	uint16_t compat;
	size_t n_segments;
	struct nvtx_ext_segment *segments;
	intptr_t (*get_export)(uint32_t id);
	const void *info;
};

enum nvtx_ext_payload {
	NVTX_EXT_SCHEMA_REGISTER,
	NVTX_EXT_ENUM_REGISTER,
	NVTX_EXT_MARK,
	NVTX_EXT_RANGE_PUSH,
	NVTX_EXT_RANGE_POP,
	NVTX_EXT_RANGE_START,
	NVTX_EXT_RANGE_END,
	NVTX_EXT_DOMAIN_IS_ENABLED,
	NVTX_EXT_PAYLOAD_SIZE,
};

enum nvtx_ext_counters {
	NVTX_EXT_COUNTER_REGISTER,
	NVTX_EXT_COUNTER_INT64,
	NVTX_EXT_COUNTER_FLOAT64,
	NVTX_EXT_COUNTER_SAMPLE,
	NVTX_EXT_COUNTER_NO_VALUE,
	NVTX_EXT_COUNTER_BATCH,
	NVTX_EXT_COUNTERS_SIZE,
};

struct nvtx_payload_data {
	uint64_t schema;
	size_t size; /* SIZE_MAX: as the schema says */
	const void *payload;
};

/* Of an entry's flags. */
#define NVTX_ENTRY_POINTER (1u << 1)
#define NVTX_ENTRY_OFFSET_FLAGS (3u << 2) /* the value is an offset to the data */
#define NVTX_ENTRY_ARRAY_MASK (7u << 4)
#define NVTX_ENTRY_ARRAY_FIXED (1u << 4)
#define NVTX_ENTRY_ARRAY_ZERO_TERMINATED (2u << 4)
#define NVTX_ENTRY_ARRAY_LENGTH_INDEX                                                              \
	(3u << 4) /* the detail is the index of the entry with the length */
#define NVTX_ENTRY_ARRAY_LENGTH_PAYLOAD (4u << 4) /* the same, of another payload */
#define NVTX_ENTRY_MESSAGE (1u << 10)
#define NVTX_ENTRY_TIMESTAMP (2u << 10)
/* Any of them: what is there is no number that counts. */
#define NVTX_ENTRY_NO_NUMBER                                                                       \
	(NVTX_ENTRY_POINTER | NVTX_ENTRY_OFFSET_FLAGS | NVTX_ENTRY_ARRAY_MASK |                    \
		NVTX_ENTRY_TIMESTAMP)

/* Of an entry's type: the numbers are in payload.c. */
enum {
	NVTX_ENTRY_CATEGORY = 68,
	NVTX_ENTRY_COLOR = 69,
	NVTX_ENTRY_CSTRING = 75,
	NVTX_ENTRY_CSTRING_UTF8 = 76,
	NVTX_ENTRY_REGISTERED_STRING = 80,
};

struct nvtx_semantics {
	uint32_t struct_size;
	uint16_t id;
	uint16_t version;
	const struct nvtx_semantics *next;
};

/* What begins the semantics of a counter, id 5. */
struct nvtx_counter_semantics {
	struct nvtx_semantics header;
	uint64_t flags;
};

#define NVTX_COUNTER_SEMANTICS 5
#define NVTX_COUNTER_VALUE_MASK (3u << 4) /* 0, 1 << 4: absolute */
#define NVTX_COUNTER_DELTA (2u << 4)      /* to the sample before; 3 << 4: to the start */

struct nvtx_schema_entry {
	uint64_t flags;
	uint64_t type;
	const char *name;
	const char *description;
	uint64_t detail; /* length of an array or string */
	uint64_t offset;
	const struct nvtx_semantics *semantics;
	const void *reserved;
};

/* Bits of the mask. */
enum {
	NVTX_SCHEMA_NAME = 1 << 1,
	NVTX_SCHEMA_TYPE = 1 << 2,
	NVTX_SCHEMA_FLAGS = 1 << 3,
	NVTX_SCHEMA_ENTRIES = 1 << 4,
	NVTX_SCHEMA_N_ENTRIES = 1 << 5,
	NVTX_SCHEMA_STATIC_SIZE = 1 << 6,
	NVTX_SCHEMA_PACK = 1 << 7,
	NVTX_SCHEMA_ID = 1 << 8,
};

/* Of a schema's type. */
enum { NVTX_SCHEMA_STATIC = 1, NVTX_SCHEMA_DYNAMIC, NVTX_SCHEMA_UNION, NVTX_SCHEMA_UNION_SELECTED };

struct nvtx_schema_attr {
	uint64_t mask;
	const char *name;
	uint64_t type;
	uint64_t flags;
	const struct nvtx_schema_entry *entries;
	size_t n_entries;
	size_t static_size;
	size_t pack;
	uint64_t id;
	void *extension;
};

struct nvtx_counter_attr {
	size_t struct_size;
	uint64_t schema; /* or the type of a number */
	const char *name;
	const char *description;
	uint64_t scope;
	const struct nvtx_semantics *semantics;
	uint64_t id; /* 0: to be made */
};

struct nvtx_counter_batch {
	uint64_t id;
	const void *counters;
	size_t size;
	uint64_t flags;
	const int64_t *timestamps;
	size_t timestamps_size;
};

#endif
