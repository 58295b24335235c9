/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_UNIT_READER_FIXTURE_H
#define ERG_TESTS_UNIT_READER_FIXTURE_H

/* A decoded chunk as the reader's parent process has it: mapped. Include after cmocka.h. */
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/reader/worker.h"

/* Takes FD. */
static inline void map_chunk(int fd, struct erg_worker_chunk *ret)
{
	struct stat st;
	void *p;

	assert_int_equal(fstat(fd, &st), 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	close(fd);
	*ret = (struct erg_worker_chunk){.h = p, .size = (size_t)st.st_size};
	assert_true(ret->h->magic == ERG_CHUNK_MAGIC);
}

static inline bool has_warning(const json_t *warnings, const char *code)
{
	json_t *w;
	size_t i;

	json_array_foreach (warnings, i, w)
		if (!strcmp(json_string_value(json_object_get(w, "code")), code))
			return true;
	return false;
}

#endif
