/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The key of a document: the archive's digest, the analysis with its options, the version of the
 * program. It stands at the beginning of the document, so that the rest need not be parsed to find it.
 */
#include "analyze/batch/key.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/archive/digest.h"
#include "formats/base/sha256.h"
#include "formats/base/regular.h"
#include "formats/base/util.h"

static void hash_text(struct erg_sha256 *sha, const char *text)
{
	erg_sha256_add(sha, text, strlen(text) + 1); /* its NUL ends it */
}

int erg_batch_origin(const char *archive, char *const *analysis, json_t **ret, struct erg_err *err)
{
	char digest[ERG_ARCHIVE_DIGEST_SIZE], key[ERG_SHA256_TEXT];
	json_auto_t *list = json_array();
	bool text = true;
	struct erg_sha256 sha;
	int r = erg_archive_digest(archive, digest, err);

	erg_sha256_init(&sha);
	if (r >= 0)
		hash_text(&sha, digest);
	hash_text(&sha, ERG_VERSION);
	for (size_t i = 0; analysis[i]; i++) {
		hash_text(&sha, analysis[i]);
		text = json_array_append_new(list, json_string(analysis[i])) == 0 && text;
	}
	erg_sha256_end_text(&sha, key);
	*ret = r < 0 ? NULL
		     : json_pack("{s:s, s:b, s:s, s:O, s:s}", "key", key, ERG_BATCH_WARNED, 0,
			       "archive_digest", digest, "analysis", list, "version", ERG_VERSION);
	if (r < 0)
		return r;
	if (text)
		return *ret ? 0 : erg_fail(err, -ENOMEM, "%s: out of memory", archive);
	json_decref(*ret);
	*ret = NULL;
	return erg_fail(err, -EINVAL, "%s: options that are no UTF-8", archive);
}

static const char start[] = "{\"" ERG_BATCH_ORIGIN "\":{\"key\":\"";
static const char then_warned[] = "\",\"" ERG_BATCH_WARNED "\":";
static const char then_digest[] = ",\"archive_digest\":\"";

struct head {
	bool whole;
	char key[ERG_SHA256_TEXT], digest[ERG_ARCHIVE_DIGEST_SIZE]; /* "" where it has none */
	bool warned;
};

/* Whether *AT goes on with TEXT; then it is behind it. */
static bool pass(const char **at, const char *text)
{
	if (strncmp(*at, text, strlen(text)) != 0)
		return false;
	*at += strlen(text);
	return true;
}

static void take(const char **at, char *ret, size_t size)
{
	snprintf(ret, size, "%.*s", (int)size - 1, *at);
	*at += strlen(ret);
}

/* Whether F ends as a document does; one that was copied in part does not. */
static bool ends_whole(FILE *f)
{
	char last[2] = "";

	return fseek(f, -2, SEEK_END) == 0 && fread(last, 1, 2, f) == 2 && last[0] == '}' &&
		last[1] == '\n';
}

/* How the document at PATH begins. -ENOENT, -EEXIST: no batch made it. */
static int head_read(const char *path, struct head *ret)
{
	char text[sizeof(start) + sizeof(then_warned) + sizeof("false") + sizeof(then_digest) +
		sizeof(*ret)] = "";
	_cleanup_(erg_fclosep) FILE *f = erg_regular_open(path);
	const char *at = text;

	if (!f)
		return errno == ENOTSUP ? -EEXIST : -errno;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	*ret = (struct head){0};
	if (!pass(&at, start))
		return -EEXIST;
	ret->whole = ends_whole(f);
	take(&at, ret->key, sizeof(ret->key));
	if (!pass(&at, then_warned))
		return 0;
	ret->warned = pass(&at, "true");
	if ((ret->warned || pass(&at, "false")) && pass(&at, then_digest))
		take(&at, ret->digest, sizeof(ret->digest));
	return 0;
}

int erg_batch_is_made(const char *results, const char *name, const json_t *origin, bool *ret_warned,
	struct erg_err *err)
{
	const char *key = json_string_value(json_object_get(origin, "key"));
	struct head there;
	char path[4096];
	int r;

	snprintf(path, sizeof(path), "%s/%s", results, name);
	r = head_read(path, &there);
	if (r == -EEXIST)
		return erg_fail(err, r, "%s: is there, and no result of a batch", path);
	if (r < 0)
		return r == -ENOENT ? 0 : erg_fail_errno(err, r, "%s", path);
	if (!there.whole || strcmp(there.key, key))
		return 0;
	*ret_warned = there.warned;
	return 1;
}

void erg_batch_forget(const char *results, const char *name, const json_t *origin)
{
	const char *digest = json_string_value(json_object_get(origin, "archive_digest"));
	struct head there;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", results, name);
	if (!head_read(path, &there) && (!there.whole || strcmp(there.digest, digest) != 0))
		unlink(path);
}
