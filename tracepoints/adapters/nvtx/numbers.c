/* SPDX-License-Identifier: MIT */
/*
 * What is seen is kept per parent and shape of the name ("req-#"): the hashes of the names, until one
 * of them comes again, which says that numbers tell layers apart here, or until there are too many.
 * Both are for good. The tables are bounded; beyond them names stay as they are.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tracepoints/adapters/common.h"
#include "tracepoints/adapters/nvtx/name.h"
#include "tracepoints/adapters/nvtx/numbers.h"

#define SHAPES 256u

enum verdict { WATCHED, LAYERS, ONE_LAYER };

struct shape {
	uint64_t hash; /* of parent and shape; 0: free */
	enum verdict verdict;
	uint32_t n;
	uint64_t *names; /* hashes, NVTX_NUMBERS_MOST of them */
};

static struct shape shapes[SHAPES];

static bool in_list(const char *const *list, const char *word, size_t len)
{
	for (; *list; list++)
		if (strlen(*list) == len && !strncasecmp(*list, word, len))
			return true;
	return false;
}

/* The word that ends at END: letters alone, the last of them where a capital begins it ("ProfilerStep"). */
static size_t word_before(const char *text, const char *end)
{
	const char *from = end;

	while (from > text && isalpha((unsigned char)from[-1]) &&
		(from == end || !isupper((unsigned char)*from) ||
			!islower((unsigned char)from[-1])))
		from--;
	return (size_t)(end - from);
}

static size_t number_length(const char *at)
{
	return strspn(at, "0123456789");
}

/* At AT, which no letter or digit precedes: eight hexadecimal digits or more, some of them letters and some
 * not, and what dashes add to them, as in a UUID; or any behind 0x, as of an address. 0: something else. */
static size_t digest_length(const char *text, const char *at)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	const size_t prefix = !strncasecmp(at, "0x", 2) && isxdigit((unsigned char)at[2]) ? 2 : 0;
	size_t n = strspn(at + prefix, hex), more;

	if (at > text && isalnum((unsigned char)at[-1]))
		return 0;
	if (prefix)
		return isalnum((unsigned char)at[prefix + n]) ? 0 : prefix + n;
	if (n < 8)
		return 0;
	while (at[n] == '-' && (more = strspn(at + n + 1, hex)) >= 4)
		n += 1 + more;
	if (strspn(at, "0123456789-") >= n || strcspn(at, "0123456789") >= n)
		return 0;
	return isalnum((unsigned char)at[n]) ? 0 : n;
}

/* The words behind a number, of which one or two are looked at: things that are counted? */
static bool things_follow(const char *at)
{
	static const char *const things[] = {"tokens", "reqs", "requests", "seqs", "sequences",
		"steps", "prompts", "samples", "images", "frames", "batches", "iterations", "bytes",
		"elements", NULL};

	for (int i = 0; i < 2 && *at == ' '; i++) {
		const char *word = at + 1;

		for (at = word; isalpha((unsigned char)*at);)
			at++;
		if (in_list(things, word, (size_t)(at - word)))
			return true;
	}
	return false;
}

/* Does the number at AT, which ends at END, count? */
static bool counts(const char *text, const char *at, const char *end)
{
	static const char *const always[] = {"step", "steps", "iter", "iteration", "epoch",
		"request", "requests", "req", "reqs", "cmpl", "chatcmpl", "batch", "microbatch",
		"ubatch", "frame", "tokens", "context", "generation", NULL};
	static const char *const apart[] = {"seq", "seqlen", "token", "pos", "position", "id", "n",
		"bs", "size", "len", "length", "idx", "num", "time", "it", "chunk", "sample",
		"image", "query", "job", "loss", "bytes", NULL};
	size_t apart_by, len;

	/* Part of a longer word, "step3x3"; or of a path, "step.3". */
	if (isalpha((unsigned char)*end))
		return false;
	if (things_follow(end))
		return true;
	for (apart_by = 0;
		at - apart_by > text && strchr(" \t=:#([_-'\"", at[-1 - (long)apart_by]);)
		apart_by++;
	len = word_before(text, at - apart_by);
	if (!len)
		return false;
	at -= apart_by;
	if (in_list(always, at - len, len))
		return true;
	if (!apart_by || *at == '_' || *at == '-')
		return false;
	return in_list(apart, at - len, len);
}

/* What at AT may stand for a number; 0: nothing. */
static size_t number_or_digest(const char *text, const char *at)
{
	size_t n = digest_length(text, at);

	return n ? n : number_length(at);
}

/* The fraction of a number that ends at AT: "time=1.25". */
static size_t fraction_length(const char *at)
{
	return *at == '.' && number_length(at + 1) ? 1 + number_length(at + 1) : 0;
}

bool nvtx_numbers_by_words(const char *text, char *ret, size_t size)
{
	bool found = false, after = false;
	size_t n = 0;

	for (const char *at = text; *at && n + 1 < size;) {
		size_t digits = number_or_digest(text, at);

		/* "context_3(120)": the second counts as the first does. */
		if (digits && (after || counts(text, at, at + digits))) {
			if (!n || ret[n - 1] != '#')
				ret[n++] = '#';
			found = after = true;
			at += digits;
			at += fraction_length(at);
			continue;
		}
		after = after && *at == '(';
		for (size_t i = 0; i < (digits ? digits : 1) && n + 1 < size; i++)
			ret[n++] = *at++;
	}
	ret[n] = '\0';
	return found;
}

/* NAME with every number and digest as '#': false if there is none. */
static bool shape_of(const char *name, char *ret, size_t size)
{
	bool found = false;
	size_t n = 0;

	for (const char *at = name; *at && n + 1 < size;) {
		size_t digits = number_or_digest(name, at);

		ret[n++] = digits ? '#' : *at;
		at += digits ? digits : 1;
		found |= digits > 0;
	}
	ret[n] = '\0';
	return found;
}

static uint64_t hash_of(uint32_t parent, const char *text)
{
	uint64_t h = (0xcbf29ce484222325u ^ parent) * 0x100000001b3u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h ? h : 1;
}

/* NULL where there is no room. */
static struct shape *find_shape(uint64_t hash)
{
	for (uint32_t i = 0; i < SHAPES; i++) {
		struct shape *s = &shapes[(hash + i) % SHAPES];

		if (s->hash == hash)
			return s;
		if (!s->hash) {
			s->names = malloc(NVTX_NUMBERS_MOST * sizeof(s->names[0]));
			if (!s->names)
				return NULL;
			s->hash = hash;
			return s;
		}
	}
	return NULL;
}

static void decide(struct shape *s, enum verdict verdict)
{
	s->verdict = verdict;
	free(s->names);
	s->names = NULL;
}

/* The verdict after NAME; *ret_now: it has just become that of one layer. */
static enum verdict watch_shape(struct shape *s, uint64_t name, bool *ret_now)
{
	if (s->verdict != WATCHED)
		return s->verdict;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->names[i] == name)
			return decide(s, LAYERS), LAYERS;
	if (s->n < NVTX_NUMBERS_MOST) {
		s->names[s->n++] = name;
		return WATCHED;
	}
	*ret_now = true;
	return decide(s, ONE_LAYER), ONE_LAYER;
}

static void say_shape(const char *shape)
{
	char line[NVTX_NAME_MAX + 200];

	snprintf(line, sizeof(line),
		"erg: nvtx: %d ranges differ from \"%.200s\" in their numbers alone and never came "
		"twice: the next are one layer (ERG_NVTX_NUMBERS=keep keeps them apart)",
		NVTX_NUMBERS_MOST, shape);
	erg_marker(line, 0);
}

bool nvtx_numbers_by_count(uint32_t parent, const char *name, char *ret, size_t size)
{
	enum verdict verdict = LAYERS;
	struct shape *s;
	bool now = false;

	if (!shape_of(name, ret, size))
		return false;
	erg_adapter_lock();
	s = find_shape(hash_of(parent, ret));
	if (s)
		verdict = watch_shape(s, hash_of(parent, name), &now);
	erg_adapter_unlock();
	if (now)
		say_shape(ret);
	return verdict == ONE_LAYER;
}
