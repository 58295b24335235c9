/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_UNIT_SOURCES_FIXTURE_H
#define ERG_TESTS_UNIT_SOURCES_FIXTURE_H

/* A tree of files and the sources found in it, for tests of drivers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "formats/base/util.h"
#include "record/sources/source.h"
#include "record/sources/attr.h"
#include "tests/unit/tree.h"

struct fixture {
	struct tree tree;
	char proc[96]; /* DIR/proc */
	struct erg_source_config cfg;
	struct erg_source_list list;
	struct erg_err err;
	int64_t values[ERG_SOURCE_CHANNELS_MAX];
	uint64_t native;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	tree_new(&f->tree);
	snprintf(f->proc, sizeof(f->proc), "%s/proc", f->tree.dir);
	f->cfg.sysfs = f->tree.dir;
	f->cfg.proc = f->proc;
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	erg_attr_pread = pread;
	erg_source_list_release(&f->list);
	tree_free(&f->tree);
	free(f);
	return 0;
}

static inline int find(struct fixture *f, const char *list)
{
	erg_source_list_release(&f->list);
	return erg_sources_find(list, &f->cfg, &f->list, &f->err);
}

/* The source and channel of a rail and quantity. */
static inline struct erg_source *channel(struct fixture *f, const char *rail, enum erg_quantity q,
	size_t *ret)
{
	for (size_t i = 0; i < f->list.n; i++)
		for (size_t c = 0; c < f->list.sources[i]->n_channels; c++)
			if (f->list.sources[i]->channels[c].quantity == q &&
				!strcmp(f->list.sources[i]->channels[c].rail, rail)) {
				*ret = c;
				return f->list.sources[i];
			}
	fail_msg("no rail %s", rail);
	return NULL;
}

static inline const char *parent_of(struct fixture *f, const char *rail, enum erg_quantity q)
{
	size_t c;
	struct erg_source *s = channel(f, rail, q, &c);

	return s->channels[c].parent;
}

static inline int64_t value_of(struct fixture *f, const char *rail, enum erg_quantity q)
{
	size_t c;
	struct erg_source *s = channel(f, rail, q, &c);

	if (s->ops->read(s, f->values, &f->native) < 0)
		return ERG_VALUE_NONE;
	return f->values[c];
}

static inline int64_t file_value(const struct fixture *f, const char *path)
{
	int64_t v = -1;

	erg_attr_read_int(&v, "%s/%s", f->tree.dir, path);
	return v;
}

static inline void start_all(struct fixture *f)
{
	for (size_t i = 0; i < f->list.n; i++)
		if (f->list.sources[i]->ops->start)
			assert_int_equal(f->list.sources[i]->ops->start(f->list.sources[i],
						 &f->err),
				0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
