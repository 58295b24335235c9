/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_BOARD_METER_H
#define ERG_TESTS_BOARD_METER_H

/*
 * A PowerSensor3 on the board's input, at the other end of a pseudo-terminal: it speaks the device's side of
 * the line and shows the true power, 20,000 means a second, by a clock of its own that is the board's.
 * What rounding a level loses the next frame has, so that energy is that of the board.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

#define ERG_METER_PAIR "METER_IN"

struct erg_meter {
	int fd, held; /* the device's side; the other, so that it stays when a reader goes */
	char path[64];
	bool streams;
	int configuring; /* the sensor whose configuration is next; -1: none */
	double volts;
	uint64_t frame_end_ns, t_ns;
	double frame_j, carry; /* of the frame that is open; levels */
	unsigned int level;    /* of the last frame */
	uint64_t device_us;
	uint8_t *queue;
	size_t head, tail; /* bytes that wait */
};

int erg_meter_open(struct erg_meter *m, double volts, uint64_t t_ns, struct erg_err *err);
/* Power was P_W from where the last piece ended until TO_NS. */
void erg_meter_feed(struct erg_meter *m, uint64_t to_ns, double p_w);
/* Obeys what came, and sends what waits, as far as the line takes it. */
void erg_meter_serve(struct erg_meter *m);
void erg_meter_close(struct erg_meter *m);

#endif
