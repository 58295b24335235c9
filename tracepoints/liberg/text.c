/* SPDX-License-Identifier: MIT */
/*
 * Texts that come from outside: names of a megabyte, names in some old encoding. A trace holds only
 * valid UTF-8 of a bounded length (an event that does not fit into a sub-buffer would be dropped
 * without a word), and two texts that differ stay different. Validity is that of RFC 3629.
 */
#include <stdio.h>
#include <string.h>

#include "tracepoints/liberg/internal.h"

#define KEPT (ERG_TEXT_MAX - 1 - 9) /* room for "~" and eight digits */

uint64_t erg_text_hash(uint64_t seed, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		seed = (seed ^ (unsigned char)text[i]) * 0x100000001b3u;
	return seed;
}

/* Bytes of the character at S, 0 if it is not valid. Never looks past a NUL. */
static size_t char_len(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1
		: s[0] < 0xc2  ? 0
		: s[0] < 0xe0  ? 2
		: s[0] < 0xf0  ? 3
		: s[0] < 0xf5  ? 4
			       : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)))
		return 0;
	if (n == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)))
		return 0;
	return n;
}

/* Copies as much as fits into CAP bytes; false if something was changed or left out. */
static bool copy_valid(char *dst, size_t cap, const char *src, size_t *ret_len)
{
	bool same = true;
	size_t len = 0;

	while (*src) {
		size_t n = char_len((const unsigned char *)src);

		if (len + (n ? n : 1) > cap) {
			same = false;
			break;
		}
		if (n) {
			memcpy(dst + len, src, n);
		} else {
			dst[len] = '?';
			same = false;
			n = 1;
		}
		len += n;
		src += n;
	}
	*ret_len = len;
	return same;
}

size_t erg_text_clean(char dst[ERG_TEXT_MAX], const char *src)
{
	size_t len;

	if (!src)
		src = "";
	if (!copy_valid(dst, ERG_TEXT_MAX - 1, src, &len)) {
		uint64_t h = erg_text_hash(ERG_HASH_SEED, src, strlen(src));

		copy_valid(dst, KEPT, src, &len);
		len += (size_t)snprintf(dst + len, 10, "~%08x", (unsigned)(h ^ h >> 32));
	}
	dst[len] = '\0';
	return len;
}
