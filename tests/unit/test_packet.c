/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets: each writer's layout in both byte orders, whole and cut anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

#include "formats/packet.h"
#include "formats/base/util.h"

#define PACKET 128u

struct field {
	unsigned int at, width;
	uint64_t value;
};

static const struct {
	enum erg_packet_layout layout;
	struct field fields[6]; /* the last: width 0 */
} writers[] = {
	{ERG_PACKET_LTTNG,
		{{0, 4, 0xC1FC1FC1}, {32, 8, 100}, {40, 8, 200}, {48, 8, PACKET * 8 - 80},
			{56, 8, PACKET * 8}}},
	{ERG_PACKET_IMPORT,
		{{0, 4, 0xC1FC1FC1}, {36, 8, PACKET * 8}, {44, 8, PACKET * 8 - 80}, {52, 8, 100},
			{60, 8, 200}}},
	{ERG_PACKET_METADATA, {{0, 4, 0x75D11D57}, {24, 4, PACKET * 8 - 80}, {28, 4, PACKET * 8}}},
};

static void put(unsigned char *packet, const struct field *f, bool big)
{
	for (unsigned int i = 0; i < f->width; i++)
		packet[f->at + i] = (unsigned char)(f->value >> 8 * (big ? f->width - 1 - i : i));
}

/* A file of two packets of writer W. */
static int file_new(size_t w, bool big)
{
	unsigned char two[2 * PACKET] = {0};
	int fd = memfd_create("packets", 0);

	for (const struct field *f = writers[w].fields; f->width; f++) {
		put(two, f, big);
		put(two + PACKET, f, big);
	}
	assert_int_equal(pwrite(fd, two, sizeof(two), 0), sizeof(two));
	return fd;
}

static void packets_are_whole_or_not(void **state)
{
	for (size_t w = 0; w < 2 * ERG_ARRAY_SIZE(writers); w++) {
		const enum erg_packet_layout layout = writers[w / 2].layout;
		_cleanup_(erg_closep) int fd = file_new(w / 2, w % 2);
		struct erg_packet p;

		for (uint64_t size = 2 * PACKET; size > 0; size--) {
			assert_int_equal(ftruncate(fd, (off_t)size), 0);
			assert_int_equal(erg_packet_read(fd, layout, 0, size, &p), size >= PACKET);
			assert_int_equal(erg_packet_read(fd, layout, PACKET, size, &p),
				size == 2 * PACKET);
			if (size < PACKET)
				continue;
			assert_int_equal(p.bytes, PACKET);
			assert_int_equal(p.begin_ns, layout == ERG_PACKET_METADATA ? 0 : 100);
			assert_int_equal(p.end_ns, layout == ERG_PACKET_METADATA ? 0 : 200);
		}
	}
}

/* Sizes that no writer makes are taken for no packet, however large they are. */
static void sizes_are_checked(void **state)
{
	static const uint64_t sizes[] = {0, 1, 8 * 63, PACKET * 8 - 88, PACKET * 8 + 1, UINT64_MAX};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(sizes); i++) {
		_cleanup_(erg_closep) int fd = file_new(0, false);
		struct erg_packet p;

		assert_int_equal(pwrite(fd, &sizes[i], sizeof(sizes[i]), 56), sizeof(sizes[i]));
		assert_false(erg_packet_read(fd, ERG_PACKET_LTTNG, 0, 2 * PACKET, &p));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_whole_or_not),
		cmocka_unit_test(sizes_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
