/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_FOLDER_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_FOLDER_H

#include <stdio.h>

#define ERG_ORT_FOLDER "erg-onnxruntime-"

/* A folder for one profile, in a place that all users share. Who uses it holds a lock: a process id in its name
 * means another process in another container. */
struct erg_ort_folder {
	char prefix[4096]; /* its name, with what the file's name is to begin with */
	int lock;          /* -1: there is none */
};

/* Makes one; its lock is -1 where none can be made. Those of this user that nobody holds are removed before. */
void erg_ort_folder_make(struct erg_ort_folder *ret);

/* Opens the file that is in F, and removes its name and F, so that nothing is left whatever dies. NULL where there
 * is none. */
FILE *erg_ort_folder_take(struct erg_ort_folder *f);

/* Removes F, with what is in it. */
void erg_ort_folder_remove(struct erg_ort_folder *f);

#endif
