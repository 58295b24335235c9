/* SPDX-License-Identifier: MIT */
/*
 * Where a program asks for ONNX Runtime: OrtGetApiBase is ours first. The application asks for a versioned
 * symbol, and a definition without a version answers that; who opens the library by dlopen(3) is answered
 * by dlsym (lookup.h). What it gets is a copy of ONNX Runtime's table of functions in which some are ours
 * (onnxruntime.h), where the version is one that is known.
 *
 * There is one such copy: of the first library, and of the first table that it gave. Others are given as
 * they are, and a second library is said.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/lookup.h"
#include "tracepoints/adapters/onnxruntime/onnxruntime.h"
#include "tracepoints/adapters/onnxruntime/original.h"

ERG_API const struct erg_ort_base *OrtGetApiBase(void);

/* With the adapter's lock they change, once, before the application has them. */
static const struct erg_ort_base *theirs;
static struct erg_ort_base base; /* in its place */
static void *table[ERG_ORT_SLOTS];

/* How long the table is, it does not say: what can be read from its beginning is copied. */
static bool table_copy(const void *from)
{
	struct iovec remote = {(void *)(uintptr_t)from, sizeof(table)};
	struct iovec local = {table, sizeof(table)};
	ssize_t n = 0;

	for (; n <= 0 && remote.iov_len > 4096; remote.iov_len -= 1024)
		n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (n <= (ssize_t)(ORT_CREATE_SESSION_FROM_ARRAY_PREPACKED * sizeof(table[0])))
		return false;
	for (const struct erg_ort_ours *o = erg_ort_ours; o->function; o++)
		memcpy(&table[o->slot], &o->function, sizeof(table[0]));
	return true;
}

/* The N of version 1.N; -1 where the version is none of that kind. */
static long version_of(const struct erg_ort_base *of)
{
	const char *text = of->get_version();
	char *end;
	long minor;

	if (!text || strncmp(text, "1.", 2))
		return -1;
	minor = strtol(text + 2, &end, 10);
	return end == text + 2 ? -1 : minor;
}

/* The application asks for the table of VERSION. */
static bool is_known(uint32_t version)
{
	long minor = version_of(theirs);

	return minor >= ERG_ORT_VERSION_MIN && minor <= ERG_ORT_VERSION_MAX &&
		version <= ERG_ORT_VERSION_MAX;
}

static const void *get_api(uint32_t version)
{
	static bool asked;
	const void *api = theirs->get_api(version);
	bool first, known, copied, ours;

	if (!api)
		return NULL;
	known = is_known(version);
	erg_adapter_lock();
	first = !asked;
	asked = true;
	copied = first && known && table_copy(api);
	if (copied)
		erg_ort_original = api;
	ours = api == (const void *)erg_ort_original;
	erg_adapter_unlock();
	if (first && !known)
		erg_ort_say(theirs->get_version(), "a version that is not known: no layers");
	else if (first && !copied)
		erg_ort_say(NULL, "its table of functions cannot be read: no layers");
	return ours ? table : api;
}

typedef const struct erg_ort_base *get_base(void);

/* The base of the ONNX Runtime that ours stands for: the first that was asked for. */
static bool is_theirs(const struct erg_ort_base *found)
{
	bool first;

	erg_adapter_lock();
	if (!theirs) {
		theirs = found;
		base = (struct erg_ort_base){get_api, found->get_version};
	}
	first = found == theirs;
	erg_adapter_unlock();
	if (!first)
		erg_ort_say(NULL, "a second ONNX Runtime in one program: no layers of it");
	return first;
}

ERG_API const struct erg_ort_base *OrtGetApiBase(void)
{
	const struct erg_ort_base *found;
	get_base *get;

	/* also of a library that the program opened privately, as Node.js opens its modules */
	*(void **)&get = erg_adapter_next("OrtGetApiBase", (uintptr_t)OrtGetApiBase);
	found = get ? get() : NULL;
	return found && is_theirs(found) ? &base : found;
}

/* For who asks dlsym(3) of the library's handle. */
static const struct erg_ort_base *opened_base(void)
{
	return &base;
}

static bool opened(const void *function)
{
	const struct erg_ort_base *found;
	get_base *get;

	memcpy(&get, &function, sizeof(get));
	if (get == OrtGetApiBase)
		return false;
	found = get();
	return found && is_theirs(found);
}

ERG_LOOKUP(OrtGetApiBase, opened_base, opened);
