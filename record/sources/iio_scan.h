/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_IIO_SCAN_H
#define ERG_RECORD_SOURCES_IIO_SCAN_H

/* How the samples of an IIO buffer are packed (Documentation/iio/iio_devbuf.rst and
 * ABI/testing/sysfs-bus-iio). */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ERG_IIO_ELEMENTS_MAX 24

struct erg_iio_element {
	char name[48]; /* in_current3, in_timestamp */
	int index;     /* order within a sample */
	bool big_endian, is_signed;
	unsigned int bits, bytes, shift; /* bytes of storage */
	size_t offset;                   /* within a sample: set by erg_iio_layout */
};

/* "le:s16/16>>0". -EBADMSG for anything else, -ENOTSUP for repeats and odd sizes. */
int erg_iio_parse_type(const char *text, struct erg_iio_element *e);

/* Sorts by index, places each element at a multiple of its size; returns the bytes of a sample. */
size_t erg_iio_layout(struct erg_iio_element *e, size_t n);

int64_t erg_iio_value(const struct erg_iio_element *e, const uint8_t *sample);

#endif
