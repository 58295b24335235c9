/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_CUDA_CUPTI_LIB_H
#define ERG_TRACEPOINTS_CUDA_CUPTI_LIB_H

/*
 * CUPTI, found at run time: the program's CUDA, not the one that we were built with, decides which
 * version it must be, and programs like PyTorch bring their own.
 */
#include <cupti.h>
#include <stdbool.h>

#define ERG_CUPTI_FUNCTIONS(F)                                                                     \
	F(cuptiSubscribe)                                                                          \
	F(cuptiUnsubscribe)                                                                        \
	F(cuptiActivityRegisterTimestampCallback)                                                  \
	F(cuptiActivityRegisterCallbacks)                                                          \
	F(cuptiActivityEnable)                                                                     \
	F(cuptiActivityFlushPeriod)                                                                \
	F(cuptiActivityFlushAll)                                                                   \
	F(cuptiActivityGetNextRecord)                                                              \
	F(cuptiActivityGetNumDroppedRecords)                                                       \
	F(cuptiActivityPushExternalCorrelationId)                                                  \
	F(cuptiActivityPopExternalCorrelationId)                                                   \
	F(cuptiGetResultString)

struct erg_cupti {
#define ERG_CUPTI_MEMBER(name) __typeof__(name) *name;
	ERG_CUPTI_FUNCTIONS(ERG_CUPTI_MEMBER)
#undef ERG_CUPTI_MEMBER
};

/* Fills *ret from the CUPTI that the program has loaded, or else the newest that is found. False,
 * with a reason in WHY (of 160 bytes), where there is none or it lacks a function. */
bool erg_cupti_load(struct erg_cupti *ret, char *why);

#endif
