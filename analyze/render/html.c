/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page of a report: a template with everything inlined at build time (embed.py) around one
 * block of JSON. Inside <script> the HTML parser ends the block at "</script" and is confused by
 * "<!--"; both need a '<', and JSON may write that as \u003c in any string, which is the only place
 * where it can stand (HTML Living Standard, "Restrictions for contents of script elements").
 */
#include "analyze/render/html.h"

#include <errno.h>
#include <string.h>

extern const unsigned char erg_page_head[], erg_page_tail[];
extern const size_t erg_page_head_len, erg_page_tail_len;

static int write_escaped(const char *buf, size_t size, void *data)
{
	FILE *out = data;

	for (const char *end = buf + size; buf < end;) {
		const char *lt = memchr(buf, '<', (size_t)(end - buf));
		size_t n = (size_t)((lt ? lt : end) - buf);

		if (fwrite(buf, 1, n, out) != n || (lt && fputs("\\u003c", out) < 0))
			return -1;
		buf += n + (lt != NULL);
	}
	return 0;
}

int erg_html_check(struct erg_err *err)
{
	if (erg_page_head_len)
		return 0;
	return erg_fail(err, -ENOTSUP,
		"this erg-analyze was built without the page: libjs-dygraphs or libjs-chart.js (3 or "
		"later) was not there; the archive can be reported on another machine");
}

int erg_html_write(const json_t *doc, FILE *out)
{
	if (fwrite(erg_page_head, 1, erg_page_head_len, out) != erg_page_head_len ||
		json_dump_callback(doc, write_escaped, out,
			JSON_COMPACT | JSON_REAL_PRECISION(7)) ||
		fwrite(erg_page_tail, 1, erg_page_tail_len, out) != erg_page_tail_len)
		return errno ? -errno : -EIO;
	return 0;
}
