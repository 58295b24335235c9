/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why a command may have no layers whatever it is annotated with: it loads no libraries, or may not speak
 * to LTTng and the recorder.
 */
#include "record/run/linked.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/util.h"

bool erg_linked_statically(const char *exe)
{
	_cleanup_(erg_closep) int fd = exe ? open(exe, O_RDONLY | O_CLOEXEC) : -1;
	ElfW(Ehdr) e;

	if (fd < 0 || pread(fd, &e, sizeof(e), 0) != (ssize_t)sizeof(e) ||
		memcmp(e.e_ident, ELFMAG, SELFMAG) ||
		e.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
		e.e_phentsize != sizeof(ElfW(Phdr)) || !e.e_phnum)
		return false;
	for (unsigned int i = 0; i < e.e_phnum; i++) {
		ElfW(Phdr) p;

		if (pread(fd, &p, sizeof(p), (off_t)(e.e_phoff + i * sizeof(p))) !=
				(ssize_t)sizeof(p) ||
			p.p_type == PT_INTERP)
			return false;
	}
	return true;
}

/* The mode of seccomp(2): 0 none, 2 a filter; -1 where it cannot be told. */
static int seccomp_mode(const char *status)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(status, "re");
	char line[256];
	int mode = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	return mode;
}

bool erg_seccomp_filtered(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	return seccomp_mode(path) == 2 && seccomp_mode("/proc/self/status") == 0;
}
