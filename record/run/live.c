/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page of layers that run. It is a file in memory without a name of its own, which programs open
 * through this process: nothing is left when the recorder is killed.
 */
#include "record/run/live.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "tracepoints/live_page.h"

static struct erg_live_page *page_make(int fd)
{
	struct erg_live_page *page;

	if (fd < 0 || ftruncate(fd, sizeof(*page)) < 0)
		return NULL;
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		return NULL;
	/* Nobody can make it shorter under who has mapped it. */
	(void)!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	page->magic = ERG_LIVE_MAGIC;
	page->version = ERG_LIVE_VERSION;
	page->size = sizeof(*page);
	return page;
}

int erg_live_open(struct erg_live *l, struct erg_environ *env, struct erg_err *err)
{
	char path[64];
	int n;

	/* A program with capabilities of its own is closed to others of the same user. */
	if (prctl(PR_GET_DUMPABLE) != 1)
		return 0;
	l->fd = memfd_create(ERG_LIVE_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	l->page = page_make(l->fd);
	if (!l->page)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), l->fd);
	n = erg_environ_set(env, "ERG_LIVE", path);
	return n < 0 ? erg_fail_errno(err, n, "environment") : 0;
}

void erg_live_release(struct erg_live *l)
{
	if (l->page)
		munmap(erg_steal_ptr(&l->page), sizeof(struct erg_live_page));
	erg_closep(&l->fd);
}

bool erg_live_counts_get(const struct erg_live *l, struct erg_live_counts *ret)
{
	uint64_t calls[ERG_LIVE_LEVELS] = {0}, layers[ERG_LIVE_LEVELS] = {0};
	const struct erg_live_page *p = l->page;
	uint32_t level = ERG_LIVE_LEVELS - 1;

	if (!p)
		return false;
	for (size_t i = 0; i < ERG_LIVE_THREADS; i++)
		for (size_t k = 0; k < ERG_LIVE_LEVELS; k++)
			calls[k] += atomic_load(&p->threads[i].calls[k]);
	for (size_t i = 0; i < ERG_LIVE_LAYERS; i++)
		if (atomic_load(&p->layers[i].seen) && atomic_load(&p->layers[i].ready))
			layers[p->layers[i].level % ERG_LIVE_LEVELS]++;
	while (level && !calls[level])
		level--;
	*ret = (struct erg_live_counts){layers[level], calls[level],
		atomic_load(&p->without_room) > 0};
	return true;
}
