/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_NVTX_NAME_H
#define ERG_TRACEPOINTS_NVTX_NAME_H

/*
 * What the text of a range says. Frameworks put more into it than a name, and what changes from call
 * to call must not become part of the layer's name:
 *
 *	{'Module': 'top.mlp', 'TrainableParams': {'weight': [8, 4]}, 'Inputs': [[5, 4]]}
 *			vLLM, SGLang: the module is the layer; shapes, parameters and MACs.
 *			With 'Outputs' and no 'Inputs' it is a note on the call that has just
 *			ended (vLLM writes one after each), and no call
 *	{"Name": "conv1 + relu1", …}
 *			the same as JSON
 *	aten::conv2d, seq = 12, sizes = [[1, 3, 8, 8], …]
 *			torch.autograd.profiler.emit_nvtx: the operator; the shape of its first input
 *	conv1 + relu1, {ForeignNode[…]}
 *			TensorRT and others: the name as it stands
 *
 * Numbers in what is left: numbers.h.
 */
#include <stdbool.h>

#include "tracepoints/erg.h"

#define NVTX_NAME_MAX 2048

struct nvtx_name {
	char name[NVTX_NAME_MAX];
	const char *type;           /* NULL: the text does not say */
	struct erg_layer_info info; /* shapes, parameters; its name and type are not used */
	uint64_t macs;              /* of this call; 0: not said */
	bool is_path; /* the name is a module's place, in which numbers tell modules apart */
	bool is_note; /* on another range: no layer */
};

/* False where the text is a name as it stands: RET is of no use then. */
bool nvtx_name_read(const char *text, struct nvtx_name *ret);

#endif
