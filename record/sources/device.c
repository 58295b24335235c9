/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which piece of hardware a source is. Its path does not tell: the kernel numbers hwmon and iio devices
 * in the order in which it finds them, which may be another after the next boot. Their place on the bus
 * stays: sysfs has the file's own place in the tree of devices, with such a number at its end, or a link
 * to it. A simulated board is where its folder is.
 *
 * Drivers that know better (a serial number, an address) have said so themselves.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/util.h"
#include "record/sources/attr.h"
#include "record/sources/device.h"

/* Cuts what the kernel has numbered from the end of PATH. */
static void number_cut(char *path)
{
	static const char *const numbered[] = {"hwmon", "iio:device"};
	char *slash = strrchr(path, '/');

	for (size_t i = 0; slash && i < ERG_ARRAY_SIZE(numbered); i++) {
		size_t len = strlen(numbered[i]);

		if (!strncmp(slash + 1, numbered[i], len) &&
			isdigit((unsigned char)slash[1 + len])) {
			*slash = '\0';
			return;
		}
	}
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The folder of PATH where it is, and what it is called there: for what is a part of a file. */
static void beside(const char *path, char *ret, size_t size)
{
	_cleanup_(erg_freep) char *copy = strdup(path), *folder = NULL;
	char *slash = copy ? strrchr(copy, '/') : NULL;

	if (!slash || slash == copy)
		return;
	*slash = '\0';
	folder = realpath(copy, NULL);
	if (folder)
		erg_text_set(ret, size, "%s/%s", folder, slash + 1);
}

/* Where PATH is in the tree of devices; NULL: nowhere. */
static char *place_of(const char *path)
{
	_cleanup_(erg_freep) char *link = NULL;
	const char *last = strrchr(path, '/');
	char *place = NULL;

	if (last && !strncmp(last, "/hwmon", 6)) {
		if (asprintf(&link, "%s/device", path) < 0)
			link = NULL;
		place = link ? realpath(link, NULL) : NULL;
	}
	return place ? place : realpath(path, NULL);
}

void erg_source_device_find(struct erg_source *s)
{
	_cleanup_(erg_freep) char *place = NULL;

	if (*s->device)
		return;
	place = place_of(s->path);
	if (place && is_folder(place)) {
		number_cut(place);
		erg_text_set(s->device, sizeof(s->device), "%s", place);
	} else if (!place) {
		beside(s->path, s->device, sizeof(s->device));
	}
}
