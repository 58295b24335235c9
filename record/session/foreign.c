/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The session of foreign events. Its times are those of the recording, because LTTng-UST has one clock
 * for all sessions; its events carry process, thread and name of the process.
 */
#include "record/session/foreign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "record/session/lttng.h"
#include "record/session/session.h"

#define CHANNEL "foreign"
#define SUBBUF_BYTES (1u << 20)
#define SUBBUFS 8
#define WAIT_MS 30000

struct erg_foreign {
	char name[LTTNG_NAME_MAX];
	struct lttng_handle *handle;
	bool created;
};

static int channel_make(struct erg_foreign *f, struct erg_err *err)
{
	static const enum lttng_event_context_type contexts[] = {LTTNG_EVENT_CONTEXT_VPID,
		LTTNG_EVENT_CONTEXT_VTID, LTTNG_EVENT_CONTEXT_PROCNAME};
	struct lttng_domain domain = erg_lttng_domain();
	struct lttng_channel *ch = erg_lttng.channel_create(&domain);
	int r;

	if (!ch)
		return erg_fail_errno(err, -ENOMEM, "channel " CHANNEL);
	snprintf(ch->name, sizeof(ch->name), CHANNEL);
	ch->attr.overwrite = 0;
	ch->attr.subbuf_size = SUBBUF_BYTES;
	ch->attr.num_subbuf = SUBBUFS;
	ch->attr.output = LTTNG_EVENT_MMAP;
	r = erg_lttng.enable_channel(f->handle, ch);
	erg_lttng.channel_destroy(ch);
	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(contexts); i++) {
		struct lttng_event_context ctx = {.ctx = contexts[i]};

		r = erg_lttng.add_context(f->handle, &ctx, NULL, CHANNEL);
	}
	return r < 0 ? erg_lttng_fail(err, r, CHANNEL) : 0;
}

static int event_enable(struct erg_foreign *f, const char *name, struct erg_err *err)
{
	struct lttng_event *ev = erg_lttng.event_create();
	int r;

	if (!ev)
		return erg_fail_errno(err, -ENOMEM, "event %s", name);
	ev->type = LTTNG_EVENT_TRACEPOINT;
	ev->loglevel_type = LTTNG_EVENT_LOGLEVEL_ALL;
	ev->loglevel = -1;
	snprintf(ev->name, sizeof(ev->name), "%s", name);
	r = erg_lttng.enable_event(f->handle, ev, CHANNEL);
	erg_lttng.event_destroy(ev);
	return r < 0 ? erg_lttng_fail(err, r, name) : 0;
}

static int fill_folder(struct erg_foreign *f, const char *dir, char *const *events, size_t n,
	struct erg_err *err)
{
	struct lttng_domain domain = erg_lttng_domain();
	struct lttng_session_descriptor *d =
		erg_lttng.session_descriptor_local_create(f->name, dir);
	enum lttng_error_code code;
	int r;

	erg_lttng_ctf_1_8(d);
	code = d ? erg_lttng.create_session_ext(d) : LTTNG_ERR_NOMEM;
	erg_lttng.session_descriptor_destroy(d);
	if (code != LTTNG_OK)
		return erg_lttng_fail(err, -(int)code, f->name);
	f->created = true;
	f->handle = erg_lttng.create_handle(f->name, &domain);
	r = f->handle ? channel_make(f, err) : erg_fail_errno(err, -ENOMEM, "%s", f->name);
	for (size_t i = 0; !r && i < n; i++)
		r = event_enable(f, events[i], err);
	if (!r) {
		r = erg_lttng.start_tracing(f->name);
		r = r < 0 ? erg_lttng_fail(err, r, "start") : 0;
	}
	return r;
}

int erg_foreign_start(const char *name, const char *dir, char *const *events, size_t n,
	struct erg_foreign **ret, struct erg_err *err)
{
	struct erg_foreign *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return erg_fail_errno(err, -ENOMEM, "%s", name);
	snprintf(f->name, sizeof(f->name), "%s", name);
	erg_lttng_lock();
	r = erg_lttng_load(err);
	if (!r)
		r = fill_folder(f, dir, events, n, err);
	erg_lttng_unlock(NULL);
	if (r) {
		erg_foreign_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

static int pending(const char *name)
{
	int r;

	erg_lttng_lock();
	r = erg_lttng.data_pending(name);
	erg_lttng_unlock(NULL);
	return r;
}

static int wait_written(const char *name)
{
	const uint64_t until = erg_mono_ns() + WAIT_MS * 1000000ull;
	int r;

	erg_lttng_lock();
	r = erg_lttng.stop_tracing_no_wait(name);
	erg_lttng_unlock(NULL);
	if (r < 0 && r != -LTTNG_ERR_TRACE_ALREADY_STOPPED)
		return r;
	while ((r = pending(name)) == 1) {
		if (erg_mono_ns() > until)
			return -LTTNG_ERR_UNK;
		usleep(5000);
	}
	return r;
}

int erg_foreign_stop(struct erg_foreign *f, uint64_t *ret_lost, struct erg_err *err)
{
	struct lttng_channel *channels = NULL;
	int r = wait_written(f->name), n;

	*ret_lost = 0;
	erg_lttng_lock();
	n = r < 0 ? 0 : erg_lttng.list_channels(f->handle, &channels);
	for (int i = 0; i < n; i++) {
		uint64_t events = 0;

		erg_lttng.channel_get_discarded_event_count(&channels[i], &events);
		*ret_lost += events;
	}
	free(channels);
	if (erg_lttng.destroy_session_no_wait(f->name) >= 0)
		f->created = false;
	erg_lttng_unlock(NULL);
	return r < 0 ? erg_lttng_fail(err, r, "stop") : 0;
}

void erg_foreign_free(struct erg_foreign *f)
{
	if (!f)
		return;
	erg_lttng_lock();
	if (f->created)
		(void)erg_lttng.destroy_session_no_wait(f->name);
	if (f->handle)
		erg_lttng.destroy_handle(f->handle);
	erg_lttng_unlock(NULL);
	free(f);
}
