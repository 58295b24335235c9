/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The last readings, on a page.
 *
 * A rail has its energy since the first reading, too: who looks twice has the mean power between, also
 * of a sensor that changes faster than anybody looks. A counter's power is that since its last change,
 * and what it saw is the time since then.
 */
#include "record/sampler/show.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "record/sources/rail_power.h"

#define EMA_PERIODS 4 /* of 1 / alpha: what is older counts for less than 2 % */

/* What the writer of a line knows beyond it. */
struct writer {
	uint32_t source;
	bool is_rail, valid;
	struct erg_rail_form form;
	size_t channel;
	/* of a counter, since its last change */
	uint64_t changed_ns;
	int64_t changed_raw;
	double last_w, fastest;
	uint64_t last_ns;
};

struct erg_show {
	const struct erg_source_list *sources;
	struct erg_show_page *page;
	int fd;
	struct writer writers[ERG_SHOW_LINES];
};

static enum erg_show_slow slow_of(const struct erg_source *s, const struct erg_channel_def *c)
{
	if (c->quantity != ERG_Q_COUNT || s->cls != ERG_CLASS_THERMAL)
		return ERG_SHOW_SLOW_NOT;
	if (!strcmp(c->unit, "bits"))
		return ERG_SHOW_SLOW_BITS;
	if (strcmp(c->unit, "1"))
		return ERG_SHOW_SLOW_NOT;
	return s->model.kind == ERG_SENSOR_COUNTER ? ERG_SHOW_SLOW_COUNTS : ERG_SHOW_SLOW_LEVEL;
}

static bool shown(const struct erg_source *s, const struct erg_channel_def *c)
{
	return c->quantity == ERG_Q_TEMPERATURE || c->quantity == ERG_Q_FREQUENCY ||
		slow_of(s, c) != ERG_SHOW_SLOW_NOT;
}

static void add_line(struct erg_show *s, uint32_t source, size_t channel)
{
	const struct erg_source *src = s->sources->sources[source];
	const struct erg_channel_def *c = &src->channels[channel];
	struct writer w = {.source = source, .channel = channel};
	struct erg_show_line *l;

	w.is_rail = src->cls == ERG_CLASS_POWER && erg_rail_form(src, channel, &w.form);
	if (!w.is_rail && !shown(src, c))
		return;
	if (s->page->n == ERG_SHOW_LINES) {
		s->page->left_out++;
		return;
	}
	l = &s->page->lines[s->page->n];
	memcpy(l->rail, c->rail, sizeof(l->rail));
	memcpy(l->parent, c->parent, sizeof(l->parent));
	l->quantity = w.is_rail ? ERG_Q_POWER : c->quantity;
	l->source = source;
	l->simulated = src->simulated;
	l->assumed = src->model.provenance == ERG_PROVENANCE_ASSUMED;
	l->lag_ns = src->model.lag_ns;
	l->slow = slow_of(src, c);
	s->writers[s->page->n++] = w;
}

/* Nobody can make the file shorter under who has mapped it. */
static int page_make(struct erg_show *s, struct erg_err *err)
{
	s->fd = memfd_create(ERG_SHOW_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0 || ftruncate(s->fd, sizeof(*s->page)) < 0)
		return erg_fail_errno(err, -errno, "page of readings");
	(void)!fcntl(s->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	s->page = mmap(NULL, sizeof(*s->page), PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (s->page == MAP_FAILED) {
		s->page = NULL;
		return erg_fail_errno(err, -errno, "page of readings");
	}
	return 0;
}

int erg_show_new(const struct erg_source_list *sources, const char *run_id, const char *what,
	struct erg_show **ret, struct erg_err *err)
{
	struct erg_show *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return erg_fail_errno(err, -ENOMEM, "page of readings");
	s->sources = sources;
	r = page_make(s, err);
	if (r < 0) {
		erg_show_free(s);
		return r;
	}
	for (size_t i = 0; i < sources->n; i++)
		for (size_t k = 0; k < sources->sources[i]->n_channels; k++)
			add_line(s, (uint32_t)i, k);
	strncpy(s->page->run_id, run_id, sizeof(s->page->run_id) - 1);
	strncpy(s->page->what, what, sizeof(s->page->what) - 1);
	s->page->begin_ns = erg_mono_ns();
	s->page->version = ERG_SHOW_VERSION;
	s->page->size = sizeof(*s->page);
	__atomic_store_n(&s->page->magic, ERG_SHOW_MAGIC, __ATOMIC_RELEASE);
	*ret = s;
	return 0;
}

void erg_show_free(struct erg_show *s)
{
	if (!s)
		return;
	if (s->page)
		munmap(s->page, sizeof(*s->page));
	erg_closep(&s->fd);
	free(s);
}

struct erg_show_page *erg_show_page(struct erg_show *s)
{
	return s->page;
}

void erg_show_end(struct erg_show *s)
{
	if (s)
		atomic_store(&s->page->ended, 1);
}

static void publish(struct erg_show_line *l, const struct erg_show_value *v)
{
	uint32_t number = atomic_load_explicit(&l->number, memory_order_relaxed);

	atomic_store_explicit(&l->number, number + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	l->last = *v;
	atomic_store_explicit(&l->number, number + 2, memory_order_release);
}

/* What a reading of a power sensor saw, ns. */
static uint64_t window_of(const struct erg_sensor_model *m)
{
	if (m->kind == ERG_SENSOR_EMA && m->alpha > 0)
		return m->window_ns + (uint64_t)(EMA_PERIODS / m->alpha * (double)m->period_ns);
	return m->window_ns;
}

/* False until a counter has changed twice. */
static bool take_counter(struct writer *w, const struct erg_channel_def *c, uint64_t time_ns,
	int64_t raw, struct erg_show_value *v)
{
	double dt = (double)(time_ns - w->changed_ns) * 1e-9, joules;

	if (w->valid && raw == w->changed_raw)
		return false;
	if (w->valid && dt > 0) {
		w->fastest = erg_counter_rate(c, w->changed_raw, raw, dt) > w->fastest
			? erg_counter_rate(c, w->changed_raw, raw, dt)
			: w->fastest;
		if (raw > w->changed_raw ||
			erg_counter_wrapped(c, w->changed_raw, raw, dt, w->fastest)) {
			joules = (double)erg_rail_difference(w->changed_raw, raw, c->wrap) *
				c->scale;
			v->energy_j += joules;
			v->value = joules / dt;
			v->saw_ns = time_ns - w->changed_ns;
			v->time_ns = time_ns;
		}
	}
	w->valid = true;
	w->changed_ns = time_ns;
	w->changed_raw = raw;
	return v->time_ns == time_ns;
}

static bool take_rail(struct writer *w, const struct erg_source *s, uint64_t time_ns,
	const int64_t *values, struct erg_show_value *v)
{
	double watts;

	if (w->form.by == ERG_Q_ENERGY)
		return values[w->form.value] != ERG_VALUE_NONE &&
			take_counter(w, &s->channels[w->form.value], time_ns, values[w->form.value],
				v);
	if (!erg_rail_watts(s, &w->form, values, &watts))
		return false;
	if (w->valid)
		v->energy_j += (watts + w->last_w) / 2 * (double)(time_ns - w->last_ns) * 1e-9;
	w->valid = true;
	w->last_w = v->value = watts;
	w->last_ns = v->time_ns = time_ns;
	v->saw_ns = window_of(&s->model);
	return true;
}

void erg_show_take(struct erg_show *s, uint32_t source, uint64_t time_ns, const int64_t *values)
{
	for (size_t i = 0; s && i < s->page->n; i++) {
		struct writer *w = &s->writers[i];
		struct erg_show_line *l = &s->page->lines[i];
		const struct erg_source *src = s->sources->sources[w->source];
		struct erg_show_value v = l->last;

		if (w->source != source || time_ns <= v.time_ns)
			continue;
		if (w->is_rail) {
			if (take_rail(w, src, time_ns, values, &v))
				publish(l, &v);
			continue;
		}
		if (values[w->channel] == ERG_VALUE_NONE)
			continue;
		v.time_ns = time_ns;
		v.value = erg_channel_si(&src->channels[w->channel], values[w->channel]);
		publish(l, &v);
	}
}

bool erg_show_read(const struct erg_show_line *l, struct erg_show_value *ret)
{
	for (int i = 0; i < 16; i++) {
		uint32_t before = atomic_load_explicit(&l->number, memory_order_acquire);

		*ret = l->last;
		atomic_thread_fence(memory_order_acquire);
		if (!(before & 1) &&
			atomic_load_explicit(&l->number, memory_order_relaxed) == before)
			return ret->time_ns != 0;
	}
	return false;
}
