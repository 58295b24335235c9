/* SPDX-License-Identifier: MIT */
#ifndef ERG_H
#define ERG_H

/*
 * liberg: tells ergtrace where the layers of a network begin and end.
 *
 *	uint32_t net = erg_network("squeezenet");
 *	uint32_t fire2 = erg_module(net, "fire2", "fire");
 *	struct erg_layer_info info = {.size = sizeof(info), .name = "fire2/squeeze1x1",
 *	                              .type = "conv", .macs = 4816896};
 *	uint32_t squeeze = erg_layer(fire2, &info);
 *	...
 *	erg_begin(squeeze);
 *	convolution(...);
 *	erg_end(squeeze);
 *
 * Where nothing records, a begin-end pair costs a load and a branch each. Every function may be
 * called from any thread; begin and end of one instance come from the same thread and nest.
 * A child of fork() keeps the definitions and is a process of its own in the recording.
 * Nothing here fails: when memory runs out, or a definition makes no sense (no name, no size), it
 * returns 0, and 0 is accepted everywhere as "no layer". What made no sense is a marker in the
 * recording.
 *
 * A framework that does not want to link a library takes erg_inline.h instead of this header.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header. Minor: something was added. Major: something that was there has changed. */
#define ERG_VERSION_MAJOR 0
#define ERG_VERSION_MINOR 2

/* With ERG_INLINE, which erg_inline.h defines, all functions are static and nothing is linked. */
#if defined(ERG_INLINE)
#define ERG_API static inline
#elif defined(__GNUC__)
#define ERG_API __attribute__((visibility("default")))
#else
#define ERG_API
#endif
#if defined(__GNUC__)
#define erg_unlikely_(x) __builtin_expect(!!(x), 0)
#else
#define erg_unlikely_(x) (x)
#endif

#define ERG_MAX_DIMS 8

/* What is known of a layer. Zero what is not known. Shapes are (N,)C,H,W or any order the
 * framework uses, ended by the dims count. */
struct erg_layer_info {
	size_t size;       /* sizeof(struct erg_layer_info): lets the struct grow; never 0 */
	const char *name;  /* unique within its network: "fire2/squeeze1x1" */
	const char *type;  /* conv, pool, fc, relu, lrn, concat, softmax, norm, attention, … */
	uint64_t macs;     /* multiply-accumulates of one call */
	uint64_t params;   /* number of parameters */
	uint64_t bytes_in; /* bytes of the inputs, outputs and parameters of one call */
	uint64_t bytes_out;
	uint64_t bytes_params;
	uint8_t in_dims, out_dims, kernel_dims; /* more than ERG_MAX_DIMS: the first of them */
	uint32_t in_shape[ERG_MAX_DIMS], out_shape[ERG_MAX_DIMS], kernel_shape[ERG_MAX_DIMS];
};

/* Definitions: return an id > 0, the same one when called again with the same parent and name.
 * Strings are copied. A network and a module can be begun and ended like a layer. */
ERG_API uint32_t erg_network(const char *name);
ERG_API uint32_t erg_module(uint32_t parent, const char *name, const char *type);
ERG_API uint32_t erg_layer(uint32_t parent, const struct erg_layer_info *info);

/* The calling thread's current iteration (inference or training step), 0 at first. */
ERG_API void erg_iteration(uint32_t iteration);

/* Not for direct use: what the inline functions below look at and call. The two are the states of
 * the events "layer" and "layer_counted"; a session may record either alone. */
#if defined(ERG_INLINE)
static const int *const *erg_inline_enabled_(void);
#define erg_enabled_ (erg_inline_enabled_())
#else
ERG_API extern const int *const erg_enabled_[2];
#endif
ERG_API void erg_begin_(uint32_t layer);
ERG_API void erg_end_(uint32_t layer);

/* Nonzero while a session records layers. */
static inline int erg_enabled(void)
{
	return *(const volatile int *)erg_enabled_[0] | *(const volatile int *)erg_enabled_[1];
}

static inline void erg_begin(uint32_t layer)
{
	if (erg_unlikely_(erg_enabled()))
		erg_begin_(layer);
}

static inline void erg_end(uint32_t layer)
{
	if (erg_unlikely_(erg_enabled()))
		erg_end_(layer);
}

/* Work that was timed elsewhere (a GPU kernel, a log): [begin_ns, end_ns] of CLOCK_MONOTONIC on a
 * track. erg_track() gives the same id for the same name and place; device: the track is a GPU's or
 * accelerator's, not a CPU's. */
ERG_API uint32_t erg_track(const char *name, bool device);
ERG_API void erg_span(uint32_t layer, uint32_t iteration, uint64_t begin_ns, uint64_t end_ns,
	uint32_t track);

/* Writing what is recorded takes a few microseconds wherever the layers between have filled the caches
 * with their own data. From erg_defer() to erg_flush(), layers of the calling thread that end are kept, up to 64 of
 * them, and written together: by erg_flush(), by the thread's end, or when there are more. Their times are those
 * of erg_begin() and erg_end(). For layers of milliseconds and less; a program that is killed between loses
 * what is kept. Layers that counted something are written at once. */
ERG_API void erg_defer(void);
ERG_API void erg_flush(void);

/* Ends the innermost open instance of LAYER of the calling thread and leaves those open that were
 * begun after it, where other annotation APIs let ranges overlap. A thread's layers nest, so the
 * instance is recorded as a span of TRACK; or not at all, if TRACK is 0. */
ERG_API void erg_end_overlapping(uint32_t layer, uint32_t track);

/* The name of the calling thread, or of the thread TID (as gettid() gives it), in what is recorded;
 * it may change. Names of the last 1024 threads that got one are kept for recordings that begin
 * later. */
ERG_API void erg_thread_name(const char *name);
ERG_API void erg_thread_name_of(uint32_t tid, const char *name);

/* Phases of the program (setup, warm-up, inference, idle); they nest within a thread. An end is that of the thread's
 * last open phase of this name, and nothing where there is none; what never ended ends with the run. */
ERG_API void erg_phase_begin(const char *name);
ERG_API void erg_phase_end(const char *name);

/* A moment worth a label. color: 0xRRGGBB, 0 for any. */
ERG_API void erg_marker(const char *text, uint32_t color);

/* The application's own counters (bytes moved, tokens, operations). Counts are per thread; layers
 * carry the differences between their begin and end beside those of the hardware counters. Define
 * counters before the first layer begins; at most ERG_MAX_COUNTERS in all. */
#define ERG_MAX_COUNTERS 32
/* Returns its index, UINT32_MAX when there is no room (which erg_counter_add ignores). */
ERG_API uint32_t erg_counter(const char *name);
ERG_API void erg_counter_add(uint32_t counter, int64_t n);

/* A hook that is called at the end of each layer, before its time is taken, to wait for an
 * asynchronous device; NULL (the default) for none. It serialises the device with the host, which
 * changes the total time: compare with a run without it. A thread that is at the end of a layer just
 * then may still call the hook that was set before, with the data of that one. */
ERG_API void erg_set_sync_hook(void (*hook)(void *data), void *data);

/* For adapters that follow the layers of each thread: called in the thread, while a session records,
 * when a layer has begun (begin is 1) and when one has ended or was dropped (0; layer and iteration
 * are those that it was begun with). What is told nests: when a layer ends within which others go
 * on, those are told to end and to begin again. NULL for none. */
ERG_API void erg_set_layer_hook(void (*hook)(void *data, uint32_t layer, uint32_t iteration,
					int begin),
	void *data);

/* CLOCK_MONOTONIC, ns. */
ERG_API uint64_t erg_now_ns(void);

#ifdef __cplusplus
}

namespace erg
{

/* A layer for as long as this object lives: { erg::scope in(conv1); convolution(…); } */
class scope
{
      public:
	explicit scope(uint32_t layer) : layer_(layer)
	{
		erg_begin(layer_);
	}
	~scope()
	{
		erg_end(layer_);
	}
	scope(const scope &) = delete;
	scope &operator=(const scope &) = delete;

      private:
	uint32_t layer_;
};

/* The same for a phase. NAME must live as long. */
class phase
{
      public:
	explicit phase(const char *name) : name_(name)
	{
		erg_phase_begin(name_);
	}
	~phase()
	{
		erg_phase_end(name_);
	}
	phase(const phase &) = delete;
	phase &operator=(const phase &) = delete;

      private:
	const char *name_;
};

} // namespace erg
#endif

#endif
