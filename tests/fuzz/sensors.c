/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzes what reads sensors' bytes: numbers of attributes, sensor models, layouts of IIO samples, and
 * the block of POWER9's controllers. The first byte chooses. With libFuzzer (tests/fuzz/run) or with
 * driver.c.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/iio_scan.h"
#include "record/sources/opal_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void number(const char *text)
{
	char again[32];
	int64_t v, w;

	if (erg_attr_parse(text, &v) < 0)
		return;
	snprintf(again, sizeof(again), "%lld", (long long)v);
	if (erg_attr_parse(again, &w) < 0 || v != w)
		__builtin_trap();
}

static void model(char *text)
{
	struct erg_sensor_model m = {.kind = ERG_SENSOR_POINT};

	erg_model_set(&m, text);
	if (m.kind > ERG_SENSOR_COUNTER || !(m.alpha >= 0 && m.alpha <= 1))
		__builtin_trap();
}

/* Lines are types of elements. */
static void layout(char *text)
{
	struct erg_iio_element e[ERG_IIO_ELEMENTS_MAX];
	char *line, *save = NULL;
	size_t n = 0, size;

	for (line = strtok_r(text, "\n", &save); line && n < ERG_IIO_ELEMENTS_MAX;
		line = strtok_r(NULL, "\n", &save)) {
		e[n].index = (int)strlen(line);
		if (erg_iio_parse_type(line, &e[n]) >= 0)
			n++;
	}
	size = erg_iio_layout(e, n);
	{
		_cleanup_(erg_freep) uint8_t *sample = calloc(size + 1, 1);

		for (size_t i = 0; sample && i < n; i++) {
			if (e[i].offset + e[i].bytes > size || e[i].offset % e[i].bytes)
				__builtin_trap();
			memset(sample, 0xff, size);
			erg_iio_value(&e[i], sample);
		}
	}
}

static void block(const uint8_t *data, size_t size)
{
	struct erg_occ_header h;

	if (erg_occ_header(data, size, &h) < 0)
		return;
	for (unsigned int i = 0; i < h.sensors; i++) {
		struct erg_occ_sensor s;
		struct erg_occ_record r;

		if (erg_occ_sensor(data, size, &h, i, &s) < 0)
			continue;
		erg_occ_record(data + h.ping + s.offset, &r);
		erg_occ_record(data + h.pong + s.offset, &r);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(erg_freep) char *text = size ? malloc(size) : NULL;

	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		number(text);
		break;
	case 1:
		model(text);
		break;
	case 2:
		layout(text);
		break;
	default: {
		/* a copy of the exact size, so that a byte too far is seen */
		_cleanup_(erg_freep) uint8_t *copy = malloc(size - 1 ? size - 1 : 1);

		if (copy) {
			memcpy(copy, data + 1, size - 1);
			block(copy, size - 1);
		}
		break;
	}
	}
	return 0;
}
