/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files of one value.
 *
 * Most sensors that Linux knows are files that hold one decimal integer. On the sampling path
 * such a file is open and read by one pread from offset 0 into the stack, without stdio: a third
 * of a microsecond, where opening each time costs two.
 *
 * Files come and go: a driver is unbound, a CPU goes offline, a simulated tree is rewritten.
 * Reading then fails (ENODEV, sysfs) or goes on showing the past (an unlinked regular file). So a
 * lost file is looked for again once a second, and one whose link count is 0 counts as lost.
 */
#include "record/sources/attr.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/order.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

ssize_t (*erg_attr_pread)(int fd, void *buf, size_t n, off_t offset) = pread;

int erg_attr_parse(const char *text, int64_t *ret)
{
	const char *p = text;
	uint64_t v = 0;
	bool minus;

	while (isspace((unsigned char)*p))
		p++;
	minus = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	if (!isdigit((unsigned char)*p))
		return -EBADMSG;
	for (; isdigit((unsigned char)*p); p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, (uint64_t)(*p - '0'), &v) || v > INT64_MAX)
			return -ERANGE;
	if (*p && !isspace((unsigned char)*p))
		return -EBADMSG;
	*ret = minus ? -(int64_t)v : (int64_t)v;
	return 0;
}

int erg_attr_pread_text(int fd, unsigned int tries, char *buf, size_t size)
{
	ssize_t n;

	do {
		n = erg_attr_pread(fd, buf, size - 1, 0);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR) && --tries);
	if (n <= 0)
		return n ? -errno : -ENODATA;
	buf[n] = '\0';
	return 0;
}

int erg_attr_pread_int(int fd, unsigned int tries, int64_t *ret)
{
	char buf[48];
	int r = erg_attr_pread_text(fd, tries, buf, sizeof(buf));

	return r < 0 ? r : erg_attr_parse(buf, ret);
}

/* ---- by path ---- */

__attribute__((format(printf, 2, 0))) static int open_fmt(int flags, const char *fmt, va_list ap)
{
	_cleanup_(erg_freep) char *path = NULL;
	int fd;

	if (vasprintf(&path, fmt, ap) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if ((flags & O_ACCMODE) == O_RDONLY)
		return erg_attr_open(path);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int erg_attr_open(const char *path)
{
	/* A FIFO would wait for a writer. The files of sysfs do not know O_NONBLOCK. */
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? erg_steal_fd(&fd) : -EINVAL;
}

int erg_attr_read_int(int64_t *ret, const char *fmt, ...)
{
	_cleanup_(erg_closep) int fd = -1;
	va_list ap;

	va_start(ap, fmt);
	fd = open_fmt(O_RDONLY, fmt, ap);
	va_end(ap);
	return fd < 0 ? fd : erg_attr_pread_int(fd, 3, ret);
}

static int read_all(int fd, void *buf, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = erg_attr_pread(fd, (char *)buf + got, size - got, (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		got += (size_t)n;
	}
	return (int)got;
}

int erg_attr_read_bytes(void *buf, size_t size, const char *fmt, ...)
{
	_cleanup_(erg_closep) int fd = -1;
	va_list ap;

	va_start(ap, fmt);
	fd = open_fmt(O_RDONLY, fmt, ap);
	va_end(ap);
	return fd < 0 ? fd : read_all(fd, buf, size);
}

int erg_attr_read_line(char *buf, size_t size, const char *fmt, ...)
{
	_cleanup_(erg_closep) int fd = -1;
	va_list ap;
	size_t len;
	int r;

	va_start(ap, fmt);
	fd = open_fmt(O_RDONLY, fmt, ap);
	va_end(ap);
	if (fd < 0)
		return fd;
	r = read_all(fd, buf, size - 1);
	if (r < 0)
		return r;
	buf[r] = '\0';
	len = strcspn(buf, "\n");
	while (len && isspace((unsigned char)buf[len - 1]))
		len--;
	buf[len] = '\0';
	return (int)len;
}

int erg_attr_write_int(int64_t value, const char *fmt, ...)
{
	_cleanup_(erg_closep) int fd = -1;
	char buf[32];
	va_list ap;
	ssize_t written;
	int n;

	va_start(ap, fmt);
	fd = open_fmt(O_WRONLY, fmt, ap);
	va_end(ap);
	if (fd < 0)
		return fd;
	n = snprintf(buf, sizeof(buf), "%lld\n", (long long)value);
	written = write(fd, buf, (size_t)n);
	if (written < 0)
		return -errno;
	if (written != n)
		return -EIO;
	/* A regular file of a simulated tree may have held a longer number. */
	(void)!ftruncate(fd, n);
	return 0;
}

bool erg_attr_exists(const char *fmt, ...)
{
	_cleanup_(erg_freep) char *path = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&path, fmt, ap);
	va_end(ap);
	if (r < 0) {
		path = NULL;
		return false;
	}
	return access(path, F_OK) == 0;
}

/* ---- directories ---- */

static int by_version(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

int erg_names_list(struct erg_names *ret, const char *dir, const char *prefix)
{
	_cleanup_(erg_names_freep) struct erg_names names = {0};
	_cleanup_(erg_closedirp) DIR *d = opendir(dir);
	struct dirent *e;

	*ret = names;
	if (!d)
		return errno == ENOMEM ? -ENOMEM : 0;
	while ((e = readdir(d))) {
		char **grown;

		if (e->d_name[0] == '.' || strncmp(e->d_name, prefix, strlen(prefix)))
			continue;
		grown = reallocarray(names.name, names.n + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		names.name = grown;
		grown[names.n] = strdup(e->d_name);
		if (!grown[names.n])
			return -ENOMEM;
		names.n++;
	}
	if (names.n)
		erg_sort(names.name, names.n, sizeof(*names.name), by_version);
	*ret = names;
	names = (struct erg_names){0};
	return 0;
}

void erg_names_freep(struct erg_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct erg_names){0};
}

/* ---- text ---- */

void erg_text_set(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(dst, size, fmt, ap);
	va_end(ap);
	for (char *p = dst; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = '_';
	erg_utf8_mend(dst);
}

/* A meter or a board may say more than we know, so a word that is not understood is passed over. */
void erg_model_set(struct erg_sensor_model *model, char *text)
{
	struct erg_sensor_model told = *model;
	struct erg_sensor_given given = {0};
	bool any = false;
	char *save = NULL;

	for (char *w = strtok_r(text, " \t\r\n", &save); w; w = strtok_r(NULL, " \t\r\n", &save)) {
		struct erg_sensor_word word;

		if (erg_sensor_word_parse(w, &word, NULL) < 0 || word.for_rail ||
			!erg_sensor_word_set_model(&word, &told, &given))
			continue;
		any = true;
	}
	told.provenance = ERG_PROVENANCE_DRIVER;
	given.alpha =
		given.alpha && told.kind == ERG_SENSOR_EMA; /* of other kinds it says nothing */
	if (any && erg_sensor_model_complete(&told, &given, "", NULL) == 0)
		*model = told;
}

void erg_model_override(struct erg_sensor_model *model, const char *dir)
{
	char text[1024];
	int n = erg_attr_read_bytes(text, sizeof(text) - 1, "%s/ergtrace_model", dir);

	if (n <= 0)
		return;
	text[n] = '\0';
	erg_model_set(model, text);
}
