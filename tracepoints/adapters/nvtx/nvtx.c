/* SPDX-License-Identifier: MIT */
/*
 * NVTX ranges become layers. Loaded by NVTX itself (NVTX_INJECTION64_PATH), version 2 or 3.
 *
 *	push/pop	layers of the thread, nested; the parent is the enclosing range of the
 *			domain, the outermost one's is the domain, as a network (the program, for
 *			the domain without a name)
 *	start/end	spans of the track "ranges DOMAIN": they may cross threads
 *	mark		markers, with their colour
 *	categories	the type of a layer
 *	payload		the MACs or the iteration, if ERG_NVTX_PAYLOAD says macs or iteration; of a
 *			payload with a schema, also the name (payload.h)
 *	counters	counters of the application (payload.h)
 *	thread names	names of threads
 *
 * Texts that hold more than a name are read (name.h), and numbers that count calls are no part of a
 * name (numbers.h). MACs that a text gives differ from call to call: they are summed in the counter
 * "MACs", from which the analysis has them; the layer's own are those of its first call.
 *
 * ERG_NVTX_LAYERS decides which ranges are networks and modules instead (policy.h). Each range that
 * is a network is one iteration. While nothing records, ranges are only counted.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/nvtx/domain.h"
#include "tracepoints/adapters/nvtx/name.h"
#include "tracepoints/adapters/nvtx/numbers.h"
#include "tracepoints/adapters/nvtx/nvtx_abi.h"
#include "tracepoints/adapters/nvtx/payload.h"
#include "tracepoints/adapters/nvtx/policy.h"

#define NO_PUSH_POP_TRACKING (-2) /* what NVTX returns where nobody counts */

static const struct nvtx_policy *policy;
static enum { PAYLOAD_NONE, PAYLOAD_MACS, PAYLOAD_ITERATION } payload_is;
static bool keep_numbers;

/* A message and the attributes that matter, whatever call they came by; whoever takes one by value
 * frees it. */
struct message {
	const char *text;
	char *owned; /* the text where it had to be made, else NULL */
	uint32_t category;
	uint32_t color;
	uint64_t payload;
};

static uint64_t payload_of(const struct nvtx_attributes *a)
{
	switch (a->payload_type) {
	case NVTX_PAYLOAD_U64:
		return a->payload.u64;
	case NVTX_PAYLOAD_I64:
		return a->payload.i64 > 0 ? (uint64_t)a->payload.i64 : 0;
	case NVTX_PAYLOAD_U32:
		return a->payload.u32;
	case NVTX_PAYLOAD_I32:
		return a->payload.i32 > 0 ? (uint64_t)a->payload.i32 : 0;
	case NVTX_PAYLOAD_DOUBLE:
		return a->payload.d > 0 && a->payload.d < 1e18 ? (uint64_t)a->payload.d : 0;
	case NVTX_PAYLOAD_FLOAT:
		return a->payload.f > 0 && a->payload.f < 1e18f ? (uint64_t)a->payload.f : 0;
	default:
		return 0;
	}
}

/* NVTX gives NULL for the domain without a name. */
static struct nvtx_domain *or_default(struct nvtx_domain *d)
{
	return d ? d : nvtx_domain_default();
}

/* What payloads with schemas say, over what M says. */
static void read_payloads(const struct nvtx_domain *d, const struct nvtx_payload_data *data,
	size_t count, struct message *m)
{
	static const char *const names[] = {NULL, "macs", "iteration"};
	struct nvtx_payload p;

	nvtx_payload_read(d, data, count, names[payload_is], &p);
	if (p.message && !*m->text)
		m->text = p.message;
	m->color = p.color ? p.color : m->color;
	m->category = p.category ? p.category : m->category;
	m->payload = p.has_value ? p.value : m->payload;
}

static struct message read_attributes(struct nvtx_domain *d, const struct nvtx_attributes *a)
{
	struct message m = {.text = ""};

	if (!a || a->size < sizeof(*a))
		return m;
	m.category = a->category;
	m.color = a->color_type == NVTX_COLOR_ARGB ? a->color & 0xffffff : 0;
	m.payload = payload_of(a);
	if (a->message_type == NVTX_MESSAGE_ASCII && a->message.ascii)
		m.text = a->message.ascii;
	else if (a->message_type == NVTX_MESSAGE_REGISTERED && a->message.registered)
		m.text = ((const struct nvtx_string *)a->message.registered)->text;
	else if (a->message_type == NVTX_MESSAGE_UNICODE)
		m.owned = erg_adapter_narrow(a->message.unicode);
	if (m.owned)
		m.text = m.owned;
	if (a->payload_type == NVTX_PAYLOAD_EXT)
		read_payloads(or_default(d),
			(const struct nvtx_payload_data *)(uintptr_t)a->payload.u64,
			a->reserved0 > 0 ? (size_t)a->reserved0 : 0, &m);
	return m;
}

static uint32_t network_of(struct nvtx_domain *d)
{
	if (!d->network)
		d->network = erg_network(*d->name ? d->name : erg_adapter_program());
	return d->network;
}

/* Counts MACS in the calling thread, within the range that has just begun. */
static void count_macs(uint64_t macs)
{
	static _Atomic uint32_t known; /* index + 1 */
	uint32_t index = atomic_load_explicit(&known, memory_order_relaxed);

	if (!macs || macs > INT64_MAX)
		return;
	if (!index) {
		index = erg_counter("MACs") + 1;
		atomic_store(&known, index);
	}
	erg_counter_add(index - 1, (int64_t)macs);
}

/* The layer's name: in N, which is all that the text says, or TEXT itself. */
static const char *name_of(struct erg_adapter_thread *t, enum erg_range_level level,
	uint32_t parent, const char *text, struct nvtx_name *n)
{
	char folded[NVTX_NAME_MAX];

	if (nvtx_name_read(text, n)) {
		text = n->name;
	} else {
		n->type = NULL;
		n->info = (struct erg_layer_info){0};
		n->macs = 0;
		n->is_path = n->is_note = false;
	}
	if (keep_numbers || n->is_path || !text[strcspn(text, "0123456789")] ||
		erg_adapter_known(t, level, parent, text))
		return text;
	if (nvtx_numbers_by_words(text, folded, sizeof(folded)))
		text = strcpy(n->name, folded);
	if (nvtx_numbers_by_count(parent, text, folded, sizeof(folded)))
		text = strcpy(n->name, folded);
	return text;
}

/* Of the range NAME that N and M describe; 0 where it is none. */
static uint32_t id_of(struct erg_adapter_thread *t, enum erg_range_level level, uint32_t parent,
	const char *name, struct nvtx_domain *d, const struct message *m, const struct nvtx_name *n)
{
	const char *type = n->type && !m->category ? n->type : nvtx_category_name(d, m->category);

	return n->is_note ? 0 : erg_adapter_id(t, level, parent, name, type, &n->info);
}

static uint32_t layer_of(struct erg_adapter_thread *t, struct nvtx_domain *d,
	const struct message *m, int depth, uint64_t *ret_macs)
{
	enum erg_range_level level =
		policy ? nvtx_policy_level(policy, d->name, depth) : ERG_RANGE_LAYER;
	struct nvtx_name n;
	const char *name;
	uint32_t parent = 0;

	if (level == ERG_RANGE_SKIP)
		return 0;
	if (level != ERG_RANGE_NETWORK)
		parent = erg_adapter_parent(t, d, 0);
	if (!parent && level != ERG_RANGE_NETWORK)
		parent = network_of(d);
	name = name_of(t, level, parent, m->text, &n);
	if (n.is_note)
		return 0;
	if (level == ERG_RANGE_NETWORK)
		erg_iteration(t->iteration++);
	*ret_macs = n.info.macs = n.macs;
	if (payload_is == PAYLOAD_MACS)
		n.info.macs = m->payload;
	else if (payload_is == PAYLOAD_ITERATION && m->payload)
		erg_iteration((uint32_t)m->payload);
	return id_of(t, level, parent, name, d, m, &n);
}

static int push(struct nvtx_domain *given, struct message m)
{
	struct erg_adapter_thread *t = erg_adapter_self();
	struct nvtx_domain *d = or_default(given);
	int depth = NO_PUSH_POP_TRACKING;
	uint64_t macs = 0;

	if (t && d) {
		depth = erg_adapter_depth(t, d);
		erg_adapter_push(t, d, erg_enabled() ? layer_of(t, d, &m, depth, &macs) : 0);
		count_macs(macs);
	}
	free(m.owned);
	return depth;
}

static int pop(struct nvtx_domain *given)
{
	struct erg_adapter_thread *t = erg_adapter_self();
	struct nvtx_domain *d = or_default(given);

	if (!t || !d || !erg_adapter_pop(t, d))
		return NO_PUSH_POP_TRACKING;
	return erg_adapter_depth(t, d);
}

static void mark_message(struct message m)
{
	if (erg_enabled())
		erg_marker(m.text, m.color);
	free(m.owned);
}

static uint32_t track_of(struct nvtx_domain *d)
{
	char name[256];

	if (!d->track) {
		snprintf(name, sizeof(name), "ranges %s", *d->name ? d->name : "default");
		d->track = erg_track(name, false);
	}
	return d->track;
}

static uint64_t start_range(struct nvtx_domain *given, struct message m)
{
	struct erg_adapter_thread *t = erg_adapter_self();
	struct nvtx_domain *d = or_default(given);
	uint32_t layer = 0, track = 0;
	struct nvtx_name n;

	if (t && d && erg_enabled()) {
		const char *name = name_of(t, ERG_RANGE_LAYER, network_of(d), m.text, &n);

		track = track_of(d);
		n.info.macs = n.macs;
		layer = id_of(t, ERG_RANGE_LAYER, network_of(d), name, d, &m, &n);
	}
	free(m.owned);
	return nvtx_open_start(layer, track);
}

static void end_range(uint64_t id)
{
	struct nvtx_open o;

	if (nvtx_open_end(id, &o) && o.layer)
		erg_span(o.layer, 0, o.begin_ns, erg_now_ns(), o.track);
}

static struct message plain(const char *text)
{
	return (struct message){.text = text ? text : ""};
}

static struct message wide(const wchar_t *text)
{
	struct message m = {.owned = erg_adapter_narrow(text)};

	m.text = m.owned ? m.owned : "";
	return m;
}

/* ---- the calls, in the order of the two tables ---- */

static void domain_mark_ex(struct nvtx_domain *d, const struct nvtx_attributes *a)
{
	mark_message(read_attributes(d, a));
}

static void mark_ex(const struct nvtx_attributes *a)
{
	mark_message(read_attributes(NULL, a));
}

static void mark_a(const char *text)
{
	mark_message(plain(text));
}

static void mark_w(const wchar_t *text)
{
	mark_message(wide(text));
}

static uint64_t domain_start_ex(struct nvtx_domain *d, const struct nvtx_attributes *a)
{
	return start_range(d, read_attributes(d, a));
}

static uint64_t start_ex(const struct nvtx_attributes *a)
{
	return start_range(NULL, read_attributes(NULL, a));
}

static uint64_t start_a(const char *text)
{
	return start_range(NULL, plain(text));
}

static uint64_t start_w(const wchar_t *text)
{
	return start_range(NULL, wide(text));
}

static void domain_end(struct nvtx_domain *d, uint64_t id)
{
	(void)d;
	end_range(id);
}

static int domain_push_ex(struct nvtx_domain *d, const struct nvtx_attributes *a)
{
	return push(d, read_attributes(d, a));
}

static int push_ex(const struct nvtx_attributes *a)
{
	return push(NULL, read_attributes(NULL, a));
}

static int push_a(const char *text)
{
	return push(NULL, plain(text));
}

static int push_w(const wchar_t *text)
{
	return push(NULL, wide(text));
}

static int pop_default(void)
{
	return pop(NULL);
}

static void domain_category_a(struct nvtx_domain *d, uint32_t id, const char *name)
{
	d = or_default(d);
	if (d)
		nvtx_category_set(d, id, name);
}

static void domain_category_w(struct nvtx_domain *d, uint32_t id, const wchar_t *name)
{
	char *s = erg_adapter_narrow(name);

	domain_category_a(d, id, s);
	free(s);
}

static void category_a(uint32_t id, const char *name)
{
	domain_category_a(NULL, id, name);
}

static void category_w(uint32_t id, const wchar_t *name)
{
	domain_category_w(NULL, id, name);
}

static void thread_name_w(uint32_t tid, const wchar_t *name)
{
	char *s = erg_adapter_narrow(name);

	erg_thread_name_of(tid, s);
	free(s);
}

static const void *register_a(struct nvtx_domain *d, const char *text)
{
	d = or_default(d);
	return d ? nvtx_string_get(d, text) : NULL;
}

static const void *register_w(struct nvtx_domain *d, const wchar_t *text)
{
	char *s = erg_adapter_narrow(text);
	const void *handle = register_a(d, s);

	free(s);
	return handle;
}

static struct nvtx_domain *create_w(const wchar_t *name)
{
	char *s = erg_adapter_narrow(name);
	struct nvtx_domain *d = nvtx_domain_get(s);

	free(s);
	return d;
}

static void nothing(void)
{
}

/* ---- the extension modules ---- */

static struct message from_payload(struct nvtx_domain *d, const struct nvtx_payload_data *data,
	size_t count)
{
	struct message m = {.text = ""};

	read_payloads(or_default(d), data, count, &m);
	return m;
}

static int payload_push(struct nvtx_domain *d, const struct nvtx_payload_data *data, size_t count)
{
	return push(d, from_payload(d, data, count));
}

/* What an end adds to its range comes too late for a name. */
static int payload_pop(struct nvtx_domain *d, const struct nvtx_payload_data *data, size_t count)
{
	(void)data;
	(void)count;
	return pop(d);
}

static uint64_t payload_start(struct nvtx_domain *d, const struct nvtx_payload_data *data,
	size_t count)
{
	return start_range(d, from_payload(d, data, count));
}

static void payload_end(struct nvtx_domain *d, uint64_t id, const struct nvtx_payload_data *data,
	size_t count)
{
	(void)d;
	(void)data;
	(void)count;
	end_range(id);
}

static void payload_mark(struct nvtx_domain *d, const struct nvtx_payload_data *data, size_t count)
{
	mark_message(from_payload(d, data, count));
}

static uint64_t schema_register(struct nvtx_domain *d, const struct nvtx_schema_attr *attr)
{
	return nvtx_schema_register(or_default(d), attr);
}

/* Values of enumerations are read as numbers. */
static uint64_t enum_register(struct nvtx_domain *d, const void *attr)
{
	(void)d;
	(void)attr;
	return 1u << 24;
}

static uint8_t domain_is_enabled(struct nvtx_domain *d)
{
	(void)d;
	return 1;
}

static uint64_t counter_register(struct nvtx_domain *d, const struct nvtx_counter_attr *attr)
{
	return nvtx_counter_register(or_default(d), attr);
}

static void counter_int64(struct nvtx_domain *d, uint64_t id, int64_t value)
{
	nvtx_counter_int64(or_default(d), id, value);
}

static void counter_float64(struct nvtx_domain *d, uint64_t id, double value)
{
	nvtx_counter_float64(or_default(d), id, value);
}

static void counter_sample(struct nvtx_domain *d, uint64_t id, const void *value, size_t size)
{
	nvtx_counter_sample(or_default(d), id, value, size);
}

static void counter_none(struct nvtx_domain *d, uint64_t id, uint8_t reason)
{
	nvtx_counter_none(or_default(d), id, reason);
}

static void counter_batch(struct nvtx_domain *d, const struct nvtx_counter_batch *batch)
{
	nvtx_counter_batch(or_default(d), batch);
}

#define F(fn) ((nvtx_function)(void (*)(void))(fn))

static const nvtx_function core[NVTX_CORE_SIZE] = {
	[NVTX_MARK_EX] = F(mark_ex),
	[NVTX_MARK_A] = F(mark_a),
	[NVTX_MARK_W] = F(mark_w),
	[NVTX_RANGE_START_EX] = F(start_ex),
	[NVTX_RANGE_START_A] = F(start_a),
	[NVTX_RANGE_START_W] = F(start_w),
	[NVTX_RANGE_END] = F(end_range),
	[NVTX_RANGE_PUSH_EX] = F(push_ex),
	[NVTX_RANGE_PUSH_A] = F(push_a),
	[NVTX_RANGE_PUSH_W] = F(push_w),
	[NVTX_RANGE_POP] = F(pop_default),
	[NVTX_NAME_CATEGORY_A] = F(category_a),
	[NVTX_NAME_CATEGORY_W] = F(category_w),
	[NVTX_NAME_OS_THREAD_A] = F(erg_thread_name_of),
	[NVTX_NAME_OS_THREAD_W] = F(thread_name_w),
};

static const nvtx_function core2[NVTX_CORE2_SIZE] = {
	[NVTX_DOMAIN_MARK_EX] = F(domain_mark_ex),
	[NVTX_DOMAIN_RANGE_START_EX] = F(domain_start_ex),
	[NVTX_DOMAIN_RANGE_END] = F(domain_end),
	[NVTX_DOMAIN_RANGE_PUSH_EX] = F(domain_push_ex),
	[NVTX_DOMAIN_RANGE_POP] = F(pop),
	[NVTX_DOMAIN_NAME_CATEGORY_A] = F(domain_category_a),
	[NVTX_DOMAIN_NAME_CATEGORY_W] = F(domain_category_w),
	[NVTX_DOMAIN_REGISTER_STRING_A] = F(register_a),
	[NVTX_DOMAIN_REGISTER_STRING_W] = F(register_w),
	[NVTX_DOMAIN_CREATE_A] = F(nvtx_domain_get),
	[NVTX_DOMAIN_CREATE_W] = F(create_w),
	[NVTX_DOMAIN_DESTROY] = F(nothing),
	[NVTX_INITIALIZE] = F(nothing),
};

static const nvtx_function payload_functions[NVTX_EXT_PAYLOAD_SIZE] = {
	[NVTX_EXT_SCHEMA_REGISTER] = F(schema_register),
	[NVTX_EXT_ENUM_REGISTER] = F(enum_register),
	[NVTX_EXT_MARK] = F(payload_mark),
	[NVTX_EXT_RANGE_PUSH] = F(payload_push),
	[NVTX_EXT_RANGE_POP] = F(payload_pop),
	[NVTX_EXT_RANGE_START] = F(payload_start),
	[NVTX_EXT_RANGE_END] = F(payload_end),
	[NVTX_EXT_DOMAIN_IS_ENABLED] = F(domain_is_enabled),
};

static const nvtx_function counter_functions[NVTX_EXT_COUNTERS_SIZE] = {
	[NVTX_EXT_COUNTER_REGISTER] = F(counter_register),
	[NVTX_EXT_COUNTER_INT64] = F(counter_int64),
	[NVTX_EXT_COUNTER_FLOAT64] = F(counter_float64),
	[NVTX_EXT_COUNTER_SAMPLE] = F(counter_sample),
	[NVTX_EXT_COUNTER_NO_VALUE] = F(counter_none),
	[NVTX_EXT_COUNTER_BATCH] = F(counter_batch),
};

static bool fill_module(const struct nvtx_callbacks *cb, int module, const nvtx_function *ours,
	unsigned n)
{
	nvtx_function **table = NULL;
	unsigned size = 0;

	if (!cb->get_module(module, &table, &size) || !table)
		return false;
	for (unsigned i = 1; i < n && i < size; i++)
		if (ours[i] && table[i])
			*table[i] = ours[i];
	return true;
}

ERG_API int InitializeInjectionNvtx2(nvtx_get_export_table get);

/* Returns 1 for success, as NVTX wants it. */
ERG_API int InitializeInjectionNvtx2(nvtx_get_export_table get)
{
	const struct nvtx_callbacks *cb = get ? get(NVTX_TABLE_CALLBACKS) : NULL;
	const struct nvtx_version_info *v = get ? get(NVTX_TABLE_VERSION) : NULL;
	const char *payload = getenv("ERG_NVTX_PAYLOAD"), *numbers = getenv("ERG_NVTX_NUMBERS");

	if (!cb || cb->struct_size < sizeof(*cb) || !cb->get_module)
		return 0;
	if (payload && !strcmp(payload, "macs"))
		payload_is = PAYLOAD_MACS;
	else if (payload && !strcmp(payload, "iteration"))
		payload_is = PAYLOAD_ITERATION;
	keep_numbers = numbers && !strcmp(numbers, "keep");
	if (!policy)
		policy = nvtx_policy_parse(getenv("ERG_NVTX_LAYERS"));
	if (v && v->struct_size >= sizeof(*v) && v->set_injection_version)
		v->set_injection_version(3);
	if (!fill_module(cb, NVTX_MODULE_CORE, core, NVTX_CORE_SIZE))
		return 0;
	fill_module(cb, NVTX_MODULE_CORE2, core2, NVTX_CORE2_SIZE);
	return 1;
}

ERG_API int InitializeInjectionNvtxExtension(struct nvtx_ext_module *module);

/* Called after InitializeInjectionNvtx2, once a module. Returns 1 for success; a module that we do not
 * know is left without functions, which makes its calls do nothing. */
ERG_API int InitializeInjectionNvtxExtension(struct nvtx_ext_module *m)
{
	const nvtx_function *ours = payload_functions;
	size_t n = NVTX_EXT_PAYLOAD_SIZE;

	if (!m || m->struct_size < sizeof(*m) || !m->n_segments || !m->segments->slots)
		return 0;
	if (m->module == NVTX_MODULE_COUNTERS) {
		ours = counter_functions;
		n = NVTX_EXT_COUNTERS_SIZE;
	} else if (m->module != NVTX_MODULE_PAYLOAD) {
		return 0;
	}
	for (size_t i = 0; i < n && i < m->segments->n_slots; i++)
		m->segments->slots[i] = (intptr_t)ours[i];
	return 1;
}
