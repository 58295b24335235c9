/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sensor data block of the on-chip controller (OCC) of POWER9: big-endian and packed. Layout
 * from the OCC firmware interface specification (OpenPOWER, chapter "OCC sensor data block") and
 * skiboot's include/occ.h:
 *
 *	header   0 valid, 1 version, 2 number of sensors (16), 4 reading version,
 *	         8 offset of the names (32), 12 names version, 13 size of a name, 16 offset of ping (32), 20 of pong (32)
 *	name     0 name[16], 16 unit[4], 20 id (16), 22 frequency (32), 26 scale (32), 30 type (16),
 *	         32 location (16), 34 structure (1 full, 2 counter), 35 offset of the record (32)
 *	buffer   0 valid; records at their offsets
 *	record   0 id (16), 2 timestamp (64), 10 sample (16), … 28 accumulator (64),
 *	         36 update tag (32)
 *
 * Frequency and scale are decimal floating point: 24 bits of mantissa, 8 of signed exponent.
 */
#include "record/sources/opal_format.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define HEADER_SIZE 24u
#define NAME_SIZE_MIN 40u

static uint64_t get_bytes(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return v;
}

static double decimal(const uint8_t *p)
{
	return (double)get_bytes(p, 3) * pow(10, (int8_t)p[3]);
}

int erg_occ_header(const uint8_t *block, size_t size, struct erg_occ_header *ret)
{
	if (size < HEADER_SIZE || block[0] != 1)
		return -EBADMSG;
	ret->sensors = (uint16_t)get_bytes(block + 2, 2);
	ret->names = (uint32_t)get_bytes(block + 8, 4);
	ret->name_size = block[13];
	ret->ping = (uint32_t)get_bytes(block + 16, 4);
	ret->pong = (uint32_t)get_bytes(block + 20, 4);
	if (ret->name_size < NAME_SIZE_MIN || ret->names > size ||
		(size_t)ret->sensors * ret->name_size > size - ret->names || ret->ping >= size ||
		ret->pong >= size)
		return -EBADMSG;
	return 0;
}

static void get_text(char *dst, const uint8_t *src, size_t n)
{
	memcpy(dst, src, n);
	dst[n] = '\0';
	for (size_t i = strlen(dst); i && dst[i - 1] == ' '; i--)
		dst[i - 1] = '\0';
}

int erg_occ_sensor(const uint8_t *block, size_t size, const struct erg_occ_header *h,
	unsigned int i, struct erg_occ_sensor *ret)
{
	const uint8_t *p = block + h->names + (size_t)i * h->name_size;
	size_t last = h->ping > h->pong ? h->ping : h->pong;

	get_text(ret->name, p, 16);
	get_text(ret->unit, p + 16, 4);
	ret->hz = decimal(p + 22);
	ret->scale = decimal(p + 26);
	ret->type = (uint16_t)get_bytes(p + 30, 2);
	ret->location = (uint16_t)get_bytes(p + 32, 2);
	ret->full = p[34] == 1;
	ret->offset = (uint32_t)get_bytes(p + 35, 4);
	if (ret->offset > size - last || size - last - ret->offset < ERG_OCC_RECORD_SIZE ||
		!(ret->hz > 0) || !(ret->scale > 0))
		return -EBADMSG;
	return 0;
}

void erg_occ_record(const uint8_t *r, struct erg_occ_record *ret)
{
	ret->timestamp = get_bytes(r + 2, 8);
	ret->sample = (uint16_t)get_bytes(r + 10, 2);
	ret->accumulator = get_bytes(r + 28, 8);
	ret->update_tag = (uint32_t)get_bytes(r + 36, 4);
}
