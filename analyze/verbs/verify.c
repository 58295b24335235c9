/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * verify: is everything that was recorded still there? Three questions, each answered by the layer
 * that knows: the archive's checksums and seek table (formats/), whether every chunk decodes (the
 * reader), and whether the recording came to its end (the summary). What a reading or an event lost
 * at record time is reported but is no damage of the archive.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/result/csv.h"
#include "analyze/render/table.h"
#include "analyze/verbs/verb.h"
#include "formats/archive/archive.h"
#include "formats/base/progress.h"
#include "formats/base/utf8.h"

static const struct erg_option_group groups[] = {{NULL, erg_rows_verify, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "verify",
	.synopsis = "[options] [FILE...]",
	.about =
		"Checks every checksum and decodes every chunk of each archive; tells what is damaged or missing. Exit status 1 when anything is. " ERG_NEWEST_HELP,
	.groups = groups,
};

static void add_problem(void *data, const char *line)
{
	json_array_append_new(data, erg_utf8_json(line));
}

static void count_members(const struct erg_archive *a, json_t *file)
{
	const struct erg_archive_member *m;
	size_t n = erg_archive_members(a, &m), chunks = 0;
	const char *last = "";
	size_t last_len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *slash;
		size_t len;

		if (strncmp(m[i].name, "trace/", 6) || !(slash = strchr(m[i].name + 6, '/')))
			continue;
		len = (size_t)(slash - m[i].name);
		chunks += len != last_len || strncmp(last, m[i].name, len) != 0;
		last = m[i].name;
		last_len = len;
	}
	json_object_set_new(file, "members", json_integer((json_int_t)n));
	json_object_set_new(file, "chunks", json_integer((json_int_t)chunks));
}

/* Findings of the reader that mean that something of the archive is missing. */
static bool is_problem(const char *code)
{
	static const char *const codes[] = {"chunk", "cut", "no-summary", "no-times"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(codes); i++)
		if (!strcmp(code, codes[i]))
			return true;
	return false;
}

/* What the reader found: chunks that do not decode are problems, losses are warnings. */
static void check_content(const char *path, const struct erg_common *common, json_t *file,
	json_t *doc)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	json_t *problems = json_object_get(file, "problems"), *w;
	struct erg_reader_options reader = common->reader;
	struct erg_err err = {0};
	size_t i;

	reader.documents_suffice = true;
	reader.no_cache = true; /* whether it decodes is the question */
	if (erg_timeline_read(path, &reader, &tl, &err) < 0) {
		add_problem(problems, err.msg);
		return;
	}
	json_array_foreach (tl->warnings, i, w) {
		const char *code = json_string_value(json_object_get(w, "code"));
		const char *text = json_string_value(json_object_get(w, "text"));

		if (!code || !text || !strcmp(code, "damaged"))
			continue;
		if (is_problem(code))
			add_problem(problems, text);
		else
			erg_document_warn(doc, code, "%s: %s", path, text);
	}
	json_object_set_new(file, "layer_events", json_integer((json_int_t)tl->iv.n));
}

static int verify_file(const char *path, const struct erg_common *common, json_t *doc,
	json_t *files, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	json_t *problems = json_array();
	json_t *file =
		json_pack("{s:o, s:o}", "archive", erg_utf8_json(path), "problems", problems);
	struct erg_err open_err = {0};
	int r;

	json_array_append_new(files, file);
	r = erg_archive_open(path, &a, &open_err);
	if (r < 0) {
		add_problem(problems, open_err.msg);
	} else {
		r = erg_archive_verify(a, add_problem, problems, err);
		if (r < 0)
			return r;
		count_members(a, file);
		check_content(path, common, file, doc);
	}
	json_object_set_new(file, "ok", json_boolean(!json_array_size(problems)));
	return 0;
}

static int text(const json_t *doc, FILE *out, struct erg_err *err)
{
	size_t i, k;
	json_t *f, *p;

	json_array_foreach (json_object_get(doc, "files"), i, f) {
		const char *path = json_string_value(json_object_get(f, "archive"));

		if (json_is_true(json_object_get(f, "ok")))
			fprintf(out, "%s: good: %lld members, %lld chunks, %lld layer events\n",
				path, json_integer_value(json_object_get(f, "members")),
				json_integer_value(json_object_get(f, "chunks")),
				json_integer_value(json_object_get(f, "layer_events")));
		json_array_foreach (json_object_get(f, "problems"), k, p) {
			const char *line = json_string_value(p);
			size_t len = strlen(path);
			bool named = !strncmp(line, path, len) && line[len] == ':';

			fprintf(out, "%s%s%s\n", named ? "" : path, named ? "" : ": ", line);
		}
	}
	return 0;
}

static int csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	struct erg_csv c = {out, 0};
	size_t i, k;
	json_t *f, *p;

	fputs("archive,ok,problem\n", out);
	json_array_foreach (json_object_get(doc, "files"), i, f) {
		if (json_is_true(json_object_get(f, "ok"))) {
			erg_csv_json(&c, json_object_get(f, "archive"));
			erg_csv_text(&c, "true");
			erg_csv_text(&c, "");
			erg_csv_end(&c);
		}
		json_array_foreach (json_object_get(f, "problems"), k, p) {
			erg_csv_json(&c, json_object_get(f, "archive"));
			erg_csv_text(&c, "false");
			erg_csv_json(&c, p);
			erg_csv_end(&c);
		}
	}
	return 0;
}

static int verify(int n, char *const *paths, const struct erg_common *common, struct erg_err *err)
{
	static const struct erg_renderer renderer = {text, csv};
	_cleanup_(erg_json_decrefp) json_t *doc = erg_document_new("verify");
	json_t *files = json_array();
	int r = 0, bad = 0;

	if (!doc || json_object_set_new(doc, "files", files) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (int i = 0; i < n && r >= 0; i++) {
		erg_progress("archives", (uint64_t)i, (uint64_t)n);
		r = verify_file(paths[i], common, doc, files, err);
		bad += !json_is_true(json_object_get(json_array_get(files, (size_t)i), "ok"));
	}
	erg_progress("archives", 1, 1);
	if (r >= 0)
		r = erg_document_emit(doc, common->format, &renderer, common->strict, err);
	if (r >= 0 && bad)
		return erg_fail(err, -EBADMSG, "%d of %d archives are damaged or incomplete", bad,
			n);
	return r;
}

static int verify_verb(int argc, char **argv, struct erg_err *err)
{
	return erg_verb_archives(&command, argc, argv, verify, err);
}

const struct erg_verb erg_verb_verify = {"verify",
	"every checksum and every chunk; what is missing", verify_verb};
