/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cells: files (or values of a GPU's driver) that hold one text. Nothing is believed because it was
 * written: each write is read back, and a simulated board (or a slow embedded controller) gets a
 * moment before that. Also what finding them takes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/util.h"
#include "record/knobs/knobs.h"
#include "record/knobs/nvml_cells.h"

#define PAUSE_NS 1000000
#define LOOKS "ergboard/looks"
#define LOOKS_POLL_NS 5000000
#define LOOKS_POLLS 2000 /* a board that does not look for so long is none any more */
#define NVML_PREFIX "nvml:"

/* Attributes are regular files; what is something else in their place (a FIFO) must not be waited for, and
 * a link may name a file that is nobody's setting. */
static int cell_open(const char *cell, int flags)
{
	int fd = open(cell, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

int erg_cell_read(const char *cell, char *buf, size_t size)
{
	_cleanup_(erg_closep) int fd = -1;
	ssize_t n;
	char *p;

	if (strncmp(cell, NVML_PREFIX, strlen(NVML_PREFIX)) == 0)
		return erg_nvml_cell_read(cell, buf, size);
	fd = cell_open(cell, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && strchr(" \t\n", buf[n - 1]))
		n--;
	buf[n] = 0;
	p = buf + strspn(buf, " \t");
	memmove(buf, p, strlen(p) + 1);
	return 0;
}

int erg_cell_write(const char *cell, const char *text)
{
	_cleanup_(erg_closep) int fd = -1;
	char line[ERG_KNOB_TEXT_MAX + 2];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	if (strncmp(cell, NVML_PREFIX, strlen(NVML_PREFIX)) == 0)
		return erg_nvml_cell_write(cell, text);
	if (n >= (int)sizeof(line))
		return -E2BIG;
	fd = cell_open(cell, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return fd;
	if (write(fd, line, (size_t)n) < 0)
		return -errno;
	return 0;
}

/* How often the simulated board has looked at its files; 0 where there is none. */
static unsigned long board_looks(const struct erg_knob_context *ctx)
{
	char buf[ERG_KNOB_TEXT_MAX];

	return erg_knob_text(buf, sizeof(buf), "%s/" LOOKS, ctx->sysfs) < 0
		? 0
		: strtoul(buf, NULL, 10);
}

/* A simulated board takes a write, or puts back what was there, when it looks; one look may have been under
 * way. */
static void settle_board(const struct erg_knob_context *ctx)
{
	const unsigned long before = ctx->simulated ? board_looks(ctx) : 0;
	struct timespec pause = {0, ctx->simulated ? LOOKS_POLL_NS : PAUSE_NS};

	nanosleep(&pause, NULL);
	for (int i = 0; before && i < LOOKS_POLLS && board_looks(ctx) < before + 2; i++)
		nanosleep(&pause, NULL);
}

int erg_cell_put(const struct erg_knob_context *ctx, const char *cell, const char *text, char *got)
{
	char buf[ERG_KNOB_TEXT_MAX];
	int r = erg_cell_write(cell, text);

	if (!got)
		got = buf;
	if (r < 0) {
		if (erg_cell_read(cell, got, ERG_KNOB_TEXT_MAX) < 0)
			got[0] = 0;
		return r;
	}
	settle_board(ctx);
	r = erg_cell_read(cell, got, ERG_KNOB_TEXT_MAX);
	if (r < 0)
		return r;
	return strcmp(got, text) == 0 ? 0 : -EINVAL;
}

__attribute__((format(printf, 2, 0))) static int format_path(char **ret, const char *fmt,
	va_list ap)
{
	return vasprintf(ret, fmt, ap) < 0 ? -ENOMEM : 0;
}

int erg_knob_cell(struct erg_knob *k, const char *fmt, ...)
{
	_cleanup_(erg_freep) char *path = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(&path, fmt, ap);
	va_end(ap);
	return r < 0 ? r : erg_texts_add(&k->cells, path);
}

int erg_knob_text(char *buf, size_t size, const char *fmt, ...)
{
	_cleanup_(erg_freep) char *path = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = format_path(&path, fmt, ap);
	va_end(ap);
	return r < 0 ? r : erg_cell_read(path, buf, size);
}

int erg_knob_words(const char *text, struct erg_texts *ret)
{
	char *save = NULL, *word;
	_cleanup_(erg_freep) char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	for (word = strtok_r(copy, " \t\n", &save); word; word = strtok_r(NULL, " \t\n", &save))
		if (erg_texts_add(ret, word) < 0)
			return -ENOMEM;
	return 0;
}

static int by_version(const struct dirent **a, const struct dirent **b)
{
	return versionsort(a, b);
}

int erg_knob_list(const struct erg_knob_context *ctx, const char *dir, const char *prefix,
	struct erg_texts *ret)
{
	char path[512];
	struct dirent **names = NULL;
	int n, r = 0;

	snprintf(path, sizeof(path), "%s/%s", ctx->sysfs, dir);
	n = scandir(path, &names, NULL, by_version);
	for (int i = 0; i < n; i++) {
		char full[1024];

		snprintf(full, sizeof(full), "%s/%s", path, names[i]->d_name);
		if (r == 0 && names[i]->d_name[0] != '.' &&
			(!prefix || strncmp(names[i]->d_name, prefix, strlen(prefix)) == 0))
			r = erg_texts_add(ret, full);
		free(names[i]);
	}
	free(names);
	return r;
}

bool erg_knob_is_device(const char *dir, const char *name_file, const char *device)
{
	const char *base = erg_base_name(dir);
	char name[ERG_KNOB_TEXT_MAX];

	if (!device[0] || strcmp(base, device) == 0)
		return true;
	if (name_file && erg_knob_text(name, sizeof(name), "%s/%s", dir, name_file) == 0)
		return strcmp(name, device) == 0;
	/* "gpu" is enough for 57000000.gpu */
	return !name_file && strstr(base, device);
}
