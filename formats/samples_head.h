/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_SAMPLES_HEAD_H
#define ERG_FORMATS_SAMPLES_HEAD_H

/*
 * What `erg-analyze export --to samples` says above its table, for `erg-record import`: lines that begin with
 * ERG_SAMPLES_HEAD, of which each is one of
 *
 *	run BEGIN END            when the command ran, ns of the table's clock
 *	phase BEGIN END NAME
 *	column N<tab>KEY=VALUE<tab>…
 *
 * N counts from 1, the first column behind the times. The keys are those of --sensor, of which a number in the
 * column's unit is one in SI units here, and three more: simulated=1; held=1 of a register that was brought up to
 * date before it was read, as a recorder's are; and own_time=1 of one whose times are the sensor's own.
 */
#define ERG_SAMPLES_HEAD "#erg "
/* Kinds of the sources that are made of these. */
#define ERG_EXPORTED_HELD "exported:csv"
#define ERG_EXPORTED_OWN_TIME "exported-own-time:csv"

#endif
