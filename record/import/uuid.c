/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * babeltrace2's sink gives every trace a random UUID, so that the same log would never give the
 * same archive twice. It is put in place of that here, where CTF 1.8 has it: as text in the
 * metadata, and in each packet's header behind the magic number. Each chunk gets one of its own:
 * chunks of one UUID would be one trace, whose packets are numbered from the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/packet.h"
#include "formats/base/util.h"
#include "record/import/import.h"

#define UUID_TEXT 36
#define UUID_AT 4 /* bytes into a packet */

static void format_uuid(const uint8_t uuid[16], char text[UUID_TEXT + 1])
{
	char *p = text;

	for (int i = 0; i < 16; i++)
		p += sprintf(p, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			uuid[i]);
}

static int set_in_metadata(int dirfd, const uint8_t uuid[16])
{
	_cleanup_(erg_closep) int fd = openat(dirfd, "metadata", O_RDWR | O_CLOEXEC);
	char head[4096], text[UUID_TEXT + 1], *at;
	ssize_t n = fd < 0 ? -1 : pread(fd, head, sizeof(head) - 1, 0);

	if (n < 0)
		return -errno;
	head[n] = '\0';
	at = strstr(head, "uuid = \"");
	if (!at || at + 8 + UUID_TEXT > head + n)
		return -EBADMSG;
	format_uuid(uuid, text);
	return pwrite(fd, text, UUID_TEXT, at + 8 - head) == UUID_TEXT ? 0 : -EIO;
}

static int set_in_packets(int dirfd, const char *name, const uint8_t uuid[16])
{
	_cleanup_(erg_closep) int fd = openat(dirfd, name, O_RDWR | O_CLOEXEC);
	uint64_t pos = 0, size;
	struct erg_packet p;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	size = (uint64_t)st.st_size;
	for (; pos < size; pos += p.bytes) {
		if (!erg_packet_read(fd, ERG_PACKET_IMPORT, pos, size, &p))
			return -EBADMSG;
		if (pwrite(fd, uuid, 16, (off_t)pos + UUID_AT) != 16)
			return -EIO;
	}
	return 0;
}

static int set_in_trace(const char *path, const uint8_t uuid[16])
{
	_cleanup_(erg_closedirp) DIR *d = opendir(path);
	const struct dirent *e;
	int r;

	if (!d)
		return -errno;
	r = set_in_metadata(dirfd(d), uuid);
	while (r == 0 && (e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "metadata"))
			r = set_in_packets(dirfd(d), e->d_name, uuid);
	return r;
}

int erg_import_set_uuid(const char *dir, unsigned int chunk, const uint8_t uuid[16],
	struct erg_err *err)
{
	_cleanup_(erg_freep) char *path = NULL;
	uint8_t own[16];
	int r;

	if (asprintf(&path, "%s/%04u", dir, chunk) < 0) {
		path = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", dir);
	}
	memcpy(own, uuid, sizeof(own));
	own[0] ^= (uint8_t)chunk;
	own[1] ^= (uint8_t)(chunk >> 8);
	r = set_in_trace(path, own);
	return r < 0 ? erg_fail_errno(err, r, "%s: unlike what babeltrace2 writes", path) : 0;
}
