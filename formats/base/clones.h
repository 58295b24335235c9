/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_CLONES_H
#define ERG_FORMATS_CLONES_H

/*
 * A function that is compiled for several processors, of which the loader takes the one that this
 * processor has. Its loops are vectorised wider; products and sums are never contracted
 * (-ffp-contract=off), so a loop whose elements do not depend on each other gives the same bytes
 * in each. On arm64 the vectors (NEON) are part of what every processor has, and there is one.
 */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) &&       \
	!defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(ERG_ONE_CLONE)
/* By feature: "arch=haswell" would be taken by that processor alone, not by its successors. */
#define ERG_EACH_PROCESSOR __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define ERG_EACH_PROCESSOR
#endif

#endif
