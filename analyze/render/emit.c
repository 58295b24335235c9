/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A result document's way to stdout. It is rendered into memory first, so that a renderer that fails
 * halfway leaves nothing on stdout, and a full disk or a closed pipe is noticed by the one write.
 */
#include "analyze/render/emit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "analyze/render/table.h"
#include "formats/base/memory.h"
#include "formats/base/pager.h"
#include "formats/base/terminal.h"
#include "formats/base/terminal_json.h"
#include "formats/base/util.h"

/* Lines that are no table's are as long as what they say. */
static int render_text(const json_t *shown, const struct erg_renderer *r, FILE *out,
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len);
	int rc;

	if (!mem)
		return erg_fail(err, -ENOMEM, "out of memory");
	rc = r->text(shown, mem, err);
	if (fclose(mem) && rc >= 0)
		rc = erg_fail(err, -ENOMEM, "out of memory");
	if (rc >= 0)
		erg_text_folded(out, text, erg_text_width());
	return rc;
}

/* What shows a document takes for granted what a whole one has: no NULL in the place of a name. */
static int render(const json_t *doc, enum erg_format format, const struct erg_renderer *r,
	FILE *out, struct erg_err *err)
{
	json_auto_t *shown = format == ERG_FORMAT_TEXT ? erg_terminal_json(doc) : NULL;

	if (erg_memory_starved() || (format == ERG_FORMAT_TEXT && !shown))
		return erg_fail(err, -ENOMEM, "out of memory");
	if (format == ERG_FORMAT_TEXT)
		return render_text(shown, r, out, err);
	if (format == ERG_FORMAT_CSV) {
		if (!r->csv)
			return erg_fail(err, -EINVAL,
				"--format csv: this verb has no table to print");
		return r->csv(doc, out, err);
	}
	/* for a terminal in ASCII, which says the same */
	if (json_dumpf(doc, out,
		    JSON_INDENT(2) | JSON_REAL_PRECISION(9) |
			    (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0)) < 0)
		return erg_fail(err, -EIO, "the result cannot be written as JSON");
	fputc('\n', out);
	return 0;
}

static const char *warning_code(const json_t *w)
{
	const char *code = json_string_value(json_object_get(w, "code"));

	return code ? code : "";
}

void erg_document_say_warnings(const json_t *doc)
{
	enum { SHOWN = 3 };
	json_auto_t *warnings = erg_terminal_json(json_object_get(doc, "warnings"));
	const json_t *w, *other;
	size_t i, j;

	json_array_foreach (warnings, i, w) {
		const char *text = json_string_value(json_object_get(w, "text"));
		size_t before = 0, all = 0;

		json_array_foreach (warnings, j, other)
			if (!strcmp(warning_code(other), warning_code(w))) {
				all++;
				before += j < i;
			}
		if (before < SHOWN || all == SHOWN + 1)
			fprintf(stderr, "warning: %s\n", text ? text : "");
		else if (before == SHOWN)
			fprintf(stderr,
				"warning: and %zu more of the kind %s; --format json has all\n",
				all - SHOWN, warning_code(w));
	}
}

static int plain_print(const char *buf, size_t len)
{
	return fwrite(buf, 1, len, stdout) != len || fflush(stdout) ? -errno : 0;
}

int erg_document_emit(const json_t *doc, enum erg_format format, const struct erg_renderer *r,
	int strict, struct erg_err *err)
{
	const json_t *warnings = json_object_get(doc, "warnings");
	_cleanup_(erg_freep) char *buf = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&buf, &len);
	int rc;

	if (!mem)
		return erg_fail_errno(err, -errno, "the result");
	rc = render(doc, format, r, mem, err);
	if ((fclose(mem) || erg_memory_starved()) && rc >= 0)
		rc = erg_fail_errno(err, -ENOMEM, "the result");
	if (rc < 0)
		return rc;
	erg_document_say_warnings(doc);
	if (format == ERG_FORMAT_CSV && isatty(STDOUT_FILENO))
		erg_terminal_lines(buf);
	rc = format == ERG_FORMAT_TEXT ? erg_pager_print(buf, len) : plain_print(buf, len);
	if (rc < 0)
		return erg_fail_errno(err, rc, "standard output");
	return strict && json_array_size(warnings) ? 3 : 0;
}
