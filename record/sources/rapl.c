/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Energy filtering: against side channels, Intel's processors add noise to RAPL's counters where
 * SGX is enabled or software asks for it (INTEL-SA-00389), up to tens of percent over short
 * intervals.
 *
 * Software's request is bit 0 of MISC_PACKAGE_CTLS (0xbc), which is there when bit 11 of
 * ARCH_CAPABILITIES (0x10a) is set (Intel SDM vol. 4, table 2-2). The registers are read where the
 * module msr and the user's rights allow it. SGX shows as a flag of the processor, which does not
 * prove that it filters. Neither the noise nor the period that it has is documented, so a filtered
 * counter keeps its model, and is "assumed".
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/drivers.h"

#define ARCH_CAPABILITIES 0x10a
#define ENERGY_FILTERING_CTL (1u << 11)
#define MISC_PACKAGE_CTLS 0xbc
#define ENERGY_FILTERING_ENABLE 1u

/* A register of CPU 0; 0 where it cannot be read. Registers of another tree lie in its own dev. */
static uint64_t read_msr(const struct erg_source_config *cfg, off_t number)
{
	_cleanup_(erg_closep) int fd = -1;
	uint64_t value = 0;
	char path[300];

	snprintf(path, sizeof(path), "%s/dev/cpu/0/msr",
		strcmp(cfg->sysfs, "/sys") ? cfg->sysfs : "");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &value, sizeof(value), number) != (ssize_t)sizeof(value))
		return 0;
	return le64toh(value);
}

static bool is_filtered(const struct erg_source_config *cfg)
{
	return read_msr(cfg, ARCH_CAPABILITIES) & ENERGY_FILTERING_CTL &&
		read_msr(cfg, MISC_PACKAGE_CTLS) & ENERGY_FILTERING_ENABLE;
}

static bool has_sgx(const struct erg_source_config *cfg)
{
	char text[16384]; /* the first processor's flags are within it */
	int n = erg_attr_read_bytes(text, sizeof(text) - 1, "%s/cpuinfo", cfg->proc);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, " sgx ") || strstr(text, " sgx\n");
}

void erg_rapl_note_filtering(const struct erg_source_config *cfg, struct erg_source_list *list,
	size_t from)
{
	const char *kind = from < list->n ? list->sources[from]->ops->kind : NULL;

	if (kind && is_filtered(cfg)) {
		for (size_t i = from; i < list->n; i++)
			list->sources[i]->model.provenance = ERG_PROVENANCE_ASSUMED;
		erg_source_list_note(list, kind, "",
			"integrate over seconds; the bit is cleared by a reset, if the firmware "
			"does not set it",
			"energy filtering is on: RAPL adds noise to energy over short intervals");
	} else if (kind && has_sgx(cfg)) {
		erg_source_list_note(list, kind, "",
			"disable SGX in the firmware, or integrate over seconds",
			"this CPU has SGX: RAPL may add noise to energy over short intervals "
			"(energy filtering)");
	}
}
