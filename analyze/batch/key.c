/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The key of a document: the archive's digest, the analysis with its options, the version of the
 * program. It stands at the beginning of the document, so that the rest need not be parsed to find it.
 */
#include "analyze/batch/key.h"

#include <errno.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>

#include "formats/archive/digest.h"
#include "formats/base/util.h"

static void hash_text(SHA2_CTX *sha, const char *text)
{
	SHA256Update(sha, (const uint8_t *)text, strlen(text) + 1); /* its NUL ends it */
}

int erg_batch_origin(const char *archive, char *const *analysis, json_t **ret, struct erg_err *err)
{
	char digest[ERG_ARCHIVE_DIGEST_SIZE], key[SHA256_DIGEST_STRING_LENGTH];
	json_t *list = json_array();
	SHA2_CTX sha;
	int r = erg_archive_digest(archive, digest, err);

	SHA256Init(&sha);
	if (r >= 0)
		hash_text(&sha, digest);
	hash_text(&sha, ERG_VERSION);
	for (size_t i = 0; analysis[i]; i++) {
		hash_text(&sha, analysis[i]);
		json_array_append_new(list, json_string(analysis[i]));
	}
	SHA256End(&sha, key);
	*ret = r < 0 ? NULL
		     : json_pack("{s:s, s:s, s:O, s:s}", "key", key, "archive_digest", digest,
			       "analysis", list, "version", ERG_VERSION);
	json_decref(list);
	if (r < 0)
		return r;
	return *ret ? 0 : erg_fail(err, -EINVAL, "%s: options that are no UTF-8", archive);
}

int erg_batch_is_made(const char *results, const char *name, const json_t *origin,
	struct erg_err *err)
{
	static const char start[] = "{\"" ERG_BATCH_ORIGIN "\":{\"key\":\"";
	const char *key = json_string_value(json_object_get(origin, "key"));
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char path[4096], head[sizeof(start) + SHA256_DIGEST_STRING_LENGTH] = "";
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", results, name);
	f = fopen(path, "r");
	if (!f)
		return errno == ENOENT ? 0 : erg_fail_errno(err, -errno, "%s", path);
	n = fread(head, 1, sizeof(head) - 1, f);
	if (n < sizeof(start) - 1 || strncmp(head, start, sizeof(start) - 1))
		return erg_fail(err, -EEXIST, "%s: is there, and no result of a batch", path);
	return !strncmp(head + sizeof(start) - 1, key, strlen(key));
}
