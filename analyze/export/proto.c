/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fields of Protocol Buffers: varints, doubles, bytes. */
#include "analyze/export/proto.h"

#include <stdlib.h>
#include <string.h>

#include "formats/base/memory.h"

enum wire { WIRE_VARINT, WIRE_64_BIT, WIRE_BYTES };

static bool reserve(struct erg_proto *p, size_t more)
{
	size_t cap = p->cap ? p->cap : 256;
	unsigned char *v;

	while (cap < p->n + more)
		cap *= 2;
	if (cap == p->cap)
		return true;
	v = erg_noted(realloc(p->v, cap));
	if (!v) {
		p->failed = true;
		return false;
	}
	p->v = v;
	p->cap = cap;
	return true;
}

static void put_varint(struct erg_proto *p, uint64_t v)
{
	if (!reserve(p, 10))
		return;
	while (v >= 0x80) {
		p->v[p->n++] = (unsigned char)(v | 0x80);
		v >>= 7;
	}
	p->v[p->n++] = (unsigned char)v;
}

static void put_tag(struct erg_proto *p, unsigned int field, enum wire wire)
{
	put_varint(p, (uint64_t)field << 3 | (uint64_t)wire);
}

void erg_proto_uint(struct erg_proto *p, unsigned int field, uint64_t v)
{
	put_tag(p, field, WIRE_VARINT);
	put_varint(p, v);
}

void erg_proto_double(struct erg_proto *p, unsigned int field, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	put_tag(p, field, WIRE_64_BIT);
	if (reserve(p, sizeof(bits)))
		for (size_t i = 0; i < sizeof(bits); i++)
			p->v[p->n++] = (unsigned char)(bits >> (8 * i));
}

static void put_bytes(struct erg_proto *p, unsigned int field, const void *v, size_t n)
{
	put_tag(p, field, WIRE_BYTES);
	put_varint(p, n);
	if (n && reserve(p, n)) {
		memcpy(p->v + p->n, v, n);
		p->n += n;
	}
}

void erg_proto_text(struct erg_proto *p, unsigned int field, const char *text)
{
	put_bytes(p, field, text, strlen(text));
}

void erg_proto_message(struct erg_proto *p, unsigned int field, const struct erg_proto *m)
{
	p->failed |= m->failed;
	put_bytes(p, field, m->v, m->n);
}

void erg_proto_release(struct erg_proto *p)
{
	free(p->v);
	*p = (struct erg_proto){0};
}
