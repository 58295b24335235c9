/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compression of a trace's packets. */
#include "analyze/export/deflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "formats/base/memory.h"

bool erg_deflate(const unsigned char *v, size_t n, struct erg_proto *ret)
{
	uLongf len = compressBound(n);

	if (ret->cap < len) {
		unsigned char *more = erg_noted(realloc(ret->v, len));

		if (!more)
			return false;
		ret->v = more;
		ret->cap = len;
	}
	if (compress2(ret->v, &len, v, n, 6) != Z_OK)
		return false;
	ret->n = len;
	return true;
}
