/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_ENDING_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_ENDING_H

/* Has LAST called when the program ends: by exit, quick_exit or _exit, and before it dies of SIGTERM, SIGINT
 * or SIGHUP where it does nothing about these itself. Again: nothing, but
 * for the same in a child of fork, which has no thread of its parent. */
void erg_ort_at_end(void (*last)(void));

#endif
