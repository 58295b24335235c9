/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What happens once: phases, markers, losses, the recorder's own reports.
 */
#include "analyze/reader/join.h"

#include <errno.h>
#include <string.h>

#include "formats/base/hash.h"
#include "formats/base/memory.h"
#include "formats/base/numbered.h"
#include "formats/base/util.h"

#define NONE SIZE_MAX

/* The phases of one name in one thread that are open, the last first. */
struct open_phases {
	struct open_key {
		uint32_t pid, tid;
		size_t name;
	} key;
	size_t last;
	UT_hash_handle hh;
};

struct happenings {
	struct erg_timeline *tl;
	struct erg_numbered names;
	struct open_phases *open;
	size_t *before; /* per phase: the one that was open before it, or NONE */
	size_t room;
};

static void happenings_release(struct happenings *h)
{
	struct open_phases *o, *next;

	HASH_ITER(hh, h->open, o, next)
	{
		HASH_DEL(h->open, o);
		free(o);
	}
	erg_numbered_release(&h->names);
	free(h->before);
}

static void *append_one(void *pp, size_t *n, size_t size)
{
	char *p = erg_noted(realloc(*(void **)pp, (*n + 1) * size));

	if (!p)
		return NULL;
	*(void **)pp = p;
	memset(p + *n * size, 0, size);
	return p + (*n)++ * size;
}

/* Of the thread of E and the name of that number; made at need. NULL: out of memory. */
static struct open_phases *open_of(struct happenings *h, const json_t *e, size_t name)
{
	struct open_key key;
	struct open_phases *o;

	memset(&key, 0, sizeof(key));
	key.pid = (uint32_t)erg_join_number(e, "pid");
	key.tid = (uint32_t)erg_join_number(e, "tid");
	key.name = name;
	HASH_FIND(hh, h->open, &key, sizeof(key), o);
	if (o)
		return o;
	o = erg_noted(calloc(1, sizeof(*o)));
	if (!o)
		return NULL;
	o->key = key;
	o->last = NONE;
	HASH_ADD(hh, h->open, key, sizeof(o->key), o);
	if (erg_hash_lost(o)) {
		free(o);
		return NULL;
	}
	return o;
}

static bool before_reserve(struct happenings *h)
{
	size_t room = h->room ? 2 * h->room : 64;
	size_t *p;

	if (h->tl->n_phases <= h->room)
		return true;
	p = erg_noted(reallocarray(h->before, room, sizeof(*p)));
	if (!p)
		return false;
	h->before = p;
	h->room = room;
	return true;
}

static int on_phase_begin(struct happenings *h, const json_t *e)
{
	struct erg_timeline *tl = h->tl;
	struct erg_tl_phase *p = append_one(&tl->phases, &tl->n_phases, sizeof(*p));
	struct open_phases *o;
	size_t name;

	if (!p)
		return -ENOMEM;
	*p = (struct erg_tl_phase){.name = strdup(erg_join_text(e, "name")),
		.pid = (uint32_t)erg_join_number(e, "pid"),
		.tid = (uint32_t)erg_join_number(e, "tid"),
		.begin = erg_join_number(e, "time"),
		.open = true};
	if (!p->name || !before_reserve(h) || erg_numbered_put(&h->names, p->name, &name) < 0 ||
		!(o = open_of(h, e, name)))
		return -ENOMEM;
	h->before[tl->n_phases - 1] = o->last;
	o->last = tl->n_phases - 1;
	return 0;
}

/* The last open phase of that name in that thread. */
static int on_phase_end(struct happenings *h, const json_t *e)
{
	struct open_phases *o;
	struct erg_tl_phase *p;
	size_t name;

	if (!erg_numbered_find(&h->names, erg_join_text(e, "name"), &name))
		return 0;
	o = open_of(h, e, name);
	if (!o)
		return -ENOMEM;
	if (o->last == NONE)
		return 0;
	p = &h->tl->phases[o->last];
	p->end = erg_join_number(e, "time");
	p->open = false;
	o->last = h->before[o->last];
	return 0;
}

static int on_marker(struct happenings *h, const json_t *e)
{
	struct erg_timeline *tl = h->tl;
	struct erg_tl_marker *m = append_one(&tl->markers, &tl->n_markers, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*m = (struct erg_tl_marker){strdup(erg_join_text(e, "text")),
		(uint32_t)erg_join_number(e, "color"), erg_join_number(e, "time")};
	return m->text ? 0 : -ENOMEM;
}

static int on_loss(struct happenings *h, const json_t *e)
{
	struct erg_timeline *tl = h->tl;
	struct erg_tl_loss *l = append_one(&tl->losses, &tl->n_losses, sizeof(*l));

	if (!l)
		return -ENOMEM;
	if (!strcmp(erg_join_text(e, "what"), "cut"))
		erg_timeline_warn(tl, "cut",
			"%s: the packet at byte %llu is not complete: %llu bytes are left out",
			erg_join_text(e, "file"), (unsigned long long)erg_join_number(e, "at"),
			(unsigned long long)erg_join_number(e, "count"));
	*l = (struct erg_tl_loss){erg_join_number(e, "begin"), erg_join_number(e, "end"),
		!strcmp(erg_join_text(e, "what"), "events") ? erg_join_number(e, "count") : 0,
		json_is_true(json_object_get(e, "samples")), strdup(erg_join_text(e, "what"))};
	return l->what ? 0 : -ENOMEM;
}

static int on_status(struct happenings *h, const json_t *e)
{
	struct erg_timeline *tl = h->tl;
	struct erg_tl_status *s = append_one(&tl->statuses, &tl->n_statuses, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct erg_tl_status){erg_join_number(e, "time"), erg_join_number(e, "deadlines"),
		erg_join_number(e, "missed"), erg_join_number(e, "late_p50_ns"),
		erg_join_number(e, "late_p99_ns"), erg_join_number(e, "late_max_ns"),
		erg_join_number(e, "cpu_ns"), erg_join_number(e, "errors"),
		strdup(erg_join_text(e, "detail"))};
	return s->detail ? 0 : -ENOMEM;
}

/*
 * Where it matters most, a process that never said who it is is not ours: the idle baseline of
 * another recorder on the same machine, which began before this recording did, is no baseline of it.
 */
static bool is_ours(const struct erg_join *j, const json_t *e)
{
	uint32_t pid = (uint32_t)erg_join_number(e, "pid");

	if (j->run && !strcmp(erg_join_text(e, "name"), "idle") &&
		!erg_join_find(j, pid, 0, ERG_JOIN_PROCESS))
		return false;
	return erg_join_ours(j, pid);
}

int erg_join_happenings(struct erg_join *j, struct erg_err *err)
{
	static const struct {
		const char *event;
		int (*add)(struct happenings *, const json_t *);
	} handlers[] = {{"phase_begin", on_phase_begin}, {"phase_end", on_phase_end},
		{"marker", on_marker}, {"loss", on_loss}, {"recorder_status", on_status}};
	_cleanup_(happenings_release) struct happenings h = {.tl = j->tl};
	size_t i;
	json_t *e;

	json_array_foreach (j->events, i, e) {
		const char *event = erg_join_text(e, "event");

		for (size_t k = 0; k < ERG_ARRAY_SIZE(handlers); k++)
			if (!strcmp(handlers[k].event, event) &&
				(!strcmp(event, "loss") || is_ours(j, e)) &&
				handlers[k].add(&h, e) < 0)
				return erg_fail(err, -ENOMEM, "out of memory for %s", event);
	}
	for (i = 0; i < j->tl->n_phases; i++)
		if (j->tl->phases[i].open)
			j->tl->phases[i].end = j->tl->end;
	return 0;
}
