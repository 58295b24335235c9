/* SPDX-License-Identifier: MIT */
/* No overlong forms, no halves of a pair, nothing above U+10FFFF (RFC 3629): as jansson has it. */
#include "formats/base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

size_t erg_utf8_character(const unsigned char *p, unsigned int *ret)
{
	static const unsigned int least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80 ? 1
		: *p < 0xc0  ? 0
		: *p < 0xe0  ? 2
		: *p < 0xf0  ? 3
		: *p < 0xf8  ? 4
			     : 0;
	unsigned int c = n < 2 ? *p : *p & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			n = 0;
			break;
		}
		c = c << 6 | (p[i] & 0x3f);
	}
	if (!n || c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		*ret = 0;
		return 1;
	}
	*ret = c;
	return n;
}

void erg_utf8_mend(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p;) {
		unsigned int c;
		size_t n = erg_utf8_character(p, &c);

		if (!c)
			*p = '?';
		p += n;
	}
}

char *erg_utf8_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy)
		erg_utf8_mend(copy);
	return copy;
}

static bool is_utf8(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		unsigned int c;

		p += erg_utf8_character(p, &c);
		if (!c)
			return false;
	}
	return true;
}

char *erg_utf8_from(const char *text)
{
	char *ret, *w;

	if (is_utf8(text))
		return strdup(text);
	ret = w = malloc(2 * strlen(text) + 1);
	for (const unsigned char *p = (const unsigned char *)text; ret && *p; p++) {
		if (*p >= 0x80)
			*w++ = (char)(0xc0 | *p >> 6);
		*w++ = (char)(*p >= 0x80 ? 0x80 | (*p & 0x3f) : *p);
	}
	if (ret)
		*w = '\0';
	return ret;
}

json_t *erg_utf8_json(const char *text)
{
	json_t *j = json_string(text);
	_cleanup_(erg_freep) char *mended = j ? NULL : erg_noted(erg_utf8_copy(text));

	return mended ? json_string(mended) : j;
}
