/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPORT_PROTO_H
#define ERG_ANALYZE_EXPORT_PROTO_H

/*
 * Writing messages of Protocol Buffers: three kinds of fields are all that is wanted, so no library is. A
 * message is a buffer that grows; a message within another is written by itself and put in as bytes. What
 * memory could not take is remembered in FAILED.
 * Reference: https://protobuf.dev/programming-guides/encoding/
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct erg_proto {
	unsigned char *v;
	size_t n, cap;
	bool failed;
};

void erg_proto_uint(struct erg_proto *p, unsigned int field, uint64_t v);
void erg_proto_double(struct erg_proto *p, unsigned int field, double v);
void erg_proto_text(struct erg_proto *p, unsigned int field, const char *text);
void erg_proto_message(struct erg_proto *p, unsigned int field, const struct erg_proto *m);
void erg_proto_release(struct erg_proto *p);

#endif
