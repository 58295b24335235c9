/* SPDX-License-Identifier: GPL-3.0-or-later */
/* In place of the page where its libraries were not there when this was built: html.c refuses then. */
#include <stddef.h>

extern const unsigned char erg_page_head[], erg_page_tail[];
extern const size_t erg_page_head_len, erg_page_tail_len;

const unsigned char erg_page_head[1], erg_page_tail[1];
const size_t erg_page_head_len, erg_page_tail_len;
