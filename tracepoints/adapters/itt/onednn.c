/* SPDX-License-Identifier: MIT */
/*
 * What oneDNN's ITT tasks do not say: the shapes of the primitive that runs. When this library is
 * preloaded (erg-record --annotate itt does that), dnnl_primitive_execute of the public C API is
 * ours first; it remembers the primitive for the length of the call, and the task that oneDNN
 * begins within it asks the public queries for memory descriptors. Works with versions 2 and 3
 * (their descriptors differ: a struct in 2, a query in 3); with any other, or without preload,
 * layers have their kind and no shapes.
 *
 * A layer is a kind with its shapes, whichever primitive object runs it, because frameworks make
 * primitives anew all the time. Multiply-accumulates, with W the number of weights:
 *	convolution	elements of dst * W / output channels
 *	deconvolution	elements of src * W / input channels
 *	inner product	elements of dst * W / output channels
 *	matmul		elements of dst * last dimension of src
 * A backward pass over data or weights does as many as its forward pass.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/itt/onednn.h"

/* <oneapi/dnnl/dnnl_types.h>: values of dnnl_query_t, equal in versions 2 and 3. */
enum {
	QUERY_SRC = 129,
	QUERY_DIFF_SRC,
	QUERY_WEIGHTS,
	QUERY_DIFF_WEIGHTS,
	QUERY_DST,
	QUERY_DIFF_DST
};
enum { QUERY3_NDIMS = 256, QUERY3_DIMS = 257 };
enum { DNNL_DIMS = 12, DNNL_UNIMPLEMENTED = 3 };

struct shape {
	int n;
	int64_t d[DNNL_DIMS];
};

struct shapes {
	struct shape src, weights, dst;
};

/* The beginning of version 2's memory descriptor. */
struct md2 {
	int ndims;
	int64_t dims[DNNL_DIMS];
};

static struct {
	int (*execute)(const void *primitive, void *stream, int n, const void *args);
	int (*get_desc)(const void *primitive, const void **ret);
	const void *(*query_md)(const void *desc, int what, int index);
	int (*md_query)(const void *md, int what, void *ret); /* version 3 */
	int major;
} dnnl;

static __thread const void *running __attribute__((tls_model("initial-exec")));

typedef int execute_fn(const void *primitive, void *stream, int n, const void *args);

ERG_API execute_fn dnnl_primitive_execute;

static execute_fn *execute_of(void *lib)
{
	execute_fn *f;

	*(void **)&f = dlsym(lib, "dnnl_primitive_execute");
	return f;
}

/* A loaded object other than ours that has the function: for programs that opened oneDNN privately.
 */
static int try_object(struct dl_phdr_info *info, size_t size, void *data)
{
	void **ret = data, *lib;
	execute_fn *f;

	(void)size;
	if (!info->dlpi_name || !strstr(info->dlpi_name, "dnnl"))
		return 0;
	lib = dlopen(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
	f = lib ? execute_of(lib) : NULL;
	if (!f || f == dnnl_primitive_execute)
		return 0;
	*ret = lib;
	return 1;
}

static int major_of(void *lib)
{
	const struct {
		int major;
	} * (*version)(void);

	*(void **)&version = dlsym(lib, "dnnl_version");
	return version ? version()->major : 0;
}

static void find_onednn(void)
{
	void *lib = RTLD_NEXT;
	execute_fn *execute = execute_of(lib);

	if (!execute) {
		dl_iterate_phdr(try_object, &lib);
		if (lib == RTLD_NEXT)
			return;
		execute = execute_of(lib);
	}
	*(void **)&dnnl.get_desc = dlsym(lib, "dnnl_primitive_get_primitive_desc");
	*(void **)&dnnl.query_md = dlsym(lib, "dnnl_primitive_desc_query_md");
	*(void **)&dnnl.md_query = dlsym(lib, "dnnl_memory_desc_query");
	dnnl.major = major_of(lib);
	if (!dnnl.get_desc || !dnnl.query_md ||
		(dnnl.major != 2 && !(dnnl.major == 3 && dnnl.md_query)))
		dnnl.major = 0;
	if (!dnnl.major)
		erg_marker("erg: itt: this oneDNN is neither version 2 nor 3: no shapes", 0);
	__atomic_store_n(&dnnl.execute, execute, __ATOMIC_RELEASE);
}

ERG_API int dnnl_primitive_execute(const void *primitive, void *stream, int n, const void *args)
{
	const void *outer = running;
	execute_fn *execute = __atomic_load_n(&dnnl.execute, __ATOMIC_ACQUIRE);
	int status;

	if (!execute) {
		find_onednn();
		execute = __atomic_load_n(&dnnl.execute, __ATOMIC_ACQUIRE);
		if (!execute)
			return DNNL_UNIMPLEMENTED;
	}
	running = primitive;
	status = execute(primitive, stream, n, args);
	running = outer;
	return status;
}

static bool read_md(const void *md, struct shape *ret)
{
	const int64_t *dims = NULL;

	ret->n = 0;
	if (!md)
		return false;
	if (dnnl.major == 2) {
		ret->n = ((const struct md2 *)md)->ndims;
		dims = ((const struct md2 *)md)->dims;
	} else if (dnnl.md_query(md, QUERY3_NDIMS, &ret->n) ||
		dnnl.md_query(md, QUERY3_DIMS, &dims)) {
		ret->n = 0;
	}
	if (ret->n <= 0 || ret->n > DNNL_DIMS || !dims)
		return ret->n = 0, false;
	memcpy(ret->d, dims, (size_t)ret->n * sizeof(dims[0]));
	return true;
}

static bool read_shapes(struct shapes *s)
{
	const void *desc;

	memset(s, 0, sizeof(*s));
	if (!running || !dnnl.major || dnnl.get_desc(running, &desc))
		return false;
	if (!read_md(dnnl.query_md(desc, QUERY_SRC, 0), &s->src))
		read_md(dnnl.query_md(desc, QUERY_DIFF_SRC, 0), &s->src);
	if (!read_md(dnnl.query_md(desc, QUERY_WEIGHTS, 0), &s->weights))
		read_md(dnnl.query_md(desc, QUERY_DIFF_WEIGHTS, 0), &s->weights);
	if (!read_md(dnnl.query_md(desc, QUERY_DST, 0), &s->dst))
		read_md(dnnl.query_md(desc, QUERY_DIFF_DST, 0), &s->dst);
	return s->src.n || s->dst.n;
}

static uint64_t shape_elements(const struct shape *s)
{
	uint64_t n = s->n > 0;

	for (int i = 0; i < s->n; i++)
		n *= s->d[i] > 0 ? (uint64_t)s->d[i] : 0;
	return n;
}

static uint64_t macs_of(const char *kind, const struct shapes *s)
{
	bool deconv = !strcmp(kind, "deconvolution");
	int group = s->weights.n > s->src.n;
	uint64_t channels;

	if (!strcmp(kind, "matmul"))
		return shape_elements(&s->dst) * (s->src.n ? (uint64_t)s->src.d[s->src.n - 1] : 0);
	if (strcmp(kind, "convolution") && strcmp(kind, "inner_product") && !deconv)
		return 0;
	if (s->weights.n < group + 2)
		return 0;
	channels = (uint64_t)s->weights.d[group + deconv] * (group ? (uint64_t)s->weights.d[0] : 1);
	return channels ? shape_elements(deconv ? &s->src : &s->dst) *
			(shape_elements(&s->weights) / channels)
			: 0;
}

const char *erg_onednn_type(const char *kind)
{
	static const char *const names[][2] = {{"convolution", "conv"}, {"deconvolution", "deconv"},
		{"inner_product", "fc"}, {"pooling", "pool"}, {"pooling_v2", "pool"},
		{"softmax_v2", "softmax"}, {"batch_normalization", "norm"},
		{"layer_normalization", "norm"}, {"group_normalization", "norm"}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(kind, names[i][0]))
			return names[i][1];
	return kind;
}

static size_t put_shape(char *to, size_t cap, const char *lead, const struct shape *s)
{
	size_t n = 0;

	for (int i = 0; i < s->n && n < cap; i++)
		n += (size_t)snprintf(to + n, cap - n, "%s%lld", i ? "x" : lead,
			(long long)s->d[i]);
	return n < cap ? n : cap - 1;
}

static uint8_t copy_shape(uint32_t to[ERG_MAX_DIMS], const struct shape *s)
{
	int n = s->n < ERG_MAX_DIMS ? s->n : ERG_MAX_DIMS;

	for (int i = 0; i < n; i++)
		to[i] = (uint32_t)s->d[i];
	return (uint8_t)n;
}

static uint32_t define_primitive(uint32_t parent, const char *kind, const struct shapes *s)
{
	struct erg_layer_info i = {.size = sizeof(i), .type = erg_onednn_type(kind)};
	char name[320];
	size_t n = (size_t)snprintf(name, sizeof(name), "%.40s", kind);

	n += put_shape(name + n, sizeof(name) - n, " ", &s->src);
	n += put_shape(name + n, sizeof(name) - n, " w", &s->weights);
	put_shape(name + n, sizeof(name) - n, " -> ", &s->dst);
	i.name = name;
	i.macs = macs_of(kind, s);
	i.params = shape_elements(&s->weights);
	i.in_dims = copy_shape(i.in_shape, &s->src);
	i.out_dims = copy_shape(i.out_shape, &s->dst);
	i.kernel_dims = copy_shape(i.kernel_shape, &s->weights);
	return erg_layer(parent, &i);
}

static uint64_t mix(uint64_t h, const struct shape *s)
{
	h = (h ^ (uint64_t)s->n) * 0x9e3779b97f4a7c15u;
	for (int i = 0; i < s->n; i++)
		h = ((h ^ h >> 29) ^ (uint64_t)s->d[i]) * 0x9e3779b97f4a7c15u;
	return h;
}

uint32_t erg_onednn_layer(struct erg_adapter_thread *t, uint32_t parent, const char *kind)
{
	struct shapes s;
	uint64_t h = (uint64_t)(uintptr_t)kind ^ (uint64_t)parent << 48;
	uint32_t slot;

	if (!read_shapes(&s))
		return 0;
	h = mix(mix(mix(h, &s.src), &s.weights), &s.dst);
	slot = (uint32_t)(h ^ h >> 32) & (ERG_CACHE_SIZE - 1);
	if (!t->cache[slot].id || t->cache[slot].hash != h) {
		t->cache[slot].hash = h;
		t->cache[slot].id = define_primitive(parent, kind, &s);
	}
	return t->cache[slot].id;
}
