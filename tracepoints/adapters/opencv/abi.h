/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_OPENCV_ABI_H
#define ERG_TRACEPOINTS_OPENCV_ABI_H

/*
 * What the adapter knows of OpenCV's C++ objects, so that it is written in C and builds without its
 * headers. Sources: modules/dnn/src/layer_internals.hpp (struct LayerData), modules/dnn/include/
 * opencv2/dnn/dnn.hpp (class Layer), modules/core/include/opencv2/core/mat.hpp (class Mat) of OpenCV
 * 4.6 to 4.12; the standard containers are those of libstdc++ on a 64-bit machine. tests/cli/
 * opencv.bats compares what is public with the headers, where they are installed. Seen to run is 4.6;
 * what is read is checked for sense (describe.c), since a release may lay it out otherwise.
 */
#include <stddef.h>
#include <stdint.h>

/* The inline namespaces of the releases: 4.6, 4.7, 4.8, 4.9, 4.10, and 4.11 with 4.12. */
#define ERG_OPENCV_RELEASES(X)                                                                     \
	X(20220524) X(20221220) X(20230620) X(20231225) X(20240521) X(20241223)

struct erg_opencv_string {
	const char *text;
	size_t size;
	char here[16];
};

struct erg_opencv_vector {
	const void *begin, *end, *room;
};

struct erg_opencv_mat {
	int flags, dims, rows, cols;
	void *data, *other[5];
	const int *shape; /* dims of them */
	void *rest[3];
};

struct erg_opencv_layer {
	void *methods;
	struct erg_opencv_vector blobs; /* of mat: weights, bias, … */
	struct erg_opencv_string name, type;
};

struct erg_opencv_data {
	int id;
	struct erg_opencv_string name, type;
	int dtype;
	char params[136]; /* LayerParams */
	struct erg_opencv_vector input_pins;
	char sets[2][48];
	struct erg_opencv_vector consumers, wrappers[3];
	const struct erg_opencv_layer *layer;
	void *layer_count;
	struct erg_opencv_vector outputs; /* of mat */
	struct erg_opencv_vector inputs;  /* of mat * */
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct erg_opencv_mat) == 96, "a Mat has 96 bytes");
_Static_assert(sizeof(void *) != 8 || offsetof(struct erg_opencv_data, layer) == 432, "LayerData");

#endif
