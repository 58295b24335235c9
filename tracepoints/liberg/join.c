/* SPDX-License-Identifier: MIT */
/*
 * Joins the recording that started the program (tracepoints/join.h): once at load, and again in a child
 * of fork(), which is a process of its own to LTTng. The recorder answers when the events are enabled,
 * so nothing that is emitted afterwards is missed. A recorder that hangs holds a program up no longer
 * than LTTng's own daemon would (LTTNG_UST_REGISTER_TIMEOUT, 3 s unless set).
 *
 * The environment is read at load only: a program may change it later. What is done here is safe in a
 * child of a program with threads.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "tracepoints/join.h"
#include "tracepoints/liberg/join.h"

#define LIMIT_MS 3000
#define LIMIT_MOST_MS 60000
/* Of a socket's path, for the folder and a NUL. */
#define NAME_LEAVES                                                                                \
	(sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof("/" ERG_JOIN_PREFIX) - ERG_JOIN_TOKEN)

static struct sockaddr_un joined_at = {.sun_family = AF_UNIX}; /* "": no recording joined */
static struct erg_join_request known;
static struct timeval limit;

static void limit_read(void)
{
	const char *text = getenv("LTTNG_UST_REGISTER_TIMEOUT");
	long ms = text && *text ? strtol(text, NULL, 10) : LIMIT_MS;

	/* LTTng's -1 waits for ever and 0 not at all; neither is wise here. */
	if (ms <= 0 || ms > LIMIT_MOST_MS)
		ms = ms < 0 || ms > LIMIT_MOST_MS ? LIMIT_MOST_MS : LIMIT_MS;
	limit = (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

/* Sends REQUEST to the socket at TO; false where nobody answers in time. */
static bool ask(const struct sockaddr_un *to, const struct erg_join_request *request,
	struct erg_join_answer *ret)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ssize_t n = -1;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 &&
		send(fd, request, sizeof(*request), MSG_NOSIGNAL) == (ssize_t)sizeof(*request))
		do
			n = recv(fd, ret, sizeof(*ret), 0);
		while (n < 0 && errno == EINTR);
	close(fd);
	return n == (ssize_t)sizeof(*ret) && ret->joined == 1;
}

static bool join_at(const struct sockaddr_un *to, const struct erg_join_request *request,
	char run_id[ERG_JOIN_RUN_ID])
{
	struct erg_join_answer answer = {0};

	if (!ask(to, request, &answer))
		return false;
	joined_at = *to;
	memcpy(known.token, answer.token, sizeof(known.token));
	memcpy(run_id, answer.run_id, sizeof(answer.run_id));
	run_id[sizeof(answer.run_id)] = '\0';
	return true;
}

/* "TOKEN@PATH" */
static bool join_by_variable(const char *value, char run_id[ERG_JOIN_RUN_ID])
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct erg_join_request request;
	const char *path = strchr(value, '@');

	if (!path || path - value != ERG_JOIN_TOKEN || strlen(path + 1) >= sizeof(to.sun_path))
		return false;
	memcpy(request.token, value, sizeof(request.token));
	memcpy(to.sun_path, path + 1, strlen(path + 1) + 1);
	return join_at(&to, &request, run_id);
}

/* Who called sudo; else this user. A program with the rights of its file believes no environment. */
static uid_t caller(void)
{
	const char *uid = secure_getenv("SUDO_UID");

	return uid && *uid ? (uid_t)strtoul(uid, NULL, 10) : geteuid();
}

/* A recorder of this user, or root's, or of who called sudo: another's could only hold the program up. */
static bool of_use(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
		(st.st_uid == geteuid() || st.st_uid == 0 || st.st_uid == caller());
}

/* Asks every recorder whose socket is in DIR. */
static bool join_by_descent(const char *dir, char run_id[ERG_JOIN_RUN_ID])
{
	static const struct erg_join_request none;
	DIR *d = opendir(dir);
	struct dirent *e;
	bool joined = false;

	while (d && !joined && (e = readdir(d))) {
		struct sockaddr_un to = {.sun_family = AF_UNIX};
		int n;

		if (strncmp(e->d_name, ERG_JOIN_PREFIX, strlen(ERG_JOIN_PREFIX)))
			continue;
		n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", dir, e->d_name);
		if (n > 0 && (size_t)n < sizeof(to.sun_path) && of_use(to.sun_path))
			joined = join_at(&to, &none, run_id);
	}
	if (d)
		closedir(d);
	return joined;
}

void erg_join_recording(char run_id[ERG_JOIN_RUN_ID])
{
	const char *value = getenv(ERG_JOIN_VARIABLE), *home = getenv("LTTNG_HOME");
	char dir[sizeof(joined_at.sun_path)];

	run_id[0] = '\0';
	limit_read();
	if (value && *value) {
		join_by_variable(value, run_id);
		return;
	}
	if (join_by_descent(ERG_JOIN_DAEMON_DIR, run_id))
		return;
	if (!home)
		home = getenv("HOME");
	if (home && (size_t)snprintf(dir, sizeof(dir), "%s/.lttng", home) < NAME_LEAVES &&
		access(dir, W_OK) == 0 && join_by_descent(dir, run_id))
		return;
	if (caller() != geteuid() || access(ERG_JOIN_DAEMON_DIR, F_OK) == 0)
		join_by_descent(ERG_JOIN_OTHER_DIR, run_id);
}

void erg_join_again(void)
{
	struct erg_join_answer answer;

	if (joined_at.sun_path[0])
		ask(&joined_at, &known, &answer);
}
