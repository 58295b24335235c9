/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PROVENANCE_H
#define ERG_RECORD_PROVENANCE_H

/*
 * Where a recording comes from: what manifest.json says about the machine, the program and the
 * moment. Nothing here fails: what cannot be found out is left out.
 */
#include <stdint.h>

#include <jansson.h>

/* {"hostname", "arch", "kernel", "os", "cpu_model", "microcode", "cpus", "cpus_online",
 * "memory_bytes", "clocksource", "virtualization", "board", "governors": {"policy0": …}, …} */
json_t *erg_provenance_machine(const char *sysfs);
/* {"path", "sha256", "build_id"} of an executable or a library. */
json_t *erg_provenance_file(const char *path);
/* The variables that change what a network does or how it is measured, of ENVP. */
json_t *erg_provenance_environment(char *const *envp);
/* The word I of a command, a string: "(masked)" for a secret, "(not UTF-8)" for what is none. */
json_t *erg_provenance_word(char *const *argv, int i);
/* A command in one text, in the same way. */
json_t *erg_provenance_command(const char *command);
/* One moment by both clocks. */
void erg_provenance_clock(uint64_t *ret_realtime_ns, uint64_t *ret_monotonic_ns);
/* "2026-11-21T01:50:12Z" of a CLOCK_REALTIME in ns. */
json_t *erg_provenance_utc(unsigned long long realtime_ns);

#endif
