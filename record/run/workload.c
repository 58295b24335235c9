/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starting the command, passing signals, collecting its status.
 *
 * The command stays in the recorder's process group. So Ctrl-C and Ctrl-Z of a terminal reach both,
 * and must not be passed on a second time: the kernel marks them SI_KERNEL. A signal that a process
 * sent to the recorder alone is passed on.
 *
 * The child tells by a pipe that closes on exec whether exec worked: so "no such command" is the
 * recorder's message, and not an exit status that could be the command's own.
 */
#include "record/run/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "formats/base/open_files.h"
#include "formats/base/pidfd.h"
#include "formats/base/util.h"
#include "record/run/linked.h"
#include "record/run/oom.h"

extern char **environ;

/* ---- environment ---- */

int erg_environ_init(struct erg_environ *e)
{
	*e = (struct erg_environ){0};
	for (char **v = environ; *v; v++)
		e->n++;
	e->vars = calloc(e->n + 1, sizeof(*e->vars));
	for (size_t i = 0; e->vars && i < e->n; i++) {
		e->vars[i] = strdup(environ[i]);
		if (!e->vars[i]) {
			erg_environ_release(e);
			return -ENOMEM;
		}
	}
	return e->vars ? 0 : -ENOMEM;
}

static char **environ_slot(const struct erg_environ *e, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < e->n; i++)
		if (!strncmp(e->vars[i], name, len) && e->vars[i][len] == '=')
			return &e->vars[i];
	return NULL;
}

int erg_environ_set(struct erg_environ *e, const char *name, const char *value)
{
	char **slot = environ_slot(e, name), **vars, *var;

	if (asprintf(&var, "%s=%s", name, value) < 0)
		return -ENOMEM;
	if (slot) {
		free(*slot);
		*slot = var;
		return 0;
	}
	vars = realloc(e->vars, (e->n + 2) * sizeof(*vars));
	if (!vars) {
		free(var);
		return -ENOMEM;
	}
	e->vars = vars;
	vars[e->n++] = var;
	vars[e->n] = NULL;
	return 0;
}

const char *erg_environ_get(const struct erg_environ *e, const char *name)
{
	char **slot = environ_slot(e, name);

	return slot ? *slot + strlen(name) + 1 : NULL;
}

int erg_environ_prepend(struct erg_environ *e, const char *name, const char *value)
{
	const char *old = erg_environ_get(e, name);
	_cleanup_(erg_freep) char *list = NULL;
	size_t len = strlen(value);

	for (const char *p = old; p && *p; p += strcspn(p, ":"), p += *p == ':')
		if (strcspn(p, ":") == len && !strncmp(p, value, len))
			return 0;
	if (asprintf(&list, "%s%s%s", value, old && *old ? ":" : "", old ? old : "") < 0)
		return -ENOMEM;
	return erg_environ_set(e, name, list);
}

void erg_environ_release(struct erg_environ *e)
{
	for (size_t i = 0; e->vars && i < e->n; i++)
		free(e->vars[i]);
	free(e->vars);
	*e = (struct erg_environ){0};
}

/* ---- the file ---- */

/* 0 for an executable file. */
static int file_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

static bool is_python(const char *file)
{
	const char *dot = strrchr(file, '.');

	return dot && !strcmp(dot, ".py");
}

static int file_fail(struct erg_err *err, int r, const char *file)
{
	if (r == -ENOENT && !strchr(file, '/') && access(file, F_OK) == 0)
		return erg_fail(err, r,
			"%s: no such command in PATH; the file here is run by ./%s, or by its "
			"interpreter%s%s",
			file, file, is_python(file) ? ": python3 " : "",
			is_python(file) ? file : "");
	if (r == -ENOENT)
		return erg_fail(err, r, "%s: no such command", file);
	if (r == -EACCES)
		return erg_fail(err, r, "%s: not permitted to execute it", file);
	if (r == -EISDIR)
		return erg_fail(err, r, "%s: is a directory, expected a command", file);
	if (r == -ENOEXEC)
		return erg_fail(err, r, "%s: neither a program nor a script with a #! line", file);
	return erg_fail_errno(err, r, "%s", file);
}

int erg_workload_resolve(const char *file, char **ret, struct erg_err *err)
{
	const char *path = getenv("PATH");
	int r, best = -ENOENT;

	if (strchr(file, '/') || !*file) {
		r = *file ? file_check(file) : -ENOENT;
		if (r < 0)
			return file_fail(err, r, file);
		*ret = strdup(file);
		return *ret ? 0 : erg_fail_errno(err, -ENOMEM, "%s", file);
	}
	for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin"; *p;
		p += strcspn(p, ":"), p += *p == ':') {
		_cleanup_(erg_freep) char *full = NULL;
		int len = (int)strcspn(p, ":");

		if (asprintf(&full, "%.*s%s%s", len, p, len ? "/" : "./", file) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", file);
		r = file_check(full);
		if (!r) {
			*ret = erg_steal_ptr(&full);
			return 0;
		}
		/* A folder of PATH that is closed to us proves nothing. */
		if (r == -EACCES && access(full, F_OK) == 0)
			best = r;
	}
	return file_fail(err, best, file);
}

/* ---- the process ---- */

static uint64_t oom_kills(void)
{
	return erg_oom_kills("/proc/self/cgroup", "/sys/fs/cgroup");
}

/* GO is read before the program is executed: nothing comes from it when the recorder is gone. */
static void child_exec(int go, int fd, const char *path, char *const *argv, char **envp,
	const sigset_t *mask)
{
	char byte;
	int code;
	ssize_t n;

	if (read(go, &byte, 1) != 1)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	erg_open_files_restore();
	execve(path, argv, envp);
	code = errno;
	n = write(fd, &code, sizeof(code));
	_exit(n == (ssize_t)sizeof(code) ? 126 : 127);
}

/* Without pidfds: a thread waits for the process and leaves it to erg_workload_reap(). */
static void *watch_main(void *data)
{
	const struct erg_workload_watch *watch = data;
	siginfo_t info;

	while (waitid(P_PID, (id_t)watch->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	eventfd_write(watch->fd, 1);
	return NULL;
}

/* Something that becomes readable when the process has ended. */
static int watch_open(struct erg_workload *w)
{
	int r;

	w->pidfd = erg_pidfd_open(w->pid);
	if (w->pidfd >= 0)
		return 0;
	w->pidfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->pidfd < 0)
		return -errno;
	w->watch = (struct erg_workload_watch){.pid = w->pid, .fd = w->pidfd};
	r = pthread_create(&w->watch.thread, NULL, watch_main, &w->watch);
	w->watch.started = !r;
	return -r;
}

/* Lets the child of GO run its program; what the kernel said of it, 0 when it runs. */
static int child_release(int go, int in)
{
	int code = 0;

	if (write(go, "", 1) != 1)
		return errno;
	return read(in, &code, sizeof(code)) == (ssize_t)sizeof(code) ? code : 0;
}

static void child_drop(struct erg_workload *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	w->pid = -1;
}

static int child_fork(struct erg_workload *w, const struct erg_workload_start *s, int ret[2],
	struct erg_err *err)
{
	_cleanup_(erg_closep) int in = -1, out = -1, hold = -1;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return erg_fail_errno(err, -errno, "%s", s->argv[0]);
	in = fds[0];
	out = fds[1];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return erg_fail_errno(err, -errno, "%s", s->argv[0]);
	hold = fds[0];
	ret[1] = fds[1];
	w->pid = fork();
	if (w->pid == 0) {
		close(ret[1]);
		child_exec(hold, out, s->path, s->argv, s->env->vars, s->mask);
	}
	if (w->pid < 0) {
		close(ret[1]);
		return erg_fail_errno(err, -errno, "%s: cannot start it", s->argv[0]);
	}
	ret[0] = erg_steal_fd(&in);
	return 0;
}

int erg_workload_start(struct erg_workload *w, const struct erg_workload_start *s,
	struct erg_err *err)
{
	_cleanup_(erg_closep) int in = -1, go = -1;
	int fds[2] = {-1, -1}, r = child_fork(w, s, fds, err);

	if (r)
		return r;
	in = fds[0];
	go = fds[1];
	if (s->before)
		s->before(s->data, w->pid);
	w->oom_before = oom_kills();
	w->begin_ns = erg_mono_ns();
	r = child_release(go, in);
	if (r) {
		waitpid(w->pid, NULL, 0);
		w->pid = -1;
		w->begin_ns = 0;
		return file_fail(err, -r, s->argv[0]);
	}
	r = watch_open(w);
	if (r < 0) {
		child_drop(w);
		return erg_fail_errno(err, r, "%s: cannot watch it", s->argv[0]);
	}
	return 0;
}

void erg_workload_signal(struct erg_workload *w, int sig, bool from_terminal)
{
	if (w->pid > 0 && !w->ended && !from_terminal)
		kill(w->pid, sig);
	if (sig == SIGTSTP) {
		kill(getpid(), SIGSTOP); /* here we wait to be continued */
		if (w->pid > 0 && !w->ended)
			kill(w->pid, SIGCONT);
	}
}

bool erg_workload_reap(struct erg_workload *w)
{
	siginfo_t info = {0};
	struct rlimit files;

	if (!w->ended && waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
		info.si_pid == w->pid) {
		w->filtered = erg_seccomp_filtered(w->pid);
		if (prlimit(w->pid, RLIMIT_NOFILE, NULL, &files) == 0)
			w->files = files.rlim_cur;
	}
	if (!w->ended && waitpid(w->pid, &w->status, WNOHANG) == w->pid) {
		w->end_ns = erg_mono_ns();
		w->oom_kills = oom_kills();
		w->oom_kills -= w->oom_kills > w->oom_before ? w->oom_before : w->oom_kills;
		w->ended = true;
	}
	return w->ended;
}

int erg_workload_exit_status(const struct erg_workload *w)
{
	if (WIFSIGNALED(w->status))
		return 128 + WTERMSIG(w->status);
	return WEXITSTATUS(w->status);
}

void erg_workload_release(struct erg_workload *w)
{
	if (w->watch.started)
		pthread_join(w->watch.thread, NULL);
	w->watch.started = false;
	if (w->pidfd >= 0)
		close(erg_steal_fd(&w->pidfd));
}
