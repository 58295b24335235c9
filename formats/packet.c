/* SPDX-License-Identifier: MIT */
/*
 * Where header and context of a packet have their fields is fixed by who wrote it (the metadata says
 * so), and the magic number tells the byte order:
 *
 *	LTTng:     u32 magic C1FC1FC1, uuid, u32 stream, u64 instance, u64 begin, u64 end,
 *	           u64 content bits, u64 packet bits, …
 *	imported:  u32 magic C1FC1FC1, uuid, u64 stream, u64 instance, u64 packet bits,
 *	           u64 content bits, u64 begin, u64 end, …
 *	metadata:  u32 magic 75D11D57, uuid, u32 checksum, u32 content bits, u32 packet bits, …
 *
 * Reference: Common Trace Format 1.8.3, section 5; lttng-ust 2.13, ring buffer client; babeltrace2
 * 2.0, sink.ctf.fs.
 */
#include "formats/packet.h"

#include <unistd.h>

#define HEADER_MAX 68

static const struct layout {
	uint32_t magic;
	unsigned int header;          /* bytes up to the end of the fields named here */
	unsigned int width;           /* bytes of a size */
	unsigned int content, packet; /* byte where each size stands */
	unsigned int begin, end;      /* byte where each time stands; 0: none */
} layouts[] = {
	[ERG_PACKET_LTTNG] = {0xC1FC1FC1u, 64, 8, 48, 56, 32, 40},
	[ERG_PACKET_IMPORT] = {0xC1FC1FC1u, 68, 8, 44, 36, 52, 60},
	[ERG_PACKET_METADATA] = {0x75D11D57u, 32, 4, 24, 28, 0, 0},
};

static uint64_t packet_number(const unsigned char *p, unsigned int width, bool big_endian)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < width; i++)
		v = v << 8 | p[big_endian ? i : width - 1 - i];
	return v;
}

bool erg_packet_read(int fd, enum erg_packet_layout layout, uint64_t off, uint64_t size,
	struct erg_packet *ret)
{
	const struct layout *l = &layouts[layout];
	unsigned char h[HEADER_MAX];
	uint64_t content, packet;
	bool big;

	if (off >= size || pread(fd, h, l->header, (off_t)off) != (ssize_t)l->header)
		return false;
	big = packet_number(h, 4, true) == l->magic;
	if (!big && packet_number(h, 4, false) != l->magic)
		return false;
	content = packet_number(h + l->content, l->width, big);
	packet = packet_number(h + l->packet, l->width, big);
	if (packet % 8 || packet / 8 < l->header || packet / 8 > size - off || content > packet)
		return false;
	*ret = (struct erg_packet){.bytes = packet / 8,
		.begin_ns = l->begin ? packet_number(h + l->begin, 8, big) : 0,
		.end_ns = l->end ? packet_number(h + l->end, 8, big) : 0};
	return true;
}
