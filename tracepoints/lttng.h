/* SPDX-License-Identifier: MIT */
/*
 * LTTng-UST under the names of 2.13, also where it is 2.12 (Debian 11, Ubuntu 20.04): meson defines
 * ERG_LTTNG_UST_2_12 there. The traces are the same. To be included where <lttng/tracepoint.h> would be:
 * before the events of a provider.
 *
 * What has no common name:
 *
 *   ERG_TRACEPOINT(event)                 the tracepoint of an event of provider ergtrace
 *   ERG_PROBE_ATTACH(attach, event, fn)   calls ATTACH so that FN becomes a probe of it; 0 on success
 *   ERG_PROBE_DETACH(detach, event, fn)
 *   erg_attach_fn, erg_detach_fn, ERG_ATTACH_SYMBOL, ERG_DETACH_SYMBOL, ERG_PROBE(provider, event)
 *                                         what ATTACH and DETACH are, and how they name a tracepoint
 */
#ifndef ERG_TRACEPOINTS_LTTNG_H
#define ERG_TRACEPOINTS_LTTNG_H

#define ERG_PROBE_ATTACH(attach, event, fn)                                                        \
	attach(ERG_PROBE("ergtrace", #event), (void (*)(void))(fn), NULL,                          \
		ERG_TRACEPOINT(event).signature)
#define ERG_PROBE_DETACH(detach, event, fn)                                                        \
	detach(ERG_PROBE("ergtrace", #event), (void (*)(void))(fn), NULL)

#ifndef ERG_LTTNG_UST_2_12

#include <lttng/tracepoint.h>

#define ERG_TRACEPOINT(event) lttng_ust_tracepoint_ergtrace___##event
#define ERG_PROBE(provider, event) provider, event
#define ERG_ATTACH_SYMBOL "lttng_ust_tracepoint_provider_register"
#define ERG_DETACH_SYMBOL "lttng_ust_tracepoint_provider_unregister"
#define ERG_STATEDUMP_SIGNATURE "struct lttng_ust_session *, session"
typedef int erg_attach_fn(const char *provider, const char *event, void (*func)(void), void *data,
	const char *signature);
typedef int erg_detach_fn(const char *provider, const char *event, void (*func)(void), void *data);

#else

/* 2.12 wants these before its header. */
#define TRACEPOINT_PROVIDER LTTNG_UST_TRACEPOINT_PROVIDER
#define TRACEPOINT_INCLUDE LTTNG_UST_TRACEPOINT_INCLUDE
#ifdef LTTNG_UST_TRACEPOINT_DEFINE
#define TRACEPOINT_DEFINE
#endif
#ifdef LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define TRACEPOINT_CREATE_PROBES
#endif

#include <lttng/tracepoint.h>

#define LTTNG_UST_TRACEPOINT_EVENT TRACEPOINT_EVENT
#define LTTNG_UST_TRACEPOINT_EVENT_CLASS TRACEPOINT_EVENT_CLASS
#define LTTNG_UST_TRACEPOINT_EVENT_INSTANCE(class_provider, class, provider, name, args)           \
	TRACEPOINT_EVENT_INSTANCE(provider, class, name, ERG_JOINED(args))
#define ERG_JOINED(...) __VA_ARGS__
#define LTTNG_UST_TP_ARGS TP_ARGS
#define LTTNG_UST_TP_FIELDS TP_FIELDS
#define lttng_ust_field_integer ctf_integer
#define lttng_ust_field_integer_hex ctf_integer_hex
#define lttng_ust_field_float ctf_float
#define lttng_ust_field_string ctf_string
#define lttng_ust_field_sequence ctf_sequence
#define lttng_ust_tracepoint(...) tracepoint(__VA_ARGS__)
#define lttng_ust_tracepoint_enabled(...) tracepoint_enabled(__VA_ARGS__)
#define lttng_ust_tracepoint_provider_register __tracepoint_probe_register
#define lttng_ust_tracepoint_provider_unregister __tracepoint_probe_unregister
#define lttng_ust_tracepoint_dlopen_ptr tracepoint_dlopen_ptr

#define ERG_TRACEPOINT(event) __tracepoint_ergtrace___##event
#define ERG_PROBE(provider, event) provider ":" event
#define ERG_ATTACH_SYMBOL "__tracepoint_probe_register"
#define ERG_DETACH_SYMBOL "__tracepoint_probe_unregister"
#define ERG_STATEDUMP_SIGNATURE "struct lttng_session *, session"
typedef int erg_attach_fn(const char *name, void (*func)(void), void *data, const char *signature);
typedef int erg_detach_fn(const char *name, void (*func)(void), void *data);

#endif /* ERG_LTTNG_UST_2_12 */
#endif /* ERG_TRACEPOINTS_LTTNG_H */
