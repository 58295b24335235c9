/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_CPU_BUSY_H
#define ERG_RECORD_SOURCES_CPU_BUSY_H

/* The busy time of each CPU, as /proc/stat has it (proc(5)). */
#include <stddef.h>
#include <stdint.h>

/* Room for the line of a CPU: at most 10 numbers of 20 digits. */
#define ERG_CPU_BUSY_BYTES 256

/* Calls F for each "cpuN" line of TEXT, which begins as /proc/stat does, with the ticks of USER_HZ
 * that CPU was busy since boot (user, nice, system, irq, softirq). Offline CPUs have no line.
 * Returns the number of lines. */
size_t erg_cpu_busy_each(const char *text, void (*f)(void *arg, int cpu, uint64_t busy_ticks),
	void *arg);

#endif
