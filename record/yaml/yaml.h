/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_YAML_H
#define ERG_RECORD_YAML_H

/*
 * A YAML document as a tree in which every node knows its line and column, so that a message about
 * a plan can point at what it is about. Scalars are text as written: "on" stays "on".
 */
#include <stddef.h>

#include "formats/base/err.h"

enum erg_yaml_kind { ERG_YAML_SCALAR, ERG_YAML_LIST, ERG_YAML_MAP };

struct erg_yaml {
	enum erg_yaml_kind kind;
	int line, column; /* from 1 */
	char *text;       /* of a scalar; "" for null */
	size_t n;
	struct erg_yaml **items; /* of a list; the values of a map */
	struct erg_yaml **keys;  /* of a map: scalars */
};

/* Reads FILE, which must hold one document. Messages begin with "FILE:LINE:COLUMN: ". */
int erg_yaml_read(const char *file, struct erg_yaml **ret, struct erg_err *err);

/* The same from LEN bytes of TEXT; FILE is for messages. */
int erg_yaml_parse(const char *file, const char *text, size_t len, struct erg_yaml **ret,
	struct erg_err *err);

void erg_yaml_free(struct erg_yaml *y);
void erg_yaml_freep(struct erg_yaml **y);

/* The value of KEY in a map, or NULL. */
const struct erg_yaml *erg_yaml_get(const struct erg_yaml *map, const char *key);

/* -EINVAL and "FILE:LINE:COLUMN: formatted". */
int erg_yaml_fail(struct erg_err *err, const char *file, const struct erg_yaml *at, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

#endif
