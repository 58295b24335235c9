/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Samples of an IIO buffer: the enabled elements in the order of their indices, each aligned to its
 * own storage size, the whole aligned to the largest.
 */
#include "record/sources/iio_scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "formats/base/order.h"

int erg_iio_parse_type(const char *text, struct erg_iio_element *e)
{
	char endian, sign;
	unsigned int storage;
	int used = 0;

	e->shift = 0;
	if (sscanf(text, "%ce:%c%u/%u%n", &endian, &sign, &e->bits, &storage, &used) != 4)
		return -EBADMSG;
	if (text[used] == 'X' || storage % 8 || (storage & (storage - 1)) || storage > 64)
		return -ENOTSUP;
	if (text[used] && sscanf(text + used, ">>%u", &e->shift) != 1)
		return -EBADMSG;
	if ((endian != 'b' && endian != 'l') || !strchr("su", sign) || !e->bits || !storage ||
		e->bits > storage || e->shift > storage - e->bits)
		return -EBADMSG;
	e->big_endian = endian == 'b';
	e->is_signed = sign == 's';
	e->bytes = storage / 8;
	return 0;
}

static int by_index(const void *a, const void *b)
{
	return ((const struct erg_iio_element *)a)->index -
		((const struct erg_iio_element *)b)->index;
}

size_t erg_iio_layout(struct erg_iio_element *e, size_t n)
{
	size_t at = 0, largest = 1;

	if (n)
		erg_sort(e, n, sizeof(*e), by_index);
	for (size_t i = 0; i < n; i++) {
		at = (at + e[i].bytes - 1) / e[i].bytes * e[i].bytes;
		e[i].offset = at;
		at += e[i].bytes;
		if (e[i].bytes > largest)
			largest = e[i].bytes;
	}
	return (at + largest - 1) / largest * largest;
}

int64_t erg_iio_value(const struct erg_iio_element *e, const uint8_t *sample)
{
	const uint8_t *p = sample + e->offset;
	uint64_t v = 0;

	for (unsigned int i = 0; i < e->bytes; i++)
		v = v << 8 | p[e->big_endian ? i : e->bytes - 1 - i];
	v >>= e->shift;
	if (e->bits < 64) {
		v &= (UINT64_C(1) << e->bits) - 1;
		if (e->is_signed && v >> (e->bits - 1))
			v |= ~UINT64_C(0) << e->bits;
	}
	return (int64_t)v;
}
