/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refuses [-e ERRNO|-k] NUMBER[,NUMBER...] COMMAND...: runs it under a seccomp filter in which these system
 * calls fail with ERRNO (1, EPERM, by default) or, with -k, kill the process. For programs of the machine's
 * own architecture.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define CALLS_MAX 64

int main(int argc, char **argv)
{
	struct sock_filter code[2 * CALLS_MAX + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	unsigned int action = SECCOMP_RET_ERRNO | EPERM;
	struct sock_fprog filter = {1, code};
	char *number, *save = NULL;
	int c;

	while ((c = getopt(argc, argv, "+e:k")) != -1) {
		if (c != 'e' && c != 'k')
			return 2;
		action = c == 'k' ? SECCOMP_RET_KILL_PROCESS
				  : SECCOMP_RET_ERRNO | (unsigned int)atoi(optarg);
	}
	if (argc - optind < 2)
		return 2;
	for (number = strtok_r(argv[optind], ",", &save); number && filter.len < 2 * CALLS_MAX;
		number = strtok_r(NULL, ",", &save)) {
		code[filter.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			(unsigned int)atoi(number), 0, 1);
		code[filter.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
	}
	code[filter.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) {
		fprintf(stderr, "refuses: %s\n", strerror(errno));
		return 77;
	}
	execvp(argv[optind + 1], argv + optind + 1);
	return 127;
}
