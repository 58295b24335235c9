/* SPDX-License-Identifier: MIT */
/*
 * Verification: everything an archive promises is computed again. Each frame is decompressed once;
 * zstd checks its checksum, the seek table's entry is compared with the frame's own, and each
 * member's SHA-256 with SHA256SUMS. Findings are lines, not errors: all of them are reported.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "formats/archive/frames.h"
#include "formats/archive/layout.h"
#include "formats/base/progress.h"
#include "formats/base/sha256.h"
#include "formats/base/util.h"

#define SUMS_MAX (1u << 30)

struct verify {
	const struct erg_archive *a;
	void (*report)(void *data, const char *line);
	void *data;
	int found;
	char *sums;            /* text of SHA256SUMS, lines cut by NUL */
	const char **sum_of;   /* for each member: its 64 digits, or NULL */
	struct erg_sha256 sha; /* of the member that is being read */
	uint64_t done, total;  /* bytes of all members */
};

static void finding(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void finding(struct verify *v, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	v->found++;
	v->report(v->data, line);
}

static void take_sum_line(struct verify *v, char *line, size_t number)
{
	const char *path = v->a->path;
	int i;

	if (strlen(line) < 67 || strspn(line, "0123456789abcdef") != 64 || line[64] != ' ' ||
		(line[65] != ' ' && line[65] != '*')) {
		finding(v, "%s: %s: line %zu is not 'SHA-256  name'", path, ERG_ARCHIVE_SUMS,
			number);
		return;
	}
	i = erg_archive_find(v->a, line + 66);
	if (i < 0)
		finding(v, "%s: %s is listed in %s and missing", path, line + 66, ERG_ARCHIVE_SUMS);
	else if (v->sum_of[i])
		finding(v, "%s: %s is listed twice in %s", path, line + 66, ERG_ARCHIVE_SUMS);
	else
		v->sum_of[i] = line;
}

static int load_sums(struct verify *v, struct erg_err *err)
{
	int i = erg_archive_find(v->a, ERG_ARCHIVE_SUMS);
	struct erg_err what = {0};
	size_t len, number = 1;
	char *save = NULL;
	int r;

	v->sum_of = calloc(v->a->n_members, sizeof(*v->sum_of));
	if (!v->sum_of)
		return erg_fail_errno(err, -ENOMEM, "%s", v->a->path);
	if (i < 0)
		return 0;
	r = erg_archive_read(v->a, (size_t)i, SUMS_MAX, &v->sums, &len, &what);
	if (r < 0) {
		finding(v, "%s", what.msg);
		return r == -ENOMEM ? r : 0;
	}
	for (char *line = strtok_r(v->sums, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		take_sum_line(v, line, number++);
	return 0;
}

static int take_hash(void *data, const void *bytes, size_t len, struct erg_err *err)
{
	struct verify *v = data;

	erg_sha256_add(&v->sha, bytes, len);
	v->done += len;
	erg_progress("verifying", v->done, v->total);
	return 0;
}

static void verify_member(struct verify *v, size_t i)
{
	const struct erg_archive_member *m = &v->a->members[i];
	char hex[ERG_SHA256_TEXT];
	struct erg_err what = {0};

	erg_sha256_init(&v->sha);
	if (erg_archive_stream(v->a, i, take_hash, v, &what) < 0) {
		finding(v, "%s", what.msg);
		return;
	}
	erg_sha256_end_text(&v->sha, hex);
	if (!strcmp(m->name, ERG_ARCHIVE_SUMS) || !v->sums)
		return;
	if (!v->sum_of[i])
		finding(v, "%s: %s is not listed in %s", v->a->path, m->name, ERG_ARCHIVE_SUMS);
	else if (strncmp(v->sum_of[i], hex, 64))
		finding(v, "%s: %s: SHA-256 differs from %s", v->a->path, m->name,
			ERG_ARCHIVE_SUMS);
}

/*
 * zstd's checksum is of the content, and some bits of a frame can change without changing it (a
 * window larger than needed, padding of a bit stream). The digest frame has the hash of the bytes
 * themselves; the bytes from there on are compared with what they must be.
 */
static void verify_digest(struct verify *v, uint64_t pos)
{
	unsigned char frame[ERG_DIGEST_FRAME_SIZE], digest[ERG_SHA256_SIZE];

	if (erg_archive_hash_until(v->a, pos, digest) < 0 ||
		erg_pread_exactly(v->a->fd, frame, sizeof(frame), pos) < 0 ||
		erg_get_le32(frame) != ERG_DIGEST_SKIPPABLE_MAGIC ||
		erg_get_le32(frame + 4) != sizeof(frame) - 8 ||
		memcmp(frame + 8, ERG_DIGEST_LABEL, ERG_DIGEST_LABEL_SIZE))
		finding(v, "%s: no digest frame at byte %llu", v->a->path, (unsigned long long)pos);
	else if (memcmp(frame + 8 + ERG_DIGEST_LABEL_SIZE, digest, sizeof(digest)))
		finding(v, "%s: the first %llu bytes differ from their digest", v->a->path,
			(unsigned long long)pos);
}

/* The seek table repeats what the frames say of themselves. */
static void verify_seek_table(struct verify *v)
{
	const struct erg_seek_entry *e = v->a->seek;
	size_t n = v->a->n_seek;
	uint64_t pos = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		unsigned char head[5], sum[4];

		if (e[i].compressed < 10 ||
			erg_pread_exactly(v->a->fd, head, sizeof(head), pos) < 0 ||
			erg_pread_exactly(v->a->fd, sum, sizeof(sum), pos + e[i].compressed - 4) <
				0)
			finding(v, "%s: seek table: entry %zu is wrong", v->a->path, i);
		else if (head[4] != ERG_FRAME_DESCRIPTOR)
			finding(v, "%s: the frame at byte %llu has another header than expected",
				v->a->path, (unsigned long long)pos);
		else if (e[i].checksum != erg_get_le32(sum))
			finding(v, "%s: seek table: checksum of the frame at byte %llu differs",
				v->a->path, (unsigned long long)pos);
		pos += e[i].compressed;
	}
	if (n < 2 || e[n - 2].content != 2 * ERG_TAR_BLOCK)
		finding(v, "%s: seek table: the tar's end is not its last entry but one",
			v->a->path);
	if (n < 1 || e[n - 1].compressed != ERG_DIGEST_FRAME_SIZE || e[n - 1].content != 0 ||
		e[n - 1].checksum != ERG_XXH64_OF_NOTHING)
		finding(v, "%s: seek table: the digest is not its last entry", v->a->path);
	else
		verify_digest(v, pos);
}

int erg_archive_verify(const struct erg_archive *a, void (*report)(void *data, const char *line),
	void *data, struct erg_err *err)
{
	struct verify v = {.a = a, .report = report, .data = data};
	int r;

	if (a->damage)
		finding(&v, "%s", a->damage);
	r = load_sums(&v, err);
	for (size_t i = 0; i < a->n_members; i++)
		v.total += a->members[i].size;
	if (r == 0) {
		for (size_t i = 0; i < a->n_members; i++)
			verify_member(&v, i);
		erg_progress("verifying", v.total, v.total);
		if (a->seek)
			verify_seek_table(&v);
	}
	free(v.sums);
	free(v.sum_of);
	return r < 0 ? r : v.found;
}
