/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_PACKET_H
#define ERG_FORMATS_PACKET_H

/*
 * Packets of CTF 1.8 as the writers of our chunks lay them out, just enough to tell where the last
 * complete one of a file ends. A file may end inside a packet: its writer was killed, the power
 * failed, a copy was cut.
 */
#include <stdbool.h>
#include <stdint.h>

enum erg_packet_layout {
	ERG_PACKET_LTTNG,    /* events, LTTng-UST 2.x */
	ERG_PACKET_IMPORT,   /* events, erg-record import: the file system sink of babeltrace2 */
	ERG_PACKET_METADATA, /* LTTng's metadata; it has no times */
};

struct erg_packet {
	uint64_t bytes;
	uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC */
};

/*
 * The packet at byte OFF of FD, a file of SIZE bytes. False when it is not complete: not all of it
 * lies within the file, or its magic number or sizes are not those of a packet (after a power
 * failure a file may end in zeroes where data never reached the disk).
 */
bool erg_packet_read(int fd, enum erg_packet_layout layout, uint64_t off, uint64_t size,
	struct erg_packet *ret);

#endif
