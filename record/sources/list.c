/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list that drivers fill: sources they found, and notes on what is there and cannot be used, so
 * that nobody has to guess why a rail is missing.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "record/sources/attr.h"

int erg_source_list_add(struct erg_source_list *l, struct erg_source *s)
{
	struct erg_source **grown = reallocarray(l->sources, l->n + 1, sizeof(*grown));

	if (!grown) {
		s->ops->free(s);
		return -ENOMEM;
	}
	l->sources = grown;
	grown[l->n++] = s;
	return 0;
}

void erg_source_list_note_copy(struct erg_source_list *l, const struct erg_probe_note *note)
{
	struct erg_probe_note *grown = reallocarray(l->notes, l->n_notes + 1, sizeof(*grown));

	if (!grown)
		return; /* a note that is lost is no reason to fail */
	l->notes = grown;
	grown[l->n_notes++] = *note;
}

static void __attribute__((format(printf, 5, 0)))
note_text(struct erg_source_list *l, struct erg_probe_note *note, const char *kind,
	const char *path, const char *reason_fmt, va_list ap)
{
	erg_text_set(note->kind, sizeof(note->kind), "%s", kind);
	erg_text_set(note->path, sizeof(note->path), "%s", path);
	vsnprintf(note->reason, sizeof(note->reason), reason_fmt, ap);
	erg_source_list_note_copy(l, note);
}

void erg_source_list_note(struct erg_source_list *l, const char *kind, const char *path,
	const char *mend, const char *reason_fmt, ...)
{
	struct erg_probe_note note = {0};
	va_list ap;

	erg_text_set(note.mend, sizeof(note.mend), "%s", mend);
	va_start(ap, reason_fmt);
	note_text(l, &note, kind, path, reason_fmt, ap);
	va_end(ap);
}

void erg_source_list_note_broken(struct erg_source_list *l, const char *kind, const char *path,
	const char *reason_fmt, ...)
{
	struct erg_probe_note note = {.broken = true};
	va_list ap;

	va_start(ap, reason_fmt);
	note_text(l, &note, kind, path, reason_fmt, ap);
	va_end(ap);
}

void erg_source_list_note_library(struct erg_source_list *l, const char *kind, int error,
	const char *why, const char *install, const char *start)
{
	if (error == -ELIBACC || error == -ELIBBAD)
		erg_source_list_note_broken(l, kind, "", "%s", why);
	else if (error == -ENOMEM)
		erg_source_list_note(l, kind, "", "", "%s", why);
	else
		erg_source_list_note(l, kind, "", error == -ENOENT ? install : start, "%s", why);
}

void erg_source_list_note_error(struct erg_source_list *l, const char *kind, const char *path,
	const char *mend, const char *what, int error)
{
	struct erg_probe_note note = {.refused = error == EACCES || error == EPERM};

	erg_text_set(note.kind, sizeof(note.kind), "%s", kind);
	erg_text_set(note.path, sizeof(note.path), "%s", path);
	erg_text_set(note.mend, sizeof(note.mend), "%s", note.refused ? mend : "");
	erg_text_set(note.reason, sizeof(note.reason), "%s: %s", what, strerror(error));
	erg_source_list_note_copy(l, &note);
}

void erg_source_list_release(struct erg_source_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->sources[i]->ops->free(l->sources[i]);
	free(l->sources);
	free(l->notes);
	*l = (struct erg_source_list){0};
}
