/* SPDX-License-Identifier: MIT */
/*
 * The counters of the process, in the order of their index: first those of the kernel's perf
 * events, which the recorder asks for by ERG_COUNTERS, then the application's own. The numbers in
 * ERG_COUNTERS come from libpfm4 in the recorder, so that nothing heavy enters the measured
 * program:
 *
 *	ERG_COUNTERS="[inherit;]NAME=TYPE:CONFIG[:CONFIG1[:CONFIG2]];NAME=…"	(numbers in hexadecimal)
 *
 * A thread's perf events are opened at its first layer. A reading that could not be made is
 * INT64_MIN and stays that in differences.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/liberg/internal.h"

static struct erg_counter_def defs[ERG_MAX_COUNTERS];
static struct erg_perf_spec specs[ERG_MAX_COUNTERS];
static uint32_t n_perf;
static bool inherit; /* by what a thread starts */

uint32_t erg_counters_n(void)
{
	return atomic_load(&erg_state_.counters);
}

const struct erg_counter_def *erg_counters_get(uint32_t index)
{
	return index < erg_counters_n() ? &defs[index] : NULL;
}

static uint32_t add_counter(const char *name, const char *origin)
{
	uint32_t n = erg_counters_n();
	char *copy = n < ERG_MAX_COUNTERS ? strdup(name) : NULL;

	if (!copy)
		return UINT32_MAX;
	defs[n] = (struct erg_counter_def){n, copy, origin};
	atomic_store(&erg_state_.counters, n + 1);
	return n;
}

static bool parse_hex(char **at, uint64_t *ret)
{
	char *end;

	*ret = strtoull(*at, &end, 16);
	if (end == *at)
		return false;
	*at = end;
	return true;
}

/* One NAME=TYPE:CONFIG[:CONFIG1[:CONFIG2]], which is changed by reading it. */
static bool parse_one(char *item, struct erg_perf_spec *ret)
{
	char *eq = strrchr(item, '=');
	uint64_t v[4] = {0};
	int n = 0;

	if (!eq || eq == item)
		return false;
	*eq++ = '\0';
	while (n < 4 && parse_hex(&eq, &v[n]) && ++n < 4 && *eq == ':')
		eq++;
	*ret = (struct erg_perf_spec){item, (uint32_t)v[0], v[1], v[2], v[3]};
	return n >= 2 && *eq == '\0';
}

void erg_counters_init(const char *spec)
{
	static _Atomic bool said;
	char *copy, *save = NULL;

	if (!spec || !(copy = strdup(spec)))
		return;
	for (char *item = strtok_r(copy, ";", &save); item; item = strtok_r(NULL, ";", &save)) {
		char name[ERG_TEXT_MAX];

		if (!strcmp(item, "inherit")) {
			inherit = true;
			continue;
		}
		if (n_perf == ERG_MAX_COUNTERS || !parse_one(item, &specs[n_perf])) {
			erg_notice(&said, "erg: ERG_COUNTERS: \"%s\" is not NAME=TYPE:CONFIG",
				item);
			continue;
		}
		erg_text_clean(name, specs[n_perf].name);
		if (add_counter(name, "perf") == UINT32_MAX)
			break;
		specs[n_perf].name = defs[n_perf].name;
		n_perf++;
	}
	free(copy);
}

uint32_t erg_counters_define(const char *name, bool *ret_new)
{
	uint32_t n, found = UINT32_MAX;

	erg_registry_lock();
	n = erg_counters_n();
	for (uint32_t i = n_perf; i < n && found == UINT32_MAX; i++)
		if (!strcmp(defs[i].name, name))
			found = i;
	*ret_new = found == UINT32_MAX;
	if (*ret_new)
		found = add_counter(name, "app");
	erg_registry_unlock();
	if (found == UINT32_MAX)
		*ret_new = false;
	return found;
}

void erg_counters_read_perf(struct erg_thread *t, struct erg_reading *ret)
{
	ret->enabled = ret->running = 0;
	if (!n_perf)
		return;
	if (erg_unlikely_(!t->perf_tried)) {
		t->perf_tried = true;
		t->perf = erg_perf_open(specs, n_perf, inherit);
	}
	erg_perf_read(t->perf, n_perf, ret);
}

void erg_counters_read_app(const struct erg_thread *t, struct erg_reading *ret)
{
	ret->n = erg_counters_n();
	for (uint32_t i = n_perf; i < ret->n; i++)
		ret->values[i] = t->app[i];
}

bool erg_counters_moved(const struct erg_thread *t, const struct erg_frame *f)
{
	const uint32_t n = erg_counters_n();
	const struct erg_reading *begin = t->readings ? &t->readings->at[f - t->frames] : NULL;

	if (n_perf)
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (t->app[i] != (begin && i < begin->n ? begin->values[i] : 0))
			return true;
	return false;
}

void erg_counters_copy(struct erg_reading *to, const struct erg_reading *from)
{
	to->enabled = from->enabled;
	to->running = from->running;
	for (uint32_t i = 0; i < n_perf; i++)
		to->values[i] = from->values[i];
}

void erg_counters_diff(const struct erg_reading *begin, const struct erg_reading *end,
	struct erg_reading *ret)
{
	ret->n = end->n;
	ret->enabled = end->enabled - begin->enabled;
	ret->running = end->running - begin->running;
	for (uint32_t i = 0; i < end->n; i++) {
		/* A counter defined after the beginning stood at 0 then. */
		int64_t was = i < begin->n ? begin->values[i] : 0;

		ret->values[i] = was == INT64_MIN || end->values[i] == INT64_MIN
			? INT64_MIN
			: end->values[i] - was;
	}
}
