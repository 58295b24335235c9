/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sources that are a set of files of one value: one channel, one file. Reading one is a pread for
 * each channel that is due; a channel that fails is ERG_VALUE_NONE, and the reading fails only when
 * every channel did.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"

#define REOPEN_NS ((uint64_t)ERG_NSEC_PER_SEC)

struct erg_attr_source *erg_attr_source_new(const struct erg_source_ops *ops,
	const struct erg_source_config *cfg, enum erg_source_class cls, const char *path)
{
	struct erg_attr_source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->src.ops = ops;
	s->src.cls = cls;
	s->time.fd = -1;
	s->src.simulated = cfg->simulated;
	erg_text_set(s->src.path, sizeof(s->src.path), "%s", path);
	return s;
}

int erg_attr_source_add(struct erg_attr_source *s, const struct erg_channel_def *def,
	struct erg_attr **ret, const char *fmt, ...)
{
	size_t n = s->src.n_channels;
	struct erg_channel_def *channels;
	struct erg_attr *attrs;
	char *path = NULL;
	va_list ap;
	int r;

	if (n == ERG_SOURCE_CHANNELS_MAX)
		return -ENOSPC;
	channels = reallocarray(s->src.channels, n + 1, sizeof(*channels));
	if (!channels)
		return -ENOMEM;
	s->src.channels = channels;
	attrs = reallocarray(s->attrs, n + 1, sizeof(*attrs));
	if (!attrs)
		return -ENOMEM;
	s->attrs = attrs;
	va_start(ap, fmt);
	r = vasprintf(&path, fmt, ap);
	va_end(ap);
	if (r < 0)
		return -ENOMEM;
	channels[n] = *def;
	attrs[n] = (struct erg_attr){.path = path,
		.fd = -1,
		.every = 1,
		.tries = 2,
		.last = ERG_VALUE_NONE};
	s->src.n_channels = n + 1;
	if (ret)
		*ret = &attrs[n];
	return 0;
}

int erg_attr_source_time(struct erg_attr_source *s, const char *dir)
{
	if (!erg_attr_exists("%s/ergtrace_time", dir))
		return 0;
	if (asprintf(&s->time.path, "%s/ergtrace_time", dir) < 0) {
		s->time.path = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* Opens a and reads it once: what is there but gives nothing is not worth a channel. */
static int attr_try(struct erg_attr *a)
{
	_cleanup_(erg_closep) int fd = erg_attr_open(a->path);
	int64_t value;

	if (fd < 0)
		return fd;
	return erg_attr_pread_int(fd, 10, &value);
}

static void drop_channel(struct erg_attr_source *s, size_t i)
{
	size_t rest = --s->src.n_channels - i;

	free(s->attrs[i].path);
	memmove(&s->attrs[i], &s->attrs[i + 1], rest * sizeof(*s->attrs));
	memmove(&s->src.channels[i], &s->src.channels[i + 1], rest * sizeof(*s->src.channels));
}

/* Channel I gave ERROR (negative) in place of a number. */
static void note_unread(struct erg_source_list *list, const struct erg_attr_source *s, size_t i,
	int error, const char *mend)
{
	const char *kind = s->src.ops->kind, *path = s->attrs[i].path;
	const char *why = error == -EBADMSG ? "not a number" : strerror(-error);
	char what[128];

	erg_text_set(what, sizeof(what), "%s cannot be read", s->src.channels[i].rail);
	/* ENODATA: a sensor that is switched off, or whose device is. */
	if (s->src.cls == ERG_CLASS_POWER && error != -EACCES && error != -EPERM &&
		error != -ENODATA)
		erg_source_list_note_broken(list, kind, path, "%s: %s", what, why);
	else if (error == -EBADMSG)
		erg_source_list_note(list, kind, path, "", "%s: %s", what, why);
	else
		erg_source_list_note_error(list, kind, path, mend, what, -error);
}

static void note_asleep(struct erg_source_list *list, const struct erg_attr_source *s)
{
	erg_source_list_note(list, s->src.ops->kind, s->src.path, "",
		"its device sleeps: it has readings from when it wakes");
}

int erg_attr_source_offer(struct erg_attr_source **s, struct erg_source_list *list,
	const char *mend)
{
	struct erg_attr_source *src = erg_steal_ptr(s);
	uint64_t begin = erg_mono_ns();
	bool sleeps = false;
	size_t i = 0;
	int r;

	while (i < src->src.n_channels) {
		r = attr_try(&src->attrs[i]);
		/* EAGAIN: the sensor is there and busy. */
		if (r >= 0 || r == -EAGAIN || (src->asleep && r != -ENOENT && r != -EACCES)) {
			sleeps |= r < 0 && r != -EAGAIN;
			i++;
			continue;
		}
		note_unread(list, src, i, r, mend);
		drop_channel(src, i);
	}
	if (sleeps)
		note_asleep(list, src);
	if (src->slow_ops && erg_mono_ns() - begin > ERG_ATTR_SLOW_NS)
		src->src.ops = src->slow_ops;
	if (src->src.n_channels)
		return erg_source_list_add(list, &src->src);
	erg_attr_source_free(&src->src);
	return 0;
}

int erg_attr_source_start(struct erg_source *source, struct erg_err *err)
{
	struct erg_attr_source *s = (struct erg_attr_source *)source;
	size_t open_n = 0;
	int r = -ENODEV;

	for (size_t i = 0; i < source->n_channels; i++) {
		struct erg_attr *a = &s->attrs[i];

		if (a->fd < 0)
			a->fd = erg_attr_open(a->path);
		if (a->fd < 0)
			r = a->fd;
		else
			open_n++;
	}
	if (s->time.path && s->time.fd < 0)
		s->time.fd = erg_attr_open(s->time.path);
	s->time.last = 0;
	s->tick = 0;
	s->retry_ns = 0;
	return open_n ? 0 : erg_fail_errno(err, r, "%s: no channel can be opened", source->path);
}

static bool lost(int r)
{
	return r == -ENODEV || r == -ENOENT || r == -ENXIO || r == -ESTALE || r == -EBADF;
}

/* Once a second: opens again what was lost. */
static void find_again(struct erg_attr_source *s)
{
	for (size_t i = 0; i < s->src.n_channels; i++) {
		struct erg_attr *a = &s->attrs[i];
		struct stat st;

		if (a->fd >= 0 && !fstat(a->fd, &st) && !st.st_nlink) {
			close(a->fd);
			a->fd = -1;
		}
		if (a->fd < 0)
			a->fd = erg_attr_open(a->path);
	}
}

static int read_attr(struct erg_attr *a)
{
	int64_t value;
	int r;

	if (a->fd < 0)
		return -ENOENT;
	r = erg_attr_pread_int(a->fd, a->tries, &value);
	if (r < 0) {
		if (lost(r)) {
			close(a->fd);
			a->fd = -1;
		}
		a->last = ERG_VALUE_NONE;
		return r;
	}
	a->last = value;
	return 0;
}

static int read_values(struct erg_attr_source *s, int64_t *values)
{
	int r = -ENODEV;
	bool any = false;

	for (size_t i = 0; i < s->src.n_channels; i++) {
		struct erg_attr *a = &s->attrs[i];

		if (s->tick % a->every == 0 || a->last == ERG_VALUE_NONE) {
			int e = read_attr(a);

			if (e < 0)
				r = e;
			else
				any = true;
		}
		values[i] = a->last;
	}
	s->tick++;
	return any ? ERG_READ_OK : r;
}

/* The values between two looks at the clock that show the same time belong to that time. */
static int read_timed(struct erg_attr_source *s, int64_t *values, uint64_t *native)
{
	for (int tries = 0; tries < 4; tries++) {
		int64_t before, after;
		int r = erg_attr_pread_int(s->time.fd, 1, &before);

		if (r < 0)
			return r;
		if (before == 0)
			continue;
		if (before == s->time.last)
			return ERG_READ_NOTHING;
		r = read_values(s, values);
		if (r < 0 || erg_attr_pread_int(s->time.fd, 1, &after) < 0)
			return r;
		if (before == after) {
			s->time.last = before;
			*native = (uint64_t)before;
			return r;
		}
	}
	return ERG_READ_NOTHING; /* being replaced: the next reading has it */
}

int erg_attr_source_read(struct erg_source *source, int64_t *values, uint64_t *native)
{
	struct erg_attr_source *s = (struct erg_attr_source *)source;
	uint64_t now = erg_mono_ns();

	if (now >= s->retry_ns) {
		if (s->retry_ns)
			find_again(s);
		s->retry_ns = now + REOPEN_NS;
	}
	*native = 0;
	return s->time.fd >= 0 ? read_timed(s, values, native) : read_values(s, values);
}

void erg_attr_source_stop(struct erg_source *source)
{
	struct erg_attr_source *s = (struct erg_attr_source *)source;

	for (size_t i = 0; i < source->n_channels; i++) {
		erg_closep(&s->attrs[i].fd);
		s->attrs[i].fd = -1;
	}
	erg_closep(&s->time.fd);
	s->time.fd = -1;
}

void erg_attr_source_free(struct erg_source *source)
{
	struct erg_attr_source *s = (struct erg_attr_source *)source;

	if (!source)
		return;
	erg_attr_source_stop(source);
	for (size_t i = 0; i < source->n_channels; i++)
		free(s->attrs[i].path);
	free(s->time.path);
	free(s->attrs);
	free(source->channels);
	json_decref(source->settings);
	free(s->priv);
	free(s);
}

void erg_attr_source_freep(struct erg_attr_source **s)
{
	if (*s)
		erg_attr_source_free(&(*s)->src);
}
