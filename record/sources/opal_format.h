/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_OPAL_FORMAT_H
#define ERG_RECORD_SOURCES_OPAL_FORMAT_H

/* The block of sensor data that a POWER9 on-chip controller exports; see opal_format.c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ERG_OCC_BLOCK 0x25800u /* bytes of one OCC */
#define ERG_OCC_MAX 8

enum erg_occ_type {
	ERG_OCC_TEMPERATURE = 0x08,
	ERG_OCC_FREQUENCY = 0x40,
	ERG_OCC_POWER = 0x80,
};

enum erg_occ_location {
	ERG_OCC_SYSTEM = 0x01,
	ERG_OCC_PROCESSOR = 0x02,
	ERG_OCC_MEMORY = 0x08,
	ERG_OCC_GPU = 0x80,
};

struct erg_occ_header {
	uint16_t sensors;
	uint32_t names, ping, pong; /* offsets within the block */
	uint8_t name_size;
};

struct erg_occ_sensor {
	char name[17], unit[5];
	double hz;    /* updates a second */
	double scale; /* of a sample, to UNIT */
	uint16_t type, location;
	bool full;       /* a full record, not a bare counter */
	uint32_t offset; /* of its record within ping and pong */
};

struct erg_occ_record {
	uint64_t timestamp; /* timebase, 512 MHz */
	uint16_t sample;
	uint64_t accumulator;
	uint32_t update_tag;
};

/* 0, or -EBADMSG when BLOCK (SIZE bytes) is not valid or refers to what lies outside of it. */
int erg_occ_header(const uint8_t *block, size_t size, struct erg_occ_header *ret);
int erg_occ_sensor(const uint8_t *block, size_t size, const struct erg_occ_header *h,
	unsigned int i, struct erg_occ_sensor *ret);

/* A full record of a buffer's copy. */
void erg_occ_record(const uint8_t *record, struct erg_occ_record *ret);
#define ERG_OCC_RECORD_SIZE 48u

#endif
