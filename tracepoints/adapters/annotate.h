/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ANNOTATE_H
#define ERG_TRACEPOINTS_ANNOTATE_H

/*
 * What `erg-record --annotate LIST` puts into the environment of the command: the contract between
 * the adapters and the recorder, which only reads this table.
 *
 * For every name in the list, every row of that name applies whose file exists in the adapters'
 * folder: its variable is set to FOLDER/file or, where separator is not 0, FOLDER/file and the
 * separator are put in front of what the variable holds. A name none of whose files exists is a
 * warning ("nvtx: liberg-nvtx.so is not installed"), never an error; a name that is not in the
 * table is wrong usage. `auto` stands for all rows with in_auto set, and gives no warnings.
 *
 * Loading a library is most of what the start of a short program costs, so auto preloads one, `all`, in
 * which the files of several rows are. These are loaded by themselves where one of them is named beside auto
 * or preloaded already, or all is not installed; and not where they, or all, are preloaded already: a
 * framework's functions are to be taken once.
 *
 * The adapters' folder is the first that exists of $ERG_ADAPTER_DIR, the one compiled in
 * (-DERG_ADAPTER_DIR, LIBDIR/ergtrace), and ../tracepoints/adapters beside the recorder's own
 * program (a build tree).
 */
#include <stdbool.h>

struct erg_annotate_row {
	const char *name;
	const char *variable;
	const char *file;
	char separator; /* 0: set; ':': put in front */
	bool in_auto;
	const char *all; /* or NULL */
};

#define ERG_ANNOTATE_ALL "liberg-auto.so"

static const struct erg_annotate_row erg_annotate_table[] = {
	/* Programs linked with liberg-streamline need nothing; those linked with Arm's own shared
	 * library get ours in its place. */
	{"streamline", "LD_PRELOAD", "liberg-streamline.so", ':', false, NULL},
	/* NVTX 2 and 3: nvToolsExt.h loads it by itself. */
	{"nvtx", "NVTX_INJECTION64_PATH", "liberg-nvtx.so", 0, true, NULL},
	/* ittnotify loads the collector by itself; preloaded as well, it sees oneDNN's shapes. */
	{"itt", "INTEL_LIBITTNOTIFY64", "liberg-itt.so", 0, true, NULL},
	{"itt", "LD_PRELOAD", "liberg-itt.so", ':', false, NULL},
	/* The CUDA driver loads it at cuInit. */
	{"cuda", "CUDA_INJECTION64_PATH", "liberg-cuda.so", 0, true, NULL},
	/* The folder with the package erg. */
	{"python", "PYTHONPATH", "python", ':', true, NULL},
	{"darknet", "LD_PRELOAD", "liberg-darknet.so", ':', false, NULL},
	{"llama", "LD_PRELOAD", "liberg-llama.so", ':', true, ERG_ANNOTATE_ALL},
	{"onnxruntime", "LD_PRELOAD", "liberg-onnxruntime.so", ':', true, ERG_ANNOTATE_ALL},
	{"opencv", "LD_PRELOAD", "liberg-opencv.so", ':', true, ERG_ANNOTATE_ALL},
};

#define ERG_ANNOTATE_ROWS (sizeof(erg_annotate_table) / sizeof(erg_annotate_table[0]))

#endif
