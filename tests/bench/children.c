/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bench-children N WHAT: an annotated program forks and waits for N children, one after the other, and
 * prints how many ms it took. WHAT the children do: nothing, a layer each, or a program that they become.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracepoints/erg.h"

static void child(const char *what, uint32_t layer)
{
	if (!strcmp(what, "layer")) {
		erg_begin(layer);
		erg_end(layer);
	} else if (strcmp(what, "nothing")) {
		execl(what, what, (char *)NULL);
		_exit(127);
	}
	exit(0);
}

int main(int argc, char **argv)
{
	const struct erg_layer_info info = {.size = sizeof(info), .name = "layer", .type = "conv"};
	uint32_t layer = erg_layer(erg_network("children"), &info);
	uint64_t begin;
	int status;

	if (argc != 3)
		return 2;
	begin = erg_now_ns();
	for (int i = 0; i < atoi(argv[1]); i++) {
		pid_t pid = fork();

		if (!pid)
			child(argv[2], layer);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	printf("%.1f\n", (double)(erg_now_ns() - begin) * 1e-6);
	return 0;
}
