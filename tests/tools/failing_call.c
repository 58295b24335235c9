/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * failing-call [-a NUMBER] [-e ERROR] [-x PROGRAM] [-n FILE] CALL[,CALL...] COMMAND...: runs the command, in which
 * the call number NUMBER of those that are named fails with ERROR (ENOSPC by default) and is not made, as on a
 * disk that is full or broken just then. ERROR "short": of a write, half of the bytes are written. A call is
 * "write" (also pwrite, writev), "sync", "open" (of files to be written), "rename", "close", "mkdir", "truncate",
 * "read", "start" (of a process or a thread), "map", "socket" or "connect". Without -a none fails, and their number goes to FILE.
 * Counted are calls of all libraries, too, and of all processes that the command starts: with -x of those whose
 * program's name begins so. Writes and reads count where a file is at the descriptor, not a pipe, a terminal or
 * a library; closes where it was opened for writing. By seccomp(2), whose listener (Linux 5.5) answers for the kernel: exit status 77 where there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/base/pidfd.h"
#include "formats/base/util.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum what { AT_FILE, WRITABLE, FOR_WRITING, ANY };

static const struct call {
	const char *name;
	int number;
	enum what what; /* is it counted? */
} calls[] = {
	{"write", SYS_write, AT_FILE},
	{"write", SYS_pwrite64, AT_FILE},
	{"write", SYS_writev, AT_FILE},
	{"sync", SYS_fsync, ANY},
	{"sync", SYS_fdatasync, ANY},
	{"open", SYS_openat, FOR_WRITING},
	{"rename", SYS_renameat2, ANY},
	{"rename", SYS_linkat, ANY},
	{"mkdir", SYS_mkdirat, ANY},
	{"truncate", SYS_ftruncate, ANY},
	{"truncate", SYS_fallocate, ANY},
	{"close", SYS_close, WRITABLE},
	{"read", SYS_read, AT_FILE},
	{"read", SYS_pread64, AT_FILE},
	{"start", SYS_clone, ANY},
	{"start", SYS_clone3, ANY},
	{"map", SYS_mmap, ANY},
	{"connect", SYS_connect, ANY},
	{"socket", SYS_socket, ANY},
#ifdef SYS_renameat
	{"rename", SYS_renameat, ANY},
#endif
#ifdef SYS_rename
	{"rename", SYS_rename, ANY},
	{"mkdir", SYS_mkdir, ANY},
	{"start", SYS_fork, ANY},
	{"start", SYS_vfork, ANY},
#endif
};

static const struct {
	const char *name;
	int number;
} errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"EDQUOT", EDQUOT},
	{"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES}, {"EMFILE", EMFILE},
	{"EPERM", EPERM}, {"EINVAL", EINVAL}, {"ECONNREFUSED", ECONNREFUSED},
	{"ETIMEDOUT", ETIMEDOUT}, {"short", 0}};

static struct {
	unsigned long at, count;
	int error;
	const char *program; /* NULL: any */
} opt = {.error = ENOSPC};

/* The file that is at FD of PID, or the program with FD -1. */
static bool path_of(pid_t pid, int fd, char *buf, size_t size)
{
	char link[64];
	ssize_t n;

	if (fd < 0)
		snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	n = readlink(link, buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Is FD of PID open for writing? */
static bool writable(pid_t pid, int fd)
{
	char name[64], line[64];
	unsigned int flags = O_RDONLY;
	_cleanup_(erg_fclosep) FILE *f = NULL;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", pid, fd);
	f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "flags: %o", &flags) == 1)
			break;
	return (flags & O_ACCMODE) != O_RDONLY;
}

/* "libm.so" or "libm.so.6"; a temporary folder may be "tmp.soh22C". */
static bool is_library(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	size_t n = strlen(name);

	return strstr(name, ".so.") || (n > 3 && !strcmp(name + n - 3, ".so"));
}

static bool counts(const struct seccomp_notif *q)
{
	char path[4096];
	const char *base;
	enum what what = ANY;

	if (opt.program) {
		path_of((pid_t)q->pid, -1, path, sizeof(path));
		base = strrchr(path, '/');
		if (!base || strncmp(base + 1, opt.program, strlen(opt.program)))
			return false;
	}
	for (size_t i = 0; i < ERG_ARRAY_SIZE(calls); i++)
		if (calls[i].number == q->data.nr)
			what = calls[i].what;
	if (what == FOR_WRITING)
		return (q->data.args[2] & O_ACCMODE) != O_RDONLY;
	if (what == ANY)
		return true;
	if (what == WRITABLE && !writable((pid_t)q->pid, (int)q->data.args[0]))
		return false;
	return path_of((pid_t)q->pid, (int)q->data.args[0], path, sizeof(path)) && path[0] == '/' &&
		!is_library(path) && strncmp(path, "/dev/", 5) && strncmp(path, "/proc/", 6) &&
		strncmp(path, "/sys/", 5);
}

/* Half of what is to be written, in the name of the process. */
static long write_half(const struct seccomp_notif *q)
{
	_cleanup_(erg_closep) int pid = erg_pidfd_open((pid_t)q->pid), fd = -1;
	size_t len = q->data.args[2] / 2;
	_cleanup_(erg_freep) char *buf = malloc(len + 1);
	const struct iovec to = {buf, len}, from = {(void *)(uintptr_t)q->data.args[1], len};

	if (q->data.nr == SYS_writev || !len || pid < 0 || !buf)
		return 0;
	fd = (int)syscall(SYS_pidfd_getfd, pid, (int)q->data.args[0], 0);
	if (fd < 0 || process_vm_readv((pid_t)q->pid, &to, 1, &from, 1, 0) != (ssize_t)len)
		return 0;
	return q->data.nr == SYS_write ? write(fd, buf, len)
				       : pwrite(fd, buf, len, (off_t)q->data.args[3]);
}

static void answer(int listener)
{
	struct seccomp_notif q = {0};
	struct seccomp_notif_resp a = {0};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &q) < 0)
		return;
	a.id = q.id;
	a.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (counts(&q) && ++opt.count == opt.at) {
		a.error = -opt.error;
		a.val = opt.error ? 0 : write_half(&q);
		a.flags = a.error || a.val > 0 ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	}
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &a);
}

/* A filter that asks for the calls NAMES (with commas); its listener, or -1. */
static int listener_open(const char *names)
{
	struct sock_filter code[2 * ERG_ARRAY_SIZE(calls) + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	struct sock_fprog filter = {1, code};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(calls); i++) {
		const char *p = strstr(names, calls[i].name);

		if (!p)
			continue;
		code[filter.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			(unsigned int)calls[i].number, 0, 1);
		code[filter.len++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[filter.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (filter.len < 4 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		&filter);
}

/* The descriptor FD over the socket TO; neither sendmsg nor recvmsg is ever asked for. */
static bool fd_send(int to, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS}};
	struct iovec one = {(char[1]){0}, 1};
	struct msghdr m = {.msg_iov = &one,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(to, &m, 0) == 1;
}

static int fd_receive(int from)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec one = {(char[1]){0}, 1};
	struct msghdr m = {.msg_iov = &one,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	int fd;

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) != 1 || control.head.cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}

static void child(int to, const char *names, char **argv)
{
	int listener = listener_open(names);

	if (listener < 0 || !fd_send(to, listener)) {
		fprintf(stderr, "failing-call: %s: no such call, or no listener: %s\n", names,
			strerror(errno));
		_exit(77);
	}
	/* close() may be asked for: both go when the command is executed */
	fcntl(listener, F_SETFD, FD_CLOEXEC);
	execvp(argv[0], argv);
	_exit(127);
}

/* Until the process PID has ended; its exit status, as a shell's. */
static int answer_all(int listener, pid_t pid)
{
	_cleanup_(erg_closep) int end = erg_pidfd_open(pid);
	struct pollfd p[] = {{.fd = listener, .events = POLLIN}, {.fd = end, .events = POLLIN}};
	int status = 0;

	while (listener >= 0 && !(p[1].revents & POLLIN)) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents & POLLIN)
			answer(listener);
		else if (p[0].revents)
			p[0].fd = -1;
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool error_take(const char *name)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(errors); i++)
		if (!strcmp(errors[i].name, name)) {
			opt.error = errors[i].number;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	const char *count = NULL;
	int c, ends[2], status;
	FILE *f;
	pid_t pid;

	while ((c = getopt(argc, argv, "+a:e:x:n:")) != -1) {
		if (c == 'a')
			opt.at = strtoul(optarg, NULL, 10);
		else if (c == 'x')
			opt.program = optarg;
		else if (c == 'n')
			count = optarg;
		else if (c != 'e' || !error_take(optarg))
			return 2;
	}
	if (argc - optind < 2 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return 2;
	pid = fork();
	if (pid == 0)
		child(ends[1], argv[optind], argv + optind + 1);
	close(ends[1]);
	status = answer_all(fd_receive(ends[0]), pid);
	f = count ? fopen(count, "w") : NULL;
	if (f) {
		fprintf(f, "%lu\n", opt.count);
		fclose(f);
	}
	return status;
}
