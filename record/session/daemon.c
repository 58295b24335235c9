/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Starting and stopping the LTTng session daemon.
 *
 * The lock file holds the identity (pid and start time) of the daemon that an erg-record started.
 * The last recorder to leave stops that daemon, whichever recorder started it; a daemon of anyone
 * else is never stopped. The daemon gets a clean start: no blocked signals, no LD_PRELOAD, normal
 * scheduling, and the root directory as its own, so that it keeps no filesystem busy. It waits
 * NETWORK_TIMEOUT_MS for a relay daemon that is silent: without a limit, one that was cut off
 * keeps it from answering anybody.
 *
 * An ordinary user has a daemon of his own in $LTTNG_HOME or $HOME, as with lttng(1).
 */
#include "record/session/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "formats/base/kept.h"
#include "formats/base/pidfd.h"
#include "formats/base/util.h"
#include "record/session/lttng.h"
#include "record/session/session.h"

/* Limits against a hang, far from what a loaded machine needs. */
#define STOP_TIMEOUT_MS 30000
#define POLL_US 5000
#define ALIVE_POLLS 6000
#define APPS_POLLS 1000
#define LOCK_TRIES 1500 /* of 10 ms */
#define APPS_SOCKET "lttng-ust-sock-8"
#define CONSUMER_SOCKET "ustconsumerd64/health"
#define NETWORK_TIMEOUT_MS "30000"
#define FILES_AT_ALL 128 /* of the daemon; 60 before there is a session or a program */
#define FILES_A_BUFFER 8

/* ---- the lock ---- */

static const char *const lock_dirs[] = {"/run/lock", "/tmp"};

void erg_daemon_lock_take(struct erg_daemon_lock *l)
{
	char path[128];

	for (size_t i = 0; l->fd < 0 && i < ERG_ARRAY_SIZE(lock_dirs); i++) {
		snprintf(path, sizeof(path), "%s/ergtrace-%u.lock", lock_dirs[i],
			(unsigned)geteuid());
		l->fd = erg_kept_lock(path, NULL);
	}
	/* Whoever holds it for so long hangs, and need not take the others with it. */
	for (int i = 0; l->fd >= 0 && flock(l->fd, LOCK_EX | LOCK_NB) < 0 && i < LOCK_TRIES; i++)
		usleep(10000);
}

void erg_daemon_lock_drop(struct erg_daemon_lock *l)
{
	if (l->fd >= 0)
		close(erg_steal_fd(&l->fd));
}

/* ---- identity ---- */

struct identity {
	int pid;
	unsigned long long ticks;
};

/* Start time of PID if it is a session daemon, else 0. */
static unsigned long long daemon_ticks(int pid)
{
	char path[64], comm[32] = "";
	unsigned long long ticks = 0;
	_cleanup_(erg_fclosep) FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f ||
		fscanf(f,
			"%*d (%31[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
			"%*d %*d %*d %*d %*d %llu",
			comm, &ticks) != 2)
		return 0;
	return strncmp(comm, "lttng-sessiond", 14) ? 0 : ticks;
}

static void mark_write(const struct erg_daemon_lock *l, const struct identity *id)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "%d %llu\n", id->pid, id->ticks);

	if (l->fd < 0 || ftruncate(l->fd, 0) < 0 || !id->pid)
		return;
	if (pwrite(l->fd, line, (size_t)n, 0) != n && ftruncate(l->fd, 0) < 0)
		return;
}

static bool mark_read(const struct erg_daemon_lock *l, struct identity *ret)
{
	char line[64];
	ssize_t n = l->fd < 0 ? -1 : pread(l->fd, line, sizeof(line) - 1, 0);

	if (n <= 0)
		return false;
	line[n] = '\0';
	return sscanf(line, "%d %llu", &ret->pid, &ret->ticks) == 2;
}

/* A file of the daemon of this user. */
static void daemon_file(const char *name, char *buf, size_t size)
{
	const char *home = getenv("LTTNG_HOME");

	if (!home)
		home = getenv("HOME");
	if (geteuid() == 0)
		snprintf(buf, size, "/var/run/lttng/%s", name);
	else
		snprintf(buf, size, "%s/.lttng/%s", home ? home : "", name);
}

bool erg_daemon_dir(char *buf, size_t size)
{
	char path[PATH_MAX];

	daemon_file("", path, sizeof(path));
	path[strlen(path) - 1] = '\0';
	return (size_t)snprintf(buf, size, "%s", path) < size;
}

/* The pid that the daemon wrote down. */
static int pid_of_daemon(void)
{
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char path[PATH_MAX];
	int pid = 0;

	daemon_file("lttng-sessiond.pid", path, sizeof(path));
	f = fopen(path, "re");
	return f && fscanf(f, "%d", &pid) == 1 ? pid : 0;
}

pid_t erg_daemon_pid(void)
{
	int pid = pid_of_daemon();

	return daemon_ticks(pid) ? pid : 0;
}

/* Connects to one of the daemon's sockets: 0 or a negative errno. */
static int socket_try(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	_cleanup_(erg_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[PATH_MAX];

	daemon_file(name, path, sizeof(path));
	if (fd < 0 || strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path) + 1);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : 0;
}

/*
 * Has the daemon lost its consumer? It never starts another, and hangs when a session that the
 * lost one served is destroyed. A consumer that was never needed has left no socket behind; a
 * socket that is older than the daemon is that of an earlier one.
 */
static bool consumer_lost(void)
{
	char health[PATH_MAX], pid[PATH_MAX];
	struct stat h, p;

	daemon_file(CONSUMER_SOCKET, health, sizeof(health));
	daemon_file("lttng-sessiond.pid", pid, sizeof(pid));
	if (stat(health, &h) < 0 || stat(pid, &p) < 0 || h.st_mtim.tv_sec < p.st_mtim.tv_sec ||
		(h.st_mtim.tv_sec == p.st_mtim.tv_sec && h.st_mtim.tv_nsec < p.st_mtim.tv_nsec))
		return false;
	return socket_try(CONSUMER_SOCKET) == -ECONNREFUSED;
}

/* ---- start ---- */

static void exec_daemon(int log_fd)
{
	const char *prog = getenv("LTTNG_SESSIOND_PATH");
	int null_fd = open("/dev/null", O_RDWR);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	unsetenv("LD_PRELOAD");
	setenv("LTTNG_NETWORK_SOCKET_TIMEOUT", NETWORK_TIMEOUT_MS, 0);
	dup2(null_fd, 0);
	dup2(null_fd, 1);
	dup2(log_fd, 2);
	if (chdir("/") < 0)
		_exit(127);
	execlp(prog ? prog : "lttng-sessiond", "lttng-sessiond", "--daemonize", "--no-kernel",
		(char *)NULL);
	if (!prog) /* an ordinary user's PATH may lack it */
		execl("/usr/bin/lttng-sessiond", "lttng-sessiond", "--daemonize", "--no-kernel",
			(char *)NULL);
	_exit(127);
}

/* The daemon's last words, on one line. */
static void log_tail(int log_fd, char *buf, size_t size)
{
	ssize_t n = pread(log_fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* Where it says why it does not start; behind seccomp, perhaps nowhere. */
static int log_open(void)
{
	int fd = memfd_create("lttng-sessiond", MFD_CLOEXEC);

	if (fd < 0)
		fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : fd;
}

/* With fewer it waits for ever for itself, or records nothing. It has the limit of who starts it. */
static int daemon_files_check(struct erg_err *err)
{
	const size_t need = FILES_AT_ALL + FILES_A_BUFFER * erg_session_buffers();
	struct rlimit may;

	if (getrlimit(RLIMIT_NOFILE, &may) < 0 || may.rlim_cur >= need)
		return 0;
	return erg_fail(err, -EMFILE,
		"lttng-sessiond: %llu files may be open (ulimit -n), and a recording needs %zu in it",
		(unsigned long long)may.rlim_cur, need);
}

static int daemon_start(struct erg_err *err)
{
	_cleanup_(erg_closep) int log_fd = log_open();
	char words[512];
	int status = 0;
	pid_t pid = log_fd < 0 ? -1 : fork();

	if (pid < 0) /* no file is left, or no process */
		return erg_fail_errno(err, -errno, "lttng-sessiond");
	if (pid == 0)
		exec_daemon(log_fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return erg_fail(err, -ENOENT, "lttng-sessiond: not found; install lttng-tools");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		log_tail(log_fd, words, sizeof(words));
		return erg_fail(err, -EIO, "lttng-sessiond does not start: %s",
			words[0] ? words : "it does not say why");
	}
	return 0;
}

/* ---- stop ---- */

/* Where there are no pidfds: what is checked may change before the signal comes, but pids are not given
 * anew so fast. */
static void daemon_stop_by_pid(const struct identity *id, int sig)
{
	if (daemon_ticks(id->pid) != id->ticks || kill(id->pid, sig) < 0)
		return;
	for (int i = 0; i < ALIVE_POLLS && daemon_ticks(id->pid) == id->ticks; i++)
		usleep(POLL_US);
}

static void daemon_stop(const struct identity *id, int sig)
{
	_cleanup_(erg_closep) int fd = erg_pidfd_open(id->pid);
	struct pollfd p = {.fd = fd, .events = POLLIN};

	/* The pidfd is of this process now; that it is still the same one is checked after. */
	if (fd < 0 && errno != ESRCH)
		daemon_stop_by_pid(id, sig);
	else if (fd < 0 || daemon_ticks(id->pid) != id->ticks)
		return;
	else if (erg_pidfd_kill(fd, sig) == 0)
		poll(&p, 1, STOP_TIMEOUT_MS);
	/* A helper process of a killed daemon keeps its sockets for a moment. */
	for (int i = 0; i < ALIVE_POLLS && erg_session_daemon_alive(); i++)
		usleep(POLL_US);
}

/* The daemon that an erg-record started, if it still runs. */
static bool daemon_is_ours(const struct erg_daemon_lock *l, struct identity *ret)
{
	return mark_read(l, ret) && ret->pid == pid_of_daemon() &&
		daemon_ticks(ret->pid) == ret->ticks;
}

int erg_daemon_ensure(struct erg_daemon_lock *l, struct erg_err *err)
{
	struct identity id = {0};
	int r = erg_lttng_load(err);

	if (r < 0)
		return r;
	if (consumer_lost() && erg_session_daemon_alive()) {
		if (!daemon_is_ours(l, &id))
			return erg_fail(err, -EIO,
				"the LTTng session daemon (process %d) has lost its consumer and "
				"records nothing any more: end it and start another",
				pid_of_daemon());
		daemon_stop(&id, SIGKILL);
	}
	if (erg_session_daemon_alive())
		return 0;
	r = daemon_files_check(err);
	if (!r)
		r = daemon_start(err);
	if (r < 0)
		return r;
	/* It may answer before it has written down its pid, and without that nobody will stop it. */
	for (int i = 0; i < ALIVE_POLLS && (!erg_session_daemon_alive() || !erg_daemon_pid()); i++)
		usleep(POLL_US);
	/* It answers its clients a little before it answers programs, and a program that comes in
	 * between waits five seconds before it asks again. */
	for (int i = 0; i < APPS_POLLS && socket_try(APPS_SOCKET); i++)
		usleep(POLL_US);
	if (!erg_session_daemon_alive())
		return erg_fail(err, -ETIMEDOUT, "lttng-sessiond: started, but does not answer");
	id.pid = pid_of_daemon();
	id.ticks = daemon_ticks(id.pid);
	mark_write(l, &id);
	return 0;
}

void erg_daemon_release(void)
{
	struct erg_daemon_lock l = ERG_DAEMON_LOCK_INIT;
	struct identity id;

	if (erg_lttng_load(NULL) < 0) /* it cannot be asked: not known to be gone */
		return;
	erg_daemon_lock_take(&l);
	if (daemon_is_ours(&l, &id)) {
		if (consumer_lost())
			daemon_stop(&id, SIGKILL);
		else if (erg_session_count(NULL) == 0)
			daemon_stop(&id, SIGTERM);
	}
	if (l.fd >= 0 && !erg_session_daemon_alive() && ftruncate(l.fd, 0) < 0)
		(void)0; /* the mark names a daemon that is gone: harmless */
	erg_daemon_lock_drop(&l);
}
