/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The thread that answers programs which join a recording.
 *
 * LTTng's inclusion set is by pid as the session daemon sees it, and that is what the kernel says of the
 * other end of the socket, also for a program in a pid namespace of its own. A process that has ended
 * is taken out again, for its pid may become a stranger's; this is seen by a pidfd, not by the
 * connection, which many programs close with all their descriptors. Where there is no pidfd (Linux
 * before 5.3, or no more descriptors) the processes are looked at once a second.
 *
 * A program that brings the token was given it by the command's environment. One without it is taken
 * if the recorder is among its ancestors and no other recorder is nearer.
 */
#include "record/session/join.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "formats/base/mapped.h"
#include "formats/base/open_files.h"
#include "formats/base/pidfd.h"
#include "formats/base/util.h"
#include "record/session/daemon.h"
#include "tracepoints/join.h"

#define BACKLOG 1024
#define CLIENTS_MAX 512 /* connections that have not asked yet */
#define PIDFDS_MAX 512  /* of members; of more it is asked each second whether they are there */
#define SWEEP_MS 1000
#define ANCESTORS_MAX 256
#define ROOM (4u << 20)

struct watched {
	int fd;    /* a connection, or the pidfd of a member; -1: a member that is looked at */
	pid_t pid; /* of a member; 0: a connection */
};

struct erg_join {
	char token[ERG_JOIN_TOKEN + 1];
	char run_id[ERG_JOIN_TOKEN + 1];
	struct sockaddr_un at, also_at;
	bool also_bound, roots_daemon;
	char variable[ERG_JOIN_TOKEN + 1 + sizeof(((struct sockaddr_un *)0)->sun_path)];
	int listen_fd, also_fd, wake_fd; /* also: in /tmp, for those whom sudo made others */
	bool bound, started, stopping;
	bool full; /* no descriptor was left for who asks */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	struct erg_session *session;
	struct watched *watched;
	size_t n, room;
	struct erg_join_report report;
};

/* ---- who is asking ---- */

/* Parent and name of PID; 0 where it is gone. */
static pid_t parent_of(pid_t pid, char name[32])
{
	char path[64], text[512], *begin, *end;
	_cleanup_(erg_fclosep) FILE *f = NULL;
	int parent = 0;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	name[0] = '\0';
	begin = strchr(text, '(');
	end = strrchr(text, ')'); /* the name may hold one, too */
	if (!begin || !end || sscanf(end, ") %*c %d", &parent) != 1)
		return 0;
	snprintf(name, 32, "%.*s", (int)(end - begin - 1), begin + 1);
	return parent;
}

static bool descends(pid_t pid)
{
	char name[32];

	for (int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		if (pid == getpid())
			return true;
		pid = parent_of(pid, name);
		if (i && !strcmp(name, "erg-record")) /* the one above it is this one, or not */
			return false;
	}
	return false;
}

static bool belongs(const struct erg_join *j, const struct erg_join_request *q, pid_t pid)
{
	static const struct erg_join_request none;

	if (!memcmp(q->token, j->token, ERG_JOIN_TOKEN))
		return true;
	return !memcmp(q, &none, sizeof(none)) && descends(pid);
}

static bool clock_text(const char *who, char *ret, size_t size)
{
	char path[64];
	_cleanup_(erg_fclosep) FILE *f = NULL;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%s/timens_offsets", who);
	f = fopen(path, "re");
	n = f ? fread(ret, 1, size - 1, f) : 0;
	ret[n] = '\0';
	return n > 0;
}

/* Do the times of PID mean what ours do? In a time namespace CLOCK_MONOTONIC may be another. */
static bool same_clock(pid_t pid)
{
	char who[16], own[256], theirs[256];

	snprintf(who, sizeof(who), "%d", (int)pid);
	return !clock_text("self", own, sizeof(own)) || !clock_text(who, theirs, sizeof(theirs)) ||
		!strcmp(own, theirs);
}

static bool same_namespace(pid_t pid, const char *kind)
{
	char path[64], own[64] = "", theirs[64] = "";

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	if (readlink(path, own, sizeof(own) - 1) < 0)
		return true; /* a kernel without */
	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	return readlink(path, theirs, sizeof(theirs) - 1) > 0 && !strcmp(own, theirs);
}

/* Another user's program may not open our files under /proc; in a container it looks for them elsewhere. */
static bool is_apart(const struct ucred *peer)
{
	return peer->uid != geteuid() || !same_namespace(peer->pid, "pid") ||
		!same_namespace(peer->pid, "user");
}

/* A program whose LTTng is another daemon's: without the environment of the command, an ordinary user's own
 * daemon is not known to others. */
static bool has_other_daemon(const struct erg_join *j, const struct erg_join_request *q,
	const struct ucred *peer)
{
	return !j->roots_daemon && peer->uid != geteuid() && !q->token[0];
}

/* ---- members ---- */

static int watch_program(struct erg_join *j, int fd, pid_t pid)
{
	if (j->n == j->room) {
		size_t room = j->room ? 2 * j->room : 64;
		struct watched *w = realloc(j->watched, room * sizeof(*w));

		if (!w)
			return -ENOMEM;
		j->watched = w;
		j->room = room;
	}
	j->watched[j->n++] = (struct watched){fd, pid};
	return 0;
}

static bool is_member(const struct erg_join *j, pid_t pid)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->watched[i].pid == pid)
			return true;
	return false;
}

static int member_add(struct erg_join *j, pid_t pid, struct erg_err *err)
{
	int fd, r;

	if (is_member(j, pid))
		return 0;
	fd = j->n < PIDFDS_MAX ? erg_pidfd_open(pid) : -1; /* without one it is looked for */
	if (fd >= 0 && !erg_open_files_spare(fd))
		close(erg_steal_fd(&fd));
	r = erg_session_include(j->session, pid, err);
	if (!r && watch_program(j, fd, pid) < 0)
		r = erg_fail_errno(err, -ENOMEM, "process %d", (int)pid);
	if (r) {
		j->report.failed++;
		erg_closep(&fd);
		return r;
	}
	j->report.joined++;
	return 0;
}

/* PID may be a member already: a program that enters the namespace when it is executed. */
static void member_leave_out(struct erg_join *j, pid_t pid)
{
	erg_session_exclude(j->session, pid);
	for (size_t i = 0; i < j->n; i++)
		if (j->watched[i].pid == pid) {
			j->report.joined--;
			erg_closep(&j->watched[i].fd);
			j->watched[i].pid = -1; /* watched_serve() takes the entry out */
		}
}

/* LTTng leaves out all of a program in which it cannot open its buffers, whose paths have the run's name. Asked
 * after it was taken. */
static bool has_few_files(const struct erg_join *j, pid_t pid)
{
	size_t left, limit;
	int like;

	if (erg_open_files_of(pid, &left, &limit) < 0 || left >= erg_session_files())
		return false;
	like = erg_open_files_like(pid, j->run_id);
	return like >= 0 && (size_t)like < erg_session_buffers();
}

/* The same of memory (ulimit -v): where a program may map no more, LTTng leaves it out as a whole. */
static bool has_no_buffers(const struct erg_join *j, pid_t pid)
{
	return erg_mapped_left(pid) != UINT64_MAX && !erg_session_mapped(j->session, pid);
}

/* Asked before it is taken: LTTng-UST does not bear it well, and waits, ends the program or loses its events. A
 * buffer takes a little more than its bytes, and what describes the events some, too. */
static bool is_short_of_memory(const struct erg_join *j, pid_t pid)
{
	const uint64_t bytes = erg_session_buffer_bytes(j->session);

	return erg_mapped_left(pid) < bytes + bytes / 8 + ROOM &&
		!erg_session_mapped(j->session, pid);
}

static bool gone(const struct watched *w, short events)
{
	return w->fd >= 0 ? events != 0 : kill(w->pid, 0) < 0 && errno == ESRCH;
}

/* ---- the thread ---- */

static void client_answer(struct erg_join *j, int fd)
{
	struct erg_join_answer answer = {0};
	struct erg_join_request request;
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	if (recv(fd, &request, sizeof(request), MSG_DONTWAIT) != (ssize_t)sizeof(request) ||
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return;
	if (peer.pid <= 0 || !belongs(j, &request, peer.pid)) {
		j->report.strangers++;
	} else if (has_other_daemon(j, &request, &peer)) {
		j->report.other_users++;
	} else if (!same_clock(peer.pid)) {
		j->report.other_clocks++;
		member_leave_out(j, peer.pid);
	} else if (is_short_of_memory(j, peer.pid)) {
		j->report.no_buffers++;
		member_leave_out(j, peer.pid);
	} else if (!member_add(j, peer.pid, NULL)) {
		j->report.by_descent += !request.token[0];
		j->report.apart += is_apart(&peer);
		if (has_few_files(j, peer.pid))
			j->report.few_files++;
		else
			j->report.no_buffers += has_no_buffers(j, peer.pid);
		answer.joined = 1;
		memcpy(answer.token, j->token, sizeof(answer.token));
		memcpy(answer.run_id, j->run_id, sizeof(answer.run_id));
	}
	if (send(fd, &answer, sizeof(answer), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && answer.joined)
		j->report.late++;
}

/* Not all at once: the socket in /tmp is anybody's to connect to, and whoever does so without end must not
 * keep the thread. */
static void clients_accept(struct erg_join *j, int listen_fd)
{
	int fd = 0;

	for (size_t n = 0; n < CLIENTS_MAX && fd >= 0; n++) {
		fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && watch_program(j, fd, 0) < 0)
			close(fd);
		if (fd >= 0 && !erg_open_files_spare(fd)) {
			j->full = true;
			return;
		}
	}
	j->full |= fd < 0 && (errno == EMFILE || errno == ENFILE); /* whoever asks waits a little */
}

/* Answers who asked, takes out who ended. Of the connections the oldest go first when they are too many:
 * a program asks in the moment in which it connects. */
static void watched_serve(struct erg_join *j, const struct pollfd *p, size_t n)
{
	size_t clients = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		clients += !j->watched[i].pid;
	for (size_t i = 0; i < n; i++)
		if (!j->watched[i].pid && (p[i].revents || clients-- > CLIENTS_MAX)) {
			client_answer(j, j->watched[i].fd); /* may add members behind */
			close(erg_steal_fd(&j->watched[i].fd));
			j->watched[i].pid = -1;
		}
	for (size_t i = 0; i < n; i++)
		if (j->watched[i].pid > 0 && gone(&j->watched[i], p[i].revents)) {
			erg_session_exclude(j->session, j->watched[i].pid);
			erg_closep(&j->watched[i].fd);
			j->watched[i].pid = -1;
		}
	for (size_t i = 0; i < j->n; i++)
		if (j->watched[i].pid >= 0)
			j->watched[kept++] = j->watched[i];
	j->n = kept;
}

/* Fills what is polled: the watched first. Returns the time to wait. */
static int polled_fill(struct erg_join *j, struct pollfd *p, size_t n)
{
	int wait_ms = j->full ? SWEEP_MS : -1;

	for (size_t i = 0; i < n; i++) {
		p[i] = (struct pollfd){.fd = j->watched[i].fd, .events = POLLIN};
		if (j->watched[i].fd < 0)
			wait_ms = SWEEP_MS;
	}
	p[n] = (struct pollfd){.fd = j->wake_fd, .events = POLLIN};
	p[n + 1] = (struct pollfd){.fd = j->full ? -1 : j->listen_fd, .events = POLLIN};
	p[n + 2] = (struct pollfd){.fd = j->full ? -1 : j->also_fd, .events = POLLIN};
	return wait_ms;
}

static void *join_main(void *data)
{
	struct erg_join *j = data;
	bool stop = false;

	while (!stop) {
		_cleanup_(erg_freep) struct pollfd *p = NULL;
		eventfd_t woken;
		int wait_ms;
		size_t n;

		pthread_mutex_lock(&j->lock);
		n = j->n;
		p = calloc(n + 3, sizeof(*p));
		wait_ms = p ? polled_fill(j, p, n) : 0;
		pthread_mutex_unlock(&j->lock);
		if (!p || (poll(p, n + 3, wait_ms) < 0 && errno != EINTR))
			break;
		pthread_mutex_lock(&j->lock);
		if (p[n].revents)
			eventfd_read(j->wake_fd, &woken);
		stop = j->stopping;
		if (!stop)
			watched_serve(j, p, n);
		if (!stop && (p[n + 1].revents || p[n + 2].revents || j->full)) {
			j->full = false;
			clients_accept(j, j->listen_fd);
			if (j->also_fd >= 0)
				clients_accept(j, j->also_fd);
		}
		pthread_mutex_unlock(&j->lock);
	}
	return NULL;
}

/* ---- life ---- */

/* Sockets of recorders that were killed. The daemon's lock keeps away a recorder that has bound its own
 * and does not listen yet. */
static void stale_remove(const char *dir)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		struct sockaddr_un to = {.sun_family = AF_UNIX};
		_cleanup_(erg_closep) int fd = -1;
		int n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", dir, e->d_name);

		if (strncmp(e->d_name, ERG_JOIN_PREFIX, strlen(ERG_JOIN_PREFIX)) || n < 0 ||
			(size_t)n >= sizeof(to.sun_path))
			continue;
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 &&
			errno == ECONNREFUSED &&
			fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISSOCK(st.st_mode) && st.st_uid == geteuid())
			unlinkat(dirfd(d), e->d_name, 0);
	}
}

/* Binds in DIR; a program that has dropped its uid must still get through. */
static int bind_in(const struct erg_join *j, int fd, const char *dir, struct sockaddr_un *at,
	bool *bound)
{
	int n = snprintf(at->sun_path, sizeof(at->sun_path), "%s/" ERG_JOIN_PREFIX "%s", dir,
		j->run_id);

	at->sun_family = AF_UNIX;
	if (n < 0 || (size_t)n >= sizeof(at->sun_path))
		return -ENAMETOOLONG;
	stale_remove(dir);
	if (bind(fd, (struct sockaddr *)at, sizeof(*at)) < 0)
		return -errno;
	*bound = true;
	if (chmod(at->sun_path, 0666) < 0 || listen(fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

/* Without it, what sudo runs is not heard of, and the recording is as good. */
static void also_open(struct erg_join *j)
{
	static const char there[] = ERG_JOIN_OTHER_DIR "/" ERG_JOIN_PREFIX;

	if (geteuid() == 0 || !strncmp(j->at.sun_path, there, sizeof(there) - 1))
		return;
	j->also_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (j->also_fd >= 0 &&
		bind_in(j, j->also_fd, ERG_JOIN_OTHER_DIR, &j->also_at, &j->also_bound) < 0)
		close(erg_steal_fd(&j->also_fd));
}

/* LTTng takes root's daemon where this user may talk to it. */
static bool root_answers(void)
{
	const struct sockaddr_un a = {.sun_family = AF_UNIX,
		.sun_path = ERG_JOIN_DAEMON_DIR "/client-lttng-sessiond"};
	_cleanup_(erg_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
}

static int open_socket(struct erg_join *j, struct erg_err *err)
{
	char dir[sizeof(j->at.sun_path)];
	uint64_t token;
	int r;

	if (getrandom(&token, sizeof(token), 0) != (ssize_t)sizeof(token))
		return erg_fail_errno(err, -errno, "random numbers");
	snprintf(j->token, sizeof(j->token), "%016llx", (unsigned long long)token);
	j->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	j->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->listen_fd < 0 || j->wake_fd < 0)
		return erg_fail_errno(err, -errno, "socket for programs to join");
	r = erg_daemon_dir(dir, sizeof(dir)) ? bind_in(j, j->listen_fd, dir, &j->at, &j->bound)
					     : -ENAMETOOLONG;
	if (r && !j->bound) /* somebody else's daemon: no folder of this user's */
		r = bind_in(j, j->listen_fd, ERG_JOIN_OTHER_DIR, &j->at, &j->bound);
	j->roots_daemon = geteuid() == 0 || root_answers();
	also_open(j);
	if (r)
		return erg_fail_errno(err, r, "%s: socket for programs to join", j->at.sun_path);
	snprintf(j->variable, sizeof(j->variable), "%s@%s", j->token, j->at.sun_path);
	return 0;
}

int erg_join_open(const char *run_id, struct erg_join **ret, struct erg_err *err)
{
	struct erg_join *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return erg_fail_errno(err, -ENOMEM, "socket for programs to join");
	pthread_mutex_init(&j->lock, NULL);
	j->listen_fd = j->also_fd = j->wake_fd = -1;
	snprintf(j->run_id, sizeof(j->run_id), "%s", run_id);
	r = open_socket(j, err);
	if (r) {
		erg_join_free(j);
		return r;
	}
	*ret = j;
	return 0;
}

const char *erg_join_variable(const struct erg_join *j)
{
	return j->variable;
}

int erg_join_serve(struct erg_join *j, struct erg_session *session, struct erg_err *err)
{
	int r;

	j->session = session;
	r = pthread_create(&j->thread, NULL, join_main, j);
	if (r)
		return erg_fail_errno(err, -r, "thread for programs to join");
	j->started = true;
	return 0;
}

int erg_join_take(struct erg_join *j, pid_t pid, struct erg_err *err)
{
	int r;

	if (!same_clock(pid))
		return erg_fail(err, -EXDEV, "process %d: its clock is another (a time namespace)",
			(int)pid);
	pthread_mutex_lock(&j->lock);
	r = member_add(j, pid, err);
	pthread_mutex_unlock(&j->lock);
	eventfd_write(j->wake_fd, 1); /* there is one more to watch */
	return r;
}

static uint64_t still_run(const struct erg_join *j)
{
	uint64_t n = 0;

	for (size_t i = 0; i < j->n; i++) {
		const struct watched *w = &j->watched[i];
		struct pollfd p = {.fd = w->fd, .events = POLLIN};

		n += w->pid > 0 && !gone(w, w->fd >= 0 && poll(&p, 1, 0) > 0 ? p.revents : 0);
	}
	return n;
}

void erg_join_stop(struct erg_join *j)
{
	if (!j)
		return;
	if (j->started) {
		pthread_mutex_lock(&j->lock);
		j->stopping = true;
		pthread_mutex_unlock(&j->lock);
		eventfd_write(j->wake_fd, 1);
		pthread_join(j->thread, NULL);
		j->started = false;
		j->report.went_on = still_run(j);
	}
	if (j->bound)
		unlink(j->at.sun_path);
	if (j->also_bound)
		unlink(j->also_at.sun_path);
	j->bound = j->also_bound = false;
	if (j->listen_fd >= 0)
		close(erg_steal_fd(&j->listen_fd));
	if (j->also_fd >= 0)
		close(erg_steal_fd(&j->also_fd));
	for (size_t i = 0; i < j->n; i++)
		erg_closep(&j->watched[i].fd);
	j->n = 0;
}

void erg_join_reported(const struct erg_join *j, struct erg_join_report *ret)
{
	*ret = j ? j->report : (struct erg_join_report){0};
}

void erg_join_free(struct erg_join *j)
{
	if (!j)
		return;
	erg_join_stop(j);
	erg_closep(&j->wake_fd);
	pthread_mutex_destroy(&j->lock);
	free(j->watched);
	free(j);
}
