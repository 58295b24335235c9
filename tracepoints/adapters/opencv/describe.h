/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_OPENCV_DESCRIBE_H
#define ERG_TRACEPOINTS_OPENCV_DESCRIBE_H

#include <stdbool.h>

#include "tracepoints/adapters/opencv/abi.h"
#include "tracepoints/erg.h"

/* Room for what a layer's name and type are copied to. */
struct erg_opencv_text {
	char name[512], type[128];
};

/* Everything of INFO, with its texts in TEXT: shapes, MACs, parameters. It reads DATA by the kernel,
 * which refuses what is not memory; false where that or what it finds says that DATA is laid out in
 * another way. */
bool erg_opencv_describe(const struct erg_opencv_data *data, struct erg_opencv_text *text,
	struct erg_layer_info *info);

#endif
