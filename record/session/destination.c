/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What LTTng would say of a wrong destination comes late, in three lines, or never: all is looked
 * at here before anything is started. Reference: lttng-create(1), URL format.
 */
#include "record/session/destination.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "formats/base/util.h"

#define CONTROL_PORT "5342" /* lttng-relayd(8) */
#define ANSWER_S 5

/* lttng-relayd names a directory after this machine, and answers nothing when it cannot: LTTng then
 * waits for its answer. */
static int own_name_check(const char *to, struct erg_err *err)
{
	char own[HOST_NAME_MAX + 1] = "";

	gethostname(own, sizeof(own) - 1);
	if (*own && !strchr(own, '/') && strcmp(own, ".") && strcmp(own, ".."))
		return 0;
	return erg_fail(err, -EINVAL,
		"--to %s: this machine is called '%s': expected a name that a directory can have "
		"(hostname(1) sets it)",
		to, own);
}

/* ":PORT", up to twice, and nothing behind. */
static bool ports_valid(const char *p)
{
	for (int i = 0; i < 2 && *p == ':'; i++) {
		size_t digits = strspn(p + 1, "0123456789");
		unsigned long port = strtoul(p + 1, NULL, 10);

		if (!digits || port < 1 || port > 65535)
			return false;
		p += 1 + digits;
	}
	return !*p;
}

static int host_check(const char *to, const char *host, bool v6, struct erg_err *err)
{
	const struct addrinfo hints = {.ai_family = v6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int r = getaddrinfo(host, NULL, &hints, &found);

	if (r)
		return erg_fail(err, -ENOENT, "--to %s: no address of '%s': %s", to, host,
			gai_strerror(r));
	freeaddrinfo(found);
	return 0;
}

int erg_destination_check(const char *to, struct erg_err *err)
{
	const bool v6 = *to == '[';
	const char *end = v6 ? strchr(to, ']') : to + strcspn(to, ":");
	_cleanup_(erg_freep) char *host = end ? strndup(to + v6, (size_t)(end - to) - v6) : NULL;
	int r;

	if (!host || !*host || !ports_valid(end + v6))
		return erg_fail(err, -EINVAL,
			"--to %s: expected HOST[:PORT[:DATA-PORT]], an IPv6 address in brackets",
			to);
	r = host_check(to, host, v6, err);
	return r ? r : own_name_check(to, err);
}

/* 0, or a negative errno. */
static int answers(const struct addrinfo *a)
{
	const struct timeval limit = {.tv_sec = ANSWER_S};
	_cleanup_(erg_closep) int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return -errno;
	return connect(fd, a->ai_addr, a->ai_addrlen) < 0 ? -errno : 0;
}

int erg_destination_answers(const char *url)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *to = strstr(url, "://") + strlen("://");
	const bool v6 = *to == '[';
	const char *end = v6 ? strchr(to, ']') : to + strcspn(to, ":");
	_cleanup_(erg_freep) char *host = end ? strndup(to + v6, (size_t)(end - to) - v6) : NULL;
	struct addrinfo *found = NULL;
	char port[8] = CONTROL_PORT;
	int r = -ENOENT;

	if (!host)
		return -ENOMEM;
	if (end[v6] == ':')
		snprintf(port, sizeof(port), "%lu", strtoul(end + v6 + 1, NULL, 10));
	if (getaddrinfo(host, port, &hints, &found))
		return -ENOENT;
	for (const struct addrinfo *a = found; a && r < 0; a = a->ai_next)
		r = answers(a);
	freeaddrinfo(found);
	return r;
}

char *erg_destination_url(const char *to)
{
	char *ret;

	return asprintf(&ret, "%s://%s", *to == '[' ? "net6" : "net", to) < 0 ? NULL : ret;
}
